"""Recipes: the values of every preset, the models they build, and whole runs."""

import dataclasses
import json
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from checks import check_equal_state, history
from conftest import without_export
from keras_gan.recipes import PRESETS, from_settings
from keras_gan.recipes.cifar10_conv import Cifar10Conv
from keras_gan.recipes.cifar10_dense import Cifar10Dense
from keras_gan.recipes.cifar10_r1 import Cifar10R1
from keras_gan.recipes.classifier import Cifar10Classifier, DigitsClassifier, MnistClassifier
from keras_gan.recipes.digits import Digits
from keras_gan.recipes.digits_conditional import DigitsConditional
from keras_gan.recipes.gaussians import Gaussians
from keras_gan.recipes.images import Images
from keras_gan.recipes.mnist import Mnist
from keras_gan.recipes.mnist_fast import MnistFast
from keras_gan.recipes.mnist_r1 import MnistR1
from keras_gan.recipes.settings import Game
from keras_gan.recipes.tfd import Tfd

import keras_gan as kg
from keras_gan import cli, runs
from keras_gan.artifacts import files

pytestmark = pytest.mark.one_backend

RUN = {"every": 5, "seed": None, "run_dir": None, "device": "auto", "precision": "float32", "batch_size": 100}
SIMULTANEOUS = {"objective": "non_saturating", "updates": "simultaneous", "discriminator_steps": 1, "devices": 1}
RELEASED = {
    **RUN,
    **SIMULTANEOUS,
    "epochs": 250,
    "decay_factor": 1.000004,
    "minimum_learning_rate": 1e-6,
    "momentum": 0.5,
    "final_momentum": 0.7,
    "ramp_epochs": 250,
    "discriminator_weight": 0.5,
    "r1_penalty": 0.0,
    "ema": 0.0,
}
R1 = {
    **RUN,
    **SIMULTANEOUS,
    "beta_1": 0.5,
    "discriminator_weight": 1.0,
    "dropout": False,
    "ema": 0.9999,
}
MNIST = {"data_source": None, "data_path": None}
CIFAR10 = {"width": 1.0, "data_source": None}
GAUSSIANS = {
    **RUN,
    "devices": 1,
    "every": 1,
    "updates": "alternating",
    "discriminator_weight": 1.0,
    "beta_1": 0.0,
    "beta_2": 0.99,
    "momentum": 0.5,
    "prior": "uniform",
    "hidden_layers": 3,
}
LINE = {"epochs": 80, "batch_size": 250, "noise_dim": 1, "units": 64}
LINE |= {"activation": "silu", "bias_spread": 1.0, "start": "linear"}
PLANE = {"epochs": 60, "batch_size": 500, "noise_dim": 2, "units": 128}
PLANE |= {"activation": "relu", "bias_spread": 0.0, "start": "random"}
STEADY = {"optimizer": "adam", "objective": "non_saturating", "generator_rate": 0.002}
LINE_STEADY = {"discriminator_steps": 5, "discriminator_rate": 0.004, "r1_penalty": 0.01, "ema": 0.998}
PLANE_STEADY = {"discriminator_steps": 1, "discriminator_rate": 0.002, "ema": 0.0}
PLAIN = {"optimizer": "sgd", "objective": "minimax", "discriminator_steps": 1}
PLAIN |= {"generator_rate": 0.01, "discriminator_rate": 0.01, "r1_penalty": 0.0, "ema": 0.0}

