"""The key figures of two revisions side by side, from their metrics files."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from assay.report.rendering import code, interval, number, percent
from assay.review.changes import ABSENT, value_at
from assay.review.model import ModelChange, primary_of
from assay.review.revision import Revision
from assay.review.words import difference, prose, told, value_of

_RATES = ("flagged_rate", "decided_rate", "wanted_coverage", "holdout_coverage")
# Set by a parameter, so that it has no interval to tell.
_SET = ("wanted_coverage",)
# By this word a figure in costs begins.
_COST = "expected cost"
OTHER_COSTS = "other costs"
# What is no figure of its own: it stands elsewhere, or is what the others are made of.
_LEFT_OUT = ("threshold", "name")


@dataclass(frozen=True)
class Row:
    """A figure of both revisions; all texts are Markdown.

    Attributes
    ----------
    name, old, new : str
    change : str
        The difference, and what it shows.
    weight : {2, 1, 0}
        2: always told; 1: told if it changed; 0: told if it changed, in the details only.
    source : str
        The metrics file that both sides are from, such as `holdout`.
    """

    name: str
    old: str
    new: str
    change: str
    weight: int = 1
    source: str = ""

    @property
    def changed(self) -> bool:
        """Whether the two sides read differently."""
        return self.old != self.new


def _pair(old: Revision, new: Revision, key: str) -> tuple[Any, Any]:
    return value_at(old.metrics, key), value_at(new.metrics, key)


def _row(name: str, old: Any, new: Any, change: str = "", weight: int = 1) -> Iterator[Row]:
    """Yield a row, if either side has the figure."""
    if not (old in (None, ABSENT) and new in (None, ABSENT)):
        yield Row(name, told(old), told(new), change or difference(old, new), weight)


def chosen_by(old: Revision, new: Revision, model: ModelChange) -> list[Row]:
    """Return the out-of-fold figures, by which choices are to be made."""
    name = primary_of(new)
    rows = []
    before, after = _pair(old, new, f"train.out_of_fold.{name}")
    if isinstance(after, Mapping):
        change = difference(_mean(before), _mean(after))
        words = f"{code(name)}, mean (sd) over folds"
        rows.append(Row(words, _over_folds(before), _over_folds(after), change, 2))
    rows += _row("model", *_pair(old, new, "train.selection.chosen_model"), weight=2)
    rows += _row("calibrator", *_pair(old, new, "train.calibration.method"))
    rows = _from("train", rows)
    rows += _from("baseline", _row("best baseline", *_pair(old, new, "baseline.best")))
    rows += _from("threshold", _of_choice(old, new, model))
    if not model.same_folds:
        rows = [replace(r, change=_unlike(r, "other rows or folds")) for r in rows]
    return rows


def _of_choice(old: Revision, new: Revision, model: ModelChange) -> Iterator[Row]:
    yield from _row("rule of the decision", *_pair(old, new, "threshold.strategy"))
    yield from _row("**threshold**", *_pair(old, new, "threshold.threshold"), weight=2)
    yield from _row("least confidence", *_pair(old, new, "threshold.min_confidence"))
    for row in _of_decision(old, new, "threshold.out_of_fold", ""):
        yield _priced(row, model) if row.name.startswith(_COST) else row


def _from(source: str, rows: Iterable[Row]) -> list[Row]:
    return [replace(row, source=source) for row in rows]


def _priced(row: Row, model: ModelChange) -> Row:
    """Do not tell the difference of two figures in different costs."""
    return row if model.same_costs or row.change == "same" else replace(row, change=OTHER_COSTS)


def judged_by(old: Revision, new: Revision, model: ModelChange) -> list[Row]:
    """Return the holdout's figures: the model's, the gate's, the decision's, and what fails."""
    # Gains on some of the rows stand apart, beside the figures of those rows.
    whole = model.paired is not None and model.paired["all_rows"]
    paired = model.paired["metrics"] if whole and model.paired else {}
    primary = primary_of(new)
    names = list(value_at(new.metrics, "holdout.model"))
    rows = list(_row("rows", *_pair(old, new, "holdout.row_count")))
    for name in [primary, *(each for each in names if each != primary)]:
        gain = paired.get(name, {}).get("gain") if model.kind == "another" else None
        before, after = _pair(old, new, f"holdout.model.{name}")
        change = _gain(gain) if gain else _unpaired(before, after, model)
        rows += _row(
            _bold(name, name == primary), before, after, change, 2 if name == primary else 1
        )
    rows = _from("holdout", [*rows, *_of_gate(old, new, model)])
    rows += _row("verdict of the pages", old.answer(), new.answer(), weight=2)
    cut = value_at(new.metrics, "threshold.threshold") is not ABSENT
    where = " at the threshold" if cut else " of the decision"
    acted = [
        *_of_decision(old, new, "threshold.holdout", where, model),
        *_of_decision(old, new, "threshold.interval", " of the interval", model),
    ]
    acted = [_priced(row, model) if row.name.startswith(_COST) else row for row in acted]
    return rows + _from("threshold", [*acted, *_of_value(old, new, model)])


def alarms(old: Revision, new: Revision) -> list[Row]:
    """Return what is counted or said of faults: calibration, slices, groups, data, warnings."""
    rows = [*_row("calibration", *_pair(old, new, "holdout.calibration.verdict"), weight=2)]
    rows = _from(
        "holdout", [*rows, *_error("calibration error, and up to what by chance", old, new)]
    )
    for name, key in (
        ("slices that fail", "interpret.slices.verdicts.fails"),
        ("slices that are hard", "interpret.slices.verdicts.hard"),
        ("fairness alarms", "fairness.alarm_count"),
    ):
        rows += _from(key.split(".")[0], _row(name, *_pair(old, new, key), weight=2))
    for name, key in (
        ("likely errors in the data", "interpret.feedback.error_count"),
        ("features whose direction is not as expected", "interpret.directions.against_count"),
        ("worse on later rows", "interpret.robustness.later.worse"),
        (
            "worse on rows outside of what training had",
            "interpret.robustness.support.outside.alarm",
        ),
        ("learning curve", "train.learning_curve.verdict"),
        ("errors of the table", "validation.error_count"),
        ("warnings of the table", "validation.warning_count"),
        ("accepted findings", "validation.accepted_count"),
        ("candidates that failed", "train.failure_count"),
        ("value of acting", "threshold.value.verdict"),
        ("models judged on this holdout", "history.ledger.model_count"),
    ):
        rows += _from(key.split(".")[0], _row(name, *_pair(old, new, key)))
    return rows


def new_warnings(old: Revision, new: Revision) -> tuple[list[str], list[str]]:
    """Return the decision's warnings that only the new revision has, and those that only the old one has."""
    sides = []
    for side in (old, new):
        found = value_at(side.metrics, "threshold.warnings")
        sides.append(found if isinstance(found, Mapping) else {})
    before, after = sides
    came = [f"{code(name)}: {prose(text)}" for name, text in after.items() if name not in before]
    went = [f"{code(name)}: {prose(text)}" for name, text in before.items() if name not in after]
    return came, went


