"""What is wrong with a user's networks, arguments or data, said before any training."""

import math
import numbers
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gan import backend
from keras_gan.models.on_demand import OnDemand
from keras_gan.networks.activation import RANGES, output_activation

_ROUNDING = 1e-5  # preprocessing in float32 may overshoot a range by rounding
_CHUNK = 1000
_MADE_FIRST = 100  # rows that are made to be checked, where rows are made on demand
_RESCALING = {"sigmoid": "keras.layers.Rescaling(1 / 255)", "tanh": "keras.layers.Rescaling(1 / 127.5, offset=-1)"}


# Networks.


def noise_dim(generator, condition=None):
    """Size of the noise that a generator takes, read off its input shape."""
    shape = getattr(generator, "input_shape", None) if generator.built else None
    first = shape[0] if condition is not None and isinstance(shape, list) and shape else shape
    if isinstance(first, tuple) and len(first) > 2:
        raise ValueError(
            f"The generator takes inputs of shape {first}, which are not noise. Received: a generator without an input "
            "of shape (batch, dim). A picture that the samples depend on is a condition: give the generator the inputs "
            "[noise, picture], and pass GAN(..., condition=keras_gan.conditions.Given(shape))."
        )
    if not isinstance(first, tuple) or len(first) != 2 or first[-1] is None:
        raise ValueError(
            "The size of the noise cannot be read off the generator. Received: a generator with input shape "
            f"{shape}. Give it a keras.Input((dim,)), or pass the prior: GAN(..., prior=keras_gan.priors.Uniform(dim))."
        )
    return first[-1]


def check_networks(generator, discriminator, prior, condition, judges_noise=False):
    """Checks that noise and condition fit the generator, and that samples and condition fit the discriminator.

    With `judges_noise` the discriminator is called with samples and noise.

    Returns:
        The samples' `keras.KerasTensor`, or a structure of them.
    """
    _check_noise(generator, prior, condition)
    told = [keras.KerasTensor((None, prior.dim))]
    if condition is not None:
        if not callable(getattr(condition, "tell", None)):
            raise ValueError(
                f"Unknown condition. Received: condition={condition!r}. Expected an object of keras_gan.conditions, "
                "for example keras_gan.conditions.Labels(10)."
            )
        condition.fit_to(_single_shape(generator, prior, condition))
        condition.value_range = RANGES.get(output_activation(generator) or "")
        told += [keras.KerasTensor((None, *shape)) for shape in condition.shapes]
    samples = _called("generator", generator, told)
    judged = [samples, *(told if judges_noise else told[1:])]
    expected = getattr(discriminator, "input_shape", None) if discriminator.built else None
    if judges_noise and isinstance(expected, tuple):
        raise ValueError(
            f"A discriminator of pairs takes [x, z]. Received: a discriminator of one input, {expected}. Build it as "
            "keras.Model([x, z], logit)."
        )
    if condition is None and isinstance(expected, tuple) and not _fits(_shape(samples), expected):
        raise ValueError(
            f"The generator makes samples of shape {_shape(samples)}, but the discriminator takes {expected}. "
            "Both must be the shape of (preprocessed) data: add a Reshape to the generator or the discriminator."
        )
    _called("discriminator", discriminator, judged)
    shared = {id(v) for v in generator.variables} & {id(v) for v in discriminator.variables}
    if shared:
        names = [v.path for v in generator.variables if id(v) in shared]
        raise ValueError(
            f"The two networks share weights, but each player trains its own. Received: both hold {names[:3]}. Make a "
            "layer for each of them."
        )
    for network in (generator, discriminator):
        for layer in network._flatten_layers():
            if type(layer) is keras.layers.SpectralNormalization:
                raise ValueError(
                    "keras.layers.SpectralNormalization changes its kernel while the network looks at data, so one "
                    f"player's step would change the other. Received: {layer.name} in {network.name}. Use "
                    "keras_gan.layers.SpectralNormalization in its place."
                )
    return samples


def check_augmentation(augmentation, condition, judges_noise):
    """Checks that what the discriminator sees besides data and samples still fits them after an augmentation."""
    if augmentation is None:
        return
    if not isinstance(augmentation, keras.layers.Layer):
        raise ValueError(
            f"An augmentation is a Keras layer. Received: augmentation={augmentation!r}. Expected, for example, "
            "keras_gan.layers.Augmentation()."
        )
    pictures = any(len(shape) > 1 for shape in getattr(condition, "shapes", ()))
    if judges_noise or pictures or getattr(condition, "completes", False):
        what = "noise" if judges_noise else "a picture"
        raise ValueError(
            f"This discriminator sees {what} beside each example, which would not fit an augmented one. Received: "
            f"augmentation={augmentation!r}. Leave augmentation= out."
        )


