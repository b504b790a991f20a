"""The charts of what the model goes by."""

from assay.report.charts.axes import Axis
from assay.report.charts.bar import Bar, bar_chart
from assay.report.charts.interval import Row, interval_chart
from assay.report.facts import ReportFacts
from assay.report.page.words import metric_title

_FEATURES = 12


def importance_chart(facts: ReportFacts, metric: str) -> str:
    """Draw how much worse a metric gets when each of the strongest features is shuffled.

    Parameters
    ----------
    facts : ReportFacts
    metric : str
    """
    table = facts.tables["importance"].head(_FEATURES)
    if table.empty:
        return ""
    rows = [
        Row(
            str(row["feature"]),
            row["importance"],
            row["ci_low"],
            row["ci_high"],
            judged="good" if row["ci_low"] > 0 else "open",
        )
        for row in table.to_dict("records")
    ]
    return interval_chart(
        rows,
        Axis(f"{metric_title(metric)} gets worse by"),
        title="Importance of features",
        description="How much worse the model gets when a feature is shuffled; the table has the numbers.",
        reference=("nothing lost", 0.0),
        verdicts={"good": "matters", "open": "not shown to matter"},
        identifier="chart-importance",
    )


def shap_chart(facts: ReportFacts) -> str:
    """Draw how much each of the strongest features moves the predictions, in the same order.

    Parameters
    ----------
    facts : ReportFacts
    """
    shares = facts.tables["agreement"].set_index("feature")["shap_share"]
    names = [name for name in facts.tables["importance"]["feature"] if name in shares.index]
    bars = [Bar(str(name), float(shares[name])) for name in names[:_FEATURES]]
    if not any(bar.value > 0 for bar in bars):
        return ""
    return bar_chart(
        bars,
        Axis("Share of all mean absolute SHAP values", percent=True),
        title="Share of SHAP values",
        description="How much each feature moves the predictions; the table has the numbers.",
        identifier="chart-shap",
    )
