"""Can a classifier tell the training set from the holdout? Adversarial validation, with its null.

Where the two are exchangeable, no classifier can: its cross-validated AUC is 0.5, give or take what
permuted labels reach. Where it can, the holdout asks the model about other rows than it learnt from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_FOLDS = 3
# Features that are told; the classifier's favourites, each judged alone.
_SHOWN = 5


@dataclass(frozen=True)
class Sides:
    """A sample of both sides of a split.

    Attributes
    ----------
    matrix : ndarray, shape (n, p)
        Features as numbers; missing is NaN.
    names : tuple of str
        The features.
    unit : ndarray of int, shape (n,)
        The exchangeable unit of each row, 0 to u - 1: itself, or its group.
    held_out : ndarray of {0, 1}, shape (u,)
        Whether a unit is in the holdout.
    """

    matrix: FloatArray
    names: tuple[str, ...]
    unit: IntArray
    held_out: IntArray


def sample_sides(
    train: pd.DataFrame,
    holdout: pd.DataFrame,
    features: list[str],
    group_column: str | None,
    sample_rows: int,
    seed: int,
) -> Sides:
    """Draw rows of both sides, half from each where they have as many.

    Parameters
    ----------
    train, holdout : DataFrame
        In model form.
    features : list of str
        What the classifier sees.
    group_column : str or None
        Whose groups are the units, if the split kept groups apart; None if rows are.
    sample_rows : int
        Rows of both sides together.
    seed : int
    """
    rng = np.random.default_rng(seed)
    half = sample_rows // 2
    parts = [_sample(part, half, rng) for part in (train, holdout)]
    rows = pd.concat(parts, ignore_index=True)
    held_out = np.repeat([0, 1], [len(part) for part in parts])
    if group_column is None:
        unit = np.arange(len(rows))
    else:
        unit = rows.groupby(group_column, sort=False).ngroup().to_numpy()
    _, first = np.unique(unit, return_index=True)
    return Sides(_as_numbers(rows[features]), tuple(features), unit, held_out[first])


def tell_apart(sides: Sides, permutations: int, seed: int) -> dict[str, Any]:
    """Return how well a classifier tells the sides, beside what chance reaches.

    Small gradient boosting is cross-validated so that no unit is on both sides of a fold, with the
    real labels and with labels that are permuted over units.

    Parameters
    ----------
    sides : Sides
    permutations : int
        Behind the null.
    seed : int
        Of folds, permutations and the classifier.

    Returns
    -------
    dict
        `applicable` (false where a side has fewer units than folds), and then `sample_count`, `auc`,
        `null_mean`, `null_p95`, `p_value` (in which the real labels count as one permutation) and
        `top_features`: the AUC of each alone, among those that the classifier leaned on most.

    References
    ----------
    Lopez-Paz and Oquab 2017, "Revisiting classifier two-sample tests".
    """
    if np.bincount(sides.held_out, minlength=2).min() < _FOLDS:
        return {"applicable": False}
    rng = np.random.default_rng(seed)
    auc, gain = _cross_validate(sides.matrix, sides, sides.held_out, rng, seed)
    null = np.array(
        [
            _cross_validate(sides.matrix, sides, rng.permutation(sides.held_out), rng, seed)[0]
            for _ in range(permutations)
        ]
    )
    return {
        "applicable": True,
        "sample_count": len(sides.matrix),
        "auc": auc,
        "null_mean": float(null.mean()),
        "null_p95": float(np.quantile(null, 0.95)),
        "p_value": float((1 + (null >= auc).sum()) / (1 + permutations)),
        "top_features": _top_features(sides, gain, seed),
    }


def _sample(part: pd.DataFrame, size: int, rng: np.random.Generator) -> pd.DataFrame:
    if len(part) <= size:
        return part
    return part.iloc[np.sort(rng.choice(len(part), size, replace=False))]


def _as_numbers(features: pd.DataFrame) -> FloatArray:
    """Return numbers as they are, and categories as their position in the alphabet."""
    columns = []
    for name in features.columns:
        column = features[name]
        if not pd.api.types.is_numeric_dtype(column):
            codes, _ = pd.factorize(column, sort=True)
            column = pd.Series(np.where(codes < 0, np.nan, codes))
        columns.append(column.to_numpy(dtype=np.float64))
    return np.column_stack(columns)


def _cross_validate(
    matrix: FloatArray,
    sides: Sides,
    held_out: IntArray,
    rng: np.random.Generator,
    seed: int,
) -> tuple[float, FloatArray]:
    """Return the mean AUC over folds, and the gain of each column of the matrix."""
    from lightgbm import LGBMClassifier
    from sklearn.metrics import roc_auc_score

    fold = _unit_folds(held_out, rng)[sides.unit]
    label = held_out[sides.unit]
    scores, gain = [], np.zeros(matrix.shape[1])
    for number in range(_FOLDS):
        judged = fold == number
        # Small, quick, and the same bits whatever the machine's threads.
        model = LGBMClassifier(
            n_estimators=25,
            num_leaves=8,
            learning_rate=0.2,
            min_child_samples=10,
            max_bin=63,
            importance_type="gain",
            random_state=seed,
            deterministic=True,
            force_row_wise=True,
            n_jobs=1,
            verbosity=-1,
        ).fit(matrix[~judged], label[~judged])
        probability = model.predict_proba(matrix[judged])[:, 1]
        scores.append(float(roc_auc_score(label[judged], probability)))
        gain += model.feature_importances_
    return float(np.mean(scores)), gain


def _unit_folds(held_out: IntArray, rng: np.random.Generator) -> IntArray:
    """Deal the units of each side to the folds in random order, shape (u,)."""
    fold = np.empty(len(held_out), dtype=np.int64)
    for side in (0, 1):
        units = np.flatnonzero(held_out == side)
        fold[rng.permutation(units)] = np.arange(len(units)) % _FOLDS
    return fold


def _top_features(sides: Sides, gain: FloatArray, seed: int) -> Mapping[str, float]:
    favourites = [int(index) for index in np.argsort(-gain, kind="stable")[:_SHOWN] if gain[index]]
    alone = {
        sides.names[index]: _cross_validate(
            sides.matrix[:, [index]], sides, sides.held_out, np.random.default_rng(seed), seed
        )[0]
        for index in favourites
    }
    return dict(sorted(alone.items(), key=lambda item: -item[1]))
