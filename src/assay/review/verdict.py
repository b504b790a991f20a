"""The one sentence that a review begins with: what changed, what became of the model, and the gate."""

from collections.abc import Mapping, Sequence
from typing import Any

from assay.report.rendering import interval
from assay.review.causes import Kind
from assay.review.changes import ABSENT, Change, value_at
from assay.review.model import ModelChange, primary_of
from assay.review.revision import Revision
from assay.review.words import listed, prose, shown, told

_OTHER: Mapping[Kind, str] = {
    "data": "the data",
    "code": "code that the pipeline depends on",
    "environment": "the environment",
    "history": "the history of the holdout",
    "command": "a stage's command",
}


def verdict(
    old: Revision,
    new: Revision,
    params: Sequence[Change],
    causes: Mapping[Kind, Sequence[str]],
    model: ModelChange,
) -> str:
    """Return the sentence as Markdown."""
    name = prose(old.name)
    if new.files == old.files:
        return (
            f"Nothing changed against {name}: parameters, data, code, environment, the model and "
            "every figure are the same."
        )
    parts = [_of_model(old, new, model), *_of_decision(old, new, model), _of_gate(old, new)]
    return f"{_what(params, causes)}: {', '.join(parts[:-1])}, and {parts[-1]}."


def _what(params: Sequence[Change], causes: Mapping[Kind, Sequence[str]]) -> str:
    subjects = []
    if len(params) == 1:
        (only,) = params
        subjects.append(f"{shown(only.key)} went from {shown(only.old)} to {shown(only.new)}")
    elif params:
        subjects.append(
            f"{len(params)} parameters changed ({listed([each.key for each in params])})"
        )
    others = [words for kind, words in _OTHER.items() if kind in causes]
    # The history is written down after every change: by itself it is worth a word, beside one it is not.
    if len(others) > 1 or params:
        others = [words for words in others if words != _OTHER["history"]]
    if others:
        subjects.append(f"{' and '.join(others)} changed")
    if not subjects:
        return "Files differ, but no parameter, data, code or environment does"
    text = "; ".join(subjects)
    return text if text.startswith("`") else text[0].upper() + text[1:]


def _of_model(old: Revision, new: Revision, model: ModelChange) -> str:
    name = prose(old.name)
    if model.kind == "untouched":
        return "the model is untouched"
    if model.kind == "same predictions":
        return "the model gives the same predictions as before"
    if model.paired is None:
        why = "" if model.same_rows else ", judged on other holdout rows"
        return (
            f"the model is another one{why}, and **not known to be better or worse** than that of "
            f"{name} (no paired comparison)"
        )
    metric = str(model.paired["primary"])
    gain = model.paired["metrics"][metric]["gain"]
    gains = f"it gains {interval(gain)} in {metric}, paired on {model.paired['row_count']:,} rows"
    words = {
        "better": "**better** than",
        "worse": "**worse** than",
        "no difference shown": "**not told apart** from",
        "the same": "**the same** on these rows as",
    }.get(str(model.paired["verdict"]), "not comparable with")
    return f"the model is another one, {words} that of {name} ({gains})"


def _of_decision(old: Revision, new: Revision, model: ModelChange) -> list[str]:
    if not model.decided:
        return []
    found = [value_at(side.metrics, "threshold.threshold") for side in (old, new)]
    moved = ABSENT not in found and found[0] != found[1]
    words = [f"the threshold moves from {told(found[0])} to {told(found[1])}"] if moved else []
    if not moved and model.kind != "another":
        words = ["what is done by it is decided otherwise"]
    gain = model.value_gain
    if gain is None or "ci_low" not in gain:
        return words
    unit = prose(model.paired["unit"] if model.paired else "")
    rows = f"per 1,000 {prose(value_at(new.params, 'data.unit'))}s"
    if gain["ci_low"] > 0:
        words.append(f"acting on it is **worth more** by {interval(gain, 1)} {unit} {rows}")
    elif gain["ci_high"] < 0:
        loss = {"value": -gain["value"], "ci_low": -gain["ci_high"], "ci_high": -gain["ci_low"]}
        words.append(f"acting on it is **worth less** by {interval(loss, 1)} {unit} {rows}")
    else:
        words.append(f"what acting is worth is not told apart ({interval(gain, 1)} {unit} {rows})")
    return words


def _of_gate(old: Revision, new: Revision) -> str:
    before, after = (_gate(side) for side in (old, new))
    if after == "off":
        return "the gate is off"
    if after == "not passed":
        words = {"passed": "no longer passes", "not passed": "still does not pass"}
        return f"it **{words.get(before, 'does not pass')} the gate**"
    return "it still passes the gate" if before == "passed" else "it passes the gate now"


def _gate(side: Revision) -> str:
    gate: Any = value_at(side.metrics, "holdout.gate")
    if gate is ABSENT or gate.get("action") == "off":
        return "off"
    return "passed" if gate.get("passed") else "not passed"


def primary(new: Revision) -> str:
    """Return the name of the metric that models are chosen by, as Markdown."""
    return prose(primary_of(new))
