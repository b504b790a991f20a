"""What a person says of the model in `card:` of params.yaml, and what is not said yet."""

from collections.abc import Mapping
from typing import Any

# In the order in which a reader asks; `rows_per_month` is told beside what acting is worth.
_ASKED = {
    "problem": "who has to decide what, and why that is hard",
    "decision": "what is done with a prediction",
    "intended_use": "for whom, where and when the model may be used",
    "out_of_scope": "what it must not be used for",
    "data_source": "where the rows come from",
    "known_limits": "which limits no figure shows",
    "owner": "who answers for it",
}


def unsaid(card: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return each key of the section `card` that has nothing, with the question that it answers."""
    return [(key, question) for key, question in _ASKED.items() if not card[key]]