VALUES = {  # what the runs in docs/ were made with
    "digits": {
        **RUN,
        **SIMULTANEOUS,
        **{"epochs": 700, "every": 100, "learning_rate": 0.1, "momentum": 0.5},
        **{"discriminator_weight": 0.5, "r1_penalty": 0.0, "ema": 0.999},
    },
    "digits-conditional": {
        **RUN,
        **SIMULTANEOUS,
        **{"epochs": 300, "every": 50, "learning_rate": 1e-3, "beta_1": 0.5, "epsilon": 1e-5, "ema": 0.999},
        **{"objective": "relativistic", "dropout": False, "discriminator_range": 0.05, "r1_penalty": 2.0},
        **{"discriminator_weight": 1.0},
    },
    "images": {
        **RUN,
        **SIMULTANEOUS,
        **{"data_path": None, "size": 32, "grayscale": False, "width": 1.0, "flips": False, "augment": True},
        **{"conditional": False},
        **{"features": "cifar10", "epochs": 0, "every": 0, "batch_size": 32, "learning_rate": 5e-4, "ema": 0.999},
        **{"objective": "relativistic", "r1_penalty": 0.5, "r2_penalty": 0.5, "discriminator_weight": 1.0},
    },
    "mnist": {**RELEASED, **MNIST, "learning_rate": 0.1, "dropout": True},
    "mnist-alternating": {
        **RELEASED,
        **MNIST,
        **{"learning_rate": 0.1, "updates": "alternating", "discriminator_weight": 1.0},
        **{"dropout": False, "r1_penalty": 0.2, "ema": 0.9998},
    },
    "mnist-r1": {
        **R1,
        **MNIST,
        **{"epochs": 30, "learning_rate": 3e-4, "epsilon": 1e-5, "r1_penalty": 2.0, "discriminator_range": 0.05},
    },
    "mnist-fast": {
        **R1,
        **MNIST,
        **{"epochs": 30, "learning_rate": 1e-3, "decay_factor": 1.00012, "minimum_learning_rate": 3e-4},
        **{"beta_1": 0.0, "beta_2": 0.99, "epsilon": 1e-5, "objective": "relativistic", "r1_penalty": 20.0},
        **{"penalty_factor": 1.00115, "minimum_penalty": 0.3, "coloring": 0.25, "ema": 0.9998, "ema_share": 0.8},
        **{"discriminator_range": 0.05},
    },
    "mnist-conditional": {
        **R1,
        **MNIST,
        **{"epochs": 40, "learning_rate": 3e-4, "epsilon": 1e-5, "r1_penalty": 2.0, "discriminator_range": 0.05},
        **{"objective": "relativistic", "label_scale": 1.0},
    },
    "mnist-inference": {
        **RUN,
        **MNIST,
        **{"epochs": 40, "updates": 500, "learning_rate": 1e-3, "hidden": 1200, "generator": "mnist"},
    },
    "mnist-completion": {
        **R1,
        **MNIST,
        **{"epochs": 20, "learning_rate": 3e-4, "epsilon": 1e-5, "r1_penalty": 2.0, "discriminator_range": 0.05},
        **{"objective": "relativistic", "energy": 0.3},
    },
    "mnist-bigan": {
        **RUN,
        **SIMULTANEOUS,
        **MNIST,
        **{"epochs": 8, "every": 2, "learning_rate": 5e-4, "beta_1": 0.5, "hidden": 512, "noise": 50},
        **{"objective": "relativistic", "r1_penalty": 2.0, "r2_penalty": 2.0, "penalty_every": 4},
        **{"discriminator_weight": 1.0, "ema": 0.0, "reconstruction": 0.12, "code": 0.4},
    },
    "mnist-semi-supervised": {
        **RUN,
        **MNIST,
        **{"epochs": 100, "width": 1.0, "labels": 100, "labels_seed": 0, "learning_rate": 3e-3, "beta_1": 0.5},
        **{"epsilon": 1e-4, "discriminator_weight": 0.5, "examples_per_label": 2, "ema": 0.9999},
    },
    "tfd": {
        **RELEASED,
        **{"epochs": 22, "pretraining_epochs": 50, "learning_rate": 0.05, "width": 1.0, "fold": 0, "data_path": None},
    },
    "cifar10-dense": {**RELEASED, **CIFAR10, "learning_rate": 0.025},
    "cifar10-conv": {**RELEASED, **CIFAR10, "learning_rate": 0.004, "batch_size": 128},
    "cifar10-r1-dense": {
        **R1,
        **CIFAR10,
        **{"epochs": 100, "learning_rate": 5e-4, "epsilon": 1e-7, "r1_penalty": 70.0, "discriminator_range": 0.015},
    },
    "cifar10-r1-conv": {
        **R1,
        **CIFAR10,
        **{"epochs": 100, "learning_rate": 3e-4, "epsilon": 1e-5, "r1_penalty": 50.0, "discriminator_range": 0.05},
    },
    **{f"gaussians-{points}": {**GAUSSIANS, **LINE, **STEADY, **LINE_STEADY} for points in ("normal", "mixture")},
    "gaussians-ring": {**GAUSSIANS, **PLANE, **STEADY, **PLANE_STEADY, "r1_penalty": 0.2},
    "gaussians-grid": {**GAUSSIANS, **PLANE, **STEADY, **PLANE_STEADY, "r1_penalty": 0.8},
    **{f"gaussians-plain-{points}": {**GAUSSIANS, **LINE, **PLAIN} for points in ("normal", "mixture")},
    **{f"gaussians-plain-{points}": {**GAUSSIANS, **PLANE, **PLAIN} for points in ("ring", "grid")},
}
CLASSIFIER = {**RUN, "every": 1, "learning_rate": 1e-3}
VALUES |= {
    "digits-classifier": {**CLASSIFIER, "epochs": 60},
    "mnist-classifier": {**CLASSIFIER, **MNIST, "epochs": 12},
    "cifar10-classifier": {
        **CLASSIFIER,
        **CIFAR10,
        **{"epochs": 30, "batch_size": 128, "learning_rate": 2e-3, "weight_decay": 0.05},
    },
}
TABLE1 = {**RUN, **MNIST, "dataset": "mnist", "layers": 2, "burn_in": 20}
GSN = {**TABLE1, "walkbacks": 4, "corruption": 0.4, "noise_deviation": 2.0}
VALUES |= {
    "dbn": {
        **TABLE1,
        **{"epochs": 40, "epochs_per_layer": 20, "hidden": 1000, "learning_rate": 0.05, "decay": 0.9, "momentum": 0.5},
        **{"gibbs_steps": 1, "particles": 100, "burn_in": 100},
    },
    "stacked-cae": {
        **TABLE1,
        **{"epochs": 40, "epochs_per_layer": 20, "hidden": 1024, "learning_rate": 1e-3, "decay": 0.9},
        **{"contraction": 0.1, "step_deviation": 0.1},
    },
    "deep-gsn": {**GSN, "epochs": 1000, "hidden": 1500, "optimizer": "sgd", "learning_rate": 0.25, "decay": 0.995},
    "deep-gsn-fast": {**GSN, "epochs": 60, "hidden": 500, "optimizer": "adam", "learning_rate": 1e-3, "decay": 0.97},
}
SAID_BY_PRESET = {"name", "points", "networks", "game"}


