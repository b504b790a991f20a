"""How predictions and decisions are spread, among the rows of a batch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.drift import jensen_shannon_distance, population_stability_index
from assay.metrics.core import FloatArray
from assay.monitoring.binning import COARSE, bin_counts, bin_edges, bin_labels, bins_of
from assay.monitoring.check import Check, Level, Scale, rate_reach
from assay.monitoring.clusters import (
    cluster_codes,
    cluster_reference,
    effective_rows,
    reference_effective_rows,
    shared_by_kind,
)
from assay.monitoring.estimate import estimate_reference
from assay.monitoring.joint import joint_facts
from assay.monitoring.noise import js_p_value, mean_p_value, rate_p_value
from assay.monitoring.output_values import OutputValues, class_columns, output_values
from assay.monitoring.output_words import Words, words_of
from assay.monitoring.rows import ScoredRows
from assay.monitoring.sharing import bin_sharing, sharing_of
from assay.monitoring.watch import Watch
from assay.schema import Schema
from assay.sections import TaskParams
from assay.uncertainty.rates import wilson_interval

if TYPE_CHECKING:
    from assay.monitoring.tally import Tally

IntArray = np.ndarray[Any, np.dtype[np.int64]]
_SUBJECT = "predictions"
_CONFIDENCE, _WIDTH = 0.95, 1.959963984540054


@dataclass
class OutputTally:
    """Counts and sums of predictions and decisions.

    Attributes
    ----------
    row_count : int
    bins : ndarray of int, shape (b,)
        Rows in each of the reference's bins.
    hits : dict of str to int
        Rows that are flagged, or decided.
    sums : dict of str to ndarray, each of shape (2,)
        Of each number with a mean, the sum and the sum of squares.
    classes : ndarray of int, shape (k,)
        Rows of each predicted class; empty where there are not more than two.
    """

    row_count: int
    bins: IntArray
    hits: dict[str, int]
    sums: dict[str, FloatArray]
    classes: IntArray

    @classmethod
    def of(cls, rows: ScoredRows, watch: Watch) -> "OutputTally":
        """Count rows."""
        values = output_values(rows.predicted, watch.schema, watch.decision)
        edges = np.array(watch.reference["outputs"]["edges"], dtype=float)
        return counted(values, edges, len(watch.schema.labels))

    def merge(self, other: "OutputTally") -> None:
        """Add the counts of later rows."""
        self.row_count += other.row_count
        self.bins = self.bins + other.bins
        self.classes = self.classes + other.classes
        self.hits = {name: count + other.hits[name] for name, count in self.hits.items()}
        self.sums = {name: sums + other.sums[name] for name, sums in self.sums.items()}

    def to_json(self) -> dict[str, Any]:
        """Return shares and means; a tally of nothing has zeros."""
        n = max(self.row_count, 1)
        return {
            "row_count": self.row_count,
            "bins": (self.bins / n).tolist(),
            "rates": {name: count / n for name, count in self.hits.items()},
            "means": {name: self.mean_and_sd(name) for name in self.sums},
            "classes": (self.classes / n).tolist(),
        }

    def mean_and_sd(self, name: str) -> list[float]:
        """Return a number's mean and standard deviation."""
        n = max(self.row_count, 1)
        mean, square = (float(each) / n for each in self.sums[name])
        return [mean, max(square - mean**2, 0.0) ** 0.5]


def counted(values: OutputValues, edges: FloatArray, labels: int) -> OutputTally:
    """Count what predictions say of rows.

    Parameters
    ----------
    values : OutputValues
    edges : ndarray
        Bounds of the bins.
    labels : int
        How many classes there are.
    """
    classes = np.zeros(0, dtype=np.int64)
    if values.classes is not None:
        classes = np.bincount(values.classes, minlength=labels).astype(np.int64)
    return OutputTally(
        len(values.binned),
        bin_counts(values.binned, edges),
        {name: int(hits.sum()) for name, hits in values.rates.items()},
        {name: np.array([each.sum(), each @ each]) for name, each in values.means.items()},
        classes,
    )


