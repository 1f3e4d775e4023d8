"""Models that are made of others, and are made again of what a file says of them."""

from typing import Any

import keras

from keras_gan import backend


class Composed(keras.Model):
    """A Keras model whose constructor takes objects that Keras can serialize, and a seed.

    Attributes:
        parts: names of these arguments, and of the attributes that hold them.
    """

    parts: tuple[str, ...] = ()
    _seed: int

    def get_config(self) -> dict[str, Any]:
        parts = {name: keras.saving.serialize_keras_object(getattr(self, name)) for name in self.parts}
        return {**super().get_config(), **parts, "seed": self._seed}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        for name in cls.parts:
            if name in config:  # which a file of an earlier version may lack
                config[name] = keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
        return cls(**config)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        if not backend.makes_several_steps():  # a file of another backend, or of one device, may ask for them
            config = {**config, "steps_per_execution": 1}
        self.compile(**{name: keras.saving.deserialize_keras_object(value) for name, value in config.items()})
