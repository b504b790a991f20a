"""Results of monitoring, as the command writes them, and histories of batches, for tests of its pages."""

from copy import deepcopy

import pandas as pd

METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "mae"}
_VALUES = {"binary": 0.718, "multiclass": 0.412, "regression": 31.4}
_OTHERS = {
    "binary": {"average_precision": 0.335, "log_loss": 0.371, "brier": 0.113},
    "multiclass": {"accuracy": 0.847, "balanced_accuracy": 0.811},
    "regression": {"rmse": 44.2, "r2": 0.61, "bias": -0.4},
}
EXIT_CODES = {"fine": 0, "warning": 20, "alarm": 21}
ASSUMPTION = (
    "Estimated without outcomes, and right only if scores stay calibrated: of rows with a score of 20%, "
    "20% have the positive outcome, as out-of-fold."
)
BINS = (0.13, 0.12, 0.11, 0.1, 0.1, 0.1, 0.1, 0.09, 0.08, 0.07)


def check(
    area, subject, measure, level, now=None, before=None, effect=0.05, limits=(0.1, 0.25), p=0.2
):
    """Return a check as JSON."""
    told = f"{subject}: the distribution moved by {effect} (Jensen-Shannon distance; warning from {limits[0]})."
    if now is not None:
        told = f"{subject}: {now:.1%} are missing, against {before:.1%} in training."
    if measure.startswith("estimated"):
        told = f"estimated metric: it fell by {effect}. {ASSUMPTION}"
    return {
        "area": area,
        "subject": subject,
        "measure": measure,
        "now": now,
        "before": before,
        "effect": effect,
        "warn_from": limits[0],
        "alarm_from": limits[1],
        "p_value": p,
        "sentence": told,
        "look_at": f"Look at where {subject} comes from, and whether its unit changed.",
        "ordinary": limits[0] * 0.8,
        "adjusted": min(1.0, p * 40),
        "level": level,
    }


def feature(number, moved="fine", name=None):
    """Return the facts of a feature: each third one is categorical."""
    categorical = number % 3 == 2
    distance = {"fine": 0.01 + 0.001 * (number % 60), "warning": 0.19, "alarm": 0.463}[moved]
    shift = 0.0 if moved == "fine" else 0.05
    labels = (
        [f"category {k}" for k in range(9)] + ["others"]
        if categorical
        else [f"{10 * k} to {10 * k + 10}" for k in range(10)]
    )
    now = [share + (shift if k > 6 else -shift * 3 / 7) for k, share in enumerate(BINS)]
    return {
        "name": name or f"feature_{number}",
        "kind": "categorical" if categorical else "numeric",
        "missing_rate": {"now": 0.012 + shift, "before": 0.011},
        "unknown_rate": 0.053 if categorical else None,
        "outside_rate": None if categorical else 0.0213,
        "below_rate": None if categorical else 0.0013,
        "above_rate": None if categorical else 0.02,
        "range": None if categorical else [-3.5, 97.25],
        "mean": None if categorical else {"now": 38.1, "before": 56.9},
        "sd_before": None if categorical else 17.8,
        "standardised_mean_shift": None if categorical else -1.05,
        "js_distance": distance,
        "warn_from": 0.17,
        "alarm_from": 0.32,
        "ordinary": 0.17,
        "p_value": 0.0004 if moved != "fine" else 0.31,
        "level": moved,
        "psi": 2.1 * distance,
        "ks": None if categorical else 0.8 * distance,
        "wasserstein": None if categorical else 9.7 * distance,
        "type_note": None,
        "bins": [
            {"label": label, "before": before, "now": after}
            for label, before, after in zip(labels, BINS, now, strict=True)
        ],
    }


def _outputs(task, moved):
    shift = 0.004 if moved == "fine" else 0.05
    rate = {"binary": "flagged_rate", "multiclass": "decided_rate"}.get(task)
    outputs = {
        "distribution": {
            "check": "outputs:predictions:js_distance",
            "js_distance": 0.02 + shift,
            "psi": 0.03 + shift,
            "warn_from": 0.1,
            "alarm_from": 0.25,
            "ordinary": 0.071,
            "p_value": 0.02,
            "bins": [
                {"label": f"{k / 10:.1f} to {(k + 1) / 10:.1f}", "before": share, "now": share + (
                    shift if k > 6 else -shift * 3 / 7)}
                for k, share in enumerate(BINS)
            ],
        },
        "mean": {"now": 0.164 + shift, "before": 0.158, "holdout": 0.151,
                 "ci_low": 0.16 + shift, "ci_high": 0.168 + shift},
        "joint": {"reconstruction_error": {
            "now": 1.31, "before": 1.22, "ratio": 1.074, "effect": 0.074, "warn_from": 0.1,
            "alarm_from": 0.25, "p_value": 0.2, "check": "outputs:features together:joint"},
            "features": [{"name": "feature_3", "now": 0.4, "before": 0.3}]},
    }  # fmt: skip
    if rate:
        outputs[rate] = {"now": 0.186 + shift, "before": 0.194, "holdout": 0.188,
                         "ci_low": 0.171 + shift, "ci_high": 0.202 + shift,
                         "p_value": 0.4, "check": f"outputs:predictions:{rate}"}  # fmt: skip
    else:
        outputs["mean_interval_width"] = {"now": 88.5, "before": 86.1, "holdout": 85.9,
                                          "p_value": 0.3, "check": None}  # fmt: skip
    if task == "multiclass":
        outputs["predicted_shares"] = [
            {"label": label, "now": now, "before": before}
            for label, now, before in (("Adelie", 0.44, 0.43), ("Gentoo", 0.36, 0.36), ("Chin | strap", 0.2, 0.21))
        ]  # fmt: skip
    return outputs