@pytest.fixture(autouse=True)
def _no_exports():
    with without_export():
        yield


def tiny_images(shape, preprocessing):
    images = np.random.default_rng(0).integers(0, 256, (3, 60, *shape), "uint8")
    labels = kg.datasets.Splits(*np.zeros((3, 60), "int64"))
    return kg.datasets.Dataset(*images, labels=labels, preprocessing=preprocessing, card={"name": "tiny"})


def tiny_mnist():
    return tiny_images((28, 28, 1), keras.layers.Rescaling(1 / 255))


def tiny_cifar10():
    return tiny_images((32, 32, 3), kg.layers.GlobalContrastNormalization(55.0))


def r1_of(gan):
    """gamma of the penalty R1 that the GAN was compiled with, at the first update."""
    weights = [penalty.weight for penalty in gan.penalties if type(penalty) is kg.penalties.R1]
    return sum(float(weight(0)) if callable(weight) else weight for weight in weights)


def test_devices_divide_the_minibatch():
    with pytest.raises(ValueError, match="devices=8, batch_size=100"):
        Mnist(devices=8).check()
    Mnist(devices=8, batch_size=800).check()


@pytest.mark.parametrize("name", PRESETS)
def test_the_values_of_a_preset(name):
    values = dataclasses.asdict(PRESETS[name])
    assert values["name"] == name
    assert {key: value for key, value in values.items() if key not in SAID_BY_PRESET} == VALUES[name]


def test_the_presets_are_all_there():
    assert set(PRESETS) == set(VALUES)
    assert (Mnist(), Mnist.alternating()) == (PRESETS["mnist"], PRESETS["mnist-alternating"])
    assert (Cifar10R1(), Cifar10R1.dense()) == (PRESETS["cifar10-r1-conv"], PRESETS["cifar10-r1-dense"])
    assert Cifar10R1.conv() == Cifar10R1()
    assert (Gaussians(), Gaussians.plain("grid")) == (PRESETS["gaussians-normal"], PRESETS["gaussians-plain-grid"])
    assert len({preset.summary for preset in PRESETS.values()}) == len(PRESETS)
    with pytest.raises(ValueError, match=r"no such points.*square.*normal"):
        Gaussians.steady("square")


@pytest.mark.parametrize("name", PRESETS)
def test_recipes_are_frozen(name):
    with pytest.raises(dataclasses.FrozenInstanceError):
        PRESETS[name].epochs = 3


@pytest.mark.parametrize("name", PRESETS)
def test_every_number_of_a_preset_has_limits_and_is_within_them(name):
    preset = PRESETS[name]
    preset.check()
    for field, value in dataclasses.asdict(preset).items():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            for wrong in (-1, float("nan"), "1", None if field != "seed" else -2):
                with pytest.raises(ValueError, match=rf"--{field.replace('_', '-')} must be .*Received: {field}="):
                    dataclasses.replace(preset, **{field: wrong}).check()


