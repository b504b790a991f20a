"""What do the sentinels of leakage say of clean tables? Prints every finding, table by table.

    python scripts/sentinel_alarms.py FOLDER [LIST]

FOLDER has Parquet files; LIST is a file of lines `table target type`, for those of them that are to be
looked at. Without LIST it is the list below, of tables of R packages that docs/leakage.md tells of,
and scikit-learn's bundled tables come before them.
"""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from assay.artifacts import read_yaml
from assay.checks.findings import Wanted
from assay.checks.table import LEAK_CODES, check_table
from assay.params import parse_params
from assay.sections import DataParams, TaskParams

ROOT = Path(__file__).resolve().parents[1]
TABLES = """
HMDA deny binary
Caravan Purchase binary
attrition Attrition binary
mlc_churn churn binary
lending_club Class binary
stackoverflow Remote binary
cells class binary
OJ Purchase binary
credit_data Status binary
Mroz lfp binary
TitanicSurvival survived binary
Blackmore group binary
penguins species multiclass
hpc_data class multiclass
scat Species multiclass
diamonds price regression
ames Sale_Price regression
CPS1988 wage regression
Wage wage regression
PSID1982 wage regression
hotel_rates avg_price_per_room regression
Chicago ridership regression
deliveries time_to_delivery regression
car_prices Price regression
Sacramento price regression
concrete compressive_strength regression
Vocab vocabulary regression
Fatalities fatal regression
"""
BUNDLED = {
    "iris": "multiclass",
    "wine": "multiclass",
    "breast_cancer": "binary",
    "diabetes": "regression",
    "digits": "multiclass",
}


def wanted_of(table: pd.DataFrame, target: str, task: str) -> Wanted:
    """Return the bundled limits for a table whose columns are all features."""
    params = parse_params(read_yaml(ROOT / "params.yaml"))
    data = DataParams(
        table="table.parquet", unit="row", target=target, id_columns=[], time_column=None,
        group_column=None, categorical_columns=[], passthrough_columns=[], exclude_columns={},
    )  # fmt: skip
    label = None
    if task == "binary":
        label = table[target].value_counts().index[-1]
        label = label.item() if hasattr(label, "item") else label
    metrics = {"binary": "roc_auc", "multiclass": "neg_log_loss"}
    kind = TaskParams(
        type=task, positive_label=label, primary_metric=metrics.get(task, "r2"),
        target_transform="none", clip_low=None, clip_high=None, seed=params.task.seed,
    )  # fmt: skip
    limits = params.validate_.model_copy(update={"min_rows": 100, "ignore": {}})
    return Wanted(data, kind, limits)


def tables(folder: Path, listed: str) -> Iterator[tuple[str, pd.DataFrame, str, str]]:
    """Yield name, table, target and task."""
    for line in listed.strip().splitlines():
        name, target, task = line.split()
        table = pd.read_parquet(folder / f"{name}.parquet")
        yield name, table[table[target].notna()].reset_index(drop=True), target, task


def bundled() -> Iterator[tuple[str, pd.DataFrame, str, str]]:
    """Yield scikit-learn's tables, in random order of rows."""
    from sklearn import datasets

    for name, task in BUNDLED.items():
        table = getattr(datasets, f"load_{name}")(as_frame=True).frame
        yield name, table.sample(frac=1, random_state=0, ignore_index=True), "target", task


def main() -> None:
    """Print one line per table, and one per finding."""
    folder, *lists = sys.argv[1:]
    listed = Path(lists[0]).read_text() if lists else TABLES
    every = list(tables(Path(folder), listed))
    for name, table, target, task in every if lists else [*bundled(), *every]:
        started = time.perf_counter()
        found = check_table(table, wanted_of(table, target, task))
        seconds = time.perf_counter() - started
        # All errors, and the warnings of the sentinels.
        told = [f for f in found if f.severity == "error" or f.code in LEAK_CODES]
        print(f"{name}: {len(table):,} rows, {task}, {seconds:.2f} s, {len(told)} found")
        for finding in told:
            print(f"  {finding.severity} {finding.code}: {finding.message}")


if __name__ == "__main__":
    main()
