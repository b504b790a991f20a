"""The tiny table of each task, split and ready to model."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from conftest import make_params, make_table

from assay.params import Params, parse_params
from assay.preprocessing import build_preprocessor
from assay.schema import Schema, infer_schema, typed_table
from assay.search.candidate import pose_problem
from assay.search.engine import SearchProblem
from assay.splits.folds import Folds
from assay.splits.split import split_table


@dataclass(frozen=True)
class Case:
    params: Params
    schema: Schema
    train: pd.DataFrame
    holdout: pd.DataFrame
    folds: Folds

    @property
    def features(self) -> pd.DataFrame:
        return self.train[self.schema.feature_names]

    @property
    def y_true(self) -> Any:
        return self.train[self.schema.target].to_numpy()

    @property
    def preprocessor(self) -> Any:
        params = self.params
        return build_preprocessor(self.schema, params.preprocess, params.task, self.train)

    def problem(self) -> SearchProblem:
        params = self.params
        return pose_problem(
            self.train, self.schema, self.folds, params.task, params.preprocess, params.train,
            params.evaluate.confidence,
        )  # fmt: skip


def changed_params(task: str = "binary", /, **sections: dict[str, Any]) -> Params:
    """Return the params of a task with some keys changed, by section."""
    raw = make_params(task)
    for name, changes in sections.items():
        raw[name] |= changes
    return parse_params(raw)


def make_case(
    task: str = "binary", /, table: pd.DataFrame | None = None, **sections: dict[str, Any]
) -> Case:
    """Return a task's table, split; the sections of its params may be changed."""
    params = changed_params(task, **sections)
    table = make_table(task=task) if table is None else table
    schema = infer_schema(table, params.data, params.task)
    typed = typed_table(table, schema)
    split = split_table(typed, schema, params.split)
    train, holdout = (
        typed.iloc[rows].reset_index(drop=True) for rows in (split.train, split.holdout)
    )
    return Case(params, schema, train, holdout, split.folds)


def plain_folds(rows: int, count: int = 5, seed: int = 0) -> Folds:
    """Return folds at random, each of which trains on all others."""
    fold = np.random.default_rng(seed).permutation(np.arange(rows) % count) + 1
    return Folds(fold, np.zeros(rows, dtype=int))


def positive_table() -> pd.DataFrame:
    """Return the table of a regression whose target is never negative, and skewed."""
    table = make_table(task="regression")
    return table.assign(outcome=np.expm1(np.clip(table["outcome"] / 10, 0, None)))
