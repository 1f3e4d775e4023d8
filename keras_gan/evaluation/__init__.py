"""Measures of a generator's samples against data."""

from keras_gan.evaluation import distances, modes, parzen, scores

__all__ = ["distances", "modes", "parzen", "scores"]