def _of_gate(old: Revision, new: Revision, model: ModelChange) -> Iterator[Row]:
    metric = value_at(new.metrics, "holdout.gate.metric")
    gains = _pair(old, new, f"holdout.gain_over_baseline.{metric}")
    was, now = (_over_baseline(side, gain) for side, gain in zip((old, new), gains, strict=True))
    name = f"gain in {code(metric)} over the best baseline"
    yield Row(name, was, now, _unpaired(*gains, model), 2)
    yield Row("gate", _passed(old), _passed(new), "", 2)


def _over_baseline(side: Revision, gain: Any) -> str:
    name = value_at(side.metrics, "holdout.baseline.name")
    return "-" if gain is ABSENT else f"{told(gain)} over {code(name)}"


def _passed(side: Revision) -> str:
    gate = value_at(side.metrics, "holdout.gate")
    if gate is ABSENT:
        return "-"
    if gate.get("action") == "off":
        return "off"
    return "passed" if gate.get("passed") else f"**not passed** ({code(gate.get('action'))})"


def _of_decision(
    old: Revision, new: Revision, place: str, where: str, model: ModelChange | None = None
) -> Iterator[Row]:
    before, after = _pair(old, new, place)
    for name in after if isinstance(after, Mapping) else ():
        if name in _LEFT_OUT or name.endswith("_count"):
            continue
        was = before.get(name, ABSENT) if isinstance(before, Mapping) else ABSENT
        change = (
            difference(was, after[name])
            if model is None or name in _SET
            else _unpaired(was, after[name], model)
        )
        words = f"{name.replace('_', ' ')}{where}"
        if name in _RATES:
            yield Row(words, _rate(was), _rate(after[name]), _points(was, after[name], change))
        else:
            yield from _row(words, was, after[name], change)


