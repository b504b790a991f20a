"""Shared by all tests: a tiny table with a known signal, and a project folder around it."""

import stages  # noqa: F401, I001  (pins threads and kernels before anything numeric is imported)

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock

# Before PyCaret: skops looks through all modules of scikit-learn, of which one imports distutils by way
# of setuptools. These have their own, but not where PyCaret has imported Python's, which warns.
import skops.io  # noqa: F401

from assay.artifacts import read_yaml
from assay.bundle import Bundle, load_bundle
from assay.checks.split import SplitProof, prove_split
from assay.params import Params, parse_params
from assay.sections import SplitParams
from postgresql_server import (  # noqa: F401  (fixtures)
    credentials,
    database,
    end_connections,
    execute_fixture,
    new_database,
    new_user,
    postgresql,
    server,
    sqlite,
)

from assay.schema import Schema, infer_schema, typed_table
from assay.splits.parts import Split
from assay.splits.split import split_table

ROOT = Path(__file__).resolve().parents[1]

# A shell ignores interrupts for what it starts in the background, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


TASKS = ("binary", "multiclass", "regression")


def make_table(rows: int = 600, seed: int = 0, task: str = "binary") -> pd.DataFrame:
    """Return a feature table whose target depends on `signal` and `kind`, in random row order."""
    rng = np.random.default_rng(seed)
    signal = rng.normal(size=rows)
    kind = rng.choice(["a", "b", "c"], rows, p=[0.5, 0.4, 0.1])
    log_odds = 1.5 * signal + 1.0 * (kind == "b") - 0.8
    target = (rng.uniform(size=rows) < 1 / (1 + np.exp(-log_odds))).astype("int64")
    table = pd.DataFrame(
        {
            "row_key": [f"k{number:05d}" for number in range(rows)],
            "moment": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows), unit="h"),
            "entity": [f"e{number % 50}" for number in range(rows)],
            "outcome": target,
            "aftermath": target * 10.0 + rng.normal(size=rows),
            "signal": np.where(rng.uniform(size=rows) < 0.05, np.nan, signal),
            "noise": rng.normal(size=rows),
            "count": rng.integers(0, 9, rows),
            "kind": pd.Series(kind).where(rng.uniform(size=rows) > 0.05, None),
            "remark": [f"NA {number:03d}" for number in range(rows)],
        }
    )
    level = log_odds + rng.normal(size=rows)
    if task == "multiclass":
        table["outcome"] = np.array(["high", "low", "mid"])[np.digitize(level, [-1.5, 0.5])]
    elif task == "regression":
        table["outcome"] = 20 + 3 * level
    return table.sample(frac=1, random_state=seed).reset_index(drop=True)


def make_params(task: str = "binary") -> dict[str, Any]:
    """Return the bundled params, fitted to the tiny table and fast."""
    params = deepcopy(read_yaml(ROOT / "params.yaml"))
    params["data"] = {
        "table": "data/processed/features.parquet",
        "unit": "case",
        "target": "outcome",
        "id_columns": ["row_key"],
        "time_column": "moment",
        "group_column": "entity",
        "categorical_columns": [],
        "passthrough_columns": ["remark"],
        "exclude_columns": {"aftermath": "known later"},
    }
    params["validate"] |= {"min_rows": 100, "ignore": {}}
    params["split"] |= {"fold_count": 3}
    params["preprocess"]["min_category_count"] = 5
    params["baseline"]["rule"] = "signal > 0.5"
    params["train"] |= {
        "candidates": ["dummy", "logistic", "lightgbm"],
        "tune_top": 1,
        "trials": 2,
        "ensemble": "none",
        "learning_curve_points": 2,
        "n_jobs": 1,
    }
    params["evaluate"] |= {"resamples": 100}
    params["evaluate"]["gate"] |= {"action": "warn"}
    params["interpret"] |= {
        "worst_case_count": 5,
        "resamples": 100,
        "permutation_repeats": 2,
        "shap_sample_rows": 50,
        "slice_min_rows": 20,
        "expected_direction": {},
    }
    if task == "multiclass":
        params["task"] |= {
            "type": task, "positive_label": None, "primary_metric": "neg_log_loss"
        }  # fmt: skip
        params["baseline"]["rule"] = None
        params["calibrate"]["methods"] = ["sigmoid", "isotonic", "temperature"]
    elif task == "regression":
        params["task"] |= {
            "type": task, "positive_label": None, "primary_metric": "neg_root_mean_squared_error"
        }  # fmt: skip
        params["baseline"]["rule"] = "20 + signal"
        params["train"]["candidates"] = ["dummy", "ridge", "lightgbm"]
    return params


