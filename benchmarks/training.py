"""Times one MNIST update (batch 100): hand-written loops against `GAN.fit`, on TensorFlow, JAX and PyTorch.

    python benchmarks/training.py                          # the table of docs/benchmark.md
    python benchmarks/training.py --minutes 5              # as many rounds as fit into five minutes
    python benchmarks/training.py --only jax --blocks 3    # contenders with "jax" in their name, and no others

Every contender plays the same game: the paper's MNIST networks, non-saturating loss, half weight on the
discriminator's loss, SGD with learning rate 0.1 and classical momentum 0.5, fresh uint8 images, noise and dropout
masks at every step. The hand-written loops log nothing; `GAN.fit` logs all its default metrics. The images are random
bytes: only time matters here. `loop` is written by hand; `joint` is the same with one batch of data and samples through
the discriminator, which is the same game where no layer has statistics of a batch; `copied` is the class that
tutorials have: a `keras.Model` with two of Keras's optimizers, a joint batch and `fit`; `fit10` is `GAN.fit` with
`steps_per_execution=10`, which spares TensorFlow the way through Python in nine of ten updates. Where the packages
torchgan and torchvision are installed, `torchgan` is an iteration of its Trainer. A second game has the penalties R1
and R2 on the discriminator's slope, and no dropout, as `mnist-r1` has none.

For each framework, one worker process builds and compiles its contenders. Then the workers take turns, one block of one
contender at a time while the others sleep, so that a slow minute of the machine falls on all of them. Each worker
also times the multiplication of square matrices, in turn with the rest.
"""

import argparse
import dataclasses
import importlib.util
import itertools
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

FRAMEWORKS = ("tensorflow", "jax", "torch")
UPDATES = ("alternating", "simultaneous")
PRECISIONS = ("float32", "mixed_bfloat16")
GAMMA = 2.0  # of R1 and of R2

BATCH, NOISE = 100, 100
GENERATOR_WIDTHS = (NOISE, 1200, 1200, 784)
UNITS, PIECES = 240, 5
DISCRIMINATOR_SHAPES = ((784, UNITS * PIECES), (UNITS, UNITS * PIECES), (UNITS, 1))
DROPOUT = (0.2, 0.5, 0.5)
LEARNING_RATE, MOMENTUM, DISCRIMINATOR_WEIGHT = 0.1, 0.5, 0.5
MATRIX = 2048

# The bars: `fit` against the hand-written loop of its framework, and that JAX loop against the machine.
FIT_BARS = {"tensorflow": 1.05, "jax": 1.05, "torch": 1.15}
PENALTIES_BAR = 1.10
MATMUL_BAR = 0.5

Block = Callable[[int], float]


@dataclasses.dataclass(frozen=True)
class Contender:
    """What is timed: `loop`, `joint` (both by hand), `copied`, `torchgan`, `fit` (`GAN.fit`), `matmul` (the machine).

    `fit10` is `fit` with `steps_per_execution=10`.
    """

    framework: str
    kind: str
    updates: str
    precision: str
    game: str = "plain"

    @property
    def name(self) -> str:
        return ":".join(dataclasses.astuple(self))


def contenders(only: str) -> list[Contender]:
    """All contenders with one of the comma-separated words of `only` in their name; the matmul rows always."""
    matmuls = [Contender(f, "matmul", "-", p) for f in FRAMEWORKS for p in PRECISIONS]
    kinds = ("loop", "joint", "fit")  # neighbours: a ratio is of blocks that follow each other
    trainers = [Contender(f, k, u, p) for u in UPDATES for p in PRECISIONS for f in FRAMEWORKS for k in kinds]
    trainers += [Contender(f, "copied", "alternating", "float32") for f in ("tensorflow", "torch")]
    if importlib.util.find_spec("torchgan"):
        trainers.append(Contender("torch", "torchgan", "alternating", "float32"))
    trainers += [Contender(f, k, u, "float32", "penalties") for u in UPDATES for f in FRAMEWORKS for k in kinds]
    # Keras on JAX takes the steps of an execution from Python all the same, and on PyTorch there is but one.
    trainers += [Contender("tensorflow", "fit10", u, "float32", g) for g in ("plain", "penalties") for u in UPDATES]
    trainers = [c for c in trainers if not only or any(word in c.name for word in only.split(","))]
    return [m for m in matmuls if m.framework in {t.framework for t in trainers}] + trainers


# Floating-point operations.