def _of_value(old: Revision, new: Revision, model: ModelChange) -> Iterator[Row]:
    gains = value_at(new.metrics, "threshold.value.gain_over")
    if not isinstance(gains, Mapping):
        return
    unit, one = value_at(new.metrics, "threshold.value.unit"), value_at(new.params, "data.unit")
    words = {"none": "acting on none", "rule": "the rule of today"}
    for other in ("none", "baseline", "rule"):
        before, after = _pair(old, new, f"threshold.value.gain_over.{other}")
        against = words.get(other, "the baseline at its own threshold")
        weight = 2 if other == "none" else 1
        was, now = ("-" if each is ABSENT else interval(each, 1) for each in (before, after))
        if after is not ABSENT:
            name = f"value over {against}, {prose(unit)} per 1,000 {prose(one)}s"
            yield _priced(Row(name, was, now, _unpaired(before, after, model, 1), weight), model)
    if model.value_gain is not None:
        costs = "" if model.same_costs else " at the costs of now"
        name = (
            f"**value over the old model at its old threshold**{costs}, {prose(unit)} per 1,000 "
            f"{prose(one)}s"
        )
        yield Row(name, "", "", _gain(model.value_gain, 1), 2)


def _error(name: str, old: Revision, new: Revision) -> Iterator[Row]:
    texts = []
    for side in (old, new):
        found = value_at(side.metrics, "holdout.calibration.calibrated.equal_mass_error")
        is_told = isinstance(found, Mapping) and "chance_q95" in found
        texts.append(
            f"{number(found['value'])} ({number(found['chance_q95'])})" if is_told else "-"
        )
    if texts != ["-", "-"]:
        yield Row(name, texts[0], texts[1], "", 1)


def _bold(name: str, is_primary: bool) -> str:
    return f"**{code(name)}**" if is_primary else code(name)


def _rate(found: Any) -> str:
    if isinstance(found, Mapping) and "ci_low" in found:
        ends = f"{percent(found['ci_low'])}, {percent(found['ci_high'])}"
        return f"{percent(found['value'])} [{ends}]"
    number_of = value_of(found)
    return "-" if number_of is None else percent(number_of)


def _points(old: Any, new: Any, change: str) -> str:
    """Write the difference of two rates in percentage points, where there is one."""
    before, after = value_of(old), value_of(new)
    if before is None or after is None or not change.startswith(("+", "-")):
        return change
    return re.sub(r"^[^ ,]+", f"{100 * (after - before):+.1f} points", change)


def _gain(gain: Mapping[str, Any], digits: int = 4) -> str:
    """Write a paired gain with what it shows."""
    if "ci_low" not in gain:
        return f"gain {told(gain, digits)}, paired, without interval"
    shows = "no difference shown"
    if gain["ci_low"] == gain["ci_high"]:
        shows = "the same"
    elif gain["ci_low"] > 0:
        shows = "better"
    elif gain["ci_high"] < 0:
        shows = "worse"
    return f"gain {interval(gain, digits)}, paired: {shows}"


def _unpaired(old: Any, new: Any, model: ModelChange, digits: int = 3) -> str:
    if not model.same_rows:
        return "other rows"
    text = difference(old, new, digits)
    return text if text in ("", "same", "changed") else f"{text}, without interval"


def _unlike(row: Row, words: str) -> str:
    return words if row.changed and row.change not in ("", "changed") else row.change


def _over_folds(found: Any) -> str:
    if not isinstance(found, Mapping) or "cv_mean" not in found:
        return "-"
    return f"{number(found['cv_mean'])} ({number(found.get('cv_std', 0.0))})"


def _mean(found: Any) -> Any:
    return found.get("cv_mean", ABSENT) if isinstance(found, Mapping) else ABSENT
