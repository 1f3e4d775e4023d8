"""Small networks for points on a line or in the plane. The paper has none of them."""

import keras
from keras import layers

from keras_gan.networks.parts import Networks


def points(
    size: int,
    noise_dim: int,
    scale: float = 1.0,
    units: int = 128,
    hidden_layers: int = 3,
    activation: str = "relu",
    bias_spread: float = 0.0,
    start: str = "random",
) -> Networks:
    """Two small networks of dense layers, for data that are points on a line or in the plane.

    Weights are drawn by He's rule for ReLU and by LeCun's for other activations.

    Args:
        size: number of values per point.
        noise_dim: number of noise values.
        scale: standard deviation of the data. The generator's last layer multiplies by it, and the discriminator's
            first divides by it.
        units: number of units per hidden layer.
        hidden_layers: number of hidden layers per network.
        activation: activation of the hidden layers.
        bias_spread: standard deviation of the hidden layers' initial biases. On a line, biases of 0 would let every
            unit of the first layer bend at the same place.
        start: `"random"`, or `"linear"`, where the generator adds a linear map of the noise to what its hidden layers
            make, which is next to nothing at first. So it starts monotone on a line. A generator that starts folded may
            stay so.

    Raises:
        ValueError: for an unknown `start`.
    """
    if start not in ("random", "linear"):
        raise ValueError(f"Unknown start. Received: start={start!r}. Expected 'random' or 'linear'.")

    def hidden():
        return [
            layers.Dense(
                units,
                activation=activation,
                kernel_initializer="he_normal" if activation == "relu" else "lecun_normal",
                bias_initializer=keras.initializers.RandomNormal(stddev=bias_spread),
            )
            for _ in range(hidden_layers)
        ]

    noise = keras.Input((noise_dim,))
    bent = noise
    for layer in hidden():
        bent = layer(bent)
    if start == "linear":
        small = keras.initializers.RandomNormal(stddev=0.01)
        made = layers.Add()([layers.Dense(size)(noise), layers.Dense(size, kernel_initializer=small)(bent)])
    else:
        made = layers.Dense(size)(bent)
    generator = keras.Model(noise, layers.Rescaling(scale)(made), name="generator")
    discriminator = [keras.Input((size,)), layers.Rescaling(1 / scale), *hidden(), layers.Dense(1)]
    return generator, keras.Sequential(discriminator, name="discriminator")
