"""Trained generators for others: exports, and as one ships with the package, with a picture and its scores."""

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_gan import masks
from keras_gan.artifacts import files, formats, hub, loading
from keras_gan.datasets import Dataset
from keras_gan.evaluation import completion, evaluate, inference
from keras_gan.figures import grids
from keras_gan.figures import inference as pictures
from keras_gan.models.gan import GAN
from keras_gan.models.inference import InferenceNetwork
from keras_gan.models.semi_supervised import SemiSupervisedGAN
from keras_gan.runs import saved
from keras_gan.runs.card import describe


def ship(
    run: str | Path,
    folder: str | Path,
    data: Dataset,
    progress: Callable[[str], None] | None = None,
    half: bool = False,
) -> dict[str, Any]:
    """Writes a run's best model for others: files with their cards, and samples.png if it makes images.

    Of a GAN these are generator/ (a SavedModel) and generator.keras; of another model that samples, model.keras; of a
    classifier, or of a game whose discriminator is one, classifier.keras, with its accuracy in the card; of an
    inference network, encoder.keras and reconstructions.png, with what `keras_gan.evaluation.inference.measure` finds
    in the card. The best model is `best.keras`, chosen by validation images alone, or `model.keras` where no
    measurement was made.

    Args:
        run: folder of a run.
        folder: where to write; made if it is not there, its files replaced.
        data: the `keras_gan.datasets.Dataset` it was trained on.
        progress: called with a line of text before each slow step.
        half: whether a GAN's generator, a classifier or an encoder is written and scored with weights of 16 bits.

    Returns:
        The card; its `"scores"` are the model's row of the table that `keras_gan.evaluation.evaluate` fills, or the
        accuracies of a classifier.

    Raises:
        ValueError: if the folder of the run holds no trained model.
    """
    folder = Path(folder)
    model = saved.load_best(run)
    if isinstance(model, InferenceNetwork):
        return _ship_encoder(model, run, folder, data, progress, half)
    if not callable(getattr(model, "sample", None)):
        return _ship_classifier(model, describe(run, model), folder, data, half)
    card = describe(run, model)
    if isinstance(model, SemiSupervisedGAN):
        average = model.classifier_average
        with contextlib.nullcontext() if average is None else average.in_place():
            classifier = keras.Model(model.discriminator.inputs[0], model.discriminator.output["logits"])
            card["model"] = f"classifier of {classifier.count_params():,} parameters"
            return _ship_classifier(classifier, card, folder, data, half)
    scored = model
    if half:
        model = _with_generator(model, formats.halved)
        scored = _with_generator(model, formats.widened)  # as kg.load reads it
    row = evaluate({"generator": scored}, data, references=False, progress=progress).rows[0]
    card["scores"] = row.as_dict()
    if isinstance(model, GAN):
        for name, format in (("generator.keras", "keras"), ("generator", "saved_model")):
            model.export(folder / name, format, card)
    else:
        formats.save_whole(model, folder / "model.keras", card)
    if getattr(getattr(model, "condition", None), "completes", False):
        images = model.preprocess(data.test[:10])
        shown = masks.by_turns(masks.SHOWN, len(images), images.shape[1:])
        grids.save(grids.completions(images, shown, completion.complete(model, images, shown)), folder / "samples.png")
    else:
        _draw_samples(model, folder / "samples.png")
    return card


def _draw_samples(model, path):
    """Writes a picture, if the model makes images; whether it does."""
    classes = getattr(getattr(model, "condition", None), "num_classes", None)
    asked = {} if classes is None else {"condition": np.repeat(np.arange(classes), 10)}  # a row is a class
    samples = model.sample(10 * (classes or 10), seed=0, **asked)
    if samples.ndim == 4:
        grids.save_grid(samples, path, 10)
    return samples.ndim == 4


def _ship_encoder(model, run, folder, data, progress, half):
    encoder = model.encoder
    card = describe(run, model) | {"model": f"encoder of {encoder.count_params():,} parameters"}
    if half:
        encoder, preprocessing = formats.halved(encoder), model.preprocessing
        model = InferenceNetwork(model.generator, formats.widened(encoder), model.prior, preprocessing)  # as it is read
    report = inference.measure(model, data, progress=progress)
    del card["validation_log_likelihood"]
    card["scores"] = report.as_dict()
    card["encodes"] = {
        "generator": saved.load_recipe(run).generator,
        "preprocessing": {"scale": model.preprocessing.scale, "offset": model.preprocessing.offset},
    }
    formats.save_whole(encoder, folder / "encoder.keras", card)
    images = model.preprocess(data.test[:30])
    grids.save(pictures.reconstructions(model, images, report.refine), folder / "reconstructions.png")
    return card


