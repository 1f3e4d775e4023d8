"""Times an update of Table 1's other systems against a loop written by hand in the same framework.

    KERAS_BACKEND=jax python benchmarks/baselines.py            # or tensorflow, or torch

Both contenders do the same work on batches of 100 images of MNIST's size, random bytes: an RBM of 1,000 units, by PCD-1
with momentum SGD, and a deep GSN of two layers of 500 units that walks back four times, with Adam. Both compute a loss;
`fit` also averages it, and draws its batches in a fresh order. They take turns, and so does a product of two square
matrices, which says what the machine can do. The table has medians of the rounds; a ratio is the median of the rounds'
ratios.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

import keras_gan as kg

BATCH, PIXELS, UNITS = 100, 784, 1000
GSN_UNITS, WALKBACKS, CORRUPTION, DEVIATION = 500, 4, 0.4, 2.0
LEARNING_RATE, MOMENTUM, ADAM_RATE = 0.05, 0.5, 0.001
MATRIX = 2048
BAR = 1.1

# The products an update cannot do without, 2 m n k each. RBM: v to h for data, particles and model; h to v for the
# particles and for the loss; v h of data and of model. GSN: forward, gradient in the weights, gradient in the input
# of four products per walkback: up and down between image and first layer, up and down between the two layers.
RBM_GFLOP = 7 * 2 * BATCH * PIXELS * UNITS / 1e9
GSN_GFLOP = 3 * WALKBACKS * 2 * BATCH * (2 * PIXELS * GSN_UNITS + 2 * GSN_UNITS * GSN_UNITS) / 1e9

Run = Callable[[int], None]


def initial(rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 0.01, (rows, columns)).astype("float32")


def batches(num: int) -> Any:
    images = np.random.default_rng(0).integers(0, 256, (BATCH * num, PIXELS), dtype="uint8")
    order = np.random.default_rng().permutation(len(images))
    return (images[order[i * BATCH : (i + 1) * BATCH]] for i in range(num))


def jax_loops() -> tuple[Run, Run]:
    import jax
    from jax import numpy as jnp
    from jax.nn import sigmoid, softplus

    def rbm_step(state, images):
        (w, c, b), velocities, particles, key = state
        key, for_h, for_v = jax.random.split(key, 3)
        x = images.astype("float32") / 255
        h = jax.random.uniform(for_h, (BATCH, UNITS)) < sigmoid(particles @ w + c)
        v = (jax.random.uniform(for_v, (BATCH, PIXELS)) < sigmoid(h @ w.T + b)).astype("float32")
        of_data, of_model = sigmoid(x @ w + c), sigmoid(v @ w + c)
        logits = of_data @ w.T + b
        loss = jnp.mean(jnp.sum(softplus(logits) - x * logits, axis=1))
        gradients = (
            (v.T @ of_model - x.T @ of_data) / BATCH,
            jnp.mean(of_model, 0) - jnp.mean(of_data, 0),
            jnp.mean(v, 0) - jnp.mean(x, 0),
        )
        velocities = [MOMENTUM * u - LEARNING_RATE * g for u, g in zip(velocities, gradients, strict=True)]
        weights = [p + u for p, u in zip((w, c, b), velocities, strict=True)]
        return (weights, velocities, v, key), loss

    def gsn_loss(weights, x, key):
        (w1, w2), (b0, b1, b2) = weights
        keys = iter(jax.random.split(key, 1 + 4 * WALKBACKS))

        def corrupted(x):
            chance = jax.random.uniform(next(keys), x.shape)
            return jnp.where(chance < CORRUPTION / 2, 0.0, jnp.where(chance > 1 - CORRUPTION / 2, 1.0, x))

        v, top, total = corrupted(x), jnp.zeros((BATCH, GSN_UNITS)), 0.0
        for _ in range(WALKBACKS):
            h = jnp.tanh(v @ w1 + top @ w2.T + b1)
            logits = h @ w1.T + b0
            total += jnp.mean(softplus(logits) - x * logits)
            v = corrupted((jax.random.uniform(next(keys), x.shape) < sigmoid(logits)).astype("float32"))
            before, after = (DEVIATION * jax.random.normal(next(keys), top.shape) for _ in range(2))
            top = jnp.tanh(h @ w2 + b2 + before) + after
        return total

    def gsn_step(state, images):
        weights, means, squares, count, key = state
        key, now = jax.random.split(key)
        loss, gradients = jax.value_and_grad(gsn_loss)(weights, images.astype("float32") / 255, now)
        count = count + 1
        rate = ADAM_RATE * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
        each = jax.tree.map
        means = each(lambda m, g: 0.9 * m + 0.1 * g, means, gradients)
        squares = each(lambda s, g: 0.999 * s + 0.001 * g * g, squares, gradients)
        weights = each(lambda p, m, s: p - rate * m / (jnp.sqrt(s) + 1e-7), weights, means, squares)
        return (weights, means, squares, count, key), loss

    def loop(step, state):
        step = jax.jit(step, donate_argnums=0)

        def run(num):
            nonlocal state
            for images in batches(num):
                state, _ = step(state, images)
            jax.block_until_ready(state)

        return run

    def rbm_weights():
        return [jnp.asarray(initial(PIXELS, UNITS)), jnp.zeros(UNITS), jnp.zeros(PIXELS)]

    def gsn_weights(scale=1.0):
        kernels = [scale * jnp.asarray(initial(*s)) for s in ((PIXELS, GSN_UNITS), (GSN_UNITS, GSN_UNITS))]
        return kernels, [jnp.zeros(size) for size in (PIXELS, GSN_UNITS, GSN_UNITS)]

    rbm = rbm_weights(), [jnp.zeros_like(p) for p in rbm_weights()], jnp.zeros((BATCH, PIXELS)), jax.random.key(0)
    return loop(rbm_step, rbm), loop(gsn_step, (gsn_weights(), gsn_weights(0), gsn_weights(0), 0, jax.random.key(0)))


def torch_loops() -> tuple[Run, Run]:
    import torch
    from torch.nn.functional import softplus

    def rbm_loop():
        w, c, b = torch.tensor(initial(PIXELS, UNITS)), torch.zeros(UNITS), torch.zeros(PIXELS)
        optimizer = torch.optim.SGD([w, c, b], LEARNING_RATE, MOMENTUM, fused=True)
        particles = torch.zeros(BATCH, PIXELS)

        @torch.no_grad()
        def run(num):
            nonlocal particles
            for images in batches(num):
                x = torch.from_numpy(images).float() / 255
                h = (torch.rand(BATCH, UNITS) < torch.sigmoid(torch.addmm(c, particles, w))).float()
                v = particles = (torch.rand(BATCH, PIXELS) < torch.sigmoid(torch.addmm(b, h, w.T))).float()
                of_data, of_model = torch.sigmoid(torch.addmm(c, x, w)), torch.sigmoid(torch.addmm(c, v, w))
                logits = torch.addmm(b, of_data, w.T)
                (softplus(logits) - x * logits).sum(1).mean()
                w.grad = (v.T @ of_model - x.T @ of_data) / BATCH
                c.grad, b.grad = of_model.mean(0) - of_data.mean(0), v.mean(0) - x.mean(0)
                optimizer.step()

        return run

    def gsn_loop():
        shapes = (PIXELS, GSN_UNITS), (GSN_UNITS, GSN_UNITS)
        w1, w2 = (torch.tensor(initial(*shape), requires_grad=True) for shape in shapes)
        b0, b1, b2 = (torch.zeros(size, requires_grad=True) for size in (PIXELS, GSN_UNITS, GSN_UNITS))
        optimizer = torch.optim.Adam([w1, w2, b0, b1, b2], ADAM_RATE, eps=1e-7, fused=True)

        def corrupted(x):
            chance = torch.rand_like(x)
            return torch.where(chance < CORRUPTION / 2, 0.0, torch.where(chance > 1 - CORRUPTION / 2, 1.0, x))

        def run(num):
            for images in batches(num):
                x = torch.from_numpy(images).float() / 255
                v, top, total = corrupted(x), torch.zeros(BATCH, GSN_UNITS), 0.0
                for i in range(WALKBACKS):
                    h = torch.tanh(torch.addmm(b1, v, w1) + top @ w2.T)
                    logits = torch.addmm(b0, h, w1.T)
                    total = total + (softplus(logits) - x * logits).mean()
                    if i == WALKBACKS - 1:  # a compiler would leave out what nothing needs
                        break
                    v = corrupted((torch.rand_like(x) < torch.sigmoid(logits)).float())
                    before, after = (DEVIATION * torch.randn_like(top) for _ in range(2))
                    top = torch.tanh(torch.addmm(b2, h, w2) + before) + after
                optimizer.zero_grad()
                total.backward()
                optimizer.step()

        return run

    return rbm_loop(), gsn_loop()


def tensorflow_loops() -> tuple[Run, Run]:
    import tensorflow as tf

    random = tf.random.Generator.from_seed(0)

    def rbm_loop():
        weights = [tf.Variable(initial(PIXELS, UNITS)), tf.Variable(tf.zeros(UNITS)), tf.Variable(tf.zeros(PIXELS))]
        velocities = [tf.Variable(tf.zeros_like(p)) for p in weights]
        particles = tf.Variable(tf.zeros((BATCH, PIXELS)))

        @tf.function
        def step(images):
            w, c, b = weights
            x = tf.cast(images, "float32") / 255
            h = tf.cast(random.uniform((BATCH, UNITS)) < tf.sigmoid(tf.matmul(particles, w) + c), "float32")
            means = tf.sigmoid(tf.matmul(h, w, transpose_b=True) + b)
            v = tf.cast(random.uniform((BATCH, PIXELS)) < means, "float32")
            of_data, of_model = tf.sigmoid(tf.matmul(x, w) + c), tf.sigmoid(tf.matmul(v, w) + c)
            logits = tf.matmul(of_data, w, transpose_b=True) + b
            loss = tf.reduce_mean(tf.reduce_sum(tf.nn.softplus(logits) - x * logits, 1))
            gradients = (
                (tf.matmul(v, of_model, transpose_a=True) - tf.matmul(x, of_data, transpose_a=True)) / BATCH,
                tf.reduce_mean(of_model, 0) - tf.reduce_mean(of_data, 0),
                tf.reduce_mean(v, 0) - tf.reduce_mean(x, 0),
            )
            for gradient, variable, velocity in zip(gradients, weights, velocities, strict=True):
                tf.raw_ops.ResourceApplyKerasMomentum(
                    var=variable.handle,
                    accum=velocity.handle,
                    lr=LEARNING_RATE,
                    grad=gradient,
                    momentum=MOMENTUM,
                    use_locking=False,
                )
            particles.assign(v)
            return loss

        return step, weights

    def gsn_loop():
        kernels = [tf.Variable(initial(*shape)) for shape in ((PIXELS, GSN_UNITS), (GSN_UNITS, GSN_UNITS))]
        biases = [tf.Variable(tf.zeros(size)) for size in (PIXELS, GSN_UNITS, GSN_UNITS)]
        weights = [*kernels, *biases]
        moments = [(tf.Variable(tf.zeros_like(p)), tf.Variable(tf.zeros_like(p))) for p in weights]
        powers = tf.Variable(1.0), tf.Variable(1.0)

        def corrupted(x):
            chance = random.uniform(x.shape)
            return tf.where(chance < CORRUPTION / 2, 0.0, tf.where(chance > 1 - CORRUPTION / 2, 1.0, x))

        @tf.function
        def step(images):
            x = tf.cast(images, "float32") / 255
            x.set_shape((BATCH, PIXELS))
            (w1, w2), (b0, b1, b2) = kernels, biases
            with tf.GradientTape() as tape:
                v, top, total = corrupted(x), tf.zeros((BATCH, GSN_UNITS)), 0.0
                for _ in range(WALKBACKS):
                    h = tf.tanh(tf.matmul(v, w1) + tf.matmul(top, w2, transpose_b=True) + b1)
                    logits = tf.matmul(h, w1, transpose_b=True) + b0
                    total += tf.reduce_mean(tf.nn.softplus(logits) - x * logits)
                    v = corrupted(tf.cast(random.uniform(x.shape) < tf.sigmoid(logits), "float32"))
                    before, after = (DEVIATION * random.normal(top.shape) for _ in range(2))
                    top = tf.tanh(tf.matmul(h, w2) + b2 + before) + after
            powers[0].assign(powers[0] * 0.9)
            powers[1].assign(powers[1] * 0.999)
            for gradient, variable, (m, v) in zip(tape.gradient(total, weights), weights, moments, strict=True):
                tf.raw_ops.ResourceApplyAdam(
                    var=variable.handle,
                    m=m.handle,
                    v=v.handle,
                    beta1_power=powers[0],
                    beta2_power=powers[1],
                    lr=ADAM_RATE,
                    beta1=0.9,
                    beta2=0.999,
                    epsilon=1e-7,
                    grad=gradient,
                )
            return total

        return step, weights

    def loop(step, weights):
        def run(num):
            for images in batches(num):
                step(tf.constant(images))
            weights[0].numpy()

        return run

    return loop(*rbm_loop()), loop(*gsn_loop())


LOOPS = {"jax": jax_loops, "torch": torch_loops, "tensorflow": tensorflow_loops}


def fits() -> tuple[Run, Run]:
    """The same two systems, as their recipes train them."""
    scale = keras.layers.Rescaling(1 / 255)
    dbn = kg.baselines.DBN((PIXELS,), hidden=(UNITS,), particles=BATCH, preprocessing=scale, num_starts=BATCH)
    dbn.compile(kg.optimizers.SGD(LEARNING_RATE, MOMENTUM))
    gsn = kg.baselines.DeepGSN(
        (PIXELS,), (GSN_UNITS, GSN_UNITS), WALKBACKS, CORRUPTION, DEVIATION, preprocessing=scale, num_starts=BATCH
    )
    gsn.compile(keras.optimizers.Adam(ADAM_RATE))

    def fit(model):
        return lambda num: model.fit(np.concatenate([*batches(num)]), batch_size=BATCH, verbose=0)

    return fit(dbn), fit(gsn)


def product() -> Run:
    a = keras.ops.convert_to_tensor(np.random.default_rng(0).normal(size=(MATRIX, MATRIX)).astype("float32"))

    def run(num):
        for _ in range(num):
            result = keras.ops.matmul(a, a)
        keras.ops.convert_to_numpy(result)

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--updates", type=int, default=300, help="per round and contender")
    parser.add_argument("--tiny", action="store_true", help="4 units everywhere: what is left surrounds the arithmetic")
    arguments = parser.parse_args()
    if arguments.tiny:
        global PIXELS, UNITS, GSN_UNITS
        PIXELS = UNITS = GSN_UNITS = 4
    hands, ours = LOOPS[keras.backend.backend()](), fits()
    contenders = {
        "product": (product(), 10, 2 * MATRIX**3 / 1e9),
        "RBM, loop by hand": (hands[0], arguments.updates, RBM_GFLOP),
        "RBM, fit": (ours[0], arguments.updates, RBM_GFLOP),
        "GSN, loop by hand": (hands[1], arguments.updates, GSN_GFLOP),
        "GSN, fit": (ours[1], arguments.updates, GSN_GFLOP),
    }
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(arguments.rounds + 1):
        for name, (run, updates, _) in contenders.items():
            started = time.perf_counter()
            run(updates)
            if number:  # the first compiles
                seconds[name].append((time.perf_counter() - started) / updates)
    print(kg.startup.versions())
    print(f"{'contender':20}{'ms per update':>15}" + ("" if arguments.tiny else f"{'GFLOP/s':>10}"))
    for name, (_, _, gflop) in contenders.items():
        median = statistics.median(seconds[name])
        print(f"{name:20}{1000 * median:15.2f}" + ("" if arguments.tiny else f"{gflop / median:10.1f}"))
    if arguments.tiny:
        return
    for system in ("RBM", "GSN"):
        pairs = zip(seconds[f"{system}, fit"], seconds[f"{system}, loop by hand"], strict=True)
        ratio = statistics.median(ours / hand for ours, hand in pairs)
        print(f"{'met' if ratio <= BAR else 'MISSED':8}{system}, fit / loop: {ratio:.2f} (bar: <= {BAR})")


if __name__ == "__main__":
    main()
