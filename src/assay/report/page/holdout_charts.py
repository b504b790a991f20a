"""The charts of what the holdout showed."""

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from assay.report.charts.axes import Axis
from assay.report.charts.line import Mark, Series, line_chart
from assay.report.charts.matrix import matrix_chart
from assay.report.charts.panel import Reference
from assay.report.charts.scatter import scatter_chart
from assay.report.facts import ReportFacts

# Classes of a matrix that still can be read.
_CLASSES = 12
_RATES = (0.0, 1.0)


@dataclass(frozen=True)
class Chart:
    """A chart and what it says.

    Attributes
    ----------
    svg : str
    caption : str
    """

    svg: str
    caption: str


def holdout_charts(facts: ReportFacts) -> Iterator[Chart]:
    """Yield the charts of a task, each with a caption.

    Parameters
    ----------
    facts : ReportFacts
    """
    if facts.schema.task == "binary":
        yield from _binary(facts)
    elif facts.schema.task == "multiclass":
        yield from _multiclass(facts)
    else:
        yield from _regression(facts)


def _binary(facts: ReportFacts) -> Iterator[Chart]:
    yield _roc(facts, "How many positives are found for how many false alarms.")
    yield _precision_recall(facts)
    yield _calibration(
        facts, f"Observed rate of {facts.schema.target} = {facts.schema.labels[1]}", rates=True
    )
    gain = facts.curves["gain"]
    if not gain.empty:
        series = [
            Series(name, gain["acted_rate"].tolist(), gain[f"{part}_caught"].tolist())
            for part, name in (("model", "model"), ("baseline", "baseline"))
            if gain[f"{part}_caught"].notna().any()
        ]
        svg = line_chart(
            series,
            Axis("Rows acted on", *_RATES, percent=True),
            Axis("Positives that are caught", *_RATES, percent=True),
            title="Gain on the holdout",
            description="The share of positives among the rows with the highest scores.",
            references=[Reference("by chance", "diagonal")],
            identifier="chart-gain",
        )
        yield Chart(
            svg, "If only so many rows can be acted on: how many of the positives they hold."
        )


def _roc(facts: ReportFacts, caption: str) -> Chart:
    curve = facts.curves["roc"]
    svg = line_chart(
        [
            Series(
                "model",
                curve["false_positive_rate"].tolist(),
                curve["true_positive_rate"].tolist(),
            )
        ],
        Axis("False positive rate", *_RATES),
        Axis("True positive rate (recall)", *_RATES),
        title="ROC curve on the holdout",
        description="True positive rate by false positive rate; the diagonal is chance.",
        references=[Reference("chance", "diagonal")],
        identifier="chart-roc",
    )
    return Chart(svg, caption)


def _precision_recall(facts: ReportFacts) -> Chart:
    curve = facts.curves["precision_recall"]
    point = facts.metrics["threshold"]["holdout"]
    rate = facts.metrics["split"]["holdout_positive_rate"]
    flags = point["true_positive_count"] + point["false_positive_count"] > 0
    svg = line_chart(
        [Series("model", curve["recall"].tolist(), curve["precision"].tolist())],
        Axis("Recall: positives that are caught", *_RATES),
        Axis("Precision: alerts that are right", *_RATES),
        title="Precision and recall on the holdout",
        description="Precision by recall; the line is the share of positives.",
        references=[Reference("share of positives", "y", rate)],
        mark=Mark("shipped", point["recall"]["value"], point["precision"]["value"])
        if flags
        else None,
        identifier="chart-precision-recall",
    )
    return Chart(svg, "How right alerts are for how many positives are caught, at every threshold.")


def _calibration(facts: ReportFacts, observed: str, *, rates: bool) -> Chart:
    curve = facts.curves["calibration"]
    ends = _RATES if rates else (None, None)
    svg = line_chart(
        [
            Series(
                "holdout",
                curve["mean_prediction"].tolist(),
                curve["mean_outcome"].tolist(),
                curve["ci_low"].tolist(),
                curve["ci_high"].tolist(),
                points=True,
            )
        ],
        Axis("Predicted, mean of a bin", *ends),
        Axis(observed, *ends),
        title="Calibration on the holdout",
        description="What was observed by what was predicted, with intervals; the diagonal is right.",
        references=[Reference("right", "diagonal")],
        identifier="chart-calibration",
    )
    caption = "Do the predictions mean what they say? Where a bin's interval holds the diagonal, chance may do it."
    return Chart(svg, caption)


def _multiclass(facts: ReportFacts) -> Iterator[Chart]:
    curve = facts.curves["confusion"]
    labels = [str(label) for label in facts.schema.labels]
    if len(labels) <= _CLASSES and not curve.empty:
        counts = pd.crosstab(curve["actual"].astype(str), curve["predicted"].astype(str))
        counts = counts.reindex(index=labels, columns=labels, fill_value=0)
        svg = matrix_chart(
            counts.to_numpy().tolist(),
            labels,
            title="Confusion matrix on the holdout",
            description="Rows of each actual class by the class that was predicted.",
            identifier="chart-confusion",
        )
        yield Chart(svg, "Actual classes in rows, predicted ones in columns.")
    yield _calibration(facts, "Share that was right", rates=True)
    yield _roc(facts, "Each class against the rest, all taken together.")


def _regression(facts: ReportFacts) -> Iterator[Chart]:
    target = facts.schema.target
    residuals = facts.curves["residuals"]
    if not residuals.empty:
        predicted = residuals["prediction"]
        yield Chart(
            scatter_chart(
                Series("rows", predicted.tolist(), residuals["residual"].tolist()),
                Axis(f"Predicted {target}"),
                Axis("Outcome less prediction"),
                title="Residuals on the holdout",
                description="Outcome less prediction, by prediction; 0 is right.",
                reference=Reference("right", "y", 0.0),
                identifier="chart-residuals",
            ),
            "What is left after the prediction. A slope or a fan shows what the model misses.",
        )
    yield _calibration(facts, f"Mean {target}", rates=False)
    qq = facts.curves["qq"]
    if not qq.empty:
        yield Chart(
            line_chart(
                [
                    Series(
                        "residuals",
                        qq["normal_quantile"].tolist(),
                        qq["residual_quantile"].tolist(),
                    )
                ],
                Axis("Quantile of a normal distribution"),
                Axis("Quantile of residuals, standardised"),
                title="Residuals against a normal distribution",
                description="Quantiles of residuals by normal quantiles.",
                references=[Reference("normal", "diagonal")],
                identifier="chart-qq",
            ),
            "Ends off the diagonal are errors that are larger than a normal distribution has. The intervals do not assume one.",
        )
    coverage = facts.curves["coverage"]
    if not coverage.empty:
        yield Chart(
            line_chart(
                [
                    Series(
                        "measured",
                        coverage["wanted_coverage"].tolist(),
                        coverage["measured_coverage"].tolist(),
                        points=True,
                    )
                ],
                Axis("Coverage that is wanted", *_RATES, percent=True),
                Axis("Coverage on the holdout", *_RATES, percent=True),
                title="Coverage of the intervals",
                description="Share of outcomes inside the intervals, by what was wanted.",
                references=[Reference("as wanted", "diagonal")],
                identifier="chart-coverage",
            ),
            "Do the intervals hold what they promise? Below the diagonal they are too narrow.",
        )
