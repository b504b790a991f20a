"""What the model predicts when one feature is set, and all others stay: on average and row by row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.metrics.core import FloatArray
from assay.predictor import raw_predictions
from assay.preprocessing import source_features
from assay.schema import ROW, Feature, category_text
from assay.uncertainty.bootstrap import IntArray

CURVE_COLUMNS = [
    *("feature", "class", "point", "value", "value_label", "mean", "p10", "p90", "row_share"),
]
LINE_COLUMNS = ["feature", "row", "point", "value", "value_label", "prediction"]
MISSING = "(missing)"
# Points of a number, between these quantiles of training rows.
_POINTS, _LOWEST, _HIGHEST = 25, 0.01, 0.99
_CATEGORIES = 12
# Classes that have a curve, the most frequent ones.
_CLASSES = 6


@dataclass(frozen=True)
class PartialDependence:
    """Curves of features.

    Attributes
    ----------
    curves : DataFrame
        `feature`, `class` (text; null of a number), `point` (from 0), `value` (null of categories and
        where missing), `value_label`, `mean`, `p10` and `p90` of the predictions, `row_share` (of the
        training rows, those that lie nearest to this point).
    lines : DataFrame
        The same row by row (ICE): `feature`, `row` (its position in the source), `point`, `value`,
        `value_label`, `prediction`. No rows with more than two classes.
    row_count : int
        Rows behind a mean.
    """

    curves: pd.DataFrame
    lines: pd.DataFrame
    row_count: int

    def of(self, feature: str) -> pd.DataFrame:
        """Return the points of a feature's curves."""
        return self.curves[(self.curves["feature"] == feature).to_numpy()]


def partial_dependence(evidence: Evidence, names: Sequence[str]) -> PartialDependence:
    """Set each named feature to values of training rows, and predict as the shipped model would.

    The rows are a sample of the holdout; their other features keep what they are. A number has up to
    25 points, quantiles of its training values from 1% to 99%; a category its 12 most frequent values.
    A missing value is a point where training rows have one. Of more than two classes, the six most
    frequent in training have a curve each.

    Parameters
    ----------
    evidence : Evidence
    names : sequence of str
        Of the features.

    References
    ----------
    Friedman 2001, section 8.2 (partial dependence); Goldstein et al. 2015 (ICE).
    """
    rng = np.random.default_rng([evidence.task.seed, 5])
    size = evidence.params.partial_dependence_rows
    positions = np.sort(rng.permutation(len(evidence.holdout))[:size])
    rows = evidence.holdout.rows[ROW].to_numpy()[positions]
    features = evidence.features.iloc[positions].reset_index(drop=True)
    asked = _Asked(evidence, features)
    by_name = {feature.name: feature for feature in evidence.schema.features}
    codes = _shown_classes(evidence)
    curves, lines = list[pd.DataFrame](), list[pd.DataFrame]()
    for name in names:
        grid = Grid.of(by_name[name], evidence.train[name])
        predicted = asked.predicted(name, grid)
        if codes:
            labels = evidence.schema.labels
            curves += [grid.curve(name, str(labels[c]), predicted[:, :, c]) for c in codes]
        else:
            positive = evidence.schema.labels[1:]
            curves.append(grid.curve(name, str(positive[0]) if positive else None, predicted))
            lines.append(grid.lines(name, rows, predicted))
    return PartialDependence(
        _joined(curves, CURVE_COLUMNS), _joined(lines, LINE_COLUMNS), len(positions)
    )


