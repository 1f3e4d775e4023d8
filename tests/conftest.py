"""What every test file shares: tiny networks, and which tests need one backend alone. KERAS_BACKEND says which runs."""

import os
from pathlib import Path
from unittest import mock

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # or its start-up notes stand between the test results
os.environ.setdefault("OMP_NUM_THREADS", "1")  # three workers share the cores
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as the command does: tests compare what both compute
# JAX compiles the same small steps again for every model, and in every process that a test starts.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(Path(__file__).parent.parent / ".pytest_cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
if "PYTEST_XDIST_WORKER" in os.environ:
    # The steps here are so small that XLA takes longer to make them fast than they take; a worker times nothing.
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false")

import keras
import numpy as np
import pytest

import keras_gan as kg

BACKENDS = ("tensorflow", "jax", "torch")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """Tells each worker of xdist whether workers beside it run the same tests on the other backends."""
    node.workerinput["every_backend"] = node.config.option.dist == "each"


def pytest_collection_modifyitems(config, items):
    """Where all three backends run, leaves out what is said to run on one, and this is another."""
    if getattr(config, "workerinput", {}).get("every_backend"):
        chosen = [backend_of(item) in (None, keras.backend.backend()) for item in items]
        config.hook.pytest_deselected(items=[item for item, kept in zip(items, chosen, strict=True) if not kept])
        items[:] = [item for item, kept in zip(items, chosen, strict=True) if kept]


def backend_of(item):
    """The one backend of a test, or None. The nearest of the marks `one_backend` and `every_backend` counts.

    A mark that names no backend means PyTorch, which compiles nothing, so that its worker has the most time to spare.
    """
    for mark in item.iter_markers():
        if mark.name == "every_backend":
            return None
        if mark.name == "one_backend":
            return mark.args[0] if mark.args else "torch"
    return None


def make_networks(seed=0, noise_dim=3, size=4, batch_norm=False, dropout=0.0):
    """A generator and a maxout discriminator of vectors, with weights large enough to matter."""
    rng = np.random.default_rng(seed)
    generator = keras.Sequential(
        [
            keras.Input((noise_dim,)),
            keras.layers.Dense(5, activation="relu"),
            *([keras.layers.BatchNormalization()] if batch_norm else []),
            keras.layers.Dense(size, activation="sigmoid"),
        ],
        name="generator",
    )
    discriminator = keras.Sequential(
        [
            keras.Input((size,)),
            *([keras.layers.Dropout(dropout, seed=1)] if dropout else []),
            kg.layers.Maxout(6, pieces=3),
            *([keras.layers.BatchNormalization()] if batch_norm else []),
            keras.layers.Dense(1),
        ],
        name="discriminator",
    )
    for net in (generator, discriminator):
        for variable in net.trainable_variables:
            if "gamma" not in variable.path:
                variable.assign(rng.normal(0, 0.7, variable.shape).astype("float32"))
    return generator, discriminator


def make_gan(seed=0, compile_arguments=None, **networks):
    gan = kg.GAN(*make_networks(**networks), seed=seed)
    gan.compile(**(compile_arguments or {}))
    return gan


def make_data(num=12, size=4, seed=0):
    return np.random.default_rng(seed).uniform(0, 1, (num, size)).astype("float32")


def without_export():
    """A run's last step takes another process of TensorFlow: a few tests that look at it are enough."""
    return mock.patch.object(kg.GAN, "export", lambda self, path, **named: Path(path).mkdir(exist_ok=True))


def weights(net):
    return [variable.numpy().copy() for variable in net.variables]


def all_equal(a, b):
    return len(a) == len(b) and all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(7)
    yield
    keras.config.set_dtype_policy("float32")
