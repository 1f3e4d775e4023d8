"""The stacked contractive autoencoder of the paper's Table 1.

What is known: the loss, the penalty, its weight and the width, from the code of its authors (cae.py, 2012), and how the
chain moves. Chosen here: two layers of that width (the paper that compared it had two), Adam with batches of 100 in
place of plain gradient descent with batches of 10, which takes far longer, the number of epochs, and the size of the
chain's step, by validation images.
"""

import dataclasses
from typing import ClassVar

from keras_gan.recipes import settings
from keras_gan.recipes.chained import LayerwiseRecipe


@dataclasses.dataclass(frozen=True)
class StackedCae(LayerwiseRecipe):
    """Train the stacked contractive autoencoder of Table 1, layer by layer."""

    name: settings.SaidByPreset[str] = "stacked-cae"
    hidden: int = 1024
    """Units per layer."""
    contraction: float = 0.1
    """Weight of the penalty on how far the code moves with its input."""
    step_deviation: float = 0.1
    """Standard deviation of the noise in a chain's step."""
    learning_rate: float = 1e-3
    """Adam's, in the first epoch of a layer."""

    limits: ClassVar[dict[str, settings.Limit]] = {
        **dict.fromkeys(("contraction", "step_deviation"), settings.NOT_NEGATIVE),
    }

    def build(self, data, seed):
        import keras_gan as kg

        cae = kg.baselines.StackedCAE(
            data.train.shape[1:],
            hidden=[self.hidden] * self.layers,
            contraction=self.contraction,
            step_deviation=self.step_deviation,
            burn_in=self.burn_in,
            preprocessing=data.preprocessing,
            seed=seed,
        )
        optimizer = kg.optimizers.Adam(self.rate(data))
        cae.compile(optimizer, self.epochs_per_layer, steps_per_execution=self.updates_per_call)
        return cae


if __name__ == "__main__":
    settings.main(StackedCae())