def _worse(task, value, by):
    """Return a metric's value that is worse by a share."""
    return value * (1 - by) if METRICS[task] == "roc_auc" else value * (1 + by)


def _interval(value, width=0.03):
    return {"value": value, "ci_low": value * (1 - width), "ci_high": value * (1 + width)}


def _estimate(task, by):
    value = _VALUES[task]
    now = _worse(task, value, by)
    return {
        "metric": METRICS[task],
        **_interval(now, 0.02),
        "holdout": {"value": value, "estimated": value * 1.004},
        "assumption": ASSUMPTION,
        "n": 4012,
        "doubts": [],
        "others": {
            name: {
                "value": other * 1.013,
                "ci_low": other,
                "ci_high": other * 1.03,
                "holdout": {"value": other, "estimated": other * 1.01},
            }
            for name, other in _OTHERS[task].items()
        },
    }


def _performance(task, by, level):
    value = _VALUES[task]
    metrics = {
        METRICS[task]: {
            **_interval(_worse(task, value, by)), "holdout": _interval(value), "level": level,
        }
    }  # fmt: skip
    for name, other in _OTHERS[task].items():
        metrics[name] = {**_interval(other * 0.97), "holdout": _interval(other), "level": None}
    shares = [
        {"label": label, "value": now, "ci_low": now - 0.02, "ci_high": now + 0.02, "now": now,
         "before": 0.163, "holdout": 0.14, "level": "fine"}
        for label, now in (("late", 0.201), ("early", 0.3))
    ]  # fmt: skip
    return {
        "n": 3571,
        "of_rows": 4012,
        "drawn": False,
        "by": "days",
        "metrics": metrics,
        "judged": True,
        "outcomes_known": 3571,
        "mean_outcome": 0.201,
        "outcome_mean": None if task == "multiclass" else shares[0],
        "outcome_shares": shares if task == "multiclass" else [],
        "mean_prediction": 0.168,
        "gap": {"value": 0.033, "ci_low": 0.019, "ci_high": 0.047, "holdout": 0.007},
        "coverage": {
            "value": 0.861, "ci_low": 0.85, "ci_high": 0.872, "wanted": 0.9, "holdout": 0.897,
            "level": "fine",
        } if task == "regression" else None,
        "value_per_row": None if task == "regression" else {
            "value": -0.58, "ci_low": -0.66, "ci_high": -0.5, "now": -0.58, "holdout": -0.52},
        "unknown_labels": {"a new class": 3} if task == "multiclass" else {},
    }  # fmt: skip


def _retraining(task, outcomes, level):
    value = _VALUES[task]
    met = None if not outcomes else level == "alarm"
    words = {
        None: "It cannot be said yet whether to train again: outcomes of 4,000 rows are needed.",
        True: "Train it again: the metric is beyond the limit.",
        False: "There is no need to train again: the metric is within the limit.",
    }
    return {
        "metric": METRICS[task],
        "limit": _worse(task, value, 0.047),
        "rows_needed": 4000,
        "met": met,
        "sentence": words[met],
    }


def _slices(task, outcomes):
    value = _VALUES[task]
    return [
        {
            "name": f"carrier = {name}",
            "why_watched": why,
            "n": 212 + 10 * number,
            "rows": 250 + 10 * number,
            "share": {"now": 0.05, "before": 0.061},
            "metric": METRICS[task],
            "value": value * 0.93 if outcomes else None,
            "ci_low": value * 0.87 if outcomes else None,
            "ci_high": value * 0.99 if outcomes else None,
            "holdout": _interval(value * 0.95, 0.05),
            "mean_prediction": 0.21,
            "mean_outcome": 0.25 if outcomes else None,
            "level": "fine",
        }
        for number, (name, why) in enumerate(
            (("EV", "it failed on the holdout"), ("MQ", "the holdout's weakest"))
        )
    ]


