"""What the terminal tells of a proposal: the table, the guesses, what to look at, what to do next."""

import shlex
import shutil
import textwrap
from collections.abc import Sequence

from assay.errors import counted, shown
from assay.proposal.places import Place
from assay.proposal.profile import Column
from assay.proposal.propose import Proposal

# Columns of a wide table that have a line.
_LISTED = 40
_NAME, _TYPE = 28, 12


def summary(
    proposal: Proposal,
    place: Place,
    notes: Sequence[str],
    tracked: str | None,
    width: int | None = None,
) -> list[str]:
    """Return the lines that tell of a proposal.

    Parameters
    ----------
    proposal : Proposal
    place : Place
        Where the table lies.
    notes : sequence of str
        What reading it was remarkable for.
    tracked : str or None
        Who tracks the table.
    width : int, optional
        Of a line; by default the terminal's, or 100 where there is none.
    """
    width = width or shutil.get_terminal_size((100, 24)).columns
    lines = [*_table(proposal, place), *_columns(proposal, width), "", *_guesses(proposal, width)]
    for head, points in (
        ("Look at:", [*_by_hand(proposal), *notes]), ("Not ready:", stops_at(proposal))
    ):  # fmt: skip
        if points:
            told = [line for point in points for line in _wrapped(point, width, "  - ", "    ")]
            lines += ["", head, *told]
    return [*lines, "", *_next(proposal, place, tracked)]


def _table(proposal: Proposal, place: Place) -> list[str]:
    profile = proposal.profile
    size = f"{max(profile.memory_bytes / 2**20, 0.1):,.1f} MiB in memory"
    rows, columns = counted(profile.row_count, "row"), counted(len(profile.columns), "column")
    lines = [f"{place.path}: {rows}, {columns}, {size}"]
    if place.note:
        lines.append(f"  {place.note}")
    if profile.sampled:
        lines.append(
            f"  distinct values, checks and guesses are from {profile.looked_at:,} rows drawn at random"
        )
    return lines


def _columns(proposal: Proposal, width: int) -> list[str]:
    shown_columns, rest = _listed(proposal)
    longest = min(_NAME, max(len(shown(column.name)) for column in shown_columns))
    head = ("column", "type", "missing", "distinct", "role", "values")
    rows = [head, *(_row(column, proposal) for column in shown_columns)]
    lines = [""]
    for name, told, missing, distinct, role, values in rows:
        line = (
            f"{_cut(name, longest):<{longest}}  {told:<{_TYPE}}  {missing:>7}  {distinct:>9}  "
            f"{role:<11}  {values}"
        )
        lines.append(_cut(line, width).rstrip())
    if rest:
        roles = [_role(column.name, proposal) for column in rest]
        told = ", ".join(f"{roles.count(role):,} {role}" for role in dict.fromkeys(roles))
        lines.append(f"... and {counted(len(rest), 'more column')}: {told}")
    return lines


def _listed(proposal: Proposal) -> tuple[list[Column], list[Column]]:
    """Return the columns that have a line, in the order of the table, and the others.

    Of many, those that are more than features come first.
    """
    columns = list(proposal.profile.columns.values())
    ranked = sorted(columns, key=lambda column: _role(column.name, proposal) == "feature")
    first = {column.name for column in ranked[:_LISTED]}
    return [c for c in columns if c.name in first], [c for c in columns if c.name not in first]


def _row(column: Column, proposal: Proposal) -> tuple[str, str, str, str, str, str]:
    rate = column.missing_rate
    missing = "" if not rate else "<0.1%" if rate < 0.0005 else f"{rate:.1%}"
    distinct = "" if column.distinct is None else f"{column.distinct:,}"
    examples = ", ".join(column.examples)
    role = _role(column.name, proposal)
    return shown(column.name), column.told, missing, distinct, role, examples


