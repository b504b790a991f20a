"""Proof that what runs is what was judged: the holdout, scored from disk, compared to the last bit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from assay import artifacts
from assay.batch.run import score_file
from assay.bundle import bundle_files, load_bundle, write_bundle
from assay.contract import InputContract
from assay.decisions.columns import predictions_in
from assay.errors import ArtifactError
from assay.metrics.core import FloatArray
from assay.predictor import Predictor


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
    meta = {"run_id": "candidate"}
    write_bundle(folder / "candidate", bundle_files(predictor, contract, decision, meta))
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
