import keras
import numpy as np
import pytest
from keras import ops

import keras_gan as kg
from keras_gan import masks

SHAPE = (5, 6, 1)


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("right", np.s_[:, 3:]),
        ("left", np.s_[:, :3]),
        ("top", np.s_[:3]),  # of an odd number of rows the larger half
        ("bottom", np.s_[3:]),
        ("center", np.s_[1:4, 1:4]),
        ("all", np.s_[:]),
    ],
)
def test_what_a_name_hides(name, hidden):
    expected = np.ones(SHAPE, "float32")
    expected[hidden] = 0
    found = masks.get(name).draw(3, SHAPE, seed=4)
    np.testing.assert_array_equal(found, np.stack([expected] * 3))


def test_arrays_are_the_same_on_every_backend():
    for name, expected in [("pixels", [13, 11, 8, 1]), ("block", [15, 15, 28, 26]), ("half", [15, 12, 18, 18])]:
        drawn = masks.get(name).draw(4, SHAPE, seed=1)
        assert drawn.sum((1, 2, 3)).tolist() == expected, name
        np.testing.assert_array_equal(drawn, masks.get(name).draw(4, SHAPE, seed=1))
        assert (drawn != masks.get(name).draw(4, SHAPE, seed=2)).any()


def test_pixels_at_a_rate():
    drawn = masks.Pixels(0.75).draw(500, SHAPE)
    assert abs(drawn.mean() - 0.25) < 0.02
    np.testing.assert_array_equal(masks.Pixels(0.0).draw(2, SHAPE), np.ones((2, *SHAPE)))
    np.testing.assert_array_equal(masks.Pixels(1.0).draw(2, SHAPE), np.zeros((2, *SHAPE)))


def test_a_block_is_a_rectangle_anywhere_of_any_size():
    hidden = 1 - masks.Block().draw(2000, SHAPE)[..., 0]
    areas = hidden.any(1).sum(1) * hidden.any(2).sum(1)
    np.testing.assert_array_equal(areas, hidden.sum((1, 2)))
    assert {int(area) for area in areas} == {a * b for a in range(1, 6) for b in range(1, 7)}


def test_kinds_by_turns():
    drawn = masks.by_turns(["left", masks.Side("top")], 3, SHAPE)
    for mask, name in zip(drawn, ("left", "top", "left"), strict=True):
        np.testing.assert_array_equal(mask, masks.get(name).draw(1, SHAPE)[0])


@keras.saving.register_keras_serializable("test")
class Corner(masks.Mask):
    """Hides a corner of so many pixels a side."""

    def __init__(self, side):
        self.side = side

    def hidden(self, num, rows, columns, uniform):
        hidden = np.zeros((1, rows, columns), bool)
        hidden[:, : self.side, : self.side] = True
        return ops.convert_to_tensor(hidden)

    def get_config(self):
        return {"side": self.side}


def test_a_mask_of_ones_own_among_others():
    kinds = [Corner(2), masks.Pixels(1.0), "right", "right"]
    condition = kg.conditions.Observed(kinds)
    config = keras.saving.serialize_keras_object(condition)
    for each in (condition, keras.saving.deserialize_keras_object(config)):
        each.fit_to(SHAPE)
        drawn = ops.convert_to_numpy(each.draw_masks(800, keras.random.SeedGenerator(1)))
        numbers, times = np.unique(drawn.sum((1, 2, 3)), return_counts=True)
        observed = dict(zip(numbers.astype(int).tolist(), times.tolist(), strict=True))
        assert set(observed) == {26, 0, 15}  # the corner, nothing, and the left half
        assert 320 < observed[15] < 480  # named twice, drawn twice as often
    assert config == keras.saving.serialize_keras_object(keras.saving.deserialize_keras_object(config))


def test_what_is_no_mask():
    with pytest.raises(ValueError, match=r"Unknown masks. Received: 'diagonal'. Expected: one of \['pixels'"):
        masks.get("diagonal")
    with pytest.raises(ValueError, match="Unknown masks"):
        kg.conditions.Observed([0.5])
    with pytest.raises(ValueError, match="Received: none"):
        kg.conditions.Observed([])
    with pytest.raises(ValueError, match=r"side='up'.*'right'"):
        masks.Side("up")
    with pytest.raises(ValueError, match=r"rate=2.*from 0 to 1"):
        masks.Pixels(2)
