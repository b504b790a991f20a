"""Whether a model may ship: good enough by itself, and better than what it must beat."""

from dataclasses import dataclass, replace

from assay.errors import GateError
from assay.metrics.catalogue import primary_metric
from assay.metrics.core import Metric
from assay.sections import EvaluateParams, GateParams, MetricName, TaskParams
from assay.uncertainty.estimate import Estimate

# Rows of the rarer class below which an interval cannot be relied on, and below which it is told to be
# too narrow: with 4 to 6 positives, 95% intervals of a ROC AUC held the truth in 81% to 90%
# (docs/intervals.md).
FEWEST_OF_A_CLASS, FEW_OF_A_CLASS = 10, 30

_BETTER_FEATURES = "look for better features"


@dataclass(frozen=True)
class GateVerdict:
    """Whether the model may ship, and the figures behind it.

    Attributes
    ----------
    passed : bool
        Whether every condition holds.
    metric : str
        What the gate looked at.
    sentence : str
        Every condition with its figures, and whether it holds.
    failures : tuple of str
        What is not shown, such as "to beat the baseline"; nothing if it passed.
    remedy : str
        What to do about it; empty if it passed.
    """

    passed: bool
    metric: str
    sentence: str
    failures: tuple[str, ...]
    remedy: str


@dataclass(frozen=True)
class _Condition:
    """One thing that the gate asks for."""

    holds: bool
    told: str
    failure: str
    remedy: str


def gate_scorer(task: TaskParams, gate: GateParams) -> MetricName:
    """Return the scorer by whose metric the gate judges."""
    return gate.metric or task.primary_metric


def gate_verdict(
    model: Estimate,
    gain: Estimate,
    scorer: MetricName,
    baseline_name: str,
    task: TaskParams,
    params: EvaluateParams,
    rarer_class_rows: int | None = None,
) -> GateVerdict:
    """Judge a model by the conditions of `evaluate.gate`; all of them must hold.

    Parameters
    ----------
    model : Estimate
        The metric of the model, in its own sign.
    gain : Estimate
        How much better than the baseline it is; positive is better.
    scorer : str
        scikit-learn's name of the metric; a loss is negative there, and so is `min_value`.
    baseline_name : str
    task : TaskParams
    params : EvaluateParams
    rarer_class_rows : int, optional
        Holdout rows of the rarer of two classes; None for other tasks. Intervals of fewer than 10 hold
        the truth too seldom, so that `on: ci_low` cannot be judged, and the gate does not pass.
    """
    gate = params.gate
    metric = primary_metric(task.type, scorer)
    asked = gate.min_gain_over_baseline
    conditions = [
        _Condition(
            _known(gain, gate) and _judged(gain, gate) > asked,
            f"gain in {metric.name} over the baseline {baseline_name!r}: "
            f"{_told(gain, params.confidence)}; asked for: {gate.on} above {asked:g}",
            "to beat the baseline",
            _BETTER_FEATURES,
        )
    ]
    if gate.min_value is not None:
        scored = _in_the_scorers_sign(model, metric)
        conditions.append(
            _Condition(
                _known(scored, gate) and _judged(scored, gate) >= gate.min_value,
                f"{scorer}: {_told(scored, params.confidence)}; asked for: {gate.on} of at least "
                f"{gate.min_value:g}",
                f"to reach {scorer} {gate.min_value:g}",
                _BETTER_FEATURES,
            )
        )
    rare = _of_a_rare_class(gate, rarer_class_rows)
    conditions += [] if rare is None else [rare]
    sentence = "; ".join(
        f"{each.told} ({'met' if each.holds else 'not met'})" for each in conditions
    )
    failed = [each for each in conditions if not each.holds]
    failures = tuple(each.failure for each in failed)
    # Without rows that can tell, better features would not show either: the last one counts.
    remedy = failed[-1].remedy if failed else ""
    return GateVerdict(not failures, metric.name, sentence, failures, remedy)


def refuse_at_gate(verdict: GateVerdict, gate: GateParams) -> None:
    """Stop if the gate was not passed and says so.

    Raises
    ------
    GateError
        If the action is `fail` and a condition does not hold.
    """
    if not verdict.passed and gate.action == "fail":
        raise GateError(
            f"evaluate.gate: the model is not shown {' and '.join(verdict.failures)}; "
            f"{verdict.sentence}. Do not ship it. {verdict.remedy[0].upper()}{verdict.remedy[1:]}, or set "
            "evaluate.gate.action to warn to see the card. `dvc repro interpret` tells where it fails, and "
            "reports/data_feedback.md what may be wrong with the data."
        )


def _of_a_rare_class(gate: GateParams, rows: int | None) -> _Condition | None:
    if gate.on != "ci_low" or rows is None or rows >= FEWEST_OF_A_CLASS:
        return None
    return _Condition(
        False,
        f"the holdout has {rows} {'row' if rows == 1 else 'rows'} of the rarer class, and an interval "
        f"of fewer than {FEWEST_OF_A_CLASS} holds the truth too seldom; asked for: at least "
        f"{FEWEST_OF_A_CLASS} where evaluate.gate.on is ci_low",
        "to have an interval that can be relied on",
        "choose a larger split.holdout_fraction, or evaluate.gate.on: value, knowing that chance may "
        "pass it",
    )


def _known(estimate: Estimate, gate: GateParams) -> bool:
    """Say whether there is what the gate looks at: a lower end that nobody knows is above nothing."""
    return gate.on == "value" or bool(estimate.method)


def _judged(estimate: Estimate, gate: GateParams) -> float:
    return estimate.value if gate.on == "value" else estimate.ci_low


def _in_the_scorers_sign(estimate: Estimate, metric: Metric) -> Estimate:
    """Negate a loss; the lower end is then that of the greatest loss."""
    if metric.greater_is_better:
        return estimate
    return replace(
        estimate, value=-estimate.value, ci_low=-estimate.ci_high, ci_high=-estimate.ci_low
    )


def _told(estimate: Estimate, confidence: float) -> str:
    # Rounding first, so that nothing is told as -0.
    value, low, high = (
        round(x, 4) + 0.0 for x in (estimate.value, estimate.ci_low, estimate.ci_high)
    )
    if not estimate.method:
        return f"{value:.4f} (without interval: {estimate.reason})"
    return f"{value:.4f} ({confidence:.0%} interval {low:.4f} to {high:.4f})"
