"""How well images are completed: samples of p(hidden pixels | observed pixels), judged on held-out images.

A completion is a draw, not a best guess. So beside the error of the hidden pixels, in which a blurred mean beats every
draw, stand a proper score of the distribution (the energy score), the agreement of the completed image with its class,
and the spread of several completions. Images filled in other ways are measured alike: with the mean training image, and
with the training image whose observed pixels are nearest.
"""

import dataclasses
import functools
from typing import Any

import numpy as np

from keras_gan.evaluation import fid
from keras_gan.evaluation.distances import SquaredDistances, flat
from keras_gan.masks import Mask
from keras_gan.masks import get as get_mask


def complete(sampler: Any, images: np.ndarray, masks: np.ndarray, num: int = 5, seed: int = 0) -> np.ndarray:
    """Completes images, each several times.

    Args:
        sampler: has `sample(num, seed, condition=)` and is told an image and its mask: a GAN whose condition is
            `keras_gan.conditions.Observed`, or such a generator as `keras_gan.load` returns it.
        images: array of shape `(n, rows, columns, channels)`, floats, on the scale of preprocessed data. What their
            hidden pixels hold does not matter.
        masks: array of shape `(n, rows, columns, 1)`, or one mask for all: 1 where a pixel is observed, 0 where it is
            hidden.
        num: completions of each image, at least 1.
        seed: integer, of the noise.

    Returns:
        NumPy array of shape `(num, n, rows, columns, channels)`, float32. Observed pixels are those of the images.

    Raises:
        ValueError: if the model completes nothing, or images and masks do not fit it.
    """
    check_completes(sampler)
    if num < 1:
        raise ValueError(f"An image is completed once or more. Received: num={num}.")
    images, masks = np.asarray(images), np.asarray(masks)
    return np.stack([sampler.sample(len(images), seed * num + i, condition=(images, masks)) for i in range(num)])


def check_completes(sampler: Any) -> None:
    """Raises a ValueError for a model that completes no images."""
    condition = getattr(sampler, "condition", None)
    if not getattr(condition, "completes", False):
        told = "nothing but noise" if condition is None else type(condition).__name__
        raise ValueError(
            f"This model completes no images: it is told {told}. Expected: a model whose condition is "
            "keras_gan.conditions.Observed, as `keras-gan train mnist-completion` trains one."
        )


def squared_error(filled: np.ndarray, images: np.ndarray, masks: np.ndarray) -> float:
    """Mean squared error of the hidden pixels, over all of them.

    Args:
        filled: array of shape `(n, ...)` or `(num, n, ...)`.
        images: array of shape `(n, rows, columns, channels)`.
        masks: array that broadcasts to the images: 1 where a pixel is observed.
    """
    hidden = np.broadcast_to(masks == 0, images.shape)
    errors = (np.asarray(filled, "float64") - images)[..., hidden]
    return float(np.mean(errors**2)) if errors.size else float("nan")


def spread(completions: np.ndarray, masks: np.ndarray) -> float:
    """Standard deviation of the hidden pixels from one completion to another: the root of the mean variance (ddof 1).

    Args:
        completions: array of shape `(num, n, rows, columns, channels)`, num of 2 or more.
        masks: array that broadcasts to one of them: 1 where a pixel is observed.
    """
    hidden = np.broadcast_to(masks == 0, completions.shape[1:])
    variances = np.asarray(completions, "float64").var(axis=0, ddof=1)[hidden]
    return float(np.sqrt(np.mean(variances))) if variances.size else float("nan")


def energy_score(completions: np.ndarray, images: np.ndarray) -> float:
    """The energy score of completions, as a mean over images: half their mean distance less that to the image.

    It is proper: in expectation no distribution has a higher one than that of the images themselves (Gneiting and
    Raftery 2007). A completion without error and a distribution without spread would have 0; it is never above. Both
    blur and a lack of variety lower it.

    Args:
        completions: array of shape `(num, n, ...)`, num of 2 or more.
        images: array of shape `(n, ...)`.
    """
    num, n = completions.shape[:2]
    drawn = np.asarray(completions, "float64").reshape(num, n, -1)
    off = np.linalg.norm(drawn - np.asarray(images, "float64").reshape(n, -1), axis=-1).mean()
    apart = [np.linalg.norm(drawn[i] - drawn[j], axis=-1).mean() for i in range(num) for j in range(i)]
    return float(np.mean(apart) / 2 - off)


