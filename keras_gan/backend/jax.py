"""JAX: a step is a pure function of the variables' values, gradients come from `jax.vjp`."""

import contextlib
import functools
import os

import jax
import keras
import numpy as np
from keras import ops

from keras_gan.backend.convolution import convolve, pool  # noqa: F401 - no faster ones here

CALLS_COST_TIME = False  # all is compiled


def step(method):
    """Wraps a stateful `train_step(self, data)` or `test_step(self, data)` as JAX's `fit` calls it.

    `(state, data) -> (logs, state)`, where state lists the values of the trainable, the non-trainable, the
    optimizer's (in training only) and the metrics' variables.
    """

    @functools.wraps(method)
    def stateless_step(self, state, data):
        groups = [self.trainable_variables, self.non_trainable_variables, self.metrics_variables]
        if len(state) == 4:
            groups.insert(2, self.optimizer.variables)
        mapping = [
            pair for group, values in zip(groups, state, strict=True) for pair in zip(group, values, strict=True)
        ]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            logs = method(self, data)
        return logs, tuple([scope.get_current_value(variable) for variable in group] for group in groups)

    return stateless_step


def differentiate(compute, groups, state):
    """Differentiates each loss in its own group of variables, from one forward pass.

    Args:
        compute: function without arguments that returns `(losses, outputs)`, a loss a group.
        groups: list of lists of `keras.Variable`, one a loss.
        state: every other variable that `compute` may read or change (seeds, moving averages); their new values are
            assigned afterwards.

    Returns:
        `(gradients, outputs)`: `gradients[i]` are those of `losses[i]` in `groups[i]`.
    """
    differentiated = {id(variable) for group in groups for variable in group}
    others = [variable for variable in state if id(variable) not in differentiated]
    before = [variable.value for variable in others]

    def stateless(values):
        pairs = [pair for group, new in zip(groups, values, strict=True) for pair in zip(group, new, strict=True)]
        with keras.StatelessScope([*pairs, *zip(others, before, strict=True)], collect_losses=True) as scope:
            losses, outputs = compute()
        return losses, (outputs, [scope.get_current_value(variable) for variable in others])

    values = [[variable.value for variable in group] for group in groups]
    losses, pullback, (outputs, after) = jax.vjp(stateless, values, has_aux=True)
    for variable, old, new in zip(others, before, after, strict=True):
        if new is not old:
            variable.assign(new)
    # What a loss sends to the other player is not read, and the compiler leaves it out.
    gradients = [
        pullback(tuple(jax.numpy.asarray(i == j, loss.dtype) for j, loss in enumerate(losses)))[0][i]
        for i in range(len(groups))
    ]
    return gradients, outputs


def input_gradient(function, x, state, again=True):
    """The gradient of a function of a batch in the batch itself, for a penalty on that gradient.

    Args:
        function: from a tensor of shape `(batch, ...)`, or a structure of them, to `(total, outputs)`: a scalar, and
            whatever else it found.
        x: the batch.
        state: every variable that the function may read or change.

        again: whether both shall be differentiated again; they always can be here.

    Returns:
        `(outputs, gradient)`, the gradient of the total, shaped like x.
    """
    del again
    run, take_up = _by_value(function, state)

    def stateless(x):
        (total, outputs), after = run(x)
        return total, (outputs, after)

    gradient, (outputs, after) = jax.grad(stateless, has_aux=True)(x)
    take_up(after)
    return outputs, gradient


def compiled(function, state):
    """A function of arrays or tensors as one compiled program.

    Args:
        function: from structures of tensors to a structure of tensors; it changes no variable.
        state: every variable that it may read.
    """

    @jax.jit
    def run(values, *arguments):
        with keras.StatelessScope(list(zip(state, values, strict=True))):
            return function(*arguments)

    # Weights are arguments: as constants they would be compiled in, and later training would not be seen.
    return lambda *arguments: run([variable.value for variable in state], *arguments)


def now_and_then(when, compute, state):
    """The scalar that a function computes, or 0 where it is not time for it; it may change variables.

    Args:
        when: scalar boolean tensor.
        compute: function without arguments.
        state: every variable that it may read or change.
    """
    run, take_up = _by_value(compute, state)
    before = [variable.value for variable in state]
    value, after = jax.lax.cond(when, run, lambda: (jax.numpy.zeros(()), before))
    take_up(after)
    return value


def _by_value(function, state):
    """The function without side effects, `(result, values of the state)`, and one that assigns such values."""
    before = [variable.value for variable in state]

    def run(*arguments):
        with keras.StatelessScope(list(zip(state, before, strict=True)), collect_losses=True) as scope:
            result = function(*arguments)
        return result, [scope.get_current_value(variable) for variable in state]

    def take_up(after):
        for variable, old, new in zip(state, before, after, strict=True):
            if new is not old:
                variable.assign(new)

    return run, take_up


def apply(optimizer, gradients, variables):
    """Updates the variables by one player's optimizer."""
    # By values, not in place: loss scaling branches on finite gradients, and a branch in JAX may not assign.
    values, state = optimizer.stateless_apply(
        [variable.value for variable in optimizer.variables], gradients, [variable.value for variable in variables]
    )
    for variable, value in zip([*variables, *optimizer.variables], [*values, *state], strict=True):
        variable.assign(value)


