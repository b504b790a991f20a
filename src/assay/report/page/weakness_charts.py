"""The charts of where the model fails and what breaks it."""

from assay.metrics.words import metric_words
from assay.report.charts.axes import Axis
from assay.report.charts.interval import Row, interval_chart
from assay.report.facts import ReportFacts
from assay.report.page.words import metric_title
from assay.report.slices import weakest
from assay.slices.judge import FAILS, HARD

# Rows of a chart.
_SLICES, _BREAKS = 10, 8
_KINDS = {"missing": "missing", "noise": "with noise", "unseen": "unseen category"}


def slices_chart(facts: ReportFacts) -> str:
    """Draw how much worse the model is on the weakest part of each cut.

    Parameters
    ----------
    facts : ReportFacts
    """
    table = weakest(facts.tables["slices"]).head(_SLICES)
    if table.empty:
        return ""
    metric = facts.metrics["interpret"]["slices"]["metric"]
    rows = [
        Row(
            f"{row['feature']} = {row['slice']}",
            row["difference"],
            row["difference_ci_low"],
            row["difference_ci_high"],
            judged="bad" if row["verdict"] in (FAILS, HARD) else "open",
            note=f"n = {row['n']:,}",
        )
        for row in table.to_dict("records")
    ]
    return interval_chart(
        rows,
        Axis(f"Worse than all rows by ({metric_words(metric)})"),
        title="The weakest part of each cut",
        description="How much worse the model is there than on all rows; the table has the numbers.",
        reference=("all rows", 0.0),
        verdicts={"bad": "fails, or is hard", "open": "as elsewhere"},
        identifier="chart-slices",
    )


def periods_chart(facts: ReportFacts, metric: str) -> str:
    """Draw a metric in the periods of the holdout.

    Parameters
    ----------
    facts : ReportFacts
    metric : str
    """
    table = facts.tables["periods"]
    table = table[~table["period"].astype(str).str.contains("half")]
    if len(table) < 2:
        return ""
    rows = [
        Row(
            f"from {str(row['from'])[:10]}",
            row["value"],
            row["ci_low"],
            row["ci_high"],
            note=f"n = {row['n']:,}",
        )
        for row in table.to_dict("records")
    ]
    whole = facts.metrics["holdout"]["model"][metric]["value"]
    return interval_chart(
        rows,
        Axis(metric_title(metric)),
        title="Periods of the holdout",
        description="The model's metric in periods of the holdout, in their order.",
        reference=("all rows", whole),
        identifier="chart-periods",
    )


def gaps_chart(facts: ReportFacts) -> str:
    """Draw how much too much the model predicts on the same parts.

    Parameters
    ----------
    facts : ReportFacts
    """
    table = weakest(facts.tables["slices"]).head(_SLICES)
    table = table[table["calibration_gap"].notna()]
    if table.empty:
        return ""
    rows = [
        Row(
            f"{row['feature']} = {row['slice']}",
            row["calibration_gap"],
            row["gap_ci_low"],
            row["gap_ci_high"],
        )
        for row in table.to_dict("records")
    ]
    return interval_chart(
        rows,
        Axis("Mean prediction less mean outcome"),
        title="Predicted less actual on the weakest parts",
        description="Above 0 the model predicts too much there; the table of all parts has the numbers.",
        reference=("right", 0.0),
        identifier="chart-gaps",
    )


def breaks_chart(facts: ReportFacts, metric: str) -> str:
    """Draw what the changes that cost most do to a metric.

    Parameters
    ----------
    facts : ReportFacts
    metric : str
    """
    table = facts.tables["robustness"].sort_values(
        ["drop", "perturbation", "feature"], ascending=[False, True, True]
    )
    table = table[table["drop"].notna()].head(_BREAKS)
    if table.empty:
        return ""
    rows = [
        Row(
            f"{row['feature']} {_KINDS[row['perturbation']]}",
            row["drop"],
            row["ci_low"],
            row["ci_high"],
            judged="bad" if row["beyond_chance"] else "open",
        )
        for row in table.to_dict("records")
    ]
    return interval_chart(
        rows,
        Axis(f"{metric_title(metric)} gets worse by"),
        title="Changes that cost most",
        description="What a missing feature, noise or an unseen category does; the table has the numbers.",
        reference=("nothing lost", 0.0),
        verdicts={"bad": "beyond chance", "open": "chance may do it"},
        identifier="chart-breaks",
    )
