"""Whether a model may ship: good enough by itself, and better than what it must beat."""

from dataclasses import dataclass

from assay.errors import GateError
from assay.metrics.catalogue import primary_metric
from assay.metrics.core import Metric
from assay.sections import EvaluateParams, GateParams, MetricName, TaskParams
from assay.uncertainty.estimate import Estimate


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
    """

    passed: bool
    metric: str
    sentence: str
    failures: tuple[str, ...]


@dataclass(frozen=True)
class _Condition:
    """One thing that the gate asks for."""

    holds: bool
    told: str
    failure: str


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
            )
        )
    sentence = "; ".join(
        f"{each.told} ({'met' if each.holds else 'not met'})" for each in conditions
    )
    failures = tuple(each.failure for each in conditions if not each.holds)
    return GateVerdict(not failures, metric.name, sentence, failures)


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
            f"{verdict.sentence}. Do not ship it. Look for better features, or set "
            "evaluate.gate.action to warn to see the card."
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
    return Estimate(
        -estimate.value, -estimate.ci_high, -estimate.ci_low, estimate.method, estimate.n
    )


def _told(estimate: Estimate, confidence: float) -> str:
    # Rounding first, so that nothing is told as -0.
    value, low, high = (
        round(x, 4) + 0.0 for x in (estimate.value, estimate.ci_low, estimate.ci_high)
    )
    if not estimate.method:
        return f"{value:.4f} (without interval: too few resamples have a value)"
    return f"{value:.4f} ({confidence:.0%} interval {low:.4f} to {high:.4f})"