def _joined(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _shown_classes(evidence: Evidence) -> list[int]:
    """Return the codes of the classes that have a curve; none with fewer than three."""
    if evidence.schema.task != "multiclass":
        return []
    counts = np.bincount(
        evidence.train[evidence.schema.target].to_numpy(), minlength=len(evidence.schema.labels)
    )
    return sorted(np.argsort(-counts, kind="stable")[:_CLASSES].tolist())


class _Asked:
    """A model that is asked for rows with one feature set; only that feature's columns change."""

    def __init__(self, evidence: Evidence, features: pd.DataFrame) -> None:
        self._predictor, self._features = evidence.predictor, features
        self._preprocessor = evidence.predictor.pipeline.named_steps["features"]
        self._matrix = np.asarray(self._preprocessor.transform(features), dtype=float)
        source = source_features(self._preprocessor, list(features.columns))
        self._source = np.array(source, dtype=object)

    def predicted(self, name: str, grid: "Grid") -> FloatArray:
        """Return the calibrated predictions (n, points) or (n, points, k)."""
        some = self._features.iloc[np.zeros(len(grid), dtype=int)].reset_index(drop=True)
        some[name] = grid.raw
        columns = np.flatnonzero(self._source == name)
        found = np.asarray(self._preprocessor.transform(some), dtype=float)[:, columns]
        model = self._predictor.pipeline.named_steps["model"]
        parts = []
        for values in found:
            matrix = self._matrix.copy()
            matrix[:, columns] = values
            parts.append(self._predictor.calibrator.apply(raw_predictions(model, matrix)))
        return np.stack(parts, axis=1)


@dataclass(frozen=True)
class Grid:
    """The values that a feature is set to.

    Attributes
    ----------
    raw : ndarray, shape (g,)
        In model form; missing is NaN and stands last.
    values : ndarray, shape (g,)
        Numbers; NaN of categories and where missing.
    labels : list of str
        As the user writes them.
    shares : ndarray, shape (g,)
        Of the training rows, those that lie nearest.
    """

    raw: "np.ndarray[Any, Any]"
    values: FloatArray
    labels: list[str]
    shares: FloatArray

    def __len__(self) -> int:
        return len(self.raw)

    @classmethod
    def of(cls, feature: Feature, train: "pd.Series[Any]") -> "Grid":
        """Return the grid of a feature, from its training values."""
        known = train.dropna()
        if feature.kind == "numeric":
            points = _points(known.to_numpy(dtype=float))
            near = _nearest(points, known.to_numpy(dtype=float))
            counts = np.bincount(near, minlength=len(points)) if len(points) else np.zeros(0)
            raw, labels = points, value_labels(feature, points)
        else:
            frequent = known.value_counts().sort_index()
            frequent = frequent.sort_values(ascending=False, kind="stable").head(_CATEGORIES)
            raw, counts = frequent.index.to_numpy(dtype=object), frequent.to_numpy()
            points, labels = np.full(len(raw), np.nan), [str(value) for value in raw]
        missing = len(train) - len(known)
        if missing:
            raw, points = np.append(raw, np.nan), np.append(points, np.nan)
            counts, labels = np.append(counts, missing), [*labels, MISSING]
        return cls(raw, points.astype(float), labels, counts / max(1, len(train)))

    def curve(self, name: str, label: str | None, predicted: FloatArray) -> pd.DataFrame:
        """Return mean and spread of predictions (n, g) at each point."""
        low, high = np.quantile(predicted, [0.1, 0.9], axis=0)
        columns: list[Any] = [name, label, np.arange(len(self)), self.values, self.labels]
        columns += [predicted.mean(axis=0), low, high, self.shares]
        return pd.DataFrame(dict(zip(CURVE_COLUMNS, columns, strict=True)))

    def lines(self, name: str, rows: IntArray, predicted: FloatArray) -> pd.DataFrame:
        """Return predictions (n, g) as a row each, in the order of rows and points."""
        n = len(rows)
        columns: list[Any] = [name, np.repeat(rows, len(self)), np.tile(np.arange(len(self)), n)]
        columns += [np.tile(self.values, n), self.labels * n, predicted.ravel()]
        return pd.DataFrame(dict(zip(LINE_COLUMNS, columns, strict=True)))


def _points(known: FloatArray) -> FloatArray:
    """Return quantiles that are values, all of them where they are few."""
    if not len(known):
        return known
    low, high = np.quantile(known, [_LOWEST, _HIGHEST], method="inverted_cdf")
    found: FloatArray = np.unique(known[(known >= low) & (known <= high)])
    if len(found) > _POINTS:
        levels = np.linspace(_LOWEST, _HIGHEST, _POINTS)
        found = np.unique(np.quantile(known, levels, method="inverted_cdf"))
    return found


def _nearest(points: FloatArray, known: FloatArray) -> IntArray:
    """Return the position of the point nearest to each value; of two, the lower one."""
    found: IntArray = np.searchsorted((points[1:] + points[:-1]) / 2, known).astype("int64")
    return found


def value_labels(feature: Feature, values: "np.ndarray[Any, Any]") -> list[str]:
    """Return values in model form as the user writes them; missing ones as such."""
    texts = category_text(pd.Series(values))
    if feature.kind == "numeric" and feature.source_dtype.lower().startswith("bool"):
        texts = texts.replace({"0": "False", "1": "True"})
    return [MISSING if pd.isna(text) else str(text) for text in texts]
