"""Semi-supervised learning in the form of the paper's section 7: features of a finished discriminator or inference
network, frozen, under a logistic regression and a nearest neighbour, where few labels are known.

    python benchmarks/few_labels.py runs/mnist-r1-1 runs/mnist-inference-1 --data-path mnist.npz
    python benchmarks/few_labels.py RUN --labels 100 --splits 3          # a quick look

The labels are as many of each class, drawn from the training images by the number of the split. The classifiers see
features of labeled images alone, and the penalty of the regression is chosen by cross-validation within the labels.
Beside them stand the pixels, and the same network trained on the labels alone, from the weights that it had before any
game. A run of `mnist-semi-supervised` is its own classifier: it is tested as it is, on the labels that it was given.
The table has the mean and the standard deviation over the splits of the error on test images, in percent.
"""

import argparse
import json
import sys
from pathlib import Path

import keras
import numpy as np

import keras_gan as kg
from keras_gan.evaluation.few_labels import few_label_errors
from keras_gan.runs import saved

SCRATCH_UPDATES = 300  # of Adam at its default rate, on minibatches of 100


def network_of(model: keras.Model) -> keras.Model:
    """The network that looks at images: an inference network's encoder, else the discriminator."""
    for name in ("encoder", "discriminator"):
        if isinstance(network := getattr(model, name, None), keras.Model):
            return network
    raise SystemExit(f"A {type(model).__name__} has neither a discriminator nor an encoder.")


def hidden_layers(network: keras.Model) -> dict[str, keras.Model]:
    """Networks from images to each hidden layer that has weights, and to all of them side by side.

    Normalization counts to the layer before it.
    """
    weighty = [layer for layer in network.layers if layer.weights]
    heads = [i for i, layer in enumerate(weighty) if "ormalization" not in type(layer).__name__][1:]
    outputs = [weighty[i - 1].output for i in heads]
    parts = {f"hidden layer {i}": output for i, output in enumerate(outputs, 1)}
    if len(outputs) > 1:
        # Names that no layer of the network has.
        flat = [keras.layers.Flatten(name=f"hidden-{i}")(output) for i, output in enumerate(outputs, 1)]
        parts["all hidden layers"] = keras.layers.Concatenate()(flat)
    return {name: keras.Model(network.inputs, output) for name, output in parts.items()}


def features(model: keras.Model, images: np.ndarray) -> np.ndarray:
    return np.asarray(model.predict(images, batch_size=1000, verbose=0))


def from_scratch(body: keras.Model, images, labels, test, test_labels, seed: int) -> float:
    """Error of the same hidden layers with ten logits, trained on the labels alone."""
    keras.utils.set_random_seed(seed)
    body = keras.models.clone_model(body)
    classes = int(labels.max()) + 1
    model = keras.Sequential([body, keras.layers.Dense(classes)])
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    epochs = max(1, SCRATCH_UPDATES * 100 // len(labels))
    model.fit(images, labels, batch_size=100, epochs=epochs, verbose=0)
    return 100.0 * float(np.mean(features(model, test).argmax(axis=1) != test_labels))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", help="folders of runs")
    parser.add_argument("--data-path", help="the npz file of MNIST, where the data are elsewhere now")
    parser.add_argument("--labels", type=int, nargs="+", default=[100, 1000])
    parser.add_argument("--splits", type=int, default=10)
    parser.add_argument("--scratch-splits", type=int, default=3, help="splits of the networks trained from scratch")
    parser.add_argument("--json", help="file to write the errors to")
    arguments = parser.parse_args()

    data = saved.load_data(arguments.runs[0], **({"data_path": arguments.data_path} if arguments.data_path else {}))
    train, test = data.preprocess(data.train), data.preprocess(data.test)
    table: dict[str, dict[str, list[float]]] = {}

    def enter(row: str, column: str, error: float) -> None:
        table.setdefault(row, {}).setdefault(column, []).append(error)

    def probe(row: str, train_features: np.ndarray, test_features: np.ndarray) -> None:
        for keep in arguments.labels:
            for split in range(arguments.splits):
                kept = np.flatnonzero(kg.datasets.hide_labels(data.labels.train, keep, split) >= 0)
                errors = few_label_errors(
                    train_features[kept], data.labels.train[kept], test_features, data.labels.test, split
                )
                for name, error in errors.items():
                    enter(row, f"{name}, {keep} labels", error)
            print(f"{row}, {keep} labels: done", file=sys.stderr, flush=True)

    probe("pixels", train, test)
    for run in arguments.runs:
        model, name = saved.load_best(run), Path(run).name
        if isinstance(model, kg.SemiSupervisedGAN):
            labels = saved.load_recipe(run).labels
            wrong = model.classify(data.test).argmax(axis=1) != data.labels.test
            enter(f"{name}, its own classifier", f"of the network, {labels} labels", 100.0 * float(np.mean(wrong)))
            continue
        bodies = hidden_layers(network_of(model))
        for part, body in bodies.items():
            probe(f"{name}, {part}", features(body, train), features(body, test))
        last = [body for part, body in bodies.items() if part != "all hidden layers"][-1]
        for keep in arguments.labels:
            for split in range(arguments.scratch_splits):
                kept = np.flatnonzero(kg.datasets.hide_labels(data.labels.train, keep, split) >= 0)
                error = from_scratch(last, train[kept], data.labels.train[kept], test, data.labels.test, split)
                enter(f"{name}, from scratch", f"of the network, {keep} labels", error)

    columns = list(dict.fromkeys(column for row in table.values() for column in row))
    print("| |", " | ".join(columns), "|")
    print("|---" * (len(columns) + 1) + "|")
    for row, errors in table.items():
        cells = [_cell(errors.get(column)) for column in columns]
        print(f"| {row} |", " | ".join(cells), "|")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(table, indent=1) + "\n")


def _cell(errors):
    if not errors:
        return ""
    spread = f" ± {np.std(errors, ddof=1):.1f}" if len(errors) > 1 else ""
    return f"{np.mean(errors):.{1 if spread else 2}f}{spread}"


if __name__ == "__main__":
    main()
