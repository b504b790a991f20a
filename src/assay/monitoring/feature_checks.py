"""What is asked of one feature: whether its values moved, are missing, or are none that fitting saw."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.errors import shown
from assay.monitoring.binning import number_text
from assay.monitoring.check import Check, rate_reach
from assay.monitoring.clusters import effective_rows, reference_effective_rows
from assay.monitoring.compared import Compared
from assay.monitoring.feature_counts import (
    CategoryCounts,
    FeatureCounts,
    NumberCounts,
    far_range,
)
from assay.monitoring.noise import rate_p_value
from assay.monitoring.telling import apart, number, percent
from assay.monitoring.unit_hints import unit_hint
from assay.monitoring.watch import Watch

if TYPE_CHECKING:
    from assay.monitoring.tally import Tally

MEASURES = ("js_distance", "missing_rate", "outside_rate", "far_outside_rate", "unknown_rate")
# What stands behind the categories that are counted one by one.
OTHERS = ("rarer categories", "unknown categories")


def feature_checks(
    name: str,
    entry: Mapping[str, Any],
    counts: FeatureCounts,
    found: Compared,
    tally: "Tally",
    watch: Watch,
) -> list[Check]:
    """Return the checks of a feature.

    They are `js_distance` (of its values), `missing_rate`, and `outside_rate` and `far_outside_rate` of
    numbers (beyond all values of fitting, and far beyond them) or `unknown_rate` of categories (that fitting never saw).

    Parameters
    ----------
    name : str
    entry : dict
        The feature's in `reference["inputs"]`.
    counts : FeatureCounts
        Of the batch.
    found : Compared
        The batch against the reference.
    tally : Tally
    watch : Watch
    """
    checks = [
        _moved(name, entry, counts, found, watch),
        _missing(name, entry, counts, tally, watch),
    ]
    if isinstance(counts, CategoryCounts):
        return [*checks, _unknown(name, entry, counts, found, watch)]
    return [
        *checks,
        _outside(name, entry, counts, found, watch),
        _far_outside(name, entry, counts, watch),
    ]


def _moved(
    name: str, entry: Mapping[str, Any], counts: FeatureCounts, found: Compared, watch: Watch
) -> Check:
    key = f"inputs:{name}:js_distance"
    warn, alarm = watch.limits("distance", key, found.reach)
    moved = ""
    if isinstance(counts, NumberCounts):
        told, moved = _mean_told(entry, counts)
        look_at = f"Look at the source and the unit of {shown(name)}.{_unit_hint(entry, counts)}"
    else:
        told = _category_told(entry, found)
        look_at = f"Look at which rows came, and at how {shown(name)} is coded."
    return Check(
        area="inputs",
        subject=name,
        measure="js_distance",
        now=None,
        before=None,
        effect=found.distance,
        warn_from=warn,
        alarm_from=alarm,
        p_value=found.p_value,
        sentence=(
            f"{shown(name)}: the distribution moved by {found.distance:.2f} (Jensen-Shannon distance; "
            f"warning from {warn:.2f}){told}."
        ),
        look_at=look_at,
        ordinary=watch.ordinary(key),
        brief=f"{shown(name)} moved by {found.distance:.2f} (Jensen-Shannon distance){moved}",
        furthest=found.reach,
    )


def _mean_told(entry: Mapping[str, Any], counts: NumberCounts) -> tuple[str, str]:
    """Return what is told of the mean at the end of a sentence, and of a clause."""
    if counts.mean is None or entry["mean"] is None:
        return "", ""
    now, before = apart(counts.mean, entry["mean"])
    return (
        f"; its mean is {now}, against {before} in training",
        f", its mean from {before} to {now}",
    )


def _unit_hint(entry: Mapping[str, Any], counts: NumberCounts) -> str:
    deviation = counts.deviation(entry)
    if counts.mean is None or deviation is None or entry["mean"] is None or not entry["deviation"]:
        return ""
    return unit_hint((counts.mean, deviation), (entry["mean"], entry["deviation"]))


def _category_told(entry: Mapping[str, Any], found: Compared) -> str:
    gaps = np.abs(found.now - found.before)
    most = int(gaps.argmax())
    if gaps[most] == 0:
        return ""
    subject = [*entry["categories"], *OTHERS][most]
    return (
        f"; of {shown(subject)} are {percent(found.now[most])} of rows, against "
        f"{percent(found.before[most])} in training"
    )


def _missing(
    name: str, entry: Mapping[str, Any], counts: FeatureCounts, tally: "Tally", watch: Watch
) -> Check:
    now = counts.missing / max(tally.row_count, 1)
    before = missing_rate_before(entry)
    p_value = rate_p_value(before, now, *_effective(entry["missing_shared"], tally, watch))
    return _rate_check(
        name,
        "missing_rate",
        (now, before),
        p_value,
        watch,
        f"{percent(now)} of rows have no value, against {percent(before)} in training",
        f"has no value in {percent(now)} of rows",
        f"Look at where {shown(name)} comes from: a source or a join gives "
        f"{'fewer' if now > before else 'more'} values.",
    )


def missing_rate_before(entry: Mapping[str, Any]) -> float:
    """Return the share of training rows without a value; `entry` is the feature's in the reference."""
    missing, known = int(entry["missing_count"]), int(entry["row_count"])
    return missing / max(missing + known, 1)