def monitored(
    task="binary", level="alarm", *, outcomes=True, features=30, batches=7, judged=True, jobs=True
):
    """Return a result, and the history up to it.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
    level : {"fine", "warning", "alarm"}
    outcomes : bool
        Whether they are known.
    features : int
    batches : int
        Of the history, this one among them.
    judged : bool
        Whether it has enough rows.
    jobs : bool
        Whether receipts were given.
    """
    by = {"fine": 0.004, "warning": 0.03, "alarm": 0.08}[level]
    facts = [feature(number) for number in range(features)]
    checks = [
        check("inputs", each["name"], "js_distance", "fine", effect=each["js_distance"])
        for each in facts
    ]
    told = [
        ("predictions", "js_distance"),
        ("predictions", "flagged_rate"),
        ("predictions", "decided_rate"),
    ]
    checks += [check("outputs", subject, measure, "fine") for subject, measure in told]
    if level != "fine" and features:
        facts[-1] = feature(features - 1, level)
        checks[-1] = check(
            "inputs", facts[-1]["name"], "js_distance", level, effect=facts[-1]["js_distance"],
            limits=(0.17, 0.32), p=0.0001,
        )  # fmt: skip
        checks.append(
            check("inputs", facts[0]["name"], "missing_rate", "warning", 0.062, 0.011, 0.051,
                  (0.02, 0.1), 0.0002)
        )  # fmt: skip
        checks.append(
            {
                **check("outputs", f"estimated {METRICS[task]}", "estimated", "warning", None, None,
                        1.12, (1.0, 1.0), 0.0003),
                "at_most": "warning",
            }
        )  # fmt: skip
    checks.sort(key=lambda each: -EXIT_CODES[each["level"]])
    findings = [each for each in checks if each["level"] != "fine"]
    sentences = {
        "fine": "Nothing of 42 checks is beyond its limit and beyond chance.",
        "warning": "3 of 42 checks are beyond their limits and beyond chance.",
        "alarm": "3 of 42 checks are beyond their limits and beyond chance, 1 of them an alarm.",
    }
    if not judged:
        findings, level = [], "fine"
        facts = [feature(number) | {"level": "not judged"} for number in range(features)]
        checks = [each | {"level": "fine"} for each in checks]
    rows = 4012 if judged else 120
    result = {
        "format_version": 1,
        "batch": {
            "name": "2013-07",
            "input": {
                "files": [{"file": "2013-07.parquet", "bytes": 182_211, "sha256": "ab" * 32}]
            },
            "rows_in": rows + 9,
            "rows_scored": rows,
            "rows_rejected": 9,
            "rejected_by_reason": {"seats: not a number": 6, "time is missing": 3},
            "outcomes_known": 3571 if outcomes else 0,
            "first_time": "2013-07-01T00:00:00",
            "last_time": "2013-07-31T23:59:00",
        },
        "model": {
            "run_id": "20131231T235900__binary__session2013__7837753e",
            "manifest_sha256": "cd" * 32,
            "reference_sha256": "ef" * 32,
            "task": task,
            "unit": "flight",
            "target": "late",
            "positive_label": "1" if task == "binary" else None,
            "primary_metric": METRICS[task],
            "data_through": "2013-06-30T23:59:00",
        },
        "limits": {
            "cadence": "month",
            "min_rows": 200,
            "false_alarm_rate": 0.05,
            "window": 6,
            "sample_rows": 100000,
            "slice_count": 5,
            "max_rejected_rate": 0.01,
            "max_latency_seconds": None,
            "warn": {"distance": 0.1, "rate": 0.02, "change": 0.1},
            "alarm": {"distance": 0.25, "rate": 0.1, "change": 0.25},
        },
        "verdict": {
            "level": level,
            "judged": judged,
            "sentence": sentences[level]
            if judged
            else "The batch has 120 rows, and 200 are needed to judge one.",
            "exit_code": EXIT_CODES[level],
            "check_count": len(checks),
        },
        "findings": findings,
        "checks": checks,
        "features": facts,
        "outputs": _outputs(task, level),
        "estimate": _estimate(task, by),
        "performance": _performance(task, by, level) if outcomes and judged else None,
        "slices": _slices(task, outcomes),
        "retraining": _retraining(task, outcomes, level),
        "operations": _operations() if jobs else None,
        "trend": [],
        "notes": ["Outcomes were joined by id; 441 rows have none yet."] if outcomes else [],
    }
    history = history_of(task, by, batches, outcomes, result)
    if batches >= 4:
        result["trend"] = [_trend(history)]
    return result, history


