"""Labels that look wrong: rows that a model places far in another class, where it hardly ever errs."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.metrics.core import FloatArray, LabelArray
from assay.uncertainty.bootstrap import IntArray
from assay.uncertainty.many import holm_adjusted

# A class is recognisable if half of its rows are predicted with at least this probability.
CONFIDENT = 0.8
# A disagreement is far from the boundary from this probability on, or from the class's threshold.
_SURE = 0.9
# Overlapping classes err mostly near the boundary; at most this share of errors is far from it.
FAR_SHARE = 0.75
# The two classes must be told apart at least so well, as their labels stand.
LEAST_AUC = 0.85
_OVERLAP_SHARE = 0.5
_ALPHA = 0.01


@dataclass(frozen=True)
class SuspiciousLabels:
    """Rows whose label looks wrong, the least likely label first.

    Attributes
    ----------
    rows : ndarray of int, shape (s,)
        Positions.
    suggested : ndarray of int, shape (s,)
        The class that each row looks like.
    probability, suggested_probability : ndarray, shape (s,)
        Of the label, and of the class that is suggested.
    expected_count : float
        How many rows the model's own probabilities would place so, if they are right: a model that
        learnt from wrong labels has learnt how many there are.
    """

    rows: IntArray
    suggested: IntArray
    probability: FloatArray
    suggested_probability: FloatArray
    expected_count: float

    def __len__(self) -> int:
        return len(self.rows)


def class_thresholds(label: LabelArray, probability: FloatArray) -> FloatArray:
    """Return, for each class, the mean probability of it among the rows labelled so; NaN without any.

    Parameters
    ----------
    label : ndarray of int, shape (n,)
    probability : ndarray, shape (n, k)
        Out-of-fold.

    References
    ----------
    Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels",
    JAIR 70, equation 2.
    """
    return np.array(
        [
            probability[label == code, code].mean() if (label == code).any() else np.nan
            for code in range(probability.shape[1])
        ]
    )


def suspicious_labels(label: LabelArray, probability: FloatArray) -> SuspiciousLabels:
    """Find labels that are more likely errors than unlikely outcomes.

    Plain confident learning flags what lies on the other side, which in noisy problems is mostly what
    just happened. How many labels are wrong cannot be read off probabilities that were fitted to them.
    What can be seen is where the disagreements lie: classes that overlap disagree mostly near their
    boundary, wrong labels where the model is sure. A pair of classes (labelled, suggested) is listed
    only where both are recognisable (`CONFIDENT`, `LEAST_AUC`), at least `FAR_SHARE` of its
    disagreements are sure, and so many would be rare if half were (binomial, 1%: of all such pairs
    together, or of the pair, by Holm's method).

    Parameters
    ----------
    label : ndarray of int, shape (n,)
        Codes of classes.
    probability : ndarray, shape (n, k)
        Out-of-fold probabilities.

    References
    ----------
    Northcutt, Jiang and Chuang 2021 (thresholds, ranking by self-confidence). The conditions are ours;
    docs/data_feedback.md has what they let pass.
    """
    count = len(label)
    own = probability[np.arange(count), label]
    other = probability.argmax(axis=1)
    # NaN is no threshold: a class without rows suggests nothing.
    sure = (
        probability[np.arange(count), other]
        >= np.fmin(class_thresholds(label, probability), _SURE)[other]
    )
    pairs = []
    for code, found in np.unique(np.stack([label, other], axis=1)[label != other], axis=0):
        if _told_apart(label, probability, code, found):
            wrong = (label == code) & (other == found)
            pairs.append((code, found, int(wrong.sum()), int((wrong & sure).sum())))
    listed, expected = np.zeros(count, dtype=bool), 0.0
    for code, found in _apart(pairs):
        there = (other == found) & sure
        listed |= there & (label == code)
        expected += float(probability[there, code].sum())
    rows = np.flatnonzero(listed)
    rows = rows[np.lexsort((rows, -probability[rows, other[rows]], own[rows]))]
    return SuspiciousLabels(
        rows.astype(np.int64),
        other[rows].astype(np.int64),
        own[rows],
        probability[rows, other[rows]],
        expected,
    )


def _apart(pairs: list[tuple[int, int, int, int]]) -> list[tuple[int, int]]:
    """Return the pairs of classes whose disagreements are mostly sure: all together, or by themselves.

    Parameters
    ----------
    pairs : list of tuple
        Label, most probable class, disagreements, and those of them that are sure.
    """
    if not pairs:
        return []
    counts = np.array([pair[2:] for pair in pairs])
    chances = holm_adjusted(np.array([_chance(*each) for each in counts]))
    if _chance(*counts.sum(axis=0)) <= _ALPHA:
        chances[:] = 0.0
    far = counts[:, 1] >= FAR_SHARE * counts[:, 0]
    return [pair[:2] for pair, keep in zip(pairs, far & (chances <= _ALPHA), strict=True) if keep]


def _chance(disagreements: int, sure: int) -> float:
    """Return how likely so many are sure where classes overlap; 1 where too few of them are."""
    from scipy.stats import binom

    if sure < FAR_SHARE * disagreements:
        return 1.0
    return float(binom.sf(sure - 1, disagreements, _OVERLAP_SHARE))


def _told_apart(label: LabelArray, probability: FloatArray, one: int, other: int) -> bool:
    """Say whether both classes are recognisable, by their rows as they are labelled."""
    own = [probability[label == code, code] for code in (one, other)]
    if min(map(len, own)) == 0 or min(float(np.median(each)) for each in own) < CONFIDENT:
        return False
    pair = np.isin(label, [one, other])
    total = probability[pair][:, [one, other]].sum(axis=1)
    share = np.divide(
        probability[pair, other], total, out=np.full(len(total), 0.5), where=total > 0
    )
    return _auc(label[pair] == other, share) > LEAST_AUC


def _auc(positive: "np.ndarray[Any, np.dtype[np.bool_]]", score: FloatArray) -> float:
    from scipy.stats import rankdata

    ones, n = int(positive.sum()), len(positive)
    if not 0 < ones < n:
        return 0.5
    return float((rankdata(score)[positive].sum() - ones * (ones + 1) / 2) / (ones * (n - ones)))
