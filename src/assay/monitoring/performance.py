"""How right the model is on a batch whose outcomes are known, against the holdout."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from assay.metrics.calibration import levels
from assay.metrics.catalogue import task_metrics
from assay.metrics.core import FloatArray, TargetArray
from assay.monitoring.check import Check, Level, Scale, limits, rate_reach
from assay.monitoring.clusters import cluster_codes
from assay.monitoring.figures import (
    Figure,
    apart_p_value,
    figure_of_json,
    fixed,
    mean_figure,
    metric_figure,
    with_error_of,
)
from assay.monitoring.metric_drop import drop_check, drop_note, held_against, times_of
from assay.monitoring.performance_reference import outcome_columns, row_values, within_interval
from assay.monitoring.performance_words import gap, lower, outcome_words, share, what_happened
from assay.monitoring.sample import DrawnRows, RowSample
from assay.monitoring.watch import Watch

if TYPE_CHECKING:
    from assay.monitoring.tally import Tally


@dataclass(frozen=True)
class Means:
    """What is measured on the rows with outcomes without a resample.

    Attributes
    ----------
    outcomes : list of Figure
        The mean of each column of outcomes, in the order of the reference.
    gap : Figure
        Mean outcome less mean prediction.
    mean_outcome, mean_prediction : float
        In the unit of the gap.
    coverage, value : Figure or None
    """

    outcomes: list[Figure]
    gap: Figure
    mean_outcome: float
    mean_prediction: float
    coverage: Figure | None
    value: Figure | None


_MEANS: "WeakKeyDictionary[RowSample, tuple[int, Watch, Means]]" = WeakKeyDictionary()
_METRICS: "WeakKeyDictionary[RowSample, tuple[int, Watch, dict[str, Figure]]]" = WeakKeyDictionary()


def _means(tally: "Tally", watch: Watch) -> Means:
    """Return means of the rows with outcomes; they are taken once of a finished tally."""
    sample = tally.judged
    kept = _MEANS.get(sample)
    if kept is None or kept[0] != sample.total or kept[1] is not watch:
        kept = sample.total, watch, _means_of(sample.rows, watch)
        _MEANS[sample] = kept
    return kept[2]


def _metrics(tally: "Tally", watch: Watch) -> dict[str, Figure]:
    """Return the metrics of the rows with outcomes, by name; resampled once for a finished tally."""
    sample = tally.judged
    kept = _METRICS.get(sample)
    if kept is None or kept[0] != sample.total or kept[1] is not watch:
        kept = sample.total, watch, _metrics_of(sample.rows, watch)
        _METRICS[sample] = kept
    return kept[2]


def y_true_of(rows: DrawnRows, watch: Watch) -> TargetArray:
    """Return outcomes as metrics take them."""
    regression = watch.schema.task == "regression"
    return rows.outcome if regression else rows.outcome.astype(np.int64)


def _metrics_of(rows: DrawnRows, watch: Watch) -> dict[str, Figure]:
    reference = watch.reference["performance"]
    codes = cluster_codes(rows.times, rows.groups)
    y_true, predicted = y_true_of(rows, watch), rows.predicted
    return {
        name: with_error_of(
            metric_figure(metric, y_true, predicted, codes, reference["shared"], watch.seed),
            figure_of_json(reference["metrics"][name]),
            len(rows),
            reference["n"],
        )
        for name, metric in task_metrics(watch.schema.task).items()
        if name in reference["metrics"]
    }


def _means_of(rows: DrawnRows, watch: Watch) -> Means:
    reference, schema = watch.reference["performance"], watch.schema
    codes = cluster_codes(rows.times, rows.groups)
    y_true, predicted = y_true_of(rows, watch), rows.predicted
    columns = outcome_columns(y_true, schema).values()
    outcomes = [
        mean_figure(values, codes, told["shared"], _variance(values, told["training"], reference))
        for values, told in zip(columns, reference["outcomes"], strict=True)
    ]
    outcome, level = levels(schema.task, y_true, predicted)
    # What is predicted tells how much few outcomes may vary, whatever they happen to be.
    expected = float(np.mean(level * (1 - level))) if schema.task != "regression" else 0.0
    if schema.task == "regression" and len(rows) and not np.ptp(outcome - level):
        expected = reference["n"] * (reference["gap"]["standard_error"] or 0.0) ** 2
    coverage = value = None
    if reference["coverage"] is not None:
        wanted = reference["coverage"]["wanted"]
        held = within_interval(watch.decision, y_true, predicted)
        shared = reference["coverage"]["shared"]
        coverage = mean_figure(held, codes, shared, wanted * (1 - wanted))
    if reference["value_per_row"] is not None:
        costs = reference["value_per_row"]["costs"]
        values = row_values(schema.task, watch.decision, costs, y_true, predicted)
        value = None if values is None else mean_figure(values, codes, {})
    return Means(
        outcomes,
        mean_figure(outcome - level, codes, reference["gap"]["shared"], expected),
        float(outcome.mean()),
        float(level.mean()),
        coverage,
        value,
    )


def _variance(values: FloatArray, told: Mapping[str, Any], reference: Mapping[str, Any]) -> float:
    """Return the variance that single outcomes had in training: of shares, or of numbers all the same."""
    deviation = reference["target_sd"]
    if deviation is not None:
        return float(deviation) ** 2 if len(values) and not np.ptp(values) else 0.0
    share = told["value"]
    return 0.0 if share is None else share * (1 - share)


def performance_notes(tally: "Tally", watch: Watch) -> list[str]:
    """Return why the primary metric is not judged, where outcomes are known and it is not."""
    if tally.judged.total < watch.params.min_rows or not watch.reference.get("performance"):
        return []
    now = _metrics(tally, watch)[watch.metric.name]
    note = drop_note(now, tally.judged.rows, watch)
    return [] if note is None else [note]


def performance_checks(tally: "Tally", watch: Watch) -> list[Check]:
    """Return the checks of the primary metric, the level of predictions, outcomes and intervals.

    Parameters
    ----------
    tally : Tally
    watch : Watch

    Returns
    -------
    list of Check
        None where fewer outcomes are known than `min_rows`, or none could be judged.
    """
    if tally.judged.total < watch.params.min_rows or not watch.reference.get("performance"):
        return []
    return [
        *drop_check(
            _metrics(tally, watch)[watch.metric.name], tally.judged.rows, _rows(tally), watch
        ),
        *outcome_checks(tally, watch),
        *_coverage_check(watch, _means(tally, watch)),
    ]


def outcome_checks(tally: "Tally", watch: Watch) -> list[Check]:
    """Return the checks of outcomes against training, and of predictions against outcomes.

    They are asked of windows of the table, too, and begin where these went themselves.
    """
    if tally.judged.total < watch.params.min_rows or not watch.reference.get("performance"):
        return []
    found = _means(tally, watch)
    return [*_gap_check(watch, found), *_outcome_checks(watch, found)]


def _gap_check(watch: Watch, found: Means) -> Iterator[Check]:
    reference, now = watch.reference["performance"], found.gap
    before, scale = figure_of_json(reference["gap"]), _unit(watch)
    if not now.known:
        return
    ordinary = abs(before.value) / scale if np.isfinite(before.value) else 0.0
    key = f"performance:{watch.schema.target}:calibration_gap"
    warn, alarm = _limits(watch, key, ordinary)
    many = "high" if now.value < 0 else "low"
    regression = watch.schema.task == "regression"
    what = "Predictions" if watch.schema.task != "multiclass" else "Confidences"
    yield Check(
        area="performance",
        subject=watch.schema.target,
        measure="calibration_gap",
        now=now.value,
        before=before.value,
        effect=abs(now.value) / scale,
        warn_from=warn,
        alarm_from=alarm,
        # Neither none at all nor the holdout's own gap may explain it.
        p_value=max(apart_p_value(now, fixed(0.0)), apart_p_value(now, before)),
        ordinary=watch.ordinary(key),
        sentence=(
            f"{what} are too {many}: their mean is {share(watch, found.mean_prediction)}, and "
            f"{what_happened(watch)} {share(watch, found.mean_outcome)}, a gap of "
            f"{gap(watch, now.value)} (holdout {gap(watch, before.value)}; warning from "
            f"{gap(watch, warn * scale)})."
        ),
        brief=f"{share(watch, found.mean_prediction)} {'is' if regression else 'were'} predicted, and "
        f"{share(watch, found.mean_outcome)} happened",
        look_at=(
            "Compare the share of outcomes with training: if it moved, calibrate or train again on newer "
            "rows; if not, look for features whose meaning changed."
        ),
    )


def _outcome_checks(watch: Watch, found: Means) -> Iterator[Check]:
    scale = _unit(watch)
    told_of = watch.reference["performance"]["outcomes"]
    for now, told in zip(found.outcomes, told_of, strict=True):
        training, holdout = figure_of_json(told["training"]), figure_of_json(told["holdout"])
        if not now.known or not training.known:
            continue
        measure = "outcome_mean" if watch.schema.task == "regression" else "outcome_share"
        key = f"performance:{told['label']}:{measure}"
        ordinary = abs(holdout.value - training.value) / scale
        reach = rate_reach(training.value, now.value) if measure == "outcome_share" else 1.0
        warn, alarm = _limits(watch, key, ordinary, reach=reach)
        p_values = [apart_p_value(now, each) for each in (training, holdout) if each.known]
        yield Check(
            area="performance",
            subject=told["label"],
            measure=measure,
            now=now.value,
            before=training.value,
            effect=abs(now.value - training.value) / scale,
            warn_from=warn,
            alarm_from=alarm,
            p_value=max(p_values),
            ordinary=watch.ordinary(key),
            sentence=(
                f"{outcome_words(watch, told['label'])} {share(watch, now.value)}, against "
                f"{share(watch, training.value)} in training and {share(watch, holdout.value)} on the "
                f"holdout; a warning from {gap(watch, warn * scale)} further than training."
            ),
            brief=f"{lower(outcome_words(watch, told['label']))} {share(watch, now.value)}, against "
            f"{share(watch, training.value)} in training",
            look_at=(
                "Ask whether the world changed or how outcomes are recorded did; with another share of "
                "outcomes, thresholds and calibration are no longer those that were chosen."
            ),
        )


def _coverage_check(watch: Watch, found: Means) -> Iterator[Check]:
    reference, now = watch.reference["performance"]["coverage"], found.coverage
    if reference is None or now is None or not now.known:
        return
    before, wanted = figure_of_json(reference), reference["wanted"]
    key = f"performance:{watch.schema.target}:interval_coverage"
    warn, alarm = _limits(watch, key, abs(before.value - wanted), "rate")
    side = "few" if now.value < wanted else "many"
    yield Check(
        area="performance",
        subject=watch.schema.target,
        measure="interval_coverage",
        now=now.value,
        before=before.value,
        effect=abs(now.value - wanted),
        warn_from=warn,
        alarm_from=alarm,
        p_value=max(apart_p_value(now, fixed(wanted)), apart_p_value(now, before)),
        sentence=(
            f"Intervals hold {now.value:.1%} of outcomes, too {side} for the {wanted:.0%} that are "
            f"wanted (holdout {before.value:.1%}; warning from {warn:.1%} off)."
        ),
        brief=f"intervals hold {now.value:.1%} of outcomes, and {wanted:.0%} were wanted",
        look_at="Errors are of another size than in training: train again, which also fits intervals anew.",
    )


def _limits(
    watch: Watch, key: str, ordinary: float, scale: Scale | None = None, reach: float = 1.0
) -> tuple[float, float]:
    """Return limits that are at least as far as the whole holdout went, and as windows did."""
    own = scale or ("change" if watch.schema.task == "regression" else "rate")
    return limits(watch.params, own, max(ordinary, watch.ordinary(key) or 0.0), reach)


def _unit(watch: Watch) -> float:
    """Return what differences of outcomes are told in: shares, or training's standard deviations."""
    deviation = watch.reference["performance"]["target_sd"]
    return float(deviation) if deviation else 1.0


