"""Curves as few points: those whose absence would be seen."""

from collections.abc import Sequence

from assay.report.charts.svg import px

# Pixels: nearer points, and those nearer to the line of their neighbours, are not drawn.
_APART, _BESIDE = 0.4, 0.12


def path_of(points: Sequence[tuple[float, float]]) -> str:
    """Return a path through pixels, without the points that would not be seen.

    References
    ----------
    Douglas and Peucker 1973, Algorithms for the reduction of the number of points.
    """
    apart = [points[0]]
    for place in points[1:-1]:
        if _squared(place, apart[-1]) >= _APART**2:
            apart.append(place)
    if len(apart) > 1 or _written(points[-1]) != _written(points[0]):
        apart.append(points[-1])
    first, *rest = map(_written, _reduced(apart))
    return f"M{first}{'L' + ' '.join(rest) if rest else 'h0'}"


def _written(place: tuple[float, float]) -> str:
    """Write a point."""
    return f"{px(place[0])} {px(place[1])}"


def _reduced(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Keep the ends, and between them whatever is furthest from their line, if it is far enough."""
    kept, spans = {0, len(points) - 1}, [(0, len(points) - 1)]
    while spans:
        start, end = spans.pop()
        far, most = start, _BESIDE**2
        for place in range(start + 1, end):
            distance = _from_segment(points[place], points[start], points[end])
            if distance > most:
                far, most = place, distance
        if far != start:
            kept.add(far)
            spans += [(start, far), (far, end)]
    return [points[place] for place in sorted(kept)]


def _squared(one: tuple[float, float], other: tuple[float, float]) -> float:
    return (one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2


def _from_segment(
    point: tuple[float, float], start: tuple[float, float], end: tuple[float, float]
) -> float:
    """Return the squared distance of a point from a segment."""
    length = _squared(start, end)
    if not length:
        return _squared(point, start)
    along = (point[0] - start[0]) * (end[0] - start[0]) + (point[1] - start[1]) * (
        end[1] - start[1]
    )
    share = min(max(along / length, 0.0), 1.0)
    foot = (start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1]))
    return _squared(point, foot)
