"""Does the name of a column say that it is made of the target?"""

import re

# What a name says beside a quantity: how it was made, or what kind of column it is.
_TECHNICAL = frozenset(
    {
        "enc", "encoded", "encoding", "te", "woe", "mean", "avg", "average", "median", "min",
        "max", "sum", "total", "std", "count", "cnt", "num", "n", "flag", "is", "was", "has",
        "did", "if", "bin", "binary", "bool", "bucket", "int", "float", "str", "cat", "code",
        "coded", "id", "label", "class", "log", "ln", "sqrt", "exp", "sq", "pct", "percent",
        "ratio", "rate", "prob", "proba", "probability", "score", "pred", "predicted",
        "prediction", "forecast", "est", "estimate", "estimated", "raw", "orig", "original",
        "copy", "old", "new", "final", "actual", "true", "real", "lag", "lagged", "lead", "prev",
        "previous", "last", "next", "diff", "delta", "change", "s", "x", "y", "z",
    }
)  # fmt: skip
# Names of targets that many columns share a word with.
_COMMON = frozenset(
    {
        "type", "class", "value", "label", "target", "outcome", "result", "status", "state",
        "score", "group", "category", "level", "grade", "code", "number", "count", "amount",
        "total", "rate", "ratio", "index", "size", "time", "date", "day", "month", "year",
        "name", "y", "x",
    }
)  # fmt: skip
# These words are about a target, whatever its name is. A target may also be what someone aims at, such
# as a temperature, so beside that word the rest must have a technical one.
_OF_ANY_TARGET = frozenset({"target", "outcome"})
_JOINING = frozenset(
    {
        "of", "to", "the", "in", "at", "by", "per", "and", "for", "on", "from", "a", "an", "is",
        "was", "has", "did", "not", "no",
    }
)  # fmt: skip
_SHORTEST_WITHIN = 4


def sounds_like(name: str, target: str) -> str:
    """Return the words that a column's name shares with the target's; empty where it says nothing.

    A name sounds like the target if it has all of its words (`late_minutes`, `is_late`), also in
    another form (`cancelled`, `cancellation`) or run together with a technical word (`logwage`).
    `target` and `outcome` are words of any target: `target_mean`, but not `target_temp`. Where the
    target's name is a word that many columns have, such as `type`, or has less than three letters, what
    is left of the name must be technical (`type_encoded`, `y_lag1`).

    Parameters
    ----------
    name, target : str
        Of the column and of the target.
    """
    words, wanted = _words(name), _words(target)
    generic = _OF_ANY_TARGET & set(words) - set(wanted)
    if generic and len(words) > 1 and ("outcome" in generic or _TECHNICAL & set(words)):
        return " ".join(sorted(generic))
    essential = [word for word in wanted if word not in _JOINING] or wanted
    if not essential or not words:
        return ""
    common = all(word in _COMMON or len(word) < 3 for word in essential)
    found = [next((w for w in words if _alike(w, word, common)), None) for word in essential]
    if None in found:
        return ""
    rest = [word for word in words if word not in found]
    if common and not all(word in _TECHNICAL or word.isdigit() for word in rest):
        return ""
    return " ".join(essential)


def _words(name: str) -> list[str]:
    """Split a name at whatever is no letter, at capitals, and at digits."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return [part.lower() for part in re.findall(r"[^\W\d_]+|\d+", split)]


def _alike(word: str, wanted: str, exactly: bool) -> bool:
    if word == wanted:
        return True
    if exactly or word.isdigit():
        return False
    shared = 0
    for one, other in zip(word, wanted, strict=False):
        if one != other:
            break
        shared += 1
    # `cancelled` and `cancellation`, but not `interest` and `international`.
    if shared >= 5 and shared >= 0.75 * min(len(word), len(wanted)):
        return not _is_another_word(word[shared:], wanted[shared:])
    if len(wanted) < _SHORTEST_WITHIN:
        return False
    return (word.startswith(wanted) and word[len(wanted) :] in _ADDED) or (
        word.endswith(wanted) and word[: -len(wanted)] in _TECHNICAL
    )


def _is_another_word(ending: str, other: str) -> bool:
    """Say whether endings behind a shared stem make words of other things.

    `returning_customer` is no kind of `returned`, nor `national` of `nation`; but `survival_time` is one
    of `survived`.
    """
    return ("ing" in {ending, other}) or {ending, other} == {"", "al"}


# What a run-together name may have after the target: an ending, or a technical word. No comparison
# (`later_visits`, `latest_order` for `late`), and nothing that makes a trait of it.
_ADDED = (_TECHNICAL - {"est"}) | {"ed", "d", "ly", "ness", "es"}
