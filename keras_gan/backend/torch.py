"""PyTorch: variables are updated in place, gradients come from `torch.autograd.grad`."""

import contextlib
import functools
import logging
from typing import Any

import keras
import torch

from keras_gan.backend import processes
from keras_gan.backend.processes import batch_mean, from_first, in_unison, summed  # noqa: F401 - a part of this backend
from keras_gan.backend.simple_layers import are_simple, takes_training

CALLS_COST_TIME = True  # from Python, each time


def step(method):
    """`train_step(self, data)` is already what PyTorch's `fit` calls; several processes draw apart in it."""

    @functools.wraps(method)
    def in_turn(self, data):
        if processes.number() == 1:
            return method(self, data)
        with processes.aside() if method.__name__ == "test_step" else processes.drawing_apart(self.own_seeds):
            return method(self, data)

    return in_turn


def differentiate(compute, groups, state):
    """Differentiates each loss in its own group of variables, from one forward pass.

    Nothing is accumulated in `.grad`, so a player's step leaves no trace in the other player.

    Args:
        compute: function without arguments that returns `(losses, outputs)`, a loss a group.
        groups: list of lists of `keras.Variable`, one a loss.
        state: every other variable that `compute` may read or change; unused here.

    Returns:
        `(gradients, outputs)`: `gradients[i]` are those of `losses[i]` in `groups[i]`. Both are means over replicas.
    """
    del state
    with torch.enable_grad():
        losses, outputs = compute()
    gradients = []
    for i, (loss, group) in enumerate(zip(losses, groups, strict=True)):
        variables = [variable.value for variable in group]
        # A player that trains nothing has no gradients.
        more = i + 1 < len(groups)
        found = torch.autograd.grad(loss, variables, retain_graph=more, allow_unused=True) if variables else []
        gradients.append(list(found))
    return processes.mean((gradients, keras.tree.map_structure(torch.Tensor.detach, outputs)))


def call(network, inputs, training):
    """A network's outputs, for a step.

    Keras checks every call of a layer anew, which takes 0.2 ms where a product takes 0.5. So a `keras.Sequential` of
    simple layers is run layer by layer, without those checks: the same numbers in every bit.
    """
    if not (
        isinstance(network, keras.Sequential)
        and isinstance(inputs, torch.Tensor)
        and inputs.dtype is torch.float32
        and inputs.shape[1:] == network.input_shape[1:]
        and all(layer.built and layer.dtype_policy.name == "float32" for layer in network.layers)
        and are_simple(network)
    ):
        return network(inputs, training=training)
    for layer in network.layers:
        inputs = layer.call(inputs, training=training) if takes_training(layer) else layer.call(inputs)
    return inputs


def input_gradient(function, x, state, again=True):
    """The gradient of a function of a batch in the batch itself, for a penalty on that gradient.

    Args:
        function: from a tensor of shape `(batch, ...)`, or a structure of them, to `(total, outputs)`: a scalar, and
            whatever else it found.
        x: the batch.
        state: every variable that the function may read or change; unused here.

        again: whether both shall be differentiated again. Otherwise no graph is kept.

    Returns:
        `(outputs, gradient)`, the gradient of the total, shaped like x.
    """
    del state
    # A sample that another loss is also a function of stays connected to it.
    x = keras.tree.map_structure(lambda part: part if part.requires_grad else part.detach().requires_grad_(), x)
    parts = keras.tree.flatten(x)
    with torch.enable_grad():
        total, outputs = function(x)
        if total.requires_grad:
            gradients = torch.autograd.grad(total, parts, create_graph=again, allow_unused=True)
        else:
            gradients = [None] * len(parts)
    gradients = [torch.zeros_like(x) if g is None else g for x, g in zip(parts, gradients, strict=True)]
    if not again:
        outputs = keras.tree.map_structure(torch.Tensor.detach, outputs)
    return outputs, keras.tree.pack_sequence_as(x, gradients)


def compiled(function, state):
    """A function of arrays or tensors, which runs as it is here, without a graph for gradients.

    Args:
        function: from structures of tensors to a structure of tensors; it changes no variable.
        state: every variable that it may read; unused here.
    """
    del state

    @torch.no_grad()
    def run(*arguments):
        return function(*keras.tree.map_structure(keras.ops.convert_to_tensor, arguments))

    return run


def now_and_then(when, compute, state):
    """The scalar that a function computes, or 0 where it is not time for it; it may change variables.

    Args:
        when: scalar boolean tensor.
        compute: function without arguments.
        state: every variable that it may read or change; unused here.
    """
    del state
    return compute() if bool(when) else 0.0


@torch.no_grad()
def apply(optimizer, gradients, variables):
    """Updates the variables by one player's optimizer."""
    optimizer.apply(gradients, variables)


