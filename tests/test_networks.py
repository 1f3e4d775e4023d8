import keras
import numpy as np
import pytest

from keras_gan import networks
from keras_gan.layers import Maxout


def test_mnist_parameter_counts_are_the_papers():
    generator, discriminator = networks.build("mnist")
    assert generator.count_params() == 2_503_984
    assert discriminator.count_params() == 1_231_441


def test_mnist_shapes_and_initial_weights():
    generator, discriminator = networks.build("mnist", pixel_mean=np.full((28, 28, 1), 0.25))
    assert generator.input_shape == (None, 100)
    assert generator.output_shape == discriminator.input_shape == (None, 28, 28, 1)
    assert discriminator.output_shape == (None, 1)
    assert [type(layer).__name__ for layer in discriminator.layers] == [
        "Flatten",
        "Dropout",
        "Maxout",
        "Dropout",
        "Maxout",
        "Dropout",
        "Dense",
    ]
    assert [layer.rate for layer in discriminator.layers if isinstance(layer, keras.layers.Dropout)] == [0.2, 0.5, 0.5]
    assert [(m.units, m.pieces) for m in discriminator.layers if isinstance(m, Maxout)] == [(240, 5), (240, 5)]
    for net, half_width in ((generator, 0.05), (discriminator, 0.005)):
        for variable in net.trainable_variables:
            if "kernel" in variable.path:
                values = variable.numpy()
                assert np.abs(values).max() <= half_width
                if values.size > 10_000:
                    assert np.abs(values).max() > 0.99 * half_width
                    assert values.std() == pytest.approx(half_width / 3**0.5, rel=0.05)
    np.testing.assert_allclose(generator.trainable_variables[-1].numpy(), np.log(1 / 3), rtol=1e-5)
    assert all(not v.numpy().any() for v in discriminator.trainable_variables if "bias" in v.path)


def test_other_initial_ranges():
    for net, half_width in zip(networks.build("mnist", None, True, 0.1, 0.2), (0.1, 0.2), strict=True):
        for kernel in (v.numpy() for v in net.trainable_variables if "kernel" in v.path):
            assert 0.9 * half_width < np.abs(kernel).max() <= half_width


def test_digits():
    generator, discriminator = networks.build("digits")
    assert generator.output_shape == discriminator.input_shape == (None, 8, 8, 1)


def test_half_precision_ends_in_full():
    keras.config.set_dtype_policy("mixed_bfloat16")
    generator, _ = networks.build("digits")
    assert generator(keras.KerasTensor((None, 32))).dtype == "float32"


def test_unknown_name():
    with pytest.raises(ValueError, match=r"Unknown networks.*\['digits', 'mnist'\]"):
        networks.build("imagenet")
