"""Fitted estimators as skops files: the same bytes in every process, and nothing in them is unpickled."""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from assay.errors import ArtifactError

# The earliest time that a zip file can hold; skops would write the clock's.
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


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


def types_in(model: object) -> list[str]:
    """Return the types in a fitted estimator that skops does not hold to be safe."""
    import skops.io

    return untrusted_types(skops.io.dumps(model), type(model).__name__)


def untrusted_types(content: bytes, source: str) -> list[str]:
    """Return the types in a skops file that skops does not hold to be safe; none is imported.

    Raises
    ------
    ArtifactError
        If it is no skops file.
    """
    import skops.io

    try:
        # An empty file would be no argument at all to skops.
        return list(skops.io.get_untrusted_types(data=content or b"empty"))
    except Exception as error:  # what a forged schema raises has no common kind
        raise _unreadable(source, error) from None


def read_model(content: bytes, trusted: Mapping[str, tuple[str, ...]], source: str) -> Any:
    """Load a skops file against the types of its declared families. Nothing is unpickled.

    Parameters
    ----------
    content : bytes
        The file.
    trusted : dict of str to tuple of str
        Fully qualified names by family that may be loaded beside skops' own safe types.
    source : str
        The file's name, for messages.

    Raises
    ------
    ArtifactError
        If it is no skops file, or holds a type outside the families; nothing is loaded then. If a
        library that it needs is not installed.
    """
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    types = [name for members in trusted.values() for name in members]
    try:
        return skops.io.loads(content, trusted=types)
    except UntrustedTypesFoundException:
        strangers = sorted(set(untrusted_types(content, source)) - set(types))
        families = ", ".join(trusted) or "none"
        raise ArtifactError(
            f"{source} holds types that its families ({families}) do not have: "
            f"{', '.join(strangers)}. Nothing was loaded; fetch or make it anew."
        ) from None
    except ImportError as error:
        raise ArtifactError(
            f"{source} needs {error.name or error}, which is not installed. "
            "Install the environment that the model was made in."
        ) from None
    except Exception as error:  # the libraries of the families raise what they like
        raise _unreadable(source, error) from None


def _unreadable(source: str, error: Exception) -> ArtifactError:
    detail = f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
    return ArtifactError(f"{source} is not a readable skops file ({detail}). Make it anew.")
