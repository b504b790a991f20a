"""What the next person receives: the refit model, its answers to questions, its run folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from assay import artifacts, provenance
from assay.params import Params
from assay.predictor import Predictor, Recipe
from assay.preprocessing import build_sampler
from assay.schema import ROW, Schema


@dataclass(frozen=True)
class Origin:
    """What a run was made from, by content.

    Attributes
    ----------
    data_sha256 : str
        Of the feature table's file.
    code_sha256 : str
        Over every source file of the library and the stages.
    lock_sha256 : str
        Of the environment's lock file.
    params : dict
        The whole of `params.yaml`.
    data_through : datetime or None
        The latest decision in the table; None without a time column.
    """

    data_sha256: str
    code_sha256: str
    lock_sha256: str
    params: Mapping[str, Any]
    data_through: datetime | None

    @property
    def run_id(self) -> str:
        """The run's name; the same inputs have the same name."""
        inputs = {
            "data": self.data_sha256,
            "code": self.code_sha256,
            "lock": self.lock_sha256,
            "params": self.params,
        }
        task = self.params["task"]
        return provenance.run_id(self.data_through, task["type"], task["seed"], inputs)


def trace_origin(
    table: pd.DataFrame,
    schema: Schema,
    params: Params,
    features: Path,
    code: list[Path],
    lock: Path,
) -> Origin:
    """Hash everything that decides a run.

    Parameters
    ----------
    table : DataFrame
        The validated table, for its latest time.
    schema : Schema
    params : Params
    features : Path
        The feature table's file.
    code : list of Path
        Folders of source files.
    lock : Path
        The environment's lock file.
    """
    latest = table[schema.time_column].max() if schema.time_column else None
    return Origin(
        provenance.file_sha256(features),
        provenance.content_sha256(provenance.files_sha256(code)),
        provenance.file_sha256(lock),
        params.model_dump(by_alias=True),
        None if latest is None else pd.Timestamp(latest).floor("s").to_pydatetime(),
    )


def run_meta(
    origin: Origin,
    decision: Mapping[str, Any],
    metrics: Mapping[str, Mapping[str, Any]],
    fitted_rows: int,
    refit: bool,
) -> dict[str, Any]:
    """Answer which model this is, from which data, code, params and environment.

    Parameters
    ----------
    origin : Origin
    decision : dict
        The content of `models/decision.json`.
    metrics : dict
        The metrics files by stage; `train` and `holdout` are used.
    fitted_rows : int
        Rows behind the shipped pipeline.
    refit : bool
        Whether these are all rows, or the training set alone.
    """
    return {
        "run_id": origin.run_id,
        "data": {
            "sha256": origin.data_sha256,
            "through": origin.data_through,
            "fitted_row_count": fitted_rows,
            "refit_on_all_rows": refit,
        },
        "code_sha256": origin.code_sha256,
        "requirements_sha256": origin.lock_sha256,
        # The commit that records this folder's hash cannot be named inside it. Git can:
        "find_commit": f"git log -S{origin.run_id} --format=%H -- models/registry/latest.txt",
        "task": origin.params["task"],
        "model": metrics["train"]["chosen_model"],
        "decision": dict(decision),
        "holdout": metrics["holdout"],
        "params": dict(origin.params),
    }


def refit_on_all(
    candidate: Predictor, table: pd.DataFrame, schema: Schema, params: Params
) -> Predictor:
    """Fit the candidate's pipeline once more on every row, resampled as it was in training.

    The calibrator stays as it was chosen.
    """
    recipe = Recipe(
        candidate.pipeline.named_steps["features"],
        candidate.pipeline.named_steps["model"],
        build_sampler(params.train.resampling, params.task.seed),
    )
    pipeline = recipe.fit(table[schema.feature_names], table[schema.target].to_numpy())
    return Predictor(pipeline, candidate.calibrator)


def source_rows(source: pd.DataFrame, rows: "pd.Series[Any]", schema: Schema) -> pd.DataFrame:
    """Return rows of the feature table as a scorer would get them: no target, nothing excluded.

    Parameters
    ----------
    source : DataFrame
        The feature table as it was read.
    rows : Series of int
        Positions in it.
    schema : Schema
    """
    dropped = [schema.target, *schema.excluded]
    return source.iloc[rows.to_numpy()].drop(columns=dropped).reset_index(drop=True)


def companions(
    texts: Mapping[str, str], files: Mapping[str, Path], tables: Mapping[str, pd.DataFrame]
) -> dict[str, bytes]:
    """Return the files of a run folder that play no part in scoring, by relative path.

    Parameters
    ----------
    texts : dict
        Content by relative path.
    files : dict
        Files to copy, and folders with all of their files, by relative path.
    tables : dict
        Tables to write as Parquet, by relative path.
    """
    found = {name: text.encode() for name, text in texts.items()}
    for name, path in files.items():
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        for file in inside:
            relative = f"{name}/{file.name}" if path.is_dir() else name
            found[relative] = artifacts.read_bytes(file)
    found |= {name: artifacts.parquet_bytes(table) for name, table in tables.items()}
    return found


def by_row(predictions: pd.DataFrame, table: pd.DataFrame, schema: Schema) -> pd.DataFrame:
    """Put a table's carried columns in front of predictions that are keyed by row."""
    names = [name for name in schema.carried_columns if name in table.columns]
    carried = table.set_index(ROW)[names].loc[predictions[ROW]].reset_index(drop=True)
    return pd.concat([carried, predictions.drop(columns=ROW).reset_index(drop=True)], axis=1)