@pytest.mark.parametrize("name", PRESETS)
def test_off_is_0_in_every_recipe(name):
    fields = {field.name: field.type for field in dataclasses.fields(PRESETS[name])}
    not_given = {"seed", "run_dir", "data_path", "data_source"}
    assert {key for key, value in dataclasses.asdict(PRESETS[name]).items() if value is None} <= not_given
    if isinstance(PRESETS[name], Game):
        assert (fields["ema"], fields["r1_penalty"]) == (float, float)


def test_a_recipe_from_the_settings_of_a_run():
    recipe = dataclasses.replace(Cifar10R1.dense(), width=0.5, seed=3)
    settings = json.loads(json.dumps(dataclasses.asdict(recipe)))
    assert from_settings(settings) == recipe
    with pytest.raises(ValueError, match=r"no recipe of that name.*imagenet.*digits"):
        from_settings({"name": "imagenet"})
    with pytest.raises(ValueError, match=r"not those of the recipe digits.*colour"):
        from_settings({"name": "digits", "colour": 1})


def built(recipe, data):
    keras.utils.set_random_seed(1)
    return recipe.build(data, 1)


SMALL = {  # a preset's data, and values that make its networks small
    "digits": (lambda: kg.datasets.load("digits"), {}),
    "mnist": (tiny_mnist, {}),
    "cifar10": (tiny_cifar10, {"width": 0.01}),
    "images": (lambda: tiny_images((8, 8, 3), keras.layers.Rescaling(1 / 255)), {"width": 0.05}),
    "gaussians": (None, {"units": 8, "hidden_layers": 1}),
}


@pytest.mark.parametrize("name", [name for name in PRESETS if name != "tfd" and isinstance(PRESETS[name], Game)])
def test_every_preset_builds_its_game(name):
    """As compiled: what the recipe says, and 0 is off."""
    load, small = SMALL[name.split("-")[0]]
    preset = PRESETS[name]
    data = load() if load else preset.data()
    for recipe in (preset, dataclasses.replace(preset, ema=0.0, r1_penalty=0.0)):
        gan = built(dataclasses.replace(recipe, **small), data)
        assert (gan.updates, gan.discriminator_steps) == (recipe.updates, recipe.discriminator_steps)
        assert (gan.discriminator_weight, r1_of(gan)) == (recipe.discriminator_weight, recipe.r1_penalty)
        assert gan.ema == (recipe.ema or None)
        small_step = name.startswith(("digits", "mnist", "gaussians"))
        assert gan.steps_per_execution == (10 if small_step and keras.backend.backend() == "tensorflow" else 1)
        assert isinstance(gan.objective, type(kg.objectives.get(recipe.objective)))
        assert gan.sample(2, seed=0).shape == (2, *data.train.shape[1:])


@pytest.mark.one_backend("tensorflow")  # elsewhere it is always one
def test_many_devices_make_one_update_per_call(monkeypatch):
    monkeypatch.setattr(kg.backend, "makes_several_steps", lambda: False)  # as under a tf.distribute strategy
    assert PRESETS["digits"].updates_per_call == 1


def test_the_mnist_recipe_runs_the_released_settings():
    data = tiny_mnist()
    gan = built(Mnist(batch_size=20), data)
    assert (gan.updates, gan.discriminator_weight, gan.discriminator_steps, gan.ema) == ("simultaneous", 0.5, 1, None)
    assert isinstance(gan.objective, kg.objectives.NonSaturating)
    assert isinstance(gan.prior, kg.priors.Uniform)
    for optimizer in gan.optimizer.optimizers:
        rate, momentum = optimizer.get_config()["learning_rate"]["config"], optimizer.get_config()["momentum"]["config"]
        assert rate == {"initial": 0.1, "factor": 1.000004, "minimum": 1e-6}
        assert momentum == {"initial": 0.5, "final": 0.7, "epochs": 250, "updates_per_epoch": 3}
    bias = gan.generator.trainable_variables[-1].numpy()
    np.testing.assert_allclose(1 / (1 + np.exp(-bias)), data.pixel_mean().ravel(), rtol=1e-4)


