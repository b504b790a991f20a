"""The only reader and writer of files.

Every write goes to a temporary name beside its target and is renamed at the end, so that a file is
either whole or absent. What a killed writer leaves beside its target, the next write of that target
removes. Nothing written here depends on the clock, the machine or object identities.
"""

import io
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from assay.arrow_frames import frame_of
from assay.errors import ArtifactError, ParamsError, said
from assay.temporaries import OLD, beside

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Columns of reports that hold texts, whatever these look like: the class "01" is not 1.
_TEXTS = (
    "class",
    "slice",
    "feature",
    "model",
    "complexity_unit",
    "params",
    "failure",
    "column",
    "group",
    "actual",
    "predicted",
)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block succeeds.

    Removes what killed writers of `path` left, and nothing of those that live.

    Raises
    ------
    ArtifactError
        If the folder cannot be written.
    """
    path = Path(path)
    try:
        with beside(path) as temporary:
            yield temporary
            # A temporary file is private; an output has the mode that the user's umask gives.
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
            os.replace(temporary, path)
    except OSError as error:
        raise _unwritable(path, error) from None


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; put it in the place of `path` if the block succeeds.

    Removes what killed writers of `path` left, and nothing of those that live. If one was killed
    after it had moved the old folder away, and before the new one was in its place, the old one is
    first put back.

    Raises
    ------
    ArtifactError
        If the folder cannot be written; the old one is then where it was.
    """
    path = Path(path)
    try:
        with beside(path, folder=True) as around:
            temporary = around / "new"
            temporary.mkdir()
            yield temporary
            # A folder cannot be replaced in one step; the old one is moved, not yet removed.
            if os.path.lexists(path):
                os.replace(path, around / OLD)
            os.replace(temporary, path)
    except OSError as error:
        raise _unwritable(path, error) from None


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Turn the system's refusal to write into one sentence.

    Raises
    ------
    ArtifactError
    """
    try:
        yield
    except OSError as error:
        raise _unwritable(Path(path), error) from None


def _unwritable(path: Path, error: OSError) -> ArtifactError:
    # pyarrow tells in the place of the reason where in its code it was met.
    reason = os.strerror(error.errno) if error.errno else said(error)
    return ArtifactError(f"{path} cannot be written: {reason}. Choose another place or free it.")


def _require(path: Path, action: str) -> Path:
    path = Path(path)
    try:
        if path.is_file():
            return path
        if path.is_dir():
            told = "is a folder, expected a file"
        elif path.exists():
            told = "is a pipe or a device, expected a file"
        else:
            told = "is a link to no file" if path.is_symlink() else "does not exist"
    except OSError as error:
        # A name can be too long to ask for.
        told = f"cannot be read: {error.strerror}"
    raise ArtifactError(f"{path} {told}. {action}")


def read_yaml(path: Path) -> Any:
    """Read YAML by the 1.2 rules that DVC uses: `1e-3` is a number and `no` a text."""
    # Imported late: scoring reads no YAML, and does not need the library.
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    path = _require(path, "Run from the project's folder.")
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except RecursionError:
        detail = "it is nested too deeply"
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        told = [str(words) for words in (error.context, error.problem) if words]
        detail = " ".join(f"{place}{' '.join(told)}".split())
    except (YAMLError, ValueError) as error:
        # Python refuses to read a number of some thousand digits.
        detail = said(error).replace('in "<unicode string>", ', "at ")
    raise ParamsError(f"{path} is not valid YAML: {detail}. Mend it.")


def read_table(path: Path) -> pd.DataFrame:
    """Read a whole Parquet or CSV file, told apart by the ending of its name.

    A CSV file has no types, and guessing them would read the code "007" as 7 and the country "NA" as
    missing: its columns are texts, for the reader to convert by what they must be.

    Parameters
    ----------
    path : Path
        A file that ends in `.parquet`, `.pq` or `.csv`.

    Returns
    -------
    DataFrame
        Rows in the order of the file, index 0 to n - 1; missing texts are NaN, never None. An empty
        field of a CSV file is missing.

    Raises
    ------
    ArtifactError
        If the file is missing, corrupt or of an unknown format.
    SchemaError
        If two columns share a name.
    """
    path = _require(path, "Name a Parquet or CSV file.")
    kind = table_format(path)
    try:
        table = pq.ParquetFile(path).read() if kind == "parquet" else _read_csv(path)
        # Parquet's reader takes any bytes for a text.
        table.validate(full=True)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, kind, error) from None
    return frame_of(table, path)


def parse_parquet(content: bytes, source: Path) -> pd.DataFrame:
    """Return the table that the bytes of a Parquet file hold, as `read_table` does.

    Raises
    ------
    ArtifactError
        If they are no Parquet file.
    """
    try:
        table = pq.ParquetFile(io.BytesIO(content)).read()
        table.validate(full=True)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise _unreadable(source, "parquet", error) from None
    return frame_of(table, source)


def _read_csv(path: Path) -> pa.Table:
    """Read every column as text; a row with more or fewer fields than the header is an error."""
    # Without this, a line break inside quotes may end a row where a block of the file ends.
    quoting = csv.ParseOptions(newlines_in_values=True)
    with csv.open_csv(path, parse_options=quoting) as reader:
        names = reader.schema.names
    texts = csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
    )
    return csv.read_csv(path, parse_options=quoting, convert_options=texts)


def read_report(path: Path) -> pd.DataFrame:
    """Read a CSV file of `reports/tables/` or `plots/data/` back, numbers as numbers; only an empty field is missing.

    Columns that name a class, a slice, a feature or a model are texts.

    Raises
    ------
    ArtifactError
        If the file is missing or unreadable.
    """
    path = _require(path, "Run `dvc repro` to make it.")
    try:
        table: pd.DataFrame = pd.read_csv(
            path,
            dtype=dict.fromkeys(_TEXTS, object),
            keep_default_na=False,
            na_values=[""],
            float_precision="round_trip",
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise _unreadable(path, "csv", error) from None
    return table


def table_format(path: Path) -> str:
    """Return `parquet` or `csv` for a file name.

    Raises
    ------
    ArtifactError
        If the ending is another one.
    """
    formats = {".parquet": "parquet", ".pq": "parquet", ".csv": "csv"}
    kind = formats.get(Path(path).suffix.lower())
    if kind is None:
        raise ArtifactError(
            f"{path}: the name must end in {', '.join(formats)}, got {Path(path).suffix!r}. "
            "Convert or rename the file."
        )
    return kind


def _unreadable(path: Path, kind: str, error: Exception) -> ArtifactError:
    return ArtifactError(f"{path} is not a readable {kind} file: {said(error)}. Write it anew.")


def write_table(path: Path, frame: pd.DataFrame) -> None:
    """Write a table as Parquet or CSV, told apart by the ending of the name."""
    kind = table_format(path)
    with replacing(path) as temporary:
        if kind == "parquet":
            frame.to_parquet(temporary, index=False, compression="zstd")
        else:
            frame.to_csv(temporary, index=False, lineterminator="\n")


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return parse_json(read_bytes(path), path)


def parse_json(content: bytes, source: Path) -> Any:
    """Parse the bytes of a JSON file.

    Raises
    ------
    ArtifactError
        If they are no JSON, hold NaN or infinity, repeat a name within one object, or are nested too
        deeply.
    """
    try:
        text = content.decode("utf-8")
        return json.loads(text, object_pairs_hook=_distinct, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _unreadable(source, "JSON", error) from None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; of two members of one name Python would silently take the last."""
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = sorted({name for name in names if names.count(name) > 1})
        raise ValueError(f"more than one member is named {', '.join(repeated)}")
    return members


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def write_json(path: Path, content: Any) -> None:
    """Write JSON with finite numbers only, two spaces of indent and a final newline."""
    write_bytes(path, json_text(content).encode())


