"""Features of images: the vectors that FID, KID, precision and recall compare, made by any Keras network.

A number made of features says something for one network alone. So each network has a hash, of what it computes and of
its weights, which every report carries; and no result is used again but for the same images and the same network.
"""

import collections
import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_gan import datasets
from keras_gan.artifacts import files, formats
from keras_gan.evaluation.distances import flat

_BATCH = 500
_WORTH_KEEPING = 10  # seconds: what took longer is kept on the disk
_REMEMBERED = 4  # results: two sets of real images, the samples, and one to spare
_recent: "collections.OrderedDict[str, Vectors]" = collections.OrderedDict()


class Vectors(np.ndarray):
    """An array of features that knows the hash of the network that made it: those of two are not compared.

    Attributes:
        network: SHA-256 of the network, in hexadecimal digits.
    """

    network = ""

    def __array_finalize__(self, other: Any) -> None:
        self.network = getattr(other, "network", "")


class Features:
    """A network from images to vectors.

    ```python
    features = keras_gan.evaluation.features.get("digits")
    data = keras_gan.datasets.load("digits")
    vectors = features(data.preprocess(data.test))
    print(features, vectors.shape)
    ```

    Args:
        model: built Keras model with one input. What it needs of preprocessing, such as resizing, is a part of it.
        layer: name of the layer whose output are the features. Default: the model's output.
        name: of the network, for reports. Default: the model's.

    Attributes:
        model: Keras model from images to features.
        name: of the network, and of the layer.
        input_shape: tuple, shape of an image, without the batch.
        dim: how many numbers an image becomes.

    Raises:
        ValueError: if the model has several inputs, there is no such layer, or it gives no vectors.
    """

    def __init__(self, model: keras.Model, layer: str | None = None, name: str | None = None) -> None:
        if not isinstance(model, keras.Model) or len(getattr(model, "inputs", None) or ()) != 1:
            raise ValueError(
                f"Features come from a built Keras model with one input. Received: a {type(model).__name__}. Expected: "
                "a Sequential or functional keras.Model of images."
            )
        if layer is not None:
            if layer not in (names := [each.name for each in model.layers]):
                raise ValueError(f"The network has no such layer. Received: layer={layer!r}. Expected one of {names}.")
            model = keras.Model(model.inputs[0], model.get_layer(layer).output, name=model.name)
        if len(model.outputs) != 1 or len(model.outputs[0].shape) != 2:
            raise ValueError(
                f"Features are one vector per image. Received: outputs of shapes {[x.shape for x in model.outputs]}. "
                "Expected: (batch, d). Pass layer=, or end the network with GlobalAveragePooling2D or Flatten."
            )
        self.model = model
        self.name = (name or model.name) + (f"/{layer}" if layer else "")
        self.input_shape = tuple(model.inputs[0].shape[1:])
        self.dim = int(model.outputs[0].shape[-1])

    @property
    def hash(self) -> str:
        """SHA-256 of what the network computes, in hexadecimal digits: of its layers' settings and its weights.

        Names of layers do not matter. Weights are read anew each time: after training the network has another hash.
        """
        digest = hashlib.sha256(json.dumps(_nameless(self.model), sort_keys=True, default=str).encode())
        for variable in self.model.weights:
            _add_array(digest, keras.ops.convert_to_numpy(variable))
        return digest.hexdigest()

    def __str__(self) -> str:
        return f"{self.name}, {self.dim} numbers, hash {self.hash[:12]}"

    def __call__(self, images: np.ndarray) -> Vectors:
        """Features of images. The last few results are remembered.

        Args:
            images: array of shape `(n, ...)`, floats, on the scale of preprocessed data; each may be flat.

        Returns:
            `Vectors`: array of shape `(n, dim)`, float32, read-only.

        Raises:
            ValueError: if the images do not fit the network, are integers, or are not finite.
        """
        return self._remembered(images, self.key(images))

    def reference(self, images: np.ndarray) -> Vectors:
        """Features of the real images that samples are compared with; what takes long is kept on the disk, too.

        The folder is keras_gan/features in that of Keras (the environment variable KERAS_HOME, or ~/.keras). A file's
        name is the hash of images and network.

        Args:
            images: as in `__call__`.

        Returns:
            As `__call__`.

        Raises:
            ValueError: as `__call__`, or if all images have the same features.
        """
        key = self.key(images)
        path = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "keras_gan" / "features" / f"{key}.npz"
        if key not in _recent and (kept := _read(path, (len(images), self.dim))) is not None:
            self._remember(key, kept)
        started = time.perf_counter()
        found = self._remembered(images, key)
        if time.perf_counter() - started > _WORTH_KEEPING:
            with contextlib.suppress(OSError):  # a folder that cannot be written costs time, no more
                path.parent.mkdir(parents=True, exist_ok=True)
                files.write(path, lambda partial: np.savez(partial, features=found))
        if len(found) > 1 and (found == found[0]).all():
            raise ValueError(
                f"The features say nothing. Received: {self}, which gives all of {len(found)} real images the same "
                "features. Expected: a trained network, and images on the scale that it was trained on."
            )
        return found

    def key(self, images: np.ndarray) -> str:
        """SHA-256 of images and network, in hexadecimal digits."""
        digest = hashlib.sha256(self.hash.encode())
        _add_array(digest, np.asarray(images))
        return digest.hexdigest()

    def _remembered(self, images, key):
        if key not in _recent:
            self._remember(key, self._computed(images))
        _recent.move_to_end(key)
        return _recent[key]

    def _remember(self, key, found):
        vectors = found.view(Vectors)
        vectors.network, vectors.flags.writeable = self.hash, False
        _recent[key] = vectors
        while len(_recent) > _REMEMBERED:
            _recent.popitem(last=False)

    def _computed(self, images):
        images = flat("images", images).astype("float32")
        size = None if None in self.input_shape else int(np.prod(self.input_shape))
        if images.shape[1] != size:
            raise ValueError(
                f"The images do not fit the network. Received: {images.shape[1]} values per image. Expected: {size}, "
                f"of shape {self.input_shape}, for {self}."
            )
        images = images.reshape(-1, *self.input_shape)
        parts = [
            keras.ops.convert_to_numpy(self.model.predict_on_batch(images[start : start + _BATCH]))
            for start in range(0, len(images), _BATCH)
        ]
        return np.concatenate(parts).astype("float32")


