"""Keras callbacks: what a training shows and measures, and what it leaves on disk."""

from keras_gan.callbacks.checkpoint import Checkpoint
from keras_gan.callbacks.completions import Completions, CompletionScores
from keras_gan.callbacks.fid import FID
from keras_gan.callbacks.guard_rails import GuardRails
from keras_gan.callbacks.history_file import HistoryFile
from keras_gan.callbacks.inference_errors import InferenceErrors
from keras_gan.callbacks.interrupt import Interrupt
from keras_gan.callbacks.measurement import Measurement
from keras_gan.callbacks.modes import Modes
from keras_gan.callbacks.neighbors import NearestNeighborAccuracy
from keras_gan.callbacks.overfitting import Overfitting
from keras_gan.callbacks.parzen import ParzenLogLikelihood
from keras_gan.callbacks.precision_recall import PrecisionRecall
from keras_gan.callbacks.reconstructions import Reconstructions
from keras_gan.callbacks.report import Report
from keras_gan.callbacks.sample_grid import SampleGrid
from keras_gan.callbacks.seconds import Seconds
from keras_gan.callbacks.signs_of_life import SignsOfLife
from keras_gan.callbacks.snapshots import Snapshots

__all__ = [
    "FID",
    "Checkpoint",
    "CompletionScores",
    "Completions",
    "GuardRails",
    "HistoryFile",
    "InferenceErrors",
    "Interrupt",
    "Measurement",
    "Modes",
    "NearestNeighborAccuracy",
    "Overfitting",
    "ParzenLogLikelihood",
    "PrecisionRecall",
    "Reconstructions",
    "Report",
    "SampleGrid",
    "Seconds",
    "SignsOfLife",
    "Snapshots",
]
