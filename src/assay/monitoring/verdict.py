"""One word for a batch, and one sentence: fine, warning or alarm."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.errors import counted, listed
from assay.monitoring.check import EXIT_CODES, Check, Level, judged
from assay.sections import MonitorParams

# What is true of any number of rows: the others need rows to be beyond chance.
_OF_ANY_ROWS = {("operations", None), ("inputs", "type"), ("performance", "unknown_outcome_rate")}


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
        """The findings as a reader wants them: features that lack the same rows are one."""
        together: dict[tuple[str, Level, str], list[Check]] = {}
        for check in self.findings:
            alone = check.measure != "missing_rate"
            share = check.key if alone else f"{check.now:.3f}"
            together.setdefault((check.measure, check.level, share), []).append(check)
        return [
            each[0] if len(each) == 1 else _missing_together(each) for each in together.values()
        ]

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
    checks: Sequence[Check], params: MonitorParams, name: str, run_id: str, rows: int
) -> Verdict:
    """Judge a batch.

    Parameters
    ----------
    checks : sequence of Check
        All that was asked, in any order.
    params : MonitorParams
    name, run_id : str
        Of the batch and of the model, for the sentence.
    rows : int
        Rows that were scored.
    """
    enough = rows >= params.min_rows
    told = judged(checks, params.false_alarm_rate)
    if not enough:
        told = [check if _of_any_rows(check) else replace(check, level="fine") for check in told]
        told.sort(key=lambda check: -EXIT_CODES[check.level])
    findings = [check for check in told if check.level != "fine"]
    batch = f"{name} ({counted(rows, 'row')})"
    if not enough:
        sentence = (
            f"Not judged: {batch} has fewer rows than the {params.min_rows:,} that tell drift from "
            f"chance{_besides(findings)}."
        )
        return Verdict(told, False, gravest(findings), sentence)
    if not findings:
        sentence = (
            f"Fine: {batch} is like the rows that {run_id} was made from, in all of "
            f"{counted(len(told), 'check')}."
        )
        return Verdict(told, True, "fine", sentence)
    level = gravest(findings)
    sentence = (
        f"{level.capitalize()}: {batch} is not like the rows that {run_id} was made from, in "
        f"{len(findings):,} of {counted(len(told), 'check')}: by more than chance, and beyond the limits."
    )
    return Verdict(told, True, level, sentence)


def _missing_together(checks: Sequence[Check]) -> Check:
    """Return one check for features that lack a value in the same share of rows."""
    names = [check.subject for check in checks]
    least = min(check.before or 0.0 for check in checks)
    most = max(check.before or 0.0 for check in checks)
    before = f"{least:.1%}" if f"{least:.1%}" == f"{most:.1%}" else f"{least:.1%} to {most:.1%}"
    return replace(
        checks[0],
        also=tuple(names[1:]),
        sentence=f"{listed(names)}: {checks[0].now:.1%} of rows have no value in each of them, against "
        f"{before} in training (warning from a difference of {checks[0].warn_from:.1%}).",
        look_at="They may lack the same rows: look at the source or the join that they share.",
    )


def gravest(checks: Iterable[Check]) -> Level:
    """Return the gravest level of some checks; fine where there are none."""
    levels: list[Level] = [check.level for check in checks]
    return max(levels, key=EXIT_CODES.__getitem__, default="fine")


def _of_any_rows(check: Check) -> bool:
    return bool({(check.area, None), (check.area, check.measure)} & _OF_ANY_ROWS)


def _besides(findings: Sequence[Check]) -> str:
    if not findings:
        return ""
    return f"; {counted(len(findings), 'finding')} need no more rows to be true"