def _check_noise(generator, prior, condition):
    shape = getattr(generator, "input_shape", None) if generator.built else None
    first = shape[0] if isinstance(shape, list) and shape else shape
    if condition is None and isinstance(shape, list) and len(shape) > 1:
        raise ValueError(
            f"The generator takes {len(shape)} inputs, of shapes {shape}, but there is only noise. Received: no "
            "condition. Say what the others are, for example by GAN(..., condition=keras_gan.conditions.Labels(10))."
        )
    if condition is not None and isinstance(shape, tuple):
        raise ValueError(
            f"With a condition the generator takes [noise, condition]. Received: a generator of one input, {shape}. "
            "Build it as keras.Model([noise, condition], samples)."
        )
    if isinstance(first, tuple) and first[1:] != (prior.dim,):
        if len(first) == 2:
            raise ValueError(
                f"The generator takes noise of shape {first}, but the prior draws vectors of {prior.dim} values. "
                f"Use a prior of that size, for example keras_gan.priors.Uniform({first[-1]}), or a generator with "
                f"keras.Input(({prior.dim},))."
            )
        noise_dim(generator, condition)


def _single_shape(generator, prior, condition):
    """Shape of one sample, which a condition of parts of the sample must know before it knows its own shapes."""
    shape = getattr(generator, "output_shape", None) if generator.built else None
    return tuple(shape[1:]) if isinstance(shape, tuple) else ()


def _called(name, network, inputs):
    """What a network makes of symbolic inputs."""
    try:
        return network(inputs if len(inputs) > 1 else inputs[0])
    except Exception as error:
        shapes = ", ".join(str(_shape(part)) for part in inputs)
        reason = str(error).strip() or type(error).__name__
        raise ValueError(
            f"The {name} cannot be called with inputs of shape {shapes}. Its own error: {reason[:600]}. Build it for "
            "these inputs, in this order."
        ) from error


def _shape(tensors):
    shapes = keras.tree.map_structure(lambda tensor: str(tuple(tensor.shape)), tensors)
    return tuple(tensors.shape) if hasattr(tensors, "shape") else shapes


def _fits(shape, expected):
    return len(shape) == len(expected) and all(
        a is None or b is None or a == b for a, b in zip(shape[1:], expected[1:], strict=True)
    )


# Arguments of compile.


def check_compile_arguments(arguments):
    """Refuses what `keras.Model.compile` and other libraries take, and a game of two players does not."""
    each = "each player has its own: pass generator_optimizer= and discriminator_optimizer="
    together = "the players' losses are chosen together: pass objective=, for example objective='non_saturating'"
    hints = {
        "optimizer": each,
        **dict.fromkeys(("d_optimizer", "g_optimizer", "gen_optimizer", "disc_optimizer"), each),
        "loss": together,
        **dict.fromkeys(("loss_fn", "d_loss_fn", "g_loss_fn", "losses"), together),
        **dict.fromkeys(
            ("r1_penalty", "gp_weight", "gradient_penalty"),
            "a penalty is an object: pass penalties=[keras_gan.penalties.R1(gamma)], for example",
        ),
        "metrics": "the game's own metrics are always logged; measure samples with a callback of keras_gan.callbacks",
    }
    for name, value in arguments.items():
        if name not in hints:
            raise TypeError(f"GAN.compile() got an unexpected keyword argument {name!r}.")
        hint = hints[name][0].upper() + hints[name][1:]
        raise ValueError(f"GAN.compile() takes no `{name}`. Received: {name}={value!r}. {hint}.")


def check_game(updates, known, steps, weight):
    """Checks how the game is to be played."""
    if updates not in known:
        raise ValueError(f"Unknown updates. Received: updates={updates!r}. Expected one of {list(known)}.")
    if not _is_count(steps):
        raise ValueError(
            f"The discriminator makes at least one step. Received: discriminator_steps={steps!r}. Pass an integer "
            "k >= 1."
        )
    if updates == "simultaneous" and steps > 1:
        raise ValueError(
            "Simultaneous updates are one step of each player at the same parameters. Received: "
            f"discriminator_steps={steps}. Use updates='alternating' for k > 1."
        )
    if not _is_number(weight) or weight < 0:
        raise ValueError(
            f"A weight is a finite number, 0 or more. Received: discriminator_weight={weight!r}. Pass 1.0 for the "
            "paper's loss."
        )


