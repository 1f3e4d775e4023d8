"""TensorFlow: variables are updated in place, gradients come from a tape."""

import contextlib
import functools
import itertools
import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from keras_gan.backend.convolution import convolve, pool  # noqa: F401 - no faster ones here

_APART = 0x5851F42D  # between the seeds of two replicas

CALLS_COST_TIME = False  # all is compiled


def step(method):
    """`train_step(self, data)` is already what TensorFlow's `fit` calls; several replicas draw apart in it."""

    @functools.wraps(method)
    def drawing_apart(self, data):
        if _replicas() == 1:
            return method(self, data)
        # Each replica has a copy of the states, and afterwards all have the same again: one file holds them.
        shift = tf.stack([_APART * tf.cast(_replica(), tf.int64), 0])
        for seed in self.own_seeds:
            seed.assign(seed.value + shift)
        logs = method(self, data)
        for seed in self.own_seeds:
            seed.assign(seed.value - shift)
        return logs

    return drawing_apart


def _replicas():
    """How many replicas of `tf.distribute` share the step that calls this."""
    context = tf.distribute.get_replica_context()  # there is none outside a step
    return context.num_replicas_in_sync if context is not None else 1


def _replica():
    return tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, tf.int32)


def _mean(structure):
    """The means over the replicas of a structure of tensors, in one exchange; None stays None."""
    if _replicas() == 1:
        return structure
    parts = keras.tree.flatten(structure)
    there = [i for i, part in enumerate(parts) if part is not None]
    means = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, [parts[i] for i in there])
    for i, part in zip(there, means, strict=True):
        parts[i] = part
    return keras.tree.pack_sequence_as(structure, parts)


def differentiate(compute, groups, state):
    """Differentiates each loss in its own group of variables, from one forward pass.

    Args:
        compute: function without arguments that returns `(losses, outputs)`, a loss a group.
        groups: list of lists of `keras.Variable`, one a loss.
        state: every other variable that `compute` may read or change; unused here.

    Returns:
        `(gradients, outputs)`: `gradients[i]` are those of `losses[i]` in `groups[i]`. Both are means over replicas.
    """
    del state
    groups = [[variable.value for variable in group] for group in groups]
    with tf.GradientTape(persistent=len(groups) > 1, watch_accessed_variables=False) as tape:
        for group in groups:
            tape.watch(group)
        losses, outputs = compute()
    gradients = [tape.gradient(loss, group) for loss, group in zip(losses, groups, strict=True)]
    return _mean((gradients, outputs))


def input_gradient(function, x, state, again=True):
    """The gradient of a function of a batch in the batch itself, for a penalty on that gradient.

    Args:
        function: from a tensor of shape `(batch, ...)`, or a structure of them, to `(total, outputs)`: a scalar, and
            whatever else it found.
        x: the batch.
        state: every variable that the function may read or change; unused here.

        again: whether both shall be differentiated again; they always can be here.

    Returns:
        `(outputs, gradient)`, the gradient of the total, shaped like x.
    """
    del state, again
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(x)
        total, outputs = function(x)
    return outputs, tape.gradient(total, x, unconnected_gradients="zero")


def compiled(function, state):
    """A function of arrays or tensors as one compiled program.

    Args:
        function: from structures of tensors to a structure of tensors; it changes no variable.
        state: every variable that it may read; unused here.
    """
    del state
    return tf.function(function)


def now_and_then(when, compute, state):
    """The scalar that a function computes, or 0 where it is not time for it; it may change variables.

    Args:
        when: scalar boolean tensor.
        compute: function without arguments.
        state: every variable that it may read or change; unused here.
    """
    del state
    return tf.cond(when, compute, lambda: tf.constant(0.0))


def apply(optimizer, gradients, variables):
    """Updates the variables by one player's optimizer."""
    if _replicas() > 1:
        # Keras would sum them over the replicas after it has clipped them: they are means of the whole batch already.
        getattr(optimizer, "inner_optimizer", optimizer)._all_reduce_sum_gradients = list
    optimizer.apply(gradients, variables)


def call(network, inputs, training):
    """A network's outputs, for a step: Keras's own call, of which nothing is left once it is compiled."""
    return network(inputs, training=training)


def without_gradient():
    """A tape watches only inside `differentiate`: nothing to switch off."""
    return contextlib.nullcontext()


