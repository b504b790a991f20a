"""What is to be watched once the model is in use, and when it is to be trained again."""

from collections.abc import Iterator
from shlex import quote

from assay.metrics.catalogue import primary_metric
from assay.metrics.core import Metric
from assay.metrics.words import metric_words
from assay.monitoring.retraining import retraining_limit
from assay.report.facts import ReportFacts
from assay.report.rendering import interval, number, percent
from assay.report.words import listed

# Population stability index: what is usual in the field (Siddiqi 2006).
_ACT = 0.25
# Features that are named.
_NAMED = 4


def watched(facts: ReportFacts) -> Iterator[str]:
    """Yield, as the ends of "it asks ...", what `python -m stages.monitor` asks of every batch."""
    params = facts.run["params"]["monitor"]
    warn, alarm = params["warn"], params["alarm"]
    yield (
        "whether features and predictions are spread as in training: a Jensen-Shannon distance from "
        f"{warn['distance']:g} is a warning, from {alarm['distance']:g} an alarm{_moved_before(facts)}"
    )
    yield (
        "whether shares of rows moved, of missing values and of values that training did not have"
        f"{_decided(facts)}: by {percent(warn['rate'])} of rows is a warning, by "
        f"{percent(alarm['rate'])} an alarm"
    )
    if _regression(facts):
        width = number(facts.metrics["threshold"]["interval"]["mean_width"])
        yield (
            f"whether the mean width of intervals is still {width} (holdout): a change by "
            f"{percent(warn['change'])} is a warning, by {percent(alarm['change'])} an alarm"
        )
    name, told = _primary(facts)
    yield (
        f"once outcomes are known, whether {name} is worse than {interval(told)} by more than chance, and "
        f"whether predictions and outcomes are still as high as each other{_covered(facts)}, on all rows "
        "and on slices where the model was weakest"
    )
    yield f"whether rows are rejected: more than {percent(params['max_rejected_rate'])} are an alarm"


def monitoring_rules(facts: ReportFacts) -> str:
    """Return what holds for all that is asked, as whole sentences."""
    params = facts.run["params"]["monitor"]
    return (
        f"Where windows of the table ({params['cadence']}s) went further than these limits themselves, limits "
        "lie there. Nothing is raised that chance explains: a batch without drift raises anything in at "
        f"most {percent(params['false_alarm_rate'])} of looks. A batch of fewer than "
        f"{params['min_rows']:,} rows is told, and not judged."
    )


def monitoring_command(facts: ReportFacts) -> str:
    """Return the command that asks a batch."""
    labels = f"--labels {quote(facts.schema.target)}"
    return f"python -m stages.monitor --input new.parquet {labels} --output reports/monitoring/"


def _decided(facts: ReportFacts) -> str:
    threshold = facts.metrics["threshold"]
    if facts.schema.task == "binary":
        return (
            f", and the rate of alerts ({percent(threshold['out_of_fold']['flagged_rate'])} out-of-fold, "
            f"{percent(threshold['holdout']['flagged_rate']['value'])} holdout)"
        )
    if facts.schema.task == "multiclass":
        return (
            f", and the rate of decided rows ({percent(threshold['out_of_fold']['decided_rate'])} "
            f"out-of-fold, {percent(threshold['holdout']['decided_rate'])} holdout)"
        )
    return ""


def _covered(facts: ReportFacts) -> str:
    return ", and intervals hold as many outcomes as wanted" if _regression(facts) else ""


def _regression(facts: ReportFacts) -> bool:
    return facts.schema.task == "regression"


def _moved_before(facts: ReportFacts) -> str:
    """Say which features moved as far between training set and holdout: no alarm when they do again."""
    drift = facts.tables["drift"]
    moved = drift[drift["psi"] > _ACT].sort_values("psi", ascending=False, kind="stable")
    if moved.empty:
        return ""
    names = listed([str(name) for name in moved["feature"].head(_NAMED)])
    more = f" and {len(moved) - _NAMED} more" if len(moved) > _NAMED else ""
    return (
        f" (by the population stability index {names}{more} moved by more than {_ACT} from training set to "
        "holdout already)"
    )


def retraining_trigger(facts: ReportFacts) -> str:
    """Return, as the end of "train it again when ...", the figure at which to do so.

    The rule is that of `assay.monitoring.retraining`, which `python -m stages.monitor` asks of batches.
    """
    name, told = _primary(facts)
    rows = facts.metrics["holdout"]["row_count"]
    coverage = (
        ", when intervals hold fewer outcomes than wanted by more than chance,"
        if _regression(facts)
        else ","
    )
    seldom = (
        f" (by chance alone in about {percent((1 - facts.metrics['holdout']['interval']['confidence']) / 2)} "
        "of looks: both errors are in it; where rows of one day share what happens, chance reaches further, and monitoring counts that)"
        if "ci_low" in told
        else ""
    )
    side = "below" if _metric(facts).greater_is_better else "above"
    return (
        f"{name} over {rows:,} rows, as many as the holdout has, lies {side} "
        f"{number(retraining_limit(_metric(facts), told))}{seldom}{_by_window(facts)}{coverage} or when the "
        "input contract changes"
    )


def _by_window(facts: ReportFacts) -> str:
    """Say what the limit is for batches of one window, which lack differences between windows."""
    if facts.schema.time_column is None:
        return ""
    cadence = facts.run["params"]["monitor"]["cadence"]
    return (
        f"; that is over the holdout as a whole: batches of one {cadence} are held against its mean by "
        f"{cadence}, and the limit moves by the same difference, as monitoring tells with each batch"
    )


def _metric(facts: ReportFacts) -> Metric:
    task = facts.run["params"]["task"]
    return primary_metric(task["type"], task["primary_metric"])


def _primary(facts: ReportFacts) -> tuple[str, dict[str, float]]:
    metric = _metric(facts)
    return metric_words(metric.name), facts.metrics["holdout"]["model"][metric.name]
