import contextlib
import csv
import dataclasses
import functools
import json
import os
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
from conftest import without_export
from keras_gan.recipes import cifar10_conv, cifar10_dense, cifar10_r1, digits, gaussians, mnist, mnist_r1, tfd

import keras_gan as kg
from keras_gan import backend, cli
from keras_gan.artifacts import files
from keras_gan.runs import training


@pytest.fixture(autouse=True)
def _few_exports(request):
    with contextlib.nullcontext() if request.function is test_a_digits_run_leaves_its_folder else without_export():
        yield


@pytest.fixture(autouse=True)
def _few_samples(monkeypatch):
    """What is measured here, and how often, does not depend on how many samples it takes."""
    measure = functools.partialmethod(kg.callbacks.ParzenLogLikelihood.__init__, num_samples=500)
    monkeypatch.setattr(kg.callbacks.ParzenLogLikelihood, "__init__", measure)


@pytest.fixture
def small_mnist(tmp_path):
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "mnist.npz",
        x_train=rng.integers(0, 256, (60_000, 28, 28), "uint8"),
        y_train=np.zeros(60_000, "uint8"),
        x_test=np.zeros((10_000, 28, 28), "uint8"),
        y_test=np.zeros(10_000, "uint8"),
    )
    return tmp_path / "mnist.npz"


def test_a_digits_run_leaves_its_folder(tmp_path, capsys):
    pytest.importorskip("tensorflow")
    recipe = digits.Digits(epochs=4, every=2, seed=5, run_dir=str(tmp_path / "run"))
    digits.main(recipe)
    folder = tmp_path / "run"
    assert {p.name for p in folder.iterdir()} == {
        *("config.json", "history.csv", "samples", "gan.keras", "previous-gan.keras", "generator")
    }
    config = json.loads((folder / "config.json").read_text())
    assert config["recipe"]["epochs"] == 4
    assert config["recipe"]["seed"] == 5
    assert config["data"]["name"] == "digits"
    with open(folder / "history.csv") as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3"]
    assert np.isfinite([float(row["value"]) for row in rows]).all()
    assert np.isfinite(float(rows[1]["val_value"]))
    assert sorted(p.name for p in (folder / "samples").iterdir()) == [f"epoch_000{e}.png" for e in (0, 2, 4)]
    gan = keras.saving.load_model(folder / "gan.keras")
    assert gan.updates == "simultaneous"
    import tensorflow

    program = tensorflow.saved_model.load(str(folder / "generator"))
    z = gan.prior.draw(3, seed=0)
    np.testing.assert_allclose(program.serve(z).numpy(), gan.sample(3, seed=0), rtol=1e-4, atol=1e-5)
    printed = capsys.readouterr().out
    assert backend.describe_device() in printed
    assert "epoch 2/4" in printed


def test_a_run_cut_short_leaves_a_model(tmp_path, monkeypatch, capsys):
    def stop(self, epoch, logs=None):
        if epoch == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(kg.callbacks.SampleGrid, "on_epoch_begin", stop)
    with pytest.raises(SystemExit) as ended:
        digits.main(digits.Digits(epochs=9, every=2, run_dir=str(tmp_path / "run")))
    assert ended.value.code == 130
    assert "gan.keras holds epoch 3. The same command" in capsys.readouterr().err
    gan = keras.saving.load_model(tmp_path / "run" / "gan.keras")
    assert int(gan.optimizer.iterations.numpy()) == 3 * 13


def test_the_seed_fixes_a_run(tmp_path):
    histories = []
    for _ in range(2):
        seed = training.prepare(seed=3)
        data = kg.datasets.load("digits")
        gan = kg.GAN(*kg.networks.build("digits"), preprocessing=data.preprocessing, seed=seed)
        gan.compile()
        histories.append(gan.fit(data.train[:200], epochs=2, verbose=0).history)
    assert histories[0] == histories[1]


