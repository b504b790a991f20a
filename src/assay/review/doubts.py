"""What a reviewer must know before believing the figures: runs that do not match what is committed."""

from collections.abc import Iterable, Iterator, Sequence

from assay.report.rendering import code
from assay.review.causes import Rerun, without_cause
from assay.review.changes import Change, value_at
from assay.review.model import ModelChange
from assay.review.revision import CARD, POINTER, Revision
from assay.review.trust import Trust, other_params
from assay.review.words import listed, prose, shown
from assay.revisions import LOCK


def doubts(
    trusted: Trust,
    old: Revision,
    new: Revision,
    model: ModelChange,
    found: Sequence[Rerun],
    params: Sequence[Change],
) -> list[str]:
    """Return each doubt as a sentence of Markdown.

    Parameters
    ----------
    trusted : Trust
    old, new : Revision
    model : ModelChange
    found : sequence of Rerun
    params : sequence of Change
    """
    return [
        *_not_rerun(trusted, new),
        *_old_not_rerun(old),
        *_edited(trusted.edited, ""),
        *_edited(trusted.old_edited, f" of {prose(old.name)}"),
        *_uncaused(found, old),
        *_stale_card(new),
        *_asked_again(old, new, model, params),
    ]


def _not_rerun(trusted: Trust, new: Revision) -> Iterator[str]:
    stages: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name, kind, names in trusted.late:
        stages.setdefault((kind, tuple(names)), []).append(name)
    for (kind, names), late in stages.items():
        if kind == "history":
            yield (
                "The history of the holdout was looked at after the run was packaged: the model card "
                "does not have it. Run `dvc repro`, and commit."
            )
        elif kind == "params":
            values = ", ".join(
                f"{code(name)} is {shown(value_at(new.params, name))}" for name in names[:3]
            )
            yield (
                f"**The pipeline was not rerun**: {values} in `params.yaml`, and something else in "
                f"`{LOCK}` ({listed(late)}). The figures below are of the old value. Run "
                "`dvc repro`, and commit."
            )
        else:
            what = {"environment": "the environment", "data": "the data"}.get(kind, "code")
            yield (
                f"**The pipeline was not rerun**: {what} ({listed(names, 3)}) changed after "
                f"{listed(late)}. Run `dvc repro`, and commit."
            )


def _old_not_rerun(old: Revision) -> Iterator[str]:
    late = [name for name, stage in old.stages.items() if any(other_params(stage, old.params))]
    if late:
        yield (
            f"{prose(old.name)} itself was not rerun after its parameters changed ({listed(late)}): its "
            "figures are of older ones. Compare with a revision that was."
        )


def _edited(found: Sequence[str], of: str) -> Iterator[str]:
    if found:
        yield (
            f"**{listed(found)}{of} {'is' if len(found) == 1 else 'are'} not what `{LOCK}` says that the "
            "pipeline wrote**: edited by hand, or not committed together. Do not believe what comes from "
            "there. Run `dvc repro --force`, and commit."
        )


def _uncaused(found: Sequence[Rerun], old: Revision) -> Iterator[str]:
    for each in without_cause(found):
        if each.stage in old.stages:
            yield (
                f"{listed(each.outputs, 3)} of {code(each.stage)} changed, though no parameter, data, "
                "code or environment of that stage did. A rebuild gives the same bytes on x86-64 "
                "machines with AVX2; on another machine, or with `train.budget_seconds`, it may not."
            )


def _stale_card(new: Revision) -> Iterator[str]:
    run = new.text(POINTER).strip().rsplit("/", 1)[-1]
    if run and run not in new.text(CARD):
        yield (
            f"`{CARD}` is not of the run that `{POINTER}` names ({code(run)}). Run `dvc repro`, and "
            "commit both."
        )


def _asked_again(
    old: Revision, new: Revision, model: ModelChange, params: Iterable[Change]
) -> Iterator[str]:
    asked = model.kind == "another" and model.same_rows
    count = value_at(new.metrics, "history.ledger.model_count")
    if asked:
        known = isinstance(count, int) and count > 1
        judged = (
            f"{count} models have been judged on it" if known else "this is one more model on it"
        )
        yield (
            f"The holdout was asked again: {judged}. The best of many on the same rows is flattered "
            "by them; choose by the out-of-fold figures."
        )
    if value_at(new.metrics, "history.renewed") is False and (asked or not model.same_rows):
        yield (
            "The history of the holdout does not know this model yet. Run "
            f"{code(f'python -m stages.history --against {old.name}')}, then `dvc repro`, and commit."
        )
    if not model.same_rows:
        split = [each.key for each in params if each.key.startswith(("split.", "data."))]
        why = f" ({listed(split)} changed)" if split else ""
        judged = "the two models" if model.kind == "another" else "the model"
        yield (
            f"Other holdout rows judged {judged}{why}: the two figures of a row below cannot be "
            "compared, not even roughly. Easier rows raise them without a better model."
        )