def _with_generator(model, change):
    """The game with another generator, made of the one that has the averaged weights, where there are any."""
    if not isinstance(model, GAN):
        raise ValueError(
            f"Only a GAN's generator is written with 16 bits. Received: half=True for {type(model).__name__}."
        )
    with model.averaged_weights():
        generator = change(model.generator)
    return GAN(generator, model.discriminator, model.prior, model.condition, model.preprocessing)


def _ship_classifier(model, card, folder, data, half):
    del card["validation_log_likelihood"]
    card["scores"] = {}
    # Without the optimizer, which is twice as large.
    alone = formats.of_32_bits(keras.Model(model.inputs[0], model.outputs[0], name=model.name))
    if half:
        alone = formats.halved(alone)
    scored = formats.widened(alone)  # as kg.evaluation.features reads it
    for name in ("validation", "test"):
        said = scored.predict(data.preprocess(getattr(data, name)), verbose=0).argmax(axis=1)
        card["scores"][f"{name}_accuracy"] = float((said == getattr(data.labels, name)).mean())
    formats.save_whole(alone, folder / "classifier.keras", card)
    return card


def export(model: str | Path, format: str, output: str | Path | None = None, weights: str = "float32") -> Path:
    """Exports a trained generator.

    Args:
        model: folder of a run, whose best model is taken; `.keras` file; or name of a shipped generator.
        format: one of `keras_gan.artifacts.formats.SUFFIXES`.
        output: file to write; for `"saved_model"` and `"openvino"` a folder, which gets a numbered subfolder a
            version, as their servers expect. Default: exports/NAME in the folder where the command runs.
        weights: `"float32"` or `"int8"`.

    Returns:
        The file or folder written.

    Raises:
        ValueError: if there is no such model, or it is no `.keras` file.
    """
    formats.check_format(format)
    formats.check_weights(weights, format)
    generator = loading.load(model)
    if isinstance(generator, InferenceNetwork):
        raise ValueError(
            f"Only generators are exported as programs. Received: {model}, an inference network. Its encoder is a "
            'Keras model: keras_gan.load(...).encoder.export("encoder.onnx", format="onnx").'
        )
    if not isinstance(generator, loading.Generator):
        raise ValueError(f"Only generators are exported as programs. Received: {model}, which samples without noise.")
    if generator.model is None:
        raise ValueError(f"Exports are made from .keras files and run folders. Received: {model}.")
    name = Path(model).resolve().stem if Path(model).exists() else str(model)
    ending = "-openvino" if format == "openvino" else formats.SUFFIXES[format]  # a folder beside that of SavedModels
    path = Path(output) if output is not None else Path("exports") / (name + ending)
    if format in formats.FOLDERS:
        versions = [int(folder.name) for folder in path.glob("*") if folder.name.isdecimal()]
        path = path / str(max(versions, default=0) + 1)
    card = generator.card
    if (Path(model) / "config.json").is_file():
        card = describe(model, saved.load_best(model))
    if isinstance(generator.model, GAN):
        generator.model.export(path, format, card, weights)
    else:
        condition = generator.condition
        formats.export(generator.model, generator.prior, path, format, card, condition, weights=weights)
    return path


def upload(model: str | Path, handle: str, weights: str = "float32") -> None:
    """Shares a trained generator on the Hugging Face Hub, with its card and a picture.

    Args:
        model: folder of a run, whose best model is taken; `.keras` file; or name of a shipped generator.
        handle: `"hf://USER/NAME"`.
        weights: `"float32"` or `"int8"`.

    Raises:
        ValueError: if there is no such model, it cannot be written there, or huggingface_hub is not installed.
    """
    hub.check(handle)
    with tempfile.TemporaryDirectory() as folder:
        path = export(model, "keras", Path(folder) / "generator.keras", weights)
        generator = loading.load(path)
        picture = Path(folder) / "samples.png"
        can_draw = generator.condition is None or generator.condition.can_draw
        drawn = can_draw and _draw_samples(generator, picture)
        card = files.read_json(formats.own_card(path))
        hub.upload(path, handle, card, formats.title(card), picture if drawn else None)
