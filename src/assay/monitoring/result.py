"""The result of monitoring a batch: the document that the command writes as JSON, and pages read.

format_version  1
batch           name, input, rows, rejected rows by reason, first and last time
model           run, hashes of its manifest and reference, task, target, data_through
limits          the section `monitor` of the model's params
verdict         level, judged, sentence, exit_code, check_count
findings        checks that are not fine, the gravest first; those of one cause together
checks          all checks; see `assay.monitoring.check.Check`
features        a fact for each feature; of a batch of too few rows, levels are "not judged" here, in
                outputs, estimate, performance and slices, unless something was found
outputs         how predictions are spread, and what was decided
estimate        how good the model is expected to be, without outcomes, and doubts of it; null where not known
performance     how good it is, by outcomes; null without them
slices          a fact for each watched slice
retraining      whether the model card's trigger is met; null without performance
operations      how the jobs went
trend           slow drift over the latest batches
notes           what else is to be known, one sentence each
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.batch.sources import Source
from assay.bundle import Bundle
from assay.monitoring.blind import blind_notes
from assay.monitoring.check import Check
from assay.monitoring.doubts import estimate_doubts
from assay.monitoring.drift_checks import drift_checks
from assay.monitoring.estimate import estimate_checks, estimate_of
from assay.monitoring.inputs import feature_facts
from assay.monitoring.learnt import data_end, learnt_notes, moment_of, within_training
from assay.monitoring.operations import (
    Jobs,
    operation_checks,
    operation_facts,
)
from assay.monitoring.outcomes import Outcomes
from assay.monitoring.outputs import output_facts
from assay.monitoring.performance import performance_checks, performance_of
from assay.monitoring.stream import Streamed, time_notes
from assay.monitoring.tally import Tally
from assay.monitoring.types import type_checks, type_notes
from assay.monitoring.verdict import Verdict, gravest
from assay.monitoring.watch import Watch
from assay.monitoring.watched_slices import slice_checks, slice_facts

# Of the document's own layout.
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Batch:
    """A batch that was read.

    Attributes
    ----------
    name : str
    source : Source
    files : list of dict
        Name, size and SHA-256 of each of its files; none for a query.
    streamed : Streamed
    tally : Tally
        Of its scored rows.
    outcomes : Outcomes
    jobs : Jobs
        That scored it.
    """

    name: str
    source: Source
    files: Sequence[Mapping[str, Any]]
    streamed: Streamed
    tally: Tally
    outcomes: Outcomes
    jobs: Jobs

    @property
    def types(self) -> dict[str, pa.DataType]:
        """Types of its columns, without those that are texts because their place knows no types."""
        untyped = self.source.texts
        return {each.name: each.type for each in self.source.schema if each.name not in untyped}


def batch_checks(batch: Batch, watch: Watch) -> list[Check]:
    """Return all that is asked of a batch by itself, not yet judged."""
    tally, counts = batch.tally, batch.streamed.counts
    facts = operation_facts(batch.jobs, counts)
    return [
        *drift_checks(tally, watch),
        *type_checks(batch.types, counts, watch),
        *estimate_checks(tally, watch),
        *performance_checks(tally, watch),
        *slice_checks(tally, watch),
        *batch.outcomes.checks(),
        *operation_checks(facts, counts, watch.params),
    ]


def batch_result(
    batch: Batch,
    bundle: Bundle,
    watch: Watch,
    reference_sha256: str,
    notes: Sequence[str],
) -> dict[str, Any]:
    """Return the result as far as the batch alone tells it: what its row of the history is made of.

    Parameters
    ----------
    batch : Batch
    bundle : Bundle
    watch : Watch
    reference_sha256 : str
        Of the run folder's `monitoring/baseline.json`.
    notes : sequence of str
        Beside those of the batch itself.
    """
    tally, counts, schema = batch.tally, batch.streamed.counts, watch.schema
    end = data_end(bundle.meta["data"])
    notes_of = type_notes(batch.types, counts, schema)
    types = {
        feature.name: notes_of[feature.source]
        for feature in schema.features
        if feature.source in notes_of
    }
    return {
        "format_version": FORMAT_VERSION,
        "batch": {
            "name": batch.name,
            "input": {**batch.source.described, "files": list(batch.files)},
            "outcomes": batch.outcomes.described,
            "rows_in": counts.rows_in,
            "rows_scored": counts.rows_scored,
            "rows_rejected": counts.faults.rows,
            "rejected_by_reason": dict(sorted(counts.faults.reasons.items())),
            "outcomes_known": tally.outcome_count,
            "first_time": _iso(tally.first_time),
            "last_time": _iso(tally.last_time),
        },
        "model": {
            "run_id": bundle.meta["run_id"],
            "manifest_sha256": bundle.manifest_sha256,
            "reference_sha256": reference_sha256,
            "task": schema.task,
            "unit": schema.unit,
            "target": schema.target,
            "positive_label": str(schema.labels[1]) if schema.task == "binary" else None,
            "primary_metric": watch.metric.name,
            "data_through": bundle.meta["data"].get("through"),
        },
        "limits": watch.params.model_dump(),
        "features": feature_facts(tally, watch, type_notes=types),
        "outputs": output_facts(tally, watch),
        "estimate": estimate_of(tally, watch),
        "performance": _performance(batch, watch, end),
        "operations": operation_facts(batch.jobs, counts),
        "notes": [
            *learnt_notes(batch.streamed.learnt_rows, tally.row_count, end),
            *time_notes(batch.streamed, batch.source, schema),
            *batch.outcomes.notes,
            *notes,
        ],
    }


def judged_result(
    batch: Batch,
    watch: Watch,
    told: Mapping[str, Any],
    verdict: Verdict,
    trend: Sequence[Mapping[str, Any]],
    retraining: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the whole result, in the order of its parts.

    Parameters
    ----------
    batch : Batch
    watch : Watch
    told : dict
        From `batch_result`.
    verdict : Verdict
    trend : sequence of dict
        What is told of slow drift.
    retraining : dict or None
        From `retraining_of`.
    """
    tally, checks = batch.tally, verdict.checks
    performance = _performance(batch, watch, moment_of(told["model"]["data_through"]), checks)
    estimate = estimate_of(tally, watch, checks)
    if estimate is not None:
        estimate["doubts"] = estimate_doubts(checks, performance, watch.schema.task)
    known = {
        **told,
        "outputs": output_facts(tally, watch, checks),
        "estimate": estimate,
        "performance": performance,
        "slices": slice_facts(tally, watch, checks),
        "retraining": retraining,
        "verdict": verdict.to_json(),
        "findings": [check.to_json() for check in verdict.told],
        "checks": [check.to_json() for check in verdict.checks],
        "trend": list(trend),
        "notes": [*told["notes"], *blind_notes(checks, told["features"], tally)],
    }
    by_feature: dict[str, list[Check]] = {}
    for check in verdict.checks:
        if check.area == "inputs":
            by_feature.setdefault(check.subject, []).append(check)
    known["features"] = [
        {**fact, "level": gravest(by_feature.get(fact["name"], []))} for fact in told["features"]
    ]
    operations = [check for check in verdict.checks if check.area == "operations"]
    known["operations"] = {**told["operations"], "level": gravest(operations)}
    if not verdict.judged:
        known |= {name: _not_judged(known[name]) for name in _JUDGED_PARTS}
    return {name: plain(known[name]) for name in _PARTS}


