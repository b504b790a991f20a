"""Which features tell a sensitive column: each alone, and all together.

A column that is left out of a model is hidden from it in name only, if others tell it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.checks.alone import class_scores, number_score
from assay.checks.sample import FOLDS, Values, column_values, deal_folds
from assay.fairness.groups import grouped
from assay.metrics.catalogue import task_metrics
from assay.metrics.core import FloatArray
from assay.schema import Feature, Schema
from assay.sections import TaskType
from assay.uncertainty.bootstrap import Bootstrap, IntArray
from assay.uncertainty.estimate import Estimate
from assay.uncertainty.many import holm_adjusted
from assay.uncertainty.paired import metric_estimate

# Rows on which the small models are fitted, and shuffles behind the chance of a feature alone.
_ROWS, _SHUFFLES = 5_000, 40
# Values with fewer of these rows are one class together; there are at most so many classes.
_FEWEST_OF_A_CLASS, _MOST_CLASSES = 20, 8
_RESAMPLES = 200
# The spread of a score among few shuffles says little of its tail, which many features ask for.
_WIDENED = 1.1
TOGETHER = "(all features together)"
COLUMNS = (
    *(
        "column",
        "feature",
        "score_name",
        "score",
        "chance_up_to",
        "p_value",
        "beyond_chance",
        "proxy",
    ),
)
_NO_SCORE = {"AUC": 0.5, "R2": 0.0}
# With many rows next to nothing is beyond chance; a proxy tells at least so much.
LEAST_SCORE = {"AUC": 0.55, "R2": 0.02}


@dataclass(frozen=True)
class Proxies:
    """What features tell of a sensitive column.

    Attributes
    ----------
    column : str
    table : DataFrame
        With `COLUMNS`: all features together, then each alone, the strongest first.
    score_name : str
        AUC (the mean over classes) or R2; empty where nothing could be asked.
    together : Estimate or None
        What a small model of all features reaches out-of-fold.
    row_count : int
        Rows that were asked.
    own_features : tuple of str
        Features that are made of the column itself, and were left out.
    """

    column: str
    table: pd.DataFrame
    score_name: str
    together: Estimate | None
    row_count: int
    own_features: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return its scalars."""
        told: dict[str, Any] = {"is_feature": bool(self.own_features), "row_count": self.row_count}
        if self.together is None:
            return {"applicable": False, **told}
        alone = self.table[self.table["feature"] != TOGETHER]
        telling = alone[alone["proxy"]]
        together = self.table[self.table["feature"] == TOGETHER]
        told |= {
            "score_name": self.score_name,
            "together": self.together.to_json(),
            "together_tell": bool(together["proxy"].iloc[0]),
            "proxy_count": len(telling),
        }
        if len(telling):
            told["strongest"] = str(telling["feature"].iloc[0])
            told["strongest_score"] = float(telling["score"].iloc[0])
        return {"applicable": True, **told}


@dataclass(frozen=True)
class _Asked:
    """A sensitive column as a target, and the features that may tell it."""

    target: npt.NDArray[Any]
    is_class: bool
    fold: IntArray
    clusters: IntArray | None
    features: dict[str, Values]

    def alone(self, values: Values, target: npt.NDArray[Any]) -> float:
        if self.is_class:
            return float(np.mean(class_scores(values.bins, target, self.fold)))
        return number_score(values, target, self.fold)


