"""The command `keras-gan`, made from the recipes' dataclasses. Keras is imported only once there is work to do."""

import importlib
import sys
from typing import Annotated

import tyro

from keras_gan.recipes import digits, mnist

Recipe = (
    Annotated[digits.Digits, tyro.conf.subcommand("digits")] | Annotated[mnist.Mnist, tyro.conf.subcommand("mnist")]
)


def train(recipe: Annotated[Recipe, tyro.conf.arg(name="")]) -> None:
    """Train a recipe; leaves config, history, pictures and models in a folder of the run."""
    importlib.import_module(type(recipe).__module__).main(recipe)


def main(arguments: list[str] | None = None) -> None:
    """Runs the command; bad input ends it with one line and exit code 2."""
    try:
        tyro.extras.subcommand_cli_from_dict(
            {"train": train},
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