def shipped() -> list[str]:
    """Names of the data sets whose classifier ships with the package, and has features to compare images by."""
    return [name for name in classifiers() if name in datasets.LOADERS]


def classifiers() -> list[str]:
    """Names of all classifiers that ship with the package."""
    folder = files.saved_models()
    return [] if folder is None else sorted(path.parent.name for path in folder.glob("*/classifier.keras"))


def default(data: datasets.Dataset) -> str | None:
    """Name of the features that a data set is measured by if nobody says which, or None if it has none."""
    name = "cifar10" if data.card["name"] == "images" else data.card["name"]
    return name if name in shipped() else None


def load_classifier(name: str) -> keras.Model:
    """A classifier that ships: from images on the scale of samples to ten logits.

    Args:
        name: `"digits"`, `"mnist"`, `"cifar10"`, or `"mnist-semi-supervised"`, which knew 100 labels.

    Raises:
        ValueError: if no such classifier ships, or its file is damaged.
    """
    folder = files.saved_models()
    if folder is None or name not in classifiers():
        raise ValueError(f"There is no classifier. Received: name={name!r}. Expected one of {classifiers()}.")
    path = folder / name / "classifier.keras"
    if formats.checksum(path) != files.read_json(formats.own_card(path)).get("checksum"):
        raise ValueError(f"{path} is not what its card describes: the checksum differs. Install the package again.")
    return formats.widened(files.load_model(path))


