"""How well an encoder finds the noise of samples, and how well a generator makes real images again.

The encoder of a finished generator sees samples alone, never real images (the paper's section 7), so both are asked:
how far it is off in z on fresh samples, and how far reconstructions of real images are from these. The second number
stands beside the distance to the nearest training image and that to a random sample.
"""

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from keras_gan.datasets import Dataset
from keras_gan.evaluation.distances import nearest
from keras_gan.evaluation.probes import nearest_neighbor_accuracy
from keras_gan.models.bigan import BiGAN

_CHUNK = 10_000  # training images preprocessed at once
_ROUNDING = 1 / 255 / 12**0.5  # standard deviation of what rounding to 8 bits changes
_STEP = 0.05  # of z, on both sides: the slopes of G on the way, not at a corner of its ReLUs


@dataclasses.dataclass(frozen=True)
class Distance:
    """Euclidean distances per image, on the scale of samples: their mean over images, and its standard error."""

    mean: float
    standard_error: float

    @classmethod
    def of(cls, distances: np.ndarray) -> "Distance":
        """The mean and standard error of an array of shape `(n,)`."""
        error = distances.std(ddof=1) / len(distances) ** 0.5 if len(distances) > 1 else float("nan")
        return cls(float(distances.mean()), float(error))


@dataclasses.dataclass(frozen=True)
class InferenceReport:
    """What `measure` found.

    Attributes:
        errors: mean of (E(G(z)) - z)^2 in each coordinate of z, on fresh samples, shape `(dim,)`. The prior has
            variance 1: an encoder that knows nothing has an error of 1.
        sensitivities: how far a sample moves per unit of z, along the directions that move samples most, then less and
            less, shape `(dim,)`: root mean squares over samples.
        direction_errors: the error along these directions, shape `(dim,)`. Their mean is that of `errors`.
        floor: about the error that 8 bits per pixel leave to an observer who knows the slopes of G at the right z, for
            a linear G and a normal prior: the mean of 1 / (1 + (s / r)^2) over the singular values s of each sample's
            slopes, where r = 1 / 255 / sqrt(12) is the standard deviation of rounding.
        distances: `Distance` by name: "reconstruction" and "refined" of real images to theirs, and of the same images
            "nearest training image" and "random sample".
        ratio: refined to nearest training image: the ratio of the two means.
        neighbors: share of all images of the split whose nearest training image has their class, by name: by distances
            of "codes", and of "features" before the encoder's output for a `BiGAN`. Empty where there are no classes.
        refine: steps of refinement.
        seconds: that the refinement of all images took.
        num_images: real images.
        num_samples: fresh samples.
    """

    errors: np.ndarray
    sensitivities: np.ndarray
    direction_errors: np.ndarray
    floor: float
    distances: dict[str, Distance]
    ratio: float
    neighbors: dict[str, float]
    refine: int
    seconds: float
    num_images: int
    num_samples: int

    def as_dict(self) -> dict[str, Any]:
        """All numbers, for JSON."""
        return {
            "error_per_coordinate": self._spread() | {"each": self.errors.tolist()},
            "floor_of_8_bits": self.floor,
            "directions": {"sensitivity": self.sensitivities.tolist(), "error": self.direction_errors.tolist()},
            "distances": {name: dataclasses.asdict(distance) for name, distance in self.distances.items()},
            "refined_to_nearest_training_image": self.ratio,
            "neighbors_of_the_same_class": self.neighbors,
            "refinement": {"steps": self.refine, "seconds": self.seconds},
            "num_images": self.num_images,
            "num_samples": self.num_samples,
        }

    def __str__(self) -> str:
        error = self._spread()
        lines = [
            f"Error of z on {self.num_samples:,} fresh samples (1: nothing is known)",
            f"  per coordinate            mean {error['mean']:.3f}   min {error['min']:.3f}   "
            f"median {error['median']:.3f}   max {error['max']:.3f}",
        ]
        for first, last in _groups(len(self.errors)):
            moved, off = self.sensitivities[first:last], self.direction_errors[first:last]
            lines.append(
                f"  directions {f'{first + 1} to {last}':<14} mean {off.mean():.3f}   samples move by "
                f"{moved.max():.3g} to {moved.min():.3g} per unit of z"
            )
        lines.append(f"  what 8 bits per pixel leave unknown of z, at best: about {self.floor:.2f}")
        lines += ["", f"Distance to {self.num_images:,} real images that nobody was trained on"]
        for name, distance in self.distances.items():
            name = f"{name}, {self.refine} steps" if name == "refined" else name
            lines.append(f"  {name:<25} {distance.mean:.3f} +- {distance.standard_error:.3f}")
        lines.append(
            f"Refined, reconstructions are {self.ratio:.2f} as far away as the nearest training image "
            f"({self.seconds:.0f} s for all images)."
        )
        if self.neighbors:
            lines += ["", "Images whose nearest training image has their class (1-NN, all labels)"]
            lines += [f"  {f'by {name}':<25} {share:.2%}" for name, share in self.neighbors.items()]
        return "\n".join(lines)

    def _spread(self):
        errors = self.errors
        spread = {"mean": errors.mean(), "min": errors.min(), "median": np.median(errors), "max": errors.max()}
        return {name: float(value) for name, value in spread.items()}