def check_energy(energy, condition):
    """Checks the weight of an energy score, which compares samples with data of one condition."""
    if condition is None:
        raise ValueError(
            "The energy score compares samples with data of the same condition. Received: no condition. Pass "
            "condition=keras_gan.conditions.Observed(), for example, or use keras_gan.GAN."
        )
    if not _is_number(energy) or energy < 0:
        raise ValueError(
            f"The weight of an energy score is a finite number, 0 or more. Received: energy={energy!r}. Pass 0 for "
            "none."
        )


def check_learning_rates(generator, discriminator):
    """Checks both players' learning rates as training begins with them; Keras takes any number."""
    for player, optimizer in (("generator", generator), ("discriminator", discriminator)):
        rate = float(ops.convert_to_numpy(optimizer.learning_rate))
        if not 0 <= rate < math.inf:
            raise ValueError(
                f"A learning rate is a finite number, 0 or more. Received: {rate} as the {player}'s. Pass "
                f"{player}_optimizer=keras.optimizers.Adam(3e-4), for example."
            )


# Arguments of fit.


def check_fit_arguments(arguments):
    """Checks the numbers that `fit` is given; Keras takes 0 for a default, and fails late or never at others."""
    counts = ("batch_size", "epochs", "steps_per_epoch", "validation_steps", "validation_batch_size")
    for name in counts:
        value = arguments.get(name)
        if value is not None and not _is_count(value):
            raise ValueError(
                f"fit() counts from 1. Received: {name}={value!r}. Expected: an integer, 1 or more, or nothing for the "
                "default."
            )
    every = arguments.get("validation_freq")
    if isinstance(every, (numbers.Number, str)) and not _is_count(every):
        raise ValueError(
            f"fit() validates after every so many epochs. Received: validation_freq={every!r}. Expected: an integer, 1 "
            "or more, or a list of epochs."
        )
    split = arguments.get("validation_split")
    if split is not None and not (_is_number(split) and 0 <= split < 1):
        raise ValueError(
            "The share of the data to validate on is a number from 0 to less than 1. Received: "
            f"validation_split={split!r}. Pass 0.1, for example, or 0 for none."
        )


def check_parts(rows, kept, split):
    """Checks that a split leaves something to train on."""
    if kept == 0:
        raise ValueError(
            f"There are no data to train on. Received: {rows} examples, of which validation_split={split} leaves none. "
            "Pass more examples, or a smaller share."
        )


def check_batches(rows, batch, drop_remainder):
    """Checks that there is a whole batch, where a shorter one would be left out."""
    if drop_remainder and rows < batch:
        raise ValueError(
            f"There are no data to train on. Received: {rows} examples, fewer than a batch of {batch}, and "
            "drop_remainder=True. Pass a smaller batch_size, or drop_remainder=False."
        )


def _is_count(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) >= 1


def _is_number(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)


def check_output(gan, objective):
    """Asks the objective whether it can use the discriminator."""
    if callable(getattr(objective, "check", None)):
        told = [keras.KerasTensor((None, *shape)) for shape in gan.condition.shapes] if gan.condition else []
        told = [keras.KerasTensor((None, gan.prior.dim)), *told] if gan.judges_noise else told
        output = gan.discriminator([gan.sample_spec, *told] if told else gan.sample_spec)
        objective.check(output, output_activation(gan.discriminator))


def check_players(gan):
    """Checks that every network is trained by just one player, and notes what each trains."""
    mine, theirs = gan.generator_variables, gan.discriminator_variables
    both = {id(v) for v in mine} & {id(v) for v in theirs}
    if both:
        names = [v.path for v in mine if id(v) in both]
        raise ValueError(
            f"Both players train the same variables. Received: {names[:3]}. Each needs networks of its own."
        )
    known = both | {id(v) for v in mine} | {id(v) for v in theirs}
    if forgotten := [v.path for v in gan.trainable_variables if id(v) not in known]:
        raise ValueError(
            f"No player trains {forgotten[0]} and {len(forgotten) - 1} other variables. Received: a network besides "
            "the generator and the discriminator. Override generator_networks or discriminator_networks to return it "
            "too, or set its trainable = False."
        )
    if unbuilt := [layer.name for layer in gan._flatten_layers() if not layer.built and layer is not gan.preprocessing]:
        raise ValueError(
            f"A network is not built yet. Received: {unbuilt[:3]}. Give it a keras.Input, or call it once on a batch, "
            "before compile."
        )
    gan._trained_by_players = [{id(v) for v in mine}, {id(v) for v in theirs}]


