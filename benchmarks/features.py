"""Times FID, KID, precision and recall beside torch-fidelity and prdc on the same features, in one run.

    python benchmarks/features.py                      # 10,000 against 10,000 of 128 features: minutes on two cores
    python benchmarks/features.py --num 2000 --rounds 1      # a quick look

torch-fidelity (0.4.0) and prdc (0.2) take part where they are installed; install them with `--no-deps` beside torch and
scikit-learn. torch-fidelity imports torchvision for its own networks, which are not needed here: a stub takes its
place. Contenders take turns, and the table has the medians of the rounds: seconds, and seconds of processors, which
other programs on the machine hardly change.
"""

import argparse
import contextlib
import importlib.util
import io
import statistics
import sys
import time
from collections.abc import Callable
from unittest import mock

import numpy as np

from keras_gan.evaluation import fid, precision_recall

WIDTH = 128


def others() -> dict[str, dict[str, Callable[[np.ndarray, np.ndarray], list[float]]]]:
    """What other packages compute, by measure and package."""
    found: dict[str, dict[str, Callable]] = {"FID": {}, "KID": {}, "precision and recall": {}}
    if importlib.util.find_spec("torch_fidelity"):
        for name in ("", ".transforms", ".transforms.functional", ".datasets"):
            sys.modules.setdefault(f"torchvision{name}", mock.MagicMock())
        import torch
        from torch_fidelity import metric_fid, metric_kid, metric_prc

        def frechet(real, fake):
            statistics = (metric_fid.fid_features_to_statistics(torch.from_numpy(x)) for x in (fake, real))
            return list(metric_fid.fid_statistics_to_metric(*statistics, False).values())

        def kernel(real, fake):
            tensors = (torch.from_numpy(x) for x in (fake, real))
            return list(metric_kid.kid_features_to_metric(*tensors, verbose=False).values())

        def neighbours(real, fake):
            tensors = (torch.from_numpy(x) for x in (fake, real))
            return list(metric_prc.prc_features_to_metric(*tensors, verbose=False).values())[:2]

        found["FID"]["torch-fidelity"] = frechet
        found["KID"]["torch-fidelity"] = kernel
        found["precision and recall"]["torch-fidelity"] = neighbours
    if importlib.util.find_spec("prdc"):
        from prdc import compute_prdc

        def density(real, fake):
            with contextlib.redirect_stdout(io.StringIO()):
                return list(compute_prdc(real, fake, 3).values())

        found["precision and recall"]["prdc"] = density
    return found


def ours() -> dict[str, Callable[[np.ndarray, np.ndarray], list[float]]]:
    """What this package computes, by measure."""

    def kernel(real, fake):
        report = fid.kernel_distance(fake, real)
        return [report.mean, report.standard_deviation]

    def neighbours(real, fake):
        report = precision_recall.precision_recall(real, fake)
        return [report.precision, report.recall, report.density, report.coverage]

    return {
        "FID": lambda real, fake: [fid.frechet_distance(fake, real)],
        "KID": kernel,
        "precision and recall": neighbours,
        "FID at infinity": lambda real, fake: [fid.frechet_distance_at_infinity(fake, real).distance],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--num", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    random = np.random.default_rng(0)
    mixing = random.normal(size=(WIDTH, WIDTH)) / 8
    real, fake = (np.maximum(random.normal(size=(arguments.num, WIDTH)) @ mixing + shift, 0) for shift in (0.0, 0.1))
    beside = others()
    contenders = {
        (measure, name): function
        for measure, own in ours().items()
        for name, function in {"keras_gan": own, **beside.get(measure, {})}.items()
    }
    times: dict[tuple[str, str], list[float]] = {key: [] for key in contenders}
    processors: dict[tuple[str, str], list[float]] = {key: [] for key in contenders}
    values: dict[tuple[str, str], list[float]] = {}
    for _ in range(arguments.rounds):
        for key, function in contenders.items():
            started, used = time.perf_counter(), time.process_time()
            values[key] = function(real, fake)
            times[key].append(time.perf_counter() - started)
            processors[key].append(time.process_time() - used)
    print(f"{'measure':22}{'contender':16}{'seconds':>9}{'processors':>12}{'/ keras_gan':>13}  values")
    for measure, name in contenders:
        median, used = (statistics.median(measured[measure, name]) for measured in (times, processors))
        ratio = used / statistics.median(processors[measure, "keras_gan"])
        numbers = " ".join(f"{value:.8g}" for value in values[measure, name])
        print(f"{measure:22}{name:16}{median:9.2f}{used:12.2f}{ratio:13.1f}  {numbers}")
    total = sum(statistics.median(times[measure, "keras_gan"]) for measure in ("FID", "precision and recall"))
    bar = f"FID, precision and recall: {total:.1f} s (bar: < 20 s for 10,000 x 10,000 on two idle cores)"
    print(("met     " if total < 20 else "MISSED  ") + bar)


if __name__ == "__main__":
    main()
