"""Is the model to be shipped, and why? One answer for all pages."""

from dataclasses import dataclass
from typing import Literal

from assay.report.doubt import Doubt
from assay.report.doubts import blockers, cautions
from assay.report.earlier import not_counted
from assay.report.facts import ReportFacts
from assay.report.strengths import headline, strengths, worth
from assay.report.weak_spots import weak_spots
from assay.report.words import counted, listed

Answer = Literal["ship", "ship_with_care", "do_not_ship"]
# How the answer is called on a page.
ANSWERS = {
    "ship": "Ship",
    "ship_with_care": "Ship with care",
    "do_not_ship": "Do not ship",
}


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
    """Weigh what the run's files say.

    **Do not ship** where one of these holds:

    - the gate is asked (`evaluate.gate.action` is not `off`) and not passed;
    - by the gate's metric the model is worse than a baseline, beyond its interval;
    - acting on it is worth less than another way to act (on none, on all, on the baseline, by the rule of
      today), beyond its interval;
    - likely errors were found in the data: they are to be mended, and everything judged again.

    **Ship with care** where none of them holds, and one of these does:

    - the gate is off; a baseline is not shown to be beaten, or could not be compared with;
    - the gate judges by another metric, and by the primary one a baseline is better, beyond its interval;
    - the holdout has too few rows of a class for its intervals, or the folds do not tell the model from a
      constant;
    - acting on it is not shown to be worth more than another way to act, or the threshold has a warning;
    - acting on its quantile is worth less than acting on its own prediction, beyond its interval;
    - on the holdout it misses `min_precision`, `min_recall` or `accept_accuracy` by more than chance,
      raises no alert, or decides less than 1% of rows;
    - it is miscalibrated by more than chance; its prediction intervals hold fewer outcomes than wanted, by
      more than chance; it moves against `interpret.expected_direction`;
    - it fails on a part of the holdout, or groups are treated differently, beyond chance;
    - a check warns of what nobody accepted in `validate.ignore`;
    - it ranks in the better half of several models that this holdout judged, and that can flatter the best
      by as much as the lower end of its gain: the second of many is flattered nearly as much as the first;
    - it is worse than the run before it, or acting on it is, beyond its interval; its search cannot be
      repeated.

    **Ship** where nothing of all this holds. Costs that nobody gave are no doubt: the sentence says that the
    worth of acting is not known. Nor is a history that was not renewed for this model, which every fresh
    `dvc repro` has: the sentence says what is not counted. Weak spots are told, and decide nothing: of many parts of a holdout some
    look weak by chance, and what breaks a model is to be watched.

    Parameters
    ----------
    facts : ReportFacts

    Returns
    -------
    Verdict
    """
    against, careful = list(blockers(facts)), list(cautions(facts))
    answer: Answer = "do_not_ship" if against else "ship_with_care" if careful else "ship"
    return Verdict(
        answer,
        _sentence(answer, against or careful, facts),
        tuple(strengths(facts)),
        tuple(doubt.told for doubt in (*against, *careful)),
        tuple(weak_spots(facts)),
    )


def _sentence(answer: Answer, doubts: list[Doubt], facts: ReportFacts) -> str:
    shorts = list(dict.fromkeys(doubt.short for doubt in doubts))
    if answer == "do_not_ship":
        return f"Do not ship on these figures: {listed(shorts)}."
    parts = (f"{headline(facts)}, and {worth(facts)}", not_counted(facts))
    told = "; ".join(part for part in parts if part)
    if answer == "ship":
        return f"Ship: {told}."
    many = "1 thing is" if len(shorts) == 1 else f"{counted(len(shorts), 'thing')} are"
    return f"Ship with care: {told}; {many} to be settled or accepted first: {listed(shorts)}."
