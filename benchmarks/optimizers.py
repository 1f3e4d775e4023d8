"""What an update of both MNIST networks takes, apart from the gradients: Keras's optimizers beside ours.

    KERAS_BACKEND=torch python benchmarks/optimizers.py

Each row is the median of twenty blocks of ten updates, the optimizers in turn, with 3,735,425 weights of 32 bits.
"""

import statistics
import time

import keras
import numpy as np

import keras_gan as kg
from keras_gan import backend

BLOCKS, UPDATES = 20, 10
OPTIMIZERS = {
    "keras.optimizers.Adam": lambda: keras.optimizers.Adam(1e-3),
    "kg.optimizers.Adam": lambda: kg.optimizers.Adam(1e-3),
    "keras.optimizers.SGD, momentum": lambda: keras.optimizers.SGD(0.1, 0.5),
    "kg.optimizers.SGD, momentum": lambda: kg.optimizers.SGD(0.1, 0.5),
}


def main() -> None:
    print(backend.describe_device(), flush=True)
    weights = [weight.shape for network in kg.networks.build("mnist") for weight in network.trainable_weights]
    blocks = {name: updates(make(), weights) for name, make in OPTIMIZERS.items()}
    seconds: dict[str, list[float]] = {name: [] for name in blocks}
    for _ in range(BLOCKS):
        for name, block in blocks.items():
            begun = time.perf_counter()
            block()
            seconds[name].append((time.perf_counter() - begun) / UPDATES)
    for name, each in seconds.items():
        print(f"{name:31} {1e3 * statistics.median(each):6.2f} ms", flush=True)


def updates(optimizer, shapes):
    """A function that makes ten updates, and ends when they are made."""
    random = np.random.default_rng(0)
    variables = [keras.Variable(random.normal(size=shape).astype("float32")) for shape in shapes]
    gradients = [keras.ops.convert_to_tensor(random.normal(size=shape).astype("float32")) for shape in shapes]
    optimizer.build(variables)

    if keras.backend.backend() == "torch":

        def block():
            for _ in range(UPDATES):
                backend.apply(optimizer, gradients, variables)

    elif keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        @tf.function
        def block():
            for _ in tf.range(UPDATES):
                optimizer.apply(gradients, variables)

    else:
        import jax

        def apply(values, state, gradients):
            return optimizer.stateless_apply(state, gradients, values)

        step = jax.jit(apply, donate_argnums=(0, 1))  # in the order of what comes back, or JAX would copy
        held = [[each.value for each in variables], [each.value for each in optimizer.variables]]

        def block():
            for _ in range(UPDATES):
                held[:] = step(*held, gradients)
            jax.block_until_ready(held)

    block()
    return block


if __name__ == "__main__":
    main()
