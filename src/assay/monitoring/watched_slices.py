"""The slices of the holdout in which the model was weakest, watched by name."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from assay.metrics.calibration import levels
from assay.metrics.words import metric_words
from assay.monitoring.check import EXIT_CODES, Check, Level, limits
from assay.monitoring.clusters import cluster_codes
from assay.monitoring.figures import (
    Figure,
    apart_p_value,
    figure_of_json,
    fixed,
    mean_figure,
    metric_figure,
)
from assay.monitoring.performance import enough_of_each_class, y_true_of
from assay.monitoring.retraining import retraining_limit
from assay.monitoring.rows import ScoredRows
from assay.monitoring.sample import DrawnRows, RowSample
from assay.monitoring.telling import number
from assay.monitoring.watch import Watch
from assay.monitoring.watched_conditions import memberships, slice_of_json

if TYPE_CHECKING:
    from assay.monitoring.tally import Tally

# A slice of fewer rows with outcomes is told, and not judged.
FEWEST_ROWS = 100


@dataclass
class SliceTally:
    """Rows of each watched slice.

    Attributes
    ----------
    row_count : int
        Rows of all.
    counts : ndarray of int, shape (s,)
        In the order of the reference.
    """

    row_count: int = 0
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @classmethod
    def of(cls, rows: ScoredRows, watch: Watch) -> "SliceTally":
        """Count rows."""
        slices = [slice_of_json(each) for each in watch.reference.get("slices", [])]
        inside = memberships(rows, slices, watch.schema)
        return cls(len(rows), inside.sum(axis=0, dtype=np.int64))

    def merge(self, other: "SliceTally") -> None:
        """Add the counts of later rows."""
        self.row_count += other.row_count
        self.counts = self.counts + other.counts


@dataclass(frozen=True)
class MeasuredSlice:
    """What is measured on the rows of a slice that have outcomes.

    Attributes
    ----------
    n : int
    metric, gap : Figure
        The gap is the mean outcome less the mean prediction.
    mean_outcome, mean_prediction : float
    judged : bool
        Whether there are rows enough, and enough of each class.
    """

    n: int
    metric: Figure
    gap: Figure
    mean_outcome: float
    mean_prediction: float
    judged: bool


_KEPT: "WeakKeyDictionary[RowSample, tuple[int, Watch, list[MeasuredSlice]]]" = WeakKeyDictionary()


def _measured(tally: "Tally", watch: Watch) -> list[MeasuredSlice]:
    """Return what is measured on each slice; it is done once for a finished tally."""
    sample = tally.judged
    kept = _KEPT.get(sample)
    if kept is None or kept[0] != sample.total or kept[1] is not watch:
        rows = sample.rows
        told = watch.reference.get("slices", [])
        found = [
            _measure(rows.take(rows.slices[:, place]), each, watch)
            for number, each in enumerate(told)
        ]
        kept = sample.total, watch, found
        _KEPT[sample] = kept
    return kept[2]


def _measure(rows: DrawnRows, told: Mapping[str, Any], watch: Watch) -> MeasuredSlice:
    n, nothing = len(rows), Figure(np.nan)
    if not n:
        return MeasuredSlice(0, nothing, nothing, np.nan, np.nan, False)
    codes = cluster_codes(rows.times, rows.groups)
    y_true, shared = y_true_of(rows, watch), told["shared"]
    outcome, level = levels(watch.schema.task, y_true, rows.predicted)
    expected = 0.0 if watch.schema.task == "regression" else float(np.mean(level * (1 - level)))
    metric = metric_figure(
        watch.metric, y_true, rows.predicted, codes, shared["metric"], watch.seed
    )
    return MeasuredSlice(
        n,
        metric,
        mean_figure(outcome - level, codes, shared["gap"], expected),
        float(outcome.mean()),
        float(level.mean()),
        n >= FEWEST_ROWS,
    )


def slice_checks(tally: "Tally", watch: Watch) -> list[Check]:
    """Return the checks of watched slices: of the primary metric, and of the level of predictions.

    A slice of fewer than `FEWEST_ROWS` rows with outcomes has none, and neither has a metric that its
    rows do not define.
    """
    if tally.judged.total < watch.params.min_rows:
        return []
    rows, checks = tally.judged.rows, list[Check]()
    told_of = watch.reference.get("slices", [])
    for place, (told, found) in enumerate(zip(told_of, _measured(tally, watch), strict=True)):
        if found.judged:
            own = rows.take(rows.slices[:, place])
            checks += [*_metric_check(told, found, own, watch), *_gap_check(told, found, watch)]
    return checks


def _metric_check(
    told: Mapping[str, Any], found: MeasuredSlice, rows: DrawnRows, watch: Watch
) -> Iterator[Check]:
    """Yield the check of the metric: a drop beyond chance, in the metric's own unit."""
    metric, now, before = watch.metric, found.metric, figure_of_json(told["metric"])
    if not (now.known and before.known and enough_of_each_class(rows, watch, metric)):
        return
    drop = before.value - now.value if metric.greater_is_better else now.value - before.value
    limit = retraining_limit(metric, vars(before))
    yield Check(
        area="slices",
        subject=told["text"],
        measure="metric_drop",
        now=now.value,
        before=before.value,
        effect=max(drop, 0.0),
        warn_from=float(np.finfo(float).tiny),
        alarm_from=max(abs(before.value - limit), 1e-12),
        p_value=apart_p_value(now, before, -1 if metric.greater_is_better else 1),
        sentence=(
            f"{told['text']}: {metric_words(metric.name)} is {number(now.value)} on {found.n:,} rows with outcomes, "
            f"against {number(before.value)} on the holdout's {told['n']:,} (alarm "
            f"{'below' if metric.greater_is_better else 'above'} {number(limit)})."
        ),
        brief=f"{metric_words(metric.name)} of {told['text']} is {number(now.value)}, against "
        f"{number(before.value)} on the holdout",
        look_at=f"Look at rows of {told['text']}: it is watched because {told['why_watched']}.",
    )