def _effective(shared: Mapping[str, float], tally: "Tally", watch: Watch) -> tuple[float, float]:
    """Return the effective rows of the reference and of the batch."""
    clusters = watch.reference["clusters"]
    return (
        reference_effective_rows(clusters, clusters["row_count"], shared),
        effective_rows(tally.clusters, tally.row_count, shared, clusters),
    )


def _outside(
    name: str, entry: Mapping[str, Any], counts: NumberCounts, found: Compared, watch: Watch
) -> Check:
    known = max(counts.known, 1)
    below, above = counts.below / known, counts.above / known
    now = below + above
    low, high = entry["range"] or (0.0, 0.0)
    return _rate_check(
        name,
        "outside_rate",
        (now, 0.0),
        rate_p_value(0.0, now, found.sharing.rows_before, found.sharing.rows_now),
        watch,
        _beyond_told((below, low), (above, high)),
        f"lies outside of the training range in {percent(now)} of rows",
        f"Look at the unit of {shown(name)}, and at its least and greatest values."
        f"{_unit_hint(entry, counts)}",
    )


def _beyond_told(below: tuple[float, float], above: tuple[float, float]) -> str:
    """Say how many values lie on which side of the training range; each is a share and an end."""
    parts = [
        f"{side} {number(end, 4)}, the {word} in training"
        for (share, end), side, word in (
            (below, "below", "lowest"),
            (above, "above", "highest"),
        )
        if share > 0
    ]
    if len(parts) < 2:
        return f"{percent(below[0] + above[0])} of values are {parts[0] if parts else 'outside'}"
    return f"{percent(below[0])} of values are {parts[0]}, and {percent(above[0])} are {parts[1]}"


def _far_outside(name: str, entry: Mapping[str, Any], counts: NumberCounts, watch: Watch) -> Check:
    """Return the check of values that are further out than all values of fitting lie apart.

    Its p-value takes each row for itself, whatever days it is of. An unusual day lies a little beyond the
    days before; values as far out again as all others lie apart are another unit, or a mark of what is
    missing, and one day of them is enough. Of a long tail, chance draws one now and then, and not many.
    """
    now = counts.far / max(counts.known, 1)
    low, high = far_range(*entry["range"]) if entry["range"] else (0.0, 0.0)
    ends = [end for end in dict.fromkeys((counts.low, counts.high)) if end < low or end > high]
    such = f", such as {' and '.join(map(number_text, ends))}" if counts.far else ""
    return _rate_check(
        name,
        "far_outside_rate",
        (now, 0.0),
        rate_p_value(0.0, now, entry["row_count"], counts.known),
        watch,
        f"{percent(now)} of values lie further outside of all that fitting saw than these lie apart, "
        f"below {number_text(low)} or above {number_text(high)}{such}",
        f"lies far outside of the training range in {percent(now)} of rows{such}",
        f"Look for another unit of {shown(name)}, and for a number that stands for a missing value.",
    )


def _unknown(
    name: str, entry: Mapping[str, Any], counts: CategoryCounts, found: Compared, watch: Watch
) -> Check:
    now = int(counts.counts[-1]) / max(counts.known, 1)
    before: float = entry["unseen_rate"]
    common = sorted(counts.unknown, key=lambda text: (-counts.unknown[text], text))[:3]
    such = f", such as {', '.join(map(shown, common))}" if common else ""
    # Fewer new categories than were to be expected are no harm.
    p_value = rate_p_value(
        before, max(now, before), found.sharing.rows_before, found.sharing.rows_now
    )
    return _rate_check(
        name,
        "unknown_rate",
        (max(now, before), before),
        p_value,
        watch,
        f"{percent(now)} of rows have a category that training never had{such}; "
        f"{percent(before)} were to be expected",
        f"has categories that training never had in {percent(now)} of rows",
        f"Look at what the new categories of {shown(name)} are; until the model is fitted anew, it "
        "treats them as no category at all.",
        now,
    )


def _rate_check(
    name: str,
    measure: str,
    rates: tuple[float, float],
    p_value: float,
    watch: Watch,
    told: str,
    brief: str,
    look_at: str,
    shown_now: float | None = None,
) -> Check:
    """Return the check of a difference of two shares of rows, of the batch and before."""
    now, before = rates
    key = f"inputs:{name}:{measure}"
    warn, alarm = watch.limits("rate", key, rate_reach(before, now))
    return Check(
        area="inputs",
        subject=name,
        measure=measure,
        now=now if shown_now is None else shown_now,
        before=before,
        effect=abs(now - before),
        warn_from=warn,
        alarm_from=alarm,
        p_value=p_value,
        sentence=f"{shown(name)}: {told} (warning from a difference of {percent(warn)}).",
        look_at=look_at,
        ordinary=watch.ordinary(key),
        brief=f"{shown(name)} {brief}",
        furthest=max(before, 1 - before),
    )