def inception(
    image_shape: tuple[int, ...], low: float = 0.0, high: float = 1.0, weights: str | None = "imagenet"
) -> Features:
    """InceptionV3 of `keras.applications`, behind what brings images to its input.

    Images are scaled to [-1, 1], resized to 299 x 299 (bilinear, with antialiasing), and gray ones become three equal
    colours. The features are the 2,048 means over places of its last convolution. **It is not the TensorFlow network
    of published FIDs**: these numbers can be compared with one another, not with published ones. 2,048 features need
    more than 2,048 samples.

    Args:
        image_shape: `(height, width, channels)`, with 1 or 3 channels.
        low: value of black on the scale of samples.
        high: value of white.
        weights: `"imagenet"`, which Keras downloads (88 MB) unless ~/.keras/models has it; path of a weights file; or
            None for random ones, which are good for tests alone.

    Raises:
        ValueError: if the images have another shape.
        OSError: if the weights cannot be had.
    """
    if len(image_shape) != 3 or image_shape[-1] not in (1, 3) or not low < high:
        raise ValueError(
            f"InceptionV3 takes images of 1 or 3 channels, and low < high. Received: image_shape={image_shape}, "
            f"low={low}, high={high}. Expected: (height, width, 1) or (height, width, 3)."
        )
    try:
        network = keras.applications.InceptionV3(include_top=False, weights=weights, pooling="avg")
    except Exception as error:  # Keras says a bare Exception where it cannot download
        raise OSError(
            f"The weights of InceptionV3 cannot be had: {str(error).splitlines()[0]}. Pass weights= a file of "
            "keras.applications.InceptionV3 without its top, or use features of your own."
        ) from error
    images = keras.Input(image_shape, name="images")
    x = keras.layers.Rescaling(2 / (high - low), -1 - 2 * low / (high - low))(images)
    x = keras.layers.Resizing(299, 299, "bilinear", antialias=True)(x)
    if image_shape[-1] == 1:
        x = keras.layers.Concatenate()([x, x, x])
    return Features(keras.Model(images, network(x)), name="keras.applications InceptionV3, images resized to 299 x 299")


def pictures(image_shape: tuple[int, ...]) -> Features:
    """The classifier of CIFAR-10 that ships, behind what brings pictures of any size to its input. No download.

    Pictures are resized to 32x32 pixels (bilinear, with antialiasing), and grey ones become three equal colours. The
    features are 128 means over places, of a network that was trained to tell animals from vehicles: it knows edges,
    textures and shapes, but neither brightness nor contrast. **They are no published FIDs**, and compare nothing but
    models of the same pictures at the same size.

    Args:
        image_shape: `(height, width, channels)`, with 1 or 3 channels; on any scale.

    Raises:
        ValueError: if the images have another shape.
    """
    if len(image_shape) != 3 or image_shape[-1] not in (1, 3):
        raise ValueError(
            f"The classifier of CIFAR-10 takes images of 1 or 3 channels. Received: image_shape={image_shape}. "
            "Expected: (height, width, 1) or (height, width, 3)."
        )
    network = Features(load_classifier("cifar10"), "features", "cifar10-classifier")
    if image_shape == network.input_shape:
        return network
    images = keras.Input(image_shape, name="images")
    side = network.input_shape[0]
    x = images
    if image_shape[:2] != (side, side):
        x = keras.layers.Resizing(side, side, "bilinear", antialias=True)(x)
    if image_shape[-1] == 1:
        x = keras.layers.Concatenate()([x, x, x])
    return Features(keras.Model(images, network.model(x)), name=f"{network.name}, images brought to {side} x {side}")


