"""Axes of a chart: what they show, where a value lies, and ticks at round numbers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor, inf, isfinite, log10

from assay.report.charts.texts import (
    line_of,
    number_text,
    percent_text,
    tick_texts,
    width_of,
)

# What an axis of constant values shows on both sides of them, as a share of their size.
_AROUND = 0.1
# Shares of its length: a round number that is so near is the end, otherwise there is a margin.
_NEAR, _MARGIN = 0.08, 0.04
_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)
# Pixels between two texts of ticks.
_BETWEEN = 10.0


@dataclass(frozen=True)
class Axis:
    """What an axis shows.

    Attributes
    ----------
    label : str
        With the unit.
    low, high : float, optional
        What it shows at least; values beyond them widen it.
    percent : bool
        Whether rates are written as percentages.
    log : bool
        Whether equal distances are equal ratios; all values must be above 0, others are left out.
    names : sequence of str
        Of items in an order, such as batches: the values of the axis are their places.
    places : sequence of float
        Of the named items, rising, such as days; by default 0, 1, 2 and so on.
    """

    label: str
    low: float | None = None
    high: float | None = None
    percent: bool = False
    log: bool = False
    names: Sequence[str] = ()
    places: Sequence[float] = ()

    def told(self, value: float) -> str:
        """Write one of its values, as in a hover text."""
        if self.names:
            places = self.places or range(len(self.names))
            nearest = min(range(len(places)), key=lambda item: abs(places[item] - value))
            return line_of(self.names[nearest])
        return percent_text(value) if self.percent else number_text(value)


@dataclass(frozen=True)
class Scale:
    """From values to pixels.

    Attributes
    ----------
    low, high : float
        The ends of the axis.
    start, end : float
        Where they lie, in pixels.
    log : bool
    ticks : tuple of (float, str)
        Values and their texts.
    room : float
        Pixels that a text of a tick may take.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool
    ticks: tuple[tuple[float, str], ...]
    room: float = inf

    def width(self, tick: int) -> float:
        """Return the pixels that the text of a tick takes, at most."""
        return min(width_of(self.ticks[tick][1]), self.room)

    def place(self, value: float) -> float:
        """Return the pixel of a value."""
        if self.log:
            share = log10(value / self.low) / log10(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def holds(self, *values: float) -> bool:
        """Return whether each is a number that has a place."""
        return all(isfinite(value) and not (self.log and value <= 0) for value in values)


def scale_of(axis: Axis, values: Iterable[float], start: float, end: float) -> Scale:
    """Return the scale that shows all finite values, with ticks whose texts have room.

    Parameters
    ----------
    axis : Axis
    values : iterable of float
        Those that are not finite are left out; at least one is, or the axis has ends.
    start, end : float
        Pixels; an axis that goes up has its start below its end.
    """
    if axis.names:
        return _names_scale(axis.names, axis.places or range(len(axis.names)), start, end)
    wanted = [each for each in (axis.low, axis.high) if each is not None]
    finite = [v for v in (*map(float, values), *wanted) if isfinite(v) and (v > 0 or not axis.log)]
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if axis.log:
        return _log_scale(axis, low, high, start, end)
    if high - low <= 1e-12 * max(abs(low), abs(high)):
        around = _AROUND * abs(low) or 1.0
        low, high = low - around, high + around
    most = 6
    while True:
        step = _step((high - low) / most)
        first = low if low == axis.low else _end(low, step, high - low, floor)
        last = high if high == axis.high else _end(high, step, high - low, ceil)
        ticks = _multiples(first, last, step)
        texts = tick_texts(ticks, step, axis.percent)
        scale = Scale(first, last, start, end, False, tuple(zip(ticks, texts, strict=True)))
        # Those of an axis that goes up stand one above another.
        if most == 1 or end < start or _have_room(scale):
            return scale
        most -= 1


def _names_scale(names: Sequence[str], places: Sequence[float], start: float, end: float) -> Scale:
    """Put items at their places, and name as many as have room, the last one among them."""
    count, room = len(names), abs(end - start) / 3
    texts = [line_of(name) for name in names]
    rim = (places[-1] - places[0]) / (count - 1) / 2 if count > 1 else 0.5
    for every in range(1, count + 1):
        shown = range((count - 1) % every, count, every)
        ticks = tuple((float(places[k]), texts[k]) for k in shown)
        scale = Scale(places[0] - rim, places[-1] + rim, start, end, False, ticks, room)
        if _have_room(scale):
            break
    return scale


def _end(value: float, step: float, length: float, towards: Callable[[float], int]) -> float:
    """Return the end of an axis: a round number that is near, or a margin; what was asked for stays."""
    out = 1 if towards is ceil else -1
    rounded = step * towards(value / step - out * 1e-9)
    near = abs(rounded - value) <= _NEAR * length
    margin = value + out * _MARGIN * length
    # A margin has no room beyond zero: what is not negative has an axis that is not.
    crosses = value * margin < 0 or value == 0
    return rounded if near or crosses else margin


def _step(wanted: float) -> float:
    power = 10.0 ** floor(log10(wanted))
    return next(power * each for each in _ROUND if power * each >= wanted * (1 - 1e-9))


def _multiples(first: float, last: float, step: float) -> list[float]:
    begin, stop = ceil(first / step - 1e-6), floor(last / step + 1e-6)
    return [k * step for k in range(begin, stop + 1)]


def _log_scale(axis: Axis, low: float, high: float, start: float, end: float) -> Scale:
    """Ticks at 1, 2 and 5 of each power of ten, or at powers alone where there are many."""
    if high <= low * (1 + 1e-9):
        low, high = low / 2, high * 2
    powers = range(floor(log10(low)), ceil(log10(high)) + 1)
    for digits, every in (((1, 2, 5), 1), ((1,), 1), ((1,), 2), ((1,), 4), ((1,), 16)):
        ticks = [digit * 10.0**power for power in powers if power % every == 0 for digit in digits]
        ticks = [tick for tick in ticks if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
        texts = [number_text(tick, 0 if tick >= 1 else 1) for tick in ticks]
        scale = Scale(low, high, start, end, True, tuple(zip(ticks, texts, strict=True)))
        if (len(ticks) <= 7 or end > start) and _have_room(scale):
            break
    if len(ticks) < 2:
        ends = tuple((each, axis.told(each)) for each in (low, high))
        return Scale(low, high, start, end, True, ends)
    return scale


def _have_room(scale: Scale) -> bool:
    places = [scale.place(tick) for tick, _ in scale.ticks]
    widths = [scale.width(tick) for tick in range(len(places))]
    return all(
        abs(after - before) >= (one + other) / 2 + _BETWEEN
        for before, after, one, other in zip(places, places[1:], widths, widths[1:], strict=False)
    )
