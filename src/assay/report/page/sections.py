"""The page's sections, in the order in which somebody decides."""

from typing import NamedTuple


class Section(NamedTuple):
    """A section of the page.

    Attributes
    ----------
    anchor : str
        Its id, and the name of its template.
    title : str
    short : str
        Its title in the table of contents.
    """

    anchor: str
    title: str
    short: str


def sections_of(task: str) -> list[Section]:
    """Return the sections of a task's page."""
    operating = {
        "binary": "Operating point: when to act",
        "multiclass": "Operating point: which rows to decide",
        "regression": "Operating point: how wide the intervals are",
    }
    return [
        Section("verdict", "Verdict", "Verdict"),
        Section("problem", "The problem and the decision", "Problem and decision"),
        Section("operating", operating[task], "Operating point"),
        Section(
            "weaknesses", "Where it fails, for whom it works, what breaks it", "Where it fails"
        ),
        Section("holdout", "How good it is on rows it never saw", "On the holdout"),
        Section("reasons", "What drives it", "What drives it"),
        Section("mending", "What to fix in the data", "What to fix"),
        Section("data", "Data and splits", "Data and splits"),
        Section("models", "The models that were tried", "Models tried"),
        Section("limits", "Findings, limits, and the history of the holdout", "Limits and history"),
        Section("rebuild", "How to rebuild, score and watch it", "Rebuild, score, watch"),
    ]