def step_gflop(updates: str) -> float:
    """Counts the products that one update cannot do without, 2 m n k each, in GFLOP.

    A layer `(m, k) @ (k, n)` costs the same three times: forward, gradient in its weights, gradient in its input.
    """
    generator = list(itertools.pairwise(GENERATOR_WIDTHS))
    discriminator = list(DISCRIMINATOR_SHAPES)

    def cost(layers: list[tuple[int, int]]) -> int:
        return sum(2 * BATCH * inputs * outputs for inputs, outputs in layers)

    # The discriminator's step, on data and on samples. The gradient stops above the first layer's input.
    flop = 2 * (cost(discriminator) + cost(discriminator) + cost(discriminator[1:]))
    # The generator's step: samples; the gradient through the discriminator, down to the samples but in no weight of
    # it; the generator's weights; its layers' inputs, but for the noise.
    flop += cost(generator) + cost(discriminator) + cost(generator) + cost(generator[1:])
    if updates == "alternating":  # samples for the discriminator's step, and its updated opinion of fresh ones
        flop += cost(generator) + cost(discriminator)
    return flop / 1e9


# Hand-written loops. Each builder returns a function that runs so many steps and gives the seconds they took.


def image_bytes(num: int) -> Any:
    """Random bytes in the shape of MNIST, `(num, 28, 28, 1)`."""
    import numpy as np

    return np.random.default_rng(0).integers(0, 256, (num, 28, 28, 1), dtype="uint8")


def initial_weights() -> tuple[list[Any], list[Any]]:
    """NumPy weights of generator and discriminator, kernel and bias in turn, drawn as the recipe draws them."""
    import numpy as np

    rng = np.random.default_rng(1)

    def draw(shapes: Any, half_width: float) -> list[Any]:
        arrays = []
        for inputs, outputs in shapes:
            arrays += [rng.uniform(-half_width, half_width, (inputs, outputs)), np.zeros(outputs)]
        return [array.astype("float32") for array in arrays]

    return draw(itertools.pairwise(GENERATOR_WIDTHS), 0.05), draw(DISCRIMINATOR_SHAPES, 0.005)


def minibatches(num: int) -> Iterator[Any]:
    """Yields `num` minibatches of shape `(BATCH, 784)`, uint8, from an array shuffled once."""
    import numpy as np

    images = image_bytes(BATCH * num).reshape(-1, 784)  # made here, before the clock starts: only slicing is timed
    order = np.random.default_rng().permutation(len(images))
    return (images[order[i * BATCH : (i + 1) * BATCH]] for i in range(num))


def timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def tensorflow_loop(updates: str, precision: str, joint: bool, penalties: bool) -> Block:
    """A loop of one `tf.function` per step, with the fused momentum kernel and philox dropout."""
    import tensorflow as tf

    half = tf.bfloat16 if precision == "mixed_bfloat16" else tf.float32
    g, d = ([tf.Variable(array) for array in arrays] for arrays in initial_weights())
    velocities = {v.ref(): tf.Variable(tf.zeros_like(v)) for v in g + d}
    random = tf.random.Generator.from_seed(0)

    def dense(x: Any, kernel: Any, bias: Any) -> Any:
        return tf.nn.bias_add(tf.matmul(tf.cast(x, half), tf.cast(kernel, half)), tf.cast(bias, half))

    def generator() -> Any:
        x = random.uniform((BATCH, NOISE), -(3**0.5), 3**0.5)
        x = tf.nn.relu(dense(x, *g[0:2]))
        x = tf.nn.relu(dense(x, *g[2:4]))
        return tf.cast(tf.sigmoid(tf.cast(dense(x, *g[4:6]), tf.float32)), half)

    def dropout(x: Any, rate: float) -> Any:
        if penalties:
            return x
        return tf.nn.experimental.stateless_dropout(x, rate, seed=random.make_seeds()[:, 0], rng_alg="philox")

    def maxout(x: Any) -> Any:
        return tf.reduce_max(tf.reshape(x, (len(x), UNITS, PIECES)), axis=-1)

    def discriminator(x: Any) -> Any:
        x = maxout(dense(dropout(x, DROPOUT[0]), *d[0:2]))
        x = maxout(dense(dropout(x, DROPOUT[1]), *d[2:4]))
        return tf.cast(dense(dropout(x, DROPOUT[2]), *d[4:6]), tf.float32)

    def judge(x: Any) -> tuple[Any, Any]:
        """Logits, and what their slopes cost."""
        if not penalties:
            return discriminator(x), 0.0
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            logits = discriminator(x)
            total = tf.reduce_sum(logits)
        return logits, GAMMA / 2 * tf.reduce_sum(tape.gradient(total, x) ** 2) / BATCH

    def judged(real: Any, fake: Any) -> tuple[Any, Any, Any]:
        if joint:
            logits, cost = judge(tf.concat([real, fake], 0))
            return *tf.split(logits, 2), cost
        (of_real, real_cost), (of_fake, fake_cost) = judge(real), judge(fake)
        return of_real, of_fake, real_cost + fake_cost

    def discriminator_loss(real: Any, fake: Any, cost: Any) -> Any:
        loss = tf.reduce_mean(tf.nn.softplus(-real)) + tf.reduce_mean(tf.nn.softplus(fake))
        return DISCRIMINATOR_WEIGHT * loss + cost

    def generator_loss(fake: Any) -> Any:
        return tf.reduce_mean(tf.nn.softplus(-fake))

    def update(gradients: Any, variables: Any) -> None:
        for gradient, variable in zip(gradients, variables, strict=True):
            tf.raw_ops.ResourceApplyKerasMomentum(
                var=variable.handle,
                accum=velocities[variable.ref()].handle,
                lr=LEARNING_RATE,
                grad=gradient,
                momentum=MOMENTUM,
                use_locking=False,
            )

    @tf.function
    def step(images: Any) -> None:
        real = tf.reshape(tf.cast(images, half) / 255, (BATCH, 784))
        if updates == "simultaneous":
            with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
                tape.watch(g + d)
                real_logits, fake_logits, cost = judged(real, generator())
                d_loss = discriminator_loss(real_logits, fake_logits, cost)
                g_loss = generator_loss(fake_logits)
            d_gradients, g_gradients = tape.gradient(d_loss, d), tape.gradient(g_loss, g)
            update(d_gradients, d)
            update(g_gradients, g)
            return
        fake = generator()
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(d)
            d_loss = discriminator_loss(*judged(real, fake))
        update(tape.gradient(d_loss, d), d)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(g)
            g_loss = generator_loss(discriminator(generator()))
        update(tape.gradient(g_loss, g), g)

    def run(num_steps: int) -> float:
        batches = minibatches(num_steps)

        def steps() -> None:
            for images in batches:
                step(tf.constant(images))
            g[0].numpy(), d[0].numpy()

        return timed(steps)

    return run