def test_the_mnist_recipe_runs_the_released_settings(small_mnist, tmp_path, monkeypatch):
    made = {}

    def train(gan, data, recipe, folder, seed, name, measure):
        made.update(gan=gan, data=data, folder=folder)

    monkeypatch.setattr(training, "train", train)
    mnist.main(mnist.Mnist(data_path=str(small_mnist), run_dir=str(tmp_path / "run"), seed=1))
    gan = made["gan"]
    assert (gan.updates, gan.discriminator_weight, gan.discriminator_steps, gan.ema) == ("simultaneous", 0.5, 1, None)
    assert isinstance(gan.objective, kg.objectives.NonSaturating)
    assert isinstance(gan.prior, kg.priors.Uniform)
    for optimizer in gan.optimizer.optimizers:
        rate, momentum = optimizer.get_config()["learning_rate"]["config"], optimizer.get_config()["momentum"]["config"]
        assert rate == {"initial": 0.1, "factor": 1.000004, "minimum": 1e-6}
        assert momentum == {"initial": 0.5, "final": 0.7, "epochs": 250, "updates_per_epoch": 500}
    bias = gan.generator.trainable_variables[-1].numpy()
    np.testing.assert_allclose(1 / (1 + np.exp(-bias)), made["data"].pixel_mean().ravel(), rtol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, (0.5, True, 0.0, 0.0)),
        ({"updates": "alternating"}, (1.0, False, 0.2, 0.9998)),
        ({"updates": "alternating", "ema": 0.0, "r1_penalty": 0.0}, (1.0, False, 0.0, 0.0)),
    ],
)
def test_each_kind_of_updates_has_its_own_values(arguments, expected):
    recipe = mnist.with_own_values(mnist.Mnist(**arguments))
    assert (recipe.discriminator_weight, recipe.dropout, recipe.r1_penalty, recipe.ema) == expected


def test_the_r1_recipe_keeps_the_networks(small_mnist, tmp_path, monkeypatch):
    made = {}
    monkeypatch.setattr(training, "train", lambda gan, *rest, **named: made.update(gan=gan))
    recipe = mnist_r1.MnistR1(data_path=str(small_mnist), run_dir=str(tmp_path / "run"), epochs=3, seed=1)
    mnist_r1.main(recipe)
    gan = made["gan"]
    assert (gan.generator.count_params(), gan.discriminator.count_params()) == (2_503_984, 1_231_441)
    assert (gan.updates, gan.discriminator_weight, gan.r1_penalty, gan.ema) == ("simultaneous", 1.0, 2.0, 0.9999)
    assert np.abs(gan.discriminator.trainable_variables[0].numpy()).max() == pytest.approx(0.05, rel=0.01)
    assert not [layer for layer in gan.discriminator.layers if isinstance(layer, keras.layers.Dropout)]
    for optimizer in gan.optimizer.optimizers:
        assert isinstance(optimizer, keras.optimizers.Adam)
        assert float(optimizer.learning_rate) == pytest.approx(3e-4)


def tiny_cifar10():
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (3, 60, 32, 32, 3), "uint8")
    return kg.datasets.Dataset(
        *images,
        labels=kg.datasets.Splits(*np.zeros((3, 60), "int64")),
        preprocessing=kg.layers.GlobalContrastNormalization(55.0),
        card={"name": "cifar10"},
    )


@pytest.mark.parametrize(
    ("recipe", "rate", "batch_size"),
    [(cifar10_dense.Cifar10Dense, 0.025, 100), (cifar10_conv.Cifar10Conv, 0.004, 128)],
)
def test_the_cifar10_recipes(recipe, rate, batch_size, tmp_path, monkeypatch):
    monkeypatch.setattr(kg.datasets, "load", lambda name, **options: tiny_cifar10())
    assert (recipe().learning_rate, recipe().batch_size, recipe().width) == (rate, batch_size, 1.0)
    main = cifar10_dense.main if recipe is cifar10_dense.Cifar10Dense else cifar10_conv.main
    main(recipe(width=0.01, epochs=1, batch_size=20, seed=1, run_dir=str(tmp_path / "run")))
    gan = keras.saving.load_model(tmp_path / "run" / "best.keras")
    assert (gan.updates, gan.discriminator_weight) == ("simultaneous", 0.5)
    assert isinstance(gan.prior, kg.priors.Normal)
    with open(tmp_path / "run" / "history.csv") as file:
        (row,) = csv.DictReader(file)
    assert np.isfinite(float(row["val_parzen_ll"]))
    assert gan.sample(2, seed=0).shape == (2, 32, 32, 3)