def _operations():
    return {
        "jobs": 4,
        "failed_jobs": 1,
        "rows_in": 4021,
        "rows_scored": 4012,
        "rows_rejected": 9,
        "rejected_by_reason": {"seats: not a number": 6, "time is missing": 3},
        "rejected_rate": 9 / 4021,
        "seconds": 1.7,
        "rows_per_second": 2365.3,
        "latency_seconds": {
            "p50": 0.0121,
            "p95": 0.0172,
            "p99": 0.0314,
            "max": 0.054,
            "block_rows": 500,
        },
        "errors": [
            {
                "file": "2013-07-19.parquet",
                "kind": "DataError",
                "exit_code": 12,
                "message": "2013-07-19.parquet: 1 required column is missing: seats. Add it.",
            }
        ],
        "level": "fine",
    }


def _trend(history):
    return {
        "area": "performance",
        "subject": "performance",
        "measure": "estimated_roc_auc",
        "batches": len(history),
        "first": history["batch"].iloc[0],
        "last": history["batch"].iloc[-1],
        "slope_per_batch": -0.004,
        "change_over_window": -0.021,
        "p_value": 0.003,
        "level": "warning",
        "sentence": "The estimated metric fell by 0.021 over 6 batches, beyond chance.",
        "series": [
            {"batch": name, "value": value, "ci_low": None, "ci_high": None}
            for name, value in zip(history["batch"], history["estimated_value"], strict=True)
        ],
    }


def history_of(task, by, batches, outcomes, result):
    """Return a history that ends with a batch."""
    value, rows = _VALUES[task], []
    levels = ["fine", "fine", "warning", "fine"]
    for place in range(batches):
        last = place == batches - 1
        now = _worse(task, value, by * place / max(batches - 1, 1))
        # Outcomes come later: the latest batches of a history have none yet.
        known = outcomes and (place < batches - 2 or last)
        first = pd.Timestamp(result["batch"]["first_time"]) - pd.DateOffset(
            months=batches - 1 - place
        )
        rows.append({
            "batch": result["batch"]["name"] if last else f"{first:%Y-%m}",
            "first_time": first,
            "last_time": first + pd.DateOffset(months=1, minutes=-1),
            "rows_scored": result["batch"]["rows_scored"],
            "level": result["verdict"]["level"] if last else levels[place % 4],
            "judged": result["verdict"]["judged"] if last else True,
            "metric": METRICS[task],
            "value": now if known else None,
            "ci_low": now * 0.97 if known else None,
            "ci_high": now * 1.03 if known else None,
            "standard_error": now * 0.015 if known else None,
            "estimated_value": now * 1.005,
            "estimated_ci_low": now * 0.985,
            "estimated_ci_high": now * 1.025,
            "flagged_rate": 0.186 + 0.004 * place if task == "binary" else None,
            "decided_rate": 0.886 + 0.004 * place if task == "multiclass" else None,
            "mean_interval_width": 86.1 + place if task == "regression" else None,
            "outcome_mean": 0.15 + 0.006 * place if known else None,
            "mean_prediction": 0.151 + 0.003 * place,
            "prediction_distance": 0.03 + 0.004 * place,
            "latency_p99_seconds": 0.031,
        })  # fmt: skip
    return pd.DataFrame(rows)


ODD = '</script><script>hacked = 1</script><img src=x onerror="hacked=1">\'"`&<b>|\n日本'


def with_odd_names(result, history):
    """Put markup wherever a user's own names and words stand."""
    result = deepcopy(result)
    result["batch"]["name"] = ODD
    result["batch"]["rejected_by_reason"] = {ODD: 9}
    result["batch"]["input"]["files"][0]["file"] = ODD
    result["model"] |= {"unit": ODD, "target": ODD, "positive_label": ODD}
    result["notes"] = [ODD]
    result["verdict"]["sentence"] = f"{ODD} moved."
    for number, each in enumerate(result["features"]):
        each["name"] = f"{ODD}{number}" + "x" * 300 * (number == len(result["features"]) - 1)
        each["type_note"] = ODD
        each["bins"] = [{**one, "label": f"{ODD}{place}"} for place, one in enumerate(each["bins"])]
    for each in result["checks"] + result["findings"]:
        each |= {"subject": ODD, "sentence": f"{ODD} moved.", "look_at": f"{ODD}: look."}
    for each in result["slices"]:
        each["name"] = ODD
    for each in result["outputs"].get("predicted_shares", []):
        each["label"] = ODD
    if result["operations"]:
        result["operations"]["rejected_by_reason"] = {ODD: 9}
        result["operations"]["errors"][0] |= {"file": ODD, "message": ODD}
    return result, history.assign(batch=[f"{ODD}{place}" for place in range(len(history))])