def _role(name: str, proposal: Proposal) -> str:
    roles = proposal.roles
    held: dict[str, list[str | None] | list[str]] = {
        "target": [proposal.target.name], "id": roles.ids, "time": [roles.time],
        "group": [roles.group], "excluded": list(roles.excluded), "category": roles.categorical,
    }  # fmt: skip
    return next((role for role, names in held.items() if name in names), "feature")


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def _guesses(proposal: Proposal, width: int) -> list[str]:
    target, task, params = proposal.target, proposal.task, proposal.params
    others = f"; it could also be {', '.join(map(shown, target.others))}" if target.others else ""
    unsure = f" NOT SURE{others}" if not target.sure else ""
    positive = f"; {task.positive_why}" if task.positive_why else ""
    split, metric = params.split, params.task.primary_metric
    told = [
        ("target", f"{shown(target.name)}: {target.why}.{unsure}"),
        ("task", f"{task.type}: {task.why}{positive}.{'' if task.sure else ' NOT SURE'}"),
        ("metric", f"{metric}: {_reason(proposal, 'task.primary_metric')}"),
        ("split", _reason(proposal, "split.strategy")),
        ("", f"{split.holdout_fraction:.0%} of rows judge; {counted(split.fold_count, 'fold')}"),
    ]
    sensitive = _reason(proposal, "evaluate.sensitive_columns")
    if sensitive:
        told.append(("sensitive", sensitive))
    excluded = list(proposal.roles.excluded.items())
    told += [
        ("excluded", f"{shown(name)}: {reason}{_found(name, proposal)}")
        for name, reason in excluded[:_LISTED]
    ]
    if len(excluded) > _LISTED:
        told.append(("", f"and {len(excluded) - _LISTED:,} more, listed in the file"))
    return [line for key, text in told for line in _wrapped(text, width, f"{key:<10}", " " * 10)]


def _found(name: str, proposal: Proposal) -> str:
    """Return what was found of an excluded column, which may quote values: here, not in the file."""
    finding = proposal.against.get(name)
    return f": {finding.message}" if finding else ""


def _wrapped(text: str, width: int, first: str, further: str) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()),
        max(width, 40),
        initial_indent=first,
        subsequent_indent=further,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _reason(proposal: Proposal, place: str) -> str:
    return " ".join(proposal.reasons.get(place, ()))


def _by_hand(proposal: Proposal) -> list[str]:
    """Return what only a person can judge."""
    checks = []
    if not proposal.target.sure:
        checks.append("the target: name another one with --target")
    for key in ("time_column", "group_column"):
        if getattr(proposal.params.data, key) is None:
            why = " ".join(proposal.reasons.get(f"data.{key}", ()))
            if why and not why.startswith("No column"):
                checks.append(f"data.{key}: {why}")
    checks += [f"{found.message} {found.action}" for found in proposal.to_judge]
    checks.append("is any feature known only after the decision? Put it into data.exclude_columns")
    told = {(found.code, found.columns) for found in proposal.to_judge}
    warned = [
        f"{found.message} {found.action}"
        for found in proposal.trial.findings
        if found.severity == "warning" and (found.code, found.columns) not in told
    ]
    return checks + [f"validate will warn: {text}" for text in warned[:10]]


def stops_at(proposal: Proposal) -> list[str]:
    """Return what the first stages will stop at, and a proposal cannot mend; nothing if they pass."""
    trial = proposal.trial
    where = " (of the rows looked at)" if proposal.profile.sampled else ""
    lines = [
        f"validate will stop at{where}: {found.message} {found.action}" for found in trial.errors
    ]
    if trial.split_error:
        lines.append(f"split will stop at: {trial.split_error}")
    return lines


def _next(proposal: Proposal, place: Place, tracked: str | None) -> list[str]:
    lines = ["Next:"]
    if tracked is None:
        lines.append(f"  dvc add {_word(place.path)}    (neither Git nor DVC tracks it)")
    return [*lines, "  dvc repro"]


def _word(path: str) -> str:
    """Return a path as a word for the shell."""
    return shlex.quote(path)
