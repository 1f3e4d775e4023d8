"""SavedModels by TensorFlow, whatever the backend."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path


def export_saved_model(generator, width, path):
    """Writes the generator as a SavedModel with a dynamic batch: saved as `.keras`, exported in another process.

    PyTorch cannot write one itself, and what JAX writes holds the folders of the machine it was written on.
    """
    program = (
        "import sys, keras, keras_gan; "
        "keras_gan.backend.export_saved_model(keras.saving.load_model(sys.argv[1]), int(sys.argv[2]), sys.argv[3])"
    )
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "generator.keras")
        generator.save(file)
        result = subprocess.run(
            [sys.executable, "-c", program, file, str(width), str(path)],
            env={**os.environ, "KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": ""},
            capture_output=True,
            text=True,
        )
    if result.returncode:
        raise RuntimeError(f"TensorFlow could not export the generator to {path}:\n{result.stderr[-2000:]}")


def load_saved_model(path):
    """A generator's SavedModel, run by TensorFlow whatever the backend.

    Returns:
        `(generate, width)`: a function from noise `(n, width)` to samples, NumPy arrays.

    Raises:
        ValueError: if the folder holds no SavedModel of a generator.
    """
    import tensorflow

    try:
        program = tensorflow.saved_model.load(path)
        inputs = program.signatures["serving_default"].structured_input_signature[1]
        (width,) = {spec.shape[-1] for spec in inputs.values()}
        program.serve  # noqa: B018 - what keras_gan and Keras export
    except (OSError, AttributeError, KeyError, ValueError) as error:
        raise ValueError(f"There is no SavedModel of a generator in {path}: {error}") from error
    return lambda z: program.serve(z).numpy(), width
