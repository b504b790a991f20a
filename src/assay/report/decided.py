"""What the model's decisions look like on the holdout, in words for whoever acts on them."""

from assay.report.facts import ReportFacts
from assay.report.rendering import interval, number, percent
from assay.report.words import percent_interval


def decision_words(facts: ReportFacts) -> str:
    """Say what happens at the operating point: alerts, decided rows, or the size of errors."""
    if facts.schema.task == "binary":
        return _alerts(facts)
    if facts.schema.task == "multiclass":
        return _classes(facts)
    return _errors(facts)


def _alerts(facts: ReportFacts) -> str:
    point, schema = facts.metrics["threshold"]["holdout"], facts.schema
    at = f"At the threshold of {number(facts.decision['threshold'])}"
    if not point["true_positive_count"] + point["false_positive_count"]:
        return f"{at} it raises no alert on the holdout."
    return (
        f"{at} it flags {percent(point['flagged_rate']['value'])} of the holdout's {schema.unit}s: of 100 alerts "
        f"{100 * point['precision']['value']:.0f} are right, and they catch "
        f"{100 * point['recall']['value']:.0f} of 100 {schema.unit}s where {schema.target} is "
        f"{schema.labels[1]}."
    )


def _classes(facts: ReportFacts) -> str:
    point = facts.metrics["threshold"]["holdout"]
    if "accuracy" not in point:
        return "It leaves every row of the holdout undecided."
    rows = (
        "the rows"
        if point["decided_rate"] == 1
        else f"the {percent(point['decided_rate'])} of rows that it decides"
    )
    return (
        f"It takes the most probable of {len(facts.schema.labels)} classes, and on the holdout is right on "
        f"{percent(point['accuracy'])} of {rows}."
    )


def _errors(facts: ReportFacts) -> str:
    model = facts.metrics["holdout"]["model"]
    coverage = facts.metrics["threshold"]["interval"]["holdout_coverage"]
    return (
        f"Half of the holdout's rows have an error of at most {number(model['median_absolute_error']['value'])}, and "
        f"nine in ten of at most {number(model['p90_absolute_error']['value'])}; predictions are off by "
        f"{interval(model['bias'])} on average (predicted less actual). Prediction intervals hold "
        f"{percent_interval(coverage)} of outcomes."
    )
