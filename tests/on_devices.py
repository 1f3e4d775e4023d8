"""A program that trains small games and writes down what came of it: on one device, or on two that share each step.

`python on_devices.py 2 FOLDER`: on JAX and TensorFlow two parts of the CPU; on PyTorch each of two processes runs it.
"""

import dataclasses
import json
import sys
from pathlib import Path

import keras
import numpy as np
from conftest import make_data, make_gan, weights, without_export
from keras_gan.recipes import PRESETS

import keras_gan as kg
from keras_gan import backend, runs

ROWS = 32
LABELS = np.arange(ROWS) % 4
EAGER = {"run_eagerly": keras.backend.backend() == "tensorflow"}  # to trace two replicas takes seconds: once is enough


class Mixing(kg.objectives.Objective):
    """How many numbers of a batch of ones are dropped in some rows and kept in others: none where masks are alike."""

    metric_names = ("mixed",)

    def discriminator(self, real, fake):
        return keras.ops.mean(real) + keras.ops.mean(fake)

    def generator(self, fake, real=None):
        return keras.ops.mean(fake)

    def metrics(self, real, fake):
        mean = backend.batch_mean(real)
        between = keras.ops.logical_and(mean > 0.5, mean < 1.5)
        return {"mixed": keras.ops.mean(keras.ops.cast(between, "float32"))}


def adam(kind=kg.optimizers.Adam, **clipping):
    return kind(0.01, epsilon=1e-3, **clipping)


def trained(gan, y=None, epochs=5, batch_size=8, **arguments):
    history = gan.fit(make_data(ROWS), y, batch_size=batch_size, epochs=epochs, verbose=0, **arguments)
    return gan, history.history


def alternating():
    gan = make_gan(
        compile_arguments={
            "generator_optimizer": adam(global_clipnorm=0.05),
            "discriminator_optimizer": adam(keras.optimizers.Adam, weight_decay=0.01),
        }
    )
    falling = keras.callbacks.LearningRateScheduler(lambda epoch, rate: 0.01 / (1 + epoch))
    return trained(gan, validation_data=make_data(11, seed=1), callbacks=[falling, keras.callbacks.TerminateOnNaN()])


def simultaneous():
    penalties = [kg.penalties.R1(2.0, every=2), kg.penalties.R2(1.0)]
    # At the default rate, five times this one, the game swings, and twenty updates make a hundred roundings of one.
    slow = kg.optimizers.SGD(0.02)
    options = {"generator_optimizer": slow, "updates": "simultaneous", "penalties": penalties, "ema": 0.9}
    return trained(make_gan(compile_arguments={**options, **EAGER}))


def several_steps_of_the_discriminator():
    generator, discriminator = (
        keras.Sequential([keras.Input((size,)), keras.layers.Dense(6, "tanh"), keras.layers.Dense(out)])
        for size, out in ((3, 4), (4, 1))
    )
    z, x, label = keras.Input((3,)), keras.Input((4,)), keras.Input((4,))
    told = [
        keras.Model([first, label], network(keras.layers.Dense(size)(keras.layers.Concatenate()([first, label]))))
        for first, network, size in ((z, generator, 3), (x, discriminator, 4))
    ]
    gan = kg.GAN(*told, condition=kg.conditions.Labels(4), seed=1)
    gan.compile(adam(), adam(), objective="relativistic", discriminator_steps=2, **EAGER)
    return trained(gan, LABELS, batch_size=4, epochs=1)


def feature_matching():
    x = keras.Input((4,))
    hidden = keras.layers.Dense(5, "tanh")(x)
    discriminator = keras.Model(x, {"logits": keras.layers.Dense(3)(hidden), "features": hidden})
    gan = kg.GAN(keras.Sequential([keras.Input((3,)), keras.layers.Dense(4)]), discriminator, seed=1)
    gan.compile(adam(), adam(), objective=kg.objectives.FeatureMatching(), **EAGER)
    return trained(gan, epochs=1)


GAMES = [alternating, simultaneous, several_steps_of_the_discriminator, feature_matching]


def masks(seed):
    """The share of numbers that one device drops and the other keeps."""
    dense = keras.layers.Dense(64, kernel_initializer="identity", use_bias=False)
    discriminator = keras.Sequential([keras.Input((64,)), keras.layers.Dropout(0.5, seed=seed), dense])
    gan = kg.GAN(keras.Sequential([keras.Input((3,)), keras.layers.Dense(64)]), discriminator, seed=1)
    gan.compile(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.0), objective=Mixing(), **EAGER)
    return gan.fit(np.ones((2, 64), "float32"), batch_size=2, verbose=0).history["mixed"][0]


def plain():
    return make_gan(compile_arguments=EAGER)


def with_dropout():
    return make_gan(dropout=0.3, compile_arguments={"ema": 0.9, **EAGER})


