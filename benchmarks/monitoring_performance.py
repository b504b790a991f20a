"""How often outcomes raise something without cause, and how often they show a planted fall.

Prints the table that docs/monitoring.md quotes. Each batch is new, each reference is one of four:

    PYTHONPATH=src:tests python benchmarks/monitoring_performance.py [--batches 200]
"""

import argparse
from collections import Counter

import pandas as pd
from performances import World, reference_of, tallied

from assay.monitoring.check import judged
from assay.monitoring.performance import performance_checks, performance_of
from assay.monitoring.retraining import retraining_of
from assay.monitoring.watch import Watch

_REFERENCES = 4
# The model knows how likely each day is: over all days it ranks better than within one.
DAILY = World(level=1.0)
_CASES = (
    ("nothing, rows independent", World(), 2_000, 30, {}),
    ("nothing, rows of a day share a shock", World(shock=0.5), 2_000, 30, {}),
    ("nothing, a batch of one day, with shocks", World(shock=0.5), 2_000, 1, {}),
    ("nothing, batches of a day whose level differs", DAILY, 600, 1, {}),
    ("nothing, 300 rows", World(), 300, 30, {}),
    ("nothing, numbers", World("regression", shock=0.5), 2_000, 30, {}),
    ("nothing, three classes", World("multiclass"), 2_000, 30, {}),
    ("ROC AUC 0.73 falls to 0.63", World(), 2_000, 30, {"blur": 0.42}),
    ("ROC AUC falls so, with shocks", World(shock=0.5), 2_000, 30, {"blur": 0.42}),
    ("ROC AUC falls so, batches of a day", DAILY, 600, 1, {"blur": 0.42}),
    ("15% of outcomes become 22%", World(), 2_000, 30, {"shift": 0.5}),
    ("intervals hold 80% of outcomes, not 90%", World("regression"), 2_000, 30, {"wider": 1.285}),
)


def main() -> None:
    """Print a line for each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=200)
    batches = parser.parse_args().batches
    print("| what happens | rows | batches | raised anything | raised by |")
    print("| --- | --- | --- | --- | --- |")
    for name, world, rows, days, change in _CASES:
        watches = [_reference(world, seed + 1) for seed in range(_REFERENCES)]
        raised, by = 0, Counter[str]()
        for number in range(batches):
            watch = watches[number % _REFERENCES]
            found = world.rows(rows, days, 1_000 + number, **change)
            tally = tallied(watch, found)
            checks = performance_checks(tally, watch)
            if world is DAILY:
                # Days differ by more than any limit: what is asked here is how they are ranked.
                checks = [check for check in checks if check.measure == "metric_drop"]
            checks = judged(checks, 0.05)
            grave = [check for check in checks if check.level != "fine"]
            raised += bool(grave)
            by.update({check.measure for check in grave})
        told = ", ".join(f"{measure} {count / batches:.1%}" for measure, count in by.most_common())
        print(f"| {name} | {rows:,} | {batches} | {raised / batches:.1%} | {told} |", flush=True)
    told_to_train(20)


def _reference(world: World, seed: int) -> Watch:
    if world is DAILY:
        return reference_of(world, n=8_000, days=40, seed=seed, cadence="day")
    return reference_of(world, seed=seed)


def _met(history: pd.DataFrame, watch: Watch) -> bool:
    told = retraining_of(None, history, watch, {"batch": {}, "model": {}})
    return bool(told and told["met"])


def told_to_train(histories: int) -> None:
    """Print how often 12 daily batches of an unchanged model call for training again.

    The reference has them by day, as monitor.cadence says; with a cadence of a month they are not pooled.
    """
    for cadence in ("day", "month"):
        met = before = 0
        for number in range(histories):
            watch = reference_of(
                DAILY, n=4_000, days=40, seed=50 + number, cadence=cadence, least=80
            )
            rows = []
            for day in range(12):
                found = DAILY.rows(400, 1, 5_000 + 20 * number + day)
                told = performance_of(tallied(watch, found), watch)
                figure = told["metrics"]["roc_auc"]
                row = {"metric": "roc_auc", "value": figure["value"], "metric_rows": told["n"]}
                row["standard_error"] = figure["standard_error"]
                moment = pd.Timestamp("2025-01-01") + pd.Timedelta(days=day)
                row |= {"batch": f"day {day}", "batch_id": f"day {day}"}
                rows.append(row | {"first_time": moment, "last_time": moment})
            history = pd.DataFrame(rows)
            met += _met(history, watch)
            timeless = history.assign(first_time=pd.NaT, last_time=pd.NaT)
            before += _met(timeless, watch)
        print(
            f"12 daily batches, nothing changed, cadence {cadence}: train again in {met} of {histories}; "
            f"against the holdout as a whole in {before}"
        )


if __name__ == "__main__":
    main()
