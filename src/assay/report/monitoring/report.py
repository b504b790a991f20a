"""The HTML page of a batch: does the model still hold, and what to look at first."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
from markupsafe import Markup

from assay.monitoring.slope import FEWEST_BATCHES
from assay.report.monitoring import features
from assay.report.monitoring.batches import MOST, batch_charts, batch_rows, trend_charts
from assay.report.monitoring.features import feature_rows, shares_chart
from assay.report.monitoring.findings import FOLDED, SHOWN, findings_of
from assay.report.monitoring.performance import (
    has_value,
    key_marks,
    measured_suffices,
    slices_chart,
)
from assay.report.monitoring.sections import monitoring_sections
from assay.report.monitoring.words import (
    LEVELS,
    area_anchor,
    area_words,
    capitalised,
    certain,
    first_subject,
    level_tone,
    level_word,
    measure_words,
    metric_name,
    metric_style,
    plain,
    shortened,
    shown_level,
    verdict_sentence,
)
from assay.report.monitoring.written import (
    cannot_alarm,
    limit_element,
    score_labels,
    slice_name,
    value_words,
)
from assay.report.page.environment import page_environment
from assay.report.page.figures import Figures
from assay.report.rendering import known, percent, render

# Rows of the table of all checks.
_CHECKS = 100
# Files of the batch that are named.
_FILES = 20
# Features that are named by the reconstruction error.
_JOINT = 3


def monitoring_page(result: Mapping[str, Any], history: pd.DataFrame) -> str:
    """Return the page: self-contained, without a request to any other place.

    Parameters
    ----------
    result : dict
        What `assay.monitoring` found, as it is written as JSON.
    history : DataFrame
        One row per batch, in their order, this batch the last one.
    """
    figures = Figures(result)
    environment = page_environment(figures)
    environment.filters |= {
        "level": level_word,
        "tone": level_tone,
        "area": area_words,
        "anchor": area_anchor,
        "capitalised": capitalised,
        "metric": metric_name,
        "style_of_metric": metric_style,
        "shortened": shortened,
        "measure": measure_words,
        "plain": plain,
        "certain": certain,
        "cannot_alarm": cannot_alarm,
        "slice_name": slice_name,
        "shown_level": shown_level,
        "chance": partial(_chance, result["model"]["task"]),
    }
    environment.tests["known_level"] = LEVELS.__contains__
    levels = {
        f"{each['area']}:{each['subject']}:{each['measure']}": each for each in result["checks"]
    }
    environment.globals |= {
        "has": figures.has,
        "level_of": partial(_level_of, levels),
        "limit_at": partial(_limit_at, result["model"]["task"]),
        "value_at": partial(_value_at, result),
        "doubts_of": lambda estimate: (estimate or {}).get("doubts") or [],
    }
    template = environment.get_template("monitoring/page.html.j2")
    return template.render(_variables(result, history))


def _variables(result: Mapping[str, Any], history: pd.DataFrame) -> dict[str, Any]:
    rows = feature_rows(result)
    metric = result["model"]["primary_metric"]
    measured = (result["performance"] or {"metrics": {}})["metrics"].get(metric)
    marks = key_marks(measured, result["estimate"])
    return {
        "folder": "monitoring",
        "sections": monitoring_sections(),
        "charts_css": render("charts.css.j2"),
        "r": result,
        "batch": result["batch"],
        "model": result["model"],
        "verdict": result["verdict"],
        "sentence": verdict_sentence(result["verdict"], first_subject(result)),
        "primary": metric,
        "input_files": _files(result)[:_FILES],
        "input_file_count": len(_files(result)),
        "findings": findings_of(result),
        "findings_shown": SHOWN,
        "findings_folded": FOLDED,
        "checks_shown": _CHECKS,
        "batches": batch_rows(history),
        "batch_count": len(history),
        "batches_shown": MOST,
        "batch_charts": batch_charts(result, history),
        "trend_charts": trend_charts(result, history),
        "fewest_batches": FEWEST_BATCHES,
        "outputs_chart": shares_chart(
            _prediction_bins(result),
            "Predictions",
            "chart-outputs",
        ),
        "features": rows,
        "features_shown": features.SHOWN,
        "features_folded": features.FOLDED,
        "moved": Counter(row.level for row in rows),
        "joint_features": _joint_features(result),
        "measured": measured,
        "measured_suffices": measured_suffices(result),
        "measured_marks": marks.measured,
        "estimated_marks": marks.estimated,
        "scale_ends": marks.ends,
        "worth": value_words((result["performance"] or {}).get("value_per_row")),
        "in_trigger": has_value(measured),
        "slices_chart": slices_chart(result),
    }


def _chance(task: str, value: float | None) -> str:
    """Write a mean of predictions or outcomes: of a classifier, in percent."""
    return known(value) if task == "regression" or value is None else percent(value)


def _prediction_bins(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    bins = (result["outputs"].get("distribution") or {}).get("bins") or []
    labels = score_labels([one["label"] for one in bins], result["model"]["task"])
    return [{**one, "label": label} for one, label in zip(bins, labels, strict=True)]


def _limit_at(task: str, path: str, check: Mapping[str, Any], name: str) -> Markup:
    return limit_element(f"{path}.{name}", check["measure"], check[name], task)


def _value_at(result: Mapping[str, Any], name: str) -> Markup:
    """Write what a row was worth now or on the holdout; of a cost, without its sign."""
    held = result["performance"]["value_per_row"]
    told = (value_words(held) or {})[name]
    path = f"performance.value_per_row.{name}"
    return Markup('<data data-figure="{}" value="{}">{}</data>').format(
        path, repr(held[name]), told
    )


def _joint_features(result: Mapping[str, Any]) -> list[str]:
    """Return the features whose share of the reconstruction error grew most."""
    joint = result["outputs"].get("joint") or {}
    return [
        str(each["name"])
        for each in joint.get("features", [])[:_JOINT]
        if each["now"] > each["before"]
    ]


def _level_of(checks: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Any]) -> str | None:
    """Return the level of the check that facts name, or their own; None where nothing was asked."""
    check = checks.get(str(facts.get("check")))
    level: str | None = check["level"] if check else facts.get("level")
    return level


def _files(result: Mapping[str, Any]) -> list[dict[str, str]]:
    return [
        {"name": str(file["file"]), "sha256": str(file["sha256"])}
        for file in result["batch"]["input"].get("files", [])
    ]
