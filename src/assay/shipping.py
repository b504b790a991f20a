"""What the next person receives: the refit model, its answers to questions, its run folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from assay import artifacts, provenance
from assay.closure import import_closure
from assay.params import Params
from assay.predictor import Predictor, Recipe
from assay.preprocessing import build_sampler
from assay.schema import Schema
from assay.scoring_requirements import extra_requirements, scoring_requirements
from assay.version import VERSION

_SCORER_ENTRY = "src/assay/scorer_main.py"


@dataclass(frozen=True)
class Origin:
    """What a run was made from, by content.

    Attributes
    ----------
    data_file : str
        The feature table's file, from the project's folder.
    data_shape : (int, int)
        Its rows and columns.
    data_sha256 : str
        Of its bytes.
    code_sha256 : str
        Over every source file of the library and the stages.
    lock_sha256 : str
        Of the environment's lock file.
    params : dict
        The whole of `params.yaml`.
    data_through : datetime or None
        The latest decision in the table; None without a time column.
    history : dict
        What is known of the holdout's history, which the card tells.
    """

    data_file: str
    data_shape: tuple[int, int]
    data_sha256: str
    code_sha256: str
    lock_sha256: str
    params: Mapping[str, Any]
    data_through: datetime | None
    history: Mapping[str, Any]

    @property
    def run_id(self) -> str:
        """The run's name; the same inputs have the same name."""
        inputs = {
            "data": self.data_sha256,
            "code": self.code_sha256,
            "lock": self.lock_sha256,
            "params": self.params,
            "history": self.history,
        }
        task = self.params["task"]
        return provenance.run_id(self.data_through, task["type"], task["seed"], inputs)


def trace_origin(
    source: pd.DataFrame,
    table: pd.DataFrame,
    schema: Schema,
    params: Params,
    code: list[Path],
    lock: Path,
    history: Mapping[str, Any],
) -> Origin:
    """Hash everything that decides a run.

    Parameters
    ----------
    source : DataFrame
        The feature table as it was read.
    table : DataFrame
        The validated table, for its latest time.
    schema : Schema
    params : Params
    code : list of Path
        Folders of source files.
    lock : Path
        The environment's lock file.
    history : dict
        The content of `metrics/history.json`.
    """
    latest = table[schema.time_column].max() if schema.time_column else None
    return Origin(
        params.data.table,
        (len(source), len(source.columns)),
        provenance.file_sha256(Path(params.data.table)),
        provenance.content_sha256(provenance.files_sha256(code)),
        provenance.file_sha256(lock),
        params.model_dump(by_alias=True),
        None if latest is None else pd.Timestamp(latest).floor("s").to_pydatetime(),
        history,
    )


def run_meta(
    origin: Origin,
    schema: Schema,
    shipped: Predictor,
    decision: Mapping[str, Any],
    metrics: Mapping[str, Mapping[str, Any]],
    fitted_rows: int,
    environment: Mapping[str, Any],
) -> dict[str, Any]:
    """Answer which model this is, from which data, code, params and environment.

    Parameters
    ----------
    origin : Origin
    schema : Schema
    shipped : Predictor
        The model that ships.
    decision : dict
        The content of `models/decision.json`.
    metrics : dict
        The metrics files by stage; `train`, `split` and `holdout` are used.
    fitted_rows : int
        Rows behind the shipped pipeline.
    environment : dict
        From `assay.provenance.environment`.
    """
    return {
        "run_id": origin.run_id,
        "tool": {"name": "assay", "version": VERSION},
        "data": {
            "file": origin.data_file,
            "sha256": origin.data_sha256,
            "row_count": origin.data_shape[0],
            "column_count": origin.data_shape[1],
            "through": origin.data_through,
            "fitted_row_count": fitted_rows,
            "refit_on_all_rows": origin.params["package"]["refit"],
        },
        "unit": schema.unit,
        "target": schema.target,
        "labels": list(schema.labels),
        "feature_count": len(schema.features),
        "code_sha256": origin.code_sha256,
        "requirements_sha256": origin.lock_sha256,
        "environment": dict(environment),
        # The commit that records this folder's hash cannot be named inside it. Git can:
        "find_commit": f"git log -S{origin.run_id} --format=%H -- models/registry/latest.txt",
        "task": origin.params["task"],
        "model": metrics["train"]["chosen_model"],
        "estimator": described(shipped.pipeline.named_steps["model"]),
        "calibrator": shipped.calibrator.to_json()["method"],
        "split": {
            name: metrics["split"][name] for name in _SPLIT_FACTS if name in metrics["split"]
        },
        "decision": dict(decision),
        "holdout": metrics["holdout"],
        "params": dict(origin.params),
    }


# Of metrics/split.json; times where the table has some.
_SPLIT_FACTS = (
    *("strategy", "fold_count", "train_count", "holdout_count"),
    *("train_first_time", "train_last_time", "holdout_first_time", "holdout_last_time"),
)


def described(value: Any) -> Any:
    """Return an estimator's class and parameters, however deep, as JSON has them.

    What JSON does not have is told by its name, never by its address in memory.
    """
    if hasattr(value, "get_params") and not isinstance(value, type):
        parameters = value.get_params(deep=False)
        return {
            "class": f"{type(value).__module__}.{type(value).__qualname__}",
            "parameters": {name: described(parameters[name]) for name in sorted(parameters)},
        }
    if isinstance(value, Mapping):
        return {str(name): described(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [described(inner) for inner in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return getattr(value, "__name__", type(value).__name__)


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


def scorer_files(root: Path) -> dict[str, bytes]:
    """Return the source files that scoring needs, by path in a run folder: `scorer/...`.

    `python RUN_FOLDER/scorer` runs them where there is no project.

    Parameters
    ----------
    root : Path
        The project's folder.
    """
    reached = import_closure(root, ["stages.predict", "stages._stage"])
    # Empty ones, which no closure names, make their folders packages.
    packages = {
        (parent / "__init__.py").as_posix()
        for path in reached
        for parent in Path(path).parents
        if (root / parent / "__init__.py").is_file()
    }
    files = {
        f"scorer/{path.removeprefix('src/')}": artifacts.read_bytes(root / path)
        for path in sorted(reached | packages)
    }
    return {**files, "scorer/__main__.py": artifacts.read_bytes(root / _SCORER_ENTRY)}


def environment_files(
    lock_text: str, environment: Mapping[str, Any], families: Sequence[str]
) -> dict[str, str]:
    """Return what the model was made in, and what scoring needs of it, by path in a run folder.

    Parameters
    ----------
    lock_text : str
        The content of `requirements.lock`.
    environment : dict
        From `assay.provenance.environment`.
    families : sequence of str
        The model's families of types.
    """
    versions = provenance.installed_versions(lock_text)
    return {
        "env/pip_freeze.txt": "".join(f"{name}=={version}\n" for name, version in versions.items()),
        "env/env_meta.json": artifacts.json_text(environment),
        "env/requirements-scoring.txt": scoring_requirements(lock_text, families),
        "env/requirements-scoring-extras.txt": extra_requirements(lock_text, families),
    }


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
