"""Adversarial nets on Keras 3: "Generative Adversarial Nets" (2014) on TensorFlow, JAX and PyTorch."""

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = [
    "GAN",
    "callbacks",
    "datasets",
    "evaluation",
    "initializers",
    "layers",
    "load",
    "losses",
    "networks",
    "noise",
    "optimizers",
    "plotting",
    "schedules",
]


def __getattr__(name: str) -> Any:
    if name == "GAN":
        return importlib.import_module("keras_gan.gan").GAN
    if name == "load":
        return importlib.import_module("keras_gan.generators").load
    if name in __all__:
        return importlib.import_module(f"keras_gan.{name}")
    raise AttributeError(f"module 'keras_gan' has no attribute {name!r}")


# Importing keras_gan loads everything, so that Keras can read its saved files. Only the `keras-gan` command waits until
# it needs Keras: `keras-gan --help` should not take the seconds that a backend needs to start.
if TYPE_CHECKING or Path(sys.argv[0] if sys.argv else "").stem != "keras-gan":
    from keras_gan import (
        callbacks,
        datasets,
        evaluation,
        initializers,
        layers,
        losses,
        networks,
        noise,
        optimizers,
        plotting,
        schedules,
    )
    from keras_gan.gan import GAN
    from keras_gan.generators import load
