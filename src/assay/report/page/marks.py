"""Small interval marks beside key figures: where estimates lie on one scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Mark:
    """An estimate on a scale from 0 to 100.

    Attributes
    ----------
    name : str
    low, high, at : float
        Ends of its interval and its value, in percent of the scale.
    """

    name: str
    low: float
    high: float
    at: float


@dataclass(frozen=True)
class Marks:
    """Estimates on one scale.

    Attributes
    ----------
    marks : sequence of Mark
    zero : float or None
        Where a reference lies, if there is one.
    """

    marks: Sequence[Mark]
    zero: float | None


def marks_of(
    estimates: Sequence[tuple[str, Mapping[str, float]]], reference: float | None = None
) -> Marks | None:
    """Place estimates on one scale; nothing where one of them has no interval.

    Parameters
    ----------
    estimates : sequence of (name, estimate)
    reference : float, optional
        A value that the scale shows too, such as 0.
    """
    if any("ci_low" not in estimate for _, estimate in estimates):
        return None
    ends = [estimate[key] for _, estimate in estimates for key in ("ci_low", "ci_high")]
    if reference is not None:
        ends.append(reference)
    low, high = min(ends), max(ends)
    # A rim, so that no end lies on the edge.
    rim = 0.06 * (high - low) or 1.0

    def place(value: float) -> float:
        return round(100 * (value - low + rim) / (high - low + 2 * rim), 2)

    return Marks(
        [
            Mark(name, place(each["ci_low"]), place(each["ci_high"]), place(each["value"]))
            for name, each in estimates
        ],
        None if reference is None else place(reference),
    )
