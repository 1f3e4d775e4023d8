"""The deep belief network of the paper's Table 1.

What is known: two hidden layers. Chosen here: 1,000 units each, persistent contrastive divergence with momentum SGD,
and chains in the top RBM that start from training images and give their pixels' means.
"""

import dataclasses
from typing import ClassVar

from keras_gan.recipes import settings
from keras_gan.recipes.chained import LayerwiseRecipe


@dataclasses.dataclass(frozen=True)
class Dbn(LayerwiseRecipe):
    """Train the deep belief network of Table 1, one restricted Boltzmann machine after the other."""

    name: settings.SaidByPreset[str] = "dbn"
    hidden: int = 1000
    """Units per layer."""
    gibbs_steps: int = 1
    """Steps of Gibbs sampling per update."""
    particles: int = 100
    """Persistent chains per layer; 0 for contrastive divergence, whose chains start from the batch."""
    learning_rate: float = 0.05
    """Of the first epoch of a layer."""
    momentum: float = 0.5
    """Of all updates."""
    burn_in: int = 100
    """Moves of a chain before its first sample."""

    limits: ClassVar[dict[str, settings.Limit]] = {
        "gibbs_steps": settings.COUNT,
        "particles": settings.integers(0, 100_000),
        "momentum": settings.BELOW_ONE,
    }

    def build(self, data, seed):
        import keras_gan as kg

        dbn = kg.baselines.DBN(
            data.train.shape[1:],
            hidden=[self.hidden] * self.layers,
            gibbs_steps=self.gibbs_steps,
            particles=self.particles,
            burn_in=self.burn_in,
            preprocessing=data.preprocessing,
            seed=seed,
        )
        optimizer = kg.optimizers.SGD(self.rate(data), self.momentum)
        dbn.compile(optimizer, self.epochs_per_layer, steps_per_execution=self.updates_per_call)
        return dbn


if __name__ == "__main__":
    settings.main(Dbn())
