import keras
import numpy as np
import pytest

from keras_gan import networks
from keras_gan.layers import Maxout

pytestmark = pytest.mark.one_backend


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


def test_another_initial_range():
    _, discriminator = networks.build("mnist", discriminator_range=0.2)
    for kernel in (v.numpy() for v in discriminator.trainable_variables if "kernel" in v.path):
        assert 0.18 < np.abs(kernel).max() <= 0.2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("tfd", (84_858_404, 21_037_201)),
        ("cifar10_dense", (89_395_072, 37_393_601)),
        ("cifar10_conv", (64_825_072, 12_454_073)),
    ],
)
def test_parameter_counts_are_the_papers(name, counts):
    generator, discriminator = networks.build(name)
    assert (generator.count_params(), discriminator.count_params()) == counts


def shapes(net):
    return [layer.output.shape[1:] for layer in net.layers if not isinstance(layer, keras.layers.Dropout)]


def test_shapes_of_the_larger_models():  # facts, sections 2 and 3; widths scaled down evenly
    generator, discriminator = networks.build("tfd", width=0.01)
    assert shapes(generator) == [(80,), (100,), (80,), (80,), (2304,), (2304,), (48, 48, 1)]
    assert shapes(discriminator) == [(2304,), (12,), (12,), (1,)]
    generator, discriminator = networks.build("cifar10_dense", width=0.01)
    assert shapes(generator) == [(80,), (80,), (3072,), (3, 32, 32), (32, 32, 3)]
    assert shapes(discriminator) == [(3, 32, 32), (3072,), (16,), (16,), (1,)]
    generator, discriminator = networks.build("cifar10_conv", width=0.25)
    assert shapes(generator) == [(2000,), (2000,), (10, 10, 20), (32, 32, 3), (32, 32, 3)]
    assert shapes(discriminator) == [(16, 16, 8), (7, 7, 8), (5, 5, 48), (1200,), (125,), (1,)]


def test_cifar_images_are_channel_major_inside():
    _, discriminator = networks.build("cifar10_dense", width=0.01)
    image = np.arange(3072).reshape(1, 32, 32, 3)
    permute, flatten = discriminator.layers[:2]
    flat = keras.ops.convert_to_numpy(flatten(permute(image)))
    np.testing.assert_array_equal(flat[0], image[0].transpose(2, 0, 1).ravel())


def test_tfd_weights_are_limited_from_the_start():
    mean = np.full((48, 48, 1), 0.25)
    pretraining, discriminator = networks.build("tfd_pretraining", pixel_mean=mean, width=0.05)
    for net in (pretraining, discriminator):
        for kernel in (v for v in net.trainable_variables if "kernel" in v.path):
            norms = np.linalg.norm(kernel.numpy(), axis=0)
            assert norms.max() <= 1.9365 * 1.0001
            assert kernel.constraint is not None
    output = pretraining.layers[2]
    assert ((output.kernel.numpy() != 0).sum(axis=0) == 100).all()
    np.testing.assert_allclose(np.linalg.norm(output.kernel.numpy(), axis=0), 1.9365, rtol=1e-4)
    np.testing.assert_allclose(output.bias.numpy(), np.log(1 / 3), rtol=1e-5)
    np.testing.assert_array_equal(pretraining.layers[1].bias.numpy(), -2)


@pytest.mark.every_backend
def test_the_tfd_generator_goes_on_with_the_pretrained_layers():
    pretraining, _ = networks.build("tfd_pretraining", width=0.01)
    generator, _ = networks.build("tfd", pretrained=pretraining, width=0.01)
    code = np.random.default_rng(0).random((4, 100)).astype("float32")
    expected = keras.ops.convert_to_numpy(pretraining(code))
    for layer in generator.layers[2:]:
        code = layer(code)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(code), expected, rtol=1e-5)
    assert len(generator.trainable_variables) == 10


@pytest.mark.every_backend
def test_digits():
    generator, discriminator = networks.build("digits")
    assert generator.output_shape == discriminator.input_shape == (None, 8, 8, 1)


def test_points_stand_on_the_datas_scale():
    generator, discriminator = networks.build("points", size=2, noise_dim=3, scale=4.0, units=16, hidden_layers=2)
    assert (generator.input_shape, generator.output_shape) == ((None, 3), (None, 2))
    assert generator.count_params() == 3 * 16 + 16 + 16 * 16 + 16 + 16 * 2 + 2
    assert discriminator.count_params() == 2 * 16 + 16 + 16 * 16 + 16 + 16 + 1
    z, x = np.ones((5, 3), "float32"), np.ones((5, 2), "float32")
    others = networks.build("points", size=2, noise_dim=3, scale=1.0, units=16, hidden_layers=2)
    for net, other in zip((generator, discriminator), others, strict=True):
        other.set_weights(net.get_weights())
    np.testing.assert_allclose(generator.predict(z, verbose=0), 4 * others[0].predict(z, verbose=0), rtol=1e-5)
    np.testing.assert_allclose(discriminator.predict(4 * x, verbose=0), others[1].predict(x, verbose=0), rtol=1e-5)


def test_the_points_networks_bend_in_many_places():
    generator, _ = networks.build("points", size=1, noise_dim=1, units=256, bias_spread=1.0)
    weights, biases = (w.ravel() for w in generator.get_weights()[:2])
    assert np.std(biases) == pytest.approx(1, abs=0.2)
    assert 0.2 < np.mean(np.abs(biases / weights) < 3**0.5) < 1
    assert not networks.build("points", size=1, noise_dim=1)[0].get_weights()[1].any()


