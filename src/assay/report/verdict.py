"""Is the model to be shipped, and why? One answer for all pages."""

from dataclasses import dataclass
from typing import Literal

from assay.report.facts import ReportFacts

Answer = Literal["ship", "ship_with_care", "do_not_ship"]


@dataclass(frozen=True)
class Verdict:
    """The answer and what speaks for it.

    Every sentence is plain text in which names stand as they are: a page escapes it as it needs.

    Attributes
    ----------
    answer : {"ship", "ship_with_care", "do_not_ship"}
    sentence : str
        The answer in one sentence.
    reasons : tuple of str
        What speaks for shipping, with figures.
    doubts : tuple of str
        What speaks against it, or must be done first; empty for "ship".
    weak_spots : tuple of str
        Where the model is known or feared to be weak, the worst first.
    """

    answer: Answer
    sentence: str
    reasons: tuple[str, ...]
    doubts: tuple[str, ...]
    weak_spots: tuple[str, ...]


def verdict_of(facts: ReportFacts) -> Verdict:
    """Weigh what the run's files say."""
    gate = facts.metrics["holdout"]["gate"]
    passed = gate["action"] == "off" or gate["passed"]
    answer: Answer = "ship" if passed else "do_not_ship"
    return Verdict(answer, f"{gate['sentence']}.", (), (), ())
