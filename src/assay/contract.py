"""The input contract: what a table must look like to be scored."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.schema import Schema, schema_from_json


@dataclass(frozen=True)
class InputContract:
    """The schema of a scored file, with what the model saw while it was fitted.

    Attributes
    ----------
    schema : Schema
        The roles of the columns.
    categories : dict
        For each categorical feature, the texts seen in fitting, sorted.
    ranges : dict
        For each numeric feature, the least and the greatest value seen; None where it had none.
    """

    schema: Schema
    categories: Mapping[str, list[str]]
    ranges: Mapping[str, list[float] | None]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-like value that `contract_from_json` reads back."""
        return {
            "schema": self.schema.to_json(),
            "categories": dict(self.categories),
            "ranges": dict(self.ranges),
        }


def build_contract(schema: Schema, fitted: pd.DataFrame) -> InputContract:
    """Make the contract of a model that was fitted on these rows.

    Parameters
    ----------
    schema : Schema
        The roles of the columns.
    fitted : DataFrame
        The rows of the fit, features in model form.
    """
    categories = {
        name: sorted(fitted[name].dropna().unique().tolist())
        for name in schema.names_of("categorical")
    }
    ranges: dict[str, list[float] | None] = {}
    for name in schema.names_of("numeric"):
        values = fitted[name].dropna()
        ranges[name] = [float(values.min()), float(values.max())] if len(values) else None
    return InputContract(schema, categories, ranges)


def contract_from_json(content: Mapping[str, Any]) -> InputContract:
    """Read back what `InputContract.to_json` gave."""
    return InputContract(
        schema_from_json(content["schema"]), content["categories"], content["ranges"]
    )