def jax_step(
    updates: str, precision: str, joint: bool = False, penalties: bool = False
) -> tuple[Callable[..., Any], Any]:
    """One jitted step that donates its state, gradients by `jax.vjp` and `jax.grad`; and the state to start from."""
    import jax
    import jax.numpy as jnp

    half = jnp.bfloat16 if precision == "mixed_bfloat16" else jnp.float32

    def dense(x: Any, kernel: Any, bias: Any) -> Any:
        return x.astype(half) @ kernel.astype(half) + bias.astype(half)

    def generator(g: Any, key: Any) -> Any:
        x = jax.random.uniform(key, (BATCH, NOISE), jnp.float32, -(3**0.5), 3**0.5)
        x = jax.nn.relu(dense(x, *g[0:2]))
        x = jax.nn.relu(dense(x, *g[2:4]))
        return jax.nn.sigmoid(dense(x, *g[4:6]).astype(jnp.float32))

    def dropout(x: Any, rate: float, key: Any) -> Any:
        if penalties:
            return x
        return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), jnp.zeros_like(x))

    def maxout(x: Any) -> Any:
        # Not jnp.max: its gradient compares, counts and divides, and costs an eighth of the step.
        x = x.reshape(len(x), UNITS, PIECES)
        chosen = jax.nn.one_hot(jnp.argmax(jax.lax.stop_gradient(x), axis=-1), PIECES, dtype=bool)
        return jnp.sum(jnp.where(chosen, x, 0), axis=-1)

    def discriminator(d: Any, x: Any, key: Any) -> Any:
        keys = jax.random.split(key, 3)
        x = maxout(dense(dropout(x, DROPOUT[0], keys[0]), *d[0:2]))
        x = maxout(dense(dropout(x, DROPOUT[1], keys[1]), *d[2:4]))
        return dense(dropout(x, DROPOUT[2], keys[2]), *d[4:6]).astype(jnp.float32)

    def judge(d: Any, x: Any, key: Any) -> tuple[Any, Any]:
        """Logits, and what their slopes cost."""
        if not penalties:
            return discriminator(d, x, key), 0.0

        def total(x: Any) -> tuple[Any, Any]:
            logits = discriminator(d, x, key)
            return jnp.sum(logits), logits

        slopes, logits = jax.grad(total, has_aux=True)(x)
        return logits, GAMMA / 2 * jnp.sum(slopes**2) / BATCH

    def judged(d: Any, real: Any, fake: Any, real_masks: Any, fake_masks: Any) -> tuple[Any, Any, Any]:
        if joint:
            logits, cost = judge(d, jnp.concatenate([real, fake]), real_masks)
            return *jnp.split(logits, 2), cost
        (of_real, real_cost), (of_fake, fake_cost) = judge(d, real, real_masks), judge(d, fake, fake_masks)
        return of_real, of_fake, real_cost + fake_cost

    def discriminator_loss(real: Any, fake: Any, cost: Any) -> Any:
        return DISCRIMINATOR_WEIGHT * (jnp.mean(jax.nn.softplus(-real)) + jnp.mean(jax.nn.softplus(fake))) + cost

    def generator_loss(fake: Any) -> Any:
        return jnp.mean(jax.nn.softplus(-fake))

    def update(weights: Any, velocities: Any, gradients: Any) -> tuple[list[Any], list[Any]]:
        velocities = [MOMENTUM * v - LEARNING_RATE * dw for v, dw in zip(velocities, gradients, strict=True)]
        return [w + v for w, v in zip(weights, velocities, strict=True)], velocities

    def step(state: Any, images: Any) -> Any:
        g, d, g_velocities, d_velocities, key = state
        key, noise, real_masks, fake_masks, noise_again, masks_again = jax.random.split(key, 6)
        real = images.astype(jnp.float32) / 255
        if updates == "simultaneous":

            def losses(g: Any, d: Any) -> tuple[Any, Any]:
                real_logits, fake_logits, cost = judged(d, real, generator(g, noise), real_masks, fake_masks)
                return discriminator_loss(real_logits, fake_logits, cost), generator_loss(fake_logits)

            _, pullback = jax.vjp(losses, g, d)
            d_gradients, g_gradients = pullback((1.0, 0.0))[1], pullback((0.0, 1.0))[0]
            d, d_velocities = update(d, d_velocities, d_gradients)
        else:
            fake = generator(g, noise)

            def d_loss(d: Any) -> Any:
                return discriminator_loss(*judged(d, real, fake, real_masks, fake_masks))

            d, d_velocities = update(d, d_velocities, jax.grad(d_loss)(d))
            g_gradients = jax.grad(lambda g: generator_loss(discriminator(d, generator(g, noise_again), masks_again)))(
                g
            )
        g, g_velocities = update(g, g_velocities, g_gradients)
        return g, d, g_velocities, d_velocities, key

    step = jax.jit(step, donate_argnums=0)
    g, d = ([jnp.asarray(array) for array in arrays] for arrays in initial_weights())
    return step, [g, d, [jnp.zeros_like(w) for w in g], [jnp.zeros_like(w) for w in d], jax.random.key(0)]


def jax_loop(updates: str, precision: str, joint: bool, penalties: bool) -> Block:
    """`jax_step` again and again, waiting for the work at the end."""
    import jax

    step, state = jax_step(updates, precision, joint, penalties)

    def run(num_steps: int) -> float:
        batches = minibatches(num_steps)

        def steps() -> None:
            nonlocal state
            for images in batches:
                state = step(state, images)
            jax.block_until_ready(state)

        return timed(steps)

    return run


