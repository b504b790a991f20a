"""What to look at first: findings with bars of their effect beside the limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from assay.report.monitoring.written import cannot_alarm

# Findings that are shown, and those that are folded.
SHOWN, FOLDED = 8, 40
# A bar ends at so many times the limit of an alarm; what goes further fills it.
_MOST = 4.0


@dataclass(frozen=True)
class EffectBar:
    """An effect beside its limits, on a scale from 0 to 100.

    Attributes
    ----------
    effect, warn : float
    alarm : float or None
        None where there can be no alarm.
    beyond : bool
        Whether the effect lies beyond the end of the bar.
    """

    effect: float
    warn: float
    alarm: float | None
    beyond: bool


@dataclass(frozen=True)
class Finding:
    """A check that is not fine.

    Attributes
    ----------
    path : str
        Where it stands in the result.
    check : dict
    bar : EffectBar
    """

    path: str
    check: Mapping[str, Any]
    bar: EffectBar


def findings_of(result: Mapping[str, Any]) -> list[Finding]:
    """Return the findings in their order, the gravest first.

    Parameters
    ----------
    result : dict
        What `assay.monitoring` found.
    """
    return [
        Finding(f"findings.{place}", check, effect_bar(check))
        for place, check in enumerate(result["findings"])
    ]


def effect_bar(check: Mapping[str, Any]) -> EffectBar:
    """Place an effect and its limits on one scale.

    Parameters
    ----------
    check : dict
        With `effect`, `warn_from` and `alarm_from`; of a check also `measure` and `at_most`.
    """
    effect, warn, alarm = (float(check[name]) for name in ("effect", "warn_from", "alarm_from"))
    never = check.get("at_most") == "warning" or cannot_alarm({"measure": "", **check})
    furthest = warn if never else max(alarm, warn)
    end = max(min(1.1 * effect, _MOST * furthest), 1.3 * furthest) or 1.0
    if not isfinite(end):
        end = _MOST * furthest or 1.0

    def place(value: float) -> float:
        return round(100 * min(max(value, 0.0) / end, 1.0), 2)

    return EffectBar(place(effect), place(warn), None if never else place(alarm), effect > end)
