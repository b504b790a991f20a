"""One thing that speaks against shipping the model."""

from typing import NamedTuple


class Doubt(NamedTuple):
    """A doubt in a few words, as in "Do not ship: ...", and as a sentence with its figures."""

    short: str
    told: str
