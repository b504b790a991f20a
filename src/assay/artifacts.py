"""The only reader and writer of files.

Every write goes to a temporary name beside its target and is renamed at the end, so that a file is
either whole or absent. Nothing written here depends on the clock, the machine or object identities.
"""

import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from assay.errors import ArtifactError, ParamsError, SchemaError, listed, repeats, said

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The earliest time that a zip file can hold; skops would write the clock's.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


# Columns of reports that hold texts, whatever these look like: the class "01" is not 1.
_TEXTS = ("class", "slice", "feature", "model", "params", "failure")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block succeeds.

    Raises
    ------
    ArtifactError
        If the folder cannot be written.
    """
    path = Path(path)
    handle = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        if handle is not None:
            os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        # mkstemp makes private files; an output has the mode that the user's umask gives.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`; put it in the place of `path` if the block succeeds.

    Raises
    ------
    ArtifactError
        If the folder cannot be written; the old one is then where it was.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    except OSError as error:
        raise _unwritable(path, error) from None
    aside = temporary.with_suffix(".old")
    try:
        yield temporary
        temporary.chmod(0o755)
        # A folder cannot be replaced in one step; the old one is moved, not yet removed.
        if path.exists():
            os.replace(path, aside)
        os.replace(temporary, path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if aside.exists() and not path.exists():
            os.replace(aside, path)
        shutil.rmtree(aside, ignore_errors=True)
        if aside.is_file():
            aside.unlink()


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
    reason = error.strerror or type(error).__name__
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
    repeated = repeats(table.column_names)
    if repeated:
        raise SchemaError(
            f"{path}: column names must be unique, got more than one of: {listed(repeated)}. "
            "Rename them."
        )
    frame: pd.DataFrame = table.to_pandas(ignore_metadata=True)
    # Parquet gives None where others give NaN; to an encoder they would be two categories. pandas
    # would make numbers of a column with nothing but missing texts.
    for name in frame.select_dtypes("object").columns:
        frame[name] = frame[name].where(frame[name].notna(), np.nan).astype(object)
    return frame.reset_index(drop=True)


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
    """Read a CSV file of `reports/tables/` back, numbers as numbers; only an empty field is missing.

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
    path = _require(path, "Run `dvc repro` to make it.")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise _unreadable(path, "JSON", error) from None


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
    path = _require(path, "Run `dvc repro` to make it.")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable(path, "text", error) from None


def read_bytes(path: Path) -> bytes:
    """Read a file as it is."""
    return _require(path, "Run `dvc repro` to make it.").read_bytes()


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


def model_bytes(model: object) -> bytes:
    """Serialise a fitted estimator with skops, to the same bytes in every process.

    skops names members by `id()` and stamps them with the clock; both are replaced: identities are
    numbered in the order of the schema, times are the zip format's epoch.
    """
    import skops.io

    with zipfile.ZipFile(io.BytesIO(skops.io.dumps(model))) as archive:
        schema = json.loads(archive.read("schema.json"))
        members = {name: archive.read(name) for name in archive.namelist()}
    del members["schema.json"]
    renamed = _renumber(schema)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        contents = {renamed[name]: members[name] for name in members}
        contents["schema.json"] = json.dumps(schema, indent=1).encode()
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, date_time=_ZIP_EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, contents[name])
    return buffer.getvalue()


def _renumber(schema: dict[str, Any]) -> dict[str, str]:
    """Number identities and member files in place, in schema order; return old to new file names."""
    identities: dict[int, int] = {}
    files: dict[str, str] = {}
    stack: list[Any] = [schema]
    while stack:
        node = stack.pop()
        if isinstance(node, dict):
            if "__loader__" in node:
                if "__id__" in node:
                    node["__id__"] = identities.setdefault(node["__id__"], len(identities))
                if isinstance(node.get("file"), str):
                    old = node["file"]
                    files.setdefault(old, f"{len(files)}{Path(old).suffix}")
                    node["file"] = files[old]
            stack.extend(reversed(list(node.values())))
        elif isinstance(node, list):
            stack.extend(reversed(node))
    return files


def read_model(path: Path, trusted: Sequence[str]) -> Any:
    """Load a skops file against an explicit list of types.

    Parameters
    ----------
    path : Path
        A `.skops` file.
    trusted : sequence of str
        Fully qualified names that may be loaded beside skops' own safe types.

    Raises
    ------
    ArtifactError
        If the file is missing, corrupt, or holds a type outside the list; nothing is loaded then.
    """
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    path = _require(path, "Run `dvc repro` to make it.")
    try:
        return skops.io.load(path, trusted=list(trusted))
    except UntrustedTypesFoundException as error:
        raise ArtifactError(
            f"{path} holds types that are not trusted: {error}. Nothing was loaded."
        ) from None
    except (zipfile.BadZipFile, KeyError, ValueError, json.JSONDecodeError) as error:
        raise _unreadable(path, "skops", error) from None
