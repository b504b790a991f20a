"""How often outcomes raise something without cause, and how often they show a planted fall.

Prints the table that docs/monitoring.md quotes. Each batch is new, each reference is one of four:

    PYTHONPATH=src:tests python benchmarks/monitoring_performance.py [--batches 200]
"""

import argparse
from collections import Counter

from performances import World, reference_of, tallied

from assay.monitoring.check import judged
from assay.monitoring.performance import performance_checks

_REFERENCES = 4
_CASES = (
    ("nothing, rows independent", World(), 2_000, 30, {}),
    ("nothing, rows of a day share a shock", World(shock=0.5), 2_000, 30, {}),
    ("nothing, a batch of one day, with shocks", World(shock=0.5), 2_000, 1, {}),
    ("nothing, 300 rows", World(), 300, 30, {}),
    ("nothing, numbers", World("regression", shock=0.5), 2_000, 30, {}),
    ("nothing, three classes", World("multiclass"), 2_000, 30, {}),
    ("ROC AUC 0.73 falls to 0.63", World(), 2_000, 30, {"blur": 0.42}),
    ("ROC AUC falls so, with shocks", World(shock=0.5), 2_000, 30, {"blur": 0.42}),
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
        watches = [reference_of(world, seed=seed + 1) for seed in range(_REFERENCES)]
        raised, by = 0, Counter[str]()
        for number in range(batches):
            watch = watches[number % _REFERENCES]
            found = world.rows(rows, days, 1_000 + number, **change)
            checks = judged(performance_checks(tallied(watch, found), watch), 0.05)
            grave = [check for check in checks if check.level != "fine"]
            raised += bool(grave)
            by.update({check.measure for check in grave})
        told = ", ".join(f"{measure} {count / batches:.1%}" for measure, count in by.most_common())
        print(f"| {name} | {rows:,} | {batches} | {raised / batches:.1%} | {told} |", flush=True)


if __name__ == "__main__":
    main()