def nearest_observed(
    images: np.ndarray, masks: np.ndarray, candidates: np.ndarray, num: int = 1, seed: int = 0
) -> np.ndarray:
    """Finds the candidates that agree best with what is observed of each image, by Euclidean distance.

    Args:
        images: array of shape `(n, rows, columns, channels)`, floats.
        masks: array of shape `(n, rows, columns, 1)`, or one for all: 1 where a pixel is observed.
        candidates: array of shape `(m, rows, columns, channels)`, on the same scale: training images.
        num: how many candidates, from 1 to m.
        seed: integer. Where nothing is observed, every candidate agrees, and some are drawn.

    Returns:
        Integer array of shape `(num, n)`: indices of candidates, the nearest first.

    Raises:
        ValueError: if the arrays do not fit each other, or num is out of range.
    """
    masks = np.broadcast_to(np.asarray(masks, "float32"), (len(images), *images.shape[1:3], 1))
    if not 1 <= num <= len(candidates):
        raise ValueError(f"Neighbours are 1 to {len(candidates)} of the candidates. Received: num={num}.")
    seen = flat("images", np.where(masks > 0, images, 0)).astype("float32")
    observed = np.broadcast_to(masks, images.shape).reshape(len(images), -1)
    candidates = flat("candidates", candidates).astype("float32")
    if (observed == observed[0]).all():
        kept = observed[0] > 0
        if not kept.any():
            random = np.random.default_rng(seed)
            return np.stack([random.permutation(len(candidates))[:num] for _ in images], axis=1)
        pairs = SquaredDistances(seen[:, kept], candidates[:, kept])
        own = np.zeros(len(candidates), "float32")
    else:
        # |m (x - t)|^2 = |mx|^2 - 2 (mx) t + m t^2: a product of (mx, m) and (t, -t^2 / 2), but for the norm of each
        # candidate's pair, which the distance holds and the nearest must not depend on.
        far = np.concatenate([candidates, -(candidates**2) / 2], axis=1)
        pairs = SquaredDistances(np.concatenate([seen, observed], axis=1), far)
        own = np.einsum("nd,nd->n", far, far, dtype="float64").astype("float32")

    def nearest(smallest, excess):
        distances = excess + smallest.astype("float32")[:, np.newaxis] - own
        some = np.argpartition(distances, num - 1, axis=1)[:, :num]
        order = np.take_along_axis(distances, some, axis=1).argsort(axis=1)
        return np.take_along_axis(some, order, axis=1).T

    found = np.empty((num, len(images)), "int64")
    for rows, indices in pairs.map(nearest):
        found[:, rows] = indices
    nothing = ~observed.any(axis=1)  # a random mask may hide everything of an image
    found[:, nothing] = np.random.default_rng(seed).integers(len(candidates), size=(num, int(nothing.sum())))
    return found


@dataclasses.dataclass(frozen=True)
class CompletionReport:
    """What `Judge.measure` found for one kind of mask.

    Errors are root mean squares over hidden pixels. What needs a classifier, or features, is NaN without.

    Attributes:
        mask: name of the kind.
        num_images: held-out images that were completed.
        num_completions: completions of each; as many neighbours of each stand beside them.
        hidden: share of hidden pixels.
        error: of a single completion.
        error_of_mean: of the mean of an image's completions.
        error_of_mean_fill: of the mean training image in the hidden part.
        error_of_neighbour: of the nearest training image there, by the observed pixels.
        energy: energy score of the completions; the higher, the better.
        energy_of_neighbours: that of the nearest training images, taken for completions.
        spread: standard deviation of hidden pixels from one completion to another.
        spread_of_neighbours: that of the nearest training images. They agree with the observed pixels only roughly, so
            it is above what one image leaves open.
        fixed: share of images whose completions spread less than a tenth as far as their neighbours do: the model sees
            no choice where the data leave one.
        agreement: share of completions that the classifier puts into the image's class.
        agreement_of_mean_fill: that of images whose hidden part is filled with the mean training image.
        agreement_of_neighbour: that of images filled with the nearest training image.
        agreement_of_images: that of the images themselves.
        fid: Frechet distance of the completions of half of the images from the other half.
        fid_of_images: that of the same half, as it is: the floor.
    """

    mask: str
    num_images: int
    num_completions: int
    hidden: float
    error: float
    error_of_mean: float
    error_of_mean_fill: float
    error_of_neighbour: float
    energy: float
    energy_of_neighbours: float
    spread: float
    spread_of_neighbours: float
    fixed: float
    agreement: float
    agreement_of_mean_fill: float
    agreement_of_neighbour: float
    agreement_of_images: float
    fid: float
    fid_of_images: float


