"""Adversarial nets on Keras 3: "Generative Adversarial Nets" (2014) on TensorFlow, JAX and PyTorch."""

import importlib
import sys
from typing import TYPE_CHECKING, Any

from keras_gan import startup

__version__ = "0.2.0"
__all__ = [
    "GAN",
    "BiGAN",
    "EnergyGAN",
    "InferenceNetwork",
    "SemiSupervisedGAN",
    "baselines",
    "callbacks",
    "conditions",
    "datasets",
    "devices",
    "evaluation",
    "figures",
    "initializers",
    "layers",
    "load",
    "masks",
    "mixtures",
    "networks",
    "objectives",
    "optimizers",
    "penalties",
    "priors",
    "schedules",
]


_WHERE = {  # a user types less than the path
    "GAN": "models.gan",
    "BiGAN": "models.bigan",
    "EnergyGAN": "models.energy",
    "InferenceNetwork": "models.inference",
    "SemiSupervisedGAN": "models.semi_supervised",
    "load": "artifacts.loading",
}


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"keras_gan.{_WHERE[name]}"), name)
    if name in __all__:
        return importlib.import_module(f"keras_gan.{name}")
    raise AttributeError(f"module 'keras_gan' has no attribute {name!r}")


# Keras reads a saved file only if its classes are registered, so importing keras_gan imports them all. The command
# `keras-gan` alone waits until it needs Keras: `keras-gan --help` should not take the seconds that a backend needs.
if "keras" not in sys.modules and "keras_gan_command" not in sys.modules:
    startup.choose_backend()
if TYPE_CHECKING or "keras_gan_command" not in sys.modules:
    from keras_gan import (
        baselines,
        callbacks,
        conditions,
        datasets,
        devices,
        evaluation,
        figures,
        initializers,
        layers,
        masks,
        mixtures,
        networks,
        objectives,
        optimizers,
        penalties,
        priors,
        schedules,
    )
    from keras_gan.artifacts.loading import load
    from keras_gan.models.bigan import BiGAN
    from keras_gan.models.energy import EnergyGAN
    from keras_gan.models.gan import GAN
    from keras_gan.models.inference import InferenceNetwork
    from keras_gan.models.semi_supervised import SemiSupervisedGAN
