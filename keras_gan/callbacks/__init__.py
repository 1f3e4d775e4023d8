"""Keras callbacks that show how the generator fares."""

from keras_gan.callbacks.modes import Modes
from keras_gan.callbacks.parzen import ParzenLogLikelihood
from keras_gan.callbacks.sample_grid import SampleGrid
from keras_gan.callbacks.snapshots import Snapshots

__all__ = ["Modes", "ParzenLogLikelihood", "SampleGrid", "Snapshots"]