def torch_loop(updates: str, precision: str, joint: bool, penalties: bool) -> Block:
    """Eager, with PyTorch's fused SGD; gradients of one player at a time by `torch.autograd.grad`."""
    import torch
    from torch.nn import functional

    half = torch.bfloat16 if precision == "mixed_bfloat16" else torch.float32
    g, d = ([torch.tensor(array, requires_grad=True) for array in arrays] for arrays in initial_weights())
    # Its velocity is ours divided by minus the learning rate, the same as long as that rate is constant.
    g_optimizer, d_optimizer = (torch.optim.SGD(w, LEARNING_RATE, MOMENTUM, fused=True) for w in (g, d))

    def dense(x: Any, kernel: Any, bias: Any) -> Any:
        return torch.addmm(bias.to(half), x.to(half), kernel.to(half))

    def generator() -> Any:
        x = torch.empty(BATCH, NOISE).uniform_(-(3**0.5), 3**0.5)
        x = torch.relu(dense(x, *g[0:2]))
        x = torch.relu(dense(x, *g[2:4]))
        return torch.sigmoid(dense(x, *g[4:6]).float())

    def maxout(x: Any) -> Any:
        return x.view(len(x), UNITS, PIECES).max(-1).values

    def dropout(x: Any, rate: float) -> Any:
        return x if penalties else functional.dropout(x, rate)

    def discriminator(x: Any) -> Any:
        x = maxout(dense(dropout(x, DROPOUT[0]), *d[0:2]))
        x = maxout(dense(dropout(x, DROPOUT[1]), *d[2:4]))
        return dense(dropout(x, DROPOUT[2]), *d[4:6]).float()

    def judge(x: Any) -> tuple[Any, Any]:
        """Logits, and what their slopes cost."""
        if not penalties:
            return discriminator(x), 0.0
        if not x.requires_grad:
            x.requires_grad_()
        logits = discriminator(x)
        (slopes,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
        return logits, GAMMA / 2 * slopes.square().sum() / BATCH

    def judged(real: Any, fake: Any) -> tuple[Any, Any, Any]:
        if joint:
            logits, cost = judge(torch.cat([real, fake]))
            return *logits.chunk(2), cost
        (of_real, real_cost), (of_fake, fake_cost) = judge(real), judge(fake)
        return of_real, of_fake, real_cost + fake_cost

    def discriminator_loss(real: Any, fake: Any, cost: Any) -> Any:
        return DISCRIMINATOR_WEIGHT * (functional.softplus(-real).mean() + functional.softplus(fake).mean()) + cost

    def generator_loss(fake: Any) -> Any:
        return functional.softplus(-fake).mean()

    def update(gradients: Any, weights: Any, optimizer: Any) -> None:
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient
        optimizer.step()

    def step(images: Any) -> None:
        real = images.float().div_(255)
        if updates == "simultaneous":
            real_logits, fake_logits, cost = judged(real, generator())
            d_loss = discriminator_loss(real_logits, fake_logits, cost)
            d_gradients = torch.autograd.grad(d_loss, d, retain_graph=True)
            g_gradients = torch.autograd.grad(generator_loss(fake_logits), g)
            update(d_gradients, d, d_optimizer)
            update(g_gradients, g, g_optimizer)
            return
        with torch.no_grad():
            fake = generator()
        d_loss = discriminator_loss(*judged(real, fake))
        update(torch.autograd.grad(d_loss, d), d, d_optimizer)
        update(torch.autograd.grad(generator_loss(discriminator(generator())), g), g, g_optimizer)

    def run(num_steps: int) -> float:
        batches = minibatches(num_steps)

        def steps() -> None:
            for images in batches:
                step(torch.from_numpy(images))

        return timed(steps)

    return run


# `GAN.fit`, what tutorials have in its place, and the machine's own rate.


def copied_block() -> Block:
    """A GAN as tutorials write it, with the same networks: a joint batch, then the generator's step."""
    import keras

    import keras_gan

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        def descend(loss_of: Any, variables: Any, optimizer: Any) -> Any:
            with tf.GradientTape() as tape:
                loss = loss_of()
            optimizer.apply(tape.gradient(loss, [v.value for v in variables]), variables)
            return loss
    else:
        import torch

        def descend(loss_of: Any, variables: Any, optimizer: Any) -> Any:
            for variable in variables:
                variable.value.grad = None
            loss = loss_of()
            loss.backward()
            with torch.no_grad():
                optimizer.apply([v.value.grad for v in variables], variables)
            return loss.detach()

    class Copied(keras.Model):
        def __init__(self, generator: Any, discriminator: Any) -> None:
            super().__init__()
            self.generator, self.discriminator = generator, discriminator
            self.built = True  # else Keras asks for a call() on PyTorch
            self.seed = keras.random.SeedGenerator(0)
            self.loss_of = keras.losses.BinaryCrossentropy(from_logits=True)
            self.means = [keras.metrics.Mean(name=name) for name in ("d_loss", "g_loss")]
            self.optimizers = [keras.optimizers.SGD(LEARNING_RATE, MOMENTUM) for _ in range(2)]
            for network, optimizer in zip((discriminator, generator), self.optimizers, strict=True):
                optimizer.build(network.trainable_variables)

        @property
        def metrics(self) -> Any:
            return self.means

        def noise(self) -> Any:
            return keras.random.uniform((BATCH, NOISE), -(3**0.5), 3**0.5, seed=self.seed)

        def train_step(self, images: Any) -> Any:
            images = images[0] if isinstance(images, (tuple, list)) else images
            real = keras.ops.cast(images, "float32") / 255
            both = keras.ops.concatenate([real, keras.ops.stop_gradient(self.generator(self.noise(), training=True))])
            labels = keras.ops.concatenate([keras.ops.ones((BATCH, 1)), keras.ops.zeros((BATCH, 1))])

            def d_loss() -> Any:
                return self.loss_of(labels, self.discriminator(both, training=True))

            def g_loss() -> Any:
                samples = self.generator(self.noise(), training=True)
                return self.loss_of(keras.ops.ones((BATCH, 1)), self.discriminator(samples, training=True))

            players = (d_loss, self.discriminator), (g_loss, self.generator)
            for (loss, player), optimizer, mean in zip(players, self.optimizers, self.means, strict=True):
                mean.update_state(descend(loss, player.trainable_variables, optimizer))
            return {mean.name: mean.result() for mean in self.means}

    gan = Copied(*keras_gan.networks.build("mnist"))
    gan.compile()
    return lambda num_steps: fit_seconds(gan, image_bytes(BATCH * num_steps), BATCH)


def torchgan_block() -> Block:
    """Iterations of torchgan's Trainer on the same networks: no loader, no files, and no samples at an epoch's end."""
    import tempfile

    import torch
    from torchgan.losses import MinimaxDiscriminatorLoss, MinimaxGeneratorLoss
    from torchgan.models import Discriminator, Generator
    from torchgan.trainer import Trainer

    class MaxoutLayer(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return x.view(len(x), UNITS, PIECES).max(-1).values

    def layers(kernels: Any, hidden: Any, dropout: Any = ()) -> Any:
        made: list[Any] = []
        for place, (inputs, outputs) in enumerate(kernels):
            made += [torch.nn.Dropout(rate) for rate in dropout[place : place + 1]]
            made += [torch.nn.Linear(inputs, outputs), *([hidden()] if place < len(kernels) - 1 else [])]
        return torch.nn.Sequential(*made)

    class MnistGenerator(Generator):
        def __init__(self) -> None:
            super().__init__(NOISE, label_type="none")
            self.layers = layers(list(itertools.pairwise(GENERATOR_WIDTHS)), torch.nn.ReLU)

        def forward(self, z: Any) -> Any:
            return torch.sigmoid(self.layers(z))

    class MnistDiscriminator(Discriminator):
        def __init__(self) -> None:
            super().__init__(DISCRIMINATOR_SHAPES[0][0], label_type="none")
            self.layers = layers(DISCRIMINATOR_SHAPES, MaxoutLayer, DROPOUT)

        def forward(self, x: Any) -> Any:
            return self.layers(x)

    optimizer = {"name": torch.optim.SGD, "args": {"lr": LEARNING_RATE, "momentum": MOMENTUM, "fused": True}}
    folder = tempfile.TemporaryDirectory()
    trainer = Trainer(
        {
            "generator": {"name": MnistGenerator, "optimizer": optimizer},
            "discriminator": {"name": MnistDiscriminator, "optimizer": optimizer},
        },
        [MinimaxDiscriminatorLoss(), MinimaxGeneratorLoss()],
        device=torch.device("cpu"),
        checkpoints=f"{folder.name}/gan",
        recon=folder.name,
    )
    trainer.batch_size = BATCH

    def run(num_steps: int) -> float:
        batches = minibatches(num_steps)

        def steps() -> None:
            for images in batches:
                trainer.real_inputs = torch.from_numpy(images).float().div_(255)
                trainer.train_iter()

        return timed(steps)

    return run


def fit_block(updates: str, precision: str, penalties: bool, steps_per_execution: int) -> Block:
    """`GAN.fit` with its default metrics, on whichever backend KERAS_BACKEND names."""
    import keras

    import keras_gan

    keras.config.set_dtype_policy(precision)
    generator, discriminator = keras_gan.networks.build("mnist", dropout=not penalties)
    gan = keras_gan.GAN(generator, discriminator, preprocessing=keras.layers.Rescaling(1 / 255))
    keras.config.set_dtype_policy("float32")
    gan.compile(
        objective="non_saturating",
        updates=updates,
        discriminator_weight=DISCRIMINATOR_WEIGHT,
        penalties=[keras_gan.penalties.R1(GAMMA), keras_gan.penalties.R2(GAMMA)] if penalties else None,
        steps_per_execution=steps_per_execution,
    )
    return lambda num_steps: fit_seconds(gan, image_bytes(BATCH * num_steps), BATCH)


def fit_seconds(gan: Any, images: Any, batch_size: int) -> float:
    """Seconds of an epoch, from its first batch to its logs, numbers that wait for all the work.

    An epoch of MNIST has 500 steps, a block far fewer, and the set-up of `fit` would weigh too much.
    """
    import keras

    class Clock(keras.callbacks.Callback):
        async_safe = True  # it reads no logs of a batch: let those run ahead

        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.start = None

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
            self.start = self.start or time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            assert all(value == value for value in map(float, logs.values()))
            self.seconds = time.perf_counter() - self.start

    clock = Clock()
    gan.fit(images, batch_size=batch_size, epochs=1, verbose=0, callbacks=[clock])
    return clock.seconds


def matmul_block(framework: str, precision: str) -> Block:
    """Square products, one after the other."""
    import numpy as np

    dtype = "bfloat16" if precision == "mixed_bfloat16" else "float32"
    array = np.random.default_rng(0).normal(size=(MATRIX, MATRIX)).astype("float32")
    if framework == "tensorflow":
        import tensorflow as tf

        matrix = tf.cast(tf.constant(array), dtype)
        product = tf.function(lambda: tf.matmul(matrix, matrix))

        def multiply() -> None:
            product()

    elif framework == "jax":
        import jax
        import jax.numpy as jnp

        matrix = jnp.asarray(array, dtype)
        jitted = jax.jit(jnp.matmul)

        def multiply() -> None:
            jitted(matrix, matrix).block_until_ready()

    else:
        import torch

        matrix = torch.tensor(array).to(getattr(torch, dtype))

        def multiply() -> None:
            torch.mm(matrix, matrix)

    def run(num_steps: int) -> float:
        return timed(lambda: [multiply() for _ in range(num_steps)])

    return run


def build_block(contender: Contender) -> Block:
    if contender.kind == "matmul":
        return matmul_block(contender.framework, contender.precision)
    game = contender.updates, contender.precision
    penalties = contender.game == "penalties"
    if contender.kind in ("fit", "fit10"):
        return fit_block(*game, penalties, 10 if contender.kind == "fit10" else 1)
    if contender.kind == "copied":
        return copied_block()
    if contender.kind == "torchgan":
        return torchgan_block()
    loops = {"tensorflow": tensorflow_loop, "jax": jax_loop, "torch": torch_loop}
    return loops[contender.framework](*game, contender.kind == "joint", penalties)


# Workers, and the process that gives them their turns.


def work(framework: str, names: list[str]) -> None:
    """A worker: builds and warms up its contenders, then runs the block that each line of stdin asks for."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a framework prints must not mix with the answers
    blocks = {}
    for name in names:
        blocks[name] = build_block(Contender(*name.split(":")))
        blocks[name](3)
    answers.write("ready\n")
    for line in sys.stdin:
        name, num_steps = line.split()
        answers.write(f"{blocks[name](int(num_steps))}\n")


class Worker:
    """A framework's process, seen from outside."""

    def __init__(self, framework: str, names: list[str]) -> None:
        environment = {
            **os.environ,
            "KERAS_BACKEND": framework,
            "CUDA_VISIBLE_DEVICES": "",
            "TF_CPP_MIN_LOG_LEVEL": "2",
        }
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--worker", framework, *names],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.read()

    def read(self) -> str:
        assert self.process.stdout is not None
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError("A worker stopped; its error is above.")
        return answer

    def seconds(self, name: str, num_steps: int) -> float:
        """Runs a block and waits for its time."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{name} {num_steps}\n")
        self.process.stdin.flush()
        return float(self.read())

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def measure(
    chosen: list[Contender], num_blocks: int, num_steps: int, minutes: float = math.inf
) -> dict[Contender, list[float]]:
    """Returns the seconds per step of every block, contender by contender, with blocks in turn.

    A round is not begun if it would end after so many minutes; the first is run in any case.
    """
    started = time.perf_counter()
    names = {f: [c.name for c in chosen if c.framework == f] for f in FRAMEWORKS}
    workers = {f: Worker(f, names[f]) for f in FRAMEWORKS if names[f]}
    seconds: dict[Contender, list[float]] = {contender: [] for contender in chosen}
    for block in range(num_blocks):
        begun = time.perf_counter()
        for contender in chosen:
            count = 10 if contender.kind == "matmul" else num_steps
            seconds[contender].append(workers[contender.framework].seconds(contender.name, count) / count)
            last = f"{1000 * seconds[contender][-1]:8.1f} ms per step"
            print(f"round {block + 1} of {num_blocks}  {contender.name:48}{last}", file=sys.stderr, flush=True)
        now = time.perf_counter()
        if now - started + (now - begun) > 60 * minutes:
            break
    for worker in workers.values():
        worker.close()
    return seconds


def report(seconds: dict[Contender, list[float]]) -> str:
    """The table and the bars as text, from the seconds per step of every block."""
    medians = {contender: statistics.median(times) for contender, times in seconds.items()}

    def rate(contender: Contender) -> float:
        gflop = 2 * MATRIX**3 / 1e9 if contender.kind == "matmul" else step_gflop(contender.updates)
        return gflop / medians[contender]

    rates = {c: rate(c) for c in medians if c.game == "plain"}  # of products that penalties need nothing is counted
    # Each block of `fit` by the block of its loop just before it: what the machine does meanwhile falls on both.
    ratios = {
        contender: statistics.median(fit / by_hand for fit, by_hand in zip(times, seconds[loop], strict=True))
        for contender, times in seconds.items()
        if contender.kind in ("fit", "fit10", "joint", "copied", "torchgan")
        and (loop := dataclasses.replace(contender, kind="loop")) in seconds
    }
    machine = max(r for c, r in rates.items() if c.kind == "matmul" and c.precision == "float32")
    lines = [
        f"GFLOP per step: {', '.join(f'{u} {step_gflop(u):.3f}' for u in UPDATES)}.",
        f"The machine's rate: {machine:.0f} GFLOP/s, the fastest float32 products of size {MATRIX}.",
        "",
    ]
    header = (
        "contender",
        "updates",
        "precision",
        "game",
        "ms/step",
        "min-max",
        "GFLOP/s",
        "of own",
        "of machine",
        "/ loop",
    )
    rows = [header]
    for contender, times in seconds.items():
        own = rates[Contender(contender.framework, "matmul", "-", contender.precision)]
        reached = rates.get(contender)
        rows.append(
            (
                f"{contender.framework} {contender.kind}",
                contender.updates,
                contender.precision,
                contender.game,
                f"{1e3 * medians[contender]:.1f}",
                f"{1e3 * min(times):.1f}-{1e3 * max(times):.1f}",
                *([f"{reached:.0f}", f"{reached / own:.2f}", f"{reached / machine:.2f}"] if reached else [""] * 3),
                f"{ratios[contender]:.3f}" if contender in ratios else "",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines += ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "", *bars(medians, ratios, rates, machine)])


def bars(
    medians: dict[Contender, float], ratios: dict[Contender, float], rates: dict[Contender, float], machine: float
) -> list[str]:
    """A line for each bar that this run can judge."""
    lines = []

    def judge(what: str, value: float, bar: float, at_most: bool = True) -> None:
        met = value <= bar if at_most else value >= bar
        lines.append(f"{'met   ' if met else 'MISSED'}  {what}: {value:.3f} (bar: {'<=' if at_most else '>='} {bar})")

    for contender, ratio in ratios.items():
        if (contender.kind, contender.precision) == ("fit", "float32"):
            bar = FIT_BARS[contender.framework] if contender.game == "plain" else PENALTIES_BAR
            game = contender.updates + (", penalties" if contender.game == "penalties" else "")
            judge(f"{contender.framework} fit / loop, {game}", ratio, bar)
            rivals = {c: m for c, m in medians.items() if c.kind in ("loop", "joint", "copied", "torchgan")}
            alike = ("framework", "updates", "precision", "game")
            rivals = {c: m for c, m in rivals.items() if all(getattr(c, a) == getattr(contender, a) for a in alike)}
            best = min(rivals, key=lambda rival: rivals[rival])
            named = f"{contender.framework} fit / fastest contender ({best.kind}), {game}"
            judge(named, medians[contender] / rivals[best], bar)
    for updates in UPDATES:
        loop = Contender("jax", "loop", updates, "float32")
        if loop in rates:
            judge(f"JAX loop / machine's products, {updates}", rates[loop] / machine, MATMUL_BAR, at_most=False)
        best = {
            kind: min(
                (
                    m
                    for c, m in medians.items()
                    if c == dataclasses.replace(c, kind=kind, updates=updates, precision="float32", game="plain")
                ),
                default=None,
            )
            for kind in ("fit", "loop")
        }
        if best["fit"] and best["loop"]:
            judge(f"fastest fit / fastest loop, {updates}", best["fit"] / best["loop"], 1.05)
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--blocks", type=int, default=7, help="blocks a contender; the median counts")
    parser.add_argument("--steps", type=int, default=60, help="steps a block")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no round that would end later")
    parser.add_argument("--only", default="", help="comma-separated words; a contender needs one in its name")
    parser.add_argument("--worker", nargs="+", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work(arguments.worker[0], arguments.worker[1:])
        return
    print(report(measure(contenders(arguments.only), arguments.blocks, arguments.steps, arguments.minutes)))


if __name__ == "__main__":
    main()
