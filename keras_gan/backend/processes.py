"""PyTorch on many devices: one process per device, each with its rows of every batch, through `torch.distributed`."""

import contextlib
import os
import zlib
from datetime import timedelta

import keras
import numpy as np
import torch
import torch.distributed as group

_WAIT = timedelta(minutes=30)  # for a process that is alive: the first one measures and writes while the others wait
_APART = 0x5851F42D  # between the seeds of two processes: PyTorch adds a seed and its counter
_ours = False
_aside = False


class Lost(RuntimeError):
    """Another process of a training has ended, so that this one cannot go on."""


def start(number):
    """Joins the group of processes that `torchrun` has started, or the one that is there already."""
    global _ours
    there = group.is_available() and group.is_initialized()
    world = group.get_world_size() if there else int(os.environ.get("WORLD_SIZE", "1"))
    if number is not None and world != number:
        raise ValueError(
            f"On PyTorch each device has a process. Received: {number} devices and {world} processes. Start the "
            f"program with: torchrun --nproc-per-node {number} PROGRAM"
        )
    if world == 1:
        return
    gpu = keras.ops.zeros(()).device.type == "cuda"
    if gpu:
        local, devices = int(os.environ.get("LOCAL_RANK", "0")), torch.cuda.device_count()
        if local >= devices:
            raise ValueError(
                f"On PyTorch each process has a GPU of its own. Received: process {local} of this machine, which has "
                f"{devices} GPUs. Start as many processes as there are GPUs."
            )
        torch.cuda.set_device(local)
    if not there:
        with _together():
            group.init_process_group("cpu:gloo,cuda:nccl" if gpu else "gloo", timeout=_WAIT)
    _ours = True


def number():
    """Of the processes that share each step; 1 where this one looks aside."""
    return group.get_world_size() if _ours and not _aside and group.is_initialized() else 1


def is_first():
    """Whether this process is the first one, also where it looks aside."""
    return not _ours or group.get_rank() == 0


@contextlib.contextmanager
def aside():
    """A context of what each process does by itself, evaluation for example: the others may not be doing it."""
    global _aside
    before, _aside = _aside, True
    try:
        yield
    finally:
        _aside = before


def index():
    """Of this process among them, from 0."""
    return group.get_rank() if number() > 1 else 0


@contextlib.contextmanager
def _together():
    """A context of one exchange between the processes: without the others there is nothing to wait for."""
    try:
        yield
    except RuntimeError as error:
        raise Lost(
            "Another process of this training has ended or does not answer, so this one ends, too. What was saved "
            f"last is whole: start all processes again to resume from it. (PyTorch: {str(error).splitlines()[0][:150]})"
        ) from None


class _Sum(torch.autograd.Function):
    """The sum over the processes. What each makes of it is a part of the loss, so that gradients are summed, too."""

    @staticmethod
    def forward(context, x):
        x = x.clone()
        with _together():
            group.all_reduce(x)
        return x

    @staticmethod
    def backward(context, gradient):
        return _Sum.apply(gradient.contiguous())  # differentiable again, for penalties


def summed(x):
    """The sum of a tensor over the processes, which can be differentiated."""
    return x if number() == 1 else _Sum.apply(x.contiguous())


def batch_mean(x):
    """The mean over the rows of a whole batch, of which each process has as many; it can be differentiated."""
    return summed(keras.ops.mean(x, axis=0)) / number()


@torch.no_grad()
def mean(tensors):
    """The means over the processes of a structure of tensors, in one exchange per dtype; None stays None."""
    if number() == 1:
        return tensors
    parts = keras.tree.flatten(tensors)
    found = list(parts)
    for dtype in dict.fromkeys(part.dtype for part in parts if part is not None):  # in one order, unlike a set
        places = [i for i, part in enumerate(parts) if part is not None and part.dtype == dtype]
        whole = torch.cat([parts[i].reshape(-1) for i in places]) / number()
        with _together():
            group.all_reduce(whole)
        pieces = whole.split([parts[i].numel() for i in places])
        for i, piece in zip(places, pieces, strict=True):
            found[i] = piece.reshape(parts[i].shape)
    return keras.tree.pack_sequence_as(tensors, found)


@contextlib.contextmanager
def drawing_apart(seeds):
    """A context in which each process draws from seeds of its own; afterwards all have the same state again.

    So one file holds the random state of all of them.

    Args:
        seeds: variables of `keras.random.SeedGenerator`.
    """
    shift = torch.tensor([_APART * index() & 0x7FFFFFFF, 0], dtype=torch.int32)
    base = int(torch.randint(2**62, ()))  # unseeded dropout draws from PyTorch's own generator
    after = torch.get_rng_state()
    torch.manual_seed(base + index())
    with torch.no_grad():
        for seed in seeds:
            seed.assign(seed.value + shift.to(seed.value.device))
        try:
            yield
        finally:
            for seed in seeds:
                seed.assign(seed.value - shift.to(seed.value.device))
            torch.set_rng_state(after)


