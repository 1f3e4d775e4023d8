"""The one place that knows which backend runs: the same names from TensorFlow, JAX or PyTorch.

- `step(method)` turns a stateful `train_step(self, data)` into what the backend's `fit` calls.
- `differentiate(compute, groups, state)` is each loss's gradient in its player's variables, a mean over replicas.
- `input_gradient(function, x, state)` is the function's outputs at x and its gradient there, differentiable again.
- `call(network, inputs, training)` is what a network makes of its inputs in a step.
- `CALLS_COST_TIME` says whether each call of a layer in a step does.
- `makes_several_steps()` is whether Keras can make several steps per execution here.
- `compiled(function, state)` compiles a function of tensors that reads variables, where the backend compiles.
- `now_and_then(when, compute, state)` is what a function computes where it is time for it, else 0.
- `apply(optimizer, gradients, variables)` lets a player's optimizer update its variables.
- `without_gradient()` is a context in which nothing is recorded for differentiation.
- `shuffling_untouched()` is a context for looks aside: the order of the training data does not change by them.
- `training_data(minibatches)` is what feeds `fit` fastest with the batches of `keras_gan.models.minibatches`.
- `convolve(x, kernel, bias, zero_padding)` and `pool(x, size, strides)` are the parts of the convolutional layer.
- `largest(pieces)` is the maximum over the last axis, in the form whose gradient is cheapest there.
- `times_transpose(x, matrix)` is the product of x with the transpose of a matrix.
- `Adam` is Keras's optimizer of that name, in as few passes over memory as there can be.
- `momentum_update(variable, velocity, gradient, learning_rate, momentum)` is one heavy-ball step.
- `move(average, weight, share)` moves one variable towards another by a share of the way.
- `product_with(matrix)` is the function of blocks that multiplies them by the matrix's transpose, on a GPU if there is.
- `use_device(device)` chooses GPU or CPU and lets GPU memory grow.
- `use_devices(number)` lets every training from then on use so many; `is_first()`: whether this process is to write.
- `alone()` is a context of what one device does by itself, such as to export a generator.
- `from_first(value)` is what the first process has for a value.
- `check_replicas(model)` is how many copies of the model share a step; it refuses to train where that would go wrong.
- `replica()` is the one whose rows this process reads, or None where it reads those of all.
- `own_rows(draw, rows)` is the replica's part of what is drawn for the whole batch.
- `summed(x)` and `batch_mean(x)` are a sum over replicas and a mean over the whole batch, both differentiable.
- `in_unison(model, arguments)` are the arguments of `fit` for this process, which does as the first one does.
- `random_state()` and `set_random_state(states)` are what the backend draws from beside Keras's seeds.
- `describe_device()` names what will run the training.

Where several devices share a step there are replicas, copies of the model, each with its rows of the batch: on
TensorFlow those of `tf.distribute`, on PyTorch processes (`keras_gan.backend.processes`). On JAX one program has all.

`keras_gan.backend.programs` writes and runs generators as programs of TensorFlow, LiteRT, ONNX and PyTorch.
"""

import importlib

import keras

_backend = keras.backend.backend()
if _backend not in ("tensorflow", "jax", "torch"):
    raise ValueError(
        f"keras_gan trains on TensorFlow, JAX or PyTorch. Received: KERAS_BACKEND={_backend!r}. "
        "Set the environment variable KERAS_BACKEND to 'tensorflow', 'jax' or 'torch' before importing Keras."
    )
_adapter = importlib.import_module(f"keras_gan.backend.{_backend}")

CALLS_COST_TIME = _adapter.CALLS_COST_TIME
Adam = _adapter.Adam
alone = _adapter.alone
apply = _adapter.apply
batch_mean = _adapter.batch_mean
call = _adapter.call
check_replicas = _adapter.check_replicas
compiled = _adapter.compiled
convolve = _adapter.convolve
describe_device = _adapter.describe_device
differentiate = _adapter.differentiate
from_first = _adapter.from_first
in_unison = _adapter.in_unison
input_gradient = _adapter.input_gradient
is_first = _adapter.is_first
largest = _adapter.largest
makes_several_steps = _adapter.makes_several_steps
momentum_update = _adapter.momentum_update
move = _adapter.move
now_and_then = _adapter.now_and_then
own_rows = _adapter.own_rows
pool = _adapter.pool
product_with = _adapter.product_with
random_state = _adapter.random_state
replica = _adapter.replica
set_random_state = _adapter.set_random_state
shuffling_untouched = _adapter.shuffling_untouched
step = _adapter.step
summed = _adapter.summed
times_transpose = _adapter.times_transpose
training_data = _adapter.training_data
use_device = _adapter.use_device
use_devices = _adapter.use_devices
without_gradient = _adapter.without_gradient


def keep_tensorflow_off_gpu():
    """Leaves the GPU to the backend that trains, where TensorFlow only reads data."""
    if _backend != "tensorflow":
        import tensorflow

        tensorflow.config.set_visible_devices([], "GPU")
