"""A run folder: everything that is needed to score, to explain and to answer for a model.

`MANIFEST.json` names every file with its SHA-256 and size. A folder is checked against it before
anything in it is loaded.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from assay import artifacts
from assay.calibration.maps import Calibrator, calibrator_from_json
from assay.contract import InputContract, contract_from_json
from assay.errors import ArtifactError, numbered
from assay.predictor import TRUSTED_TYPES, Predictor
from assay.provenance import file_sha256

MANIFEST = "MANIFEST.json"
# Raised when a reader of the old format could not use the folder.
FORMAT_VERSION = 1

_PIPELINE = "model/pipeline.skops"
_CALIBRATOR = "model/calibrator.json"
_CONTRACT = "schema/input_schema.json"
_DECISION = "decision.json"
_META = "run_meta.json"


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
    """

    predictor: Predictor
    contract: InputContract
    decision: Mapping[str, Any]
    meta: Mapping[str, Any]
    folder: Path = Path()
    manifest_sha256: str = ""


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
    """
    files = dict(companions or {})
    files[_PIPELINE] = artifacts.model_bytes(predictor.pipeline)
    files[_CALIBRATOR] = artifacts.json_text(predictor.calibrator.to_json()).encode()
    files[_CONTRACT] = artifacts.json_text(contract.to_json()).encode()
    files[_DECISION] = artifacts.json_text(decision).encode()
    files[_META] = artifacts.json_text(meta).encode()
    entries = {name: _fingerprint(files[name]) for name in sorted(files)}
    manifest = {"format_version": FORMAT_VERSION, "files": entries}
    return {**files, MANIFEST: artifacts.json_text(manifest).encode()}


def _fingerprint(content: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def write_bundle(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a run folder whole, or not at all."""
    with artifacts.replacing_folder(folder) as temporary:
        for name in sorted(files):
            artifacts.write_bytes(temporary / name, files[name])


def verify_bundle(folder: Path) -> dict[str, Any]:
    """Check every file of a run folder against its manifest and return the manifest.

    Raises
    ------
    ArtifactError
        If the manifest is absent or unreadable, of a newer format, or if any file is missing or
        changed; the message names every such file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ArtifactError(
            f"{folder} is no run folder. Run `dvc repro`, or `dvc pull models/runs`."
        )
    manifest = artifacts.read_json(folder / MANIFEST)
    try:
        version, entries = int(manifest["format_version"]), dict(manifest["files"])
        checks = {name: (str(e["sha256"]), int(e["bytes"])) for name, e in entries.items()}
    except (KeyError, TypeError, ValueError):
        raise ArtifactError(
            f"{folder / MANIFEST} is not a manifest. Package the run anew."
        ) from None
    if version > FORMAT_VERSION:
        raise ArtifactError(
            f"{folder} has format {version}; this Assay reads up to {FORMAT_VERSION}. Update Assay."
        )
    required = (_PIPELINE, _CALIBRATOR, _CONTRACT, _DECISION, _META)
    faults = [f"{folder / name} is not in the manifest" for name in required if name not in checks]
    for name, (sha256, size) in checks.items():
        faults += _file_faults(folder, name, sha256, size)
    if faults:
        raise ArtifactError(
            f"{numbered(faults)}. Nothing was loaded; fetch or package the run anew."
        )
    return dict(manifest)


def _file_faults(folder: Path, name: str, sha256: str, size: int) -> list[str]:
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or "\\" in name:
        return [f"{folder / MANIFEST} names {name!r}, which lies outside the folder"]
    path = folder / name
    if not path.is_file():
        return [f"{path} is missing"]
    if path.stat().st_size != size or file_sha256(path) != sha256:
        return [f"{path} is not the file that was packaged (its SHA-256 differs)"]
    return []


def load_bundle(folder: Path) -> Bundle:
    """Verify a run folder and load what scoring needs. Nothing is unpickled.

    Raises
    ------
    ArtifactError
        If the folder is incomplete, changed, of a newer format, or holds types that are not trusted.
    """
    folder = Path(folder)
    verify_bundle(folder)
    pipeline = artifacts.read_model(folder / _PIPELINE, TRUSTED_TYPES)
    try:
        calibrator: Calibrator = calibrator_from_json(artifacts.read_json(folder / _CALIBRATOR))
        contract = contract_from_json(artifacts.read_json(folder / _CONTRACT))
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(f"{folder} cannot be read: {error}. Package the run anew.") from None
    return Bundle(
        Predictor(pipeline, calibrator),
        contract,
        artifacts.read_json(folder / _DECISION),
        artifacts.read_json(folder / _META),
        folder,
        file_sha256(folder / MANIFEST),
    )


def latest_bundle(registry: Path) -> Path:
    """Return the run folder that the registry's pointer names.

    Parameters
    ----------
    registry : Path
        `models/registry/latest.txt`: one line, the run folder's path from the project's folder.

    Raises
    ------
    ArtifactError
        If the pointer is absent or empty.
    """
    name = artifacts.read_text(registry).strip()
    if not name:
        raise ArtifactError(f"{registry} is empty. Run `dvc repro`.")
    return Path(name)
