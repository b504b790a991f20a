"""What a holdout's history says against the model: how often it was asked, and the run before."""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.metrics.words import metric_words
from assay.report.doubt import Doubt
from assay.report.facts import ReportFacts
from assay.report.rendering import interval, number
from assay.report.value import lost_to
from assay.report.words import turned


def history_cautions(facts: ReportFacts) -> Iterator[Doubt]:
    """Yield what other models on this holdout, and the run before, say against this one."""
    yield from _of_the_ledger(facts)
    history = facts.metrics["history"]
    comparison = history["comparison"]
    if comparison.get("verdict") == "worse":
        worse = comparison["metrics"].get(history["metric"])
        by = f", by {interval(turned(worse['gain']))}" if worse else ""
        yield Doubt(
            "the run before was better",
            f"It is worse than the run before it ({comparison['previous_run']}){by} in "
            f"{metric_words(history['metric'])}.",
        )
    gain = comparison.get("value_gain", {})
    if gain.get("ci_high", 0.0) < 0:
        words = f"acting on the run before it ({comparison['previous_run']})"
        yield Doubt(
            "acting on the run before was worth more",
            f"On the same rows, per 1,000 {facts.schema.unit}s, acting on the model "
            f"{lost_to(gain, words, comparison['unit'])}, each at its own threshold and with the present costs.",
        )


def not_counted(facts: ReportFacts) -> str:
    """Say what nobody looked at for this model yet; empty where the history is this model's own."""
    if facts.metrics["history"]["renewed"]:
        return ""
    return "how often this holdout was asked is not counted, and it is not compared with the run before"


def _of_the_ledger(facts: ReportFacts) -> Iterator[Doubt]:
    history = facts.metrics["history"]
    ledger, bound = history["ledger"], history["ledger"].get("optimism_if_independent")
    # By the metric of the ledger: the gate may judge by another one.
    gain = facts.metrics["holdout"]["gain_over_baseline"].get(history["metric"], {})
    if not _may_be_chosen(ledger) or (bound is not None and bound < gain.get("ci_low", 0.0)):
        return
    flattered = (
        ""
        if bound is None
        else f", which can flatter the best by up to {number(bound, 4)}, as much as the lower end of the gain"
    )
    rank = (
        "is the best of" if ledger["rank"] == 1 else f"has the score of rank {ledger['rank']:,} of"
    )
    yield Doubt(
        "the holdout was asked often",
        f"It {rank} {ledger['model_count']:,} models that were judged on this holdout{flattered}. If it was "
        "chosen for that, judge it on rows that none of them saw.",
    )


def _may_be_chosen(ledger: Mapping[str, Any]) -> bool:
    """Say whether chance may have helped the model to its rank.

    The best of many is flattered, and the second nearly as much; a model of the worse half is not.
    """
    count = ledger["model_count"]
    return bool(count > 1 and 2 * ledger["rank"] <= count + 1)
