import dataclasses
import json

import keras
import numpy as np
import pytest
from conftest import without_export
from keras_gan.recipes.gaussians import Gaussians
from PIL import Image

import keras_gan as kg
from keras_gan import runs
from keras_gan.evaluation import bounds, theory
from keras_gan.figures import curves, paper
from keras_gan.mixtures import figure1, measures, report, snapshots
from keras_gan.mixtures.data import MIXTURES

pytestmark = pytest.mark.one_backend

NORMAL = MIXTURES["normal"][0]
TINY = {"units": 8, "hidden_layers": 1, "batch_size": 5000, "every": 1, "seed": 1}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labs") / "normal"
    with without_export():
        runs.run(dataclasses.replace(Gaussians(), epochs=2, run_dir=str(folder), **TINY))
    return folder


@pytest.fixture(scope="module")
def plane(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labs") / "ring"
    with without_export():
        runs.run(dataclasses.replace(Gaussians.plain("ring"), epochs=2, run_dir=str(folder), **TINY))
    return folder


def linear_pair(slope, offset):
    """G(z) = slope z + offset, and D the best against N(0, 1) and N(1, 1)."""
    generator = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    discriminator = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    generator.set_weights([np.array([[slope]]), np.array([offset])])
    discriminator.set_weights([np.array([[-1.0]]), np.array([0.5])])
    return generator, discriminator


@pytest.fixture(autouse=True)
def _few_points(monkeypatch):
    """A fresh discriminator need not be trained for long here."""
    monkeypatch.setattr(report, "_BOUND_SAMPLES", 20_000)
    real = bounds.jensen_shannon_bound
    monkeypatch.setattr(bounds, "jensen_shannon_bound", lambda *arguments: real(*arguments, epochs=8))


def fresh():
    return kg.networks.build("points", size=1, noise_dim=1, units=16, hidden_layers=1)[1]


def test_a_known_pair():
    """p_g = N(1, 1) and D = D*: every number is known."""
    gan = kg.GAN(*linear_pair(1.0, 1.0), prior=kg.priors.Normal(1), seed=1)
    found = report.compare(gan, NORMAL, fresh())
    assert abs(found.value.mean + 1.1634514) < 4 * found.value.standard_error
    assert found.bound.divergence.mean == pytest.approx(0.1114, abs=0.01)
    assert (found.mixture.modes, found.mixture.num_modes) == (1, 1)
    assert found.mixture.high_quality == pytest.approx(0.9772, abs=0.005)
    assert found.mixture.forward_kl == pytest.approx(0.5, abs=0.03)
    assert found.divergence == pytest.approx(0.1114215, abs=1e-3)
    assert found.from_optimal < 0.01
    assert found.from_half == pytest.approx(1 / (1 + np.exp(-1.96 - 0.5)) - 0.5, abs=0.01)


def test_a_known_pair_of_uniform_noise():
    """p_g uniform on (-sqrt 3, sqrt 3): JSD by the formula, on another grid."""
    gan = kg.GAN(*linear_pair(1.0, 0.0), prior=kg.priors.Uniform(1), seed=1)
    found = report.compare(gan, NORMAL, fresh())
    x = np.linspace(-8, 8, 160_001)
    p_data, p_g = NORMAL.density(x[:, np.newaxis]), (np.abs(x) < 3**0.5) / (2 * 3**0.5)
    expected = theory.jensen_shannon(p_data, p_g, x[1] - x[0])
    assert found.divergence == pytest.approx(expected, abs=1e-3)
    assert found.bound.divergence.mean < expected + 3 * found.bound.divergence.standard_error
    half = np.abs(1 / (1 + np.exp(np.abs(x[np.abs(x) < 1.96]) - 0.5)) - 0.5).max()
    assert found.from_half == pytest.approx(max(half, 1 / (1 + np.exp(-1.96 - 0.5)) - 0.5), abs=0.02)
    assert found.from_optimal == pytest.approx(1 - 1 / (1 + np.exp(1.96 - 0.5)), abs=0.05)


def test_the_bulk_holds_95_percent():
    x = snapshots.nodes(*NORMAL.bounds())[:, 0].astype("float64")
    mask = report.bulk(NORMAL.density(x[:, np.newaxis]), x[1] - x[0])
    assert np.abs(x[mask]).max() == pytest.approx(1.96, abs=0.03)
    assert np.abs(x[~mask]).min() > 1.93


def test_a_run_leaves_what_figure_1_needs_and_is_measured(run):
    files = {path.name for path in run.iterdir()}
    assert {"config.json", "history.csv", "samples", "model.keras"} <= files
    assert sorted(path.name for path in (run / "samples").iterdir()) == [f"epoch_000{e}.npz" for e in range(3)]
    config = json.loads((run / "config.json").read_text())
    assert (config["data"]["name"], config["recipe"]["objective"]) == ("normal", "non_saturating")
    found = report.measure_run(run)
    assert 0 < found.divergence <= np.log(2)
    assert np.isfinite(list(found.row().values())).all()


def test_the_fresh_discriminator_is_new_and_like_the_runs(run):
    first, second = report.fresh_discriminator(run), report.fresh_discriminator(run)
    gan = keras.saving.load_model(run / "model.keras")
    assert [w.shape for w in first.get_weights()] == [w.shape for w in gan.discriminator.get_weights()]
    assert all(np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True))
    assert not np.array_equal(first.get_weights()[0], gan.discriminator.get_weights()[0])