def measure(
    model: Any,
    data: Dataset,
    refine: int = 300,
    num_images: int = 1000,
    num_samples: int = 5000,
    seed: int = 0,
    split: str = "test",
    progress: Callable[[str], None] | None = None,
) -> InferenceReport:
    """Measures an encoder and its generator on fresh samples and on real images.

    Args:
        model: a `keras_gan.InferenceNetwork` or a `keras_gan.BiGAN`.
        data: `keras_gan.datasets.Dataset` of the images.
        refine: steps of `encode(x, refine=...)`.
        num_images: real images, the first of their split.
        num_samples: fresh samples.
        seed: of their noise.
        split: `"test"` or `"validation"`.
        progress: called with a line of text before each slow step.

    Returns:
        `InferenceReport`.

    Raises:
        ValueError: if a number is less than 1, there is no such split, or the images do not fit the generator.
    """
    if min(refine, num_images, num_samples) < 1 or split not in ("test", "validation"):
        raise ValueError(
            "An encoder is measured on the test or validation images. Received: "
            f"split={split!r}, refine={refine}, num_images={num_images}, num_samples={num_samples}. Expected: 1 or "
            "more of each."
        )
    say = progress or (lambda line: None)
    say(f"Encoding {num_samples:,} fresh samples")
    z = model.prior.draw(num_samples, seed)
    offsets = model.encode(_generated(model, z), preprocessed=True).astype("float64") - z
    say("Measuring how far samples move with z")
    sensitivities, directions, floor = _directions(model, z[:50])
    images = model.preprocess(getattr(data, split)[:num_images])
    say(f"Reconstructing {len(images):,} {split} images")
    plain = model.reconstruct(images, preprocessed=True)
    say(f"Refining their noise in {refine} steps")
    started = time.perf_counter()
    refined = model.reconstruct(images, refine=refine, preprocessed=True)
    seconds = time.perf_counter() - started
    say("Looking for the nearest training images")
    distances = {
        "reconstruction": _apart(plain, images),
        "refined": _apart(refined, images),
        "nearest training image": _to_nearest(model, data.train, images),
        "random sample": _apart(_generated(model, model.prior.draw(len(images), seed)), images),
    }
    neighbors = {}
    if data.separable_classes:
        say("Comparing codes of all images")
        neighbors["codes"] = _neighbors(model.encode, data, split)
        if isinstance(model, BiGAN):
            neighbors["features"] = _neighbors(model.features, data, split)
    return InferenceReport(
        errors=np.mean(offsets**2, axis=0),
        sensitivities=sensitivities,
        direction_errors=np.mean((offsets @ directions) ** 2, axis=0),
        floor=floor,
        distances={name: Distance.of(values) for name, values in distances.items()},
        ratio=float(distances["refined"].mean() / distances["nearest training image"].mean()),
        neighbors=neighbors,
        refine=refine,
        seconds=seconds,
        num_images=len(images),
        num_samples=num_samples,
    )


def _generated(model, z):
    return np.asarray(model.generator.predict(z.astype("float32"), batch_size=1000, verbose=0), "float32")


def _directions(model, z):
    """The directions of z that move samples most, as columns, how far they do, over all z, and the floor."""
    num, dim = z.shape
    steps = _STEP * np.eye(dim)[np.newaxis]
    ahead, behind = (
        _generated(model, (z[:, np.newaxis] + sign * steps).reshape(-1, dim)).reshape(num, dim, -1).astype("float64")
        for sign in (1, -1)
    )
    slopes = (ahead - behind) / (2 * _STEP)
    squares, directions = np.linalg.eigh(np.einsum("nik,njk->ij", slopes, slopes) / num)
    values = np.linalg.svd(slopes, compute_uv=False)
    known = np.sum(1 - 1 / (1 + (values / _ROUNDING) ** 2), axis=1) / dim  # there may be fewer pixels than noise values
    return np.sqrt(np.maximum(squares[::-1], 0)), directions[:, ::-1], float(1 - known.mean())


def _apart(made, images):
    return np.linalg.norm((made - images).reshape(len(images), -1).astype("float64"), axis=1)


def _to_nearest(model, train, images):
    smallest = np.full(len(images), np.inf)
    for start in range(0, len(train), _CHUNK):
        smallest = np.minimum(smallest, nearest(images, model.preprocess(train[start : start + _CHUNK]))[1])
    return smallest


def _neighbors(describe, data, split):
    return nearest_neighbor_accuracy(
        describe(data.train), data.labels.train, describe(getattr(data, split)), getattr(data.labels, split)
    )


def _groups(dim):
    """Ranges of directions for the text: 1 to 10, 11 to 20, 21 to 50, and so on."""
    ends = [end for end in (10, 20, 50, 100, 200, 500, 1000) if end < dim] + [dim]
    return list(zip([0, *ends[:-1]], ends, strict=True))
