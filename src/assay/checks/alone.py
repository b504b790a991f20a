"""How well one column alone predicts the target, out-of-fold.

A number is cut into bins of about as many rows each, a text has its categories, a missing value a bin
of its own. A row's score is the mean outcome of its bin in the other folds, drawn towards the mean of
all rows where the bin has few: a value that no other row has predicts nothing, however many such
values there are. Only counts are needed, so that a column costs about a millisecond.
"""

import numpy as np
import numpy.typing as npt

from assay.checks.sample import FOLDS, FloatArray, IntArray, LeakSample, Values

# So many rows of the overall mean are added to every bin.
_PRIOR_ROWS = 2.0


def alone_score(sample: LeakSample, values: Values) -> float:
    """Return what a column alone reaches: an AUC, the mean over classes, or R2.

    Parameters
    ----------
    sample : LeakSample
    values : Values
        Of the column, for the rows of the sample.

    Returns
    -------
    float
        About 0.5 (classes) or 0 (numbers) where the column tells nothing.
    """
    if sample.is_class:
        return float(np.mean(class_scores(values.bins, sample.target, sample.fold)))
    return number_score(values, sample.target, sample.fold)


def class_scores(bins: IntArray, classes: IntArray, fold: IntArray) -> FloatArray:
    """Return the out-of-fold AUC of each class against the rest, the mean over folds.

    Parameters
    ----------
    bins, classes, fold : ndarray of int, shape (n,)
        All from 0 on.

    Returns
    -------
    ndarray, shape (k,)
        One value for two classes, whose AUCs are the same; 0.5 for a class that no fold can judge.
    """
    classes_count = int(classes.max()) + 1
    bins = _without_single_rows(bins)
    shape = (int(bins.max()) + 1, FOLDS, classes_count)
    flat = (bins * FOLDS + fold) * classes_count + classes
    counts = np.bincount(flat, minlength=int(np.prod(shape))).reshape(shape).astype(np.float64)
    others = counts.sum(axis=1, keepdims=True) - counts
    rows = others.sum(axis=2, keepdims=True)
    prior = counts.sum(axis=(0, 1)) / len(classes)
    score = (others + _PRIOR_ROWS * prior) / (rows + _PRIOR_ROWS)
    rest = counts.sum(axis=2, keepdims=True) - counts
    if classes_count == 2:
        score, counts, rest = score[..., 1:], counts[..., 1:], rest[..., 1:]
    per_fold = grouped_auc(score, counts, rest)
    judged = ~np.isnan(per_fold)
    total = np.where(judged, per_fold, 0.0).sum(axis=0)
    return np.where(judged.any(axis=0), total / np.maximum(judged.sum(axis=0), 1), 0.5)


def grouped_auc(score: FloatArray, positive: FloatArray, negative: FloatArray) -> FloatArray:
    """Return the AUC of rows that come in groups of one score, ties counting half.

    Parameters
    ----------
    score, positive, negative : ndarray, shape (groups, ...)
        The score of each group, and its rows of either kind.

    Returns
    -------
    ndarray, shape (...)
        NaN where rows of one kind are absent.
    """
    order = np.argsort(score, axis=0, kind="stable")
    score, positive, negative = (
        np.take_along_axis(part, order, axis=0) for part in (score, positive, negative)
    )
    index = np.arange(len(score)).reshape(-1, *[1] * (score.ndim - 1))
    differs = score[1:] != score[:-1]
    edge = np.ones((1, *score.shape[1:]), dtype=bool)
    first = np.maximum.accumulate(np.where(np.concatenate([edge, differs]), index, 0), axis=0)
    last = np.where(np.concatenate([differs, edge]), index, len(score) - 1)
    last = np.minimum.accumulate(last[::-1], axis=0)[::-1]
    through = np.cumsum(negative, axis=0)
    below = np.take_along_axis(through - negative, first, axis=0)
    not_above = np.take_along_axis(through, last, axis=0)
    won = (positive * (below + not_above)).sum(axis=0) / 2
    pairs = positive.sum(axis=0) * negative.sum(axis=0)
    return np.divide(won, pairs, out=np.full(np.shape(won), np.nan), where=pairs > 0)


def number_score(values: Values, target: FloatArray, fold: IntArray) -> float:
    """Return the out-of-fold R2: of a mean, or a line where that is better, in each bin."""
    bins = _without_single_rows(values.bins)
    spread = float(((target - target.mean()) ** 2).sum())
    if not spread > 0:
        return 0.0
    place, size = bins * FOLDS + fold, (int(bins.max()) + 1) * FOLDS
    centred = target - target.mean()

    def others(weights: FloatArray | None) -> FloatArray:
        """Return the sum over each bin's rows in the other folds, one value per row."""
        sums = np.bincount(place, weights, size).reshape(-1, FOLDS)
        left: FloatArray = (sums.sum(axis=1, keepdims=True) - sums).ravel()[place]
        return left

    rows = others(None) + _PRIOR_ROWS
    mean = others(centred) / rows
    best = 1 - float(((centred - mean) ** 2).sum()) / spread
    x = _within_bins(values.numbers, bins)
    if x is None:
        return best
    x_mean = others(x) / rows
    variance = others(x * x) / rows - x_mean**2
    covariance: FloatArray = others(x * centred) / rows - x_mean * mean
    slope = np.divide(covariance, variance, out=np.zeros_like(x), where=variance > 1e-12)
    line = np.clip(mean + slope * (x - x_mean), centred.min(), centred.max())
    return max(best, 1 - float(((centred - line) ** 2).sum()) / spread)


def _within_bins(numbers: FloatArray | None, bins: IntArray) -> FloatArray | None:
    """Return numbers centred and scaled within each bin, so that sums of squares keep their digits."""
    if numbers is None:
        return None
    rows = np.maximum(np.bincount(bins), 1)
    x = np.nan_to_num(numbers)
    x = x - (np.bincount(bins, x) / rows)[bins]
    scale = np.sqrt(np.bincount(bins, x * x) / rows)[bins]
    scaled: FloatArray = np.divide(x, scale, out=np.zeros_like(x), where=scale > 0)
    return scaled


def _without_single_rows(bins: IntArray) -> npt.NDArray[np.int64]:
    """Put all bins of one row, which no other row can teach, into one."""
    rows = np.bincount(bins)
    if len(rows) <= 1_000:
        return bins
    number = np.cumsum(rows > 1)
    return np.where(rows[bins] > 1, number[bins], 0)