def output_reference(
    out_of_fold: ScoredRows,
    holdout: ScoredRows,
    schema: Schema,
    decision: Mapping[str, Any],
    task: TaskParams,
) -> dict[str, Any]:
    """Describe predictions and decisions of rows that the model did not learn from.

    Parameters
    ----------
    out_of_fold, holdout : ScoredRows
        With calibrated predictions that were made out-of-fold, and for the holdout. Only the first ones
        are what a batch is compared with; the others are told beside.
    schema : Schema
    decision : dict
        The content of `decision.json`.
    task : TaskParams

    Returns
    -------
    dict
        `edges`, `clusters` and `bins` (which rows share days and groups, and how they share bins),
        `out_of_fold` and `holdout` (each `OutputTally.to_json`), `shared` (intraclass correlations by
        statistic), `effective_rows` (independent out-of-fold rows, by statistic) and
        `estimate` (see `estimate_reference`).
    """
    values = output_values(out_of_fold.predicted, schema, decision)
    edges, labels = _edges(values), len(schema.labels)
    before = counted(values, edges, labels).to_json()
    of_holdout = output_values(holdout.predicted, schema, decision)
    codes = cluster_codes(out_of_fold.times, out_of_fold.groups)
    clusters, n = cluster_reference(codes, len(out_of_fold)), len(out_of_fold)
    columns: dict[str, Any] = {**values.rates, **values.means}
    if values.classes is not None:
        columns |= class_columns(values.classes, np.array(before["classes"]))
    shared = {name: shared_by_kind(column, codes) for name, column in columns.items()}
    return {
        "edges": edges.tolist(),
        "clusters": clusters,
        "bins": bin_sharing(bins_of(values.binned, edges), len(edges) + 1, codes),
        "out_of_fold": before,
        "holdout": counted(of_holdout, edges, labels).to_json(),
        "shared": shared,
        "effective_rows": {
            name: reference_effective_rows(clusters, n, of_name) for name, of_name in shared.items()
        },
        "estimate": estimate_reference(out_of_fold, holdout, schema, decision, task),
    }


def _edges(values: OutputValues) -> FloatArray:
    edges = bin_edges(values.binned, COARSE)
    if values.classes is None:
        return edges
    # Of nearly sure classes a share of a percent more or less is no difference.
    rounded: FloatArray = np.unique(np.round(edges, 2))
    return rounded[rounded < 1]


@dataclass(frozen=True)
class Compared:
    """A statistic of a batch beside the same one out-of-fold.

    Attributes
    ----------
    name : str
        What it is stored under in the reference.
    words : Words
    now, before, holdout : float
    rows, rows_before : float
        Effective numbers of rows.
    sd, sd_before : float or None
        The standard deviation of single rows, of a mean; None of a share of rows.
    scale : str or None
        None where it is told and not judged.
    """

    name: str
    words: Words
    now: float
    before: float
    holdout: float
    rows: float
    rows_before: float
    sd: float | None
    sd_before: float | None
    scale: Scale | None

    @property
    def key(self) -> str:
        """The key of its check."""
        return f"outputs:{self.words.subject}:{self.words.measure}"

    @property
    def p_value(self) -> float:
        """How often chance gives such a difference."""
        if self.sd_before is None:
            return rate_p_value(self.before, self.now, self.rows_before, self.rows)
        return mean_p_value(self.now - self.before, self.sd_before, self.rows_before, self.rows)

    @property
    def effect(self) -> float:
        """The difference on its scale."""
        gap = abs(self.now - self.before)
        if self.scale != "change":
            return gap
        return gap / abs(self.before) if self.before else float(gap > 0)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the statistic of rows like the batch's lies, in 95% of batches."""
        if self.sd is not None:
            half = _WIDTH * self.sd / self.rows**0.5
            return self.now - half, self.now + half
        low, high = wilson_interval(self.now, self.rows, _CONFIDENCE)
        return float(low), float(high)

    def check(self, watch: Watch, scale: Scale) -> Check:
        """Return it as a check."""
        is_rate = scale == "rate"
        reach = rate_reach(self.before, self.now) if is_rate else 1.0
        warn, alarm = watch.limits(scale, self.key, reach)
        words = self.words
        return Check(
            "outputs", words.subject, words.measure, self.now, self.before, self.effect, warn, alarm,
            self.p_value, words.sentence(self.now, self.before, self.effect, warn), words.look_at,
            watch.ordinary(self.key), brief=words.brief(self.now, self.before),
            furthest=max(self.before, 1 - self.before) if is_rate else None,
        )  # fmt: skip

    def to_json(self, levels: Mapping[str, Level]) -> dict[str, Any]:
        """Return what is told of it, with the level of its check."""
        low, high = self.interval
        told = {"now": self.now, "before": self.before, "holdout": self.holdout}
        told |= {"ci_low": low, "ci_high": high, "p_value": self.p_value}
        return told | {"level": levels.get(self.key, "fine")}


def output_checks(tally: "Tally", watch: Watch) -> list[Check]:
    """Return the checks of predictions and decisions."""
    if not tally.outputs.row_count:
        return []
    compared = _compared(tally, watch)
    judged = [each.check(watch, each.scale) for each in compared if each.scale is not None]
    return [_distance_check(tally, watch), *judged]


