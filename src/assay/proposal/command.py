"""The work of `python -m stages.init`: read, propose, write, tell."""

from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from assay import artifacts
from assay.errors import shown
from assay.proposal.document import render
from assay.proposal.places import guess_unit, place_table, refuse_to_overwrite, tracked_by
from assay.proposal.propose import Proposal, Wishes, propose
from assay.proposal.roles import Asked
from assay.proposal.summary import summary
from assay.proposal.tables import TypedTable, require_names, typed_texts

_NONE = "none"


def run_command(chosen: Namespace) -> Iterator[str]:
    """Propose a `params.yaml` for a table, write it, and yield what there is to tell.

    Parameters
    ----------
    chosen : Namespace
        The options of `stages.init`.

    Raises
    ------
    AssayError
        If the table cannot be read, an option does not fit it, or a file would be overwritten.
    """
    project = Path()
    source, output = Path(chosen.table), Path(chosen.output)
    # What is known at once is said before a large table is read.
    write = not chosen.dry_run
    if write and not chosen.force:
        refuse_to_overwrite(output, None, project)
    typed = _read(source)
    place = place_table(source, typed.frame, project)
    if write and not chosen.force:
        refuse_to_overwrite(output, place, project)
    wishes = _wishes(chosen, list(map(str, typed.frame.columns)))
    proposal = propose(typed.frame, place.path, guess_unit(source), wishes)
    text = document(proposal)
    tracked = tracked_by(place.path, project)
    yield from summary(proposal, place, typed.notes, tracked)
    if not write:
        yield f"\n{output} would be:\n\n{text}"
        return
    if place.content is not None:
        artifacts.write_bytes(project / place.path, place.content)
    artifacts.write_text(output, text)
    yield f"\nwritten: {output}"


def _read(source: Path) -> TypedTable:
    frame = artifacts.read_table(source)
    if artifacts.table_format(source) == "csv":
        typed = typed_texts(frame, str(source))
    else:
        typed = TypedTable(frame, ())
    require_names(typed.frame, str(source))
    return typed


def _wishes(chosen: Namespace, names: list[str]) -> Wishes:
    """Return what the options say; `none` is no column, unless one is called so."""

    def given(word: str | None) -> tuple[str | None, bool]:
        is_none = word == _NONE and word not in names
        return (None if is_none else word), is_none

    time, no_time = given(chosen.time)
    group, no_group = given(chosen.group)
    ids, no_ids = given(chosen.ids)
    listed = ids if ids in names or ids is None else ids.split(",")
    asked = Asked(
        [listed] if isinstance(listed, str) else listed, time, group, no_ids, no_time, no_group
    )
    return Wishes(chosen.target, chosen.task, chosen.unit, asked)


def document(proposal: Proposal) -> str:
    """Return the text of the `params.yaml` that is proposed."""
    head = (
        f"Proposed by `python -m stages.init` for {shown(proposal.params.data.table)}. A guess has its "
        "reason behind the comment of its key. Change what is wrong."
    )
    return render(proposal.values, proposal.reasons, head)
