"""Categories that are one written in two ways, and categories that are too rare to learn from."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from assay.evidence import Evidence

# Of more categories the spellings that are only near each other are not compared.
_MOST_COMPARED = 200
# Shorter texts are codes, of which one letter more, or another one, makes another code: AL and AZ, FuseA
# and FuseF, but Boston and Bostn.
_SHORTEST_MORE, _SHORTEST_OTHER = 4, 6
# Of fewer letters, blanks and punctuation tell texts apart: A B is not AB.
_FEWEST_LETTERS = 4
# A prefix of whole words, such as AIRBUS of AIRBUS INDUSTRIE.
_SHORTEST_PREFIX = 4


@dataclass(frozen=True)
class Spelling:
    """Categories of a feature that are, or may be, one.

    Attributes
    ----------
    feature : str
    counts : dict of str to int
        Rows of each, the most frequent first.
    same : bool
        Whether they differ by case, blanks, accents and punctuation alone.
    """

    feature: str
    counts: Mapping[str, int]
    same: bool

    @property
    def rows(self) -> int:
        """Rows of all but the most frequent."""
        return sum(self.counts.values()) - max(self.counts.values())


@dataclass(frozen=True)
class Pooled:
    """The categories of a feature that have no column of their own.

    Attributes
    ----------
    feature : str
    categories : tuple of str
    """

    feature: str
    categories: tuple[str, ...]


def spellings(table: pd.DataFrame, categorical: list[str]) -> list[Spelling]:
    """Find categories that differ by case, blanks, accents or punctuation, and near ones as hints.

    Near are texts of four characters or more with one letter more or less, of six or more with another
    letter, and one that is the other's first words. Texts that differ in a digit are different.

    Parameters
    ----------
    table : DataFrame
        Rows in model form.
    categorical : list of str
    """
    found = []
    for name in categorical:
        counts = {str(text): int(n) for text, n in table[name].value_counts().items()}
        order = sorted(counts, key=lambda text: (-counts[text], text))
        together: dict[str, list[str]] = {}
        for text in order:
            together.setdefault(joined_form(text), []).append(text)
        for texts in together.values():
            if len(texts) > 1:
                found.append(Spelling(name, {text: counts[text] for text in texts}, True))
        firsts = {plain_form(texts[0]): texts[0] for texts in together.values()}
        for near in _near(firsts):
            ordered = sorted(near, key=lambda text: (-counts[text], text))
            found.append(Spelling(name, {text: counts[text] for text in ordered}, False))
    return found


def plain_form(text: object) -> str:
    """Return a text in lower case without accents, with one blank for blanks and light punctuation.

    A text without a letter keeps its punctuation: -1 is not 1. So does what may be a sign or a decimal
    point: A- is not A, "below -1" not "below 1", and 1.5 kg not 1 5 kg.
    """
    decomposed = unicodedata.normalize("NFKD", str(text).casefold())
    letters = "".join(sign for sign in decomposed if not unicodedata.combining(sign)).strip()
    if any(sign.isalpha() for sign in letters):
        letters = re.sub(r"(?<=\d)[.,](?=\d)", "\ue000", letters)
        letters = re.sub(r"(?:(?!(?<!\S)-\d|-$)[\s_.,;:'\"/-])+", " ", letters)
        letters = letters.replace("\ue000", ".")
    return letters.strip() or str(text)


def joined_form(text: object) -> str:
    """Return the plain form without blanks, but for those between digits; of four letters at least."""
    form = plain_form(text)
    if sum(sign.isalpha() for sign in form) < _FEWEST_LETTERS:
        return form
    return re.sub(r"(?<!\d) | (?!\d)", "", form)


def _near(firsts: Mapping[str, str]) -> Iterator[list[str]]:
    """Yield the sets of texts that are near each other, one by way of another."""
    forms = sorted(firsts)
    if len(forms) > _MOST_COMPARED:
        return
    leader = {form: form for form in forms}
    for place, one in enumerate(forms):
        for other in forms[place + 1 :]:
            if leader[one] != leader[other] and _is_near(one, other):
                kept, gone = leader[one], leader[other]
                leader = {form: kept if at == gone else at for form, at in leader.items()}
    for first in forms:
        members = [firsts[form] for form in forms if leader[form] == first]
        if len(members) > 1:
            yield members


def _is_near(one: str, other: str) -> bool:
    if re.sub(r"\D", "", one) != re.sub(r"\D", "", other):
        return False
    short, long = sorted((one, other), key=len)
    if len(short) >= _SHORTEST_PREFIX and long.startswith(short + " "):
        return True
    least = _SHORTEST_OTHER if len(short) == len(long) else _SHORTEST_MORE
    return len(short) >= least and _one_letter_apart(short, long)


def _one_letter_apart(short: str, long: str) -> bool:
    if len(long) - len(short) > 1:
        return False
    start = next(
        (i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short)
    )
    return short[start + (len(short) == len(long)) :] == long[start + 1 :]


def pooled_categories(evidence: Evidence) -> list[Pooled]:
    """Return the categories that the fitted preprocessing pools because their rows are too few."""
    preprocessor: Any = evidence.predictor.pipeline.named_steps["features"]
    found = []
    for _, transformer, columns in preprocessor.transformers_:
        rare = getattr(transformer, "infrequent_categories_", None)
        if rare is None:
            continue
        for name, categories in zip(columns, rare, strict=True):
            if categories is not None and len(categories):
                texts = [str(text) for text in categories if not _is_missing(text)]
                found.append(Pooled(str(name), tuple(sorted(texts))))
    return [each for each in found if each.categories]


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value))
