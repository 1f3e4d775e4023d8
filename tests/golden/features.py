"""Makes features.json: the numbers of other people's code on the features of tests/test_fid.py.

    python -m pip install --no-deps torch-fidelity==0.4.0 prdc==0.2      # beside torch, numpy and scikit-learn
    python tests/golden/features.py

torch-fidelity imports torchvision for its own networks, which are not needed here: a stub takes its place.
"""

import json
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import torch

for name in ("torchvision", "torchvision.transforms", "torchvision.transforms.functional", "torchvision.datasets"):
    sys.modules.setdefault(name, mock.MagicMock())

from prdc import compute_prdc  # noqa: E402
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric  # noqa: E402
from torch_fidelity.metric_kid import kid_features_to_metric  # noqa: E402


def features(seed: int) -> np.ndarray:
    """As `golden_features` in tests/test_fid.py."""
    random = np.random.default_rng(seed)
    return np.maximum(random.normal(size=(700, 24)) @ random.normal(size=(24, 24)) / 4 + 0.1 * seed, 0)


a, b = features(1), features(2)
tensors = torch.from_numpy(a), torch.from_numpy(b)
fid = fid_statistics_to_metric(*map(fid_features_to_statistics, tensors), False)["frechet_inception_distance"]
kid = kid_features_to_metric(*tensors, kid_subsets=20, kid_subset_size=200, rng_seed=2020, verbose=False)
golden = {
    "fid": fid,
    "kid_mean": kid["kernel_inception_distance_mean"],
    "kid_std": kid["kernel_inception_distance_std"],
}
for k in (3, 5):
    found = compute_prdc(a, b, k)
    golden[f"prdc_{k}"] = [float(found[key]) for key in ("precision", "recall", "density", "coverage")]
Path(__file__).with_suffix(".json").write_text(json.dumps(golden, indent=2) + "\n")
print(golden)
