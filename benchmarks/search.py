"""Measure the search: seconds of each preset and engine, and what they reach.

    python benchmarks/search.py

The presets run on a simulated table of 5,000 rows and 20 features and on one of 20,000 rows; the engines
on the bundled flights. Times are also given as ratios within the run, because machines differ. Nothing of
the working copy is written.
"""

import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

import stages  # noqa: E402, F401  (pins threads and kernels before anything numeric is imported)
from assay import artifacts  # noqa: E402
from assay.params import Params, parse_params  # noqa: E402
from assay.schema import infer_schema, typed_table  # noqa: E402
from assay.search.candidate import pose_problem  # noqa: E402
from assay.search.selection import SearchResult, search_best  # noqa: E402
from assay.splits.split import split_table  # noqa: E402


def simulated(rows: int) -> pd.DataFrame:
    """Return 15 numbers and 5 categories, of which some decide, and a time."""
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(rows, 15))
    categories = rng.integers(0, 12, size=(rows, 5))
    signal = numbers[:, 0] + numbers[:, 1] * numbers[:, 2] + np.sin(2 * numbers[:, 3])
    signal += 0.3 * categories[:, 0] % 4 - 1.0
    table = pd.DataFrame(numbers, columns=[f"number_{k}" for k in range(15)])
    for k in range(5):
        table[f"category_{k}"] = [f"c{code}" for code in categories[:, k]]
    table["moment"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows), unit="min")
    table["outcome"] = (rng.uniform(size=rows) < 1 / (1 + np.exp(-signal))).astype(int)
    return table


def params_for(table: pd.DataFrame | None, **train: object) -> Params:
    """Return the bundled params with changes to `train`, and the data section of a simulated table."""
    raw = artifacts.read_yaml(ROOT / "params.yaml")
    raw["train"] |= {
        "candidates": None,
        "tune_top": None,
        "trials": None,
        "ensemble": None,
        **train,
    }
    if table is not None:
        raw["data"] |= {
            "target": "outcome",
            "time_column": "moment",
            "group_column": None,
            "id_columns": [],
            "exclude_columns": {},
        }
    return parse_params(raw)


def search(table: pd.DataFrame, params: Params) -> tuple[float, SearchResult]:
    """Return the seconds of a search, and what it found."""
    schema = infer_schema(table, params.data, params.task)
    typed = typed_table(table, schema)
    split = split_table(typed, schema, params.split)
    train = typed.iloc[split.train]
    problem = pose_problem(
        train,
        schema,
        split.folds,
        params.task,
        params.preprocess,
        params.train,
        params.evaluate.confidence,
    )
    started = time.perf_counter()
    result = search_best(problem, params.train, lambda _: None)
    return time.perf_counter() - started, result


def main() -> None:
    """Measure, print."""
    first: dict[str, float] = {}
    for rows in (5_000, 20_000):
        table = simulated(rows)
        for preset in ("fast", "balanced"):
            params = params_for(table, engine="sklearn", preset=preset)
            seconds, result = search(table, params)
            first.setdefault(preset, seconds)
            print(
                f"{preset:9} {rows:6,} rows {seconds:7.1f} s   {seconds / first[preset]:5.2f} of "
                f"5,000 rows   {result.chosen.candidate.name} {result.chosen.mean:.4f}",
                flush=True,
            )
    flights = artifacts.read_table(ROOT / params_for(None).data.table)
    base = 0.0
    for engine in ("pycaret", "sklearn"):
        seconds, result = search(flights, params_for(None, engine=engine))
        base = base or seconds
        print(
            f"{engine:9} flights {seconds:11.1f} s   {seconds / base:5.2f} of pycaret      "
            f"{result.chosen.candidate.name} {result.chosen.mean:.6f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
