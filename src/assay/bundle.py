"""A run folder: everything that is needed to score, to explain and to answer for a model.

`MANIFEST.json` names every file with its SHA-256 and size. A folder is checked against it before
anything in it is loaded. docs/bundle-format.md has the layout.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_classifier

from assay import artifacts, skops_files, trust
from assay.calibration.maps import Calibrator
from assay.contents import calibrator_of, contract_of, decision_of, meta_of
from assay.contract import InputContract
from assay.errors import ArtifactError, shown
from assay.manifest import (
    FORMAT_VERSION,
    MANIFEST,
    OLDEST_VERSION,
    manifest_bytes,
    read_verified,
    verify_files,
)
from assay.predictor import Predictor
from assay.schema import Schema, restored_frame

__all__ = [
    "BACKGROUND",
    "FORMAT_VERSION",
    "MANIFEST",
    "OLDEST_VERSION",
    "Bundle",
    "bundle_files",
    "latest_bundle",
    "load_bundle",
    "model_families",
    "verify_bundle",
    "write_bundle",
]

# Training rows in model form, against which a prediction is explained.
BACKGROUND = "model/background.parquet"

_PIPELINE = "model/pipeline.skops"
_CALIBRATOR = "model/calibrator.json"
_CONTRACT = "schema/input_schema.json"
_DECISION = "decision.json"
_META = "run_meta.json"
# Longer ones are no path, on most systems.
_LONGEST_PATH = 1_000
_REQUIRED = (_PIPELINE, _CALIBRATOR, _CONTRACT, _DECISION, _META)


@dataclass(frozen=True)
class Bundle:
    """A verified run folder, ready to score.

    Attributes
    ----------
    predictor : Predictor
    contract : InputContract
    decision : dict
        What `decision.json` says: see `assay.decisions`.
    meta : dict
        What `run_meta.json` says.
    folder : Path
        The run folder.
    manifest_sha256 : str
        SHA-256 of `MANIFEST.json`: one number for the whole folder.
    """

    predictor: Predictor
    contract: InputContract
    decision: Mapping[str, Any]
    meta: Mapping[str, Any]
    folder: Path
    manifest_sha256: str

    def background(self) -> pd.DataFrame:
        """Read the training rows against which predictions are explained, in model form.

        Raises
        ------
        ArtifactError
            If the folder has none, or was changed after it was loaded.
        """
        content = read_verified(self.folder, BACKGROUND, self.manifest_sha256)
        path = self.folder / BACKGROUND
        frame = artifacts.parse_parquet(content, path)
        try:
            return restored_frame(frame, self.contract.schema.features)
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(
                f"{path} does not hold the model's features ({error}). Package the run anew."
            ) from None


def model_families(predictor: Predictor) -> tuple[str, ...]:
    """Return the families of types that a run folder of the predictor declares.

    Raises
    ------
    ArtifactError
        If the pipeline holds a type of no family that a run folder may hold.
    """
    types = skops_files.types_in(predictor.pipeline)
    return trust.families_of(types, trust.SHIPPED, "the pipeline")


def bundle_files(
    predictor: Predictor,
    contract: InputContract,
    decision: Mapping[str, Any],
    meta: Mapping[str, Any],
    companions: Mapping[str, bytes] | None = None,
) -> dict[str, bytes]:
    """Return the content of a run folder by relative path, the manifest included.

    Parameters
    ----------
    predictor : Predictor
        Fitted.
    contract : InputContract
    decision, meta : dict
    companions : dict, optional
        Further files by relative POSIX path; they play no part in scoring.

    Raises
    ------
    ArtifactError
        If the pipeline holds a type of no family that a run folder may hold.
    """
    files = dict(companions or {})
    files[_PIPELINE] = skops_files.model_bytes(predictor.pipeline)
    files[_CALIBRATOR] = artifacts.json_text(predictor.calibrator.to_json()).encode()
    files[_CONTRACT] = artifacts.json_text(contract.to_json()).encode()
    files[_DECISION] = artifacts.json_text(decision).encode()
    files[_META] = artifacts.json_text(meta).encode()
    types = skops_files.untrusted_types(files[_PIPELINE], _PIPELINE)
    families = trust.families_of(types, trust.SHIPPED, _PIPELINE)
    return {**files, MANIFEST: manifest_bytes(files, families)}


def write_bundle(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a run folder whole, or not at all."""
    with artifacts.replacing_folder(folder) as temporary:
        for name in sorted(files):
            artifacts.write_bytes(temporary / name, files[name])


