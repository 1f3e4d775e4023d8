"""The command `keras-gan`, made from the recipes' dataclasses. Keras is imported only once there is work to do."""

import importlib
import sys
from typing import Annotated, Literal

import tyro

import keras_gan
from keras_gan.recipes import digits, mnist, mnist_r1

Recipe = (
    Annotated[digits.Digits, tyro.conf.subcommand("digits")]
    | Annotated[mnist.Mnist, tyro.conf.subcommand("mnist")]
    | Annotated[mnist_r1.MnistR1, tyro.conf.subcommand("mnist-r1")]
)


def train(recipe: Annotated[Recipe, tyro.conf.arg(name="")]) -> None:
    """Train a recipe; leaves config, history, pictures and models in a folder of the run."""
    _load_package()
    importlib.import_module(type(recipe).__module__).main(recipe)


def evaluate(
    model: tyro.conf.Positional[str],
    dataset: Literal["mnist", "digits"] = "mnist",
    num_samples: int = 10_000,
    seeds: int = 3,
    modes: bool = True,
    kmeans: bool = False,
    prior: Literal["uniform", "normal", "spherical"] | None = None,
    data_source: Literal["tfds", "keras"] | None = None,
    data_path: str | None = None,
    device: Literal["auto", "gpu", "cpu"] = "auto",
    json: bool = False,
) -> None:
    """Score a trained model by the paper's Parzen window, and by what that hides.

    Args:
        model: A .keras file (of a run, or of a generator), or the folder of a generator's SavedModel.
        dataset: The images it was trained on.
        num_samples: Samples drawn with each seed; the paper's numbers use 10,000.
        seeds: Sampling seeds, from 0 on.
        modes: Look for lost modes and copies of training images as well.
        kmeans: Score k-means centres of the training images, too; takes minutes.
        prior: Noise of a generator alone; by default its card's, or uniform.
        data_source: tensorflow-datasets (its own row order) or Keras's download (the paper's rows).
        data_path: An npz file in the format of Keras's mnist.npz, read instead of downloading.
        device: Where to compute.
        json: Print JSON, for machines.
    """
    _load_package()
    from keras_gan import backend, datasets
    from keras_gan.evaluation import scores

    backend.use_device(device)
    options = {"source": data_source, "path": data_path} if dataset == "mnist" else {}
    sampler = scores.load_sampler(model, prior)
    found = scores.score(sampler, datasets.load(dataset, **options), dataset, num_samples, seeds, modes, kmeans)
    print(found.to_json() if json else found)


def ship(
    run: tyro.conf.Positional[str],
    folder: tyro.conf.Positional[str],
    dataset: Literal["mnist", "digits"] = "mnist",
    data_source: Literal["tfds", "keras"] | None = None,
    data_path: str | None = None,
) -> None:
    """Write a run's best generator for others: SavedModel, .keras, picture, and a card with its numbers.

    Args:
        run: The folder of a run.
        folder: Where to write.
        dataset: The images it was trained on.
        data_source: tensorflow-datasets (its own row order) or Keras's download (the paper's rows).
        data_path: An npz file in the format of Keras's mnist.npz, read instead of downloading.
    """
    _load_package()
    from keras_gan import datasets, shipping

    options = {"source": data_source, "path": data_path} if dataset == "mnist" else {}
    card = shipping.ship(run, folder, datasets.load(dataset, **options), dataset)
    print(f"Wrote {folder}: test log-likelihood {card['scores']['test_log_likelihood']:.1f} nats")


def curves(
    runs: tyro.conf.Positional[tuple[str, ...]],
    output: str = "curves.png",
) -> None:
    """Draw the validation log-likelihood of runs over epochs and seconds; needs matplotlib.

    Args:
        runs: Folders of runs.
        output: PNG file to write.
    """
    from keras_gan import plotting

    plotting.save_curves(runs, output, {"paper 225": 225.0, "real images 243.6": 243.6})
    print(f"Wrote {output}")


def _load_package():
    """Keras reads a saved file only if its classes are there."""
    for name in keras_gan.__all__:
        getattr(keras_gan, name)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command; bad input ends it with one line and exit code 2."""
    try:
        tyro.extras.subcommand_cli_from_dict(
            {"train": train, "evaluate": evaluate, "ship": ship, "curves": curves},
            prog="keras-gan",
            description="Adversarial nets on Keras 3.",
            args=arguments,
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes),
        )
    except (ValueError, OSError) as error:
        print(f"keras-gan: error: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
