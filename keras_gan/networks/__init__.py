"""The networks of the paper, by the name of the data set, small ones for the bundled digits, and residual ones.

Weights are drawn from U(-r, r) and biases start at 0 unless stated otherwise. `width` scales every hidden layer of a
model evenly, for small machines. Where a layer's inputs are hidden units, r then grows by 1 / sqrt(width), so that sums
of fewer terms stay as large.
"""

from collections.abc import Callable
from typing import Any

from keras_gan.networks.cifar10 import cifar10_conv, cifar10_dense
from keras_gan.networks.encoder import encoder as encoder
from keras_gan.networks.mnist import digits, mnist
from keras_gan.networks.pairs import pairs as pairs
from keras_gan.networks.parts import Networks
from keras_gan.networks.points import points
from keras_gan.networks.residual import residual
from keras_gan.networks.semi_supervised import digits_semi_supervised, mnist_semi_supervised
from keras_gan.networks.tfd import tfd, tfd_pretraining

NETWORKS: dict[str, Callable[..., Networks]] = {
    "mnist": mnist,
    "digits": digits,
    "tfd_pretraining": tfd_pretraining,
    "tfd": tfd,
    "cifar10_dense": cifar10_dense,
    "cifar10_conv": cifar10_conv,
    "points": points,
    "residual": residual,
    "mnist_semi_supervised": mnist_semi_supervised,
    "digits_semi_supervised": digits_semi_supervised,
}


def build(name: str, **settings: Any) -> Networks:
    """Builds a generator and a discriminator.

    Args:
        name: `"mnist"`, `"digits"`, `"tfd_pretraining"`, `"tfd"`, `"cifar10_dense"`, `"cifar10_conv"`, `"points"`,
            `"residual"`, `"mnist_semi_supervised"` or `"digits_semi_supervised"`.
        **settings: arguments of the function of that name in this module.

    Returns:
        `(generator, discriminator)`: Keras models; the generator takes noise of shape `(batch, noise_dim)`.

    Raises:
        ValueError: for an unknown name.
    """
    if name not in NETWORKS:
        raise ValueError(f"Unknown networks. Received: name={name!r}. Expected one of {sorted(NETWORKS)}.")
    return NETWORKS[name](**settings)
