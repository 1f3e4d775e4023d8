import keras
import numpy as np
import pytest

from keras_gan.initializers import Constrained, PixelMeanLogit, SparseNormal


def test_bias_is_the_logit_of_the_clipped_mean():
    mean = np.array([[0.0, 0.5], [0.9, 1.0]])
    bias = keras.ops.convert_to_numpy(PixelMeanLogit(mean)((4,)))
    np.testing.assert_allclose(bias[1:3], [0, np.log(9)], rtol=1e-6, atol=1e-7)
    assert bias[0] == pytest.approx(-16.118, abs=5e-4)  # facts, section 2
    assert bias[3] == pytest.approx(16.118, abs=5e-4)


def test_a_generator_with_zero_weights_starts_at_the_mean():
    mean = np.linspace(0.01, 0.99, 6)
    layer = keras.layers.Dense(
        6, activation="sigmoid", kernel_initializer="zeros", bias_initializer=PixelMeanLogit(mean)
    )
    np.testing.assert_allclose(keras.ops.convert_to_numpy(layer(np.ones((1, 3))))[0], mean, rtol=1e-5)


def test_serialization():
    initializer = PixelMeanLogit(np.array([0.2, 0.4]))
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(initializer))
    np.testing.assert_array_equal(revived.mean, initializer.mean)


@pytest.mark.parametrize("mean", [[], [0.5, 128.0], [-0.1], [np.nan]])
def test_bad_means(mean):
    with pytest.raises(ValueError, match=r"lie in \[0, 1\]"):
        PixelMeanLogit(np.array(mean))


def test_wrong_number_of_units():
    with pytest.raises(ValueError, match="5 biases, but 2 pixel means"):
        PixelMeanLogit([0.1, 0.2])((5,))


def test_sparse_weights():
    initializer = SparseNormal(20, seed=3)
    kernel = keras.ops.convert_to_numpy(initializer((300, 50)))
    assert ((kernel != 0).sum(axis=0) == 20).all()
    assert (kernel != 0).any(axis=1).mean() > 0.9
    assert kernel[kernel != 0].std() == pytest.approx(1, rel=0.1)
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(initializer((300, 50))), kernel)
    assert (keras.ops.convert_to_numpy(SparseNormal(20)((5, 4))) != 0).all()
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(initializer))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(revived((300, 50))), kernel)


@pytest.mark.parametrize("nonzero", [0, 2.5, "all"])
def test_bad_sparsity(nonzero):
    with pytest.raises(ValueError, match="at least one weight"):
        SparseNormal(nonzero)
    with pytest.raises(ValueError, match="kernels"):
        SparseNormal()((3,))


def test_a_constraint_that_holds_from_the_start():
    initializer = Constrained(SparseNormal(100, seed=1), keras.constraints.MaxNorm(1.9365))
    kernel = keras.ops.convert_to_numpy(initializer((400, 30)))
    np.testing.assert_allclose(np.linalg.norm(kernel, axis=0), 1.9365, rtol=1e-4)
    small = Constrained(keras.initializers.RandomUniform(-0.05, 0.05, seed=1), keras.constraints.MaxNorm(1.9365))
    kernel = keras.ops.convert_to_numpy(small((100, 30)))
    assert 0.2 < np.linalg.norm(kernel, axis=0).max() < 0.35
    revived = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(initializer))
    assert (keras.ops.convert_to_numpy(revived((400, 30))) != 0).sum() == 3000
