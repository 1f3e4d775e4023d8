"""Times the paper's four models at full size on TensorFlow, JAX and PyTorch, and the convolutional one by hand.

    python benchmarks/models.py                      # the table: forward, one update in each mode, save, reload
    python benchmarks/models.py --models cifar10_conv --frameworks jax torch
    python benchmarks/models.py --by-hand            # `GAN.fit` against hand-written loops of the convolutional model

Each row of the table is a process of its own. It builds the model with the recipe's optimizer, draws 10 samples, makes
updates of the paper's minibatch in both modes, saves a `.keras` file, reads it again and checks that the same noise
gives the same samples. The seconds per step are the median of three `fit`s of `--steps` steps, after one that compiles.
The memory is the process's peak, including the framework.

The hand-written loops play the same game, simultaneous updates with a half weight on the discriminator's loss, and log
nothing. A process runs blocks of the loop and of `fit` in turn, and the ratio is that of their medians. The data are
random bytes.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from training import fit_seconds

FRAMEWORKS = ("tensorflow", "jax", "torch")
SHAPES = {"mnist": (28, 28, 1), "tfd": (48, 48, 1), "cifar10_dense": (32, 32, 3), "cifar10_conv": (32, 32, 3)}
BATCH = {"mnist": 100, "tfd": 100, "cifar10_dense": 100, "cifar10_conv": 128}
RATE, MOMENTUM, NOISE = 0.004, 0.5, 100
HAND_BAR = 1.1
Step = Callable[[Any], None]


# The table.


def build(name: str) -> Any:
    """The model's GAN, not compiled."""
    import keras

    import keras_gan as kg

    on_cifar10 = name.startswith("cifar10")
    prior = kg.priors.Uniform(NOISE) if name == "mnist" else kg.priors.Normal(NOISE)
    preprocessing = kg.layers.GlobalContrastNormalization(55.0) if on_cifar10 else keras.layers.Rescaling(1 / 255)
    return kg.GAN(*kg.networks.build(name), prior=prior, preprocessing=preprocessing)


def compiled(gan: Any, updates: str) -> Any:
    import keras_gan as kg

    gan.compile(
        generator_optimizer=kg.optimizers.SGD(RATE, MOMENTUM),
        discriminator_optimizer=kg.optimizers.SGD(RATE, MOMENTUM),
        objective="non_saturating",
        updates=updates,
        discriminator_weight=0.5,
    )
    return gan


def images(name: str, num_steps: int) -> Any:
    import numpy as np

    return np.random.default_rng(0).integers(0, 256, (BATCH[name] * num_steps, *SHAPES[name]), "uint8")


def step_seconds(gan: Any, name: str, num_steps: int) -> float:
    return fit_seconds(gan, images(name, num_steps), BATCH[name]) / num_steps


def row(name: str, num_steps: int) -> dict[str, Any]:
    """What the table says of a model on the framework of this process."""
    import resource

    import keras
    import numpy as np

    gan = build(name)
    found: dict[str, Any] = {
        "generator": gan.generator.count_params(),
        "discriminator": gan.discriminator.count_params(),
    }
    for updates in ("alternating", "simultaneous"):
        compiled(gan, updates)
        before = gan.generator.get_weights()[0], gan.discriminator.get_weights()[0]
        step_seconds(gan, name, 1)
        after = gan.generator.get_weights()[0], gan.discriminator.get_weights()[0]
        assert all((a != b).any() for a, b in zip(before, after, strict=True)), "an update changed nothing"
        found[updates] = statistics.median(step_seconds(gan, name, num_steps) for _ in range(3))
    start = time.perf_counter()
    samples = gan.sample(10, seed=0)
    found["forward"] = time.perf_counter() - start
    assert samples.shape == (10, *SHAPES[name])
    assert np.isfinite(samples).all()
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        gan.save(Path(folder) / "gan.keras")
        found["save"] = time.perf_counter() - start
        found["file"] = (Path(folder) / "gan.keras").stat().st_size
        found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024  # before a second copy is loaded
        start = time.perf_counter()
        loaded = keras.saving.load_model(Path(folder) / "gan.keras")
        found["reload"] = time.perf_counter() - start
    np.testing.assert_allclose(loaded.sample(10, seed=0), samples, rtol=1e-5, atol=1e-5)
    return found


