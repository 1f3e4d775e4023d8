import keras
import numpy as np
import pytest
from checks import check_layer, check_mask, check_saving

from keras_gan.layers import Maxout


def numpy_maxout(x, kernel, bias, pieces):
    affine = x @ kernel + bias
    units = affine.shape[-1] // pieces
    return np.stack([affine[..., j * pieces : (j + 1) * pieces].max(-1) for j in range(units)], -1)


@pytest.mark.parametrize("shape", [(5, 7), (4, 3, 7), (2, 3, 2, 7)])
def test_layer(shape, tmp_path):
    def make():
        return Maxout(
            4,
            pieces=3,
            bias_initializer="ones",
            kernel_regularizer=keras.regularizers.L2(1e-3),
            kernel_constraint=keras.constraints.MaxNorm(2.0),
        )

    check_saving(*check_layer(make, shape), tmp_path / "model.keras")


def test_equals_the_formula_with_consecutive_groups():
    layer = Maxout(4, pieces=3, bias_initializer="random_normal")
    x = np.random.default_rng(0).normal(size=(6, 2, 5)).astype("float32")
    y = keras.ops.convert_to_numpy(layer(x))
    np.testing.assert_allclose(y, numpy_maxout(x, layer.kernel.numpy(), layer.bias.numpy(), 3), rtol=1e-5, atol=1e-6)


def test_one_piece_is_a_linear_dense_layer():
    x = np.random.default_rng(0).normal(size=(6, 5)).astype("float32")
    maxout, dense = Maxout(4, pieces=1), keras.layers.Dense(4)
    maxout(x), dense(x)
    dense.set_weights(maxout.get_weights())
    np.testing.assert_allclose(
        keras.ops.convert_to_numpy(maxout(x)), keras.ops.convert_to_numpy(dense(x)), rtol=1e-6, atol=1e-6
    )


def test_without_bias():
    layer = Maxout(4, pieces=2, use_bias=False)
    layer.build((None, 3))
    assert [v.shape for v in layer.variables] == [(3, 8)]
    assert layer.bias is None


def test_max_norm_holds_for_each_piece():
    constraint = keras.constraints.MaxNorm(1.0, axis=0)
    layer = Maxout(2, pieces=3, kernel_constraint=constraint)
    layer.build((None, 4))
    kernel = np.random.default_rng(0).normal(size=(4, 6)) * 5
    norms = np.linalg.norm(
        keras.ops.convert_to_numpy(layer.kernel.constraint(keras.ops.convert_to_tensor(kernel))), axis=0
    )
    np.testing.assert_allclose(norms, 1.0, rtol=1e-5)


@pytest.mark.parametrize(("units", "pieces"), [(0, 5), (4, 0), (2.5, 1), ("4", 1)])
def test_bad_sizes(units, pieces):
    with pytest.raises(ValueError, match="positive integer"):
        Maxout(units, pieces)


def test_unknown_last_axis():
    with pytest.raises(ValueError, match="last axis"):
        Maxout(4, 2).build((None, None))


def test_wrong_width_is_refused():
    layer = Maxout(4, 2)
    layer.build((None, 3))
    with pytest.raises(ValueError, match="expected axis -1"):
        layer(np.zeros((2, 5), "float32"))


def test_a_mask_goes_on_to_the_next_layer():
    check_mask(Maxout(5, pieces=2), masked=True)


def test_a_recurrent_layer_after_it_skips_what_is_masked():
    x = np.random.default_rng(0).normal(size=(2, 6, 4)).astype("float32")
    x[:, 3:] = 0
    layers = [Maxout(5, pieces=2, bias_initializer="ones"), keras.layers.LSTM(3)]
    whole = keras.Sequential([keras.Input((None, 4)), keras.layers.Masking(), *layers])
    short = keras.Sequential([keras.Input((None, 4)), *layers])
    np.testing.assert_allclose(whole.predict(x, verbose=0), short.predict(x[:, :3], verbose=0), rtol=1e-5)
