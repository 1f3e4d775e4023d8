"""Keras callbacks that show how the generator fares."""

from keras_gan.callbacks.sample_grid import SampleGrid

__all__ = ["SampleGrid"]
