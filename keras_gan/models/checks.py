"""What is wrong with a user's networks, arguments or data, said before any training."""

import keras
import numpy as np
from keras import ops

# Layers that move or scale nothing: the activation that bounds the output stands before them.
_TRANSPARENT = ("Reshape", "Flatten", "Permute", "Identity", "InputLayer")
_RANGES = {"sigmoid": (0.0, 1.0), "tanh": (-1.0, 1.0)}
_ROUNDING = 1e-5  # preprocessing in float32 may overshoot a range by rounding
_CHUNK = 1000


def noise_width(generator):
    """Width of the noise that a built generator takes."""
    shape = getattr(generator, "input_shape", None) if generator.built else None
    if not isinstance(shape, tuple) or len(shape) != 2 or shape[-1] is None:
        raise ValueError(
            "The width of the noise cannot be read off the generator. Received: a generator with input shape "
            f"{shape}. Give it a keras.Input((dim,)), or pass the prior: GAN(..., prior=keras_gan.priors.Uniform(dim))."
        )
    return shape[-1]


def check_networks(generator, discriminator, prior):
    """Checks that noise fits the generator, samples the discriminator, and that the latter ends in one logit."""
    shape = getattr(generator, "input_shape", None) if generator.built else None
    if isinstance(shape, tuple) and shape[1:] != (prior.dim,):
        raise ValueError(
            f"The generator takes noise of shape {shape}, but the prior draws vectors of width {prior.dim}. "
            f"Use a prior of that width, for example keras_gan.priors.Uniform({shape[-1]}), or a generator with "
            f"keras.Input(({prior.dim},))."
        )
    samples = generator(keras.KerasTensor((None, prior.dim)))
    expected = getattr(discriminator, "input_shape", None) if discriminator.built else None
    if isinstance(expected, tuple) and not _fits(samples.shape, expected):
        raise ValueError(
            f"The generator makes samples of shape {tuple(samples.shape)}, but the discriminator takes {expected}. "
            "Both must be the shape of (preprocessed) data: add a Reshape to the generator or the discriminator."
        )
    logits = discriminator(keras.KerasTensor(samples.shape))
    if len(logits.shape) != 2 or logits.shape[-1] != 1:
        raise ValueError(
            f"The discriminator must end in one logit an example, shape (batch, 1). Received: {tuple(logits.shape)}. "
            "End it with keras.layers.Dense(1)."
        )
    activation = output_activation(discriminator)
    if activation in ("sigmoid", "softmax", "hard_sigmoid"):
        raise ValueError(
            f"The discriminator must end in a logit, but its last activation is {activation!r}: the losses apply the "
            "sigmoid themselves, in a form that does not overflow. End it with keras.layers.Dense(1), no activation."
        )


def _fits(shape, expected):
    return len(shape) == len(expected) and all(
        a is None or b is None or a == b for a, b in zip(shape[1:], expected[1:], strict=True)
    )


def output_activation(model):
    """Name of the activation that a Sequential or functional model ends in, `"linear"` for none, None if unknown."""
    for layer in reversed(getattr(model, "operations", None) or getattr(model, "layers", [])):
        if isinstance(layer, keras.Model):
            return output_activation(layer)
        if type(layer).__name__ in _TRANSPARENT:
            continue
        if type(layer).__name__ in ("Sigmoid", "Tanh", "Softmax"):  # keras.ops in a functional model
            return type(layer).__name__.lower()
        return getattr(getattr(layer, "activation", None), "__name__", "linear")
    return None


def check_compile_arguments(arguments):
    """Refuses what `keras.Model.compile` takes and a game of two players does not."""
    hints = {
        "optimizer": "each player has its own: pass generator_optimizer= and discriminator_optimizer=",
        "loss": "the players' losses are chosen together: pass objective=, for example objective='non_saturating'",
        "metrics": "the game's own metrics are always logged; measure samples with a callback of keras_gan.callbacks",
    }
    for name in arguments:
        if name not in hints:
            raise TypeError(f"GAN.compile() got an unexpected keyword argument {name!r}.")
        raise ValueError(
            f"GAN.compile() takes no `{name}`. Received: {name}={arguments[name]!r}. {hints[name].capitalize()}."
        )