def check_unchanged(gan):
    """Checks that both players still train what they were compiled for."""
    now = [{id(v) for v in variables} for variables in (gan.generator_variables, gan.discriminator_variables)]
    if now != gan._trained_by_players:
        raise ValueError(
            "A layer was frozen or unfrozen after compile(). Received: "
            f"{len(now[0])} and {len(now[1])} trainable variables of generator and discriminator, compiled for "
            f"{len(gan._trained_by_players[0])} and {len(gan._trained_by_players[1])}. Call compile() again: the "
            "optimizers know only what they were compiled for."
        )


def has_losses_of_its_own(gan):
    """Whether a subclass has overridden a player's loss."""
    return any(
        getattr(type(gan), name).__module__ != "keras_gan.models.gan"
        for name in ("compute_discriminator_loss", "compute_generator_loss")
    )


def asked_for(condition, values, num, seed):
    """The condition of so many samples: what was asked for, or what is drawn."""
    if condition is None:
        if values is not None:
            raise ValueError(
                "This model has no condition: it learns p(x). Received: a condition for its samples. Train a GAN(..., "
                "condition=...) to ask for one."
            )
        return ()
    return condition.draw(num, seed) if values is None else condition.encode(values, num)


def check_number(num: Any, name: str = "num", least: int = 1) -> None:
    """Raises a ValueError for a number of samples that is none."""
    if isinstance(num, bool) or not isinstance(num, (int, np.integer)) or num < least:
        raise ValueError(f"Samples are counted in whole numbers. Received: {name}={num!r}. Expected: at least {least}.")


def check_samples(samples: Any, network: Any = None) -> None:
    """Refuses samples that are not finite, or of weights that are not, and says why they are not.

    Weights are looked at, too, because TensorFlow's ReLU makes 0 of NaN on some processors.

    Args:
        samples: array, or a structure of arrays.
        network: the Keras model that made them, if it is known.

    Raises:
        ValueError: if a value or a weight is NaN or infinite.
    """
    parts = keras.tree.flatten(samples)
    wrong = sum(int(np.sum(~np.isfinite(part))) for part in parts)
    said = f"The samples are not finite. Received: {wrong} NaN or infinite values of {sum(p.size for p in parts)}."
    for variable in getattr(network, "variables", []):
        if "float" in variable.dtype and not np.isfinite(ops.convert_to_numpy(variable)).all():
            said = said if wrong else "The samples mean nothing."
            raise ValueError(
                f"{said} The weights {variable.path} are not finite, so the training diverged, or the file was "
                "changed. Use a model of an earlier epoch, or train again with another seed, a smaller learning rate "
                "or a penalty."
            )
    if wrong:
        raise ValueError(f"{said} The model itself makes such values.")


# Data.


def are_arrays(x):
    """Whether x is an array or tensor, or a structure of them, in contrast to a stream of batches."""
    if isinstance(x, (dict, list, tuple)):
        parts = keras.tree.flatten(x)
        return bool(parts) and all(map(_is_array, parts))
    return _is_array(x)


def _is_array(x):
    return hasattr(x, "shape") and hasattr(x, "dtype")


def num_rows(x):
    """Rows of an array, a tensor, or a structure of them: an integer, or a scalar tensor inside a compiled step."""
    first = keras.tree.flatten(x)[0]
    return len(first) if isinstance(first, OnDemand) else ops.shape(first)[0]


def check_replicas(model, fitting=True):
    """Checks that the model can be trained on several devices, if it is to be.

    Returns:
        How many copies of the model share each step, each with its own rows; 1 where one program sees the whole batch.

    Raises:
        ValueError: that says what cannot be trained so.
    """
    replicas = backend.check_replicas(model)
    if replicas == 1:
        return 1
    elsewhere = "Train it on one device, or with KERAS_BACKEND=jax, where a step sees the whole batch."
    if not getattr(model, "shares_steps", False):
        raise ValueError(f"{type(model).__name__} cannot be trained on {replicas} devices here. {elsewhere}")
    if not fitting:
        raise ValueError(
            f"train_on_batch does not share a batch among {replicas} devices. Call fit(x, batch_size=...), which does."
        )
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization) and not layer.synchronized:
            raise ValueError(
                f"{layer.name} normalizes by the statistics of a batch, of which each device sees a part. Received: "
                f"BatchNormalization on {replicas} devices. {_normalize_otherwise()} {elsewhere}"
            )
    return replicas