def find_proxies(
    rows: pd.DataFrame,
    columns: Sequence[str],
    schema: Schema,
    clusters: IntArray | None,
    bootstrap: Bootstrap,
) -> list[Proxies]:
    """Ask of each sensitive column which features tell it.

    Parameters
    ----------
    rows : DataFrame
        Rows of the validated table, none of the holdout; of many, 5,000 are drawn.
    columns : sequence of str
    schema : Schema
    clusters : ndarray of int, shape (n,), optional
        The entity of each row: the rows of one are in one fold.
    bootstrap : Bootstrap
        Its confidence and seed.

    Notes
    -----
    All p-values together are corrected by Holm's method: where no feature tells a column, an alarm stands
    in at most 1 - confidence of tables. A proxy is beyond chance, and scores at least `LEAST_SCORE`.
    """
    found = [
        _of_column(rows, name, schema, clusters, replace(bootstrap, seed=bootstrap.seed + number))
        for number, name in enumerate(columns)
    ]
    p_values = np.concatenate([[], *(each.table["p_value"].to_numpy(float) for each in found)])
    adjusted, start, corrected = holm_adjusted(p_values), 0, []
    for each in found:
        own = adjusted[start : start + len(each.table)]
        start += len(own)
        score = each.table["score"].to_numpy(float)
        # Shuffled values may score below nothing at all; what is no better tells nothing.
        beyond = (own < 1 - bootstrap.confidence) & (score > _NO_SCORE.get(each.score_name, 0.0))
        enough = score >= LEAST_SCORE.get(each.score_name, 0.0)
        table = each.table.assign(p_value=own, beyond_chance=beyond, proxy=beyond & enough)
        corrected.append(replace(each, table=table))
    return corrected


def _of_column(
    rows: pd.DataFrame,
    name: str,
    schema: Schema,
    clusters: IntArray | None,
    bootstrap: Bootstrap,
) -> Proxies:
    own = tuple(feature.name for feature in schema.features if name in _sources(feature))
    features = [feature for feature in schema.features if feature.name not in own]
    asked = _posed(rows, name, features, clusters, bootstrap.seed)
    if asked is None:
        return Proxies(name, pd.DataFrame(columns=list(COLUMNS)), "", None, 0, own)
    score_name = "AUC" if asked.is_class else "R2"
    together = _together(asked, bootstrap)
    spread = (together.ci_high - together.ci_low) / 2 / _normal((1 + bootstrap.confidence) / 2)
    none = _NO_SCORE[score_name]
    told = [
        (
            TOGETHER,
            together.value,
            *_beyond(
                together.value, none, spread, 1 - (1 - bootstrap.confidence) / (len(features) + 1)
            ),
        )
    ]
    told += sorted(_each_alone(asked, bootstrap), key=lambda row: (-row[1], row[0]))
    table = pd.DataFrame(told, columns=["feature", "score", "chance_up_to", "p_value"])
    table = table.assign(column=name, score_name=score_name, beyond_chance=False, proxy=False)
    return Proxies(name, table[list(COLUMNS)], score_name, together, len(asked.target), own)


def _sources(feature: Feature) -> tuple[str, ...]:
    return tuple(each for each in (feature.source, feature.reference) if each)


def _posed(
    rows: pd.DataFrame,
    name: str,
    features: Sequence[Feature],
    clusters: IntArray | None,
    seed: int,
) -> _Asked | None:
    """Make a target of a column; None where nothing can be asked."""
    rng = np.random.default_rng([seed, 11])
    known = np.arange(len(rows))
    values = column_values(rows[name])
    labels, code = grouped(rows[name], rows[name])
    is_class = values.numbers is None or len(labels) == len(np.unique(values.numbers))
    if not is_class:
        known = known[~values.missing]
    if len(known) > _ROWS:
        known = np.sort(rng.choice(known, _ROWS, replace=False))
    target = _classes(code[known]) if is_class else _ranked(values, known)
    if len(known) < 2 * FOLDS or not features or len(np.unique(target)) < 2:
        return None
    units = None if clusters is None else np.unique(clusters[known], return_inverse=True)[1]
    fold = deal_folds(target if is_class else None, units, len(known), rng)
    sample = rows.iloc[known].reset_index(drop=True)
    seen = {
        each.name: column_values(sample[each.name], each.kind == "categorical") for each in features
    }
    return _Asked(target, is_class, fold, units, seen)


def _ranked(values: Values, known: IntArray) -> FloatArray:
    """Return numbers as shares of the rows below: no far outlier decides, and no unit."""
    from scipy.stats import rankdata

    assert values.numbers is not None  # noqa: S101
    ranked: FloatArray = rankdata(values.numbers[known]) / max(len(known), 1)
    return ranked