def table(models: list[str], frameworks: list[str], num_steps: int) -> None:
    print(
        f"{'model':15s}{'framework':12s}{'parameters G':>14s}{'D':>12s}{'alternating':>13s}{'simultaneous':>14s}"
        f"{'10 samples':>12s}{'save':>8s}{'reload':>8s}{'.keras':>10s}{'peak':>10s}"
    )
    for name in models:
        for framework in frameworks:
            found = ask(framework, "--row", name, "--steps", str(num_steps))
            print(
                f"{name:15s}{framework:12s}{found['generator']:14,}{found['discriminator']:12,}"
                f"{found['alternating']:11.3f} s{found['simultaneous']:12.3f} s{found['forward']:10.2f} s"
                f"{found['save']:6.1f} s{found['reload']:6.1f} s{found['file'] / 1e6:7.0f} MB"
                f"{found['peak'] / 1e9:7.2f} GB",
                flush=True,
            )


def ask(framework: str, *arguments: str) -> dict[str, Any]:
    """What a process of the framework prints, from its last line of JSON."""
    environment = {**os.environ, "KERAS_BACKEND": framework, "CUDA_VISIBLE_DEVICES": "", "TF_CPP_MIN_LOG_LEVEL": "3"}
    result = subprocess.run(
        [sys.executable, __file__, *arguments], env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(result.stdout.splitlines()[-1])


# The convolutional model by hand: each builder returns a function of a minibatch of bytes that makes one update.


def initial_weights() -> tuple[list[Any], list[Any]]:
    """NumPy weights of generator and discriminator; convolution kernels are (row, column, in, out)."""
    import numpy as np

    random = np.random.default_rng(1)

    def draw(half_width: float, *shape: int) -> Any:
        return random.uniform(-half_width, half_width, shape).astype("float32")

    def zeros(*shape: int) -> Any:
        return np.zeros(shape, "float32")

    g = [draw(0.05, 100, 8000), zeros(8000), draw(0.05, 8000, 8000), zeros(8000), draw(0.05, 5, 5, 3, 80)]
    g.append(zeros(32, 32, 3))
    d = []
    for shape in ((8, 8, 3, 64), (8, 8, 32, 64), (5, 5, 32, 384), (4800, 2500), (500, 1)):
        d += [draw(0.005, *shape), zeros(shape[-1])]
    return g, d


LAYERS = ((4, 4), (3, 4), (3, 2))  # padding and pooling window of the convolutional layers; two pieces, stride 2


def tensorflow_step() -> Step:
    import tensorflow as tf

    g, d = ([tf.Variable(array) for array in arrays] for arrays in initial_weights())
    velocities = [tf.Variable(tf.zeros_like(v)) for v in g + d]
    random = tf.random.Generator.from_seed(0)
    batch = BATCH["cifar10_conv"]

    def generator() -> Any:
        x = tf.nn.relu(random.normal((batch, NOISE)) @ g[0] + g[1])
        x = tf.reshape(tf.sigmoid(x @ g[2] + g[3]), (batch, 10, 10, 80))
        return tf.nn.conv2d_transpose(x, g[4], (batch, 32, 32, 3), 3, "VALID") + g[5]

    def dropout(x: Any, rate: float) -> Any:
        return tf.nn.experimental.stateless_dropout(x, rate, seed=random.make_seeds()[:, 0], rng_alg="philox")

    def discriminator(x: Any) -> Any:
        for i, (padding, window) in enumerate(LAYERS):
            kernel, bias = d[2 * i : 2 * i + 2]
            sides = [[0, 0], [padding, padding], [padding, padding], [0, 0]]
            x = tf.nn.bias_add(tf.nn.conv2d(dropout(x, 0.5 if i else 0.2), kernel, 1, sides), bias)
            x = tf.reduce_max(tf.reshape(x, (batch, x.shape[1], x.shape[2], -1, 2)), axis=-1)
            x = tf.nn.max_pool2d(x, window, 2, [[0, 0], [0, 1], [0, 1], [0, 0]])
        x = dropout(tf.reshape(x, (batch, -1)), 0.5) @ d[6] + d[7]
        x = tf.reduce_max(tf.reshape(x, (batch, 500, 5)), axis=-1)
        return dropout(x, 0.5) @ d[8] + d[9]

    @tf.function
    def step(data: Any) -> None:
        x = tf.cast(data, tf.float32)
        x -= tf.reduce_mean(x, axis=(1, 2, 3), keepdims=True)
        x *= 55 / tf.sqrt(tf.reduce_sum(tf.square(x), axis=(1, 2, 3), keepdims=True))
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(g + d)
            fake = discriminator(generator())
            d_loss = 0.5 * (tf.reduce_mean(tf.nn.softplus(-discriminator(x))) + tf.reduce_mean(tf.nn.softplus(fake)))
            g_loss = tf.reduce_mean(tf.nn.softplus(-fake))
        gradients = tape.gradient(g_loss, g) + tape.gradient(d_loss, d)
        for variable, velocity, gradient in zip(g + d, velocities, gradients, strict=True):
            tf.raw_ops.ResourceApplyKerasMomentum(
                var=variable.handle,
                accum=velocity.handle,
                lr=RATE,
                grad=gradient,
                momentum=MOMENTUM,
                use_locking=False,
            )

    def run(data: Any) -> None:
        step(tf.constant(data))
        g[1].numpy()

    return run


def jax_step() -> Step:
    import jax
    import jax.numpy as jnp

    batch = BATCH["cifar10_conv"]

    def generator(g: Any, key: Any) -> Any:
        x = jax.nn.relu(jax.random.normal(key, (batch, NOISE)) @ g[0] + g[1])
        x = jax.nn.sigmoid(x @ g[2] + g[3]).reshape(batch, 10, 10, 80)
        kernel = jnp.swapaxes(g[4], 2, 3)
        return jax.lax.conv_transpose(x, kernel[::-1, ::-1], (3, 3), "VALID", dimension_numbers=LAYOUT) + g[5]

    def dropout(x: Any, rate: float, key: Any) -> Any:
        return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), jnp.zeros_like(x))

    def maxout(x: Any, pieces: int) -> Any:
        x = x.reshape(*x.shape[:-1], -1, pieces)
        chosen = jax.nn.one_hot(jnp.argmax(jax.lax.stop_gradient(x), axis=-1), pieces, dtype=bool)
        return jnp.sum(jnp.where(chosen, x, 0), axis=-1)

    def discriminator(d: Any, x: Any, key: Any) -> Any:
        keys = jax.random.split(key, 5)
        for i, (padding, window) in enumerate(LAYERS):
            x = dropout(x, 0.5 if i else 0.2, keys[i])
            x = jnp.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))  # a padded product is slow on CPUs
            x = jax.lax.conv_general_dilated(x, d[2 * i], (1, 1), "VALID", dimension_numbers=LAYOUT) + d[2 * i + 1]
            overhang = ((0, 0), (0, 1), (0, 1), (0, 0))
            shape = (1, window, window, 1)
            x = jax.lax.reduce_window(maxout(x, 2), -jnp.inf, jax.lax.max, shape, (1, 2, 2, 1), overhang)
        x = maxout(dropout(x.reshape(batch, -1), 0.5, keys[3]) @ d[6] + d[7], 5)
        return dropout(x, 0.5, keys[4]) @ d[8] + d[9]

    def step(state: Any, data: Any) -> Any:
        g, d, velocities, key = state
        key, noise, real_masks, fake_masks = jax.random.split(key, 4)
        x = data.astype(jnp.float32)
        x -= x.mean((1, 2, 3), keepdims=True)
        x *= 55 / jnp.sqrt(jnp.square(x).sum((1, 2, 3), keepdims=True))

        def losses(g: Any, d: Any) -> tuple[Any, Any]:
            fake, real = discriminator(d, generator(g, noise), fake_masks), discriminator(d, x, real_masks)
            return 0.5 * (jax.nn.softplus(-real).mean() + jax.nn.softplus(fake).mean()), jax.nn.softplus(-fake).mean()

        _, pullback = jax.vjp(losses, g, d)
        gradients = [*pullback((0.0, 1.0))[0], *pullback((1.0, 0.0))[1]]
        velocities = [MOMENTUM * v - RATE * dw for v, dw in zip(velocities, gradients, strict=True)]
        weights = [w + v for w, v in zip([*g, *d], velocities, strict=True)]
        return weights[: len(g)], weights[len(g) :], velocities, key

    step = jax.jit(step, donate_argnums=0)
    g, d = ([jnp.asarray(array) for array in arrays] for arrays in initial_weights())
    state = [g, d, [jnp.zeros_like(w) for w in g + d], jax.random.key(0)]

    def run(data: Any) -> None:
        nonlocal state
        state = jax.block_until_ready(step(state, data))

    return run