def _compared(tally: "Tally", watch: Watch) -> Iterator[Compared]:
    """Yield every statistic beside what it was."""
    reference, now = watch.reference["outputs"], tally.outputs.to_json()
    before, holdout = reference["out_of_fold"], reference["holdout"]
    for name, share in now["rates"].items():
        # Where every row is decided, whatever its confidence, there is nothing to ask.
        asked: Scale | None = "rate"
        if name == "decided_rate" and watch.decision["min_confidence"] <= 0:
            asked = None
        old, later = before["rates"][name], holdout["rates"][name]
        rows = _rows(tally, watch, name)
        yield Compared(name, words_of(name, watch), share, old, later, *rows, None, None, asked)
    for name, (mean, sd) in now["means"].items():
        (old, sd_old), (later, _) = before["means"][name], holdout["means"][name]
        scale, rows = _MEAN_SCALES[watch.schema.task].get(name), _rows(tally, watch, name)
        yield Compared(name, words_of(name, watch), mean, old, later, *rows, sd, sd_old, scale)
    for name in filter(str.isdecimal, reference["shared"]):
        share, old, later = (each["classes"][int(name)] for each in (now, before, holdout))
        rows = _rows(tally, watch, name)
        yield Compared(name, words_of(name, watch), share, old, later, *rows, None, None, "rate")


# The mean score is the share of positives that the model expects: of rare ones, few more are much. The
# mean of predicted numbers is only told: how far they moved, on the scale of their spread, the distance
# of the distributions says.
_MEAN_SCALES: Mapping[str, Mapping[str, Scale]] = {
    "binary": {"mean_prediction": "change"},
    "multiclass": {"mean_confidence": "change"},
    "regression": {"mean_interval_width": "change"},
}


def _rows(tally: "Tally", watch: Watch, name: str) -> tuple[float, float]:
    """Return the effective numbers of rows of a statistic, in the batch and out-of-fold."""
    reference = watch.reference["outputs"]
    now = effective_rows(
        tally.clusters,
        tally.outputs.row_count,
        reference["shared"][name],
        reference["clusters"],
    )
    return now, reference["effective_rows"][name]


_DISTANCE = f"outputs:{_SUBJECT}:js_distance"


def _distance(tally: "Tally", watch: Watch) -> tuple[float, float, FloatArray, FloatArray]:
    """Return the distance of predictions, its p-value, and the shares of bins before and now."""
    before = np.array(watch.reference["outputs"]["out_of_fold"]["bins"])
    now = tally.outputs.bins / tally.outputs.row_count
    distance = jensen_shannon_distance(before, now)
    reference = watch.reference["outputs"]
    rows_before = reference["out_of_fold"]["row_count"]
    sharing = sharing_of(
        reference["bins"],
        tally.clusters,
        reference["clusters"],
        rows_before,
        tally.outputs.row_count,
    )
    p_value = js_p_value(
        distance,
        before,
        now,
        sharing.rows_before,
        sharing.rows_now,
        spread=sharing.spread,
        seed=watch.seed,
    )
    return distance, p_value, before, now


def _distance_check(tally: "Tally", watch: Watch) -> Check:
    distance, p_value, _, _ = _distance(tally, watch)
    warn, alarm = watch.limits("distance", _DISTANCE)
    return Check(
        "outputs", _SUBJECT, "js_distance", distance, None, distance, warn, alarm, p_value,
        f"predictions: their distribution moved by {distance:.2f} (Jensen-Shannon distance; warning from "
        f"{warn:.2f}).",
        "Look at the features that moved and at their importance in the model card; if none moved, at "
        "the model file and its version.",
        watch.ordinary(_DISTANCE), brief=f"predictions moved by {distance:.2f} (Jensen-Shannon distance)",
    )  # fmt: skip


def output_facts(tally: "Tally", watch: Watch, checks: Sequence[Check] = ()) -> dict[str, Any]:
    """Return what is told of predictions and decisions, for the page.

    Parameters
    ----------
    tally : Tally
    watch : Watch
    checks : sequence of Check
        All checks of the batch, judged, for the levels.
    """
    if not tally.outputs.row_count:
        return {}
    distance, p_value, before, now = _distance(tally, watch)
    warn, alarm = watch.limits("distance", _DISTANCE)
    levels = {check.key: check.level for check in checks}
    edges = np.array(watch.reference["outputs"]["edges"], dtype=float)
    facts: dict[str, Any] = {
        "distribution": {
            "js_distance": distance,
            "psi": population_stability_index(before, now),
            "warn_from": warn,
            "alarm_from": alarm,
            "ordinary": watch.ordinary(_DISTANCE),
            "p_value": p_value,
            "level": levels.get(_DISTANCE, "fine"),
            "bins": [
                {"label": label, "before": float(old), "now": float(new)}
                for label, old, new in zip(bin_labels(edges), before, now, strict=True)
            ],
        },
        "joint": joint_facts(tally, watch, checks),
    }
    shares = []
    for each in _compared(tally, watch):
        if each.name.isdecimal():
            label = str(watch.schema.labels[int(each.name)])
            shares.append({"label": label, **each.to_json(levels)})
        else:
            facts["mean" if each.name == "mean_prediction" else each.name] = each.to_json(levels)
    return facts | ({"predicted_shares": shares} if shares else {})
