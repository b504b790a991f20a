"""Which slices of the holdout are watched in every batch, and how the model did on them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.metrics.calibration import levels
from assay.monitoring.clusters import cluster_codes
from assay.monitoring.figures import mean_figure, metric_figure, shared_of_metric
from assay.monitoring.performance_reference import alike
from assay.monitoring.watched_conditions import slice_json
from assay.slices.conditions import Slice, view_of
from assay.slices.cuts import named_slices
from assay.slices.found import search_slices
from assay.slices.judge import FAILS, HARD

# Slices that are watched at most: each costs power for all checks.
_MOST = 20
# Parts of the past that cannot come again.
_PAST = frozenset({"year", "calendar month", "time"})


@dataclass(frozen=True)
class _Weak:
    """A slice with the reason for which it is watched."""

    slice: Slice
    verdict: str
    why: str


def slice_reference(
    evidence: Evidence, slices: pd.DataFrame, found: pd.DataFrame, slice_count: int
) -> list[dict[str, Any]]:
    """Choose the slices that are watched by name, and describe how the model did on them.

    These are the slices on which it failed, then those that are hard, then the `slice_count` weakest
    of the others, by how much worse they are than their predictions expect. Months and years of the
    past are none: they cannot come again.

    Parameters
    ----------
    evidence : Evidence
    slices, found : DataFrame
        The tables `slices` and `found_slices` of the report.
    slice_count : int

    Returns
    -------
    list of dict
        Each with `feature`, `name`, `kind`, `conditions` (see `slice_json`), `text`, `why_watched`,
        `n`, `share`, `metric` and `gap` (figures), `shared`, `mean_outcome` and `mean_prediction`.
    """
    chosen = [*_weakest(evidence, slices, found, slice_count)][:_MOST]
    holdout = evidence.holdout
    view = view_of(holdout.rows, evidence.schema)
    time, group = evidence.schema.time_column, evidence.schema.group_column
    known = evidence.out_of_fold
    trained = cluster_codes(
        known.rows[time].to_numpy() if time else None, known.rows[group] if group else None
    )
    seed, metric = evidence.task.seed, evidence.metric
    shared = shared_of_metric(metric, known.y_true, known.y_predicted, trained, seed)
    before, before_level = levels(evidence.task.type, known.y_true, known.y_predicted)
    gap_shared = alike(before - before_level, trained)
    outcome, level = levels(evidence.task.type, holdout.y_true, holdout.y_predicted)
    told = []
    for weak in chosen:
        inside = weak.slice.inside(view)
        rows = holdout.rows[inside]
        codes = cluster_codes(
            rows[time].to_numpy() if time else None, rows[group] if group else None
        )
        told.append(
            {
                **slice_json(weak.slice),
                "text": str(weak.slice),
                "why_watched": weak.why,
                "n": int(inside.sum()),
                "share": float(inside.mean()),
                "metric": metric_figure(
                    metric,
                    holdout.y_true[inside],
                    holdout.y_predicted[inside],
                    codes,
                    shared,
                    seed,
                ).to_json(),
                "gap": mean_figure((outcome - level)[inside], codes, gap_shared).to_json(),
                "shared": {"metric": shared, "gap": gap_shared},
                "mean_outcome": float(outcome[inside].mean()),
                "mean_prediction": float(level[inside].mean()),
            }
        )
    return _named_apart(told)


def _weakest(
    evidence: Evidence, slices: pd.DataFrame, found: pd.DataFrame, count: int
) -> Iterator[_Weak]:
    """Yield slices to watch, the gravest first, each set of rows once."""
    schema = evidence.schema
    cut_by = set(slices["feature"].astype(str))
    numeric = [name for name in schema.names_of("numeric") if name in cut_by]
    by_name = named_slices(evidence, schema.names_of("categorical"), numeric)
    by_rule = {each.slice.name: each.slice for each in search_slices(evidence)}
    view = view_of(evidence.holdout.rows, schema)
    rows: list[tuple[Slice, dict[Any, Any]]] = []
    for row in slices.to_dict("records"):
        each = by_name.get((str(row["feature"]), str(row["slice"]), row["kind"]))
        rows += [(each, row)] if each is not None else []
    for row in found.to_dict("records"):
        each = by_rule.get(str(row["rule"]))
        rows += [(each, row)] if each is not None else []
    known = set()
    others, yielded = list[tuple[float, Slice, str]](), list[_Weak]()
    for each, row in rows:
        mask = np.packbits(each.inside(view)).tobytes()
        if mask in known or any(part in _PAST for _, part in each.sources):
            continue
        known.add(mask)
        if row["verdict"] in {FAILS, HARD}:
            what = "the model failed on it" if row["verdict"] == FAILS else "it was hard"
            yielded.append(_Weak(each, row["verdict"], f"{what} ({row['why']})"))
        elif pd.notna(row["shortfall"]) and row["shortfall"] > 0:
            others.append((float(row["shortfall"]), each, evidence.metric.name))
    yield from sorted(yielded, key=lambda weak: weak.verdict != FAILS)
    others.sort(key=lambda other: (-other[0], str(other[1])))
    for shortfall, each, metric in others[:count]:
        why = (
            f"it was among the weakest ({metric} {shortfall:.3g} worse than its predictions expect)"
        )
        yield _Weak(each, "", why)


def _named_apart(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the slices with texts that no two of them share."""
    texts = [each["text"] for each in told]
    return [
        each | {"text": f"{each['text']} ({each['kind']})"}
        if texts.count(each["text"]) > 1
        else each
        for each in told
    ]
