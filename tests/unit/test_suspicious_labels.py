"""Planted wrong labels are found first, and unlikely outcomes are left alone."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict

from assay.feedback.labels import class_thresholds, suspicious_labels


def confident_learning(label, probability):
    """Return the class that each row confidently belongs to, by plain confident learning; -1 for none.

    Of the classes whose threshold the row's probability reaches, the most probable one. A row where it
    is another than its label is an off-diagonal count of the confident joint.

    Parameters
    ----------
    label : ndarray of int, shape (n,)
    probability : ndarray, shape (n, k)
        Out-of-fold.

    References
    ----------
    Northcutt, Jiang and Chuang 2021, equation 1.
    """
    limit = np.nan_to_num(class_thresholds(label, probability), nan=np.inf)
    reached = np.where(probability >= limit, probability, -1.0)
    best = reached.argmax(axis=1).astype(np.int64)
    best[reached.max(axis=1) < 0] = -1
    return best


def out_of_fold(features, label):
    return cross_val_predict(LogisticRegression(), features, label, cv=5, method="predict_proba")


def overlapping(rng, n, slope, shift=0.0):
    features = rng.normal(size=(n, 3))
    odds = slope * features.sum(axis=1) / np.sqrt(3) + shift
    return features, (rng.uniform(size=n) < 1 / (1 + np.exp(-odds))).astype(int)


def separable(rng, n, classes=2):
    label = rng.integers(0, classes, n)
    features = rng.normal(size=(n, 3))
    angle = 2 * np.pi * label / classes
    features[:, 0] += 4 * np.cos(angle)
    features[:, 1] += 4 * np.sin(angle)
    return features, label


def turned(rng, label, rate, classes=2):
    wrong = rng.uniform(size=len(label)) < rate
    return np.where(wrong, (label + rng.integers(1, classes, len(label))) % classes, label), wrong


def test_thresholds_and_confident_classes_by_hand():
    label = np.array([0, 0, 1, 1])
    probability = np.array([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8], [0.4, 0.6]])
    assert class_thresholds(label, probability) == pytest.approx([0.6, 0.7])
    assert confident_learning(label, probability).tolist() == [0, 1, 1, -1]


@pytest.mark.parametrize("rate", [0.02, 0.05, 0.1])
@pytest.mark.parametrize("classes", [2, 3])
def test_turned_labels_of_separable_classes_are_listed_first(rate, classes):
    rng = np.random.default_rng(int(1000 * rate) + classes)
    features, truth = separable(rng, 2000, classes)
    label, wrong = turned(rng, truth, rate, classes)
    found = suspicious_labels(label, out_of_fold(features, label))
    assert wrong[found.rows].mean() >= 0.95
    assert wrong[found.rows].sum() >= 0.7 * wrong.sum()
    assert wrong[found.rows[:20]].all()
    assert (truth[found.rows] == found.suggested)[wrong[found.rows]].all()
    assert (np.diff(found.probability) >= 0).all()
    assert (found.suggested_probability > 0.5).all()


def test_one_direction_alone_and_a_cluster_are_found():
    """A supplier's labels are reversed, and no feature names the supplier."""
    rng = np.random.default_rng(1)
    features, truth = separable(rng, 2000)
    supplier = rng.integers(0, 20, 2000)
    label = np.where(supplier == 3, 1 - truth, truth)
    found = suspicious_labels(label, out_of_fold(features, label))
    assert (supplier[found.rows] == 3).mean() >= 0.95
    assert (supplier[found.rows] == 3).sum() >= 0.9 * (supplier == 3).sum()
    only = np.where((supplier == 3) & (truth == 1), 0, truth)
    found = suspicious_labels(only, out_of_fold(features, only))
    assert (found.suggested == 1).all()
    assert len(found) >= 0.7 * ((supplier == 3) & (truth == 1)).sum()


CLEAN = {
    "AUC 0.6": lambda rng: overlapping(rng, 1500, 0.4),
    "AUC 0.8": lambda rng: overlapping(rng, 1500, 1.4),
    "AUC 0.95": lambda rng: overlapping(rng, 1500, 4.5),
    "noise": lambda rng: (rng.normal(size=(1500, 3)), rng.integers(0, 2, 1500)),
    "rare": lambda rng: (rng.normal(size=(1500, 3)), (rng.uniform(size=1500) < 0.05).astype(int)),
    "rare and known": lambda rng: overlapping(rng, 1500, 3.0, -5.0),
    "separable": lambda rng: separable(rng, 1500),
    "three": lambda rng: separable(rng, 1500, 3),
}


@pytest.mark.parametrize("kind", CLEAN)
def test_nothing_is_listed_where_no_label_is_wrong(kind):
    for seed in range(5):
        features, label = CLEAN[kind](np.random.default_rng(seed))
        assert not len(suspicious_labels(label, out_of_fold(features, label)))


def test_plain_confident_learning_lists_what_just_happened():
    rng = np.random.default_rng(0)
    features, label = overlapping(rng, 1500, 1.4)
    probability = out_of_fold(features, label)
    confident = confident_learning(label, probability)
    assert ((confident >= 0) & (confident != label)).mean() > 0.1
    assert not len(suspicious_labels(label, probability))


def test_where_classes_are_clear_it_lists_what_plain_confident_learning_does():
    rng = np.random.default_rng(5)
    features, truth = separable(rng, 2000)
    label, _ = turned(rng, truth, 0.05)
    probability = out_of_fold(features, label)
    plain = np.flatnonzero((found := confident_learning(label, probability)) != label)
    plain = plain[found[plain] >= 0]
    ours = suspicious_labels(label, probability).rows
    assert len(np.intersect1d(plain, ours)) >= 0.9 * len(plain)


def test_a_class_without_rows_suggests_nothing():
    rng = np.random.default_rng(0)
    features, label = separable(rng, 300)
    probability = np.pad(out_of_fold(features, label), ((0, 0), (0, 1)))
    assert not len(suspicious_labels(label, probability))