def shuffling_untouched():
    """Reading data in order draws nothing here: nothing to protect."""
    return contextlib.nullcontext()


def random_state():
    """Everything random is drawn from Keras's seeds: there is no other state to save."""
    return {}


def set_random_state(states):
    """None to set."""
    del states


def times_transpose(x, matrix):
    """The product of x, `(n, k)`, with the transpose of a matrix, `(m, k)`."""
    # With `ops.transpose` the gradient is turned round by a pass of its own.
    return tf.matmul(x, keras.ops.convert_to_tensor(matrix), transpose_b=True)


class Adam(keras.optimizers.Adam):
    """Keras's Adam by one fused kernel per variable: Keras's own passes over memory a dozen times."""

    def update_step(self, gradient, variable, learning_rate):
        if self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        index = self._get_variable_index(variable)
        variable = variable.value if isinstance(variable, keras.Variable) else variable
        updates = tf.cast(self.iterations.value + 1, variable.dtype)
        beta_1, beta_2, epsilon = (tf.constant(x, variable.dtype) for x in (self.beta_1, self.beta_2, self.epsilon))
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=tf.pow(beta_1, updates),
            beta2_power=tf.pow(beta_2, updates),
            lr=tf.cast(learning_rate, variable.dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=epsilon,
            grad=tf.cast(tf.convert_to_tensor(gradient), variable.dtype),
            use_locking=False,
            use_nesterov=False,
        )


def momentum_update(variable, velocity, gradient, learning_rate, momentum):
    """velocity <- momentum * velocity - learning_rate * gradient; variable <- variable + velocity."""
    variable, velocity = (v.value if isinstance(v, keras.Variable) else v for v in (variable, velocity))
    # One fused kernel: it passes over memory once, and leaves no temporary arrays.
    tf.raw_ops.ResourceApplyKerasMomentum(
        var=variable.handle,
        accum=velocity.handle,
        lr=tf.cast(learning_rate, variable.dtype),
        grad=tf.cast(gradient, variable.dtype),
        momentum=tf.cast(momentum, variable.dtype),
        use_locking=False,
        use_nesterov=False,
    )


def move(average, weight, share):
    """average <- average + share * (weight - average)."""
    average.assign(average + keras.ops.cast(share, average.dtype) * (weight - average))


def makes_several_steps():
    """Whether Keras can make several steps per execution: under a strategy its loop over them fails."""
    return tf.distribute.get_strategy().num_replicas_in_sync == 1


def training_data(minibatches):
    """A `tf.data` pipeline that asks Python for an order a pass, not for every batch: that took a tenth of a step."""
    rows, passes = tf.TensorSpec((None,), tf.int64), itertools.count()

    def order():  # under a strategy Keras looks at the first batch before the first epoch: that is no pass
        looks = minibatches.replicas > 1 and next(passes) == 0
        return [minibatches.next_order(looking=True) if looks else minibatches.next_order()]

    orders = tf.data.Dataset.from_generator(order, output_signature=rows)
    if not all(isinstance(array, np.ndarray) for array in tf.nest.flatten(minibatches.arrays)):
        batches = orders.flat_map(lambda order: _made_on_demand(minibatches, order)).with_options(_untuned())
        return batches.apply(tf.data.experimental.assert_cardinality(minibatches.num_batches))
    with tf.device("CPU"):  # where tf.data reads them
        arrays = tf.nest.map_structure(tf.convert_to_tensor, minibatches.arrays)
    batches = orders.flat_map(
        lambda order: tf.data.Dataset.from_tensor_slices(order).batch(
            minibatches.batch_size, drop_remainder=minibatches.drop_remainder
        )
    )
    batches = batches.map(lambda rows: tf.nest.map_structure(lambda array: tf.gather(array, rows), arrays))
    batches = batches.apply(tf.data.experimental.assert_cardinality(minibatches.num_batches))
    batches = batches.with_options(_untuned())
    # Beside a step on a CPU the next batch takes a core from it: 1.2 ms of 36 with MNIST on two cores.
    return batches.prefetch(2) if tf.config.get_visible_devices("GPU") else batches


