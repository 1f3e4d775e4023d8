"""One file per experiment: a frozen dataclass that says its settings, its data, its model, and its presets.

Nothing here imports Keras before a recipe's methods are called: `keras-gan --help` does not need it.
"""

import dataclasses
import types
import typing
from typing import Any, Literal

from keras_gan.recipes import (
    cifar10_conv,
    cifar10_dense,
    cifar10_r1,
    classifier,
    dbn,
    deep_gsn,
    digits,
    digits_conditional,
    gaussians,
    images,
    mnist,
    mnist_completion,
    mnist_conditional,
    mnist_fast,
    mnist_inference,
    mnist_r1,
    mnist_semi_supervised,
    stacked_cae,
    tfd,
)
from keras_gan.recipes.settings import Recipe

__all__ = ["PRESETS", "Recipe", "from_settings"]

PRESETS: dict[str, Recipe] = {
    preset.name: preset
    for preset in (
        images.Images(),
        digits.Digits(),
        digits_conditional.DigitsConditional(),
        mnist.Mnist(),
        mnist.Mnist.alternating(),
        mnist_r1.MnistR1(),
        mnist_fast.MnistFast(),
        mnist_conditional.MnistConditional(),
        mnist_inference.MnistInference(),
        mnist_inference.MnistBiGAN(),
        mnist_semi_supervised.MnistSemiSupervised(),
        mnist_completion.MnistCompletion(),
        tfd.Tfd(),
        cifar10_dense.Cifar10Dense(),
        cifar10_conv.Cifar10Conv(),
        cifar10_r1.Cifar10R1.dense(),
        cifar10_r1.Cifar10R1.conv(),
        *map(gaussians.Gaussians.steady, gaussians.POINTS),
        *map(gaussians.Gaussians.plain, gaussians.POINTS),
        classifier.DigitsClassifier(),
        classifier.MnistClassifier(),
        classifier.Cifar10Classifier(),
        dbn.Dbn(),
        stacked_cae.StackedCae(),
        deep_gsn.DeepGsn(),
        deep_gsn.DeepGsn.fast(),
    )
}
"""Recipes by name: each is a command of `keras-gan train`. Add your own, and runs of it can be read again."""


def from_settings(settings: dict[str, Any]) -> Recipe:
    """The recipe of a run.

    Args:
        settings: the recipe's settings by name, as config.json holds them under "recipe".

    Raises:
        ValueError: if there is no recipe of that name, it has no such settings, or one of them has another type.
    """
    name = settings.get("name")
    if not isinstance(name, str) or name not in PRESETS:
        raise ValueError(f"There is no recipe of that name. Received: {name!r}. Expected one of {sorted(PRESETS)}.")
    kind = type(PRESETS[name])
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        value = settings.get(field.name, field.default)
        if not _fits(value, hints[field.name]):
            expected = getattr(hints[field.name], "__name__", hints[field.name])
            raise ValueError(
                f"A setting of the recipe {name} has another type. Received: {field.name}={str(value)[:100]!r}. "
                f"Expected: {str(expected).removeprefix('typing.')}."
            )
    try:
        return kind(**settings)
    except TypeError as error:
        raise ValueError(f"The settings are not those of the recipe {name}: {error}. Received: {settings}.") from error


def _fits(value, hint):
    """Whether a value that was read from JSON is of a field's type; of types that JSON lacks nothing is known."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return any(_fits(value, option) for option in typing.get_args(hint))
    if typing.get_origin(hint) is Literal:
        return value in typing.get_args(hint)
    if hint in (int, float):
        return isinstance(value, (int, hint)) and not isinstance(value, bool)
    return hint not in (str, bool, type(None)) or isinstance(value, hint)