def verify_bundle(folder: Path) -> dict[str, Any]:
    """Check that a run folder is complete and unchanged, and return its manifest.

    Raises
    ------
    ArtifactError
        If the manifest is absent or unreadable or of a version that this Assay does not read, or if
        any file is missing, changed, a link or not in the manifest; the message names every such file.
    """
    _verified(folder)
    manifest: dict[str, Any] = artifacts.read_json(Path(folder) / MANIFEST)
    return manifest


def _verified(folder: Path, kept: tuple[str, ...] = ()) -> tuple[Any, dict[str, bytes]]:
    try:
        found = Path(folder).is_dir()
    except OSError:
        # A name can be too long to ask for.
        found = False
    if not found:
        raise ArtifactError(
            f"{folder} is no run folder. Run `dvc repro`, or `dvc pull models/runs`."
        )
    return verify_files(Path(folder), _REQUIRED, kept)


def load_bundle(folder: Path) -> Bundle:
    """Verify a run folder and load what scoring needs. Nothing is unpickled.

    Raises
    ------
    ArtifactError
        If the folder is incomplete, changed or of a version that this Assay does not read; if its
        model holds types that the declared families do not have, or cannot predict; if a file does
        not hold what it should.
    """
    folder = Path(folder)
    manifest, contents = _verified(folder, _REQUIRED)
    documents = {
        name: artifacts.parse_json(contents[name], folder / name)
        for name in _REQUIRED
        if name != _PIPELINE
    }
    contract = contract_of(documents[_CONTRACT], str(folder / _CONTRACT))
    schema = contract.schema
    decision = decision_of(documents[_DECISION], schema, str(folder / _DECISION))
    calibrator = calibrator_of(documents[_CALIBRATOR], schema, str(folder / _CALIBRATOR))
    meta = meta_of(documents[_META], str(folder / _META))
    trusted = trust.types_of(manifest.families, trust.SHIPPED, str(folder / MANIFEST))
    path = str(folder / _PIPELINE)
    pipeline = skops_files.read_model(contents[_PIPELINE], trusted, path)
    predictor = _checked_predictor(pipeline, calibrator, schema, path)
    return Bundle(predictor, contract, decision, meta, folder, manifest.sha256)


def _checked_predictor(
    pipeline: Any, calibrator: Calibrator, schema: Schema, source: str
) -> Predictor:
    """Return the predictor, once it has predicted a row without any value."""
    predictor = Predictor(pipeline, calibrator)
    empty = pd.DataFrame({name: [np.nan] for name in schema.feature_names})
    shape = (1, len(schema.labels)) if schema.task == "multiclass" else (1,)
    try:
        classes = len(pipeline.classes_) if is_classifier(pipeline) else 0
        if classes != len(schema.labels):
            raise ValueError(f"it knows {classes} classes, and the target has {len(schema.labels)}")
        predicted = predictor.predict(restored_frame(empty, schema.features))
        if predicted.shape != shape or not np.isfinite(predicted).all():
            raise ValueError(f"it predicts {predicted.tolist()} for a row without any value")
    except Exception as error:  # what a forged model raises has no common kind
        raise ArtifactError(
            f"{source} holds no model for {schema.task} of the features in the input schema "
            f"({type(error).__name__}: {' '.join(str(error).split())[:200]}). Package the run anew."
        ) from None
    return predictor


def latest_bundle(registry: Path) -> Path:
    """Return the run folder that the registry's pointer names.

    Parameters
    ----------
    registry : Path
        `models/registry/latest.txt`: one line, the run folder's path from the project's folder.

    Raises
    ------
    ArtifactError
        If the pointer is absent or empty, or no path in one line.
    """
    name = artifacts.read_text(registry).strip()
    if not name:
        raise ArtifactError(f"{registry} is empty. Run `dvc repro`.")
    if not name.isprintable() or len(name) > _LONGEST_PATH:
        raise ArtifactError(
            f"{registry} does not hold the path of a run folder in one line, got {shown(name)}. "
            "Run `dvc repro`."
        )
    return Path(name)