def random(image_shape: tuple[int, int, int]) -> Features:
    """A convolutional network that was never trained, for pictures unlike all photographs.

    Its weights are drawn once from a fixed seed, the same on every machine: convolutions of stride 2 with ReLU down to
    4x4 places, and 64 random sums of what stands there. It sees where edges and colours are, and no objects. So its
    numbers tell noise, blur, wrong colours and lost variety from good samples. They do not tell faces from what has
    their colours: of a run on faces they chose an early epoch, where `pictures` chose the last, and the best. **They
    are no published FIDs**, and compare nothing but models of the same pictures at the same size.

    Naeem et al. 2020 ("Reliable Fidelity and Diversity Metrics for Generative Models") recommend random features of 64
    numbers for pictures unlike those that a network was trained on; theirs come from a VGG-16.

    Args:
        image_shape: `(height, width, channels)`; pictures on the scale from 0 to 1.

    Raises:
        ValueError: if the images have another shape, or fewer than 8 pixels a side.
    """
    if len(image_shape) != 3 or min(image_shape[:2]) < 8:
        raise ValueError(
            f"The random features are of pictures of 8 pixels a side or more. Received: image_shape={image_shape}. "
            "Expected: (height, width, channels)."
        )
    images = keras.Input(image_shape, name="images")
    x, filters = keras.layers.Rescaling(4.0, -2.0)(images), 32
    while min(x.shape[1:3]) > 4:
        x = keras.layers.Conv2D(filters, 3, 2, "same", activation="relu")(x)
        filters = min(2 * filters, 128)
    model = keras.Model(images, keras.layers.Dense(64)(keras.layers.Flatten()(x)), name="random")
    drawn = np.random.RandomState(0)  # whose numbers NumPy promises never to change
    for weight in model.weights:
        fan_in = np.prod(weight.shape[:-1])
        weight.assign(drawn.normal(size=weight.shape) * (2 / fan_in) ** 0.5 if len(weight.shape) > 1 else 0 * weight)
    return Features(model, name="a random network")


def get(features: Any, data: Any = None) -> Features:
    """Features by name, of a file, or of a Keras model.

    Args:
        features: `Features`; a Keras model; path of a `.keras` file, whose output are the features; `"digits"`,
            `"mnist"` or `"cifar10"` for the classifiers that ship; `"random"` for a network without training; or
            `"inception"`.
        data: `keras_gan.datasets.Dataset` of the images, for `"random"`, `"inception"`, and `"cifar10"` where images
            are to be brought to its size.

    Raises:
        ValueError: if it is none of these.
        OSError: if the weights of Inception cannot be had.
    """
    if isinstance(features, Features):
        return features
    if isinstance(features, keras.Model):
        return Features(features)
    if features == "random" and data is not None:
        return random(data.train.shape[1:])
    if features == "inception" and data is not None:
        scaling = data.preprocessing
        if not isinstance(scaling, keras.layers.Rescaling):
            raise ValueError(
                "It is not known which values are black and white on the scale of these samples. Received: "
                f"preprocessing by {type(scaling).__name__}. Expected: keras.layers.Rescaling. Call "
                "keras_gan.evaluation.features.inception(image_shape, low, high)."
            )
        return inception(data.train.shape[1:], scaling.offset, 255 * scaling.scale + scaling.offset)
    if features == "cifar10" and data is not None:
        return pictures(data.train.shape[1:])
    if isinstance(features, str) and features in shipped():
        return Features(load_classifier(features), "features", f"{features}-classifier")
    if isinstance(features, (str, Path)) and Path(features).suffix == ".keras":
        return Features(files.load_model(features), name=Path(features).name)
    raise ValueError(
        f"Unknown features. Received: {features!r}. Expected: one of {[*shipped(), 'random', 'inception']}, a .keras "
        "file, a Keras model, or keras_gan.evaluation.features.Features."
    )


def _nameless(model):
    """The config of a model without names, which differ between two models that compute the same."""
    config = {**model.get_config(), "name": None}
    places: dict[str, str] = {}
    for name in _names(config):
        places.setdefault(name, f"layer {len(places)}")

    def walk(value):
        if isinstance(value, dict):
            # Keras writes addresses in memory under shared_object_id.
            return {places.get(key, key): walk(item) for key, item in value.items() if key != "shared_object_id"}
        if isinstance(value, (list, tuple)):
            return [walk(item) for item in value]
        return places.get(value, value) if isinstance(value, str) else value

    return [type(model).__name__, walk(config)]


def _names(config):
    """The names of the layers in a model's config, with those of models inside it."""
    for layer in config.get("layers", ()):
        yield layer["config"]["name"]
        yield from _names(layer["config"])


def _add_array(digest, array):
    digest.update(f"{array.dtype} {array.shape}".encode())
    digest.update(np.ascontiguousarray(array).data)


def _read(path, shape):
    """Features from a file, or None if there are none, or damaged ones."""
    try:
        with np.load(path, allow_pickle=False) as file:
            features = file["features"]
    except Exception:  # missing, truncated, foreign: each is computed again
        return None
    return features if features.shape == shape and features.dtype == "float32" else None
