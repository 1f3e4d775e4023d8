"""How soon do the paper's two MNIST networks reach the paper's 225 nats, and what does each lever cost and give?

    python benchmarks/efficiency.py --data-path mnist.npz                    # the ladder of levers, seed 1
    python benchmarks/efficiency.py --data-path mnist.npz --only mnist-fast --seeds 1 2 3

Each row is the recipe `mnist-fast`, or that recipe without some of what it adds to `mnist-r1`, for a few epochs of 500
updates. After each epoch a line is printed: nats of 10,000 samples on 1,000 validation images, as `keras-gan train`
says them, and seconds of training until then, without the measurement. At the end come nats, FID and recall on test
images. Rows run in turn; seconds can be compared if nothing else runs.
"""

import argparse
import dataclasses
import functools

import keras
from keras_gan.recipes.mnist_fast import MnistFast
from keras_gan.recipes.mnist_r1 import MnistR1

import keras_gan as kg
from keras_gan.evaluation import evaluate
from keras_gan.runs.training import prepare

_GAME = {
    **{"learning_rate": 3e-4, "decay_factor": 1.0, "beta_1": 0.5, "beta_2": 0.999, "ema": 0.9999, "ema_share": 1 / 3},
    **{"r1_penalty": 2.0, "penalty_factor": 1.0, "coloring": 0.0},
}
_ADAM = {**_GAME, "learning_rate": 5e-4, "beta_1": 0.0, "beta_2": 0.99}
ROWS = {
    "mnist-r1": MnistR1(),
    "+ relativistic, R2": MnistFast(**_GAME),
    "+ no momentum, rate 5e-4": MnistFast(**_ADAM),
    "+ coloring": MnistFast(**{**_ADAM, "coloring": 0.25}),
    "+ falling penalty and rate": MnistFast(ema=0.9999, ema_share=1 / 3),
    "mnist-fast": MnistFast(),
    "mnist-fast without coloring": MnistFast(coloring=0.0),
}
"""Each of the first rows adds to the one before it, until all is there."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-path", help="an npz file in the format of Keras's mnist.npz")
    parser.add_argument("--only", nargs="+", choices=tuple(ROWS), default=tuple(ROWS), help="which rows are trained")
    parser.add_argument("--seeds", nargs="+", type=int, default=[1], help="of weights, noise and data order")
    parser.add_argument("--epochs", type=int, default=5, help="of 500 updates")
    arguments = parser.parse_args()
    trained = {}
    for name in arguments.only:
        for seed in arguments.seeds:
            prepare(seed=seed)
            recipe = dataclasses.replace(ROWS[name], data_path=arguments.data_path, epochs=arguments.epochs)
            data = recipe.data()
            gan = recipe.build(data, seed)
            label = f"{name}, seed {seed}"
            gan.fit(
                data.train,
                batch_size=recipe.batch_size,
                epochs=recipe.epochs,
                callbacks=[
                    kg.callbacks.Seconds(),
                    kg.callbacks.ParzenLogLikelihood(data.validation, every=1),
                    keras.callbacks.LambdaCallback(on_epoch_end=functools.partial(_say, label)),
                ],
                verbose=0,
            )
            trained[label] = gan
    print(evaluate(trained, data, ["parzen", "fid", "precision_recall"], num_seeds=1, references=False))


def _say(label: str, epoch: int, logs: dict[str, float]) -> None:
    print(
        f"{label}: {500 * (epoch + 1):,} updates, {logs['val_parzen_ll']:.1f} nats, {logs['seconds']:.0f} s",
        flush=True,
    )


if __name__ == "__main__":
    main()
