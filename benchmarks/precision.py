"""Trains an MNIST recipe in each precision and measures whether half precision reaches the same Parzen value.

    python benchmarks/precision.py --recipe mnist-r1 --epochs 8 --seeds 1 2

For each seed and precision, it prints the seconds of training and the mean log-likelihood of the first 1,000 validation
images under 10,000 samples, by the trained generator and by the averaged one. Sigma is chosen on the same images, so
use these values to compare precisions, and not as test results.
"""

import argparse
import dataclasses
import tempfile
import time

import keras
import numpy as np
from keras_gan.recipes.mnist import Mnist
from keras_gan.recipes.mnist_r1 import MnistR1

import keras_gan as kg
from keras_gan import runs

RECIPES = {"mnist": Mnist(ema=0.999), "mnist-r1": MnistR1()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", choices=RECIPES, default="mnist")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--precisions", nargs="+", default=["float32", "mixed_bfloat16"])
    parser.add_argument("--data-path", help="npz file of MNIST, for the paper's rows")
    arguments = parser.parse_args()
    data = kg.datasets.load("mnist", path=arguments.data_path)
    validation = keras.ops.convert_to_numpy(data.preprocessing(data.validation[:1000]))
    recipe = RECIPES[arguments.recipe]
    rows = []
    for seed in arguments.seeds:
        for precision in arguments.precisions:
            with tempfile.TemporaryDirectory() as folder:
                started = time.perf_counter()
                runs.run(
                    dataclasses.replace(
                        recipe,
                        epochs=arguments.epochs,
                        seed=seed,
                        precision=precision,
                        every=arguments.epochs,
                        data_path=arguments.data_path,
                        run_dir=folder,
                    )
                )
                seconds = time.perf_counter() - started
                gan = keras.saving.load_model(f"{folder}/model.keras")
            values = [
                parzen_value(gan.sample(10_000, seed=0, averaged=averaged), validation) for averaged in (False, True)
            ]
            rows.append((seed, precision, seconds, *values))
            print(
                f"seed {seed} {precision:15s} {seconds:5.0f} s  trained {values[0]:7.1f}  averaged {values[1]:7.1f}",
                flush=True,
            )
    run = f"{arguments.recipe}, {keras.backend.backend()}, {arguments.epochs} epochs"
    print(f"\n{run}, means over seeds {arguments.seeds}:")
    for precision in arguments.precisions:
        seconds, trained, averaged = np.mean([row[2:] for row in rows if row[1] == precision], axis=0)
        print(f"{precision:15s} {seconds:5.0f} s  trained {trained:7.1f}  averaged {averaged:7.1f}")


def parzen_value(samples: np.ndarray, validation: np.ndarray) -> float:
    """Mean log-likelihood of validation images at their best bandwidth, in nats."""
    return max(kg.evaluation.parzen.select_sigma(samples, validation)[1].values())


if __name__ == "__main__":
    main()
