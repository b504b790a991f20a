"""Facts of a run against which nothing speaks, of which a test changes one at a time."""

from copy import deepcopy
from dataclasses import replace

MORE = {"value": 50.0, "ci_low": 24.0, "ci_high": 80.0}
LESS = {"value": -50.0, "ci_low": -80.0, "ci_high": -24.0}
UNCLEAR = {"value": 5.0, "ci_low": -8.0, "ci_high": 24.0}
SAME = {"value": 0.0, "ci_low": 0.0, "ci_high": 0.0}


def cleaned(facts):
    """Return the facts with all that is beyond a small table taken out."""
    metrics = deepcopy(dict(facts.metrics))
    holdout, threshold, interpret = (metrics[n] for n in ("holdout", "threshold", "interpret"))
    metric = holdout["gate"]["metric"]
    gain = {"value": 0.1, "ci_low": 0.05, "ci_high": 0.15}
    holdout["gate"] |= {"passed": True, "action": "fail", "sentence": "told"}
    holdout["gain_over_baseline"][metric] = gain
    for gains in holdout["gain_over"].values():
        gains[metric] = gain
    holdout["interval"].pop("caution", None)
    holdout.pop("left_out", None)
    error = holdout["calibration"]["calibrated"]["equal_mass_error"]
    error["value"] = error["chance_q95"] / 2
    holdout["calibration"]["verdict"] = "scores are no more miscalibrated than chance shows"
    metrics["train"]["reproducible"] = True
    metrics["train"]["selection"]["dummy"]["within_noise"] = False
    threshold["warnings"] = {}
    if threshold["value"]["applicable"]:
        for name in threshold["value"]["gain_over"]:
            threshold["value"]["gain_over"][name] = MORE
    if "interval" in threshold:
        wanted = threshold["interval"]["wanted_coverage"]
        threshold["interval"]["holdout_coverage"] = {
            "value": wanted, "ci_low": wanted - 0.02, "ci_high": wanted + 0.02
        }  # fmt: skip
    for part in (interpret["slices"], interpret["slices"]["found"]):
        part["verdicts"]["fails"] = 0
    interpret["feedback"]["error_count"] = 0
    ledger = {"model_count": 1, "rank": 1, "optimism_if_independent": 0.0}
    metrics["history"]["ledger"] |= ledger
    metrics["history"]["comparison"] = {"applicable": False}
    metrics["fairness"] = {"applicable": False}
    directions = facts.tables["directions"].iloc[:0]
    findings = [found for found in facts.findings if found["severity"] != "warning"]
    return replace(
        facts,
        metrics=metrics,
        findings=findings,
        tables={**facts.tables, "directions": directions},
    )


def changed(facts, *place_and_value):
    """Return the facts with one value of the metrics changed or added."""
    *sections, key, value = place_and_value
    metrics = deepcopy(dict(facts.metrics))
    inner = metrics
    for name in sections:
        inner = inner[name]
    inner[key] = value
    return replace(facts, metrics=metrics)


def told(verdict):
    return " ".join(verdict.doubts)


def asked_for(facts, **threshold):
    """Return the facts with some keys of `threshold` in params.yaml changed."""
    run = deepcopy(dict(facts.run))
    run["params"]["threshold"] |= threshold
    return replace(facts, run=run)