@pytest.mark.parametrize(
    ("networks", "rate", "penalty", "discriminator_range", "largest_sample"),
    [("cifar10_conv", 3e-4, 50.0, 0.05, 100), ("cifar10_dense", 5e-4, 70.0, 0.015, 0.5)],
)
def test_the_r1_recipe_on_cifar10(networks, rate, penalty, discriminator_range, largest_sample, tmp_path, monkeypatch):
    made = {}
    monkeypatch.setattr(kg.datasets, "load", lambda name, **options: tiny_cifar10())
    monkeypatch.setattr(training, "train", lambda gan, *rest, **named: made.update(gan=gan))
    cifar10_r1.main(cifar10_r1.Cifar10R1(networks=networks, width=0.02, seed=1, run_dir=str(tmp_path)))
    gan = made["gan"]
    assert (gan.updates, gan.discriminator_weight, gan.r1_penalty, gan.ema) == ("simultaneous", 1.0, penalty, 0.9999)
    assert not [layer for layer in gan.discriminator.layers if isinstance(layer, keras.layers.Dropout)]
    first = np.abs(gan.discriminator.trainable_variables[0].numpy()).max()
    assert first == pytest.approx(discriminator_range, rel=0.02)
    assert [float(o.learning_rate) for o in gan.optimizer.optimizers] == pytest.approx([rate, rate])
    assert np.abs(gan.sample(50, seed=0)).max() < largest_sample


@pytest.fixture
def pictures(tmp_path):
    from PIL import Image

    (tmp_path / "pictures").mkdir()
    for i, image in enumerate(np.random.default_rng(0).integers(0, 256, (50, 50, 60, 3), "uint8")):
        Image.fromarray(image).save(tmp_path / "pictures" / f"{i}.png")
    return str(tmp_path / "pictures")


def test_the_tfd_recipe_plays_two_games(pictures, tmp_path):
    folder = tmp_path / "run"
    recipe = tfd.Tfd(
        width=0.01, pretraining_epochs=2, epochs=1, batch_size=20, data_path=pictures, seed=1, run_dir=str(folder)
    )
    tfd.main(recipe)
    first, gan = (keras.saving.load_model(path / "gan.keras") for path in (folder / "pretraining", folder))
    assert (len(first.generator.layers), len(gan.generator.layers)) == (5, 7)
    assert isinstance(gan.prior, kg.priors.Normal)
    assert [int(g.optimizer.iterations) for g in (first, gan)] == [4, 2]
    config = json.loads((folder / "config.json").read_text())
    assert (config["recipe"]["epochs"], config["data"]["name"]) == (1, "images")
    kernels = [v for v in gan.trainable_variables if v.name == "kernel"]
    assert len(kernels) == 8
    for kernel in kernels:  # max-norm holds after updates
        assert np.linalg.norm(keras.ops.convert_to_numpy(kernel), axis=0).max() <= 1.9365 * (1 + 1e-5)


def test_the_tfd_recipe_goes_on_in_either_game(pictures, tmp_path, monkeypatch):
    common = {"width": 0.01, "batch_size": 20, "every": 1, "data_path": pictures, "seed": 1}
    whole, parts = (str(tmp_path / name) for name in ("whole", "parts"))
    tfd.main(tfd.Tfd(pretraining_epochs=2, epochs=2, run_dir=whole, **common))

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
            with pytest.raises(SystemExit):
                tfd.main(tfd.Tfd(pretraining_epochs=2, epochs=2, run_dir=parts, **common))
    tfd.main(tfd.Tfd(pretraining_epochs=2, epochs=2, run_dir=parts, **common))
    whole, parts = (keras.saving.load_model(tmp_path / name / "gan.keras") for name in ("whole", "parts"))
    assert int(parts.optimizer.iterations) == 4
    assert_equal(whole, parts)


