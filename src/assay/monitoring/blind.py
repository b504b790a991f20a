"""What a batch, or its model's reference, does not let one ask: said, and not taken for fine."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from assay.errors import counted, listed, shown
from assay.monitoring.check import Check

if TYPE_CHECKING:
    from assay.monitoring.tally import Tally

# Of so few effective rows, a distance is not beyond chance, however far it is, among dozens of checks.
_FEW_ROWS = 5.0
# Names that a note gives.
_NAMED = 3


def blind_notes(
    checks: Sequence[Check], features: Sequence[Mapping[str, Any]], tally: "Tally"
) -> list[str]:
    """Return what cannot be told of a batch, as whole sentences.

    Parameters
    ----------
    checks : sequence of Check
        All of the batch.
    features : sequence of dict
        From `assay.monitoring.inputs.feature_facts`.
    tally : Tally
    """
    return [*_of_days(features, tally), *_out_of_reach(checks)]


def _of_days(features: Sequence[Mapping[str, Any]], tally: "Tally") -> list[str]:
    counts = tally.clusters.counts.get("day")
    if counts is None or not features:
        return []
    few = [fact["name"] for fact in features if 0 < fact["effective_rows"] < _FEW_ROWS]
    days = int(np.count_nonzero(counts))
    # A rare feature has few rows of any batch.
    if not days or len(few) < max(2, len(features) / 10):
        return []
    return [
        f"The rows are of {counted(days, 'day')}: what rows of a day share counts once, so the distributions "
        f"of {_named(few)} cannot be told from those of an unusual day."
    ]


def _out_of_reach(checks: Sequence[Check]) -> list[str]:
    lost: dict[str, list[str]] = {}
    for check in checks:
        if not check.askable:
            lost.setdefault(check.subject, []).append(check.measure)
    alike: dict[str, list[str]] = {}
    for name, measures in lost.items():
        alike.setdefault(listed(sorted(measures)), []).append(name)
    return [
        f"Of {_named(names)} it cannot be asked how far a batch went ({measures}): windows of the table "
        "went as far as there is to go."
        for measures, names in alike.items()
    ]


def _named(names: Sequence[str]) -> str:
    if len(names) <= _NAMED + 1:
        return listed([shown(name) for name in names])
    rest = len(names) - _NAMED
    return f"{', '.join(shown(name) for name in names[:_NAMED])} and {rest:,} more features"
