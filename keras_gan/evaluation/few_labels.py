"""What features are worth where labels are few: test errors of a linear classifier and of the nearest neighbour."""

import numpy as np

_STRENGTHS = np.logspace(-3, 2, 6)  # of the weights against their penalty: C of scikit-learn
_FOLDS = 5


def few_label_errors(
    features: np.ndarray, labels: np.ndarray, test_features: np.ndarray, test_labels: np.ndarray, seed: int = 0
) -> dict[str, float]:
    """Trains two simple classifiers on labeled features alone, and tests them.

    The logistic regression's penalty is chosen by cross-validation within the labels. Features are centred and divided
    by one number, their root mean square, so that distances keep their order.

    Args:
        features: of the labeled examples, shape `(n, ...)`; further axes are flattened.
        labels: integers of shape `(n,)`, two or more of each class.
        test_features: shape `(m, ...)`.
        test_labels: shape `(m,)`.
        seed: of the folds of the cross-validation.

    Returns:
        Errors in percent: of `"logistic regression"` and of `"1-NN"`.

    Raises:
        ValueError: if a class has one label, the lengths or sizes differ, or features are not finite.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, StratifiedKFold
    from sklearn.neighbors import KNeighborsClassifier

    train, test = (np.reshape(part, (len(part), -1)).astype("float64") for part in (features, test_features))
    labels, test_labels = np.asarray(labels), np.asarray(test_labels)
    _check(train, labels, test, test_labels)
    mean = train.mean(axis=0)
    scale = max(float(np.sqrt(np.mean((train - mean) ** 2))), np.finfo("float64").tiny)
    train, test = (train - mean) / scale, (test - mean) / scale
    folds = min(_FOLDS, int(np.unique(labels, return_counts=True)[1].min()))
    classifiers = {
        "logistic regression": GridSearchCV(
            LogisticRegression(max_iter=1000),
            {"C": _STRENGTHS / train.shape[1] * 100},  # more features, larger sums: the same range of penalties
            cv=StratifiedKFold(folds, shuffle=True, random_state=seed),
        ),
        "1-NN": KNeighborsClassifier(1),
    }
    return {
        name: 100.0 * float(np.mean(classifier.fit(train, labels).predict(test) != test_labels))
        for name, classifier in classifiers.items()
    }


def _check(train, labels, test, test_labels):
    if len(train) != len(labels) or len(test) != len(test_labels) or train.shape[1] != test.shape[1]:
        raise ValueError(
            f"Features and labels do not fit. Received: features {train.shape} with {len(labels)} labels, test "
            f"features {test.shape} with {len(test_labels)}. Expected: a label for each row, and rows of one size."
        )
    classes, counts = np.unique(labels, return_counts=True)
    if len(classes) < 2 or counts.min() < 2:
        raise ValueError(
            "The penalty is chosen within the labels, which needs two classes, and two labels of each. Received: "
            f"{dict(zip(classes.tolist(), counts.tolist(), strict=True))}. Label more examples."
        )
    if not (np.isfinite(train).all() and np.isfinite(test).all()):
        raise ValueError("The features are not finite. Received: NaN or infinite values. Use another model.")
