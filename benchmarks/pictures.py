"""What a large folder of pictures costs: memory, time to the first batch, and pictures per second.

    python benchmarks/pictures.py

It writes a folder of PNG and JPEG files of 96x96 and 96x80 pixels into the folder for temporary files (1.3 GB for
100,000, with what is decoded), and removes it at the end. The networks are so small that an epoch's time is that of
the pictures: in the first epoch they are decoded, in the second they are read again. Seconds of the processor stand
beside those of the clock, for a machine that has other things to do.
"""

import argparse
import functools
import io
import os
import tempfile
import time
import warnings
from multiprocessing.pool import ThreadPool
from pathlib import Path

import keras
import numpy as np
from PIL import Image

import keras_gan as kg
from keras_gan import backend
from keras_gan.datasets import images
from keras_gan.models.on_demand import num_cores

_DIFFERENT = 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--rows", type=int, default=4000, help="pictures that the numbers of threads are compared on")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", "Pictures in .* are copies of others")
    cores = num_cores()
    print(f"{backend.describe_device()}, {cores} cores, {os.getloadavg()[0]:.1f} processes waiting", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, arguments.pictures)
        threads(folder, arguments.size, arguments.rows, cores)
        training(folder, arguments.size, arguments.batch_size)


def write(folder: Path, num: int) -> None:
    """Smooth pictures; the files are distinct, though only a thousand contents are."""
    random = np.random.default_rng(0)
    contents = []
    for number in range(_DIFFERENT):
        coarse = Image.fromarray(random.integers(0, 256, (6, 6, 3), dtype="uint8"))
        content = io.BytesIO()
        coarse.resize((96, 96 if number % 3 else 80), Image.Resampling.BICUBIC).save(
            content, ("PNG", "JPEG")[number % 2]
        )
        contents.append(content.getvalue())
    for number in range(num):
        if number % 1000 == 0:
            (folder / f"{number // 1000:04}").mkdir()
        ending = ("png", "jpg")[number % 2]
        (folder / f"{number // 1000:04}" / f"{number:07}.{ending}").write_bytes(contents[number % _DIFFERENT])
    size = sum(map(len, contents)) * num / _DIFFERENT
    print(f"{num:,} files, {size / 1e6:.0f} MB", flush=True)


def threads(folder: Path, size: int, num: int, cores: int) -> None:
    """Pictures per second, decoded and resized, by one thread and by several; and what a look at headers would take."""
    files = images._listed(folder).names[:num]
    read = functools.partial(images._read, size=size, grayscale=False)
    for number in sorted({1, cores}):
        with ThreadPool(number) as pool:
            clock, processor = timed(lambda pool=pool: pool.map(lambda name: read(folder / name), files, chunksize=8))
        print(
            f"{number} thread{'s' if number > 1 else ''}: {len(files) / clock:,.0f} pictures per second, "
            f"{1e6 * processor / len(files):.0f} us of the processor for each",
            flush=True,
        )

    def headers():
        for name in files:
            Image.open(folder / name, formats=images._formats()).close()

    clock, processor = timed(headers)
    print(f"headers alone: {1e6 * processor / len(files):.0f} us of the processor for each", flush=True)


def training(folder: Path, size: int, batch_size: int) -> None:
    """Memory and time of loading, of the first batch, and of two epochs."""
    gan = game(size)
    gan.fit(np.zeros((2 * batch_size, size, size, 3), "uint8"), batch_size=batch_size, verbose=0)  # compiles the step
    before = resident("VmRSS")
    begun = time.perf_counter()
    (clock, processor), data = timed_result(lambda: kg.datasets.load("images", path=folder, size=size))
    print(f"loaded: {clock:.1f} s, {processor:.1f} s of the processor", flush=True)

    def tell_first(step, logs=None):
        if epoch == "first" and step == 0:
            print(f"first batch: {time.perf_counter() - begun:.1f} s after the beginning", flush=True)

    show = keras.callbacks.LambdaCallback(on_train_batch_begin=tell_first)
    for epoch in ("first", "second"):
        clock, processor = timed(
            lambda: gan.fit(data.train, batch_size=batch_size, drop_remainder=True, callbacks=[show], verbose=0)
        )
        print(
            f"{epoch} epoch: {len(data.train) / clock:,.0f} pictures per second, {clock:.0f} s, {processor:.0f} s of "
            "the processor",
            flush=True,
        )
    print(
        f"memory above the imports and the compiled step: {resident('VmRSS') - before:.0f} MB, "
        f"{resident('VmHWM') - before:.0f} MB at most; the pictures are {np.prod(data.train.shape) / 0.8e6:.0f} MB"
    )


def game(size: int) -> kg.GAN:
    generator = keras.Sequential(
        [
            keras.Input((1,)),
            keras.layers.Dense(3, activation="sigmoid"),
            keras.layers.Reshape((1, 1, 3)),
            keras.layers.UpSampling2D(size),
        ]
    )
    discriminator = keras.Sequential(
        [keras.Input((size, size, 3)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(1)]
    )
    gan = kg.GAN(generator, discriminator, preprocessing=keras.layers.Rescaling(1 / 255), seed=1)
    gan.compile(objective="non_saturating")
    return gan


def resident(key: str) -> float:
    """Megabytes of this process that lie in the memory (VmRSS), or did at most (VmHWM)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) / 1e3
    raise SystemExit("The memory of a process is read from /proc, which only Linux has.")


def timed(function) -> tuple[float, float]:
    """Seconds of the clock and of the processor that a call takes."""
    return timed_result(function)[0]


def timed_result(function):
    clock, processor = time.perf_counter(), time.process_time()
    result = function()
    return (time.perf_counter() - clock, time.process_time() - processor), result


if __name__ == "__main__":
    main()
