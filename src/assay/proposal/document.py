"""The text of `params.yaml`: the template's keys and comments, with a proposal's values and reasons."""

import re
import textwrap
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from io import StringIO
from typing import Any

_WIDTH = 100
_KEY = re.compile(r"^(?P<indent> *)(?P<key>[a-z_]+):(?P<value> .*)?$")
_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9_./,;()%' -]*[A-Za-z0-9_/)%])?")
# Texts that some reader of YAML takes for something else.
_TAKEN = frozenset(
    {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf", "none"}
)
# Reasons of these stand before the first of them: DVC drops a comment that follows a list.
_TOGETHER = {
    "data.categorical_columns": "data.id_columns",
    "data.passthrough_columns": "data.id_columns",
}


def template() -> str:
    """Return the template: every key of `params.yaml` on a line of its own, with its comment."""
    return resources.files("assay.proposal").joinpath("template.yaml").read_text(encoding="utf-8")


@cache
def template_values() -> Mapping[str, Any]:
    """Return the template's values by section; a reader must not change them."""
    from ruamel.yaml import YAML

    held: Mapping[str, Any] = YAML(typ="safe", pure=True).load(template())
    return held


def render(values: Mapping[str, Any], reasons: Mapping[str, Sequence[str]], head: str) -> str:
    """Return the text of a `params.yaml`.

    Parameters
    ----------
    values : dict of str to scalar, list or dict
        By place, such as `task.type`; other keys have the template's.
    reasons : dict of str to sequence of str
        Sentences that stand behind a key's own comment.
    head : str
        What the file begins with, as a comment.

    Raises
    ------
    KeyError
        If a place is not in the template.
    """
    told: dict[str, list[str]] = {}
    for place, sentences in reasons.items():
        name = place.rsplit(".", 1)[-1]
        whose = f" {name}" if place in {*_TOGETHER, *_TOGETHER.values()} else ""
        told.setdefault(_TOGETHER.get(place, place), []).append(
            f"Why{whose}: {' '.join(sentences)}"
        )
    left = {*values, *told}
    lines = _comment(head, "")
    path: list[str] = []
    for line in template().splitlines():
        found = _KEY.match(line)
        if found is None:
            lines.append(line)
            continue
        indent, depth = found["indent"], len(found["indent"]) // 2
        path[depth:] = [found["key"]]
        place = ".".join(path)
        lines += [row for sentence in told.get(place, []) for row in _comment(sentence, indent)]
        lines += _entry(found["key"], values[place], indent) if place in values else [line]
        left.discard(place)
    if left:
        raise KeyError(f"not in the template: {', '.join(sorted(left))}")
    return "\n".join(lines) + "\n"


def _comment(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()),
        _WIDTH,
        initial_indent=f"{indent}# ",
        subsequent_indent=f"{indent}# ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _entry(key: str, value: Any, indent: str) -> list[str]:
    """Return the lines of a key with its value; a list and a map have a line for each member."""
    if isinstance(value, Mapping) and value:
        inner = [f"{indent}  {scalar(name)}: {scalar(held)}" for name, held in value.items()]
        return [f"{indent}{key}:", *inner]
    if isinstance(value, list) and value:
        return [f"{indent}{key}:", *(f"{indent}- {scalar(member)}" for member in value)]
    return [f"{indent}{key}: {scalar(value)}"]


def scalar(value: Any) -> str:
    """Return a value as YAML has it in one line; texts are quoted unless nobody can misread them."""
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and value.lower() not in _TAKEN:
            return value
        return _quoted(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | list):
        return "{}" if isinstance(value, Mapping) else "[]"
    return str(value)


def _quoted(text: str) -> str:
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    writer = YAML()
    # A line is folded nowhere.
    writer.width = 1 << 30
    written = StringIO()
    writer.dump([DoubleQuotedScalarString(text)], written)
    return written.getvalue().removeprefix("- ").rstrip("\n")
