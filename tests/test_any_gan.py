"""The page "Any GAN", followed entry by entry: every block runs, trains and makes samples, on each backend."""

import re
from pathlib import Path

import keras
import numpy as np
import pytest

import keras_gan as kg

PAGE = (Path(__file__).parent.parent / "docs" / "any-gan.md").read_text()
BLOCKS = dict(re.findall(r"^## (.+?)$.*?^```python\n(.*?)^```", PAGE, re.M | re.S))
BEGINNING = re.search(r"^```python\n(.*?)^```", PAGE, re.M | re.S).group(1)
ASKED_FOR = 16


def test_the_page_has_every_entry_and_each_is_short():
    assert len(BLOCKS) == ASKED_FOR
    assert {name: len(block.splitlines()) for name, block in BLOCKS.items() if len(block.splitlines()) > 30} == {}


@pytest.mark.parametrize("name", BLOCKS)
def test_an_entry(name):
    keras.utils.set_random_seed(1)
    names: dict = {}
    exec(BEGINNING, names)
    names["images"], names["labels"] = names["images"][:300], names["labels"][:300]
    before = set(names)
    exec(BLOCKS[name].replace("gan.fit(", "history = gan.fit(").replace("epochs=2)", "epochs=1, verbose=0)"), names)
    assert set(names) > before
    gan, history = names["gan"], names["history"].history
    assert isinstance(gan, kg.GAN)
    assert all(np.isfinite(values).all() for values in history.values())
    condition = None if gan.condition is None or gan.condition.can_draw else names["blurred"][:3]
    samples = gan.sample(3, seed=0, condition=condition)
    assert all(len(part) == 3 and np.isfinite(part).all() for part in keras.tree.flatten(samples))
