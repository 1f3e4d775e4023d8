"""Measures of a generator's samples against data."""

from keras_gan.evaluation import bounds, distances, modes, parzen, scores, theory

__all__ = ["bounds", "distances", "modes", "parzen", "scores", "theory"]
