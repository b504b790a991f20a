"""Score rows with a packaged model, under its input contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from assay import artifacts
from assay.bundle import Bundle, bundle_files, load_bundle, write_bundle
from assay.contract import Accepted, InputContract, accept
from assay.decisions import decided_columns, predictions_in
from assay.errors import ArtifactError
from assay.metrics.core import FloatArray
from assay.predictor import Predictor

__all__ = ["Scored", "check_shipped", "check_skew", "load_bundle", "score_file", "score_table"]


@dataclass(frozen=True)
class Scored:
    """Predictions, and what happened to the rows on the way.

    Attributes
    ----------
    predictions : DataFrame
        Carried columns, then those of the decision (see `assay.decisions.decided_columns`); rows in
        the order of the input.
    accepted : Accepted
        Notes and counts of the input contract.
    """

    predictions: pd.DataFrame
    accepted: Accepted


def score_table(bundle: Bundle, frame: pd.DataFrame, source: str = "the table") -> Scored:
    """Score a table.

    Parameters
    ----------
    bundle : Bundle
        From `load_bundle`.
    frame : DataFrame
        Has every feature of the contract; may have ids and further columns, not the target.
    source : str
        The table's name, for messages.

    Raises
    ------
    SchemaError
        If the table does not meet the contract.
    """
    accepted = accept(frame, bundle.contract, source)
    predicted = bundle.predictor.predict(accepted.features)
    decided = decided_columns(bundle.decision, predicted)
    return Scored(pd.concat([accepted.carried, decided], axis=1), accepted)


def score_file(bundle: Bundle, source: Path, target: Path) -> Scored:
    """Score a Parquet or CSV file into another one, whole or not at all.

    Raises
    ------
    ArtifactError
        If a file cannot be read or written.
    SchemaError
        If the input does not meet the contract.
    """
    artifacts.table_format(target)
    if Path(source).resolve() == Path(target).resolve():
        raise ArtifactError(f"{target} is the input too. Name another output.")
    scored = score_table(bundle, artifacts.read_table(source), str(source))
    artifacts.write_table(target, scored.predictions)
    return scored


def check_skew(
    predictor: Predictor,
    contract: InputContract,
    decision: Mapping[str, Any],
    holdout_input: pd.DataFrame,
    judged: FloatArray,
    folder: Path,
) -> None:
    """Score the holdout's source rows from disk and compare with the predictions that were judged.

    The candidate is written as a run folder, loaded, and given a Parquet file, through the very
    functions behind `python -m stages.predict`. Any difference, to the last bit, is a skew between
    what was judged and what would run.

    Parameters
    ----------
    predictor : Predictor
        The candidate that was judged, not the refit.
    contract : InputContract
    decision : dict
    holdout_input : DataFrame
        The holdout's rows as the feature table has them, without target and excluded columns.
    judged : ndarray, shape (n,) or (n, k)
        What `evaluate` stored, in the same order.
    folder : Path
        An empty folder for the run folder and the files.

    Raises
    ------
    ArtifactError
        If any prediction differs.
    """
    write_bundle(folder / "candidate", bundle_files(predictor, contract, decision, {}))
    source, target = folder / "input.parquet", folder / "output.parquet"
    artifacts.write_table(source, holdout_input)
    score_file(load_bundle(folder / "candidate"), source, target)
    scored = predictions_in(artifacts.read_table(target), decision)
    differs = (scored != judged).reshape(len(judged), -1).any(axis=1)
    if differs.any():
        gap = float(np.abs(scored - judged).max())
        raise ArtifactError(
            f"skew check: {int(differs.sum())} of {len(scored)} holdout rows score differently "
            f"through `predict` than in `evaluate` (largest difference {gap:.3g}). "
            "Nothing was packaged; run `dvc repro --force evaluate package`."
        )


def check_shipped(folder: Path, shipped: Predictor, rows: pd.DataFrame) -> None:
    """Load a run folder and compare its predictions with those of the model that was written to it.

    Parameters
    ----------
    folder : Path
        The run folder.
    shipped : Predictor
        What was written.
    rows : DataFrame
        Rows as a scorer would get them.

    Raises
    ------
    ArtifactError
        If the folder is not what its manifest says, or any score differs in its last bit.
    """
    bundle = load_bundle(folder)
    scored = score_table(bundle, rows)
    predicted = predictions_in(scored.predictions, bundle.decision)
    if not np.array_equal(predicted, shipped.predict(scored.accepted.features)):
        raise ArtifactError(f"{folder} does not score as the model that was written to it.")
