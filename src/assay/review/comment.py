"""The comment: Markdown that says what a change did, and fits where GitHub puts it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from assay.report.rendering import code, interval
from assay.review.causes import Kind, Rerun
from assay.review.changes import ABSENT, Change, explanation, value_at
from assay.review.figures import OTHER_COSTS, Row
from assay.review.model import ModelChange
from assay.review.revision import SUMMARY, Revision
from assay.review.trust import Trust
from assay.review.words import difference, listed, prose, shown, table

# By this line a comment of ours is found again, and replaced.
MARKER = "<!-- assay-review -->"
# GitHub takes 65,536 characters; an emoji counts as more than one of them.
LONGEST_BYTES = 65_000
# Further ones are below, in the fold.
_SHOWN_PARAMS = 20
# Two panels.
_WIDE = ("curves.png",)
_IN_COSTS = (
    *(".expected_cost.", ".value.gain_over.", ".value.options.", ".sensitivity."),
    ".mean_regret.",
)
_FREE = ("threshold", "acted_rate")
_NOT_KNOWN = "not known"
_KINDS: Mapping[Kind, str] = {
    "params": "parameters",
    "data": "data",
    "code": "code",
    "environment": "environment",
    "history": "history of the holdout",
    "upstream": "results of earlier stages",
    "command": "command",
}


@dataclass(frozen=True)
class Review:
    """All that a comment tells.

    Attributes
    ----------
    old, new : Revision
    verdict : str
        The first sentence, Markdown.
    doubts : sequence of str
        Sentences, Markdown.
    params, metrics : sequence of Change
        Every value that differs.
    told : dict of str to str
        What comments of `params.yaml` say of its keys.
    causes : dict
        What differs in what the stages start from.
    reruns : sequence of Rerun
    model : ModelChange
    trusted : Trust
    chosen_by, judged_by, alarms : sequence of Row
    warnings : (sequence of str, sequence of str)
        The decision's new warnings, and those that are gone.
    pictures : dict of str to str
        The title of each picture by its file name.
    """

    old: Revision
    new: Revision
    verdict: str
    doubts: Sequence[str]
    params: Sequence[Change]
    metrics: Sequence[Change]
    told: Mapping[str, str]
    causes: Mapping[Kind, Sequence[str]]
    reruns: Sequence[Rerun]
    model: ModelChange
    trusted: Trust
    chosen_by: Sequence[Row]
    judged_by: Sequence[Row]
    alarms: Sequence[Row]
    warnings: tuple[Sequence[str], Sequence[str]]
    pictures: Mapping[str, str]


def comment(review: Review, pictures_url: str) -> str:
    """Return the comment.

    Parameters
    ----------
    review : Review
    pictures_url : str
        What stands before a picture's name; or a text with `{name}` in its place.
    """
    old, new = review.old, review.new
    head = [MARKER, f"## What this change does, against {prose(old.name)}", "", review.verdict, ""]
    head += _doubts(review.doubts)
    if new.files == old.files:
        return _lines([*head, _origin(review)])
    head += [*_what_changed(review), *_figures(review), *_paired(review)]
    head += [*_pictures(review, pictures_url), _origin(review), ""]
    found = _lines(head)
    left = LONGEST_BYTES - len(found.encode())
    return found + _details(review, left)


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


def _doubts(doubts: Sequence[str]) -> list[str]:
    if not doubts:
        return []
    return ["> [!WARNING]", *(f"> - {each}" for each in doubts), ""]


def _what_changed(review: Review) -> list[str]:
    lines = ["### What changed", ""]
    if review.params:
        rows = [
            [
                code(each.key),
                shown(each.old),
                shown(each.new),
                prose(explanation(review.told, each.key)),
            ]
            for each in review.params[:_SHOWN_PARAMS]
        ]
        lines += [*table(["parameter", _side(review.old), "now", "what it is"], rows), ""]
        if len(review.params) > _SHOWN_PARAMS:
            lines += [
                f"{len(review.params) - _SHOWN_PARAMS} more parameters changed; all are below.",
                "",
            ]
    else:
        lines += ["No parameter changed.", ""]
    told = []
    for kind in ("data", "code", "environment"):
        names = review.causes.get(kind, ())
        told.append(f"{_KINDS[kind]} {listed(names, 4) if names else 'as before'}")
    lines += [f"By the hashes in `dvc.lock`: {'; '.join(told)}.", ""]
    if not review.trusted.rerun:
        late = listed(review.trusted.late_stages, 8)
        lines += [f"**Not rerun, though it should be**: {late}.", ""]
    if not review.reruns:
        return [*lines, *(["No stage was rerun.", ""] if review.trusted.rerun else [])]
    lines += [f"Rerun or written anew: {_reran(review.reruns)}."]
    rest = [
        name for name in review.new.stages if name not in {each.stage for each in review.reruns}
    ]
    return [*lines, *([f"As before: {listed(rest, 8)}."] if rest else []), ""]


def _reran(reruns: Sequence[Rerun]) -> str:
    told = []
    for each in reruns:
        because = ", ".join(_KINDS[kind] for kind in each.because) or "no cause"
        results = "" if each.outputs else "; same results"
        told.append(f"{code(each.stage)} ({because}{results})")
    return ", ".join(told)


def _side(revision: Revision) -> str:
    return prose(revision.name)


def _figures(review: Review) -> list[str]:
    header = ["", _side(review.old), _now(review), "difference"]
    lines = []
    for title, told_rows, always in (
        ("### Out-of-fold, by which to choose", review.chosen_by, True),
        ("### On the holdout, which only judges", review.judged_by, True),
        ("### Faults and warnings", review.alarms, False),
    ):
        rows = [_marked(row, review) for row in told_rows]
        shown_rows = [row for row in rows if row.weight == 2 or row.changed]
        same = [row.name for row in rows if not row.changed]
        lines += [title, ""]
        if told_rows is review.chosen_by and len(same) < len(rows):
            lines += [
                "No interval is known for these differences; the sd tells how far folds lie apart.",
                "",
            ]
        if always and rows and len(same) == len(rows):
            run = (
                "" if review.trusted.rerun else "**Nothing was rerun**, so these are old figures: "
            )
            lines += [f"{run}{'all' if run else 'All'} {len(rows)} figures are the same.", ""]
            shown_rows = [row for row in rows if row.weight == 2]
        if shown_rows:
            cells = [[row.name, row.old, row.new, row.change] for row in shown_rows]
            lines += [*table(header, cells), ""]
        more = len(rows) - len(shown_rows)
        if more and len(same) < len(rows):
            lines += [f"{more} more {'is' if more == 1 else 'are'} the same.", ""]
    came, went = review.warnings
    for words, found in (("New warnings", came), ("Warnings that are gone", went)):
        lines += [f"{words}:", "", *(f"- {each}" for each in found), ""] if found else []
    return lines


def _now(review: Review) -> str:
    return "now" if review.trusted.rerun else "now (not rerun)"


def _marked(row: Row, review: Review) -> Row:
    """Mark what comes from a file that somebody edited; its difference is of no pipeline."""
    name = f"metrics/{row.source}.json" if row.source else SUMMARY
    was, now = (name in paths for paths in (review.trusted.old_edited, review.trusted.edited))
    if not (was or now):
        return row
    old, new = (
        f"{text} **(edited)**" if is_edited else text
        for text, is_edited in ((row.old, was), (row.new, now))
    )
    return replace(row, old=old, new=new, change=_NOT_KNOWN)


def _paired(review: Review) -> list[str]:
    model, old = review.model, review.old
    lines = ["### Compared on the same rows", ""]
    if model.paired is None:
        if not review.trusted.rerun:
            return [*lines, "The pipeline was not rerun, so there is nothing yet to compare.", ""]
        if model.kind == "untouched" and not model.same_rows:
            words = "It is one model, judged on other rows: figures of the holdout differ by these."
            return [*lines, words, ""]
        if model.kind != "another" and model.same_rows:
            what = "Model and holdout are" if model.kind == "untouched" else "Predictions are"
            lines += [f"{what} the same, so there is nothing to compare but the decision."]
        else:
            lines += [
                "There is no paired comparison of these two models. Two figures side by side, each with "
                "its own interval, do not show which model is better."
            ]
        # The same predictions differ in what their decisions are worth only.
        valued = value_at(review.new.metrics, "threshold.value.applicable") is True
        asked = model.kind == "another" or (model.decided and valued)
        run = code(f"python -m stages.history --against {old.name}")
        return [*lines, *([f"{run}, then `dvc repro`, makes a paired one."] if asked else []), ""]
    found = model.paired
    count = f"{found['row_count']:,}"
    rows = (
        f"all {count} rows" if found["all_rows"] else f"the {count} rows that are in both holdouts"
    )
    lines += [
        f"Both models on {rows}, which neither trained on, against run {code(found['previous_run'])} "
        f"(commit {code(found['previous_commit'])}). A gain is positive where the new model is better; "
        "where its interval holds 0, no difference is shown. Each interval is for its own figure: of "
        "many, one may miss 0 by chance.",
        "",
    ]
    if model.kind == "untouched" or found["verdict"] == "the same":
        return [*lines, "Every metric of the scores is the same.", ""]
    if found["all_rows"]:
        return [*lines, "The gains stand in the table of the holdout.", ""]
    cells = [
        [
            code(name),
            interval(each["previous"]),
            interval(each["current"]),
            interval(each["gain"], 4),
        ]
        for name, each in found["metrics"].items()
    ]
    return [*lines, *table(["", _side(old), "now", "gain (paired)"], cells), ""]


def _pictures(review: Review, url: str) -> list[str]:
    pictures = review.pictures
    if not pictures:
        return []
    lines = ["### Pictures", "", "Old: thin, dashed or hollow. New: solid.", ""]
    drawn = [path for path in review.trusted.edited if path.startswith(("metrics/", "plots/data/"))]
    if drawn:
        lines += [f"**What is drawn from {listed(drawn)} was edited.**", ""]
    for name, title in pictures.items():
        address = url.replace("{name}", name) if "{name}" in url else f"{url}{name}"
        width = 720 if name in _WIDE else 430
        lines.append(f'<img src="{_attribute(address)}" alt="{_attribute(title)}" width="{width}">')
    return [*lines, ""]


def _attribute(text: str) -> str:
    pairs = (("&", "&amp;"), ('"', "&quot;"), ("<", "&lt;"), (">", "&gt;"))
    for mark, entity in pairs:
        text = text.replace(mark, entity)
    return text


def _origin(review: Review) -> str:
    old, new = review.old, review.new
    return (
        f"<sub>Old: {prose(old.name)} ({old.commit[:10]}). New: {prose(new.name)} (on {new.commit[:10]}). "
        "From what Git holds of both: `params.yaml`, `dvc.lock`, `metrics/`, `plots/data/`. How to read "
        "this: `docs/review.md`.</sub>"
    )


def _details(review: Review, budget: int) -> str:
    """Return both whole diffs, as much of them as the budget of bytes holds."""
    params = [[code(each.key), shown(each.old), shown(each.new)] for each in review.params]
    metrics = [
        [code(each.key), shown(each.old), shown(each.new), _gap(each, review)]
        for each in review.metrics
    ]
    text = ""
    side = _side(review.old)
    for title, header, rows in (
        ("parameters", ["parameter", side, "now"], params if len(params) > _SHOWN_PARAMS else []),
        ("figures in metrics/", ["figure", side, _now(review), "difference"], metrics),
    ):
        text += _folded(title, header, rows, budget - len(text.encode()))
    return text


def _folded(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], budget: int) -> str:
    if not rows:
        return ""
    lines = table(header, rows)
    opening = [f"\n<details><summary>All {len(rows):,} changed {title}</summary>", ""]
    closing = ["", "</details>"]
    # Room for the sentence on what was cut.
    used = len("\n".join([*opening, *closing]).encode()) + 200
    kept = 0
    for line in lines:
        used += len(line.encode()) + 1
        if used > budget:
            break
        kept += 1
    if kept < len(lines):
        shown_count = max(kept - 2, 0)
        cut = f"{len(rows) - shown_count:,} more do not fit here; `dvc metrics diff` has all."
        lines = [*(lines[:kept] if shown_count else []), "", cut]
    return "\n".join([*opening, *lines, *closing]) + "\n"


def _gap(each: Change, review: Review) -> str:
    file = f"metrics/{each.key.split('.')[0]}.json"
    if file in (*review.trusted.edited, *review.trusted.old_edited):
        return "edited"
    in_costs = any(name in f".{each.key}." for name in _IN_COSTS)
    if in_costs and not review.model.same_costs and not each.key.endswith(_FREE):
        return OTHER_COSTS
    numbers = [value for value in (each.old, each.new) if value is not ABSENT]
    is_number = all(isinstance(v, int | float) and not isinstance(v, bool) for v in numbers)
    return difference(each.old, each.new) if is_number and len(numbers) == 2 else ""