def _rows(tally: "Tally") -> str:
    drawn = " drawn" if tally.judged.drawn else ""
    return f"{len(tally.judged):,}{drawn} rows with outcomes"


def performance_of(
    tally: "Tally",
    watch: Watch,
    checks: Sequence[Check] = (),
    unknown: Mapping[str, int] | None = None,
) -> dict[str, Any] | None:
    """Return what is told of performance, for the result and the page.

    Parameters
    ----------
    tally : Tally
    watch : Watch
    checks : sequence of Check
        All checks of the batch, judged: the metric has the level of its own.
    unknown : dict of str to int, optional
        Outcomes that are no class of the model, and how often they came.

    Returns
    -------
    dict or None
        None where no outcome is known.
    """
    if not tally.judged.total or not watch.reference.get("performance"):
        return None
    found, reference = _means(tally, watch), watch.reference["performance"]
    measured, rows = _metrics(tally, watch), tally.judged.rows
    first, last = (each.isoformat() if each else None for each in times_of(rows))
    by_key = {check.key: check.level for check in checks}
    metrics = {
        name: figure.told()
        | {
            "holdout": held_against(rows, name, watch)[0].told(),
            "whole_holdout": figure_of_json(reference["metrics"][name]).told(),
            "level": by_key.get(f"performance:{name}:metric_drop"),
            "greater_is_better": task_metrics(watch.schema.task)[name].greater_is_better,
        }
        for name, figure in measured.items()
    }
    told: dict[str, Any] = {
        "n": len(tally.judged),
        "of_rows": tally.row_count,
        "outcomes_known": tally.judged.total,
        "drawn": tally.judged.drawn,
        "judged": tally.judged.total >= watch.params.min_rows,
        "by": measured[watch.metric.name].by,
        "metrics": metrics,
        "holdout_by": held_against(rows, watch.metric.name, watch)[1],
        "first_time": first,
        "last_time": last,
        "mean_outcome": found.mean_outcome,
        "mean_prediction": found.mean_prediction,
        "gap": found.gap.told() | {"holdout": reference["gap"]["value"]},
        "coverage": None,
        "value_per_row": None,
        "unknown_labels": dict(unknown or {}),
    }
    told |= _outcomes_told(watch, found, by_key)
    if found.coverage is not None:
        told["coverage"] = found.coverage.told() | {
            "wanted": reference["coverage"]["wanted"],
            "holdout": reference["coverage"]["value"],
            "level": by_key.get(f"performance:{watch.schema.target}:interval_coverage"),
        }
    if found.value is not None:
        told["value_per_row"] = found.value.told() | {
            "now": found.value.value,
            "holdout": reference["value_per_row"]["value"],
        }
    return told


def _outcomes_told(watch: Watch, found: Means, by_key: Mapping[str, Level]) -> dict[str, Any]:
    """Return the means of outcomes: one number, and for several classes the share of each."""
    measure = "outcome_mean" if watch.schema.task == "regression" else "outcome_share"
    each = [
        figure.told()
        | {
            "label": told["label"],
            "now": figure.told()["value"],
            "before": told["training"]["value"],
            "holdout": told["holdout"]["value"],
            "level": by_key.get(f"performance:{told['label']}:{measure}"),
        }
        for figure, told in zip(
            found.outcomes, watch.reference["performance"]["outcomes"], strict=True
        )
    ]
    if watch.schema.task == "multiclass":
        return {"outcome_mean": None, "outcome_shares": each}
    return {"outcome_mean": each[0], "outcome_shares": []}
