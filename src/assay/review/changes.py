"""Which values changed between two revisions, and what params.yaml says of a key."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Stands for a key that one side does not have.
ABSENT = object()
_KEY = re.compile(r"( *)(\"[^\"]*\"|'[^']*'|[^\s#'\"-][^:]*?) *:(?:\s|$)")


@dataclass(frozen=True)
class Change:
    """A value that differs.

    Attributes
    ----------
    key : str
        Its place, as in `threshold.costs.false_negative`.
    old, new : Any
        `ABSENT` where the side does not have the key.
    """

    key: str
    old: Any
    new: Any


def flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value of nested mappings with its dotted key; lists are values."""
    for name, value in content.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{key}.")
        else:
            yield key, value


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Return what differs, in the order of the new side; what only the old one has comes last."""
    before, after = dict(flat(old)), dict(flat(new))
    keys = [*after, *(key for key in before if key not in after)]
    found = [Change(key, before.get(key, ABSENT), after.get(key, ABSENT)) for key in keys]
    return [each for each in found if not _same(each.old, each.new)]


def value_at(content: Mapping[str, Any], key: str) -> Any:
    """Return the value at a dotted key, or `ABSENT`."""
    found: Any = content
    for name in key.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return ABSENT
        found = found[name]
    return found


def explanations(text: str) -> dict[str, str]:
    """Return what the comments of a YAML file say of its keys.

    A comment is of the key below it, and of keys that follow that one without a blank line or a
    comment of their own.

    Parameters
    ----------
    text : str
        The file.

    Returns
    -------
    dict of str to str
        By dotted key, one line each.
    """
    found: dict[str, str] = {}
    parents: list[tuple[int, str]] = []
    comment: list[str] = []
    latest: dict[int, str] = {}
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("#"):
            comment.append(stripped.lstrip("# "))
            continue
        if not stripped:
            comment, latest = [], {}
            continue
        match = _KEY.match(line)
        if match:
            depth, name = len(match[1]), match[2].strip("\"'")
            parents = [each for each in parents if each[0] < depth]
            if comment:
                latest = {at: told for at, told in latest.items() if at < depth}
                latest[depth] = " ".join(comment)
            key = ".".join([*(parent for _, parent in parents), name])
            if depth in latest:
                found[key] = latest[depth]
            parents.append((depth, name))
        comment = []
    return found


def explanation(told: Mapping[str, str], key: str) -> str:
    """Return what is said of a key, or else of what it is in below its section; empty if nothing."""
    names = key.split(".")
    for length in range(len(names), 1, -1):
        above = ".".join(names[:length])
        if above in told:
            return told[above]
    return ""


def _same(old: Any, new: Any) -> bool:
    # True is 1 for Python, and another value for a reader.
    if isinstance(old, bool) != isinstance(new, bool):
        return False
    return bool(old == new)
