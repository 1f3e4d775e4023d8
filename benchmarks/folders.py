"""Data sets as folders of PNG files, to try `keras-gan train images` with.

    python benchmarks/folders.py cifar10 cifar10          # 50,000 in colour, a subfolder per class
    python benchmarks/folders.py tfd tfd                  # grey faces of the file that KERAS_GAN_TFD names
    python benchmarks/folders.py olivetti.npz olivetti    # any array `images` of an .npz file

The last one wants, for the 400 Olivetti faces, what scikit-learn downloads:
`np.savez("olivetti.npz", images=sklearn.datasets.fetch_olivetti_faces().images)`.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import keras_gan as kg

_CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", help="cifar10, tfd, or an .npz file")
    parser.add_argument("folder", type=Path, help="where to write; must not be there yet")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True)
    images, names = load(arguments.source)
    for number, (image, name) in enumerate(zip(images, names, strict=True)):
        (arguments.folder / name).mkdir(exist_ok=True)
        Image.fromarray(image.squeeze()).save(arguments.folder / name / f"{number:05}.png")
    print(f"{len(images):,} pictures in {arguments.folder}")


def load(source: str) -> tuple[Any, list[str]]:
    """Pictures of 8 bits, and the name of each one's subfolder; of data sets, those to train and to validate on."""
    if source.endswith(".npz"):
        with np.load(source) as file:
            images = file["images"]
        if images.dtype != "uint8":  # scikit-learn's are from 0 to 1
            images = np.rint(255 * images).astype("uint8")
        return images, [""] * len(images)
    data = kg.datasets.load(source)
    images = np.concatenate([data.train, data.validation])
    if source == "cifar10":
        return images, [_CLASSES[label] for label in np.concatenate([data.labels.train, data.labels.validation])]
    return images, [""] * len(images)


if __name__ == "__main__":
    main()