def check_same(**facts):
    """Checks that all processes were told the same.

    Raises:
        ValueError: in all of them, if not.
    """
    everywhere: list = [None] * number()
    with _together():
        group.all_gather_object(everywhere, facts)
    for name, value in facts.items():
        if any(others[name] != value for others in everywhere):
            received = ", ".join(repr(others[name]) for others in everywhere)
            raise ValueError(
                f"All processes of a training are given the same, and each takes its own rows of every batch. Received "
                f"as {name}: {received}. Pass the whole data and the same settings in every process."
            )


def from_first(value):
    """What the first process has, an object that pickles."""
    if number() == 1:
        return value
    values = [value]
    with _together():
        group.broadcast_object_list(values)
    return values[0]


@torch.no_grad()
def follow(variables):
    """Gives every process the variables and the random state of the first."""
    tensors = [*{id(variable): variable.value for variable in variables}.values(), state := torch.get_rng_state()]
    for kind in dict.fromkeys((tensor.dtype, tensor.device) for tensor in tensors):
        alike = [tensor for tensor in tensors if (tensor.dtype, tensor.device) == kind]
        whole = torch.cat([tensor.reshape(-1) for tensor in alike])
        with _together():
            group.broadcast(whole, 0)
        for tensor, piece in zip(alike, whole.split([tensor.numel() for tensor in alike]), strict=True):
            tensor.copy_(piece.reshape(tensor.shape))
    torch.set_rng_state(state)


class Unison(keras.callbacks.Callback):
    """What holds the processes together: the first has all the other callbacks, and the others follow it.

    Each epoch begins with the first process's variables, for its callbacks may have changed some (a learning rate); a
    stop that they ask for takes effect at the end of the epoch, in all processes. A loss that is not finite is seen by
    all, and at the same time.

    Args:
        stops_on_nan: whether the callbacks of the first process stop at such a loss.
    """

    def __init__(self, stops_on_nan):
        super().__init__()
        self._stops_on_nan, self._stop = stops_on_nan, False

    def on_epoch_begin(self, epoch, logs=None):
        if (first := from_first(epoch)) != epoch:
            raise ValueError(
                f"All processes begin the same epoch. Received: epoch {epoch + 1} here and {first + 1} in the first "
                "process. To resume, load the saved model in every process and pass initial_epoch."
            )
        follow([*self.model.variables, *self.model.optimizer.variables])

    def on_train_batch_end(self, batch, logs=None):
        if index() and self._stops_on_nan:
            self.model.stop_training = not np.isfinite((logs or {}).get("loss", 0.0))
        elif self.model.stop_training and np.isfinite((logs or {}).get("loss", 0.0)):
            self._stop, self.model.stop_training = True, False

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = from_first(self._stop or self.model.stop_training)

    def on_train_end(self, logs=None):
        follow([*self.model.variables, *self.model.optimizer.variables])


def in_unison(model, arguments):
    """Arguments of `fit` for this process; the model gets the order of the data from the first.

    Raises:
        ValueError: in all processes, if they were given different data, settings or models, or a stream of batches
            that every process would read whole.
    """
    if number() == 1:
        return arguments
    x, callbacks = arguments.get("x"), keras.tree.flatten(arguments.get("callbacks") or [])
    sampler = getattr(x, "sampler", None)
    if isinstance(x, list) and not hasattr(keras.tree.flatten(x)[0], "shape"):
        x = np.asarray(x)
    fingerprint: list
    if not hasattr(x, "shape") and not isinstance(x, (dict, list, tuple)):
        if not isinstance(sampler, torch.utils.data.distributed.DistributedSampler):
            raise ValueError(
                f"A stream of batches must give each process rows of its own. Received: {type(x).__name__}. Pass "
                "arrays, or a DataLoader with a torch.utils.data.distributed.DistributedSampler."
            )
        fingerprint = [len(x)]
    else:
        fingerprint = [(tuple(part.shape), _digest(part)) for part in keras.tree.flatten(x)]
    names = ("batch_size", "epochs", "initial_epoch", "steps_per_epoch", "validation_split", "shuffle")
    check_same(
        data=fingerprint,
        settings={name: arguments[name] for name in names if name in arguments},
        networks=[tuple(variable.shape) for variable in model.variables],
    )
    order, iterations = from_first((model._order_seed, int(model.iterations)))
    model._order_seed = order
    model.iterations.assign(iterations)
    unison = Unison(any(isinstance(callback, keras.callbacks.TerminateOnNaN) for callback in callbacks))
    if index():
        return {**arguments, "callbacks": [unison], "verbose": 0}
    return {**arguments, "callbacks": [*callbacks, unison]}


def _digest(array):
    return zlib.crc32(np.ascontiguousarray(keras.ops.convert_to_numpy(array[:100])).tobytes())
