"""The figures of a page, and the leaves of a run's files that they may be the rounding of."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.metrics.core import FloatArray
from assay.report.facts import ReportFacts

# What stands in a page and is no figure of a run: code, links, times, and numbers that belong to words.
_NO_FIGURES = (
    r"&#\d+;", r"```.*?```", r"`+[^`\n]*`+", r"\]\([^)]*\)", r"\d{4}-\d\d-\d\d(?:[T ][\d:.]+)?",
    r"per 1,000", r"\b(?:cost|lost) per 1,000( rows)?", r"[Oo]f 100 alerts \d+ are right[,;] (?:and )?they catch \d+ of 100", r"one of \d+ such tables",
    r"19 cases of 20", r"(?:Bengio|Tippett) \d{4}", r"Cawley and Talbot \d{4}", r"SHA-256", r"\| at 0\.5 \|",
    r"log\(1 \+ target\)", r"p < 0\.001", r"above 0\.1 look, above 0\.25 find", r"moved by more than 0\.25", r"error of 0, a",
    r"a slope of 1 and an intercept of 0", r"the interval holds 0", r"\d+(?:st|nd|rd|th) of", r"^\| \d+ \|",
)  # fmt: skip
_FIGURE = re.compile(r"(?<![\w.,:-])-?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?%?(?![\w])")
Path = tuple[Any, ...]
Leaves = Sequence[tuple[Path, float]]


def figures(text: str) -> list[str]:
    """Return the figures of a page as they stand there, in their order."""
    for pattern in _NO_FIGURES:
        text = re.sub(pattern, " ", text, flags=re.DOTALL | re.MULTILINE)
    return [found.rstrip(",") for found in _FIGURE.findall(text)]


def leaves(content: Any, path: Path = ()) -> Iterator[tuple[Path, float]]:
    """Yield every number of a nested content with its place; of texts the numbers that stand in them."""
    if isinstance(content, Mapping):
        for key, inner in content.items():
            yield from leaves(inner, (*path, key))
    elif isinstance(content, pd.DataFrame):
        for column in content.columns:
            for row, inner in enumerate(content[column].tolist()):
                yield from leaves(inner, (*path, column, row))
    elif isinstance(content, list | tuple):
        for place, inner in enumerate(content):
            yield from leaves(inner, (*path, place))
    elif isinstance(content, bool | np.bool_) or content is None:
        return
    elif isinstance(content, int | float | np.number):
        if np.isfinite(content):
            yield path, float(content)
    elif isinstance(content, str):
        for text in _FIGURE.findall(content):
            yield (*path, "text"), _value(text.rstrip(","))


def unknown(text: str, known: Leaves) -> list[str]:
    """Return the figures of a text that no leaf rounds to."""
    values = np.array([value for _, value in known])
    return [figure for figure in figures(text) if not told_by(figure, values).any()]


def stale(page: Callable[[ReportFacts], str], facts: ReportFacts) -> list[str]:
    """Return the figures of a page that stay when every number that rounds to them changes.

    First all told numbers are changed at once, by several amounts, since some become what another was;
    what still stands there each time is tried one by one. Figures of one or two digits are left out: too
    many counts are alike.
    """
    places = list(_everything(facts))
    values = np.array([value for _, value in places])
    origins = {}
    for figure in set(figures(page(facts))):
        if len(re.sub(r"\D", "", figure)) >= 3 and (hits := told_by(figure, values)).any():
            origins[figure] = [places[at][0] for at in np.flatnonzero(hits)]
    every, left = {path for paths in origins.values() for path in paths}, set(origins)
    for more in _MORE:
        left &= set(figures(page(_with_more(facts, every, more))))
    return [
        figure
        for figure in sorted(left)
        if figure in figures(page(_with_more(facts, set(origins[figure]), _MORE[0])))
    ]


def told_by(figure: str, values: FloatArray) -> NDArray[np.bool_]:
    """Say of which numbers a figure is the rounding, of their negatives or of their percentages."""
    digits = len(figure.rstrip("%").partition(".")[2])
    scale = 100 if figure.endswith("%") else 1
    told = abs(_value(figure)) * scale
    found: NDArray[np.bool_] = np.abs(np.abs(values) * scale - told) <= 0.5000001 * 10.0**-digits
    return found


def _value(figure: str) -> float:
    number = float(figure.rstrip("%").replace(",", ""))
    return number / 100 if figure.endswith("%") else number


_MORE = (0.0137, 0.0223, 0.0419)
# What the pages do not read of `run_meta.json`.
_PARTS = ("metrics", "tables", "decision", "findings")
# Of so many rows of a table some page shows all.
_UNSEEN = ("operating_points", "thresholds", "drift", "worst_cases", "local_explanations")


def _everything(facts: ReportFacts) -> Iterator[tuple[Path, float]]:
    for part in _PARTS:
        content = getattr(facts, part)
        if part == "tables":
            content = {name: table for name, table in content.items() if name not in _UNSEEN}
        yield from leaves(content, (part,))
    for part in ("params", "data"):
        yield from leaves(facts.run[part], ("run", part))


def _with_more(facts: ReportFacts, paths: set[Path], more: float) -> ReportFacts:
    """Return the facts with numbers changed by so much that their digits change."""
    below: dict[str, set[Path]] = {}
    for part, *places in paths:
        below.setdefault(part, set()).add(tuple(places))
    return replace(
        facts,
        **{part: _changed(getattr(facts, part), places, more) for part, places in below.items()},
    )


def _changed(content: Any, places: set[Path], more: float) -> Any:
    if isinstance(content, str):
        return re.sub(r"\d", lambda digit: str((int(digit[0]) + 3) % 10), content)
    if isinstance(content, int | np.integer):
        return int(content) + round(1000 * more)
    if isinstance(content, float):
        return content * (1 + more) + float(np.copysign(more, content))
    below: dict[Any, set[Path]] = {}
    for first, *rest in places:
        below.setdefault(first, set()).add(tuple(rest))
    if isinstance(content, pd.DataFrame):
        columns = {name: _changed(content[name].tolist(), below[name], more) for name in below}
        return content.assign(**columns)
    if isinstance(content, list | tuple):
        return [
            _changed(each, below[i], more) if i in below else each for i, each in enumerate(content)
        ]
    return {
        k: _changed(each, below[k], more) if k in below else each for k, each in content.items()
    }