def test_mnist_is_read_where_the_recipe_says(monkeypatch):
    received = []
    monkeypatch.setattr(kg.datasets, "load", lambda name, **options: received.append((name, options)))
    Mnist(data_path="a.npz").data()
    MnistR1(data_source="keras").data()
    Cifar10Conv(data_source="keras").data()
    Tfd(fold=2).data()
    Gaussians.steady("ring").data()
    assert received == [
        ("mnist", {"source": None, "path": "a.npz"}),
        ("mnist", {"source": "keras", "path": None}),
        ("cifar10", {"source": "keras"}),
        ("tfd", {"path": None, "fold": 2}),
        ("ring", {}),
    ]


def test_the_fast_recipe_keeps_the_networks():
    data = tiny_mnist()
    gan = built(MnistFast(), data)
    # The discriminator's layer in front has no weights that are trained.
    trained = sum(int(np.prod(weight.shape)) for weight in gan.discriminator.trainable_weights)
    assert (gan.generator.count_params(), trained) == (2_503_984, 1_231_441)
    assert (gan.ema, gan.average.share) == (0.9998, 0.8)
    for kind, penalty in zip((kg.penalties.R1, kg.penalties.R2), gan.penalties, strict=True):
        assert type(penalty) is kind
        gammas = [float(penalty.weight(updates)) for updates in (0, 2000, 5000)]
        assert gammas == pytest.approx([20.0, 2.0, 0.3], rel=0.01)
    for optimizer in gan.optimizer.optimizers:
        config = optimizer.get_config()
        assert [config[name] for name in ("beta_1", "beta_2", "epsilon")] == [0.0, 0.99, 1e-5]
        assert config["learning_rate"]["config"] == {"initial": 1e-3, "factor": 1.00012, "minimum": 3e-4}
    recipe = MnistFast()
    kinds = [type(callback) for callback in recipe.callbacks(data, Path("run"))]
    assert (kinds[0], recipe.monitor, recipe.monitor_mode) == (kg.callbacks.FID, "val_fid", "min")
    mean = keras.ops.convert_to_numpy(gan.discriminator.layers[0].mean)
    np.testing.assert_allclose(mean, data.pixel_mean().ravel(), atol=1e-5)
    assert not built(MnistFast(coloring=0.0), data).discriminator.non_trainable_weights
    gan.fit(data.train, batch_size=20, epochs=1, verbose=0)
    assert np.isfinite(gan.sample(2, seed=0)).all()


def test_the_r1_recipe_keeps_the_networks():
    gan = built(MnistR1(), tiny_mnist())
    assert (gan.generator.count_params(), gan.discriminator.count_params()) == (2_503_984, 1_231_441)
    assert (gan.updates, gan.discriminator_weight, r1_of(gan), gan.ema) == ("simultaneous", 1.0, 2.0, 0.9999)
    assert np.abs(gan.discriminator.trainable_variables[0].numpy()).max() == pytest.approx(0.05, rel=0.01)
    assert not [layer for layer in gan.discriminator.layers if isinstance(layer, keras.layers.Dropout)]
    for optimizer in gan.optimizer.optimizers:
        assert isinstance(optimizer, keras.optimizers.Adam)
        assert float(optimizer.learning_rate) == pytest.approx(3e-4)


@pytest.mark.parametrize(("recipe", "dropped"), [(Mnist(), True), (Mnist.alternating(), False)])
def test_the_alternating_game_drops_nothing(recipe, dropped):
    layers = built(recipe, tiny_mnist()).discriminator.layers
    assert any(isinstance(layer, keras.layers.Dropout) for layer in layers) == dropped


