"""One file per experiment: a frozen dataclass that says its settings, its data, its model, and its presets.

Nothing here imports Keras before a recipe's methods are called: `keras-gan --help` does not need it.
"""

from typing import Any

from keras_gan.recipes import (
    cifar10_conv,
    cifar10_dense,
    cifar10_r1,
    classifier,
    digits,
    digits_conditional,
    gaussians,
    mnist,
    mnist_r1,
    tfd,
)
from keras_gan.recipes.settings import Recipe

__all__ = ["PRESETS", "Recipe", "from_settings"]

PRESETS: dict[str, Recipe] = {
    preset.name: preset
    for preset in (
        digits.Digits(),
        digits_conditional.DigitsConditional(),
        mnist.Mnist(),
        mnist.Mnist.alternating(),
        mnist_r1.MnistR1(),
        tfd.Tfd(),
        cifar10_dense.Cifar10Dense(),
        cifar10_conv.Cifar10Conv(),
        cifar10_r1.Cifar10R1.dense(),
        cifar10_r1.Cifar10R1.conv(),
        *map(gaussians.Gaussians.steady, gaussians.POINTS),
        *map(gaussians.Gaussians.plain, gaussians.POINTS),
        classifier.DigitsClassifier(),
        classifier.MnistClassifier(),
    )
}
"""Recipes by name: each is a command of `keras-gan train`. Add your own, and runs of it can be read again."""


def from_settings(settings: dict[str, Any]) -> Recipe:
    """The recipe of a run.

    Args:
        settings: the recipe's settings by name, as config.json holds them under "recipe".

    Raises:
        ValueError: if there is no recipe of that name, or it has no such settings.
    """
    name = settings.get("name")
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(f"There is no recipe of that name. Received: {name!r}. Expected one of {sorted(PRESETS)}.")
    kind = type(PRESETS[name])
    try:
        return kind(**settings)
    except TypeError as error:
        raise ValueError(f"The settings are not those of the recipe {name}: {error}. Received: {settings}.") from error
