"""Measures of a generator's samples against data."""

from keras_gan.evaluation import distances, modes, parzen

__all__ = ["distances", "modes", "parzen"]