def resumed(folder):
    """Weights of a run of two epochs with dropout, and of one that was stopped between them."""
    whole = weights(trained(with_dropout(), epochs=2, batch_size=16)[0])
    saved(with_dropout, folder / "with-dropout.keras")
    loaded = keras.models.load_model(folder / "with-dropout.keras")
    again, _ = trained(loaded, epochs=2, initial_epoch=1, batch_size=16)
    return whole, weights(again)


def saved(make, path):
    gan, _ = trained(make(), epochs=1, batch_size=16)
    if kg.devices.is_first():
        gan.save(path)
    backend.from_first(None)  # the others wait for the file


def begun_alone(folder):
    """Weights of a run that one device began, making several steps per execution where it can."""
    loaded = keras.models.load_model(folder / "alone.keras")
    return weights(trained(loaded, epochs=2, initial_epoch=1, batch_size=16)[0])


def stopped():
    """How many iterations are done where a callback stops in the middle of an epoch."""
    gan, batches = plain(), []

    def stop(batch, logs):
        batches.append(batch)
        gan.stop_training = gan.stop_training or len(batches) == 2

    trained(gan, callbacks=[keras.callbacks.LambdaCallback(on_train_batch_end=stop)])
    return int(gan.iterations.numpy())


def refusals():
    """What cannot be trained on two devices, and how it is said."""
    networks = make_gan(batch_norm=True).generator, make_gan().discriminator
    normalizing = kg.GAN(*networks)
    normalizing.compile()
    semi = kg.SemiSupervisedGAN(make_gan().generator, feature_matching()[0].discriminator)
    semi.compile()
    batches = (make_data(4) for _ in range(3))
    attempts = {
        "size": lambda: make_gan().fit(make_data(12), batch_size=3, verbose=0),
        "last": lambda: make_gan().fit(make_data(13), batch_size=4, verbose=0),
        "batch": lambda: make_gan().train_on_batch(make_data(4)),
        "normalization": lambda: normalizing.fit(make_data(12), batch_size=4, verbose=0),
        "semi": lambda: semi.fit(make_data(12), np.arange(12) % 3, batch_size=4, verbose=0),
        "stream": lambda: make_gan().fit(batches, verbose=0),
    }
    if keras.backend.backend() == "jax":  # one program sees the whole batch
        attempts = {name: attempts[name] for name in ("size", "last")}
    if keras.backend.backend() == "torch":
        seed = int(not kg.devices.is_first())
        attempts["other data"] = lambda: make_gan().fit(make_data(12, seed=seed), batch_size=4, verbose=0)
    said = {}
    for name, attempt in attempts.items():
        try:
            attempt()
            said[name] = "nothing"
        except ValueError as error:
            said[name] = str(error)
    return said


def outcome(games):
    """What training came to, by name: weights, logs and samples."""
    arrays = {}
    for game in games:
        keras.utils.set_random_seed(7)
        gan, history = game()
        arrays |= {f"{game.__name__} weight {i}": weight for i, weight in enumerate(weights(gan))}
        # The learning rate is logged by its optimizer's name, which counts all of the process.
        arrays |= {
            f"{game.__name__} {name}": np.array(values)
            for name, values in history.items()
            if "learning_rate" not in name
        }
        arrays[f"{game.__name__} samples"] = gan.sample(5, seed=0)
    return arrays


def main(devices, folder):
    kg.devices.use(devices)
    folder = Path(folder)
    arrays = outcome(GAMES)
    whole, again = resumed(folder)
    arrays |= {f"begun alone {i}": weight for i, weight in enumerate(begun_alone(folder))}
    saved(plain, folder / "half.keras")
    told = {
        "masks": [masks(1), masks(None)],
        "bitwise": all(np.array_equal(a, b) for a, b in zip(whole, again, strict=True)),
        "stopped": stopped(),
        "refusals": refusals(),
    }
    if keras.backend.backend() != "tensorflow":  # where it takes too long for a test
        run = dataclasses.replace(PRESETS["digits"], devices=devices, device="cpu", epochs=1, seed=1)
        with without_export():
            runs.run(dataclasses.replace(run, run_dir=str(folder / "run")))
    if keras.backend.backend() == "jax":
        mesh = keras.distribution.DeviceMesh((1, devices), ["batch", "model"], keras.distribution.list_devices())
        layout = keras.distribution.LayoutMap(mesh)
        layout[".*maxout.*kernel"] = (None, "model")
        keras.distribution.set_distribution(keras.distribution.ModelParallel(layout_map=layout, batch_dim_name="batch"))
        keras.utils.set_random_seed(7)
        gan, _ = simultaneous()
        arrays |= {f"ModelParallel weight {i}": weight for i, weight in enumerate(weights(gan))}
        told["shared out"] = sum(not v.value.sharding.is_fully_replicated for v in gan.discriminator.variables)
    if kg.devices.is_first():
        np.savez(folder / "arrays.npz", **arrays)
        (folder / "told.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