def _classes(code: IntArray) -> IntArray:
    """Return codes of the commonest groups; all others are one class, if they have enough rows."""
    count = np.bincount(code)
    order = np.argsort(-count, kind="stable")
    kept = [group for group in order[: _MOST_CLASSES - 1] if count[group] >= _FEWEST_OF_A_CLASS]
    place = np.full(len(count), len(kept), dtype=np.int64)
    place[kept] = np.arange(len(kept))
    found = place[code]
    if kept and (found == len(kept)).sum() < _FEWEST_OF_A_CLASS:
        # Too few to be a class: they go with the commonest.
        found = np.where(found == len(kept), 0, found)
    return found


def _each_alone(asked: _Asked, bootstrap: Bootstrap) -> list[tuple[str, float, float, float]]:
    """Return each feature's score, what shuffled values of the column give it, and its p-value."""
    rng = np.random.default_rng([bootstrap.seed, 13])
    shuffled = [asked.target[_shuffle(asked, rng)] for _ in range(_SHUFFLES)]
    told = []
    for name, values in asked.features.items():
        score = asked.alone(values, asked.target)
        null = np.array([asked.alone(values, target) for target in shuffled])
        spread = float(null.std(ddof=1)) * np.sqrt(1 + 1 / _SHUFFLES) * _WIDENED
        level = (1 - bootstrap.confidence) / (len(asked.features) + 1)
        told.append((name, score, *_by_shuffles(score, float(null.mean()), spread, level)))
    return told


def _shuffle(asked: _Asked, rng: np.random.Generator) -> IntArray:
    """Return an order of rows; entities move as a whole, so that rows of one go on to be alike."""
    n, units = len(asked.target), asked.clusters
    if units is None:
        return rng.permutation(n)
    dealt = rng.permutation(int(units.max()) + 1)
    order = np.empty(n, dtype=np.int64)
    order[np.argsort(units, kind="stable")] = np.argsort(dealt[units], kind="stable")
    return order


def _by_shuffles(score: float, mean: float, spread: float, level: float) -> tuple[float, float]:
    """Return the bound of chance and the p-value, from the mean and spread of a few shuffles."""
    from scipy.stats import t

    bound = mean + float(t.isf(level, _SHUFFLES - 1)) * spread
    if spread <= 0:
        return bound, 1.0 if score <= mean else 0.0
    return bound, float(t.sf((score - mean) / spread, _SHUFFLES - 1))


def _beyond(value: float, none: float, spread: float, confidence: float) -> tuple[float, float]:
    from scipy.special import ndtr

    bound = none + _normal(confidence) * spread
    if spread <= 0:
        # No resample changes it: all rows are told apart, or none.
        return bound, 0.0 if value > none else 1.0
    return bound, float(ndtr(-(value - none) / spread))


def _normal(share: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(share))


def _together(asked: _Asked, bootstrap: Bootstrap) -> Estimate:
    """Return what a small model of all features reaches on folds that it did not see."""
    matrix = np.column_stack(
        [
            each.numbers if each.numbers is not None else each.bins.astype(float)
            for each in asked.features.values()
        ]
    )
    count = int(asked.target.max()) + 1 if asked.is_class else 0
    predicted = np.zeros((len(matrix), count)) if asked.is_class else np.zeros(len(matrix))
    for fold in np.unique(asked.fold):
        test = asked.fold == fold
        model = _model(asked.is_class, bootstrap.seed).fit(matrix[~test], asked.target[~test])
        if asked.is_class:
            predicted[np.ix_(test, model.classes_)] = model.predict_proba(matrix[test])
        else:
            predicted[test] = model.predict(matrix[test])
    task: TaskType = (
        "regression" if not asked.is_class else "binary" if count == 2 else "multiclass"
    )
    name = {"regression": "r2", "binary": "roc_auc", "multiclass": "roc_auc_ovr"}[task]
    plan = Bootstrap(_RESAMPLES, bootstrap.confidence, bootstrap.seed, asked.clusters)
    if task == "binary":
        predicted = predicted[:, 1]
    return metric_estimate(task_metrics(task)[name], asked.target, predicted, plan)


def _model(is_class: bool, seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingClassifier if is_class else HistGradientBoostingRegressor
    return kind(
        max_iter=40, max_leaf_nodes=15, min_samples_leaf=20, early_stopping=False, random_state=seed
    )
