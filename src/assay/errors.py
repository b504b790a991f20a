"""Every error that a user can cause, with the exit code of its kind.

Anything that is not an `AssayError` is a fault of Assay and keeps its traceback.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import islice

# How many names a sentence lists, and how much of each.
_LISTED, _SHOWN = 20, 80
_COMPARED = 2_000


class AssayError(Exception):
    """A fault that the user can mend; its text is all that the user needs to read.

    Each kind is a subclass with an `exit_code` of its own.
    """

    exit_code = 1


class ParamsError(AssayError):
    """`params.yaml` is unreadable, incomplete, misspelt or out of range."""

    exit_code = 10


class SchemaError(AssayError):
    """A table does not have the columns or the types that the input contract asks for."""

    exit_code = 11


class DataError(AssayError):
    """A table has the right columns, but its content cannot be modelled."""

    exit_code = 12


class SplitError(AssayError):
    """The wanted split cannot be made from these rows."""

    exit_code = 13


class ArtifactError(AssayError):
    """A file is missing, corrupt, or not what its manifest says."""

    exit_code = 14


class GateError(AssayError):
    """The result is not good enough to go on: no gain over the baseline, no feasible threshold."""

    exit_code = 15


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that resembles `name` most, or None where none is close."""
    # Comparing every pair of names of two wide tables would take minutes.
    candidates = list(islice(known, _COMPARED))
    matches = get_close_matches(name, candidates, n=1, cutoff=0.6)
    return matches[0] if matches else None


def repeats(names: Iterable[str]) -> list[str]:
    """Return the names that stand more than once, sorted."""
    return sorted(name for name, count in Counter(names).items() if count > 1)


def listed(names: Iterable[str]) -> str:
    """Join names of columns for a sentence: as one can read them, and no more than one reads."""
    told = [shown(name) for name in names]
    rest = f" and {len(told) - _LISTED:,} more" if len(told) > _LISTED else ""
    return f"{', '.join(told[:_LISTED])}{rest}"


def shown(name: str) -> str:
    """Return a name as it is, or with quotes and escapes where it would not be seen."""
    short = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}..."
    return short if short.isprintable() and short.strip() == short != "" else repr(short)


def said(error: Exception) -> str:
    """Return what a library says of a fault, fit to stand within a sentence."""
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1:,} is not UTF-8"
    words = " ".join(str(error).split())[:200]
    told = "".join(character if character.isprintable() else "?" for character in words)
    return told.rstrip(". ") or type(error).__name__


def counted(count: int, noun: str) -> str:
    """Write a count with its noun, as in `1 row` and `2 rows`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def numbered(faults: Sequence[str]) -> str:
    """Join faults into one text: a single one as it is, several as a list, one a line."""
    if len(faults) == 1:
        return faults[0]
    return "\n".join([f"{len(faults)} faults:", *(f"  - {fault}" for fault in faults)])