def _untuned():
    """Nothing here needs tuning, and the end of a `fit` often waits half a second for the thread that does it."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return options


def _made_on_demand(minibatches, order):
    """Batches of rows that only Python can make. `Minibatches` makes them ahead, and `tf.data` must not, too: at its
    end, Python would wait for TensorFlow, which would wait for Python."""
    arrays = tf.nest.flatten(minibatches.arrays)

    def taken(index):
        batch = tf.numpy_function(
            lambda *position: tf.nest.flatten(minibatches.taken(*position)), [order, index], [a.dtype for a in arrays]
        )
        for part, array in zip(batch, arrays, strict=True):
            part.set_shape((None, *array.shape[1:]))
        return tf.nest.pack_sequence_as(minibatches.arrays, batch)

    return tf.data.Dataset.range(minibatches.num_batches).map(taken)


def largest(pieces):
    """Maximum over the last axis. A tie shares its gradient among the tied."""
    return tf.reduce_max(pieces, axis=-1)


def product_with(matrix):
    """Function of NumPy blocks `(n, d)`: their product with the transpose of the matrix `(m, d)`, float32.

    On the GPU where there is one, without TF32; else by NumPy, which needs no copies.
    """
    if not tf.config.get_visible_devices("GPU"):
        return lambda block: block @ matrix.T
    return device_product_with(matrix)


def device_product_with(matrix):
    """The same on TensorFlow's default device."""
    matrix = tf.constant(matrix)

    def product(block):
        allowed = tf.config.experimental.tensor_float_32_execution_enabled()
        tf.config.experimental.enable_tensor_float_32_execution(False)
        try:
            return np.array(tf.matmul(tf.constant(block), matrix, transpose_b=True))
        finally:
            tf.config.experimental.enable_tensor_float_32_execution(allowed)

    return product


def write_saved_model(generator, inputs, prior, path):
    """Signatures `serving_default` (named inputs to samples) and `sample` (a seed, a number or conditions).

    There is no `sample` if the prior is None or has no map `from_uniform`.
    """
    specs = [tf.TensorSpec((None, *shape), tf.float32, name=name) for name, shape in inputs]
    module = tf.Module()
    module.weights = [variable.value for variable in generator.variables]  # Keras's own export writes each twice
    module.serve = tf.function(
        lambda *tensors: generator(list(tensors) if len(tensors) > 1 else tensors[0], training=False),
        input_signature=specs,
    )
    serve = tf.function(lambda *tensors: {"samples": module.serve(*tensors)}, input_signature=specs)
    signatures = {"serving_default": serve}
    if _has_map(prior):
        noise_dim = inputs[0][1][0]
        scalars = [tf.TensorSpec((), tf.int32, name=name) for name in ("num", "seed")]

        def draw(num, seed):
            # The generator's own numbers are k / 2**23: 0 among them, where an unbounded prior would be infinite.
            u = tf.random.stateless_uniform((num, noise_dim), tf.stack([seed, 0])) + 2.0**-24
            return tf.ensure_shape(prior.from_uniform(u), (None, noise_dim))

        def sample(num, seed):
            return {"samples": module.serve(draw(num, seed))}

        def sample_told(seed, *condition):
            return {"samples": module.serve(draw(tf.shape(condition[0])[0], seed), *condition)}

        if len(specs) == 1:
            signatures["sample"] = tf.function(sample, input_signature=scalars)
        else:
            signatures["sample"] = tf.function(sample_told, input_signature=[scalars[1], *specs[1:]])
    tf.saved_model.save(module, path, signatures=signatures)


def _has_map(prior):
    if prior is None:
        return False
    try:
        prior.from_uniform(tf.fill((1, prior.dim), 0.25))
    except NotImplementedError:
        return False
    return True


def write_litert(generator, inputs, prior, path):
    """By way of a SavedModel, with LiteRT's own operations only."""
    del prior
    with tempfile.TemporaryDirectory() as folder:
        write_saved_model(generator, inputs, None, folder)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder, signature_keys=["serving_default"])
        Path(path).write_bytes(converter.convert())


def write_openvino(generator, inputs, prior, path):
    """By Keras's own export: a folder with generator.xml and generator.bin, whose inputs are named."""
    del prior
    tensors = [keras.Input(shape, name=name) for name, shape in inputs]
    named = keras.Model(tensors, generator(tensors if len(tensors) > 1 else tensors[0]))
    specs = [keras.InputSpec(shape=(None, *shape), dtype="float32", name=name) for name, shape in inputs]
    Path(path).mkdir()
    named.export(str(Path(path) / "generator.xml"), format="openvino", verbose=False, input_signature=specs)


