"""Training on arrays: what comes between a user's `fit` and a `train_step`."""

import inspect
from typing import Any

import keras

from keras_gan import backend
from keras_gan.models import checks
from keras_gan.models.minibatches import Minibatches, in_order, part
from keras_gan.models.random_state import Resumable


class Fitted(Resumable):
    """A Keras model that trains on arrays in an order of its own: fresh in every pass, and the same after a stop.

    Args:
        seed: integer, of the order of the data.

    Attributes:
        iterations: calls of `train_step` so far, an integer variable.
    """

    minibatches_per_iteration = 1
    shares_steps = False
    """Whether replicas may share a step: its losses must be means over examples, and its noise dealt to them."""
    _replicas = 1

    def __init__(self, seed: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._order_seed = seed
        self.iterations = self.add_weight(
            shape=(), dtype="int32", initializer="zeros", trainable=False, name="iterations"
        )

    def check_training(self, x: Any, y: Any, validation: bool = False) -> Any:
        """Checks data before training, and returns x as training takes it."""
        raise NotImplementedError

    def check_batch(self, x: Any, y: Any) -> None:
        """Checks what a single batch needs before it is trained on."""

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        *args: Any,
        drop_remainder: bool | str = False,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Trains, as `keras.Model.fit` does.

        Args:
            x: data: an array or tensor of shape `(n, ...)`, a structure of them, or a `tf.data.Dataset`, `PyDataset`,
                torch `DataLoader` or generator of batches. A stream supplies batches of k * m, split inside. Many
                pictures of a folder (`keras_gan.datasets.load("images")`) are decoded as they are needed, in the same
                order as an array of them.
            y: what stands beside the data: labels for a condition, or for losses of your own.
            batch_size: m, the size of a minibatch (default 32). With arrays an iteration takes k * m rows.
            *args: what follows in `keras.Model.fit`.
            drop_remainder: whether a short last batch of arrays is left out of each pass. Then JAX compiles one step,
                not two. `"uneven"`: only as many of its rows as do not divide over several devices.
            **kwargs: what follows in `keras.Model.fit`.

        Raises:
            ValueError: before training begins, if a number is out of its range, or the data are empty or not finite,
                are shaped unlike the samples, lie outside the range of a sigmoid or tanh generator, or lack what the
                condition needs (arrays are checked whole, streams at the first batch, pictures that are decoded as
                they are needed at the first hundred); or on several devices, if the batches do not divide over them,
                or they would train wrongly.
        """
        self._assert_compile_called("fit")
        self._replicas = checks.check_replicas(self)
        arguments = inspect.signature(super().fit).bind(x, y, batch_size, *args, **kwargs).arguments
        checks.check_fit_arguments(arguments)
        arguments = backend.in_unison(self, arguments)
        checks.check_stream(arguments["x"], self._replicas)
        arguments["x"] = self.check_training(x, y)
        if checks.are_arrays(arguments["x"]):
            arguments = self._in_minibatches(**arguments, drop_remainder=drop_remainder)
        if arguments.get("validation_data") is not None:
            self._check_validation(arguments["validation_data"])
            rows = int(arguments.get("validation_batch_size") or batch_size or 32)
            arguments["validation_data"] = in_order(arguments["validation_data"], rows)
        self.take_up_random_state()
        return super().fit(**arguments)

    def _in_minibatches(self, x, y=None, batch_size=None, sample_weight=None, drop_remainder=False, **arguments):
        """Arguments of Keras's `fit` for arrays, in batches of k * m rows."""
        batch_size = 32 if batch_size is None else int(batch_size)  # PyTorch takes no NumPy integer
        arguments["validation_batch_size"] = int(arguments.get("validation_batch_size") or batch_size)
        arrays = tuple(array for array in (x, y, sample_weight) if array is not None)
        split_off = arguments.pop("validation_split", 0)
        if split_off and arguments.get("validation_data") is None:
            kept = int(checks.num_rows(x) * (1 - split_off))
            checks.check_parts(checks.num_rows(x), kept, split_off)
            arguments["validation_data"] = part(arrays, kept, checks.num_rows(x))
            arrays = part(arrays, 0, kept)
        arrays = self._beside(arrays)
        rows = batch_size * self.minibatches_per_iteration
        uneven = checks.is_uneven(drop_remainder)
        drop_remainder = bool(drop_remainder) and not uneven
        checks.check_batches(checks.num_rows(arrays[0]), rows, drop_remainder)
        parts, replicas = self.minibatches_per_iteration, self._replicas
        shares = checks.check_devices(rows, checks.num_rows(arrays[0]), drop_remainder, parts, replicas, uneven)
        minibatches = Minibatches(
            arrays,
            rows,
            seed=self._order_seed,
            first_batch=int(self.iterations.numpy()),  # int() alone fails under a strategy of TensorFlow
            shuffle=arguments.pop("shuffle", True),
            drop_remainder=drop_remainder,
            divisor=shares if uneven else 1,
            parts=parts,
            replicas=replicas,
            replica=backend.replica(),
        )
        return {"x": backend.training_data(minibatches), "shuffle": False, **arguments}

    def _beside(self, arrays):
        """Training arrays `(x, y)` as batches are made of them."""
        return arrays

    def _check_validation(self, data):
        if isinstance(data, (tuple, list)) or checks.are_arrays(data):
            x, y, _ = keras.utils.unpack_x_y_sample_weight(tuple(data) if isinstance(data, list) else data)
            if checks.are_arrays(x):
                self.check_training(x, y, validation=True)

    def train_on_batch(self, x: Any, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """One iteration on a batch of k minibatches, as `keras.Model.train_on_batch`."""
        self._assert_compile_called("train_on_batch")
        checks.check_replicas(self, fitting=False)
        self.check_batch(x, y)
        if checks.are_arrays(x):
            checks.check_devices(int(checks.num_rows(x)), 0, drop_remainder=True)
        self.take_up_random_state()
        return super().train_on_batch(x, y, *args, **kwargs)
