"""One word for a batch, and one sentence: fine, warning or alarm."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.errors import counted, listed, shown
from assay.monitoring.check import EXIT_CODES, Check, Level, judged
from assay.monitoring.telling import percent
from assay.sections import MonitorParams

# What is true of any number of rows: the others need rows to be beyond chance.
_OF_ANY_ROWS = {("operations", None), ("inputs", "type"), ("performance", "unknown_outcome_rate")}

# What is asked of the values of one feature.
_OF_VALUES = ("js_distance", "outside_rate", "far_outside_rate", "unknown_rate")
# Causes that the verdict names.
_NAMED = 2


@dataclass(frozen=True)
class Verdict:
    """What is said of a batch.

    Attributes
    ----------
    checks : list of Check
        All of them with their levels, the gravest first.
    judged : bool
        Whether the batch has rows enough.
    level : {"fine", "warning", "alarm"}
        The gravest of the checks: of few rows, of those that need no more rows to be true.
    sentence : str
    """

    checks: list[Check]
    judged: bool
    level: Level
    sentence: str

    @property
    def findings(self) -> list[Check]:
        """Checks that are not fine, the gravest first."""
        return [check for check in self.checks if check.level != "fine"]

    @property
    def told(self) -> list[Check]:
        """The findings as a reader wants them: those of one cause are one, the gravest first."""
        return told_together(self.findings)

    @property
    def exit_code(self) -> int:
        """What the command ends with."""
        return EXIT_CODES[self.level]

    def to_json(self) -> dict[str, Any]:
        """Return what the result says of it."""
        return {
            "level": self.level,
            "judged": self.judged,
            "sentence": self.sentence,
            "exit_code": self.exit_code,
            "check_count": len(self.checks),
        }


def verdict_of(
    checks: Sequence[Check], params: MonitorParams, rows: int, train_again: bool | None = None
) -> Verdict:
    """Judge a batch.

    Parameters
    ----------
    checks : sequence of Check
        All that was asked, in any order.
    params : MonitorParams
    rows : int
        Rows that were scored.
    train_again : bool, optional
        Whether the model card's trigger is met; None where it cannot be said.
    """
    enough = rows >= params.min_rows
    told = judged(checks, params.false_alarm_rate)
    if not enough:
        told = [check if _of_any_rows(check) else replace(check, level="fine") for check in told]
        told.sort(key=lambda check: -EXIT_CODES[check.level])
    findings = [check for check in told if check.level != "fine"]
    causes = _causes(told_together(findings))
    todo = _action(_first_cause(findings), train_again) if findings else ""
    if not enough:
        sentence = (
            f"Not judged: {counted(rows, 'row')}, fewer than the {params.min_rows:,} that tell drift from "
            "chance."
        )
        if findings:
            sentence += f" Certain all the same: {causes}. {todo}"
    elif not findings:
        sentence = f"Fine: nothing to do; {counted(len(told), 'check')} passed."
    else:
        sentence = f"{gravest(findings).capitalize()}: {causes}. {todo}"
    return Verdict(told, enough, gravest(findings), sentence)


def _causes(told: Sequence[Check]) -> str:
    """Name the first causes, and count the others."""
    named = [check.brief or check.sentence.rstrip(".") for check in told[:_NAMED]]
    more = len(told) - len(named)
    return "; ".join([*named, *([counted(more, "more finding")] if more else [])])


def _first_cause(findings: Sequence[Check]) -> Check:
    """Return what is to be mended first: an alarm of inputs, from which falls of performance follow."""
    grave = (check for check in findings if check.level == "alarm" and check.area == "inputs")
    return next(grave, findings[0])


def _action(check: Check, train_again: bool | None) -> str:
    """Say what to do about a finding."""
    grave = check.level == "alarm"
    if check.area == "performance":
        state = {
            True: "the rule for training again is met",
            False: "the rule for training again is not met",
            None: "the rule for training again cannot be asked yet",
        }[train_again]
        return f"Look at outcomes and slices; {state}."
    return {
        "inputs": "Mend the inputs before these scores are used."
        if grave
        else "Look at the source of these inputs; the scores may be used.",
        "outputs": "Find out why before these scores are used."
        if grave
        else "Look at the features that moved; the scores may be used.",
        "slices": "Decide whether these rows are acted on.",
        "operations": "Look at the job and its receipts.",
        "trend": "Look at when it began; it is slow drift, or a season.",
    }[check.area]


def told_together(findings: Sequence[Check]) -> list[Check]:
    """Return findings with those of one cause as one.

    Features that lack the same rows are one, and so is all that is found of one feature's values.

    Parameters
    ----------
    findings : sequence of Check
        The gravest first, as they are returned.
    """
    together: dict[tuple[str, ...], list[Check]] = {}
    for check in findings:
        together.setdefault(_cause(check), []).append(check)
    return [_as_one(each) for each in together.values()]


def _cause(check: Check) -> tuple[str, ...]:
    if check.measure == "missing_rate" and check.area == "inputs":
        return "missing", check.level, f"{check.now:.3f}"
    if check.area == "inputs" and check.measure in _OF_VALUES:
        return "values", check.subject
    return "alone", check.key


def _as_one(checks: Sequence[Check]) -> Check:
    if len(checks) == 1:
        return checks[0]
    if checks[0].measure == "missing_rate":
        return _missing_together(checks)
    name = shown(checks[0].subject)
    also = " ".join(f"It also {check.brief.removeprefix(name).strip()}." for check in checks[1:])
    return replace(checks[0], sentence=f"{checks[0].sentence} {also}")


def _missing_together(checks: Sequence[Check]) -> Check:
    """Return one check for features that lack a value in the same share of rows."""
    names = [check.subject for check in checks]
    now = percent(checks[0].now or 0.0)
    least = min(check.before or 0.0 for check in checks)
    most = max(check.before or 0.0 for check in checks)
    before = f"{least:.1%}" if f"{least:.1%}" == f"{most:.1%}" else f"{least:.1%} to {most:.1%}"
    return replace(
        checks[0],
        also=tuple(names[1:]),
        sentence=f"{listed(names)}: {now} of rows have no value in each of them, against "
        f"{before} in training (warning from a difference of {checks[0].warn_from:.1%}).",
        brief=f"{listed(names)} have no value in {now} of rows",
        look_at="They may lack the same rows: look at the source or the join that they share.",
    )


def gravest(checks: Iterable[Check]) -> Level:
    """Return the gravest level of some checks; fine where there are none."""
    levels: list[Level] = [check.level for check in checks]
    return max(levels, key=EXIT_CODES.__getitem__, default="fine")


def _of_any_rows(check: Check) -> bool:
    return bool({(check.area, None), (check.area, check.measure)} & _OF_ANY_ROWS)
