"""How the pages of monitoring call levels, areas and measures."""

from collections.abc import Mapping

# Characters of a name in a cell.
_LONGEST = 80
# The word of a level, and the colour that stands for it.
LEVELS: Mapping[str, tuple[str, str]] = {
    "fine": ("Fine", "good"),
    "warning": ("Warning", "care"),
    "alarm": ("Alarm", "bad"),
}
_AREAS: Mapping[str, str] = {
    "inputs": "Input",
    "outputs": "Predictions",
    "performance": "Performance",
    "slices": "Slice",
    "operations": "Operations",
    "trend": "Trend",
}
# Where the page tells more of an area.
_ANCHORS: Mapping[str, str] = {
    "inputs": "inputs",
    "outputs": "outputs",
    "performance": "outcomes",
    "slices": "outcomes",
    "operations": "operations",
    "trend": "batches",
}
_MEASURES: Mapping[str, str] = {
    "js_distance": "distribution (Jensen-Shannon distance)",
    "missing_rate": "share of missing values",
    "unknown_rate": "share of unknown categories",
    "outside_rate": "share outside of the training range",
    "flagged_rate": "share of flagged rows",
    "decided_rate": "share of decided rows",
    "mean_interval_width": "mean width of the intervals",
    "reconstruction_error": "reconstruction error (features together)",
    "calibration_gap": "mean prediction less mean outcome",
    "coverage": "coverage of the intervals",
    "rejected_rate": "share of rejected rows",
    "failed_jobs": "failed jobs",
}


def level_word(level: str) -> str:
    """Return the word of a level."""
    return LEVELS[level][0]


def level_tone(level: str) -> str:
    """Return the colour of a level, as the style sheet calls it."""
    return LEVELS[level][1]


def area_words(area: str) -> str:
    """Return what an area of checks is called."""
    return _AREAS.get(area, area)


def area_anchor(area: str) -> str:
    """Return the section of the page that tells more of an area of checks."""
    return _ANCHORS[area]


def measure_words(measure: str) -> str:
    """Return what a measure is called; an unknown one as it is written, with blanks."""
    return _MEASURES.get(measure, measure.replace("_", " "))


def measure_style(measure: str) -> str:
    """Return how values of a measure are written: `percent` of rates and shares, else `number`."""
    return "percent" if measure.endswith(("_rate", "_share", "coverage")) else "number"


def shortened(name: object) -> str:
    """Return a name that a cell has room for: of a long one, the middle is left out."""
    text = str(name)
    return (
        text if len(text) <= _LONGEST else f"{text[: _LONGEST * 2 // 3]}…{text[-_LONGEST // 4 :]}"
    )