def without_gradient():
    """A context that records no graph: a fake batch for the discriminator needs none."""
    return torch.no_grad()


@contextlib.contextmanager
def shuffling_untouched():
    """Every `DataLoader` draws from the generator that shuffles the training data: put it back afterwards."""
    with torch.random.fork_rng(devices=[]), processes.aside():
        yield


def alone():
    """A context of what one device does: the same."""
    return shuffling_untouched()


def random_state():
    """State of PyTorch's own generators, from which Keras's unseeded dropout draws: uint8 arrays, one a device."""
    states = {"torch_cpu": torch.get_rng_state().numpy()}
    if torch.cuda.is_available():
        states["torch_cuda"] = torch.cuda.get_rng_state().numpy()
    return states


def set_random_state(states):
    """Sets those that were saved, where their device is there."""
    if "torch_cpu" in states:
        torch.set_rng_state(torch.from_numpy(states["torch_cpu"]))
    if "torch_cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(torch.from_numpy(states["torch_cuda"]))


def times_transpose(x, matrix):
    """The product of x, `(n, k)`, with the transpose of a matrix, `(m, k)`."""
    return keras.ops.matmul(x, keras.ops.transpose(matrix))


class Adam(keras.optimizers.Adam):
    """Keras's Adam by PyTorch's fused pass where there is one: on a CPU Keras's own takes many times as long."""

    @torch.no_grad()
    def _backend_update_step(self, grads, variables, learning_rate):
        values = [variable.value for variable in variables]
        if self.amsgrad or not all(x.is_cpu and x.dtype == torch.float32 for x in (*values, *grads)):
            _keras_adam()._parallel_update_step(self, grads, variables, learning_rate)
            return
        places = [self._get_variable_index(variable) for variable in variables]
        updates = int(self.iterations) + 1
        torch._fused_adam_(
            values,
            [gradient.contiguous() for gradient in grads],
            [self._momentums[place].value for place in places],
            [self._velocities[place].value for place in places],
            [],
            [torch.tensor(float(updates))] * len(values),
            lr=float(learning_rate),
            beta1=self.beta_1,
            beta2=self.beta_2,
            weight_decay=0.0,
            eps=self.epsilon / (1 - self.beta_2**updates) ** 0.5,  # which PyTorch adds at another place than Keras
            amsgrad=False,
            maximize=False,
        )


@functools.cache
def _keras_adam() -> Any:
    """What Keras makes of its Adam on PyTorch, a class that is imported late and has no public name."""
    return type(keras.optimizers.Adam())


@torch.no_grad()
def momentum_update(variable, velocity, gradient, learning_rate, momentum):
    """velocity <- momentum * velocity - learning_rate * gradient; variable <- variable + velocity."""
    velocity = velocity.value
    if velocity.is_cpu and velocity.dtype == variable.value.dtype == gradient.dtype and float(momentum) > 0:
        # One pass instead of three. In PyTorch's own SGD a dampening of 1 + r takes r times the gradient away, and a
        # rate of -1 adds the velocity.
        torch._fused_sgd_(
            [variable.value],
            [gradient.contiguous()],
            [velocity],
            weight_decay=0.0,
            momentum=float(momentum),
            lr=-1.0,
            dampening=1.0 + float(learning_rate),
            nesterov=False,
            maximize=False,
            is_first_step=False,
        )
        return
    momentum, learning_rate = (keras.ops.cast(scalar, velocity.dtype) for scalar in (momentum, learning_rate))
    # In place, and with tensors for scalars: reading them on the host would wait for a GPU.
    velocity.mul_(momentum).addcmul_(gradient.to(velocity.dtype), -learning_rate)
    variable.value.add_(velocity)


@torch.no_grad()
def move(average, weight, share):
    """average <- average + share * (weight - average), in one pass."""
    average.value.lerp_(weight.value, keras.ops.cast(share, average.dtype))


def makes_several_steps():
    """Whether Keras can make several steps per execution: it refuses to."""
    return False


def training_data(minibatches):
    """A `PyDataset` feeds `fit` as fast as anything here."""
    return minibatches


def largest(pieces):
    """Maximum over the last axis. A tie sends its gradient to one of the tied."""
    return pieces.max(dim=-1).values  # amax shares it among the tied, at twice the time


def convolve(x, kernel, bias, zero_padding):
    """Convolution of `(n, rows, columns, channels)` with so many rows and columns of zeros around."""
    # Keras's own would pad in a copy first and add the bias in another: a fifth of a convolutional maxout layer.
    kernel, bias = (keras.ops.convert_to_tensor(variable) for variable in (kernel, bias))
    maps = torch.nn.functional.conv2d(x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), bias, padding=zero_padding)
    return maps.permute(0, 2, 3, 1)