@pytest.mark.parametrize("recipe", [Cifar10Dense, Cifar10Conv])
def test_the_cifar10_recipes(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr(kg.datasets, "load", lambda name, **options: tiny_cifar10())
    runs.run(recipe(width=0.01, epochs=1, batch_size=20, seed=1, run_dir=str(tmp_path / "run")))
    gan = keras.saving.load_model(tmp_path / "run" / "best.keras")
    assert (gan.updates, gan.discriminator_weight) == ("simultaneous", 0.5)
    assert isinstance(gan.prior, kg.priors.Normal)
    (row,) = history(tmp_path / "run")
    assert np.isfinite(float(row["val_parzen_ll"]))
    assert gan.sample(2, seed=0).shape == (2, 32, 32, 3)


@pytest.mark.parametrize(
    ("recipe", "rate", "penalty", "discriminator_range", "largest_sample"),
    [(Cifar10R1.conv(), 3e-4, 50.0, 0.05, 100), (Cifar10R1.dense(), 5e-4, 70.0, 0.015, 0.5)],
)
def test_the_r1_recipe_on_cifar10(recipe, rate, penalty, discriminator_range, largest_sample):
    gan = built(dataclasses.replace(recipe, width=0.02), tiny_cifar10())
    assert (gan.updates, gan.discriminator_weight, r1_of(gan), gan.ema) == ("simultaneous", 1.0, penalty, 0.9999)
    assert not [layer for layer in gan.discriminator.layers if isinstance(layer, keras.layers.Dropout)]
    first = np.abs(gan.discriminator.trainable_variables[0].numpy()).max()
    assert first == pytest.approx(discriminator_range, rel=0.02)
    assert [float(o.learning_rate) for o in gan.optimizer.optimizers] == pytest.approx([rate, rate])
    assert np.abs(gan.sample(50, seed=0)).max() < largest_sample


@pytest.mark.parametrize(
    "recipe",  # tests/test_runs_training.py stops and resumes a smaller run on every backend
    [
        pytest.param(dataclasses.replace(Cifar10R1(), dropout=True), marks=pytest.mark.one_backend("torch")),
        pytest.param(
            Cifar10Dense(ramp_epochs=3, updates="alternating", discriminator_steps=2),
            marks=pytest.mark.one_backend("tensorflow"),
        ),
    ],
)
def test_measurements_and_schedules_go_on_where_they_were(recipe, tmp_path, monkeypatch):
    monkeypatch.setattr(kg.datasets, "load", lambda name, **options: tiny_cifar10())
    recipe = dataclasses.replace(recipe, width=0.01, batch_size=20, every=3, seed=1, ema=0.9)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    runs.run(dataclasses.replace(recipe, epochs=4, run_dir=str(whole)))
    runs.run(dataclasses.replace(recipe, epochs=1, run_dir=str(parts)))  # nothing is measured in the next
    runs.run(dataclasses.replace(recipe, epochs=4, run_dir=str(parts)))
    assert history(whole) == history(parts)
    assert len({row["val_parzen_ll"] for row in history(whole)}) == 2  # measured in epochs 1 and 3
    assert "val_parzen_ll_trained" in history(whole)[0]
    for name in ("model.keras", "best.keras"):
        check_equal_state(*(keras.saving.load_model(folder / name) for folder in (whole, parts)))


def test_a_classifier_learns_is_resumed_and_ships(tmp_path, capsys):
    recipe = DigitsClassifier(epochs=3, seed=1, run_dir=str(tmp_path / "run"))
    runs.run(recipe)
    runs.run(dataclasses.replace(recipe, epochs=12))
    assert "val_accuracy 0." in capsys.readouterr().out
    rows = history(tmp_path / "run")
    assert len(rows) == 12
    cli.main(["ship", str(tmp_path / "run"), str(tmp_path / "shipped")])
    assert "test accuracy 9" in capsys.readouterr().out
    whole = (tmp_path / "shipped" / "classifier.keras").stat().st_size
    cli.main(["ship", str(tmp_path / "run"), str(tmp_path / "half"), "--half"])
    assert "test accuracy 9" in capsys.readouterr().out
    assert (tmp_path / "half" / "classifier.keras").stat().st_size < 0.75 * whole
    card = files.read_json(tmp_path / "shipped" / "classifier.keras.json")
    assert card["scores"]["validation_accuracy"] == pytest.approx(max(float(row["val_accuracy"]) for row in rows))
    assert card["scores"]["test_accuracy"] > 0.9
    assert "validation_log_likelihood" not in card
    shipped = tmp_path / "shipped" / "classifier.keras"
    assert shipped.stat().st_size < (tmp_path / "run" / "best.keras").stat().st_size / 2  # no optimizer
    assert kg.evaluation.features.Features(files.load_model(shipped), "features").dim == 32


def test_the_mnist_classifier():
    model = built(MnistClassifier(), tiny_mnist())
    assert kg.evaluation.features.Features(model, "features").dim == 128
    arguments = MnistClassifier().fit_arguments(tiny_mnist())
    assert arguments["x"].max() == 1
    assert arguments["y"].shape == (60,)


def test_the_cifar10_classifier(tmp_path, monkeypatch):
    """Its rate rises in the first epoch and ends at 0; samples from 0 to 1 are as good as preprocessed images."""
    data = tiny_cifar10()
    recipe = Cifar10Classifier(width=0.1, epochs=3, batch_size=20, seed=1, run_dir=str(tmp_path / "run"))
    monkeypatch.setattr(kg.datasets, "load", lambda name, **options: data)
    updates = recipe.updates_per_epoch(data)
    schedule = keras.optimizers.schedules.deserialize(recipe.optimizer(data).get_config()["learning_rate"])
    rates = [float(schedule(step)) for step in (0, updates, 3 * updates)]
    assert rates == pytest.approx([0.0, 2e-3, 0.0], abs=1e-9)
    runs.run(recipe)
    model = runs.saved.load(tmp_path / "run")
    assert PRESETS["cifar10-classifier"].build(data, 1).get_layer("features").output.shape == (None, 128)
    features = kg.evaluation.features.Features(model, "features")
    of_images, of_pictures = features(data.preprocess(data.test)), features(data.test.astype("float32") / 255)
    np.testing.assert_allclose(of_images, of_pictures, rtol=1e-3, atol=1e-4)
    assert np.ptp(of_images) > 0.01


def test_the_momentum_ramp_knows_k():
    players = built(Mnist(updates="alternating", discriminator_steps=2, batch_size=10), tiny_mnist()).optimizer
    ramps = [o.get_config()["momentum"]["config"]["updates_per_epoch"] for o in players.optimizers]
    assert ramps == [3, 6]


@pytest.fixture
def pictures(tmp_path):
    from PIL import Image

    (tmp_path / "pictures").mkdir()
    for i, image in enumerate(np.random.default_rng(0).integers(0, 256, (50, 50, 60, 3), "uint8")):
        Image.fromarray(image).save(tmp_path / "pictures" / f"{i}.png")
    return str(tmp_path / "pictures")


def test_the_tfd_recipe_plays_two_games(pictures, tmp_path):
    folder = tmp_path / "run"
    recipe = Tfd(
        width=0.01, pretraining_epochs=2, epochs=1, batch_size=20, data_path=pictures, seed=1, run_dir=str(folder)
    )
    runs.run(recipe)
    first, gan = (keras.saving.load_model(path / "model.keras") for path in (folder / "pretraining", folder))
    assert (len(first.generator.layers), len(gan.generator.layers)) == (5, 7)
    assert isinstance(gan.prior, kg.priors.Normal)
    assert [int(g.optimizer.iterations) for g in (first, gan)] == [4, 2]
    config = json.loads((folder / "config.json").read_text())
    assert (config["recipe"]["epochs"], config["data"]["name"]) == (1, "images")
    config = json.loads((folder / "pretraining" / "config.json").read_text())
    assert (config["recipe"]["epochs"], config["recipe"]["game"]) == (2, "pretraining")
    kernels = [v for v in gan.trainable_variables if v.name == "kernel"]
    assert len(kernels) == 8
    for kernel in kernels:  # max-norm holds after updates
        assert np.linalg.norm(keras.ops.convert_to_numpy(kernel), axis=0).max() <= 1.9365 * (1 + 1e-5)


def test_the_tfd_recipe_goes_on_in_either_game(pictures, tmp_path, monkeypatch, capsys):
    common = {"width": 0.01, "batch_size": 20, "every": 1, "data_path": pictures}
    whole, parts = (str(tmp_path / name) for name in ("whole", "parts"))
    runs.run(Tfd(pretraining_epochs=2, epochs=2, run_dir=whole, seed=1, **common))

    save = files.write
    for stop_at in (1, 2):  # the pretraining's first epoch; its second and the second game's first
        saves = []

        def counted(path, write_to, keep_before=False, saves=saves, stop_at=stop_at):
            save(path, write_to, keep_before)
            saves.extend([path] if keep_before else [])
            if len(saves) == stop_at:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(files, "write", counted)
            seed = {"seed": 1} if stop_at == 1 else {}  # resumed, the run has its seed
            with pytest.raises(SystemExit):
                runs.run(Tfd(pretraining_epochs=2, epochs=2, run_dir=parts, **seed, **common))
        said = capsys.readouterr().err
        assert "To resume it: keras-gan train tfd --" in said
        assert said.endswith(f"--run-dir {parts}\n")
    runs.run(Tfd(pretraining_epochs=2, epochs=2, run_dir=parts, **common))
    whole, parts = (keras.saving.load_model(tmp_path / name / "model.keras") for name in ("whole", "parts"))
    assert int(parts.optimizer.iterations) == 4
    check_equal_state(whole, parts)


def tiny_pictures():
    data = tiny_images((8, 8, 3), keras.layers.Rescaling(1 / 255))
    return dataclasses.replace(data, labels=kg.datasets.Splits(*3 * [np.arange(60) % 3]))


def test_the_images_recipe_from_pictures_to_files(tmp_path, monkeypatch, capsys):
    """With all that it has, told the class; a run in two parts is the run in one."""
    received = []
    monkeypatch.setattr(kg.datasets, "load", lambda name, **options: received.append(options) or tiny_pictures())
    recipe = Images(conditional=True, data_path="a", width=0.05, batch_size=30, flips=True, seed=1, epochs=3, every=2)
    whole, parts = (dataclasses.replace(recipe, run_dir=str(tmp_path / name)) for name in ("whole", "parts"))
    runs.run(whole)
    assert received == [{"path": "a", "size": 32, "grayscale": False, "classes": True}]
    assert "There are only 60 training pictures" in capsys.readouterr().out
    runs.run(dataclasses.replace(parts, epochs=1))
    runs.run(parts)
    assert history(tmp_path / "whole") == history(tmp_path / "parts")
    measured = {"val_fid", "val_precision", "val_recall", "overfitting", "augmentation", "variety", "nearness"}
    assert measured < set(history(tmp_path / "whole")[0])
    for name in ("model.keras", "best.keras"):
        check_equal_state(*(keras.saving.load_model(tmp_path / run / name) for run in ("whole", "parts")))
    fids = [float(row["val_fid"]) for row in history(tmp_path / "whole")]
    gan = keras.saving.load_model(tmp_path / "whole" / "best.keras")
    assert int(gan.iterations) == 2 * (1 + fids.index(min(fids)))
    assert [type(penalty).__name__ for penalty in gan.penalties] == ["R1", "R2"]
    assert (gan.condition.num_classes, gan.augmentation.flips) == (3, True)
    assert gan.sample(2, seed=0, condition=2).shape == (2, 8, 8, 3)


def test_the_length_of_a_run_of_images_is_settled_by_their_number():
    data = tiny_pictures()
    assert (Images().settled(data).epochs, Images().settled(data).every) == (1000, 50)
    many = dataclasses.replace(data, train=np.broadcast_to(data.train[:1], (40_000, 8, 8, 3)))
    assert (Images().settled(many).epochs, Images().settled(many).every) == (10, 1)
    assert (Images(epochs=7, every=3).settled(many).epochs, Images(epochs=7, every=3).settled(many).every) == (7, 3)
    assert built(Images(width=0.05, augment=False), data).augmentation is None


@pytest.fixture(scope="module")
def classifier():
    """A classifier of held-out real digits: of shape (n, 64), 0 to 1. It saw none of the training images."""
    from sklearn.neural_network import MLPClassifier

    data = kg.datasets.load("digits")
    held_out = np.concatenate([data.validation, data.test]).reshape(-1, 64) / 16
    labels = np.concatenate([data.labels.validation, data.labels.test])
    classifier = MLPClassifier((128,), max_iter=500, random_state=0).fit(held_out, labels)
    assert classifier.score(data.train.reshape(-1, 64) / 16, data.labels.train) > 0.93
    return classifier


@pytest.mark.slow
def test_digits_learns_all_ten_classes(classifier, tmp_path):
    """The classifier sees every class in the samples, and is sure of most."""
    started = time.perf_counter()
    runs.run(Digits(run_dir=str(tmp_path / "run")))
    seconds = time.perf_counter() - started
    samples = keras.saving.load_model(tmp_path / "run" / "model.keras").sample(1000, seed=0).reshape(-1, 64)
    probabilities = classifier.predict_proba(samples)
    shares = np.bincount(probabilities.argmax(1), minlength=10) / len(samples)
    confidence = np.median(probabilities.max(1))
    print(f"{seconds:.0f} s; classes {shares.min():.3f} to {shares.max():.3f}; median confidence {confidence:.3f}")
    assert shares.min() >= 0.03
    assert confidence >= 0.9
    assert seconds < 180


@pytest.mark.slow
def test_digits_conditional_makes_the_class_that_is_asked_for(classifier, tmp_path):
    """The classifier says the class that was asked for."""
    runs.run(DigitsConditional(run_dir=str(tmp_path / "run"), seed=1))
    gan = keras.saving.load_model(tmp_path / "run" / "model.keras")
    asked = np.repeat(np.arange(10), 100)
    said = classifier.predict(gan.sample(1000, seed=0, condition=asked).reshape(-1, 64))
    agreement = (said == asked).reshape(10, 100).mean(1)
    print(f"agreement {agreement.mean():.3f}; by class {' '.join(f'{share:.2f}' for share in agreement)}")
    assert agreement.mean() >= 0.95
    assert agreement.min() >= 0.9