def test_the_momentum_ramp_knows_k(small_mnist, tmp_path, monkeypatch):
    made = {}
    monkeypatch.setattr(training, "train", lambda gan, *rest, **named: made.update(gan=gan))
    recipe = mnist.Mnist(
        data_path=str(small_mnist), run_dir=str(tmp_path / "run"), updates="alternating", discriminator_steps=2
    )
    mnist.main(recipe)
    players = made["gan"].optimizer
    ramps = [o.get_config()["momentum"]["config"]["updates_per_epoch"] for o in players.optimizers]
    assert ramps == [250, 500]


def test_folders_are_numbered_and_never_overwritten(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, folder = training.begin(digits.Digits(), "digits")
    assert folder.name == "digits-1"
    folder.mkdir(parents=True)
    assert training.begin(digits.Digits(), "digits")[1].name == "digits-2"
    _, folder = training.begin(digits.Digits(run_dir="mine"), "digits")
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    with pytest.raises(ValueError, match=r"config\.json is damaged"):
        training.begin(digits.Digits(run_dir="mine"), "digits")


def test_a_gpu_that_is_not_there():
    if "CPU" not in backend.describe_device().upper():
        pytest.skip("there is a GPU")
    with pytest.raises(ValueError, match=r"sees no GPU.*--device cpu"):
        training.prepare(device="gpu")


def test_cpu_and_precision(capsys):
    training.prepare(device="cpu", precision="mixed_bfloat16", seed=1)
    assert keras.config.dtype_policy().name == "mixed_bfloat16"
    assert "mixed_bfloat16, seed 1" in capsys.readouterr().out


RECIPES = [
    cifar10_conv.Cifar10Conv,
    cifar10_dense.Cifar10Dense,
    cifar10_r1.Cifar10R1,
    digits.Digits,
    gaussians.Gaussians,
    mnist.Mnist,
    mnist_r1.MnistR1,
    tfd.Tfd,
]


@pytest.mark.parametrize("recipe", RECIPES)
def test_recipes_are_frozen(recipe):
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe().epochs = 3


def assert_equal(a, b):
    """Bit by bit: weights, seeds, velocities, averages."""
    for x, y in zip([*a.variables, *a.optimizer.variables], [*b.variables, *b.optimizer.variables], strict=True):
        np.testing.assert_array_equal(
            keras.ops.convert_to_numpy(x), keras.ops.convert_to_numpy(y), err_msg=f"{x.path}, {y.path}"
        )


def history(folder):
    with open(folder / "history.csv", newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


@pytest.mark.parametrize("epochs_before", [1, 2, 3])
def test_a_run_goes_on_as_if_it_had_never_stopped(epochs_before, tmp_path, monkeypatch):
    common = {"every": 2, "seed": 5, "ema": 0.99}
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    digits.main(digits.Digits(epochs=4, run_dir=str(whole), **common))
    digits.main(digits.Digits(epochs=epochs_before, run_dir=str(parts), **common))
    with open(parts / "history.csv", "a") as file:  # an epoch logged, but not saved, before the end
        file.write(f"{epochs_before},0.5\n{epochs_before + 1},")
    begun = training.read_config(parts)["command"]
    monkeypatch.setattr("sys.argv", ["keras-gan", "train", "digits", "again"])
    keras.utils.set_random_seed(99)
    digits.main(digits.Digits(epochs=4, run_dir=str(parts), **common))
    config = training.read_config(parts)
    assert (config["command"], config["recipe"]["epochs"], config["recipe"]["seed"]) == (begun, 4, 5)
    assert_equal(*(keras.saving.load_model(folder / "gan.keras") for folder in (whole, parts)))
    assert history(whole) == history(parts)
    assert [row["epoch"] for row in history(parts)] == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("main", "recipe"),
    [
        (cifar10_r1.main, cifar10_r1.Cifar10R1(dropout=True)),
        (cifar10_dense.main, cifar10_dense.Cifar10Dense(ramp_epochs=3, updates="alternating", discriminator_steps=2)),
    ],
)
def test_measurements_and_schedules_go_on_where_they_were(main, recipe, tmp_path, monkeypatch):
    monkeypatch.setattr(kg.datasets, "load", lambda name, **options: tiny_cifar10())
    recipe = dataclasses.replace(recipe, width=0.01, batch_size=20, every=3, seed=1, ema=0.9)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    main(dataclasses.replace(recipe, epochs=4, run_dir=str(whole)))
    main(dataclasses.replace(recipe, epochs=2, run_dir=str(parts)))
    main(dataclasses.replace(recipe, epochs=4, run_dir=str(parts)))
    assert history(whole) == history(parts)
    assert len({row["val_parzen_ll"] for row in history(whole)}) == 2  # measured in epochs 1 and 3
    for name in ("gan.keras", "best.keras"):
        assert_equal(*(keras.saving.load_model(folder / name) for folder in (whole, parts)))


def test_two_processes_do_not_train_in_one_folder(tmp_path):
    with training._alone(tmp_path / "run"), pytest.raises(ValueError, match="Another process is training in"):
        digits.main(digits.Digits(epochs=1, run_dir=str(tmp_path / "run")))
    digits.main(digits.Digits(epochs=1, run_dir=str(tmp_path / "run")))


def test_a_finished_run_is_left_as_it_is(tmp_path, capsys):
    recipe = digits.Digits(epochs=2, seed=5, run_dir=str(tmp_path))
    digits.main(recipe)
    before = {name: (tmp_path / name).read_bytes() for name in ("gan.keras", "history.csv")}
    digits.main(dataclasses.replace(recipe, epochs=1))
    assert "nothing to train" in capsys.readouterr().out
    assert before == {name: (tmp_path / name).read_bytes() for name in before}


def test_other_settings_do_not_go_on(tmp_path):
    digits.main(digits.Digits(epochs=1, run_dir=str(tmp_path)))
    seed = training.read_config(tmp_path)["recipe"]["seed"]
    assert training.begin(digits.Digits(epochs=9, device="cpu", run_dir=str(tmp_path)), "digits")[0].seed == seed
    for recipe, name in (
        (digits.Digits(learning_rate=0.5, run_dir=str(tmp_path)), "digits"),
        (digits.Digits(seed=seed + 1, run_dir=str(tmp_path)), "digits"),
        (mnist.Mnist(run_dir=str(tmp_path)), "mnist"),
    ):
        with pytest.raises(ValueError, match=r"other settings.*repeat the command it was begun by"):
            training.begin(recipe, name)


def test_a_damaged_model_falls_back_to_the_one_before(tmp_path, capsys):
    recipe = digits.Digits(epochs=3, seed=5, run_dir=str(tmp_path))
    digits.main(recipe)
    whole, expected = keras.saving.load_model(tmp_path / "gan.keras"), history(tmp_path)
    content = (tmp_path / "gan.keras").read_bytes()
    (tmp_path / "gan.keras").write_bytes(content[: len(content) // 2])
    digits.main(recipe)
    assert "Going on from the file before" in capsys.readouterr().err
    assert_equal(whole, keras.saving.load_model(tmp_path / "gan.keras"))
    assert history(tmp_path) == expected
    for name in ("gan.keras", "previous-gan.keras"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ValueError, match=r"previous-gan\.keras is empty"):
        digits.main(recipe)


def test_a_lost_game_is_not_written_over_a_good_one(tmp_path):
    recipe = digits.Digits(epochs=2, seed=5, run_dir=str(tmp_path))
    digits.main(recipe)
    gan = keras.saving.load_model(tmp_path / "gan.keras")
    gan.generator.trainable_variables[-1].assign(gan.generator.trainable_variables[-1] * float("nan"))
    with pytest.raises(ValueError, match=r"NaN in epoch 3.*gan\.keras holds epoch 2"):
        training.train(gan, kg.datasets.load("digits"), dataclasses.replace(recipe, epochs=4), tmp_path, 5, "digits")
    assert np.isfinite(keras.saving.load_model(tmp_path / "gan.keras").sample(3)).all()


def started(*arguments, limit=None):
    """A real process of the command line; `limit`: the largest file it may write, in bytes."""

    program = "import sys; from keras_gan import cli; cli.main(['train', 'digits', *sys.argv[1:]])"
    if limit:
        program = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); {program}"
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


def check_kills(folder, kills, seed):
    """Kills a run at random moments; whatever is left can be read, and at most the epoch under way is lost."""
    random = np.random.default_rng(seed)
    common = ("--epochs", 400, "--every", 1, "--seed", 5)
    epochs = 0
    for _ in range(kills):
        process = started(*common, "--run-dir", folder)
        wait_for(lambda seen=epochs: logged(folder) > seen)
        time.sleep(random.uniform(0, 1.5))
        process.kill()
        process.communicate()
        rows = logged(folder)
        gan = training.load(folder)
        saved = int(gan.optimizer.iterations) // 13
        assert saved >= max(rows - 1, epochs, 1)
        assert saved <= rows
        epochs = saved
    recipe = digits.Digits(epochs=epochs + 2, every=1, seed=5)
    digits.main(dataclasses.replace(recipe, run_dir=str(folder)))
    digits.main(dataclasses.replace(recipe, run_dir=str(folder.with_name("whole"))))
    assert_equal(*(keras.saving.load_model(path / "gan.keras") for path in (folder, folder.with_name("whole"))))
    assert history(folder) == history(folder.with_name("whole"))


def logged(folder):
    file = folder / "history.csv"
    return max(len(file.read_text().splitlines()) - 1, 0) if file.exists() else 0


def test_kills_lose_at_most_an_epoch(tmp_path):
    check_kills(tmp_path / "run", kills=3, seed=0)


@pytest.mark.slow
def test_many_kills_lose_at_most_an_epoch(tmp_path):
    check_kills(tmp_path / "run", kills=30, seed=1)


def test_an_interrupt_ends_cleanly(tmp_path):
    process = started("--epochs", 400, "--run-dir", tmp_path / "run")
    wait_for(lambda: (tmp_path / "run" / "gan.keras").exists())
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped." in error
    assert "The same command with --run-dir" in error
    assert "Traceback" not in error
    assert training.load(tmp_path / "run") is not None


@pytest.mark.skipif(sys.platform == "win32", reason="no limits there")
def test_a_full_disk_is_one_line_and_harms_nothing(tmp_path):
    digits.main(digits.Digits(epochs=2, seed=5, run_dir=str(tmp_path)))
    before = (tmp_path / "gan.keras").read_bytes()
    process = started("--epochs", 4, "--seed", 5, "--run-dir", tmp_path, limit=len(before) // 2)
    _, error = process.communicate(timeout=120)
    assert process.returncode == 2, error
    (line,) = [line for line in error.splitlines() if line.startswith("keras-gan: error:")]
    assert line.count("Could not write") == 1
    assert "gan.keras: File too large. The file that was there is intact." in line
    assert "Traceback" not in error
    assert (tmp_path / "gan.keras").read_bytes() == before
    assert not list(tmp_path.glob("partial-*"))


def test_a_folder_that_cannot_be_written(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as ended:
        cli.main(["train", "digits", "--epochs", "1", "--run-dir", str(tmp_path / "file" / "run")])
    assert ended.value.code == 2
    assert "Not a directory" in capsys.readouterr().err


def test_a_read_only_folder(tmp_path):
    recipe = digits.Digits(epochs=1, seed=5, run_dir=str(tmp_path))
    digits.main(recipe)
    tmp_path.chmod(0o555)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("root may write everywhere: setpriv --inh-caps=-all --bounding-set=-all python -m pytest ...")
    try:
        with pytest.raises(OSError, match=r"Could not write.*Permission denied"):
            digits.main(dataclasses.replace(recipe, epochs=2))
    finally:
        tmp_path.chmod(0o755)
    assert training.load(tmp_path) is not None


def test_no_folder_of_the_maker_is_told():
    recipe = {"epochs": 3, "data_path": "/home/ann/mnist.npz", "run_dir": None}
    command = ["/usr/bin/keras-gan", "train", "--data-path=/home/ann/mnist.npz", "--epochs", "3"]
    shorter, words = training.without_folders(recipe, command)
    assert shorter == {"epochs": 3, "data_path": "mnist.npz", "run_dir": None}
    assert words[1:] == ["train", "--data-path=mnist.npz", "--epochs", "3"]
    assert recipe["data_path"] == "/home/ann/mnist.npz"
