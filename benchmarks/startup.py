"""What starting costs: `import keras_gan` above `import keras`, and the command's pages that need no framework.

    python benchmarks/startup.py                     # all three backends
    python benchmarks/startup.py --backends jax --rounds 3

Each import is timed in a new process, in pairs: `import keras` alone, then with keras_gan, with the order changed from
pair to pair. The table holds the medians of the pairs' times and of their differences. Processes are warmed up once, so
that the files are in memory. Times are the processor's, of the process and what it starts: those of the clock are the
same on a free machine, and say nothing on another one.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys

PAGES = (
    "--help",
    "--version",
    "train --help",
    "train digits --help",
    "sample --help",
    "evaluate --help",
    "export --help",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backends", nargs="+", default=["tensorflow", "jax", "torch"])
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {arguments.rounds} rounds, "
        "medians in processor seconds\n"
    )
    print(f"{'backend':14}{'import keras':>14}{'with keras_gan':>16}{'difference':>12}{'min':>8}{'max':>8}")
    for backend in arguments.backends:
        pairs = imports(backend, arguments.rounds)
        differences = [ours - alone for alone, ours in pairs]
        alone, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
        difference = statistics.median(differences)
        print(
            f"{backend:14}{alone:14.2f}{ours:16.2f}{difference:12.2f}{min(differences):8.2f}{max(differences):8.2f}"
            f"   {'met' if difference <= 0.3 else 'MISSED'} (bar: at most 0.3 s)"
        )
    print(f"\n{'keras-gan':24}{'median':>8}{'min':>8}{'max':>8}")
    for page in PAGES:
        times = pages(page, arguments.rounds)
        verdict = f"   {'met' if statistics.median(times) <= 0.5 else 'MISSED'} (bar: at most 0.5 s)"
        print(f"{page:24}{statistics.median(times):8.2f}{min(times):8.2f}{max(times):8.2f}{verdict}")


def imports(backend: str, rounds: int) -> list[tuple[float, float]]:
    """Seconds of `import keras` and of `import keras, keras_gan`, for each round."""
    environment = {**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    programs = ["import keras", "import keras, keras_gan"]
    for program in programs:
        seconds([sys.executable, "-c", program], environment)
    pairs = []
    for i in range(rounds):
        order = programs if i % 2 == 0 else programs[::-1]
        times = {program: seconds([sys.executable, "-c", program], environment) for program in order}
        pairs.append((times[programs[0]], times[programs[1]]))
    return pairs


def pages(words: str, rounds: int) -> list[float]:
    """Seconds of the command with these words, for each round."""
    command = [sys.executable, "-c", "import keras_gan_command; keras_gan_command.main()", *words.split()]
    seconds(command, dict(os.environ))
    return [seconds(command, dict(os.environ)) for _ in range(rounds)]


def seconds(command: list[str], environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
