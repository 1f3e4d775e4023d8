"""Whether a sample is of the class that was asked for, and whether the samples of a class differ from each other.

A conditional generator fails in two ways that its likelihood hides. It draws another class than it is asked for: a
classifier of real images that reads the samples sees that. Or it draws one picture for each class: then each class is
agreed to, and the samples of a class lie closer together than real images of that class do.
"""

import dataclasses

import keras
import numpy as np

from keras_gan.evaluation.distances import SquaredDistances, flat
from keras_gan.evaluation.features import Features

_MOST = 1000  # of a class, whose pairs are measured: enough for three digits


@dataclasses.dataclass(frozen=True)
class ConditionalReport:
    """What `Judge.measure` found. Arrays have shape `(classes,)`.

    Attributes:
        agreement: share of the samples that the classifier puts into the class that was asked for, in [0, 1].
        agreement_by_class: the same of each class; NaN for one that was never asked for.
        real_agreement: share of the real images that the classifier puts into their class. It errs so often itself:
            samples as good as real images have no more.
        real_agreement_by_class: the same of each class.
        diversity_by_class: mean Euclidean distance of two samples of a class, in the classifier's features, divided by
            that of two real images of the class: 0 if all are alike, 1 if they vary as real ones do, more if they vary
            more. Only samples (and real images) that the classifier puts into that class are paired, because a wrong
            digit is no variety. 0 for a class that has fewer than two such samples, and NaN for one that was asked for
            fewer than twice.
        pixel_diversity_by_class: the same distances of pixels.
        num_samples: number of samples.
    """

    agreement: float
    agreement_by_class: np.ndarray
    real_agreement: float
    real_agreement_by_class: np.ndarray
    diversity_by_class: np.ndarray
    pixel_diversity_by_class: np.ndarray
    num_samples: int


class Judge:
    """Measures samples of classes that were asked for, against real images of these classes.

    It does not see a generator that draws each class from a few dozen pictures: these are nearly as far from each other
    as real images are. Recall and near-duplicates do (`precision_recall`, `modes`).

    ```python
    data = keras_gan.datasets.load("digits")
    classifier = keras_gan.evaluation.features.load_classifier("digits")
    judge = keras_gan.evaluation.conditional.Judge(classifier, data.preprocess(data.test), data.labels.test)
    report = judge.measure(data.preprocess(data.train), data.labels.train)
    print(report.agreement, report.diversity_by_class.min())
    ```

    Args:
        classifier: built Keras model from images to one number per class, the largest at the class that it reads.
        images: real images that neither the generator nor the classifier has seen, on the scale of samples, shape
            `(n, ...)`, floats.
        labels: their classes, shape `(n,)`, integers from 0 to classes - 1.
        layer: name of the classifier's layer whose output are the features.
        name: of the classifier, for reports. Default: the model's.

    Raises:
        ValueError: if the images do not fit the classifier, the labels do not fit either, or the images of a class that
            the classifier reads right are fewer than two, or all alike.
    """

    def __init__(
        self,
        classifier: keras.Model,
        images: np.ndarray,
        labels: np.ndarray,
        layer: str = "features",
        name: str | None = None,
    ) -> None:
        self.classifier = Features(classifier, name=name)
        self.features = Features(classifier, layer, name)
        self.num_classes = self.classifier.dim
        labels = self._checked(labels, images, "labels")
        said = self._read(images)
        self.real_agreement = float((said == labels).mean())
        self.real_agreement_by_class = self._shares(said, labels)
        self._real = self._distances(images, said, labels)
        if not (self._real > 0).all():
            right = np.bincount(labels[said == labels], minlength=self.num_classes).tolist()
            raise ValueError(
                "The variety of a class is compared with that of real images of the class. Received, of each class: "
                f"{right} images that the classifier reads right. Expected: at least two different ones of each."
            )

    def measure(self, samples: np.ndarray, asked: np.ndarray) -> ConditionalReport:
        """Measures samples.

        Args:
            samples: array of shape `(m, ...)`, floats, on the scale of the real images.
            asked: the class that each was asked to have, shape `(m,)`, integers from 0 to classes - 1.

        Returns:
            `ConditionalReport`.

        Raises:
            ValueError: if the samples do not fit the classifier, or the classes do not fit either.
        """
        asked = self._checked(asked, samples, "asked")
        said = self._read(samples)
        features, pixels = self._distances(samples, said, asked)
        return ConditionalReport(
            agreement=float((said == asked).mean()),
            agreement_by_class=self._shares(said, asked),
            real_agreement=self.real_agreement,
            real_agreement_by_class=self.real_agreement_by_class,
            diversity_by_class=features / self._real[0],
            pixel_diversity_by_class=pixels / self._real[1],
            num_samples=len(asked),
        )

    def _checked(self, classes, images, name):
        array = np.asarray(classes)
        if array.shape != (len(images),) or array.dtype.kind not in "iu":
            raise ValueError(
                f"Each image has a class. Received: {name} of shape {array.shape}, {array.dtype}, for {len(images)} "
                f"images. Expected: integers of shape ({len(images)},)."
            )
        if array.size and not 0 <= array.min() <= array.max() < self.num_classes:
            raise ValueError(
                f"The classifier knows no such class. Received: {name} from {array.min()} to {array.max()}. Expected: "
                f"0 to {self.num_classes - 1}, as {self.classifier.name} has them."
            )
        return array

    def _read(self, images):
        """The class that the classifier reads in each image."""
        return np.asarray(self.classifier(images)).argmax(axis=1)

    def _shares(self, said, classes):
        right = np.bincount(classes[said == classes], minlength=self.num_classes)
        with np.errstate(invalid="ignore"):
            return right / np.bincount(classes, minlength=self.num_classes)

    def _distances(self, images, said, classes):
        """Mean distance within each class, in features and in pixels."""
        spaces = np.asarray(self.features(images)), flat("images", images)
        found = np.zeros((2, self.num_classes))
        for label in range(self.num_classes):
            if (classes == label).sum() < 2:
                found[:, label] = np.nan
                continue
            rows = np.flatnonzero((classes == label) & (said == label))[:_MOST]
            if len(rows) > 1:
                found[:, label] = [mean_distance(points[rows]) for points in spaces]
        return found


def mean_distance(points: np.ndarray) -> float:
    """Mean Euclidean distance of two different ones of the points.

    Args:
        points: array of shape `(n, ...)`, floats, n at least 2.

    Raises:
        ValueError: if there are fewer than two points, or the array is of integers or not finite.
    """
    if (num := len(points)) < 2:
        raise ValueError(f"A distance is between two points. Received: {num} of them. Expected: at least 2.")

    def sums(smallest, excess):
        return np.sqrt(excess + smallest[:, np.newaxis]).sum(axis=1, dtype="float64")

    pairs = SquaredDistances(points, points, "float64")
    return float(np.concatenate([part for _, part in pairs.map(sums)]).sum() / (num * (num - 1)))
