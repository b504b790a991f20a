"""Pictures within the page, as base64."""

import struct
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

# Pictures of the run that the page shows, with what each shows.
_OF_REASONS = {
    "interpret/shap_beeswarm": "SHAP values by row: each point is a row of the holdout, and how far the feature moved its prediction.",
    "interpret/shap_dependence": "SHAP values of the strongest features over their values.",
    "interpret/partial_dependence": "Partial dependence: the mean prediction as one feature changes, all else as it was.",
    "interpret/agreement": "Three signals of each feature beside each other: what the model loses, what moves it, what the feature tells alone.",
}
_OF_ROWS = {
    "interpret/local_explanations": "Single predictions explained: what each feature adds to them.",
}


@dataclass(frozen=True)
class Picture:
    """A PNG file for an `img` element.

    Attributes
    ----------
    caption : str
        What it shows.
    source : str
        As a data URL.
    width, height : int
        In pixels.
    """

    caption: str
    source: str
    width: int
    height: int


def pictures_of_reasons(pictures: Mapping[str, bytes]) -> Sequence[Picture]:
    """Return the pictures about all rows, of those that the run has."""
    return list(_found(pictures, _OF_REASONS))


def pictures_of_rows(pictures: Mapping[str, bytes]) -> Sequence[Picture]:
    """Return the pictures about single rows, of those that the run has."""
    return list(_found(pictures, _OF_ROWS))


def _found(pictures: Mapping[str, bytes], captions: Mapping[str, str]) -> Iterator[Picture]:
    for name, caption in captions.items():
        if name in pictures:
            content = pictures[name]
            # The first chunk of every PNG file holds its size.
            width, height = struct.unpack(">II", content[16:24])
            source = f"data:image/png;base64,{b64encode(content).decode('ascii')}"
            yield Picture(caption, source, width, height)