def _performance(
    batch: Batch, watch: Watch, end: pd.Timestamp | None, checks: Sequence[Check] = ()
) -> dict[str, Any] | None:
    """Return what is told of performance, and whether the model may have learnt from these rows."""
    told = performance_of(batch.tally, watch, checks, batch.outcomes.unknown)
    if told is not None:
        told["within_training_period"] = within_training(batch.tally.first_time, end)
    return told


def _not_judged(facts: Any) -> Any:
    """Return facts of a batch of too few rows: what was not found is not therefore fine."""
    if isinstance(facts, Mapping):
        return {
            name: "not judged" if name == "level" and each in (None, "fine") else _not_judged(each)
            for name, each in facts.items()
        }
    return [_not_judged(each) for each in facts] if isinstance(facts, list) else facts


_JUDGED_PARTS = ("features", "outputs", "estimate", "performance", "slices")


_PARTS = (
    *("format_version", "batch", "model", "limits", "verdict", "findings", "checks", "features"),
    *("outputs", "estimate", "performance", "slices", "retraining", "operations", "trend", "notes"),
)


def plain(value: Any) -> Any:
    """Return a value as JSON has it: Python's own numbers, None for what is no number."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, np.generic | np.ndarray):
        return plain(value.tolist())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value


def _iso(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat()