def test_figures_of_both(run, plane, tmp_path):
    pytest.importorskip("matplotlib")
    written = paper.draw([str(run), str(plane)], tmp_path)
    assert [path.name for path in written] == [
        "normal-figure1.png",
        "normal-curves.png",
        "normal-training.gif",
        "ring-plane.png",
        "ring-curves.png",
        "ring-training.gif",
    ]
    sizes = {path.name: Image.open(path) for path in written}
    assert sizes["normal-figure1.png"].size == (1200, 340)
    assert sizes["ring-plane.png"].size[1] == 320
    assert (sizes["normal-training.gif"].n_frames, sizes["ring-training.gif"].n_frames) == (3, 3)


def shot(offset, d=0.5):
    """A snapshot whose p_g is N(offset, 1)."""
    from scipy import stats

    x = snapshots.nodes(*NORMAL.bounds())
    generated = offset + stats.norm.ppf((np.arange(4001) + 0.5) / 4001)
    return snapshots.Snapshot(x, np.full(len(x), d), np.linspace(-1, 1, 4001)[:, None], generated[:, None])


def test_the_panels_of_figure_1():
    shots = {0: shot(3), 4: shot(1), 5: shot(0.6, d=0.3), 9: shot(0.5), 10: shot(0.4), 20: shot(0.01)}
    panels = figure1.figure1(shots, NORMAL)
    assert [panel.title for panel in panels] == ["(a) epoch 5", "(b) the same, D = D*", "(c) epoch 10", "(d) epoch 20"]
    np.testing.assert_array_equal(panels[0].discriminator, 0.3)
    x = panels[1].points
    middle = np.abs(x) < 2
    np.testing.assert_allclose(panels[1].discriminator[middle], (1 / (1 + np.exp(0.6 * x - 0.18)))[middle], atol=0.01)
    np.testing.assert_array_equal(panels[0].p_g, panels[1].p_g)
    assert theory.jensen_shannon(panels[3].p_data, panels[3].p_g, x[1] - x[0]) < 1e-3


def made_report(modes, value, divergence=None):
    estimate = theory.Estimate(value, 0.001)
    return report.LabReport(
        estimate, bounds.Bound(estimate, 3), measures.MixtureReport(modes, 25, 0.9, 0.1, 0.2), divergence, None, None
    )


def test_the_table_gives_mean_and_worst():
    text = report.table([("a", made_report(25, -1.2)), ("b", made_report(23, -1.39))]).splitlines()
    assert [line.split()[0] for line in text[1:]] == ["a", "b", "mean", "worst"]
    column = text[0].index("modes") + 5 - 15
    modes = [float(line[column : column + 15]) for line in text[1:]]
    assert modes == [25, 23, 24, 23]
    assert float(text[4][len("worst") : len("worst") + 15]) == -1.2
    assert len(report.table([("a", made_report(25, -1.2))]).splitlines()) == 2


def test_a_table_of_runs_on_a_line_and_in_the_plane():
    lines = report.table([("plane", made_report(25, -1.2)), ("line", made_report(1, -1.39, 0.003))]).splitlines()
    assert lines[0].split()[0] == "JSD"
    assert lines[1][: len("plane") + 15].strip() == "plane"
    assert lines[2].split()[:2] == ["line", "0.003"]


def test_the_plain_game_is_what_compile_alone_plays_at_a_smaller_rate(plane):
    gan, plain = keras.saving.load_model(plane / "model.keras"), kg.GAN(*linear_pair(1.0, 0.0))
    plain.compile()
    names = ("updates", "discriminator_steps", "discriminator_weight", "penalties", "ema")
    assert [getattr(gan, name) for name in names] == [getattr(plain, name) for name in names]
    assert isinstance(gan.objective, type(plain.objective))
    for optimizer, other in zip(gan.optimizer.optimizers, plain.optimizer.optimizers, strict=True):
        rate = pytest.approx(0.01)
        assert optimizer.get_config() == {**other.get_config(), "name": optimizer.name, "learning_rate": rate}


def test_the_rate_falls_to_zero_for_both_players():
    recipe = Gaussians(epochs=3, batch_size=1000)
    gan = recipe.build(recipe.data(), 1)
    steps = [optimizer.get_config()["learning_rate"]["config"]["decay_steps"] for optimizer in gan.optimizer.optimizers]
    assert steps == [60, 300]


def test_what_is_no_run_of_points(tmp_path):
    with pytest.raises(ValueError, match="which is no run"):
        report.measure_run(tmp_path)
    (tmp_path / "config.json").write_text(
        json.dumps({"data": {"name": "mnist"}, "recipe": {"name": "mnist"}, "command": [], "updates_per_epoch": 1})
    )
    with pytest.raises(ValueError, match="trained on mnist"):
        report.measure_run(tmp_path)


def test_the_saturation_table(tmp_path):
    pytest.importorskip("matplotlib")
    printed = curves.saturation(tmp_path / "saturation.png").splitlines()
    first = [float(word) for word in printed[1].split()]
    assert first == pytest.approx([-10, 4.54e-5, 0.99995], rel=1e-3)
    assert Image.open(tmp_path / "saturation.png").size == (800, 320)
    assert callable(curves.save_saturation)
