"""Runs of recipes: a folder that holds its settings, its history, its pictures and its models, and can be resumed."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_gan.runs.training import run

__all__ = ["run"]


def __getattr__(name: str) -> Any:
    if name == "run":  # not before it is needed: reading a run does not take what training takes
        from keras_gan.runs.training import run

        return run
    raise AttributeError(f"module 'keras_gan.runs' has no attribute {name!r}")
