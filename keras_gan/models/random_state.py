"""Models that a file holds whole: with the random state that training resumes from."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_gan import backend
from keras_gan.artifacts import files

_STATE = "random_state_"
_DEVICES = ("torch_cpu", "torch_cuda")  # what backends have besides Keras's seeds; a file may be of another backend


class Resumable(keras.Model):
    """A Keras model whose `.keras` file is written whole or not at all, and holds every random state.

    Keras saves no seed generator's state: a run that is resumed from its file would see other noise. Here a resumed
    run is the run that was never stopped.
    """

    _states_to_take_up: dict[str, np.ndarray] = {}  # noqa: RUF012 - replaced, never changed

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Saves everything that training resumes from, as `keras.Model.save`.

        A `.keras` file is written aside and renamed: a process that ends meanwhile leaves the file that was there.
        """
        path = Path(filepath)
        if path.suffix != ".keras" or zipped is False or (path.exists() and not overwrite):
            super().save(filepath, overwrite=overwrite, zipped=zipped, **kwargs)
        else:
            files.write(path, lambda partial: super(Resumable, self).save(partial, **kwargs))

    def save_own_variables(self, store: Any) -> None:
        super().save_own_variables(store)
        for i, state in enumerate(self._random_state):
            store[f"{_STATE}{i}"] = ops.convert_to_numpy(state)
        for device, state in backend.random_state().items():
            store[f"{_STATE}{device}"] = state

    def load_own_variables(self, store: Any) -> None:
        names = set(store.keys())
        own = {name for name in names if not name.startswith(_STATE)}
        seeds = {f"{_STATE}{i}": state for i, state in enumerate(self._random_state)}
        devices = {name for name in names if name.removeprefix(_STATE) in _DEVICES}
        if unknown := sorted(names - own - seeds.keys() - devices):  # nothing is read that nobody takes
            raise ValueError(f"The file holds {unknown[:3]}, which are the state of nothing in this model")
        super().load_own_variables({name: np.array(store[name]) for name in own})
        for name in names & seeds.keys():
            seeds[name].assign(np.array(store[name]))
        self._states_to_take_up = {name.removeprefix(_STATE): np.array(store[name]) for name in devices}

    def take_up_random_state(self) -> None:
        """Sets the backend's own random state as saved: as training begins, for reading a file changes none."""
        backend.set_random_state(self._states_to_take_up)
        self._states_to_take_up = {}

    @property
    def _random_state(self):
        return [variable for variable in self.variables if variable.name == "seed_generator_state"]
