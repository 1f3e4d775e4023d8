"""What frozen features are worth: classifiers on top of them that learn little or nothing."""

import numpy as np

from keras_gan.evaluation.distances import flat, nearest


def nearest_neighbor_accuracy(
    train_features: np.ndarray, train_labels: np.ndarray, features: np.ndarray, labels: np.ndarray
) -> float:
    """The share of examples whose nearest training example, by Euclidean distance, has their label (1-NN).

    ```python
    import numpy as np
    from keras_gan.evaluation.probes import nearest_neighbor_accuracy

    nearest_neighbor_accuracy(np.array([[0.0], [1.0]]), np.array([7, 8]), np.array([[0.2], [0.4]]), np.array([7, 8]))
    # 0.5
    ```

    Args:
        train_features: array of shape `(n, ...)`, floats: those of examples whose labels are known.
        train_labels: array of shape `(n,)`, integers.
        features: array of shape `(m, ...)`, on the same scale.
        labels: array of shape `(m,)`, integers.

    Returns:
        Accuracy, 0 to 1.

    Raises:
        ValueError: if features and labels differ in number, or features are empty, of integers, or not finite.
    """
    train_labels, labels = np.asarray(train_labels), np.asarray(labels)
    for name, array, known in (("train", train_features, train_labels), ("tested", features, labels)):
        if known.shape != (len(array),):
            raise ValueError(
                f"Every example needs one label. Received: {len(array)} {name} examples and labels of shape "
                f"{known.shape}. Expected: shape ({len(array)},)."
            )
    neighbors, _ = nearest(flat("features", features), flat("training features", train_features))
    return float(np.mean(train_labels[neighbors] == labels))
