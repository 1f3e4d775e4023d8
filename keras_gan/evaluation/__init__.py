"""Measures of a generator's samples against data."""

from keras_gan.evaluation import parzen

__all__ = ["parzen"]
