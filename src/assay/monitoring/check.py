"""One question that is asked of a batch: how far it is from what was shipped, and how far is too far."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from assay.sections import MonitorParams

Area = Literal["inputs", "outputs", "performance", "slices", "operations", "trend"]
Level = Literal["fine", "warning", "alarm"]
# How a difference is measured, and so which of the limits stands for it.
Scale = Literal["distance", "rate", "change"]

# What shares a part of the rate of false alarms.
_FAMILIES: dict[Area, str] = {
    "inputs": "drift",
    "outputs": "drift",
    "operations": "drift",
    "performance": "performance",
    "slices": "slices",
    "trend": "trend",
}
EXIT_CODES: dict[Level, int] = {"fine": 0, "warning": 20, "alarm": 21}


@dataclass(frozen=True)
class Check:
    """A difference of a batch from what was shipped, beside its limits and its chance.

    Attributes
    ----------
    area : str
    subject : str
        The feature, output, metric or slice.
    measure : str
        What of it, such as `js_distance`, `missing_rate` or `unknown_rate`.
    now, before : float or None
        What it is, and what it was, as a reader knows them; None where a distance says all.
    effect : float
        How far apart they are, 0 upwards, on the scale of the limits.
    warn_from, alarm_from : float
        Effects from which it is a warning, and an alarm, if it is beyond chance.
    p_value : float
        How often rows like those before give such an effect by chance, at the batch's own number of
        rows and with what its rows share; 0 where chance has no part in it.
    sentence : str
        What was found, with its figures, as a whole sentence; told where it is no longer fine.
    look_at : str
        What to look at first, as a whole sentence.
    ordinary : float or None
        How far windows of the table went themselves; None where it is not known.
    adjusted : float
        The p-value for having asked so many questions.
    level : {"fine", "warning", "alarm"}
        Set by `judged`.
    at_most : {"warning", "alarm"}
        The gravest level that it is given, however far it goes; a warning for what is only estimated.
    also : tuple of str
        Further subjects of which the sentence tells the same; their own checks stand among all checks.
    brief : str
        The finding as a clause without its limits, for the verdict; the sentence where there is none.
    furthest : float or None
        The greatest effect that there can be, in any direction; None where there is no end. A check
        whose warning begins beyond it cannot be asked.
    """

    area: Area
    subject: str
    measure: str
    now: float | None
    before: float | None
    effect: float
    warn_from: float
    alarm_from: float
    p_value: float
    sentence: str
    look_at: str
    ordinary: float | None = None
    adjusted: float = 1.0
    level: Level = "fine"
    at_most: Level = "alarm"
    also: tuple[str, ...] = ()
    brief: str = ""
    furthest: float | None = None

    @property
    def key(self) -> str:
        """Its name among all checks."""
        return f"{self.area}:{self.subject}:{self.measure}"

    def to_json(self) -> dict[str, Any]:
        """Return its attributes."""
        return dict(vars(self))

    @property
    def askable(self) -> bool:
        """Whether any batch could reach its limit."""
        return self.furthest is None or self.warn_from <= self.furthest


def limits(
    params: MonitorParams, scale: Scale, ordinary: float | None, reach: float = 1.0
) -> tuple[float, float]:
    """Return from which effects on a check is a warning, and an alarm.

    What windows of the table showed themselves is no drift: where they went further than the limit of a
    warning, both limits begin there, as far from each other as before. A distance and a share have an
    end, so where limits were moved, or the alarm lies beyond that end, it begins no further than a third
    of the way from the limit of a warning to it: an alarm that nothing can reach is none.

    Parameters
    ----------
    params : MonitorParams
    scale : {"distance", "rate", "change"}
    ordinary : float or None
        How far windows of the table went themselves.
    reach : float
        The greatest effect that there can be, in the direction that the batch went: a share that falls
        can fall by what it was before alone. Changes have none.
    """
    warn, alarm = getattr(params.warn, scale), getattr(params.alarm, scale)
    least = max(warn, ordinary or 0.0)
    far = least + (alarm - warn)
    if scale != "change" and (least > warn or far > reach):
        far = max(least, min(far, least + (reach - least) / 3))
    return least, far


def rate_reach(before: float, now: float) -> float:
    """Return how far a share can go in the direction that it went."""
    return 1 - before if now >= before else before


def judged(checks: Sequence[Check], false_alarm_rate: float) -> list[Check]:
    """Return the checks with their levels, the gravest first.

    A check raises something where its effect reaches a limit, and its p-value, adjusted for the number
    of checks, is at most the rate. So a batch like those before raises anything in at most this share of
    batches, whatever its size. Drift, performance, slices and trends have equal parts of the rate where there
    are such checks: how good the model is, is asked by a few, which hundreds on features would drown.

    References
    ----------
    Holm 1979, "A simple sequentially rejective multiple test procedure".
    """
    families = {_FAMILIES[check.area] for check in checks}
    adjusted = [1.0] * len(checks)
    for family in families:
        asked = [number for number, check in enumerate(checks) if _FAMILIES[check.area] == family]
        asked.sort(key=lambda number: checks[number].p_value)
        least = 0.0
        for place, number in enumerate(asked):
            times = (len(asked) - place) * len(families)
            least = max(least, min(1.0, checks[number].p_value * times))
            adjusted[number] = least
    told = [
        replace(check, adjusted=p_value, level=_level(check, p_value <= false_alarm_rate))
        for check, p_value in zip(checks, adjusted, strict=True)
    ]
    return sorted(told, key=lambda check: (-EXIT_CODES[check.level], -_reach(check), check.key))


def _level(check: Check, beyond_chance: bool) -> Level:
    if not beyond_chance or check.effect < check.warn_from:
        return "fine"
    return check.at_most if check.effect >= check.alarm_from else "warning"


def _reach(check: Check) -> float:
    """Return how many times its limit an effect is."""
    return check.effect / check.warn_from if check.warn_from > 0 else check.effect