@pytest.fixture
def table() -> pd.DataFrame:
    return make_table()


@pytest.fixture
def raw_params() -> dict[str, Any]:
    return make_params()


@pytest.fixture
def params(raw_params: dict[str, Any]) -> Params:
    return parse_params(raw_params)


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def write_project(folder: Path, table: pd.DataFrame, params: dict[str, Any]) -> Path:
    """Lay out a folder in which every stage can run."""
    from ruamel.yaml import YAML

    (folder / "data/processed").mkdir(parents=True)
    table.to_parquet(folder / "data/processed/features.parquet", index=False)
    with (folder / "params.yaml").open("w") as stream:
        YAML().dump(params, stream)
    shutil.copytree(ROOT / "reports/history", folder / "reports/history")
    (folder / "src").mkdir()
    (folder / "src/assay").symlink_to(ROOT / "src/assay")
    (folder / "stages").symlink_to(ROOT / "stages")
    (folder / "requirements.lock").symlink_to(ROOT / "requirements.lock")
    return folder


STAGES = (
    *("validate", "split", "baseline", "train"),
    *("evaluate", "threshold", "interpret", "package"),
)


def run_stage(name: str) -> None:
    import importlib

    importlib.import_module(f"stages.{name}").main()


def made_once(
    factory: pytest.TempPathFactory, name: str, table: pd.DataFrame, params: dict[str, Any]
) -> Path:
    """Return a project in which all eight stages ran, one for all tests and all their processes.

    A fixture alone would make it anew in each process, and with parameters again and again: files of
    tests go to the processes one by one, and each asks for all parameters.
    """
    own = factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder = shared / name
    with FileLock(shared / f"{name}.lock"):
        if not folder.exists():
            unfinished = write_project(factory.mktemp(name), table, params)
            with inside(unfinished):
                for stage in STAGES:
                    run_stage(stage)
            unfinished.rename(folder)
    return folder


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which all eight stages ran; tests must not change it."""
    return made_once(tmp_path_factory, "finished", make_table(), make_params())


@pytest.fixture(scope="session")
def bundle(finished: Path) -> Bundle:
    """The packaged model of `finished`."""
    return load_bundle(finished / (finished / "models/registry/latest.txt").read_text().strip())


@pytest.fixture
def rows() -> pd.DataFrame:
    """Rows to score; every feature has some missing value."""
    table = make_table(500, seed=5).drop(columns=["outcome", "aftermath"])
    return table.assign(noise=table["noise"].where(table.index % 50 != 7, np.nan))


def _costs(**changes: Any) -> dict[str, Any]:
    """Return the bundled costs with some changed."""
    return {"costs": read_yaml(ROOT / "params.yaml")["threshold"]["costs"] | changes}


# `kind` has three categories.
_TARGET_MEANS = {"max_categories": 2, "high_cardinality": "target"}
# What the projects of the other tasks and of the other engine try beside it.
VARIANTS: dict[tuple[str, str], dict[str, dict[str, Any]]] = {
    ("binary", "pycaret"): {},
    ("binary", "sklearn"): {
        "preprocess": {"max_categories": 2},
        "train": {"class_weight": "balanced"},
        "threshold": _costs(false_negative="count", true_positive=-1.0),
    },
    ("multiclass", "pycaret"): {
        "preprocess": _TARGET_MEANS,
        "threshold": {"accept_accuracy": 0.75},
    },
    ("multiclass", "sklearn"): {
        "train": {
            "resampling": "smote",
            "ensemble": "blend",
            "select": "simplest_within_noise",
        },
    },
    ("regression", "pycaret"): {
        "data": {"group_column": None, "passthrough_columns": []},
        "train": {"select": "simplest_within_noise", "learning_curve_points": 0},
    },
    ("regression", "sklearn"): {
        "task": {"target_transform": "log1p", "clip_low": 0.0},
        "preprocess": _TARGET_MEANS,
        "train": {"ensemble": "blend"},
        "threshold": {
            "interval_coverage": 0.8,
            **_costs(over_prediction=1.0, under_prediction=3.0),
        },
    },
}


@dataclass(frozen=True)
class Finished:
    """A project in which all eight stages ran, with what they ran on."""

    folder: Path
    task: str
    engine: str
    params: Params
    table: pd.DataFrame

    def new_rows(self) -> pd.DataFrame:
        """Return rows of the same kind that no stage has seen, with their outcomes."""
        return variant_table(self.task, self.engine, 400, seed=7)

    @property
    def run(self) -> Path:
        return self.folder / (self.folder / "models/registry/latest.txt").read_text().strip()


def variant_table(task: str, engine: str, rows: int = 600, seed: int = 0) -> pd.DataFrame:
    """Return the table of a variant: whole numbers as classes, or numbers above 0, for one engine."""
    table = make_table(rows, seed, task)
    if (task, engine) == ("multiclass", "sklearn"):
        table["outcome"] = table["outcome"].map({"high": 30, "low": 10, "mid": 20})
    elif (task, engine) == ("regression", "sklearn"):
        table["outcome"] = np.expm1(np.clip(table["outcome"] / 10, 0, None))
    return table


@pytest.fixture(scope="session", params=list(VARIANTS), ids="-".join)
def finished_task(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Finished:
    """A project of each task with each engine in which all stages ran; tests must not change it."""
    task, engine = request.param
    table, raw = variant_table(task, engine), make_params(task)
    raw["train"]["engine"] = engine
    for section, changes in VARIANTS[request.param].items():
        raw[section] |= changes
    finished = Finished(Path(), task, engine, parse_params(raw), table)
    if not VARIANTS[request.param]:
        return replace(finished, folder=request.getfixturevalue("finished"))
    folder = made_once(tmp_path_factory, f"finished-{task}-{engine}", table, raw)
    return replace(finished, folder=folder)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that lays out a project and enters it."""

    def make(table: pd.DataFrame | None = None, params: dict[str, Any] | None = None) -> Path:
        folder = tmp_path / "project"
        folder.mkdir()
        write_project(
            folder,
            make_table() if table is None else table,
            make_params() if params is None else params,
        )
        monkeypatch.chdir(folder)
        return folder

    return make


