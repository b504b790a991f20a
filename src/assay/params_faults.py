"""Faults of `params.yaml` in the words of the file: place, got and expected."""

from collections.abc import Iterator
from reprlib import Repr
from typing import Any, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError

from assay.errors import nearest

# A few lines of YAML can stand for more values than there is memory to print them.
_BRIEF = Repr()
_BRIEF.maxlevel, _BRIEF.maxstring, _BRIEF.maxlong, _BRIEF.maxother = 3, 80, 40, 80


def told_briefly(value: object) -> str:
    """Return how Python writes a value, its middle left out where it is long."""
    try:
        return _BRIEF.repr(value)
    except ValueError:
        # Python refuses to write a number of some thousand digits.
        return f"a very long {type(value).__name__}"


def faults_of(error: ValidationError, root: type[BaseModel]) -> Iterator[str]:
    """Yield every fault once.

    Parameters
    ----------
    error : ValidationError
        What pydantic raised.
    root : type of BaseModel
        The model of the whole file, whose fields are sections.
    """
    seen: set[str] = set()
    for detail in error.errors():
        fault = _fault(detail, root)  # type: ignore[arg-type]
        # A union reports once per member; the reader needs the place once.
        place = fault.split(" ", 1)[0]
        if place not in seen:
            seen.add(place)
            yield fault


def _fault(detail: dict[str, Any], root: type[BaseModel]) -> str:
    """Say one pydantic error in the words of the file."""
    kind, got, location = detail["type"], detail.get("input"), detail["loc"]
    of_key = kind == "invalid_key" or location[-1:] == ("[key]",)
    if of_key:
        location = location[: -1 if kind == "invalid_key" else -2]
    place, field, siblings = _locate(location, root)
    if of_key and not isinstance(got, str):
        where = f"{place}: " if place else ""
        return f"{where}the key {told_briefly(got)} is no text. Put it in quotes, or delete it"
    if kind == "missing":
        return f"{place} is missing. Add it; the bundled params.yaml has every key with its choices"
    if kind == "extra_forbidden":
        close = nearest(place.rsplit(".", 1)[-1], siblings)
        hint = f"; nearest: {close}" if close else f"; known: {', '.join(siblings)}"
        return f"{place} is not a known key{hint}. Rename or delete it"
    if kind == "value_error":
        # Sections that do not agree have no single place; the sentence names them.
        return f"{place}: {detail['ctx']['error']}" if place else str(detail["ctx"]["error"])
    return f"{place} must be {_expected(detail, field)}, got {told_briefly(got)}"


def _locate(location: tuple[str | int, ...], root: type[BaseModel]) -> tuple[str, Any, list[str]]:
    """Return the dotted place, the field found there, and the names of its siblings."""
    model: Any = root
    field: Any = None
    place, siblings = "", list[str]()
    for part in location:
        if isinstance(part, int):
            place += f"[{part}]"
        elif model is not None:
            place += f".{part}" if place else part
            fields = {info.alias or name: info for name, info in model.model_fields.items()}
            siblings = list(fields)
            field = fields.get(part)
            annotation = getattr(field, "annotation", None)
            is_section = isinstance(annotation, type) and issubclass(annotation, BaseModel)
            model = annotation if is_section else None
        elif get_origin(getattr(field, "annotation", None)) is dict and part != "[key]":
            place += f".{part}"
        # What is left is the name of a union's member, which means nothing to the reader.
    return place, field, siblings


def _expected(detail: dict[str, Any], field: Any) -> str:
    kind = detail["type"]
    if kind == "literal_error":
        return f"one of {detail['ctx']['expected']}"
    if kind in {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}:
        return _interval(field)
    names = {
        "int_type": "a whole number",
        "int_from_float": "a whole number",
        "float_type": "a number",
        "bool_type": "true or false",
        "string_type": "a text",
        "string_unicode": "a text of whole characters",
        "string_too_short": "a text that is not empty",
        "string_pattern_mismatch": "the path of a Parquet file (.parquet or .pq)",
        "list_type": "a list",
        "dict_type": "a mapping of names to texts",
        "model_type": "a section with keys of its own",
        "too_short": "a list that is not empty",
        "finite_number": "a finite number",
    }
    return names.get(kind, str(detail["msg"]))


def _interval(field: Any) -> str:
    """Return the field's bounds as an interval, such as `[0, 1]` or `at least 1`."""
    bounds = list(getattr(field, "metadata", []))
    for argument in get_args(getattr(field, "annotation", None)):
        for member in getattr(argument, "__metadata__", []):
            # The member of a union that is not None keeps its bounds one level down.
            bounds.extend(getattr(member, "metadata", [member]))
    low = next(((b.ge, "[") for b in bounds if isinstance(b, Ge)), None) or next(
        ((b.gt, "(") for b in bounds if isinstance(b, Gt)), None
    )
    high = next(((b.le, "]") for b in bounds if isinstance(b, Le)), None) or next(
        ((b.lt, ")") for b in bounds if isinstance(b, Lt)), None
    )
    if low and high:
        return f"in {low[1]}{low[0]}, {high[0]}{high[1]}"
    if low:
        return f"at least {low[0]}" if low[1] == "[" else f"greater than {low[0]}"
    return f"at most {high[0]}" if high else "in range"