def json_text(content: Any) -> str:
    """Return the text that `write_json` writes."""
    return json.dumps(content, indent=2, allow_nan=False, default=_plain, ensure_ascii=False) + "\n"


def _plain(value: Any) -> Any:
    """Turn NumPy's scalars and arrays, and timestamps, into what JSON knows."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no place in a JSON artifact")


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with Unix line ends."""
    write_bytes(path, text.encode())


def read_text(path: Path) -> str:
    """Read UTF-8 text."""
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable(path, "text", error) from None


def read_bytes(path: Path) -> bytes:
    """Read a file as it is."""
    path = _require(path, "Run `dvc repro` to make it.")
    try:
        return path.read_bytes()
    except OSError as error:
        raise ArtifactError(f"{path} cannot be read: {error.strerror}.") from None


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    """Return a table as the bytes of a Parquet file."""
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False, compression="zstd")
    return buffer.getvalue()


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes as they are."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_figure(path: Path, figure: "Figure") -> None:
    """Write a figure as PNG without the metadata that would name a version or a date."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    write_bytes(path, buffer.getvalue())


def write_figures(folder: Path, figures: Mapping[str, "Figure"]) -> None:
    """Write figures as PNG files of a folder that holds nothing else, by name."""
    with replacing_folder(folder) as temporary:
        for name, figure in figures.items():
            write_figure(temporary / f"{name}.png", figure)
