"""The reference: what a batch will be compared with. Histograms, shares and limits, no raw rows."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assay.contract import InputContract
from assay.errors import ArtifactError
from assay.monitoring.ahead import ahead_of_time
from assay.monitoring.clusters import cluster_reference
from assay.monitoring.input_reference import input_reference
from assay.monitoring.joint import joint_reference
from assay.monitoring.ordinary import ordinary_limits, table_windows
from assay.monitoring.outputs import output_reference
from assay.monitoring.performance_reference import performance_reference
from assay.monitoring.table_rows import codes_of, known_rows, table_rows
from assay.monitoring.watch import Watch
from assay.params import Params

FORMAT_VERSION = 2
_NO_LIMITS: dict[str, Any] = {"window_count": 0, "limits": {}}


class Parts(NamedTuple):
    """The parts of the validated table, with calibrated predictions by row of the source.

    Never those of the refit for its own rows, which flatter.
    """

    train: pd.DataFrame
    holdout: pd.DataFrame
    out_of_fold: pd.DataFrame
    holdout_predictions: pd.DataFrame


def reference_profile(
    parts: Parts,
    contract: InputContract,
    decision: Mapping[str, Any],
    params: Params,
    judged: Mapping[str, Any],
    slices: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Describe the rows that a model was made of, and what it predicts for rows it did not learn from.

    Parameters
    ----------
    parts : Parts
    contract : InputContract
        Of the rows that the shipped model was fitted on.
    decision : dict
        The content of `models/decision.json`.
    params : Params
    judged : dict
        The content of `metrics/holdout.json`.
    slices : sequence of dict
        From `assay.monitoring.slice_reference`.
    """
    schema, train, holdout = contract.schema, parts.train, parts.holdout
    codes = codes_of(train, schema)
    rows = table_rows(
        pd.concat([train, holdout], ignore_index=True),
        pd.concat([parts.out_of_fold, parts.holdout_predictions], ignore_index=True),
        schema,
    )
    windows = table_windows(rows, params.monitor)
    ahead = ahead_of_time(rows.features, schema.names_of("numeric"), windows)
    of_holdout = np.arange(len(rows)) >= len(train)
    reference: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "row_count": len(train),
        "cadence": params.monitor.cadence,
        "clusters": cluster_reference(codes, len(train)),
        "inputs": input_reference(train, contract, codes),
        "ordinary": _NO_LIMITS,
        "outputs": output_reference(
            known_rows(rows.at(~of_holdout)), rows.at(of_holdout), schema, decision, params.task
        ),
        "joint": joint_reference(train, schema, ahead),
        "performance": performance_reference(
            *parts, schema=schema, decision=decision, params=params, judged=judged
        ),
        "slices": list(slices),
    }
    watch = Watch(schema, decision, reference, params.monitor, params.task, params.task.seed)
    return reference | {"ordinary": ordinary_limits(rows, of_holdout, watch)}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)


class _Clusters(_Part):
    row_count: int
    kinds: dict[Literal["day", "group"], dict[str, int | float]]


class _Feature(_Part):
    kind: Literal["numeric", "categorical"]
    row_count: int
    missing_count: int
    counts: list[int]
    shared: dict[str, dict[str, float]]
    missing_shared: dict[str, float]


class _Ordinary(_Part):
    window_count: int
    limits: dict[str, float]


class _Reference(_Part):
    """What every reader of a reference relies on; its parts know what they need beyond."""

    format_version: Literal[2]
    row_count: int = Field(ge=1)
    cadence: Literal["day", "week", "month"]
    clusters: _Clusters
    inputs: dict[str, _Feature]
    ordinary: _Ordinary
    outputs: dict[str, Any]
    joint: dict[str, Any] | None
    performance: dict[str, Any] | None
    slices: list[Any]


def reference_of(content: Any, source: str) -> dict[str, Any]:
    """Return the content of a reference, which is one that a batch can be compared with.

    Parameters
    ----------
    content : any JSON-like value
        What the file holds.
    source : str
        Its name, for messages.

    Raises
    ------
    ArtifactError
        If an earlier or later Assay wrote it, or it is broken.
    """
    if not isinstance(content, dict):
        raise ArtifactError(
            f"{source} holds no object, expected the reference of a run. Package the run anew."
        )
    version = content.get("format_version", 1)
    if version != FORMAT_VERSION:
        later = isinstance(version, int) and version > FORMAT_VERSION
        whose = (
            "a later Assay; monitor with that one"
            if later
            else (
                "an earlier Assay, whose reference has no limits to compare a batch with; package the run "
                "anew (`dvc repro package`)"
            )
        )
        raise ArtifactError(f"{source} was packaged by {whose}.")
    try:
        _Reference.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ArtifactError(
            f"{source}: {place} is no part of a reference ({first['msg'].lower()}). Package the run anew."
        ) from error
    return content
