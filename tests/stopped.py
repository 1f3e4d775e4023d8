"""A process that trains a recipe on a few examples, and gets a signal when a part of the run has saved its first epoch.

`python stopped.py SIGINT pretraining train tfd --run-dir run`; `python stopped.py none . train tfd --run-dir run`.
"""

import contextlib
import dataclasses
import functools
import os
import signal
import sys
from pathlib import Path
from unittest import mock

import keras
import numpy as np
from conftest import without_export

import keras_gan as kg
from keras_gan import cli

IMAGES = {
    "mnist": ((28, 28, 1), lambda: keras.layers.Rescaling(1 / 255)),
    "tfd": ((48, 48, 1), lambda: keras.layers.Rescaling(1 / 255)),
    "cifar10": ((32, 32, 3), lambda: kg.layers.GlobalContrastNormalization(55.0)),
}


@contextlib.contextmanager
def few_examples():
    """A context in which every data set has 60 examples, and little is measured and nothing exported."""
    load = kg.datasets.load

    def few(name, **options):
        if name not in IMAGES:
            data = load(name)
            labels = kg.datasets.Splits(data.labels.train[:60], data.labels.validation[:60], data.labels.test[:60])
            parts = {part: getattr(data, part)[:60] for part in ("train", "validation", "test")}
            return dataclasses.replace(data, **parts, labels=labels)
        shape, preprocessing = IMAGES[name]
        images = np.random.default_rng(0).integers(0, 256, (3, 60, *shape), "uint8")
        labels = kg.datasets.Splits(*np.zeros((3, 60), "int64"))
        return kg.datasets.Dataset(*images, labels=labels, preprocessing=preprocessing(), card={"name": name})

    measure = functools.partial(kg.callbacks.ParzenLogLikelihood, num_samples=50)
    with (
        mock.patch.object(kg.datasets, "load", few),
        mock.patch.object(kg.callbacks, "ParzenLogLikelihood", measure),
        without_export(),
    ):
        yield


def main(number, part, arguments):
    run = Path(arguments[arguments.index("--run-dir") + 1])
    on_epoch_end = kg.callbacks.Checkpoint.on_epoch_end

    def save(self, epoch, logs=None):
        on_epoch_end(self, epoch, logs)
        if number != "none" and self.path == run / part / "model.keras":
            os.kill(os.getpid(), getattr(signal, number))

    with few_examples(), mock.patch.object(kg.callbacks.Checkpoint, "on_epoch_end", save):
        cli.main(arguments)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
