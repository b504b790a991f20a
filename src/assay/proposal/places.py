"""Where the table is to lie, and what Git and DVC know of it and of the params."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from assay import artifacts
from assay.errors import ArtifactError, ParamsError
from assay.revisions import run_git

PROCESSED = Path("data/processed")
# Plurals that are no rows.
_NO_UNITS = frozenset(
    {
        "features",
        "rows",
        "rates",
        "prices",
        "sales",
        "statistics",
        "stats",
        "metrics",
        "results",
        "values",
    }
)


@dataclass(frozen=True)
class Place:
    """Where the table of a project lies.

    Attributes
    ----------
    path : str
        What `data.table` says: relative to the project's folder.
    content : bytes or None
        What is to be written there; None where it lies there already.
    note : str
        Why it is to be written; nothing where it is not.
    """

    path: str
    content: bytes | None = None
    note: str = ""


def place_table(source: Path, frame: pd.DataFrame, project: Path) -> Place:
    """Say where the table is to lie: where it is, if the pipeline can read it there.

    Parameters
    ----------
    source : Path
        The file that the user named.
    frame : DataFrame
        Its content, with types.
    project : Path
        The project's folder.
    """
    inside = Path(os.path.relpath(source.absolute(), project.absolute()))
    target = PROCESSED / f"{source.stem}.parquet"
    if artifacts.table_format(source) == "csv":
        return Place(
            target.as_posix(),
            artifacts.parquet_bytes(frame),
            f"{source} is written to it with types, because the pipeline reads Parquet",
        )
    if ".." in inside.parts or inside.is_absolute() or source.suffix not in {".parquet", ".pq"}:
        return Place(
            target.as_posix(),
            artifacts.read_bytes(source),
            f"{source} is copied to it, because the pipeline's inputs lie in the project's folder",
        )
    return Place(inside.as_posix())


def guess_unit(source: Path) -> str:
    """Return a word for a row from the name of the file: `orders.csv` has orders; else `row`."""
    told = re.split(r"[\W_]+", source.stem.lower())
    word = next((word for word in reversed(told) if word.isalpha() and len(word) > 3), "")
    if word in _NO_UNITS:
        return "row"
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else "row"


def refuse_to_overwrite(output: Path, place: Place | None, project: Path) -> None:
    """Stop if a file would be overwritten.

    Raises
    ------
    ParamsError
        The message says what is lost, and what is not.
    """
    if output.exists():
        kept = "Git keeps the old one" if is_committed(output, project) else "Git has not all of it"
        raise ParamsError(
            f"{output} exists, and is not overwritten. Give --force to overwrite it ({kept}), or "
            "--output another.yaml to compare."
        )
    if place is None or place.content is None:
        return
    table = project / place.path
    if table.exists() and artifacts.read_bytes(table) != place.content:
        raise ParamsError(
            f"{place.path} exists and holds another table, and is not overwritten. Give --force, or "
            "rename the file that you have."
        )


def is_committed(path: Path, project: Path) -> bool:
    """Say whether Git has a file as it is."""
    try:
        known = run_git(project, "ls-files", "--error-unmatch", "--", str(path.absolute()))
        changed = run_git(project, "status", "--porcelain", "--", str(path.absolute()))
    except ArtifactError:
        return False
    return known.returncode == 0 and changed.returncode == 0 and not changed.stdout.strip()


def tracked_by(path: str, project: Path) -> str | None:
    """Return who tracks a file of the project, `Git` or `DVC`; None if neither does."""
    inside = Path(path)
    # DVC can track a folder above it.
    for known in (inside, *inside.parents):
        if str(known) != "." and (project / f"{known}.dvc").is_file():
            return "DVC"
    try:
        found = run_git(project, "ls-files", "--error-unmatch", "--", path)
    except ArtifactError:
        return None
    return "Git" if found.returncode == 0 else None
