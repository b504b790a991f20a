"""What each feature tells of the target by itself, in training rows, against what chance would tell."""

import numpy as np
import pandas as pd

from assay.checks.alone import alone_score
from assay.checks.sample import FOLDS, LeakSample, Values
from assay.evidence import Evidence
from assay.interpretation.associations import centred_ranks
from assay.metrics.core import FloatArray, TargetArray
from assay.schema import Schema
from assay.uncertainty.bootstrap import IntArray, clusters_of
from assay.uncertainty.many import holm_adjusted

COLUMNS = [
    *("feature", "alone_score", "alone_chance", "alone_p_value"),
    *("left_score", "left_chance", "left_p_value"),
]
# Training rows that are looked at.
_ROWS = 10_000
# Rearranged targets behind what chance tells.
_DRAWS = 20


def univariate_signals(evidence: Evidence) -> pd.DataFrame:
    """Return what each feature tells alone: of the target, and of what the model leaves of it.

    Of the target, its score is that of `assay.checks.alone` on training rows: an out-of-fold AUC (the
    mean over classes of more than two), or the R2 of the target's ranks: a few outliers would blind one
    of its values. Of what is left, it is the R2 of the model's own
    out-of-fold errors (outcome less prediction; the mean over classes of more than two): above chance,
    the model misses something that the feature tells.

    Chance is what the same score is for rearranged targets. Where rows come in groups, folds hold whole
    groups, and targets are rearranged by groups: both sides are laid out group by group, each in an
    order of its own, so that rows of a group keep outcomes that are alike. p-values are from a t-test
    against the rearranged ones, corrected for all features by Holm.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    DataFrame
        In the order of the schema: `feature`, `alone_score`, `alone_chance` (mean of the rearranged),
        `alone_p_value`, and the same of what is left as `left_score`, `left_chance`, `left_p_value`.
    """
    schema, rng = evidence.schema, np.random.default_rng([evidence.task.seed, 7])
    rows = _drawn(evidence.train, schema, rng)
    target = evidence.train[schema.target].to_numpy()[rows]
    if schema.task == "regression":
        target = centred_ranks(pd.DataFrame(target))[:, 0]
    found = _against_chance(evidence.train, rows, schema, target[:, None], rng)
    judged = evidence.out_of_fold
    rows = _drawn(judged.rows, schema, rng)
    errors = _errors(judged.y_true[rows], judged.y_predicted[rows])
    left = _against_chance(judged.rows, rows, schema, errors, rng, numbers=True)
    columns = (schema.feature_names, *found, *left)
    return pd.DataFrame(dict(zip(COLUMNS, columns, strict=True)))


def _errors(y_true: TargetArray, predicted: FloatArray) -> FloatArray:
    """Return outcomes less predictions (n, 1), or for each class (n, k)."""
    if predicted.ndim == 1:
        return np.asarray(y_true - predicted, dtype=float)[:, None]
    return np.asarray(np.arange(predicted.shape[1]) == y_true[:, None], dtype=float) - predicted


def _against_chance(
    table: pd.DataFrame,
    kept: IntArray,
    schema: Schema,
    targets: TargetArray,
    rng: np.random.Generator,
    numbers: bool = False,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return each feature's score of some targets (n, k), the mean of chance, and the p-value."""
    from scipy.stats import t

    rows = table.iloc[kept].reset_index(drop=True)
    groups = clusters_of(rows, schema.group_column)
    is_class = schema.task != "regression" and not numbers
    if is_class:
        # A class may be absent from the sample.
        targets = np.unique(targets, return_inverse=True)[1].reshape(targets.shape)
    count = len(schema.features)
    if np.ptp(targets) == 0:
        return np.full(count, np.nan), np.full(count, np.nan), np.ones(count)
    values = {
        feature.name: _values(rows[feature.name], feature.kind) for feature in schema.features
    }
    fold = _folds(targets[:, 0] if is_class else None, groups, len(rows), rng)

    def scores(order: IntArray) -> FloatArray:
        each = [
            LeakSample(rows, kept, len(table), is_class, target[order], fold, values)
            for target in targets.T
        ]
        return np.array(
            [np.mean([alone_score(sample, known) for sample in each]) for known in values.values()]
        )

    found = scores(np.arange(len(rows)))
    drawn = np.array([scores(_rearranged(groups, len(rows), rng)) for _ in range(_DRAWS)])
    drawn = drawn.reshape(_DRAWS, count)
    chance = drawn.mean(axis=0)
    spread = drawn.std(axis=0, ddof=1) * np.sqrt(1 + 1 / _DRAWS)
    # A feature that is constant has the same score for every target.
    z = np.divide(found - chance, spread, out=np.zeros_like(found), where=spread > 1e-12)
    return found, chance, holm_adjusted(t.sf(z, _DRAWS - 1))


def _drawn(table: pd.DataFrame, schema: Schema, rng: np.random.Generator) -> IntArray:
    """Return the positions of about so many rows, groups whole."""
    groups = clusters_of(table, schema.group_column)
    if len(table) <= _ROWS:
        return np.arange(len(table))
    if groups is None:
        return np.sort(rng.permutation(len(table))[:_ROWS])
    sizes = np.bincount(groups)
    order = rng.permutation(len(sizes))
    fitting = max(1, int((np.cumsum(sizes[order]) <= _ROWS).sum()))
    return np.flatnonzero(np.isin(groups, order[:fitting]))


def _values(column: "pd.Series[float]", kind: str) -> Values:
    if kind == "numeric":
        return Values(column.to_numpy(dtype=float), None)
    return Values(None, pd.factorize(column)[0].astype("int64"))


def _folds(
    classes: TargetArray | None, groups: IntArray | None, n: int, rng: np.random.Generator
) -> IntArray:
    """Deal rows to folds: groups whole, or classes evenly."""
    if groups is not None and groups.max() + 1 >= 2 * FOLDS:
        return (rng.permutation(int(groups.max()) + 1) % FOLDS)[groups]
    order = rng.permutation(n)
    if classes is not None:
        order = order[np.argsort(classes[order], kind="stable")]
    fold = np.empty(n, dtype="int64")
    fold[order] = np.arange(n) % FOLDS
    return fold


def _rearranged(groups: IntArray | None, n: int, rng: np.random.Generator) -> IntArray:
    """Return an order of rows after which no feature can tell a target."""
    order = np.empty(n, dtype="int64")
    order[_layout(groups, n, rng)] = _layout(groups, n, rng)
    return order


def _layout(groups: IntArray | None, n: int, rng: np.random.Generator) -> IntArray:
    """Return rows in a random order, group by group."""
    order = rng.permutation(n)
    if groups is None:
        return order
    place = rng.permutation(int(groups.max()) + 1)[groups[order]]
    return order[np.argsort(place, kind="stable")]
