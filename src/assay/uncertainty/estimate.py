"""A number with its interval."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Attributes
    ----------
    value : float
        The number on the rows as they are.
    ci_low, ci_high : float
        The ends of its interval.
    method : str
        How the interval was made; empty where there is none, and both ends are the value.
    n : int
        Rows behind it.
    reason : str
        Why there is no interval; empty where there is one.
    """

    value: float
    ci_low: float
    ci_high: float
    method: str
    n: int
    reason: str = ""

    def to_json(self) -> dict[str, float]:
        """Return value and ends for a metrics file; the value alone where there is no interval."""
        if not self.method:
            return {"value": self.value}
        return {"value": self.value, "ci_low": self.ci_low, "ci_high": self.ci_high}


def without_interval(value: float, n: int, reason: str = "") -> Estimate:
    """Return a number of `n` rows that has no interval, and why."""
    return Estimate(value, value, value, "", n, reason)
