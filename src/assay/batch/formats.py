"""Files of tables: which format a name tells, and which files a folder has, in which order."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from assay.errors import ArtifactError, numbered

_ENDINGS = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}
_COMPRESSED = {".gz": "gzip", ".zst": "zstd"}
# How Hive and Spark write a missing value of a partition column.
_HIVE_NULL = "__HIVE_DEFAULT_PARTITION__"
# Files at fault that are named, of a folder that may have thousands.
_FAULTS = 20


@dataclass(frozen=True)
class Format:
    """How a file holds a table.

    Attributes
    ----------
    kind : {"parquet", "csv", "jsonl", "arrow"}
    compression : {"gzip", "zstd"} or None
        Of a whole text file.
    """

    kind: str
    compression: str | None = None

    @property
    def untyped(self) -> bool:
        """Whether the file has no types of its own."""
        return self.kind in {"csv", "jsonl"}


@dataclass(frozen=True)
class InputFile:
    """A file of a table.

    Attributes
    ----------
    path : Path
    name : str
        For messages: the path as the user gave it, with the part below a folder.
    format : Format
    partition : dict
        Values of columns that stand in the names of its folders, as in `year=2013/month=1`.
    """

    path: Path
    name: str
    format: Format
    partition: Mapping[str, str | None] = field(default_factory=dict)


def file_format(path: Path) -> Format:
    """Return the format that a file's name tells.

    Raises
    ------
    ArtifactError
        If the ending is of no known format.
    """
    suffixes = [suffix.lower() for suffix in Path(path).suffixes[-2:]]
    compression = _COMPRESSED.get(suffixes[-1]) if suffixes else None
    ending = (suffixes[0] if len(suffixes) == 2 else "") if compression else "".join(suffixes[-1:])
    kind = _ENDINGS.get(ending)
    if kind is None or (compression and kind not in {"csv", "jsonl"}):
        raise ArtifactError(
            f"{path}: the name must end in one of {', '.join(_ENDINGS)} (.csv, .jsonl and .ndjson "
            f"also with .gz or .zst), got {''.join(suffixes) or 'no ending'!r}. Convert or rename it."
        )
    return Format(kind, compression)


def input_files(source: Path) -> list[InputFile]:
    """Return the files of a table: the file itself, or those of a folder, sorted by path.

    Names that start with `.` or `_` are no data, as in Hive and Spark.

    Raises
    ------
    ArtifactError
        If nothing is there, or a folder has no data, other files, or more than one format.
    """
    source = Path(source)
    try:
        if source.is_dir():
            return _folder_files(source)
        if not source.exists():
            action = "Name a file, a folder or a database's URL."
            raise ArtifactError(f"{source} does not exist. {action}")
        if not source.is_file():
            raise ArtifactError(f"{source} is neither a file nor a folder. Name one.")
        return [InputFile(source, str(source), file_format(source))]
    except OSError as error:
        # A name that is too long, a folder that may not be looked into.
        where = error.filename or source
        raise ArtifactError(f"{where} cannot be read: {error.strerror}. Name another.") from None


def _folder_files(folder: Path) -> list[InputFile]:
    found, faults = [], []
    for root, folders, names in os.walk(folder, onerror=_unreadable):
        folders[:] = [name for name in folders if not name.startswith((".", "_"))]
        linked = [Path(root, name) for name in folders if Path(root, name).is_symlink()]
        faults += [f"{path} is a link to a folder, and not followed. Copy it." for path in linked]
        for name in names:
            if name.startswith((".", "_")):
                continue
            path = Path(root) / name
            try:
                below = path.relative_to(folder)
                found.append(InputFile(path, str(path), file_format(path), _partition(below)))
            except ArtifactError as error:
                faults.append(str(error))
                continue
            if not path.is_file():
                faults.append(f"{path} is no file, or a link to none. Remove it.")
    if faults:
        faults.sort()
        more = len(faults) - _FAULTS
        rest = [f"{folder} has {more:,} more files like these. Move them."] if more > 0 else []
        raise ArtifactError(numbered([*faults[:_FAULTS], *rest]))
    if not found:
        raise ArtifactError(f"{folder} has no files of data. Name a file or a folder with some.")
    kinds = sorted({file.format.kind for file in found})
    if len(kinds) > 1:
        raise ArtifactError(f"{folder} mixes {' and '.join(kinds)} files. Score them apart.")
    _same_partitions(folder, found)
    return sorted(found, key=lambda file: file.path.relative_to(folder).as_posix())


def _unreadable(error: OSError) -> None:
    # Otherwise the rows of a folder that cannot be read would be missing without a word.
    raise error


def _partition(below: Path) -> dict[str, str | None]:
    """Return the values in the folders of a path, by column."""
    pairs = [part.split("=", 1) for part in below.parts[:-1] if "=" in part]
    values = {unquote(key): unquote(value) for key, value in pairs}
    return {key: None if value == _HIVE_NULL else value for key, value in values.items()}


def _same_partitions(folder: Path, files: list[InputFile]) -> None:
    kinds = {tuple(file.partition) for file in files}
    if len(kinds) > 1:
        told = " and ".join(sorted("/".join(keys) or "none" for keys in kinds))
        raise ArtifactError(
            f"{folder} has files with different partition columns: {told}. Score them apart."
        )