LAYOUT = ("NHWC", "HWIO", "NHWC")


def torch_step() -> Step:
    import torch
    from torch.nn import functional

    g_arrays, d_arrays = initial_weights()
    # PyTorch's own order of axes: (out, in, row, column), and (in, out, row, column) for a transposed convolution.
    g_arrays[4], g_arrays[5] = g_arrays[4].transpose(3, 2, 0, 1), g_arrays[5].transpose(2, 0, 1)
    d_arrays = [array.transpose(3, 2, 0, 1) if array.ndim == 4 else array for array in d_arrays]
    g, d = ([torch.tensor(a.copy(), requires_grad=True) for a in arrays] for arrays in (g_arrays, d_arrays))
    optimizers = [torch.optim.SGD(weights, RATE, MOMENTUM, fused=True) for weights in (g, d)]
    batch = BATCH["cifar10_conv"]

    def generator() -> Any:
        x = torch.relu(torch.addmm(g[1], torch.randn(batch, NOISE), g[0]))
        x = torch.sigmoid(torch.addmm(g[3], x, g[2])).view(batch, 10, 10, 80).permute(0, 3, 1, 2)
        return functional.conv_transpose2d(x, g[4], stride=3) + g[5]

    def discriminator(x: Any) -> Any:
        for i, (padding, window) in enumerate(LAYERS):
            x = functional.conv2d(functional.dropout(x, 0.5 if i else 0.2), *d[2 * i : 2 * i + 2], padding=padding)
            x = x.view(batch, -1, 2, *x.shape[2:]).max(2).values
            x = functional.max_pool2d(x, window, 2, ceil_mode=True)
        x = functional.dropout(x.flatten(1), 0.5)
        x = torch.addmm(d[7], x, d[6]).view(batch, 500, 5).max(-1).values
        return torch.addmm(d[9], functional.dropout(x, 0.5), d[8])

    def run(data: Any) -> None:
        x = torch.from_numpy(data).permute(0, 3, 1, 2).float()
        x -= x.mean((1, 2, 3), keepdim=True)
        x *= 55 / x.square().sum((1, 2, 3), keepdim=True).sqrt()
        fake = discriminator(generator())
        d_loss = 0.5 * (functional.softplus(-discriminator(x)).mean() + functional.softplus(fake).mean())
        gradients = [
            torch.autograd.grad(functional.softplus(-fake).mean(), g, retain_graph=True),
            torch.autograd.grad(d_loss, d),
        ]
        for optimizer, weights, own in zip(optimizers, (g, d), gradients, strict=True):
            for weight, gradient in zip(weights, own, strict=True):
                weight.grad = gradient
            optimizer.step()

    return run


