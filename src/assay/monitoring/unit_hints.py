"""Which change of unit would make the numbers of training those of a batch; a hint, and no finding."""

from assay.monitoring.telling import number

# What a value of training times the first number plus the second would be.
_CHANGES: tuple[tuple[str, float, float], ...] = (
    ("in Celsius", 5 / 9, -160 / 9),
    ("in Fahrenheit", 9 / 5, 32.0),
    *((f"{factor:,} times as large", float(factor), 0.0) for factor in (10, 100, 1000)),
    *((f"a {part} of what it was", 1 / factor, 0.0) for part, factor in (
        ("tenth", 10), ("hundredth", 100), ("thousandth", 1000))),
    ("in centimetres and not in inches", 2.54, 0.0),
    ("in inches and not in centimetres", 1 / 2.54, 0.0),
    ("in kilometres and not in miles", 1.609344, 0.0),
    ("in miles and not in kilometres", 1 / 1.609344, 0.0),
)  # fmt: skip
# How far mean and standard deviation may be from what a change would make of them.
_NEAR = 0.1


def unit_hint(now: tuple[float, float], before: tuple[float, float]) -> str:
    """Return a sentence on a change of unit that the mean and the spread agree with; nothing otherwise.

    Parameters
    ----------
    now, before : tuple of float
        The mean and the standard deviation, of the batch and of training.
    """
    if before[1] <= 0:
        return ""
    found = []
    for words, factor, offset in _CHANGES:
        mean, deviation = before[0] * factor + offset, before[1] * factor
        off = (
            abs(now[0] - mean) / max(abs(mean), deviation),
            abs(now[1] - deviation) / deviation,
        )
        if max(off) <= _NEAR:
            found.append((sum(off), words, mean))
    if not found:
        return ""
    _, words, mean = min(found)
    return f" It may be {words}: the mean of {number(before[0])} would be {number(mean)}."
