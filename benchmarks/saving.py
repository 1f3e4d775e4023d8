"""What keeping a model costs: a checkpoint compared with an epoch of MNIST; size and latency of each export format.

    KERAS_BACKEND=tensorflow python benchmarks/saving.py

The checkpoint is the one that every run writes after each epoch: it is flushed to the disk and renamed, and the one
before it is kept. The exports are those of the shipped MNIST generator, and run on the CPU. A round times every format
once, and the medians are printed.
"""

import argparse
import functools
import os
import statistics
import tempfile
import time
from pathlib import Path

import keras
import numpy as np

import keras_gan as kg
from keras_gan import backend
from keras_gan.artifacts import files
from keras_gan.artifacts import formats as programs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100, help="updates timed; an epoch has 500")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    print(f"{backend.describe_device()}, {os.cpu_count()} cores\n")
    with tempfile.TemporaryDirectory() as folder:
        checkpoint(Path(folder), arguments.steps)
        formats(Path(folder), arguments.rounds)


def checkpoint(folder: Path, steps: int) -> None:
    """A checkpoint of the MNIST recipe's model, with and without an averaged generator, compared with an epoch."""
    images = np.random.default_rng(0).integers(0, 256, (100 * steps, 28, 28, 1), "uint8")
    for ema in (None, 0.999):
        gan = kg.GAN(*kg.networks.build("mnist"), preprocessing=keras.layers.Rescaling(1 / 255), seed=1)
        gan.compile(updates="simultaneous", ema=ema)
        gan.fit(images[:2000], batch_size=100, verbose=0)
        epochs, saves = [], []
        for _ in range(5):
            epochs.append(timed(lambda gan=gan: gan.fit(images, batch_size=100, verbose=0)) * 500 / steps)
            saves.append(timed(lambda gan=gan: files.write(folder / "gan.keras", gan.save, keep_before=True)))
        epoch, save = statistics.median(epochs), statistics.median(saves)
        size = (folder / "gan.keras").stat().st_size / 1e6
        verdict = "met" if save < 0.1 * epoch else "MISSED"
        print(
            f"{verdict:7} checkpoint of {size:.0f} MB, ema={ema}: {save:.2f} s per epoch of {epoch:.1f} s: "
            f"{save / epoch:.1%} (bar: < 10%)"
        )


def formats(folder: Path, rounds: int) -> None:
    """Size of the shipped generator's exports, and milliseconds for one image and for 1,000."""
    shipped = kg.load("mnist")
    models = {}
    for format, suffix in programs.SUFFIXES.items():
        path = folder / f"{format}{suffix}"
        programs.export(shipped.model, shipped.prior, path, format)
        models[format] = (path, kg.load(path))
    times: dict[tuple[str, int], list[float]] = {(format, n): [] for format in models for n in (1, 1000)}
    for _ in range(rounds):
        for (format, n), measured in times.items():
            z = shipped.prior.draw(n, seed=0)
            generator = models[format][1]
            generator(z)
            measured.append(min(timed(functools.partial(generator, z)) for _ in range(3)))
    print(f"\n{'format':14}{'MB':>8}{'ms, 1 image':>14}{'ms, 1,000':>12}")
    for format, (path, _) in models.items():
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        size = sum(file.stat().st_size for file in files) / 1e6
        one, thousand = (1000 * statistics.median(times[format, n]) for n in (1, 1000))
        print(f"{format:14}{size:8.1f}{one:14.2f}{thousand:12.1f}")


def timed(function) -> float:
    """Seconds that a call takes."""
    begun = time.perf_counter()
    function()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
