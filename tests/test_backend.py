import keras
import numpy as np
import pytest
from keras import ops

from keras_gan import backend


def variable(*values, trainable=True):
    return keras.Variable(np.array(values, "float32"), trainable=trainable)


def test_each_loss_is_differentiated_in_its_own_group():
    a, b = variable(2.0), variable(3.0)
    passes = []

    def compute():
        passes.append(1)
        product = a.value * b.value
        return (ops.sum(product), ops.sum(product * product)), product

    (of_a, of_b), output = backend.differentiate(compute, [[a], [b]], [a, b])
    assert ops.convert_to_numpy(of_a[0]) == pytest.approx(3.0)
    assert ops.convert_to_numpy(of_b[0]) == pytest.approx(2 * 2.0 * 3.0 * 2.0)
    assert ops.convert_to_numpy(output) == pytest.approx(6.0)
    assert len(passes) == 1


def test_state_changed_on_the_way_is_kept():
    a, counter = variable(2.0), variable(0.0, trainable=False)

    def compute():
        counter.assign(counter.value + 1.0)
        return (ops.sum(a.value * counter.value),), ()

    for count in (1.0, 2.0):
        ((gradient,),), _ = backend.differentiate(compute, [[a]], [a, counter])
        assert counter.numpy() == count
        assert ops.convert_to_numpy(gradient) == pytest.approx(count)
    assert a.numpy() == 2.0


def test_outputs_carry_no_graph():
    a = variable(2.0)
    _, output = backend.differentiate(lambda: ((ops.sum(a.value),), a.value * 2.0), [[a]], [a])
    assert not getattr(output, "requires_grad", False)


def test_momentum_update():
    weight, velocity = variable(1.0, 2.0), variable(0.5, -0.5, trainable=False)
    backend.momentum_update(weight, velocity, ops.convert_to_tensor([1.0, 2.0]), 0.1, 0.8)
    np.testing.assert_allclose(velocity.numpy(), [0.3, -0.6], rtol=1e-6)
    np.testing.assert_allclose(weight.numpy(), [1.3, 1.4], rtol=1e-6)


@pytest.mark.parametrize(("rate", "momentum"), [(0.1, 0.5), (1e-6, 0.0)])
def test_momentum_update_of_a_matrix(rate, momentum):
    rng = np.random.default_rng(0)
    w, v, g = rng.normal(size=(40, 30)), rng.normal(size=(40, 30)), rng.normal(size=(30, 40))
    weight, velocity = variable(*w), variable(*v, trainable=False)
    gradient = ops.transpose(ops.convert_to_tensor(g.astype("float32")))  # a view, whose rows are not in order
    backend.momentum_update(weight, velocity, gradient, ops.convert_to_tensor(rate), momentum)
    v = momentum * v - rate * g.T
    np.testing.assert_allclose(velocity.numpy(), v, rtol=1e-5, atol=1e-7 * momentum)
    np.testing.assert_allclose(weight.numpy(), w + v, rtol=1e-5, atol=1e-6)


def test_gpu_memory_grows_as_it_is_needed(monkeypatch):
    name = keras.backend.backend()
    if name == "tensorflow":
        import tensorflow as tf

        grown = []
        monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: ["gpu:0", "gpu:1"])
        monkeypatch.setattr(tf.config.experimental, "set_memory_growth", lambda gpu, on: grown.append((gpu, on)))
        backend.use_device("auto")
        assert grown == [("gpu:0", True), ("gpu:1", True)]
        hidden = []
        monkeypatch.setattr(tf.config, "set_visible_devices", lambda devices, kind: hidden.append((devices, kind)))
        backend.use_device("cpu")
        assert hidden == [([], "GPU")]
    elif name == "jax":
        import os

        monkeypatch.delenv("XLA_PYTHON_CLIENT_PREALLOCATE", raising=False)
        backend.use_device("auto")
        assert os.environ["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    else:
        backend.use_device("auto")


def test_the_device_is_named():
    assert any(name in backend.describe_device() for name in ("TensorFlow", "JAX", "PyTorch"))


def test_a_compiled_function_sees_what_its_variables_are_now():
    weight = variable(2.0)
    double = backend.compiled(lambda x, pair: {"sum": x * weight + pair[0], "pair": pair}, [weight])
    arguments = np.array([1.0, 2.0], "float32"), (np.float32(1), np.array([3.0], "float32"))
    np.testing.assert_array_equal(ops.convert_to_numpy(double(*arguments)["sum"]), [3.0, 5.0])
    weight.assign([3.0])
    found = double(*arguments)
    np.testing.assert_array_equal(ops.convert_to_numpy(found["sum"]), [4.0, 7.0])
    np.testing.assert_array_equal(ops.convert_to_numpy(found["pair"][1]), [3.0])


def test_a_gradient_in_the_input_inside_a_compiled_function():
    weight = variable(2.0)

    def value_and_gradient(x):
        return backend.input_gradient(lambda x: (ops.sum(weight * x * x), weight * x), x, [weight], again=False)

    outputs, gradient = backend.compiled(value_and_gradient, [weight])(np.array([1.0, -3.0], "float32"))
    np.testing.assert_array_equal(ops.convert_to_numpy(gradient), [4.0, -12.0])
    np.testing.assert_array_equal(ops.convert_to_numpy(outputs), [2.0, -6.0])
    assert not any(getattr(tensor, "requires_grad", False) for tensor in (outputs, gradient))


def test_the_gradient_of_what_does_not_depend_on_the_input():
    x = ops.convert_to_tensor([1.0, 2.0])
    _, gradient = backend.input_gradient(lambda x: (ops.sum(ops.zeros((2,))), ()), x, [], again=False)
    np.testing.assert_array_equal(ops.convert_to_numpy(gradient), [0.0, 0.0])
