"""The other systems of the paper's Table 1, trained and scored by the same harness as adversarial nets."""

from keras_gan.baselines.dbn import DBN, RBM
from keras_gan.baselines.deep_gsn import DeepGSN
from keras_gan.baselines.stacked_cae import ContractiveAutoencoder, StackedCAE
from keras_gan.baselines.tied import Tied

__all__ = ["DBN", "RBM", "ContractiveAutoencoder", "DeepGSN", "StackedCAE", "Tied"]