def _gap_check(told: Mapping[str, Any], found: MeasuredSlice, watch: Watch) -> Iterator[Check]:
    now, before = found.gap, figure_of_json(told["gap"])
    if not (now.known and before.known):
        return
    regression = watch.schema.task == "regression"
    scale = 1.0
    if regression:
        scale = float(watch.reference["performance"]["target_sd"] or 1.0)
    warn, alarm = limits(
        watch.params, "change" if regression else "rate", abs(before.value) / scale
    )
    means = (
        f"{number(found.mean_prediction)}, and the mean outcome {number(found.mean_outcome)}"
        if regression
        else f"{found.mean_prediction:.1%}, and their share of outcomes {found.mean_outcome:.1%}"
    )
    off = (now.value, before.value, warn * scale)
    gaps = [f"{each:.3g}" if regression else f"{100 * each:.1f} percentage points" for each in off]
    yield Check(
        area="slices",
        subject=told["text"],
        measure="calibration_gap",
        now=now.value,
        before=before.value,
        effect=abs(now.value) / scale,
        warn_from=warn,
        alarm_from=alarm,
        p_value=max(apart_p_value(now, fixed(0.0)), apart_p_value(now, before)),
        sentence=(
            f"{told['text']}: predictions are too {'high' if now.value < 0 else 'low'}: their mean is "
            f"{means}, a gap of {gaps[0]} on {found.n:,} rows (holdout {gaps[1]}; warning from "
            f"{gaps[2]})."
        ),
        brief=f"predictions for {told['text']} are too {'high' if now.value < 0 else 'low'} by {gaps[0]}",
        look_at=f"Look at rows of {told['text']}: it is watched because {told['why_watched']}.",
    )


def slice_facts(tally: "Tally", watch: Watch, checks: Sequence[Check] = ()) -> list[dict[str, Any]]:
    """Return what is told of every watched slice, for the page.

    Parameters
    ----------
    tally : Tally
    watch : Watch
    checks : sequence of Check
        All checks of the batch, judged: a slice has the gravest level of its own.
    """
    told_of = watch.reference.get("slices", [])
    facts = []
    for place, (told, found) in enumerate(zip(told_of, _measured(tally, watch), strict=True)):
        own = [c.level for c in checks if c.area == "slices" and c.subject == told["text"]]
        count, rows = int(tally.slices.counts[place]), max(tally.slices.row_count, 1)
        before = figure_of_json(told["metric"])
        facts.append(
            {
                "name": told["text"],
                "why_watched": told["why_watched"],
                "rows": count,
                "n": found.n,
                "share": {"now": count / rows, "before": told["share"]},
                "metric": watch.metric.name,
                **found.metric.told(),
                "holdout": before.told() | {"n": told["n"]},
                "mean_prediction": _mean_prediction(tally, number, found, watch),
                "mean_outcome": found.mean_outcome if found.n else None,
                "gap": found.gap.told() | {"holdout": told["gap"]["value"]},
                "judged": found.judged and tally.judged.total >= watch.params.min_rows,
                "level": _gravest(own),
            }
        )
    return facts


def _gravest(told: list[Level]) -> Level | None:
    return sorted(told, key=EXIT_CODES.__getitem__)[-1] if told else None


def _mean_prediction(
    tally: "Tally", number: int, found: MeasuredSlice, watch: Watch
) -> float | None:
    """Return the mean of rows with outcomes; of all drawn rows, where there are none of these."""
    if found.n:
        return found.mean_prediction
    rows = tally.scored.rows
    inside = rows.slices[:, place]
    if not inside.any():
        return None
    predicted = rows.predicted[inside]
    return float((predicted.max(axis=1) if predicted.ndim == 2 else predicted).mean())
