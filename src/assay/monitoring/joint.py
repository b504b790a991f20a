"""How features go together: what no single feature shows.

The principal components of training rows say what features have in common. A row that fits them is
rebuilt from a few of them with a small error; one whose features go together otherwise is not. The
mean error of a batch is compared with that of training rows that the components were not fitted on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from assay.metrics.core import FloatArray
from assay.monitoring.check import Check
from assay.monitoring.clusters import (
    cluster_codes,
    cluster_reference,
    effective_rows,
    reference_effective_rows,
    shared_by_kind,
)
from assay.monitoring.encoding import Encoding, encoding_from_json, fit_encoding
from assay.monitoring.noise import mean_p_value
from assay.monitoring.rows import ScoredRows
from assay.monitoring.watch import Watch
from assay.schema import Schema

if TYPE_CHECKING:
    from assay.monitoring.tally import Tally

# Components keep this share of the variance: fewer miss what features have in common, and with all of
# them every row is rebuilt without an error.
_KEPT_VARIANCE = 0.7
_MOST_COMPONENTS = 20
# Components are fitted on all rows but a fold's, whose errors are then those of rows like a batch's.
_FOLDS = 5
# Rows that are encoded at a time.
_BLOCK = 4_000
# Training rows that components are fitted on at most, evenly spaced.
_MOST_ROWS = 50_000
# Why a feature takes no part.
_LEFT_OUT = "it goes on with time, so batches lie beyond all that training had"
# Features that are named.
_NAMED = 3

KEY = "inputs:all features:reconstruction_error"


@dataclass
class JointTally:
    """Sums of the squared errors with which rows are rebuilt from components.

    Attributes
    ----------
    count : int
    total : float
        The sum of the rows' errors. A row's error is the mean over features.
    by_feature : ndarray, shape (p,)
        The sum of each feature's share of the errors.
    """

    count: int
    total: float
    by_feature: FloatArray

    @classmethod
    def of(cls, rows: ScoredRows, watch: Watch) -> "JointTally":
        """Rebuild rows."""
        content = watch.reference.get("joint")
        if content is None:
            return cls(0, 0.0, np.empty(0))
        encoding, components = _read(content)
        sums = cls(0, 0.0, np.zeros(len(encoding.codes)))
        for block, _ in _numbered(rows.features):
            columns = encoding.encoded(block)
            errors = _summed_errors(columns.T @ columns, components, encoding.feature_of)
            sums.merge(cls(len(block), float(errors.mean()), errors))
        return sums

    def merge(self, other: "JointTally") -> None:
        """Add the sums of later rows."""
        self.count += other.count
        self.total += other.total
        self.by_feature = self.by_feature + other.by_feature

    @property
    def mean(self) -> float:
        """The mean error."""
        return self.total / self.count


def joint_checks(tally: "Tally", watch: Watch) -> list[Check]:
    """Return the check of all features together."""
    content, sums = watch.reference.get("joint"), tally.joint
    if content is None or not sums.count:
        return []
    before = content["error"]
    change, p_value = _change(tally, watch)
    warn, alarm = watch.limits("change", KEY)
    names = [each["name"] for each in _largest(content, sums)[:_NAMED]]
    return [
        Check(
            "inputs",
            "all features",
            "reconstruction_error",
            sums.mean,
            before["mean"],
            abs(change),
            warn,
            alarm,
            p_value,
            "features go together otherwise than they did: what one tells of the others has an error "
            f"of {sums.mean:.3g}, against {before['mean']:.3g} in training ({change:+.0%}; warning from "
            f"{warn:.0%}), most of all for {', '.join(names)}.",
            "Look for a join that went wrong, a unit that changed with another column, or rows of a kind "
            "that was not there before, such as a month that training never saw.",
            watch.ordinary(KEY),
            # It says that something changed, and not what that does to the model.
            at_most="warning",
            brief=f"features go together otherwise than they did, most of all {', '.join(names)}",
        )
    ]


def joint_facts(
    tally: "Tally", watch: Watch, checks: Sequence[Check] = ()
) -> dict[str, Any] | None:
    """Return what is told of all features together; None where there are no two that vary.

    Parameters
    ----------
    tally : Tally
    watch : Watch
    checks : sequence of Check
        All checks of the batch, judged, for the level.
    """
    content, sums = watch.reference.get("joint"), tally.joint
    if content is None or not sums.count:
        return None
    change, p_value = _change(tally, watch)
    warn, alarm = watch.limits("change", KEY)
    return {
        "reconstruction_error": {
            "now": sums.mean,
            "before": content["error"]["mean"],
            "ratio": 1 + change,
            "warn_from": warn,
            "alarm_from": alarm,
            "ordinary": watch.ordinary(KEY),
            "p_value": p_value,
            "level": next((check.level for check in checks if check.key == KEY), "fine"),
        },
        "component_count": len(content["components"]),
        "kept_variance": content["kept_variance"],
        "feature_count": len(content["encoding"]),
        "of_features": content["of_features"],
        "left_out": [{"name": name, "reason": _LEFT_OUT} for name in content.get("left_out", ())],
        "features": _largest(content, sums)[:_MOST_COMPONENTS],
    }


def _change(tally: "Tally", watch: Watch) -> tuple[float, float]:
    """Return the relative change of the mean error, and its p-value."""
    before, sums = watch.reference["joint"]["error"], tally.joint
    rows = effective_rows(tally.clusters, sums.count, before["shared"], watch.reference["clusters"])
    p_value = mean_p_value(sums.mean - before["mean"], before["sd"], before["effective_rows"], rows)
    if before["mean"] > 0:
        return sums.mean / before["mean"] - 1, p_value
    return (1.0 if sums.mean > 0 else 0.0), p_value


def _largest(content: Mapping[str, Any], sums: JointTally) -> list[dict[str, Any]]:
    """Return the features by how much more, or less, error they have."""
    now = sums.by_feature / sums.count
    before = np.array(content["error"]["by_feature"])
    names = [each["name"] for each in content["encoding"]]
    order = np.argsort(-np.abs(now - before), kind="stable")
    return [
        {"name": names[place], "now": float(now[place]), "before": float(before[place])}
        for place in order
    ]


def joint_reference(
    train: pd.DataFrame, schema: Schema, left_out: Sequence[str] = ()
) -> dict[str, Any] | None:
    """Fit the components, and measure with which errors they rebuild rows.

    Parameters
    ----------
    train : DataFrame
        Training rows, features in model form, with the time and group columns.
    schema : Schema
    left_out : sequence of str
        Features that go on with time, of which nothing can be told ahead of training; from
        `assay.monitoring.ahead.ahead_of_time`.

    Returns
    -------
    dict or None
        None where no two columns vary: there is nothing to go together.
    """
    step = -(-len(train) // _MOST_ROWS)
    rows = train.iloc[::step].reset_index(drop=True)
    features = rows[[name for name in schema.feature_names if name not in set(left_out)]]
    encoding = fit_encoding(features, schema.names_of("numeric"))
    if len(encoding.codes) < 2:
        return None
    fold = np.arange(len(rows)) % _FOLDS
    moments = np.zeros((_FOLDS, encoding.width, encoding.width))
    for block, where in _numbered(features):
        columns = encoding.encoded(block)
        for number in range(_FOLDS):
            of_fold = columns[fold[where] == number]
            moments[number] += of_fold.T @ of_fold
    total = moments.sum(axis=0)
    components, kept = _components(total)
    fitted = [_components(total - moments[number], len(components))[0] for number in range(_FOLDS)]
    errors = np.empty((len(rows), len(encoding.codes)))
    for block, where in _numbered(features):
        columns = encoding.encoded(block)
        for number in range(_FOLDS):
            of_fold = fold[where] == number
            found = _errors(columns[of_fold], fitted[number], encoding.feature_of)
            errors[where[of_fold]] = found
    of_rows = errors.mean(axis=1)
    times = rows[schema.time_column].to_numpy() if schema.time_column else None
    codes = cluster_codes(times, rows[schema.group_column] if schema.group_column else None)
    shared = shared_by_kind(of_rows, codes)
    return {
        "encoding": encoding.to_json(),
        "components": components.tolist(),
        "kept_variance": kept,
        "of_features": len(schema.features),
        "left_out": list(left_out),
        "row_count": len(rows),
        "error": {
            "mean": float(of_rows.mean()),
            "sd": float(of_rows.std()),
            "by_feature": errors.mean(axis=0).tolist(),
            "shared": shared,
            "effective_rows": reference_effective_rows(
                cluster_reference(codes, len(rows)), len(rows), shared
            ),
        },
    }


def _components(moments: FloatArray, count: int | None = None) -> tuple[FloatArray, float]:
    """Return the first components, one a row, and which share of the variance they keep.

    Parameters
    ----------
    moments : ndarray, shape (p, p)
        Sums of products of the columns.
    count : int or None
        How many; None for as many as keep enough.
    """
    values, vectors = np.linalg.eigh(moments)
    shares = np.maximum(values[::-1], 0) / max(float(values.sum()), np.finfo(float).tiny)
    if count is None:
        enough = int(np.searchsorted(np.cumsum(shares), _KEPT_VARIANCE)) + 1
        count = max(1, min(enough, _MOST_COMPONENTS, len(values) - 1))
    found = vectors.T[::-1][:count]
    # A component and its opposite are the same; the largest of its weights is positive.
    largest = found[np.arange(count), np.abs(found).argmax(axis=1)]
    return np.ascontiguousarray(found * np.sign(largest)[:, None]), float(shares[:count].sum())


def _errors(
    columns: FloatArray, components: FloatArray, feature_of: npt.NDArray[np.intp]
) -> FloatArray:
    """Return the squared error of each row and feature, (n, features)."""
    left = columns - (columns @ components.T) @ components
    starts = np.flatnonzero(np.diff(feature_of, prepend=-1))
    errors: FloatArray = np.add.reduceat(left * left, starts, axis=1)
    return errors


def _summed_errors(
    moments: FloatArray, components: FloatArray, feature_of: npt.NDArray[np.intp]
) -> FloatArray:
    """Return the sum over rows of `_errors`, from the sums of products of their columns."""
    left = np.eye(len(moments)) - components.T @ components
    errors = np.einsum("ij,ij->i", left @ moments, left)
    starts = np.flatnonzero(np.diff(feature_of, prepend=-1))
    return np.asarray(np.maximum(np.add.reduceat(errors, starts), 0.0), dtype=float)


def _numbered(features: pd.DataFrame) -> Iterator[tuple[pd.DataFrame, npt.NDArray[np.intp]]]:
    """Yield blocks of rows with their numbers."""
    for start in range(0, len(features), _BLOCK):
        block = features.iloc[start : start + _BLOCK]
        yield block, np.arange(start, start + len(block))


def _read(content: Mapping[str, Any]) -> tuple[Encoding, FloatArray]:
    return encoding_from_json(content["encoding"]), np.array(content["components"], dtype=float)