def _normalize_otherwise():
    if keras.backend.backend() == "tensorflow":
        return "Make it with synchronized=True, or use LayerNormalization."
    return "Use LayerNormalization or GroupNormalization."


def is_uneven(drop_remainder):
    """Whether only those rows of a last batch are left out that do not divide over the devices."""
    if isinstance(drop_remainder, str) and drop_remainder != "uneven":
        raise ValueError(f"drop_remainder is True, False or 'uneven'. Received: drop_remainder={drop_remainder!r}.")
    return isinstance(drop_remainder, str)


def check_devices(rows, total, drop_remainder, parts=1, replicas=1, uneven=False):
    """Checks that batches divide over the devices: JAX's, where a distribution is set, or the model's replicas.

    Returns:
        What must divide the rows of every batch.
    """
    devices = _num_devices(replicas)
    shares = devices * (parts if replicas > 1 else 1)
    rest = total % rows
    if rows % shares or (0 < rest < shares if uneven else rest % shares and not drop_remainder):
        of = f" of {parts} minibatches" if shares > devices else ""
        raise ValueError(
            f"Batches must divide over the {devices} devices. Received: batches of {rows} rows{of}, the last of "
            f"{rest or rows}. Choose a batch size that {devices} divides, and fit(..., drop_remainder=True), or "
            "drop_remainder='uneven' to leave out only the rows that are too many."
        )
    return shares


def _num_devices(replicas):
    mesh = getattr(keras.distribution.distribution(), "device_mesh", None)
    return replicas if mesh is None else int(mesh.shape[0])


def check_stream(x, replicas):
    """Checks that the batches of a stream divide over the devices, where a stream can say how large they are.

    On PyTorch each process has a stream of its own. On JAX each batch is looked at when it is there.
    """
    devices, backend_name = _num_devices(replicas), keras.backend.backend()
    spec = getattr(x, "element_spec", None)
    if devices == 1 or are_arrays(x) or backend_name == "torch" or (spec is None and backend_name == "jax"):
        return
    shape = () if spec is None else tuple(keras.tree.flatten(spec)[0].shape)
    if not shape or not shape[0] or shape[0] % devices:
        rows = shape[0] if shape and shape[0] else "an unknown number of"
        raise ValueError(
            f"Batches of a stream must divide over the {devices} devices. Received: {type(x).__name__} of batches of "
            f"{rows} rows. Pass arrays, or a tf.data.Dataset.batch(..., drop_remainder=True)."
        )


def check_data(x, y, gan, validation=False):
    """Checks data before training: arrays whole, streams and rows made on demand at the beginning.

    Returns:
        The data; a generator is given back with its first batch put back.

    Raises:
        ValueError: that says what was received, what was expected, and what to do.
    """
    what = "validate" if validation else "train"
    if isinstance(x, list) and not isinstance(gan.sample_spec, list):
        x = np.asarray(x)
    if x is None:
        raise ValueError(
            f"There are no data to {what} on. Received: x=None. Pass an array of shape (n, ...) or a stream of batches."
        )
    if are_arrays(x):
        _check_rows(x, what)
        _check_condition(x, y, gan)
        made_first = any(isinstance(part, OnDemand) for part in keras.tree.flatten(x))
        rows = min(int(num_rows(x)), _MADE_FIRST) if made_first else int(num_rows(x))
        for start in range(0, rows, _CHUNK):
            if not _check_values(_part(x, start, min(start + _CHUNK, rows)), gan):
                break
        return x
    batch, x = _first_batch(x, what)
    batch, labels, _ = keras.utils.unpack_x_y_sample_weight(batch)
    _check_rows(batch, what)
    _check_condition(batch, labels, gan)
    _check_values(batch, gan)
    return x


def check_single_batch(x):
    """Checks that a batch of arrays has rows."""
    if x is None or are_arrays(x):
        _check_rows(np.zeros(0) if x is None else x, "train")


