"""Pictures: grids of samples, curves of runs, the figures of the paper."""

from keras_gan.figures.curves import save_curves, save_game, save_saturation
from keras_gan.figures.grids import (
    beside_neighbours,
    completions,
    display_range,
    grid,
    save,
    save_animation,
    save_gif,
    save_grid,
    save_strip,
    side_by_side,
)

__all__ = [
    "beside_neighbours",
    "completions",
    "display_range",
    "grid",
    "save",
    "save_animation",
    "save_curves",
    "save_game",
    "save_gif",
    "save_grid",
    "save_saturation",
    "save_strip",
    "side_by_side",
]
