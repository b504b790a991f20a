"""The one sentence that a review begins with: what changed, what became of the model, and the gate."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from assay.report.rendering import interval, number
from assay.review.causes import Kind
from assay.review.changes import ABSENT, Change, value_at
from assay.review.model import ModelChange
from assay.review.revision import Revision
from assay.review.trust import Trust
from assay.review.words import listed, prose, shown, told

_ROWS = ", judged on other holdout rows"
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
    trusted: Trust,
) -> str:
    """Return the sentence as Markdown."""
    name = prose(old.name)
    unknown = _unknown(trusted)
    if new.files == old.files and not trusted.edited and trusted.rerun:
        return (
            f"Nothing changed against {name}: parameters, data, code, environment, the model and "
            "every figure are the same."
        )
    late = [kind for _, kind, _ in trusted.late if kind not in ("params", "history")]
    what = _what(params, [*causes, *late], new.files != old.files)
    if unknown:
        return f"{what}: {unknown}."
    parts = [_of_model(old, new, model), *_of_decision(old, new, model), _of_gate(old, new, model)]
    parts += _of_pages(old, new, trusted)
    return f"{what}: {', '.join(parts[:-1])}, and {parts[-1]}."


def _unknown(trusted: Trust) -> str:
    """Say why nothing is known of the model; empty if its figures are those of the pipeline."""
    why = []
    if not trusted.rerun:
        why.append(f"the pipeline was not rerun ({listed(trusted.late_stages)} of an older one)")
    if trusted.figures:
        is_one = len(trusted.figures) == 1
        why.append(
            f"{listed(trusted.figures)} {'is' if is_one else 'are'} not what the pipeline wrote"
        )
    if not why:
        return ""
    return (
        f"**{' and '.join(why)}**, so it is **not known** what became of the model, what acting on it is "
        "worth, and whether it passes the gate"
    )


def _of_pages(old: Revision, new: Revision, trusted: Trust) -> list[str]:
    """Say what became of the pages' answer, if it is another one, and whether somebody edited them."""
    if trusted.pages:
        is_one = len(trusted.pages) == 1
        return [
            f"**{listed(trusted.pages)} {'is' if is_one else 'are'} not what the pipeline wrote**, so that "
            "the verdict there is not known"
        ]
    before, after = old.answer(), new.answer()
    if before == after or after is None:
        return []
    was = "" if before is None else f' instead of "{before}"'
    return [f'the verdict of its pages is now **"{after}"**{was}']


def _what(params: Sequence[Change], causes: Collection[str], differ: bool) -> str:
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
    if "params" in causes and not params:
        others.append("what was run, by parameters that stood in params.yaml before,")
    if others:
        subjects.append(f"{' and '.join(others)} changed")
    if not subjects:
        if not differ:
            return "No parameter, data, code or environment changed"
        return "Files differ, but no parameter, data, code or environment does"
    text = "; ".join(subjects)
    return text if text.startswith("`") else text[0].upper() + text[1:]


def _of_model(old: Revision, new: Revision, model: ModelChange) -> str:
    name = prose(old.name)
    if model.kind == "untouched":
        return f"the model is untouched{_ROWS * (not model.same_rows)}"
    if model.kind == "same predictions":
        return "the model gives the same predictions as before"
    if model.paired is None:
        return (
            f"the model is another one{_ROWS * (not model.same_rows)}, and **not known to be better or worse** than that of "
            f"{name} (no paired comparison)"
        )
    metric = str(model.paired["primary"])
    gain = model.paired["metrics"][metric]["gain"]
    gains = (
        f"it gains {interval(gain, 4)} in {metric}, paired on {model.paired['row_count']:,} rows"
    )
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
    words = words or list(_of_interval(old, new))
    if not words and model.kind != "another":
        words = ["what is done by it is decided otherwise"]
    gain = model.value_gain
    if gain is None or "ci_low" not in gain:
        return words
    unit = prose(model.paired["unit"] if model.paired else "")
    rows = f"per 1,000 {prose(value_at(new.params, 'data.unit'))}s"
    if not model.same_costs:
        more = "more" if gain["value"] >= 0 else "less"
        size = gain if gain["value"] >= 0 else _negative(gain)
        words.append(
            f"at the costs of now acting on it is worth {interval(size, 1)} {unit} {rows} {more} than "
            "acting as before"
        )
    elif gain["ci_low"] > 0:
        words.append(f"acting on it is **worth more** by {interval(gain, 1)} {unit} {rows}")
    elif gain["ci_high"] < 0:
        words.append(
            f"acting on it is **worth less** by {interval(_negative(gain), 1)} {unit} {rows}"
        )
    else:
        words.append(f"what acting is worth is not told apart ({interval(gain, 1)} {unit} {rows})")
    return words


def _negative(gain: Mapping[str, float]) -> dict[str, float]:
    return {"value": -gain["value"], "ci_low": -gain["ci_high"], "ci_high": -gain["ci_low"]}


def _of_interval(old: Revision, new: Revision) -> Iterator[str]:
    """Say how prediction intervals change, where the decision is one of these."""
    before, after = (value_at(side.metrics, "threshold.interval") for side in (old, new))
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        wanted = [f"{each['wanted_coverage']:.0%}" for each in (before, after)]
        holds = (
            ""
            if wanted[0] == wanted[1]
            else f"are to hold {wanted[1]} instead of {wanted[0]}, and "
        )
        width = " to ".join(number(each["mean_width"]) for each in (before, after))
        yield f"its intervals {holds}go from {width} in mean width"


def _of_gate(old: Revision, new: Revision, model: ModelChange) -> str:
    before, after = (_gate(side) for side in (old, new))
    if after == "off":
        return "the gate is off"
    if after == "not passed":
        words = {"passed": "no longer passes", "not passed": "still does not pass"}
        return f"it **{words.get(before, 'does not pass')} the gate**"
    if not model.same_rows:
        return "it passes the gate on these"
    return "it still passes the gate" if before == "passed" else "it passes the gate now"


def _gate(side: Revision) -> str:
    gate: Any = value_at(side.metrics, "holdout.gate")
    if gate is ABSENT or gate.get("action") == "off":
        return "off"
    return "passed" if gate.get("passed") else "not passed"
