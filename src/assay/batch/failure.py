"""What a refused run of `predict` leaves: `OUTPUT.failure.json`, for whoever watches the jobs.

It says why nothing was written, and the next run that succeeds removes it. When it was is the file's own
time of change.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from assay import artifacts
from assay.batch.formats import file_format
from assay.batch.targets import failure_path
from assay.bundle import Bundle
from assay.errors import ArtifactError, AssayError

# Of the file's own layout.
FORMAT_VERSION = 1


def failure(error: AssayError, bundle: Bundle | None, source: str) -> dict[str, Any]:
    """Return the content of `<output>.failure.json`.

    Parameters
    ----------
    error : AssayError
        Why the run was refused.
    bundle : Bundle or None
        None where the model itself was refused.
    source : str
        The input, as the user named it, without credentials.
    """
    model: Mapping[str, Any] | None = None
    if bundle is not None:
        model = {"run_id": bundle.meta["run_id"], "manifest_sha256": bundle.manifest_sha256}
    told = {
        "kind": type(error).__name__,
        "exit_code": error.exit_code,
        "message": str(error),
    }
    return {"format_version": FORMAT_VERSION, "model": model, "input": source, "error": told}


def leave_failure(place: Path | None, content: Mapping[str, Any]) -> None:
    """Write a failure beside an output, if it has a place, and that can be written.

    The error itself is told in any case, so that this is silent.
    """
    if place is None:
        return
    with suppress(ArtifactError, OSError):
        artifacts.write_json(failure_path(place), content)


def failure_place(output: Path, source: Path | None) -> Path | None:
    """Return what a failure may stand beside, before the output was checked; None if nothing.

    Where the output is what is wrong (a folder, a link, the input), nothing is written beside it.

    Parameters
    ----------
    output : Path
    source : Path or None
        The input's file or folder; None for a database.
    """
    try:
        file_format(output)
        place = output.parent.resolve() / output.name
        own = [place, failure_path(place)]
        if any(one.is_symlink() or (one.exists() and not one.is_file()) for one in own):
            return None
        if source is not None and (source.is_dir() or source.is_file()):
            if any(one.exists() and one.samefile(source) for one in own):
                return None
            if source.is_dir() and place.is_relative_to(source.resolve()):
                return None
    except (AssayError, OSError, RuntimeError):
        return None
    return place
