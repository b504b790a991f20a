"""What must be installed to score: a small part of the lock file, with its hashes.

The distributions are found from those that scoring imports, through what the installed ones declare to
need; versions and hashes are copied from the lock file.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from assay.errors import ArtifactError

# What the scorer imports, whatever the model is. A test compares them with its imports.
SCORING = (
    *("filelock", "numpy", "packaging", "pandas", "pyarrow"),
    *("pydantic", "scikit-learn", "scipy", "skops", "tqdm"),
)
# What a family of `assay.trust` needs beside them; of several the platform decides.
OF_FAMILY: Mapping[str, tuple[str, ...]] = {
    "lightgbm": ("lightgbm",),
    "xgboost": ("xgboost-cpu", "xgboost"),
    "catboost": ("catboost",),
}
# What the scorer imports only where it is asked for: SHAP values of models that cannot explain
# themselves, PostgreSQL.
EXTRAS = ("adbc-driver-manager", "adbc-driver-postgresql", "shap")

# The systems whose needs are listed; the markers of the lock file say what each of them installs.
_SYSTEMS = (
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
)
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==")
_HEADER = "# {what}, for Python 3.11. From the project's lock file.\n# {how}\n"


def scoring_requirements(lock_text: str, families: Iterable[str]) -> str:
    """Return a hashed requirements file of what scoring with a model needs, and nothing else.

    Parameters
    ----------
    lock_text : str
        The content of `requirements.lock`.
    families : iterable of str
        The model's families of types.

    Raises
    ------
    ArtifactError
        If the lock file lacks a distribution that is needed here.
    """
    return _HEADER.format(
        what="What scoring with this run folder needs",
        how="python -m pip install --require-hashes -r requirements-scoring.txt",
    ) + _pins(lock_text, _needed(lock_text, _roots(families)))


def extra_requirements(lock_text: str, families: Iterable[str]) -> str:
    """Return what the options of the scorer need beside `scoring_requirements`, in the same form."""
    base = _needed(lock_text, _roots(families))
    return _HEADER.format(
        what="What only some options of the scorer need beside requirements-scoring.txt",
        how=(
            "python -m pip install --require-hashes -r requirements-scoring.txt "
            "-r requirements-scoring-extras.txt"
        ),
    ) + _pins(lock_text, _needed(lock_text, EXTRAS) - base)


def _roots(families: Iterable[str]) -> list[str]:
    return [*SCORING, *(name for family in families for name in OF_FAMILY.get(family, ()))]


def _needed(lock_text: str, roots: Collection[str]) -> set[str]:
    """Return the canonical names of some distributions and of all that they need on any system."""
    locked = set(_blocks(lock_text))
    absent = sorted(set(roots) - locked)
    if absent:
        raise _not_locked(", ".join(absent), "scoring")
    seen: set[tuple[str, str]] = set()
    waiting = [(name, "") for name in roots]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for text in _declared(name):
            requirement = Requirement(text)
            here = _applies(requirement, extra, {})
            if not here and not any(_applies(requirement, extra, system) for system in _SYSTEMS):
                continue
            other = canonicalize_name(requirement.name)
            if here and other not in locked:
                raise _not_locked(other, name)
            waiting += [(other, inner) for inner in ("", *requirement.extras)]
    return {name for name, _ in seen if name in locked}


def _not_locked(absent: str, name: str) -> ArtifactError:
    return ArtifactError(
        f"requirements.lock has no {absent}, which {name} needs. Run `make lock`, and install it."
    )


def _declared(name: str) -> Collection[str]:
    """Return what an installed distribution needs; nothing of one for another system."""
    try:
        return metadata.requires(name) or ()
    except metadata.PackageNotFoundError:
        return ()


def _applies(requirement: Requirement, extra: str, system: Mapping[str, str]) -> bool:
    """Say whether a requirement with this extra holds on a system; on this one where none is told."""
    marker = requirement.marker
    return marker is None or marker.evaluate({**system, "extra": extra})


def _blocks(lock_text: str) -> dict[str, list[str]]:
    """Return the pins of a lock file with their hashes, without comments, by canonical name."""
    blocks: dict[str, list[str]] = {}
    name = ""
    for line in lock_text.splitlines():
        pinned = _PIN.match(line)
        if pinned:
            name = canonicalize_name(pinned[1])
            blocks.setdefault(name, []).append(f"{line}\n")
        elif line.startswith("    --hash=") and name:
            blocks[name][-1] += f"{line}\n"
    return blocks


def _pins(lock_text: str, names: set[str]) -> str:
    blocks = _blocks(lock_text)
    return "".join(block for name in sorted(names) for block in blocks[name])