def _check_rows(x, what):
    shapes = [tuple(part.shape) for part in keras.tree.flatten(x)]
    for part in keras.tree.flatten(x):
        if getattr(part.dtype, "kind", "f") in "USOM":
            raise ValueError(
                f"There are no data to {what} on. Received: an array of {part.dtype}. Pass numbers: strings and "
                "objects become numbers before training, for example by keras.layers.StringLookup."
            )
    if any(not shape or shape[0] == 0 for shape in shapes):
        raise ValueError(
            f"There are no data to {what} on. Received: an array of shape {shapes[0]}. Expected: shape (n, ...), with "
            "n >= 1."
        )
    if len({shape[0] for shape in shapes}) > 1:
        raise ValueError(f"All parts of the data have as many rows. Received: arrays of shapes {shapes}.")


def _check_condition(x, y, gan):
    if gan.condition is not None:
        gan.condition.check(keras.tree.flatten(x)[0], y)


def _part(x, start, stop):
    return keras.tree.map_structure(lambda array: array[start:stop], x)


def _first_batch(stream, what):
    if isinstance(stream, keras.utils.PyDataset):
        return stream[0], stream
    try:
        iterator = iter(stream)
    except TypeError:
        raise ValueError(
            f"There are no data to {what} on. Received: x of type {type(stream).__name__}. Pass an array of shape "
            "(n, ...), or a tf.data.Dataset, PyDataset, DataLoader or generator of batches."
        ) from None
    try:
        batch = next(iterator)
    except StopIteration:
        raise ValueError(f"There are no data to {what} on. Received: a stream without a single batch.") from None
    if not are_arrays(batch):
        raise ValueError(
            f"There are no data to {what} on. Received: a stream of {type(batch).__name__}. Pass batches of numbers: "
            "arrays, or tuples (x, y) of them."
        )
    if iterator is stream:  # a generator passes each batch once: put the first back
        return batch, _rewound(batch, iterator)
    return batch, stream


def _rewound(batch, rest):
    """A generator with its first batch put back (a true generator, for Keras knows them by type)."""
    yield batch
    yield from rest


def _preprocessed(x, gan):
    x = keras.tree.map_structure(ops.convert_to_tensor, x)
    x = x if gan.preprocessing is None else gan.preprocessing(x, training=False)
    return keras.tree.map_structure(ops.convert_to_numpy, x)


def _check_values(x, gan):
    """Checks a chunk of data; False if nothing more need be looked at."""
    first = _preprocessed(_part(x, 0, 1), gan)
    _check_shapes(first, gan)
    activation = output_activation(gan.generator)
    floating = any("float" in str(part.dtype) for part in keras.tree.flatten(x))
    if activation not in RANGES and not floating:
        return False
    for part in keras.tree.flatten(_preprocessed(x, gan)):
        _check_part(part.astype("float32"), activation if _is_array(x) else None)
    return True


def _check_shapes(first, gan):
    try:
        keras.tree.assert_same_structure(first, gan.sample_spec)
    except (ValueError, TypeError) as error:
        raise ValueError(
            "The data are not structured like the generator's samples. Received: "
            f"{keras.tree.map_structure(lambda part: tuple(part.shape[1:]), first)}. Expected: "
            f"{_shape(gan.sample_spec)}, as the generator makes."
        ) from error
    for part, spec in zip(keras.tree.flatten(first), keras.tree.flatten(gan.sample_spec), strict=True):
        received, expected = tuple(part.shape[1:]), tuple(spec.shape[1:])
        if not _fits((None, *received), (None, *expected)):
            raise ValueError(
                f"The data are not shaped like the generator's samples. Received: examples of shape {received} (after "
                f"preprocessing). Expected: {expected}, as the generator makes. Reshape the data, for example "
                f"x.reshape(-1, {', '.join(map(str, expected))}), or change the generator's last layer."
            )


def _check_part(x: np.ndarray, activation: Any) -> None:
    if not np.isfinite(x).all():
        raise ValueError(
            f"The data are not finite. Received: {int(np.sum(~np.isfinite(x)))} NaN or infinite values within "
            f"{len(x)} examples. Remove those examples, or replace the values (numpy.nan_to_num)."
        )
    if activation in RANGES:
        low, high = RANGES[activation]
        if x.min() < low - _ROUNDING or x.max() > high + _ROUNDING:
            raise ValueError(
                f"The generator ends in {activation}, so its samples lie in [{low:g}, {high:g}], but the data do not. "
                f"Received: values from {x.min():g} to {x.max():g} (after preprocessing). Rescale them, for example "
                f"with GAN(..., preprocessing={_RESCALING[activation]}) for pixels 0 to 255, or give the generator a "
                "linear last layer."
            )