def test_a_linear_start_is_monotone():
    z = np.linspace(-2, 2, 101, dtype="float32")[:, np.newaxis]
    for seed in range(3):
        keras.utils.set_random_seed(seed)
        generator, _ = networks.build("points", size=1, noise_dim=1, activation="silu", bias_spread=1.0, start="linear")
        steps = np.diff(generator.predict(z, verbose=0)[:, 0])
        assert np.sign(steps).min() == np.sign(steps).max() != 0
        assert np.abs(steps).max() < 1.5 * np.abs(steps).min() + 0.01
    with pytest.raises(ValueError, match="Unknown start"):
        networks.build("points", size=1, noise_dim=1, start="lineal")


@pytest.mark.every_backend
def test_half_precision_ends_in_full():
    keras.config.set_dtype_policy("mixed_bfloat16")
    generator, _ = networks.build("digits")
    assert generator(keras.KerasTensor((None, 32))).dtype == "float32"


def test_unknown_name():
    with pytest.raises(ValueError, match=r"Unknown networks.*'digits', 'digits_semi_supervised', 'mnist'"):
        networks.build("imagenet")


def test_a_pretrained_generator_from_a_file_keeps_its_names(tmp_path):
    """As in a run that is resumed in a new process, where new layers would be given the names that the file's have."""
    pretraining = networks.build("tfd_pretraining", width=0.01)[0]
    pretraining.save(tmp_path / "generator.keras")
    keras.backend.clear_session()
    pretrained = keras.saving.load_model(tmp_path / "generator.keras")
    generator, _ = networks.build("tfd", pretrained=pretrained, width=0.01)
    assert generator.layers[-len(pretrained.layers) :] == pretrained.layers


@pytest.mark.parametrize(("name", "noise_dim", "side"), [("digits", 32, 8), ("mnist", 100, 28)])
def test_networks_that_are_told_a_class(name, noise_dim, side):
    alone, told = networks.build(name), networks.build(name, num_classes=10)
    images, classes = np.zeros((2, side, side, 1), "float32"), np.eye(10, dtype="float32")[:2]
    z = np.random.default_rng(0).normal(size=(2, noise_dim)).astype("float32")
    samples = keras.ops.convert_to_numpy(told[0]([z[[0, 0]], classes]))
    assert samples.shape == images.shape
    assert not np.allclose(samples[0], samples[1])  # one noise, two classes
    outputs = keras.ops.convert_to_numpy(told[1]([images, classes]))
    assert outputs.shape == (2, 1)
    assert outputs[0] != outputs[1]
    for network, plain in zip(told, alone, strict=True):
        first = plain.trainable_variables[0].shape[1]
        assert network.count_params() == plain.count_params() + 10 * first


def test_a_label_may_be_louder():
    """It is multiplied by its scale, and by nothing where the scale is 1: the same weights then give the same."""
    z, image, label = np.ones((1, 32), "float32"), np.ones((1, 8, 8, 1), "float32"), np.eye(10, dtype="float32")[3:4]
    quiet, loud = networks.build("digits", num_classes=10), networks.build("digits", num_classes=10, label_scale=5.0)
    for first, plain, scaled in zip((z, image), quiet, loud, strict=True):
        scaled.set_weights(plain.get_weights())
        np.testing.assert_allclose(
            *(keras.ops.convert_to_numpy(network([first, c])) for network, c in ((plain, 5 * label), (scaled, label))),
            rtol=1e-5,
        )
    assert len(quiet[0].layers) == len(loud[0].layers) - 1


@pytest.mark.parametrize(("shape", "num_classes"), [((8, 8, 1), 0), ((32, 32, 3), 3)])
def test_residual_networks(shape, num_classes):
    """The first samples are of the mean colour, blocks are the identity."""
    mean = np.linspace(0.3, 0.7, shape[-1])
    generator, discriminator = networks.build(
        "residual", image_shape=shape, noise_dim=8, width=0.05, pixel_mean=mean, num_classes=num_classes
    )
    z = np.random.default_rng(0).normal(size=(2, 8)).astype("float32")
    told = [np.eye(num_classes, dtype="float32")[:2]] if num_classes else []
    samples = keras.ops.convert_to_numpy(generator([z, *told] if told else z))
    assert samples.shape == (2, *shape)
    np.testing.assert_allclose(samples.mean(axis=(0, 1, 2)), mean, atol=0.1)
    assert keras.ops.shape(discriminator([samples, *told] if told else samples)) == (2, 1)
    adds = [layer for net in (generator, discriminator) for layer in net.layers if isinstance(layer, keras.layers.Add)]
    assert len(adds) == 2 * (int(np.log2(shape[0])) - 2) + bool(num_classes)
    last = [layer for layer in generator.layers if layer.name.startswith("conv2d") and not layer.kernel.numpy().any()]
    assert len(last) == int(np.log2(shape[0])) - 2


def test_a_discriminator_that_is_told_the_class_uses_it():
    _, discriminator = networks.build("residual", image_shape=(8, 8, 3), width=0.05, num_classes=2)
    images = np.random.default_rng(0).random((1, 8, 8, 3)).astype("float32")
    first, second = (discriminator([images, np.eye(2, dtype="float32")[i : i + 1]]) for i in (0, 1))
    assert abs(float(first[0, 0]) - float(second[0, 0])) > 1e-3


@pytest.mark.parametrize("shape", [(48, 48, 3), (32, 64, 3), (32, 32, 4), (32, 32)])
def test_residual_networks_of_no_such_shape(shape):
    with pytest.raises(ValueError, match=r"square pictures of.*Received: image_shape=.*Expected, for example"):
        networks.build("residual", image_shape=shape)