def pool(x, size, strides):
    """Maximum of windows of `(n, rows, columns, channels)`; the last ones may overhang."""
    return torch.nn.functional.max_pool2d(x.permute(0, 3, 1, 2), size, strides, ceil_mode=True).permute(0, 2, 3, 1)


def product_with(matrix):
    """Function of NumPy blocks `(n, d)`: their product with the transpose of the matrix `(m, d)`, float32.

    On the GPU where there is one, without TF32; else by NumPy, which needs no copies.
    """
    if keras.ops.zeros(()).device.type == "cpu":
        return lambda block: block @ matrix.T
    return device_product_with(matrix)


def device_product_with(matrix):
    """The same on Keras's device."""
    matrix = keras.ops.convert_to_tensor(matrix)

    @torch.no_grad()
    def product(block):
        precision = torch.get_float32_matmul_precision()
        torch.set_float32_matmul_precision("highest")
        try:
            return keras.ops.convert_to_numpy(keras.ops.convert_to_tensor(block) @ matrix.T)
        finally:
            torch.set_float32_matmul_precision(precision)

    return product


class _Program(torch.nn.Module):
    """The generator with each of its weights once: a Keras model shows them to PyTorch twice."""

    def __init__(self, generator):
        super().__init__()
        trained, other = generator.trainable_variables, generator.non_trainable_variables
        self.weights = torch.nn.ParameterList(
            [torch.nn.Parameter(v.value.detach().cpu(), requires_grad=False) for v in (*trained, *other)]
        )
        self._apply_weights = lambda weights, inputs: generator.stateless_call(
            weights[: len(trained)], weights[len(trained) :], inputs, training=False
        )[0]

    def forward(self, *inputs):
        return self._apply_weights(list(self.weights), list(inputs) if len(inputs) > 1 else inputs[0])


@torch.no_grad()
def _program(generator, inputs):
    any_number = torch.export.Dim("batch", min=1)
    with keras.device("cpu"):
        program = torch.export.export(
            _Program(generator).eval(), _examples(inputs), dynamic_shapes=(tuple({0: any_number} for _ in inputs),)
        )
    for node in program.graph.nodes:  # where in the maker's folders a line of the program came from
        node.meta.pop("stack_trace", None)
        node.meta.pop("nn_module_stack", None)
    return program


def _examples(inputs):
    return tuple(torch.zeros(2, *shape) for _, shape in inputs)


def write_torch(generator, inputs, prior, path):
    """An `ExportedProgram`, which `torch.export.load` reads."""
    del prior
    torch.export.save(_program(generator, inputs), path)


def write_onnx(generator, inputs, prior, path):
    """Named inputs, output `samples`; one file with the weights inside."""
    del prior
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)  # it notes that torchvision is not there
    torch.onnx.export(
        _program(generator, inputs),
        _examples(inputs),
        path,
        input_names=[name for name, _ in inputs],
        output_names=["samples"],
        external_data=False,
        verbose=False,
    )


def check_replicas(model):
    """The number of processes that train the model together. Refuses a `torch.distributed` group of somebody else."""
    del model
    group = torch.distributed
    if group.is_available() and group.is_initialized() and group.get_world_size() > processes.number():
        raise ValueError(
            "Training in a torch.distributed group needs to know that its processes train one model together. "
            f"Received: a group of {group.get_world_size()} processes. Call keras_gan.devices.use("
            f"{group.get_world_size()}) before the model is made, or train in one process."
        )
    return processes.number()


def own_rows(draw, rows, even=True):
    """This process's rows of what is drawn for the whole batch, from a seed that all share.

    Args:
        draw: function from a number of rows to as many draws.
        rows: of this process.
        even: whether all have as many; here they have.
    """
    del even
    number, index = processes.number(), processes.index()
    return draw(rows * number)[rows * index : rows * (index + 1)] if number > 1 else draw(rows)


def replica():
    """Whose rows of a batch are read here: those of this process, if it has others beside it."""
    return processes.index() if processes.number() > 1 else None


def use_device(device):
    """Chooses `"auto"`, `"gpu"` or `"cpu"`; PyTorch takes GPU memory as it is needed."""
    if device == "gpu" and not torch.cuda.is_available():
        raise ValueError(
            "device='gpu' was asked for, but PyTorch sees no GPU. Install a CUDA build of torch and check the driver "
            "with nvidia-smi, or use --device auto or --device cpu."
        )
    if device == "cpu":
        keras.device("cpu").__enter__()  # for the rest of the process: Keras has no other way to say so


def use_devices(number):
    """Joins the processes that share a training."""
    processes.start(number)


def is_first():
    """Whether this process is the one that writes."""
    return processes.is_first()


def describe_device():
    """For example `"PyTorch 2.13.0 on CPU"`."""
    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    number = processes.number()
    return f"PyTorch {torch.__version__} on {name}" + (f", {number} processes" if number > 1 else "")
