"""What must hold for every layer, on every backend."""

import csv
import os
import threading
import time
from pathlib import Path

import keras
import numpy as np


def check_layer(make, input_shape, trained=True):
    """Config round trip, build, symbolic = eager shapes, training, mixed precision, and a `.keras` file.

    Args:
        make: function without arguments that returns a new layer.
        input_shape: shape of a batch, with a fixed batch size.
        trained: whether the layer has weights.
    """
    x = np.random.default_rng(0).normal(size=input_shape).astype("float32")
    layer = make()
    config = layer.get_config()
    copy = type(layer).from_config(config)
    assert copy.get_config() == config
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert revived.get_config() == config

    symbolic = layer(keras.KerasTensor((None, *input_shape[1:])))
    eager = keras.ops.convert_to_numpy(layer(x))
    assert tuple(symbolic.shape[1:]) == eager.shape[1:]
    assert tuple(layer.compute_output_shape((None, *input_shape[1:]))[1:]) == eager.shape[1:]
    assert symbolic.dtype == str(eager.dtype) == "float32"
    assert bool(layer.trainable_variables) == trained

    copy(x)
    copy.set_weights(layer.get_weights())
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(copy(x)), eager)

    model = keras.Sequential([keras.Input(input_shape[1:]), make()])
    model.compile(optimizer="sgd", loss="mse")
    before = [w.copy() for w in model.get_weights()]
    loss = model.fit(x, np.ones_like(eager), epochs=2, verbose=0).history["loss"]
    assert np.isfinite(loss).all()
    if trained:
        assert loss[1] < loss[0]
        assert all(not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))

    for policy in ("mixed_bfloat16", "mixed_float16"):
        keras.config.set_dtype_policy(policy)
        half = make()
        y = half(x)
        assert keras.backend.standardize_dtype(y.dtype) == policy.removeprefix("mixed_")
        assert all(v.dtype == "float32" for v in half.trainable_variables)
    keras.config.set_dtype_policy("float32")
    return model, x


def check_saving(model, x, path):
    """A `.keras` file gives the same model back."""
    model.save(path)
    loaded = keras.saving.load_model(path)
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def check_mask(layer, masked):
    """A mask of the input is the output's, if `masked`; else it is dropped, with Keras's warning."""
    x = np.ones((2, 3, 4), "float32")
    x[1, 2] = 0
    mask = getattr(layer(keras.layers.Masking()(x)), "_keras_mask", None)
    if masked:
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(mask), [[True, True, True], [True, True, False]])
    else:
        assert mask is None


def check_equal_state(a, b):
    """Two models are equal bit by bit: weights, seeds, velocities, averages."""
    for x, y in zip([*a.variables, *a.optimizer.variables], [*b.variables, *b.optimizer.variables], strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(x), keras.ops.convert_to_numpy(y), err_msg=f"{x.path}, {y.path}"
        )


def history(folder):
    """Rows of a run's history.csv, without the seconds, which no two runs share."""
    with open(folder / "history.csv", newline="") as file:
        return [{name: value for name, value in row.items() if name != "seconds"} for row in csv.DictReader(file)]


class Watch:
    """How long a block took, and by how much the process grew meanwhile.

    Attributes:
        seconds: the time it computed for, on all cores, so that a busy machine changes nothing.
        megabytes: the growth at its peak; 0 where the operating system does not say.
    """

    def __enter__(self):
        self._ended, self._before, self._peak = threading.Event(), _resident(), 0
        self._thread, self._started = threading.Thread(target=self._look), time.process_time()
        self._thread.start()
        return self

    def _look(self):
        while not self._ended.wait(0.002):
            self._peak = max(self._peak, _resident())

    def __exit__(self, *error):
        self._ended.set()
        self._thread.join()
        self.seconds = time.process_time() - self._started
        self.megabytes = (max(self._peak, _resident()) - self._before) / 2**20


def _resident():
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        return 0
