"""Whether a run folder scores, here and now, as it did where it was packaged.

It holds some rows and what the model gave for them, so the question needs no project around it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from assay import artifacts
from assay.bundle import Bundle, load_bundle
from assay.errors import ArtifactError, counted
from assay.manifest import read_manifest, read_verified
from assay.scoring import score_table

INPUT, OUTPUT = "check/input.parquet", "check/output.parquet"
_ROW_COUNT = 256


@dataclass(frozen=True)
class BundleCheck:
    """What a check of a run folder found.

    Attributes
    ----------
    run_id : str
    file_count : int
        Files that are complete and unchanged, the manifest among them.
    row_count : int
        Rows that were scored.
    identical : bool
        Whether every value is the packaged one to the last bit.
    largest_difference : float
        Between a predicted number and the packaged one; 0.0 if identical.
    """

    run_id: str
    file_count: int
    row_count: int
    identical: bool
    largest_difference: float


def check_files(bundle: Bundle, rows: pd.DataFrame) -> dict[str, bytes]:
    """Return rows for a self-check with what a model gives for them, by path in its run folder.

    Parameters
    ----------
    bundle : Bundle
        The model to package.
    rows : DataFrame
        Rows as a scorer would get them; at most 256, evenly spaced, are taken.
    """
    if len(rows) > _ROW_COUNT:
        rows = rows.iloc[np.linspace(0, len(rows) - 1, _ROW_COUNT).round().astype(int)]
    content = artifacts.parquet_bytes(rows.reset_index(drop=True))
    return {INPUT: content, OUTPUT: _scored(bundle, content)}


def _scored(bundle: Bundle, content: bytes) -> bytes:
    """Return the scored file of an input file, both as bytes."""
    path = bundle.folder / INPUT
    rows = artifacts.parse_parquet(content, path)
    return artifacts.parquet_bytes(score_table(bundle, rows, str(path)).predictions)


def check_bundle(folder: Path, tolerance: float = 1e-6) -> BundleCheck:
    """Verify and load a run folder, score its own rows, and compare with what it gave when packaged.

    Parameters
    ----------
    folder : Path
        A run folder.
    tolerance : float
        By how much a number may differ, relative to numbers above 1: another processor may compute
        other last digits. A decision may not differ at all.

    Raises
    ------
    ArtifactError
        If the folder cannot be loaded or has no rows to check, if a number differs by more, or if
        another decision is made.
    """
    bundle = load_bundle(folder)
    content = read_verified(bundle.folder, INPUT, bundle.manifest_sha256)
    stored = read_verified(bundle.folder, OUTPUT, bundle.manifest_sha256)
    path = bundle.folder / OUTPUT
    expected = artifacts.parse_parquet(stored, path)
    found = artifacts.parse_parquet(_scored(bundle, content), path)
    columns, wanted = (list(map(str, frame.columns)) for frame in (found, expected))
    if columns != wanted or len(found) != len(expected):
        raise ArtifactError(
            f"{bundle.folder} gives {counted(len(found), 'row')} of {', '.join(columns)}; "
            f"{path} has {counted(len(expected), 'row')} of {', '.join(wanted)}. "
            "Package the run anew."
        )
    compared = {name: _compare(expected[name], found[name], tolerance) for name in columns}
    _refuse_differences(compared, bundle.folder)
    return BundleCheck(
        bundle.meta["run_id"],
        len(read_manifest(bundle.folder).files) + 1,
        len(found),
        all(column.identical for column in compared.values()),
        max(column.largest for column in compared.values()),
    )


@dataclass(frozen=True)
class _Column:
    """How a column differs: to the last bit, by how much, and in how many rows beyond tolerance."""

    identical: bool
    largest: float
    beyond_count: int


def _compare(expected: "pd.Series[Any]", found: "pd.Series[Any]", tolerance: float) -> _Column:
    missing = expected.isna() & found.isna()
    if expected.dtype.kind == found.dtype.kind == "f":
        before, now = (column.to_numpy(dtype=np.float64) for column in (expected, found))
        same = before.view(np.int64) == now.view(np.int64)
        same |= missing.to_numpy()
        with np.errstate(invalid="ignore"):
            gap = np.where(same, 0.0, np.abs(now - before))
            # Negated, as a number where there was none differs by more than any tolerance.
            beyond = ~same & ~(gap <= tolerance * np.maximum(1.0, np.abs(before)))
        largest = float(np.nan_to_num(gap, nan=np.inf).max(initial=0.0))
        return _Column(bool(same.all()), largest, int(beyond.sum()))
    same_value = (expected.astype(object) == found.astype(object)) | missing
    alike = bool(same_value.all()) and expected.dtype == found.dtype
    return _Column(alike, 0.0, int((~same_value).sum()))


def _refuse_differences(compared: Mapping[str, _Column], folder: Path) -> None:
    """Raise if a column differs by more than rounding."""
    faults = [
        f"{name} in {counted(column.beyond_count, 'row')}"
        + (f" (by up to {column.largest:.3g})" if column.largest else "")
        for name, column in compared.items()
        if column.beyond_count
    ]
    if faults:
        raise ArtifactError(
            f"{folder} does not score as it did when it was packaged: {'; '.join(faults)} differ. "
            "Install env/requirements-scoring.txt, or package the run anew."
        )
