"""What monitoring leaves of a batch: all of its pages, or none and the reason why."""

from argparse import Namespace
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from assay import artifacts
from assay.batch.failure import failure
from assay.bundle import Bundle
from assay.databases.access import is_database, redacted
from assay.errors import ArtifactError, AssayError

# What is written of a batch, by ending.
PAGES = ("json", "html", "md")
FAILURE = ".failure.json"
# Tells a failure of monitoring from one of `predict`, which may lie in the same folder.
COMMAND = "monitor"


def write_pages(output: Path, name: str, texts: Mapping[str, str]) -> None:
    """Write what is told of a batch: each file takes its place only when all of them are whole.

    Parameters
    ----------
    output : Path
    name : str
        Of the batch.
    texts : dict of str to str
        By ending.

    Raises
    ------
    ArtifactError
        If one of them cannot be written; the files are then as they were.
    """
    with ExitStack() as together:
        for ending, text in texts.items():
            path = output / f"{name}.{ending}"
            temporary = together.enter_context(artifacts.replacing(path))
            with artifacts.writable(path):
                temporary.write_bytes(text.encode())


def remove_failure(output: Path, name: str) -> None:
    """Remove what an earlier, refused run of the batch left."""
    with suppress(OSError):
        (output / f"{name}{FAILURE}").unlink(missing_ok=True)


def leave_failure(chosen: Namespace, name: str, bundle: Bundle | None, error: AssayError) -> None:
    """Put the reason in the place of the pages of a batch: what they say is no longer so.

    The error itself is told in any case, so that this is silent. Where the output is what is wrong, or
    would fall on what is read, nothing is touched.

    Parameters
    ----------
    chosen : Namespace
        The options.
    name : str
        Of the batch.
    bundle : Bundle or None
        None where the model itself was refused.
    error : AssayError
    """
    output = Path(chosen.output)
    place = output / f"{name}{FAILURE}"
    pages = [output / f"{name}.{ending}" for ending in PAGES]
    source = redacted(chosen.input) if is_database(chosen.input) else chosen.input
    with suppress(ArtifactError, OSError, RuntimeError):
        if _meets(output, [place, *pages], _read(chosen)):
            return
        for page in pages:
            page.unlink(missing_ok=True)
        artifacts.write_json(place, {**failure(error, bundle, source), "command": COMMAND})


def _read(chosen: Namespace) -> list[Path]:
    """Return the files and folders that a run reads, the input first."""
    read = [chosen.input, chosen.labels_file, chosen.receipts]
    # A database's URL is a path that is not there.
    return [Path(each) for each in read if each is not None]


def _meets(output: Path, written: list[Path], read: list[Path]) -> bool:
    """Say whether the output is no folder of our own, or one of its files is read or is no file."""
    if output.exists() and not output.is_dir():
        return True
    if any(path.is_symlink() or (path.exists() and not path.is_file()) for path in written):
        return True
    if any(
        path.exists() and each.exists() and path.samefile(each) for path in written for each in read
    ):
        return True
    # Receipts may lie in the same folder; what is scored may not.
    return any(
        each.is_dir() and output.resolve().is_relative_to(each.resolve()) for each in read[:1]
    )


def replaced_note(output: Path, name: str, batch: Mapping[str, Any]) -> list[str]:
    """Return a sentence if a page of this name is that of other rows.

    Parameters
    ----------
    output : Path
    name : str
    batch : dict
        What the result says of the batch.
    """
    path = output / f"{name}.json"
    try:
        before = artifacts.read_json(path)["batch"] if path.is_file() else batch
        if not isinstance(before, Mapping) or _same_rows(before, batch):
            return []
    except (ArtifactError, KeyError, TypeError, OSError):
        return []
    return [
        f"A batch of this name with other rows was in {output}: its page is replaced; its row in the "
        "history stays. Give each batch a --name of its own to keep both."
    ]


def _same_rows(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Say whether two batches are one: the same files, or, as outcomes come into files, the same times."""
    files, others = ([each["sha256"] for each in b["input"].get("files", [])] for b in (one, other))
    if files and sorted(files) == sorted(others):
        return True
    told = ("rows_in", "first_time", "last_time")
    same = all(one.get(name) == other.get(name) for name in told)
    if files or others:
        return same and one.get("first_time") is not None
    return same and one["input"] == other["input"]
