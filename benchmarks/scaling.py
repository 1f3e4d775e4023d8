"""What many GPUs are worth for the paper's four models, on paper: bytes that are reduced per step beside its compute.

    python benchmarks/scaling.py
    python benchmarks/scaling.py --arithmetic 200 --inside 150    # other rates of the machine

Nothing is measured. A step is the released code's, of both players at once, in float32. Each GPU computes it in the
longer one of two times: that of its products, and that of moving the weights through its memory. Then the gradients of
both players are averaged by a ring, which sends 2 (n - 1) / n times their bytes from each GPU; nothing of that overlaps
with computing. All rates are arguments, and are what a GPU reaches, not what its data sheet promises.
"""

import argparse
from typing import NamedTuple


class Network(NamedTuple):
    """Parameters and products (multiply and add) per example, in millions."""

    parameters: float
    products: float


class Model(NamedTuple):
    """A generator, a discriminator, and the paper's minibatch."""

    generator: Network
    discriminator: Network
    batch: int


def dense(parameters: float) -> Network:
    """A dense network uses every weight once per example."""
    return Network(parameters, parameters)


# Parameters: the docstrings of keras_gan.networks. Products of the convolutions: output positions * kernel * channels.
MODELS = {
    "MNIST": Model(dense(2.504), dense(1.231), 100),
    "TFD": Model(dense(84.858), dense(21.037), 100),
    "CIFAR-10, dense": Model(dense(89.395), dense(37.394), 100),
    "CIFAR-10, convolutional": Model(Network(64.825, 65.4), Network(12.454, 79.8), 128),
}


def seconds_of_compute(model: Model, rows: float, arithmetic: float, memory: float) -> float:
    """A step's time on one GPU with so many rows of the batch, at products in TFLOP/s and memory in TB/s."""
    # G: forward, and backward to weights and inputs. D: that on data and on samples, and back to the samples for G.
    products = 2e6 * rows * (3 * model.generator.products + 7 * model.discriminator.products)
    # Reads of weights forward and backward, writes of gradients, and momentum SGD: three reads and two writes.
    moved = 4e6 * (8 * model.generator.parameters + 12 * model.discriminator.parameters)
    return max(products / (arithmetic * 1e12), moved / (memory * 1e12))


def seconds_of_exchange(model: Model, gpus: int, inside: float, between: float, latency: float) -> float:
    """The time to average both players' gradients, at rates in GB/s and a latency in microseconds per exchange."""
    if gpus == 1:
        return 0.0
    rate = inside if gpus <= 8 else between
    return 2 * (gpus - 1) / gpus * reduced(model) / (rate * 1e9) + latency * 1e-6


def reduced(model: Model) -> float:
    """Bytes of both players' gradients."""
    return 4e6 * (model.generator.parameters + model.discriminator.parameters)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arithmetic", type=float, default=40, help="TFLOP/s of products in float32 (H100, no TF32)")
    parser.add_argument("--memory", type=float, default=2.5, help="TB/s of a GPU's memory (H100)")
    parser.add_argument("--inside", type=float, default=300, help="GB/s between the 8 GPUs of a machine (NVLink)")
    parser.add_argument("--between", type=float, default=40, help="GB/s of each GPU to other machines (400 Gbit/s)")
    parser.add_argument("--latency", type=float, default=50, help="microseconds that an exchange takes at least")
    given = parser.parse_args()
    network = given.inside, given.between, given.latency
    print("Milliseconds per step, and how many examples per second in comparison with one GPU\n")
    columns = ["reduced per step", "one GPU", "8, same batch", "64, same batch", "8, batch times 8"]
    columns.append("64, batch times 64")
    print(f"| model | {' | '.join(columns)} |\n|---{'|--:' * len(columns)}|")
    for name, model in MODELS.items():
        alone = seconds_of_compute(model, model.batch, given.arithmetic, given.memory)
        cells = [f"{reduced(model) / 1e6:.0f} MB", f"{1e3 * alone:.2f}"]
        for larger in (False, True):
            for gpus in (8, 64):
                rows = model.batch if larger else model.batch / gpus
                step = seconds_of_compute(model, rows, given.arithmetic, given.memory)
                step += seconds_of_exchange(model, gpus, *network)
                cells.append(f"{1e3 * step:.2f} ({alone / step * (gpus if larger else 1):.1f}x)")
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
