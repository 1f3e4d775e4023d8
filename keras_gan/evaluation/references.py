"""Samplers that are no models: what a number is compared with."""

import warnings

import numpy as np

from keras_gan.datasets import Dataset


class RealImages:
    """Draws training images without replacement.

    Args:
        data: `keras_gan.datasets.Dataset`.
    """

    name = "real training images"

    def __init__(self, data: Dataset) -> None:
        self.data = data

    def sample(self, num: int, seed: int) -> np.ndarray:
        """So many random training images, or all of them if there are fewer.

        Args:
            num: number of images.
            seed: integer.

        Returns:
            Array of shape `(num, ...)`, float32, on the scale of preprocessed data.
        """
        chosen = np.random.default_rng(seed).permutation(len(self.data.train))[:num]
        return self.data.preprocess(self.data.train[chosen])


class MeanImage:
    """The mean of all training images, the one sample that a model without any variety would give.

    Args:
        data: `keras_gan.datasets.Dataset`.
    """

    name = "the mean training image"

    def __init__(self, data: Dataset) -> None:
        self.data = data

    def sample(self, num: int, seed: int) -> np.ndarray:
        """The mean image, once: copies of it would say nothing more.

        Args:
            num: ignored.
            seed: ignored.

        Returns:
            Array of shape `(1, ...)`, float32, on the scale of preprocessed data.
        """
        return self.data.pixel_mean().astype("float32")[np.newaxis]


class KMeansCentres:
    """Centres of clusters of the training images, which score above real images. Takes minutes.

    Args:
        data: `keras_gan.datasets.Dataset`.
    """

    name = "k-means centres"

    def __init__(self, data: Dataset) -> None:
        self.data = data

    def sample(self, num: int, seed: int) -> np.ndarray:
        """The centres of so many clusters.

        Args:
            num: number of clusters, at most as many as there are training images.
            seed: integer, of the images that the search starts from.

        Returns:
            Array of shape `(num, ...)`, float32, on the scale of preprocessed data.
        """
        return kmeans_centres(self.data.preprocess(self.data.train), num, seed)


def kmeans_centres(images: np.ndarray, num_centres: int, seed: int = 0, rounds: int = 10) -> np.ndarray:
    """Centres of so many clusters of the images, by Lloyd's algorithm from randomly chosen images.

    Args:
        images: array of shape `(n, ...)`, floats.
        num_centres: at most n.
        seed: integer.
        rounds: of Lloyd's algorithm, at most.

    Returns:
        Array of shape `(num_centres, ...)`, of the images' dtype.
    """
    from sklearn.cluster import KMeans

    flat = images.reshape(len(images), -1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the number of rounds is chosen
        found = KMeans(num_centres, init="random", n_init=1, max_iter=rounds, random_state=seed).fit(flat)
    return found.cluster_centers_.astype(images.dtype).reshape(num_centres, *images.shape[1:])
