"""Simulate slow drift: how often a trend is found, and how often one is found that is not there.

    python benchmarks/slow_drift.py [--histories 400]

Histories of batches of 2,000 rows with 40 features, of which one creeps by so many standard deviations a
batch, or none. Batches differ by chance alone, or also among themselves by 0.05 standard deviations, each on
its own or half like the one before (as seasons do). Beside the trends, 100 checks of the batch find nothing.
A trend is found where its change is beyond the limit of a warning (0.1) and, among all these questions,
beyond chance (0.05). Prints a table of docs/monitoring.md.
"""

import argparse

import numpy as np

from assay.monitoring.check import Area, Check, judged
from assay.monitoring.slope import fitted_slope

ROWS, FEATURES, OTHERS = 2_000, 40, 100
WARN, ALARM, RATE = 0.1, 0.25, 0.05


def check(area: Area, name: str, effect: float, p_value: float) -> Check:
    """Return a check."""
    return Check(area, name, "mean", None, None, effect, WARN, ALARM, p_value, "", "")


def means(
    rng: np.random.Generator, batches: int, step: float, spread: float, like: float
) -> np.ndarray:
    """Return the standardised means of features, shape (batches, features); the first one creeps."""
    own = rng.normal(size=(batches, FEATURES))
    for batch in range(1, batches):
        own[batch] = like * own[batch - 1] + np.sqrt(1 - like**2) * own[batch]
    told = rng.normal(size=own.shape) / np.sqrt(ROWS) + spread * own
    told[:, 0] += step * np.arange(batches)
    return told


def found(told: np.ndarray) -> list[bool]:
    """Say of each feature whether a trend is found."""
    places = np.arange(float(len(told)))
    slopes = [fitted_slope(places, values) for values in told.T]
    checks = [check("trend", str(n), abs(s.end - s.start), s.p_value) for n, s in enumerate(slopes)]
    checks += [check("inputs", f"other {number}", 0.0, 1.0) for number in range(OTHERS)]
    levels = {each.subject: each.level for each in judged(checks, RATE)}
    return [levels[str(number)] != "fine" for number in range(FEATURES)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--histories", type=int, default=400)
    count = parser.parse_args().histories
    rng = np.random.default_rng(2013)
    settings = (
        ("chance alone", 0.0, 0.0),
        ("0.05 beside", 0.05, 0.0),
        ("0.05 beside, half like the one before", 0.05, 0.5),
    )
    steps = (0.0, 0.03, 0.05, 0.1)
    print("| batches differ by | batches | " + " | ".join(f"{step:g} a batch" for step in steps))
    for words, spread, like in settings:
        for batches in (6, 8, 12):
            rates = []
            for step in steps:
                told = [found(means(rng, batches, step, spread, like)) for _ in range(count)]
                rates.append(np.mean([each[0] if step else any(each) for each in told]))
            shown = " | ".join(f"{rate:.3f}" if rate < 0.1 else f"{rate:.2f}" for rate in rates)
            print(f"| {words} | {batches} | {shown} |", flush=True)


if __name__ == "__main__":
    main()