def sessions(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with entities of 4 successive rows each, and one that comes back."""
    order = table["row_key"].str[1:].astype(int)
    entity = ("e" + (order // 4).astype(str)).where(order % 25 > 0, "regular")
    return table.assign(entity=entity)


def prepared(table: pd.DataFrame, **roles: Any) -> tuple[Schema, pd.DataFrame]:
    """Return a table's schema and its validated form."""
    raw = make_params()
    raw["data"] |= roles
    params = parse_params(raw)
    schema = infer_schema(table, params.data, params.task)
    return schema, typed_table(table, schema)


def as_task(schema: Schema, typed: pd.DataFrame, task: str) -> tuple[Schema, pd.DataFrame]:
    """Return them with a target of another kind."""
    from dataclasses import replace

    if task == "multiclass":
        cut = np.searchsorted([-0.5, 0.8], typed["noise"]).astype("int8")
        labels = ("low", "mid", "high")
        return replace(schema, task=task, labels=labels), typed.assign(outcome=cut)
    if task == "regression":
        return replace(schema, task=task, labels=()), typed.assign(outcome=typed["noise"] * 3)
    return schema, typed


def split_settings(**changes: Any) -> SplitParams:
    """Return the section `split` with some keys changed."""
    raw = make_params()
    raw["split"] |= changes
    return parse_params(raw).split


def placed(split: Split, names: Any) -> dict[Any, Any]:
    """Return where each row is: the fold that validates it, or a word."""
    names = np.asarray(names)
    where = dict(zip(names[split.train], split.folds.fold.tolist(), strict=True))
    where |= dict.fromkeys(names[split.holdout], "holdout")
    return where | dict.fromkeys(names[split.dropped], "dropped")


def proven(
    table: pd.DataFrame, roles: dict[str, Any] | None = None, **changes: Any
) -> tuple[Split, SplitProof]:
    """Split a table with some keys of the section changed, and prove it."""
    schema, typed = prepared(table, **(roles or {}))
    params = split_settings(**changes)
    split = split_table(typed, schema, params)
    return split, prove_split(split, typed, schema, params, 0)


def twins(rate: float) -> pd.DataFrame:
    """Return a table some of whose last rows repeat features and outcome of its first ones."""
    table = make_table().sort_values("moment", ignore_index=True)
    count, features = round(rate * 120), ["signal", "noise", "count", "kind", "outcome"]
    table.loc[600 - count :, features] = table.loc[: count - 1, features].to_numpy()
    return table.astype({"signal": float, "noise": float, "count": int, "outcome": int})
