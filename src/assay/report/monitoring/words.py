"""How the pages of monitoring call levels, areas and measures."""

import re
from collections.abc import Mapping
from typing import Any

from assay.metrics.words import metric_words
from assay.report.page.words import metric_title

NOT_JUDGED = "Not judged"
# The colour of the holdout in every chart; the second one is that of estimates alone.
HOLDOUT_STYLE = 2
# Metrics that are a share of rows.
_SHARES = {"precision", "recall", "positive_rate"}
# Metrics whose own names are no words of a sentence.
_NAMED = re.compile(
    r"(?<![\w.=\"'-])(roc[_ ]auc_ovr|roc[_ ]auc|average_precision|log_loss|balanced_accuracy|f1_macro|"
    r"f1_weighted|median_absolute_error|p90_absolute_error)(?![\w.=\"'-])"
)
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
    "far_outside_rate": "share far outside of the training range",
    "flagged_rate": "share of flagged rows",
    "decided_rate": "share of decided rows",
    "mean_interval_width": "mean width of the intervals",
    "reconstruction_error": "reconstruction error (features together)",
    "mean_prediction": "mean prediction",
    "mean_confidence": "mean confidence",
    "predicted_rate": "share of rows predicted to be of the class",
    "estimated": "estimated without outcomes",
    "metric_drop": "measured metric, worse than on the holdout",
    "calibration_gap": "mean outcome less mean prediction",
    "outcome_share": "share of the outcome",
    "outcome_mean": "mean outcome",
    "interval_coverage": "coverage of the intervals",
    "unknown_outcome_rate": "share of outcomes of no known class",
    "rejected_rate": "share of rejected rows",
    "standardised_mean": "mean, in standard deviations of training",
    "type": "type of the column",
}


def level_word(level: str) -> str:
    """Return the word of a level."""
    return LEVELS.get(level, (NOT_JUDGED, ""))[0]


def level_tone(level: str) -> str:
    """Return the colour of a level, as the style sheet calls it."""
    return LEVELS.get(level, ("", ""))[1]


def area_words(area: str) -> str:
    """Return what an area of checks is called."""
    return _AREAS.get(area, area)


def area_anchor(area: str) -> str:
    """Return the section of the page that tells more of an area of checks."""
    return _ANCHORS[area]


def measure_words(measure: str) -> str:
    """Return what a measure is called; an unknown one as it is written, with blanks."""
    if measure.startswith("estimated_"):
        return f"estimated {metric_words(measure.removeprefix('estimated_'))}"
    told = _MEASURES.get(measure) or metric_words(measure)
    return told.replace("_", " ")


def measure_style(measure: str) -> str:
    """Return how values of a measure are written: `percent` of rates and shares, else `number`."""
    return "percent" if measure.endswith(("_rate", "_share", "coverage")) else "number"


def metric_name(name: str) -> str:
    """Return what a metric is called; one that is not known as it is written, with blanks."""
    return capitalised(metric_title(name).replace("_", " "))


def metric_style(name: str) -> str:
    """Return how a metric's values are written: shares of rows in `percent`, others as a `number`."""
    return "percent" if name in _SHARES else "number"


def plain(sentence: object) -> str:
    """Return a sentence in which metrics have their names instead of those of the files."""
    return _NAMED.sub(lambda found: metric_words(found.group().replace(" ", "_")), str(sentence))


def shown_level(batch: Mapping[str, Any]) -> str | None:
    """Return the level of a batch of the history; None of one that raised nothing and was not judged."""
    level: str | None = batch["level"]
    unjudged = batch.get("judged") is not None and not batch["judged"]
    return None if level not in LEVELS or (unjudged and level == "fine") else level


def certain(check: Mapping[str, Any]) -> bool:
    """Say whether a check needs no more rows than there are to be true."""
    measure = check["measure"]
    return check["area"] == "operations" or measure in ("type", "unknown_outcome_rate")


def capitalised(text: str) -> str:
    """Return a text that begins as a sentence does; names keep their other letters."""
    return f"{text[:1].upper()}{text[1:]}"


def first_subject(result: Mapping[str, Any]) -> str | None:
    """Return what the first finding is about; None where there is none."""
    findings = result["findings"]
    return str(findings[0]["subject"]) if findings else None


def verdict_sentence(verdict: Mapping[str, Any], first: object = None) -> str:
    """Return a verdict's sentence without its word, which stands above it.

    Parameters
    ----------
    verdict : dict
        Of the result.
    first : str, optional
        What the first finding is about: where the sentence begins with its name, the name stays as it is.
    """
    told = str(verdict["sentence"])
    word = level_word(verdict["level"]) if verdict["judged"] else NOT_JUDGED
    told = told.removeprefix(f"{word}: ")
    return told if first and told.startswith(str(first)) else capitalised(told)


def shortened(name: object) -> str:
    """Return a name that a cell has room for: of a long one, the middle is left out."""
    text = str(name)
    return (
        text if len(text) <= _LONGEST else f"{text[: _LONGEST * 2 // 3]}…{text[-_LONGEST // 4 :]}"
    )
