"""Measure how often monitoring raises something without drift, and how often it finds a drift.

    python benchmarks/monitoring.py [--batches 200]

Simulated tables of thirty features: rows that share nothing, and rows of 60 a day that share its weather.
Batches without drift should raise something in no more than `monitor.false_alarm_rate` of all; a drift is
found if a check of the feature that drifted, or one of all features or predictions together, is a warning
or an alarm. Prints a table of each, which `docs/monitoring.md` quotes.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from assay import artifacts
from assay.contract import build_contract
from assay.features import Feature
from assay.monitoring.ahead import ahead_of_time
from assay.monitoring.check import Check, judged
from assay.monitoring.clusters import cluster_codes, cluster_reference
from assay.monitoring.drift_checks import drift_checks
from assay.monitoring.input_reference import input_reference
from assay.monitoring.joint import joint_reference
from assay.monitoring.ordinary import ordinary_limits, table_windows
from assay.monitoring.outputs import output_reference
from assay.monitoring.rows import ScoredRows, row_keys
from assay.monitoring.tally import tally_rows
from assay.monitoring.watch import Watch
from assay.params import Params, parse_params
from assay.schema import Schema

ROOT = Path(__file__).resolve().parents[1]
DECISION = {"threshold": 0.6}
PER_DAY = 60
# Rows of one day have this correlation in the features named weather.
SHARED = 0.5
TRAIN, HOLDOUT = 16_000, 4_000
# Batches against one reference have its own chance in common.
REFERENCES = 20
Rng = np.random.Generator
NUMBERS = (
    *(f"weather {number}" for number in range(8)),
    *(f"measure {number}" for number in range(10)),
    *("amount 0", "amount 1", "rain", "hour", "flag", "constant"),
)
CATEGORIES = {"three": 3, "seven": 7, "twenty": 20, "sixty": 60, "many": 300, "rare": 4}


@dataclass(frozen=True)
class World:
    """Where rows come from: its own draw of what categories and days are like."""

    clustered: bool
    params: Params

    @property
    def schema(self) -> Schema:
        """Numbers, then categories."""
        features = [Feature(name, "numeric", "float64") for name in NUMBERS]
        features += [Feature(name, "categorical", "object") for name in CATEGORIES]
        return Schema(
            "row", "binary", "y", (0, 1), (), (), "time" if self.clustered else None, None, {}, {},
            tuple(features),
        )  # fmt: skip

    def rows(self, n: int, rng: Rng, first_day: int = 0) -> ScoredRows:
        """Draw rows without drift."""
        day = np.arange(n) // PER_DAY
        shared = rng.normal(size=(day.max(initial=0) + 1, 8))[day]
        weather = rng.normal(size=(n, 8))
        if self.clustered:
            weather = np.sqrt(SHARED) * shared + np.sqrt(1 - SHARED) * weather
        columns: dict[str, Any] = {f"weather {k}": 57 + 18 * weather[:, k] for k in range(8)}
        columns |= {f"measure {k}": rng.normal(size=n) for k in range(10)}
        columns |= {f"amount {k}": rng.lognormal(size=n) for k in range(2)}
        wet = weather[:, 7] > 1.6
        columns["rain"] = np.where(wet, rng.exponential(size=n), 0.0)
        columns["hour"] = rng.integers(5, 24, n).astype(float)
        columns["flag"] = (rng.uniform(size=n) < 0.1).astype(float)
        columns["constant"] = np.ones(n)
        columns["measure 0"][rng.uniform(size=n) < 0.03] = np.nan
        for name, count in CATEGORIES.items():
            shares = 1 / np.arange(1, count + 1) ** (4 if name == "rare" else 1.2)
            codes = rng.choice(count, n, p=shares / shares.sum())
            columns[name] = np.array([f"{name} {code}" for code in range(count)], dtype=object)[
                codes
            ]
        features = pd.DataFrame(columns)[[*NUMBERS, *CATEGORIES]]
        score = 1 / (1 + np.exp(1 - weather[:, 0] - features["measure 1"].to_numpy()))
        times = np.datetime64("2024-01-01", "us") + (first_day + day) * np.timedelta64(1, "D")
        return ScoredRows(
            features,
            score,
            row_keys(0, n),
            np.full(n, np.nan),
            times if self.clustered else None,
        )

    def watch(self, rng: Rng) -> Watch:
        """Draw a table, and describe it as packaging does."""
        train = self.rows(TRAIN, rng)
        holdout = self.rows(HOLDOUT, rng, first_day=TRAIN // PER_DAY)
        whole = joined(train, holdout)
        codes = cluster_codes(train.times, None)
        y = (rng.uniform(size=len(whole)) < whole.predicted).astype(float)
        whole = replace(whole, outcome=y)
        of_holdout = np.arange(len(whole)) >= TRAIN
        parts = whole.at(~of_holdout), whole.at(of_holdout)
        frame = train.features.assign(**({} if train.times is None else {"time": train.times}))
        reference = {
            "clusters": cluster_reference(codes, TRAIN),
            "inputs": input_reference(
                train.features, build_contract(self.schema, whole.features), codes
            ),
            "outputs": output_reference(*parts, self.schema, DECISION, self.params.task),
            "joint": joint_reference(
                frame,
                self.schema,
                ahead_of_time(whole.features, NUMBERS, table_windows(whole, self.params.monitor)),
            ),
            "slices": [],
            "ordinary": {"window_count": 0, "limits": {}},
        }
        watch = Watch(self.schema, DECISION, reference, self.params.monitor, self.params.task)
        asked = replace(whole, outcome=np.full(len(whole), np.nan))
        return replace(
            watch, reference=reference | {"ordinary": ordinary_limits(asked, of_holdout, watch)}
        )


def joined(first: ScoredRows, second: ScoredRows) -> ScoredRows:
    """Return the rows of both."""
    times = None if first.times is None else np.concatenate([first.times, second.times])
    return ScoredRows(
        pd.concat([first.features, second.features], ignore_index=True),
        np.concatenate([first.predicted, second.predicted]),
        np.concatenate([first.keys, second.keys]),
        np.concatenate([first.outcome, second.outcome]),
        times,
    )


def changed(rows: ScoredRows, name: str, change: Callable[[Any], Any]) -> ScoredRows:
    """Return rows with another column."""
    column = change(rows.features[name].to_numpy(copy=True))
    return replace(rows, features=rows.features.assign(**{name: column}))


def mean_shift(rows: ScoredRows, rng: Rng) -> ScoredRows:
    """A number moves by 0.3 of its standard deviations."""
    return changed(rows, "measure 2", lambda values: values + 0.3)


def weather_shift(rows: ScoredRows, rng: Rng) -> ScoredRows:
    """So does one that rows of a day share."""
    return changed(rows, "weather 2", lambda values: values + 0.3 * 18)


def new_category(rows: ScoredRows, rng: Rng) -> ScoredRows:
    """5% of rows have a category that fitting never saw."""
    some = rng.uniform(size=len(rows)) < 0.05
    return changed(rows, "seven", lambda values: np.where(some, "a new one", values))


def celsius(rows: ScoredRows, rng: Rng) -> ScoredRows:
    """A unit changes."""
    return changed(rows, "weather 1", lambda values: (values - 32) / 1.8)


def missing(rows: ScoredRows, rng: Rng) -> ScoredRows:
    """10% of values are gone."""
    some = rng.uniform(size=len(rows)) < 0.1
    return changed(rows, "measure 3", lambda values: np.where(some, np.nan, values))


def fewer_of_one(rows: ScoredRows, rng: Rng) -> ScoredRows:
    """30% of one category become another."""
    moved = rng.uniform(size=len(rows)) < 0.3
    return changed(rows, "three", lambda v: np.where(moved & (v == "three 0"), "three 2", v))


DRIFTS = {
    "mean of a number + 0.3 sd": (mean_shift, "measure 2"),
    "mean of weather + 0.3 sd": (weather_shift, "weather 2"),
    "new category, 5%": (new_category, "seven"),
    "Fahrenheit to Celsius": (celsius, "weather 1"),
    "10% missing": (missing, "measure 3"),
    "30% of one category become another": (fewer_of_one, "three"),
}


def asked(rows: ScoredRows, watch: Watch) -> list[Check]:
    """Return the judged checks of a batch."""
    return judged(drift_checks(tally_rows(rows, watch), watch), watch.params.false_alarm_rate)


def false_alarms(watches: list[Watch], world: World, n: int, batches: int, rng: Rng) -> list[float]:
    """Return in what share of batches without drift anything is raised, and has a small p-value."""
    raised, small = 0, 0
    for number in range(batches):
        checks = asked(world.rows(n, rng, first_day=400), watches[number % len(watches)])
        raised += any(check.level != "fine" for check in checks)
        small += min(check.adjusted for check in checks) <= world.params.monitor.false_alarm_rate
    return [raised / batches, small / batches]


def power(watches: list[Watch], world: World, drift: str, n: int, batches: int, rng: Rng) -> float:
    """Return in what share of batches a drift is found."""
    change, name = DRIFTS[drift]
    found = 0
    for number in range(batches):
        rows = change(world.rows(n, rng, first_day=400), rng)
        checks = asked(rows, watches[number % len(watches)])
        told = {name, "all features", "predictions"}
        found += any(check.level != "fine" and check.subject in told for check in checks)
    return found / batches


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, default=200)
    batches = parser.parse_args().batches
    params = parse_params(artifacts.read_yaml(ROOT / "params.yaml"))
    rng = np.random.default_rng(2013)
    worlds = {
        "rows share nothing": World(False, params),
        "rows share days": World(True, params),
    }
    drawn = {name: [world.watch(rng) for _ in range(REFERENCES)] for name, world in worlds.items()}
    print("| batches without drift | rows | raise something | have a p-value that would |")
    print("| --- | ---: | ---: | ---: |")
    for name, world in worlds.items():
        for n, count in ((200, batches), (2_000, batches), (20_000, batches // 2), (1_000_000, 2)):
            raised, small = false_alarms(drawn[name], world, n, count, rng)
            print(f"| {name} | {n:,} | {raised:.1%} | {small:.1%} |", flush=True)
    print("\n| drift | 200 rows | 2,000 rows | 20,000 rows |")
    print("| --- | ---: | ---: | ---: |")
    for name, world in worlds.items():
        for drift in DRIFTS:
            shares = [
                power(drawn[name], world, drift, n, max(batches // part, 1), rng)
                for n, part in ((200, 1), (2_000, 2), (20_000, 5))
            ]
            print(
                f"| {drift}; {name} | {' | '.join(f'{share:.0%}' for share in shares)} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