def check_replicas(model):
    """How many replicas share a step: those of a `MirroredStrategy`, in whose scope everything was made."""
    strategy = model.distribute_strategy
    number = strategy.num_replicas_in_sync
    if number == 1:
        return 1
    name = type(strategy).__name__
    if type(strategy) is not tf.distribute.MirroredStrategy:
        raise ValueError(
            f"Training under this tf.distribute strategy is not supported. Received: {name} with {number} replicas. "
            "Use tf.distribute.MirroredStrategy, or KERAS_BACKEND=torch for several machines."
        )
    variables = [*model.variables, *model.optimizer.variables]
    if outside := [v.path for v in variables if not isinstance(v.value, tf.distribute.DistributedValues)]:
        raise ValueError(
            f"Networks, model and optimizers must be made inside strategy.scope(). Received: {name} with {number} "
            f"replicas, and {outside[0]} from outside. Make all of them in the scope, or call keras_gan.devices.use("
            f"{number}) first."
        )
    return number


def own_rows(draw, rows, even=True):
    """This replica's rows of what is drawn for the whole batch, from a seed that all share.

    Args:
        draw: function from a number of rows to as many draws.
        rows: of this replica.
        even: whether all replicas have as many: in training, but not at the end of an evaluation.
    """
    if (number := _replicas()) == 1:
        return draw(rows)
    everyone = tf.fill([number], rows) if even else summed(tf.one_hot(_replica(), number, on_value=rows, off_value=0))
    start = tf.reduce_sum(everyone[: _replica()])
    return draw(tf.reduce_sum(everyone))[start : start + rows]


def replica():
    """None: all rows are read here, and the strategy deals them."""
    return


def summed(x):
    """The sum of a tensor over the replicas, which can be differentiated."""
    if _replicas() == 1:
        return x
    return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, x)


def batch_mean(x):
    """The mean over the rows of a whole batch, of which each replica has as many; it can be differentiated."""
    return summed(tf.reduce_mean(x, axis=0)) / _replicas()


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
    gpus = tf.config.list_physical_devices("GPU")
    if device == "gpu" and not gpus:
        raise ValueError(
            "device='gpu' was asked for, but TensorFlow sees no GPU. Install 'keras-gan[tensorflow-gpu]' and check "
            "the driver with nvidia-smi, or use --device auto or --device cpu."
        )
    if device == "cpu":
        tf.config.set_visible_devices([], "GPU")
    else:
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)


def use_devices(number):
    """Sets a `MirroredStrategy` of so many GPUs for the rest of the process, or of parts of the CPU."""
    if tf.distribute.get_strategy().num_replicas_in_sync == number:  # it has been set
        return
    kind = "GPU" if tf.config.get_visible_devices("GPU") else "CPU"
    if kind == "CPU" and number is not None:
        parts = [tf.config.LogicalDeviceConfiguration()] * number
        with contextlib.suppress(RuntimeError):  # where TensorFlow has computed already
            tf.config.set_logical_device_configuration(tf.config.get_visible_devices("CPU")[0], parts)
    devices = [device.name for device in tf.config.list_logical_devices(kind)]
    if number is not None and number > len(devices):
        raise ValueError(
            f"There are not so many devices. Received: devices={number}, and TensorFlow has {len(devices)} of the kind "
            f"{kind}. Ask for fewer, and before anything is computed."
        )
    if len(devices[:number]) > 1:
        global _strategy
        _strategy = tf.distribute.MirroredStrategy(devices[:number])
        tf.distribute.experimental_set_strategy(_strategy)


_strategy = None


@contextlib.contextmanager
def alone():
    """A context without the strategy of `use_devices`: a program that is read in its scope would not run."""
    if _strategy is not None:
        tf.distribute.experimental_set_strategy(None)
    try:
        yield
    finally:
        if _strategy is not None:
            tf.distribute.experimental_set_strategy(_strategy)


def describe_device():
    """For example `"TensorFlow 2.21.0 on CPU"`."""
    gpus = tf.config.get_visible_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name) for gpu in gpus]
    number = tf.distribute.get_strategy().num_replicas_in_sync
    replicas = f", {number} replicas" if number > 1 else ""
    return f"TensorFlow {tf.__version__} on {', '.join(names) or 'CPU'}{replicas}"