def is_array(x):
    """Whether x is an array or tensor, in contrast to a stream of batches."""
    return hasattr(x, "shape") and hasattr(x, "dtype")


def check_data(x, gan):
    """Checks data before training: arrays whole, streams at the first batch.

    Returns:
        The data; a generator is given back with its first batch put back.

    Raises:
        ValueError: that says what was received, what was expected, and what to do.
    """
    if isinstance(x, list):
        x = np.asarray(x)
    if x is None:
        raise ValueError(
            "There are no data to train on. Received: x=None. Pass an array of shape (n, ...) or a stream of batches."
        )
    if is_array(x):
        if x.shape[0] == 0:
            raise ValueError(f"There are no data to train on. Received: an array of shape {tuple(x.shape)}.")
        _check_shape(x[:1], gan)
        for start in range(0, x.shape[0], _CHUNK):
            if not _check_values(x[start : start + _CHUNK], gan):
                break
        return x
    batch, x = _first_batch(x)
    batch = keras.utils.unpack_x_y_sample_weight(batch)[0]
    if batch.shape[0] == 0:
        raise ValueError(f"There are no data to train on. Received: a first batch of shape {tuple(batch.shape)}.")
    _check_shape(batch[:1], gan)
    _check_values(batch, gan)
    return x


def _first_batch(stream):
    if isinstance(stream, keras.utils.PyDataset):
        return stream[0], stream
    iterator = iter(stream)
    try:
        batch = next(iterator)
    except StopIteration:
        raise ValueError("There are no data to train on. Received: a stream without a single batch.") from None
    if iterator is stream:  # a generator passes each batch once: put the first back
        return batch, _rewound(batch, iterator)
    return batch, stream


def _rewound(batch, rest):
    """A generator with its first batch put back (a true generator, for Keras knows them by type)."""
    yield batch
    yield from rest


def _preprocessed(x, gan):
    x = ops.convert_to_tensor(x)
    return ops.convert_to_numpy(x if gan.preprocessing is None else gan.preprocessing(x))


def _check_shape(example, gan):
    received = tuple(_preprocessed(example, gan).shape[1:])
    expected = tuple(gan.generator.compute_output_shape((None, gan.prior.dim))[1:])
    if not _fits((None, *received), (None, *expected)):
        raise ValueError(
            f"The data are not shaped like the generator's samples. Received: examples of shape {received} (after "
            f"preprocessing). Expected: {expected}, as the generator makes. Reshape the data, for example "
            f"x.reshape(-1, {', '.join(map(str, expected))}), or change the generator's last layer."
        )


def _check_values(x, gan):
    """Checks a chunk of data; False if nothing more need be looked at."""
    activation = output_activation(gan.generator)
    floating = "float" in str(x.dtype)
    if activation not in _RANGES and not floating:
        return False
    x = _preprocessed(x, gan).astype("float32")
    if not np.isfinite(x).all():
        raise ValueError(
            f"The data are not finite. Received: {int(np.sum(~np.isfinite(x)))} NaN or infinite values within "
            f"{len(x)} examples. Remove those examples, or replace the values (numpy.nan_to_num)."
        )
    if activation in _RANGES:
        low, high = _RANGES[activation]
        if x.min() < low - _ROUNDING or x.max() > high + _ROUNDING:
            raise ValueError(
                f"The generator ends in {activation}, so its samples lie in [{low:g}, {high:g}], but the data do not. "
                f"Received: values from {x.min():g} to {x.max():g} (after preprocessing). Rescale them, for example "
                f"with GAN(..., preprocessing={_RESCALING[activation]}) for pixels 0 to 255, or give the generator a "
                "linear last layer."
            )
    return True


_RESCALING = {"sigmoid": "keras.layers.Rescaling(1 / 255)", "tanh": "keras.layers.Rescaling(1 / 127.5, offset=-1)"}
