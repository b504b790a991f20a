"""Measure `validate` and `split` on a large table: seconds and peak memory of each command.

    python benchmarks/large_table.py [--rows 1000000]

A simulated table of 30 columns (numbers, counts, truths, texts, a time, a time delta, an id, a group) in a
fresh clone of HEAD, split by each strategy. Nothing of the working copy is touched.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[1]
STRATEGIES = ("time", "random", "group", "group_time")
# A process begins with the peak of the one that started it, so a small one stands between.
PEAK = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def simulated(rows: int) -> pd.DataFrame:
    """Return a table of 30 columns, whose target depends on two of them."""
    rng = np.random.default_rng(2013)
    numbers = {f"number_{i}": rng.normal(size=rows) for i in range(14)}
    counts = {f"count_{i}": rng.poisson(3, rows) for i in range(4)}
    kinds = {
        f"kind_{size}": rng.choice([f"k{value:04d}" for value in range(size)], rows)
        for size in (3, 20, 200, 2000)
    }
    risk = numbers["number_0"] + (kinds["kind_3"] == "k0000") - 2
    hole = rng.uniform(size=rows) < 0.1
    return pd.DataFrame(
        {
            "order_id": np.char.add("o", np.arange(rows).astype(str)),
            "ordered": pd.Timestamp("2023-01-01") + pd.to_timedelta(np.arange(rows) * 30, unit="s"),
            "customer": rng.integers(0, rows // 20 + 1, rows),
            "returned": (rng.uniform(size=rows) < 1 / (1 + np.exp(-risk))).astype("int64"),
            **numbers,
            **counts,
            **kinds,
            "number_14": np.where(hole, np.nan, rng.normal(size=rows)),
            "member": rng.uniform(size=rows) < 0.5,
            "since": pd.Timestamp("2022-01-01") + pd.to_timedelta(rng.integers(0, 365, rows), unit="D"),
            "waited": pd.to_timedelta(rng.integers(0, 10_000, rows), unit="s"),
        }
    )  # fmt: skip


def write_params(path: Path, strategy: str) -> None:
    """Change the bundled params to those of the simulated table."""
    yaml = YAML()
    params = yaml.load(path)
    params["data"] |= {
        "unit": "order", "target": "returned", "time_column": "ordered", "group_column": "customer",
        "exclude_columns": {}, "id_columns": ["order_id"], "passthrough_columns": [],
    }  # fmt: skip
    params["validate"]["ignore"] = {}
    # Every customer comes back, so that no group of the last period is new.
    params["split"] |= {"strategy": strategy, "seen_groups": "keep"}
    params["baseline"]["rule"] = None
    with path.open("w") as file:
        yaml.dump(params, file)


def measured(folder: Path, stage: str) -> tuple[float, float]:
    """Run a stage; return its seconds, with the start of Python, and its peak in MiB."""
    command = [sys.executable, "-c", PEAK, sys.executable, "-m", f"stages.{stage}"]
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    started = time.perf_counter()
    run = subprocess.run(
        command, cwd=folder, env=environment, check=True, capture_output=True, text=True
    )
    seconds = time.perf_counter() - started
    return seconds, int(run.stdout.splitlines()[-1]) / 1024


def main() -> None:
    """Simulate, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        table = simulated(rows)
        table.to_parquet(clone / "data/processed/features.parquet", index=False)
        print(f"cores: {os.cpu_count()}; {rows} rows x {table.shape[1]} columns")
        del table
        for strategy in STRATEGIES:
            write_params(clone / "params.yaml", strategy)
            # What is found in the table does not depend on how it is split.
            for stage in ("validate", "split") if strategy == STRATEGIES[0] else ("split",):
                seconds, peak = measured(clone, stage)
                name = f"{stage} ({strategy})" if stage == "split" else stage
                print(f"{name:18} {seconds:6.1f} s   peak {peak:6.0f} MiB", flush=True)


if __name__ == "__main__":
    main()
