"""Many devices: each has a part of every batch, and an update is that of one device with the whole batch."""

from keras_gan import backend


def use(devices: int | None = None) -> None:
    """Trains on so many devices from here on. Call it before a model is made or loaded.

    It sets up the backend's own engine: `keras.distribution.DataParallel` on JAX, `tf.distribute.MirroredStrategy` on
    TensorFlow, `torch.distributed` on PyTorch. There each device has a process: start the program by `torchrun
    --nproc-per-node 2 program.py`. Without a GPU the devices are parts of the CPU, to try it.

    Args:
        devices: how many GPUs, at least 1. Default: all of them; on PyTorch, as many as there are processes.

    Raises:
        ValueError: if there are not so many, or the backend has computed already and cannot make them.
    """
    backend.use_devices(devices)


def is_first() -> bool:
    """Whether this process is the one that writes and prints: on PyTorch there are several, elsewhere there is one."""
    return backend.is_first()