def by_hand(framework: str, num_blocks: int, num_steps: int) -> dict[str, Any]:
    """Seconds per step of every block, of the loop and of `fit` in turn."""
    name = "cifar10_conv"
    step = {"tensorflow": tensorflow_step, "jax": jax_step, "torch": torch_step}[framework]()
    gan = compiled(build(name), "simultaneous")
    step(images(name, 1))
    step_seconds(gan, name, 1)
    seconds: dict[str, list[float]] = {"loop": [], "fit": []}
    for _ in range(num_blocks):
        data = images(name, num_steps).reshape(num_steps, BATCH[name], *SHAPES[name])
        start = time.perf_counter()
        for batch in data:
            step(batch)
        seconds["loop"].append((time.perf_counter() - start) / num_steps)
        seconds["fit"].append(step_seconds(gan, name, num_steps))
    return seconds


def compare(frameworks: list[str], num_blocks: int, num_steps: int) -> None:
    print(f"{'framework':12s}{'loop':>10s}{'fit':>10s}{'fit / loop':>12s}   bar: at most {HAND_BAR}")
    for framework in frameworks:
        seconds = ask(framework, "--hand", framework, "--blocks", str(num_blocks), "--steps", str(num_steps))
        loop, fit = (statistics.median(seconds[kind]) for kind in ("loop", "fit"))
        met = "met" if fit / loop <= HAND_BAR else "MISSED"
        print(f"{framework:12s}{loop:8.3f} s{fit:8.3f} s{fit / loop:12.3f}   {met}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", choices=list(SHAPES), default=list(SHAPES))
    parser.add_argument("--frameworks", nargs="+", choices=FRAMEWORKS, default=list(FRAMEWORKS))
    parser.add_argument("--steps", type=int, default=3, help="steps a block")
    parser.add_argument("--blocks", type=int, default=5, help="blocks of loop and fit in turn")
    parser.add_argument("--by-hand", action="store_true", help="the convolutional model against hand-written loops")
    parser.add_argument("--row", help=argparse.SUPPRESS)
    parser.add_argument("--hand", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.row:
        print(json.dumps(row(arguments.row, arguments.steps)))
    elif arguments.hand:
        print(json.dumps(by_hand(arguments.hand, arguments.blocks, arguments.steps)))
    elif arguments.by_hand:
        compare(arguments.frameworks, arguments.blocks, arguments.steps)
    else:
        table(arguments.models, arguments.frameworks, arguments.steps)


if __name__ == "__main__":
    main()
