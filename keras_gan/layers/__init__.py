"""Layers of the paper that Keras does not have."""

from keras_gan.layers.maxout import Maxout

__all__ = ["Maxout"]
