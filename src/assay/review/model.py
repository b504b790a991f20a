"""What became of the model and of its decision between two revisions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from assay.review.changes import ABSENT, value_at
from assay.review.revision import COMPARISON, Revision

MODEL, DECISION = "models/candidate", "models/decision.json"
HOLDOUT = "data/split/holdout.parquet"
_FOLDS = "data/split/folds.parquet"
_COSTS = "threshold.costs"


@dataclass(frozen=True)
class ModelChange:
    """The new model beside the old one.

    Attributes
    ----------
    kind : {"untouched", "same predictions", "another"}
    same_rows : bool
        Whether the same holdout rows, with the same outcomes, judged both.
    same_folds : bool
        Whether out-of-fold figures are of the same rows in the same folds.
    decided : bool
        Whether the decision (threshold, interval) is another one.
    paired : dict, optional
        The content of `reports/history/comparison.json`, if it compares these two models.
    value_gain : dict, optional
        What the decision is worth more than the old one, paired; only with the costs of now.
    same_costs : bool
        Whether both sides were run with the same costs of a decision, in the same unit.
    """

    kind: Literal["untouched", "same predictions", "another"]
    same_rows: bool
    same_folds: bool
    decided: bool
    paired: Mapping[str, Any] | None
    value_gain: Mapping[str, Any] | None
    same_costs: bool = True


def model_change(old: Revision, new: Revision, compared_with: str | None) -> ModelChange:
    """Tell what became of the model, by the hashes that Git holds.

    Parameters
    ----------
    old, new : Revision
    compared_with : str, optional
        The decision's hash in the commit that `comparison.json` names; None if it is unknown.
    """
    rows, predictions = [(old.judged(what), new.judged(what)) for what in ("rows", "predictions")]
    if not all(rows):
        # Before rows were noted, the same file is the sign of the same ones.
        rows = (old.out(HOLDOUT) or "", new.out(HOLDOUT) or "")
    same_rows = bool(rows[0]) and rows[0] == rows[1]
    ours, theirs = new.out(MODEL), old.out(MODEL)
    if ours is not None and ours == theirs:
        kind: Literal["untouched", "same predictions", "another"] = "untouched"
    elif same_rows and predictions[0] and predictions[0] == predictions[1]:
        kind = "same predictions"
    else:
        kind = "another"
    paired = _comparison(old, new)
    value = None
    if paired and "value_gain" in paired:
        decision = paired.get("decision") == new.out(DECISION)
        costs = paired.get("costs") == value_at(new.params, _COSTS)
        if decision and costs and compared_with == old.out(DECISION):
            value = paired["value_gain"]
    return ModelChange(
        kind,
        same_rows,
        _same_folds(old, new),
        old.out(DECISION) != new.out(DECISION),
        paired,
        value,
        old.locked(_COSTS) == new.locked(_COSTS),
    )


def _comparison(old: Revision, new: Revision) -> Mapping[str, Any] | None:
    """Return the comparison if it is of these two models and of the new one's holdout."""
    found = new.json(COMPARISON)
    of_these = (
        found.get("applicable") is True
        and found.get("model") == new.out(MODEL)
        and found.get("holdout") == new.judged("rows")
        and found.get("previous_model") == old.out(MODEL)
    )
    return found if of_these else None


def _same_folds(old: Revision, new: Revision) -> bool:
    """Return whether folds and table are the same; rows alone would not tell their outcomes."""
    tables = [value_at(side.params, "data.table") for side in (old, new)]
    hashes = [
        (side.out(_FOLDS), _dependency(side, str(table)))
        for side, table in zip((old, new), tables, strict=True)
    ]
    return hashes[0] == hashes[1] and None not in hashes[0]


def _dependency(side: Revision, path: str) -> str | None:
    for stage in side.stages.values():
        for entry in stage.get("deps") or ():
            if entry["path"] == path:
                return str(entry.get("md5"))
    return None


def primary_of(side: Revision) -> str:
    """Return the name of the metric that models are chosen by."""
    told = value_at(side.metrics, "history.metric")
    return str(told if told is not ABSENT else value_at(side.metrics, "holdout.gate.metric"))