# An encoder of a finished generator.


def check_encoder(generator, encoder, prior):
    """Checks that an encoder takes the generator's samples and gives noise of the prior."""
    inputs = getattr(generator, "input_shape", None) if generator.built else None
    if isinstance(inputs, list) and len(inputs) > 1:
        raise ValueError(
            f"The noise is found for a generator of noise alone. Received: a generator of {len(inputs)} inputs. Fix "
            "the condition first: wrap the generator in a keras.Model of the noise."
        )
    noise = keras.KerasTensor((None, prior.dim))
    codes = _called("encoder", encoder, [_called("generator", generator, [noise])])
    if not hasattr(codes, "shape") or tuple(codes.shape) != (None, prior.dim):
        raise ValueError(
            f"The encoder gives outputs of shape {_shape(codes)}, but the prior's noise has shape (None, {prior.dim}). "
            f"End it in keras.layers.Dense({prior.dim}), without an activation."
        )
    if {id(v) for v in generator.variables} & {id(v) for v in encoder.variables}:
        raise ValueError("The encoder shares weights with the generator, which stays as it is. Make layers of its own.")


def check_like_samples(x, generator):
    """Checks that images, after preprocessing, are shaped and scaled like a generator's samples."""
    expected = tuple(generator.output_shape[1:])
    if x.ndim == 0 or not len(x) or not _fits((None, *x.shape[1:]), (None, *expected)):
        raise ValueError(
            f"The images are not shaped like the generator's samples. Received: shape {x.shape}. Expected: "
            f"{(None, *expected)}."
        )
    _check_part(x, output_activation(generator))


# Labels for a part of the data.


def check_examples_per_label(number):
    """Checks how many examples a labeled one goes beside."""
    if not _is_count(number):
        raise ValueError(
            f"A labeled example goes beside one example or more. Received: examples_per_label={number!r}. Pass 1 for "
            "as many labeled examples in a step as others."
        )


def check_error_weights(**weights):
    """Checks what errors of reconstructions and of codes count."""
    for name, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 <= weight < float("inf"):
            raise ValueError(
                f"An error counts with a finite weight of 0 or more. Received: {name}={weight!r}. Pass 0 for the game "
                "alone."
            )


def check_classes(y, rows, num_classes, needed=True):
    """Checks labels of which some may be unknown (-1): their number, type and range.

    Args:
        y: the labels, or None.
        rows: examples that they stand beside.
        num_classes: classes of the discriminator.
        needed: whether there must be labels.
    """
    how = "Pass y with an integer class for each example, and -1 where it is not known: fit(x, y)."
    if y is None:
        if needed:
            raise ValueError(f"A SemiSupervisedGAN learns from data and a few labels. Received: data alone. {how}")
        return
    labels = ops.convert_to_numpy(y) if _is_array(y) else np.asarray(y)
    if labels.shape not in ((rows,), (rows, 1)):
        raise ValueError(
            f"The labels do not fit the data. Received: labels of shape {labels.shape} for {rows} examples. {how} "
            "Labels in one-hot form become integers by y.argmax(axis=1)."
        )
    if labels.dtype.kind not in "iu":
        raise ValueError(f"Labels are integers. Received: {labels.dtype}. Pass y.astype('int64'), with -1 for unknown.")
    if labels.min() < -1 or labels.max() >= num_classes:
        raise ValueError(
            f"Labels are the classes 0 to {num_classes - 1} of the discriminator's {num_classes} logits, or -1 for "
            f"unknown. Received: labels from {labels.min()} to {labels.max()}. Number the classes from 0, or give the "
            "discriminator as many logits as there are classes."
        )


def check_every_class(labels, num_classes):
    """Checks that each class has a labeled example to learn from."""
    counts = np.bincount(labels[labels >= 0], minlength=num_classes)
    if missing := np.flatnonzero(counts == 0).tolist():
        raise ValueError(
            f"Every class needs a labeled example. Received: {counts.sum()} labels, none of the classes "
            f"{missing[:10]}. Label some examples of them, or give the discriminator fewer logits."
        )