class Judge:
    """Measures completions of held-out images, kind of mask by kind of mask.

    Args:
        training: training images on the scale of samples, shape `(n, rows, columns, channels)`: they fill holes too.
        images: held-out images on the same scale, `(m, rows, columns, channels)`, 2 or more.
        labels: their classes, shape `(m,)`; needed for the agreement.
        classifier: Keras model from such images to a score per class. Default: no agreement is measured.
        features: `keras_gan.evaluation.features.Features`. Default: no Frechet distance is measured, nor is it where
            half of the images are no more than there are features.
    """

    def __init__(
        self,
        training: np.ndarray,
        images: np.ndarray,
        labels: np.ndarray | None = None,
        classifier: Any = None,
        features: Any = None,
    ) -> None:
        if len(images) < 2 or images.shape[1:] != training.shape[1:]:
            raise ValueError(
                f"Completions are judged on two held-out images or more, of the training images' shape. Received: "
                f"{images.shape} and {training.shape}."
            )
        self.training, self.images, self.labels = training, images, labels
        self.classifier, self.features = classifier, features
        self._filled = functools.lru_cache(None)(self._fill)

    def measure(self, sampler: Any, mask: str | Mask, num: int = 5, seed: int = 0) -> CompletionReport:
        """Completes the images and judges what was made.

        Args:
            sampler: as `complete` takes it.
            mask: name of `keras_gan.masks.MASKS`, or a `Mask`. Random masks are drawn with seed 0.
            num: completions of each image, 2 or more.
            seed: integer, of the noise.

        Raises:
            ValueError: as `complete`, or if num is less than 2.
        """
        if num < 2:
            raise ValueError(f"A spread needs two completions of each image or more. Received: num={num}.")
        kind = get_mask(mask)
        hidden_by, mean, neighbours = self._filled(kind, num)
        images = self.images
        made = complete(sampler, images, hidden_by, num, seed)
        half = len(images) // 2
        apart, theirs = (np.sqrt(_variances(each, hidden_by)) for each in (made, neighbours))
        some = hidden_by.reshape(len(images), -1).min(axis=1) == 0
        return CompletionReport(
            mask=mask if isinstance(mask, str) else type(mask).__name__.lower(),
            num_images=len(images),
            num_completions=num,
            hidden=float(np.mean(hidden_by == 0)),
            error=squared_error(made, images, hidden_by) ** 0.5,
            error_of_mean=squared_error(made.mean(axis=0), images, hidden_by) ** 0.5,
            error_of_mean_fill=squared_error(mean, images, hidden_by) ** 0.5,
            error_of_neighbour=squared_error(neighbours[0], images, hidden_by) ** 0.5,
            energy=energy_score(made, images),
            energy_of_neighbours=energy_score(neighbours, images),
            spread=spread(made, hidden_by),
            spread_of_neighbours=spread(neighbours, hidden_by),
            fixed=float(np.mean(apart[some] < 0.1 * theirs[some])),
            agreement=self._agreement(made),
            agreement_of_mean_fill=self._agreement(mean[np.newaxis]),
            agreement_of_neighbour=self._agreement(neighbours[:1]),
            agreement_of_images=self._agreement(images[np.newaxis]),
            fid=self._distance(made[0, :half], images[half:]),
            fid_of_images=self._distance(images[:half], images[half:]),
        )

    def _fill(self, kind, num):
        """Masks, and the images filled with the mean and with each of the nearest training images."""
        hidden_by = kind.draw(len(self.images), self.images.shape[1:])
        mean = self.training.mean(axis=0, dtype="float64").astype("float32")
        found = nearest_observed(self.images, hidden_by, self.training, num)
        fills = [np.where(hidden_by > 0, self.images, fill) for fill in (mean, *(self.training[row] for row in found))]
        return hidden_by, fills[0], np.stack(fills[1:])

    def _agreement(self, filled):
        if self.classifier is None or self.labels is None:
            return float("nan")
        said = [self.classifier.predict(each, verbose=0).argmax(axis=1) for each in filled]
        return float(np.mean(np.stack(said) == self.labels))

    def _distance(self, made, images):
        if self.features is None or len(made) <= self.features.dim:  # then a covariance would be singular
            return float("nan")
        return fid.frechet_distance(self.features(made), self.features(images))


def _variances(completions, hidden_by):
    """Mean variance (ddof 1) of each image's hidden pixels; 0 where none is hidden."""
    hidden = np.broadcast_to(hidden_by == 0, completions.shape[1:]).reshape(completions.shape[1], -1)
    variances = np.asarray(completions, "float64").var(axis=0, ddof=1).reshape(hidden.shape)
    return (variances * hidden).sum(axis=1) / np.maximum(hidden.sum(axis=1), 1)