def call(network, inputs, training):
    """A network's outputs, for a step: Keras's own call, of which nothing is left once it is compiled."""
    return network(inputs, training=training)


def without_gradient():
    """Only what `differentiate` traces is differentiated: nothing to switch off."""
    return contextlib.nullcontext()


@contextlib.contextmanager
def shuffling_untouched():
    """Reading data in order draws nothing here. But batches of any size are read, which do not divide over devices."""
    distribution = keras.distribution.distribution()
    keras.distribution.set_distribution(None)
    try:
        yield
    finally:
        keras.distribution.set_distribution(distribution)


def alone():
    """A context of what one device does: the same."""
    return shuffling_untouched()


def random_state():
    """Everything random is drawn from Keras's seeds: there is no other state to save."""
    return {}


def set_random_state(states):
    """None to set."""
    del states


def times_transpose(x, matrix):
    """The product of x, `(n, k)`, with the transpose of a matrix, `(m, k)`."""
    return ops.matmul(x, ops.transpose(matrix))


Adam = keras.optimizers.Adam  # compiled, it passes over memory once


def momentum_update(variable, velocity, gradient, learning_rate, momentum):
    """velocity <- momentum * velocity - learning_rate * gradient; variable <- variable + velocity."""
    momentum, learning_rate = ops.cast(momentum, velocity.dtype), ops.cast(learning_rate, velocity.dtype)
    velocity.assign(momentum * velocity.value - learning_rate * ops.cast(gradient, velocity.dtype))
    variable.assign(variable.value + velocity.value)


def move(average, weight, share):
    """average <- average + share * (weight - average)."""
    average.assign(average + ops.cast(share, average.dtype) * (weight - average))


def makes_several_steps():
    """Whether Keras can make several steps per execution."""
    return True


def training_data(minibatches):
    """A `PyDataset` feeds `fit` as fast as anything here."""
    return minibatches


def largest(pieces):
    """Maximum over the last axis. A tie sends its gradient to the first, so the gradient is a choice, not a sum."""
    # The gradient of jax.numpy.max compares, counts and divides: a seventh of a whole MNIST step on a CPU.
    winner = jax.numpy.argmax(jax.lax.stop_gradient(pieces), axis=-1)
    chosen = jax.nn.one_hot(winner, pieces.shape[-1], dtype=bool)
    return jax.numpy.sum(jax.numpy.where(chosen, pieces, 0), axis=-1)


def product_with(matrix):
    """Function of NumPy blocks `(n, d)`: their product with the transpose of the matrix `(m, d)`, float32.

    On the GPU where there is one, without TF32; else by NumPy, which needs no copies.
    """
    if jax.default_backend() == "cpu":
        return lambda block: block @ matrix.T
    return device_product_with(matrix)


def device_product_with(matrix):
    """The same on JAX's default device."""
    matrix = jax.numpy.asarray(matrix)

    def product(block):
        return np.array(jax.numpy.matmul(block, matrix.T, precision=jax.lax.Precision.HIGHEST))

    return product


def check_replicas(model):
    """One: with `keras.distribution` one program sees the whole batch, and refuses nothing."""
    del model
    return 1


def own_rows(draw, rows, even=True):
    """What is drawn for so many rows: all are here."""
    del even
    return draw(rows)


def replica():
    """None: all rows are read here."""
    return


def summed(x):
    """x: there is one program."""
    return x


def batch_mean(x):
    """The mean over the rows of a batch."""
    return jax.numpy.mean(x, axis=0)


def in_unison(model, arguments):
    """The arguments as they are: there is one process."""
    del model
    return arguments


def is_first():
    """True: there is one process."""
    return True


def from_first(value):
    """The value as it is: there is one process."""
    return value


def use_device(device):
    """Chooses `"auto"`, `"gpu"` or `"cpu"`; GPU memory is taken as it is needed."""
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    elif device == "gpu" and jax.default_backend() != "gpu":
        raise ValueError(
            "device='gpu' was asked for, but JAX sees no GPU. Install jax[cuda12] and check the driver with "
            "nvidia-smi, or use --device auto or --device cpu."
        )


def use_devices(number):
    """Sets a `DataParallel` of so many devices for the rest of the process: GPUs, or parts of the CPU."""
    if number is not None:
        with contextlib.suppress(RuntimeError):  # where JAX has computed already
            jax.config.update("jax_num_cpu_devices", number)
    devices = keras.distribution.list_devices()
    if number is not None and number > len(devices):
        raise ValueError(
            f"There are not so many devices. Received: devices={number}, and JAX has {len(devices)}: {devices[0]} and "
            "so on. Ask for fewer, and before anything is computed."
        )
    if len(devices[:number]) > 1:
        keras.distribution.set_distribution(keras.distribution.DataParallel(devices=devices[:number]))


def describe_device():
    """For example `"JAX 0.10.2 on CPU"`."""
    kinds = ", ".join(device.device_kind for device in jax.local_devices())
    return f"JAX {jax.__version__} on {kinds.replace('cpu', 'CPU')}"
