"""Texts of times and durations, read where they can mean one thing only: ISO 8601, and what pandas writes."""

import re
from datetime import date

_DAY_SECONDS = 86_400
_EPOCH = date(1970, 1, 1).toordinal()
_ZONE = r"Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d(?::[0-5]\d)?)?"
_TIME = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})"
    rf"(?:[T ](\d{{2}}):(\d{{2}})(?::(\d{{2}})(?:\.(\d{{1,9}}))?)?({_ZONE})?)?",
    re.ASCII,
)
_TIME_OF_DAY = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?", re.ASCII)
# The sign stands for the number behind it alone: "-1 days +23:00:00" is an hour before zero.
_DURATION = re.compile(
    r"(?:(?P<days>[+-]?\d{1,15}) ?days?,?)?"
    r"(?: ?(?P<sign>[+-])?(?P<hours>\d{1,15}):(?P<minutes>[0-5]\d):(?P<seconds>[0-5]\d)"
    r"(?:\.(?P<fraction>\d{1,9}))?)?",
    re.ASCII,
)
# Without years and months, whose length depends on the date.
_ISO_DURATION = re.compile(
    r"(?P<sign>[+-])?P(?:(?P<weeks>[+-]?\d{1,15})W)?(?:(?P<days>[+-]?\d{1,15})D)?"
    r"(?:T(?=[+\-\d])(?:(?P<hours>[+-]?\d{1,15})H)?(?:(?P<minutes>[+-]?\d{1,15})M)?"
    r"(?:(?P<seconds>[+-]?\d{1,15})(?:[.,](?P<fraction>\d{1,9}))?S)?)?",
    re.ASCII,
)

# What most texts look like, for Arrow to read many of them at once.
PLAIN_TIMES = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?)?$"
PLAIN_ZONED_TIMES = (
    r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?"
    r"(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)$"
)


def parsed_time(text: str) -> tuple[int, bool] | None:
    """Read a date or a time: microseconds since 1970, and whether a zone is told; None if it is neither.

    With a zone they are counted in UTC. Parts of a microsecond are cut off.
    """
    match = _TIME.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        days = date(int(year), int(month), int(day)).toordinal() - _EPOCH
    except ValueError:
        return None
    clock = _clock(hour or "0", minute or "0", second, fraction)
    if clock is None:
        return None
    offset = _offset_seconds(zone) if zone else 0
    return (days * _DAY_SECONDS - offset) * 10**6 + clock // 1000, zone is not None


def _clock(hour: str, minute: str, second: str | None, fraction: str | None) -> int | None:
    """Return nanoseconds since midnight."""
    hours, minutes, seconds = int(hour), int(minute), int(second or 0)
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    return ((hours * 60 + minutes) * 60 + seconds) * 10**9 + _nanoseconds(fraction)


def _nanoseconds(fraction: str | None) -> int:
    return int((fraction or "").ljust(9, "0"))


def _offset_seconds(zone: str) -> int:
    if zone == "Z":
        return 0
    digits = zone[1:].replace(":", "").ljust(6, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:4]) * 60 + int(digits[4:])
    return -seconds if zone[0] == "-" else seconds


def parsed_time_of_day(text: str) -> int | None:
    """Read a time of day such as "07:30" or "7:30:15.25": nanoseconds since midnight; None if it is none."""
    match = _TIME_OF_DAY.fullmatch(text)
    return _clock(*match.groups()) if match else None


def parsed_duration(text: str) -> int | None:
    """Read a duration in nanoseconds; None if it is none.

    "1 days 02:00:00" as pandas writes it, "1 day, 2:00:00" as Python does, "26:00:00", "P1DT2H".
    """
    match = _ISO_DURATION.fullmatch(text) or _DURATION.fullmatch(text)
    if not match:
        return None
    parts = match.groupdict()
    sign = parts.pop("sign")
    numbers = {name: digits for name, digits in parts.items() if digits is not None}
    if not numbers:
        return None
    # Of "-0.5" the sign is lost in the whole number.
    negative = numbers.get("seconds", "").startswith("-")
    fraction = _nanoseconds(numbers.pop("fraction", None)) * (-1 if negative else 1)
    seconds = {"weeks": 7 * _DAY_SECONDS, "days": _DAY_SECONDS, "hours": 3600, "minutes": 60}
    amounts = {name: int(digits) * seconds.get(name, 1) for name, digits in numbers.items()}
    if match.re is _ISO_DURATION:
        total = sum(amounts.values()) * 10**9 + fraction
        return -total if sign == "-" else total
    days = amounts.pop("days", 0) * 10**9
    clock = sum(amounts.values()) * 10**9 + fraction
    return days - clock if sign == "-" else days + clock
