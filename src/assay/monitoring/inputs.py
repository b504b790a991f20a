"""How the values of each feature are spread, among the rows of a batch."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.monitoring.binning import bin_labels
from assay.monitoring.check import EXIT_CODES, Check, Level
from assay.monitoring.compared import Compared, compared, customary
from assay.monitoring.feature_checks import MEASURES, OTHERS, feature_checks, missing_rate_before
from assay.monitoring.feature_counts import CategoryCounts, FeatureCounts, NumberCounts
from assay.monitoring.rows import ScoredRows
from assay.monitoring.watch import Watch

if TYPE_CHECKING:
    from assay.monitoring.tally import Tally

# The bins of categories that a reader is shown.
_SHOWN_CATEGORIES = 10


@dataclass
class InputTally:
    """Counts of every feature.

    Attributes
    ----------
    features : dict of str to FeatureCounts
        In the order of the reference.
    """

    features: dict[str, FeatureCounts] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: ScoredRows, watch: Watch) -> "InputTally":
        """Count rows."""
        tally = cls()
        for name, entry in watch.reference.get("inputs", {}).items():
            column = rows.features[name]
            if entry["kind"] == "numeric":
                tally.features[name] = NumberCounts.of(column.to_numpy(dtype=float), entry)
            else:
                tally.features[name] = CategoryCounts.of(column, entry)
        return tally

    def merge(self, other: "InputTally") -> None:
        """Add the counts of later rows."""
        for name, counts in other.features.items():
            if name in self.features:
                # Both were counted by one reference, so they are of one kind.
                self.features[name].merge(counts)  # type: ignore[arg-type]
            else:
                self.features[name] = counts


def input_checks(tally: "Tally", watch: Watch) -> list[Check]:
    """Return the checks of every feature; see `assay.monitoring.feature_checks`.

    Parameters
    ----------
    tally : Tally
    watch : Watch
    """
    return [
        check
        for name, entry, counts in _features(tally, watch)
        for check in feature_checks(
            name, entry, counts, _compared(entry, counts, tally, watch), tally, watch
        )
    ]


def _features(
    tally: "Tally", watch: Watch
) -> Iterator[tuple[str, Mapping[str, Any], FeatureCounts]]:
    for name, entry in watch.reference.get("inputs", {}).items():
        yield name, entry, tally.inputs.features[name]


def _compared(
    entry: Mapping[str, Any], counts: FeatureCounts, tally: "Tally", watch: Watch
) -> Compared:
    return compared(entry, counts, tally.clusters, watch.reference["clusters"], watch.seed)


def feature_facts(
    tally: "Tally",
    watch: Watch,
    checks: Sequence[Check] = (),
    type_notes: Mapping[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Return what is told of every feature, for the page.

    Parameters
    ----------
    tally : Tally
    watch : Watch
    checks : sequence of Check
        All checks of the batch, judged: the level of a feature is that of its gravest one.
    type_notes : dict of str to str, optional
        By feature, a sentence on values of another type than in training.

    Returns
    -------
    list of dict
        In the order of the reference.
    """
    judged = {check.key: check for check in checks if check.area == "inputs"}
    notes = type_notes or {}
    return [
        _fact(name, entry, counts, tally, watch, judged) | {"type_note": notes.get(name)}
        for name, entry, counts in _features(tally, watch)
    ]


def _fact(
    name: str,
    entry: Mapping[str, Any],
    counts: FeatureCounts,
    tally: "Tally",
    watch: Watch,
    judged: Mapping[str, Check],
) -> dict[str, Any]:
    found = _compared(entry, counts, tally, watch)
    missing = counts.missing / max(tally.row_count, 1)
    return {
        "name": name,
        "kind": entry["kind"],
        "missing_rate": {"now": missing, "before": missing_rate_before(entry)},
        **_beyond(entry, counts),
        **_means(entry, counts),
        **_judged(name, found, judged, watch),
        **customary(entry, counts, found),
        "bins": _bins(entry, found),
    }


def _beyond(entry: Mapping[str, Any], counts: FeatureCounts) -> dict[str, Any]:
    """Return the shares of values that fitting never saw."""
    told: dict[str, Any] = dict.fromkeys(
        ("unknown_rate", "outside_rate", "far_outside_rate", "below_rate", "above_rate", "range")
    )
    known = max(counts.known, 1)
    if isinstance(counts, CategoryCounts):
        return told | {"unknown_rate": int(counts.counts[-1]) / known}
    return told | {
        "outside_rate": (counts.below + counts.above) / known,
        "far_outside_rate": counts.far / known,
        "below_rate": counts.below / known,
        "above_rate": counts.above / known,
        "range": entry["range"],
    }


def _means(entry: Mapping[str, Any], counts: FeatureCounts) -> dict[str, Any]:
    told: dict[str, Any] = dict.fromkeys(("mean", "sd_before", "standardised_mean_shift"))
    if not isinstance(counts, NumberCounts):
        return told
    now, before, deviation = counts.mean, entry["mean"], entry["deviation"]
    told |= {"mean": {"now": now, "before": before}, "sd_before": deviation}
    if now is not None and deviation:
        told["standardised_mean_shift"] = (now - before) / deviation
    return told


def _judged(
    name: str, found: Compared, judged: Mapping[str, Check], watch: Watch
) -> dict[str, Any]:
    key = f"inputs:{name}:js_distance"
    warn, alarm = watch.limits("distance", key, found.reach)
    levels: list[Level] = [
        judged[f"inputs:{name}:{measure}"].level
        for measure in MEASURES
        if f"inputs:{name}:{measure}" in judged
    ]
    return {
        "js_distance": found.distance,
        "warn_from": warn,
        "alarm_from": alarm,
        "ordinary": watch.ordinary(key),
        "p_value": found.p_value,
        "effective_rows": found.sharing.rows_now,
        "level": max(levels, key=EXIT_CODES.__getitem__, default="fine"),
    }


def _bins(entry: Mapping[str, Any], found: Compared) -> list[dict[str, Any]]:
    """Return the shares of both sides, of few enough bins to be seen at once."""
    before, now = found.before, found.now
    if entry["kind"] == "numeric":
        fine = np.asarray(entry["edges"], dtype=float)
        last = np.flatnonzero(np.diff(np.asarray(entry["coarse"], dtype=np.int64)))
        labels = bin_labels(fine[last])
    else:
        top = len(entry["categories"])
        few = min(top, _SHOWN_CATEGORIES)
        labels = [*entry["categories"][:few], *OTHERS]
        before, now = (
            np.array([*side[:few], side[few : top + 1].sum(), side[top + 1]])
            for side in (before, now)
        )
    return [
        {"label": label, "before": float(old), "now": float(new)}
        for label, old, new in zip(labels, before, now, strict=True)
    ]
