"""Layers that Keras does not have, or that two players cannot use as Keras has them."""

from keras_gan.layers.augmentation import Augmentation
from keras_gan.layers.coloring import Coloring
from keras_gan.layers.global_contrast_normalization import GlobalContrastNormalization
from keras_gan.layers.maxout import Maxout
from keras_gan.layers.maxout_conv2d import MaxoutConv2D
from keras_gan.layers.spectral_normalization import SpectralNormalization
from keras_gan.layers.untied_bias import UntiedBias
from keras_gan.layers.weight_normalization import WeightNormalization

__all__ = [
    "Augmentation",
    "Coloring",
    "GlobalContrastNormalization",
    "Maxout",
    "MaxoutConv2D",
    "SpectralNormalization",
    "UntiedBias",
    "WeightNormalization",
]
