"""Score rows with a packaged model, under its input contract: the library behind `predict`."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from assay.acceptance import Accepted, accept, check_columns, left_out
from assay.bundle import Bundle, load_bundle
from assay.decisions.columns import decided_columns
from assay.errors import DataError, ParamsError, SchemaError, counted, listed, numbered, repeats
from assay.row_faults import Fault, FaultTally

__all__ = ["Bundle", "Extras", "Scored", "at_threshold", "load_bundle", "score_table"]

BadRows = Literal["fail", "quarantine"]
Mask = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True)
class Extras:
    """What a scored row gets beside its prediction.

    Attributes
    ----------
    probabilities : bool
        For two classes, the probability of each; more classes always have theirs.
    reasons : int
        How many of the strongest contributions to tell, by SHAP values.
    """

    probabilities: bool = False
    reasons: int = 0


@dataclass(frozen=True)
class Scored:
    """Predictions, and what happened to the rows on the way.

    Attributes
    ----------
    predictions : DataFrame
        Carried columns, then those of the decision (see `assay.decisions.columns.decided_columns`); rows in
        the order of the input.
    rejected : DataFrame
        Rows that could not be scored: `rejected_row` (from 1), `rejected_reason`, `rejected_column`,
        `rejected_value`, then the row as it came.
    notes : list of str
        Which columns played no part, one sentence each.
    coerced : dict
        Values that were read as something else, by column and kind.
    unknown_categories : dict
        Rows with a category that fitting never saw, by feature.
    """

    predictions: pd.DataFrame
    rejected: pd.DataFrame
    notes: list[str] = field(default_factory=list)
    coerced: dict[str, dict[str, int]] = field(default_factory=dict)
    unknown_categories: dict[str, int] = field(default_factory=dict)


def score_table(
    bundle: Bundle,
    frame: pd.DataFrame,
    source: str = "the table",
    bad_rows: BadRows = "fail",
    extras: Extras = Extras(),
) -> Scored:
    """Score a table in memory.

    Parameters
    ----------
    bundle : Bundle
        From `load_bundle`.
    frame : DataFrame
        Has every feature of the contract; may have ids and further columns, not the target.
    source : str
        The table's name, for messages.
    bad_rows : {"fail", "quarantine"}
        What to do if some rows cannot be scored: refuse all, or set these aside in `rejected`.
    extras : Extras
        What rows get beside their predictions.

    Raises
    ------
    SchemaError
        If columns are missing, repeated, of another kind, or the target is there.
    DataError
        If rows cannot be scored, and `bad_rows` is "fail"; or if no row can.
    """
    schema = bundle.contract.schema
    names = [str(name) for name in frame.columns]
    repeated = repeats(names)
    faults = check_columns(names, schema, source)
    if repeated:
        faults.append(f"{source}: column names must be unique, got {listed(repeated)} again")
    if faults:
        raise SchemaError(numbered(faults))
    frame = frame.reset_index(drop=True)
    accepted = accept({name: frame[name] for name in schema.input_columns}, bundle.contract, source)
    tally = FaultTally()
    tally.add(accepted.faults)
    refuse_bad_rows(tally, len(frame), bad_rows, source)
    good = good_rows(accepted)
    carried = frame[[name for name in schema.carried_columns if name in names]]
    decided = RowScorer(bundle, extras).columns(accepted.features[good])
    return Scored(
        pd.concat([carried[good].reset_index(drop=True), decided], axis=1),
        _rejected(frame, accepted.faults),
        left_out(names, schema, schema.carried_columns),
        accepted.coerced,
        accepted.unknown_categories,
    )


def good_rows(accepted: Accepted) -> Mask:
    """Return which rows have no fault."""
    good = np.ones(len(accepted.features), dtype=bool)
    good[[fault.row for fault in accepted.faults]] = False
    return good


class RowScorer:
    """From features in model form to the columns that a scored table gets.

    Parameters
    ----------
    bundle : Bundle
    extras : Extras
    """

    def __init__(self, bundle: Bundle, extras: Extras) -> None:
        self._bundle, self._extras = bundle, extras
        self._explainer: Any = None
        if extras.reasons:
            from assay.interpretation.contributions import row_explainer

            schema = bundle.contract.schema
            self._explainer = row_explainer(bundle.predictor.pipeline, schema, bundle.background())

    def columns(self, features: pd.DataFrame) -> pd.DataFrame:
        """Return decision and extras for each row; the index is 0 to n - 1.

        Parameters
        ----------
        features : DataFrame, shape (n, p)
            In model form.
        """
        features = features.reset_index(drop=True)
        predicted = self._bundle.predictor.predict(features)
        decided = decided_columns(self._bundle.decision, predicted, self._extras.probabilities)
        if self._explainer is None:
            return decided
        from assay.interpretation.reasons import strongest_reasons

        # With more than two classes, of the one that is most probable after calibration.
        codes = predicted.argmax(axis=1) if predicted.ndim == 2 and len(predicted) else None
        reasons = strongest_reasons(self._explainer, features, self._extras.reasons, codes)
        return pd.concat([decided, reasons], axis=1)


def refuse_bad_rows(tally: FaultTally, rows: int, bad_rows: BadRows, source: str) -> None:
    """Refuse rows that cannot be scored, if that is wanted, or if there are no others.

    Raises
    ------
    DataError
        With the count, the place and an example of each kind of fault.
    """
    if not tally.rows or (bad_rows == "quarantine" and tally.rows < rows):
        return
    if tally.rows == rows:
        many = f"none of {counted(rows, 'row')} can be scored"
        action = "Mend the file, or take the one that the model was made for."
    else:
        many = f"{tally.rows:,} of {counted(rows, 'row')} cannot be scored"
        action = "Mend them, or set them aside with --bad-rows quarantine."
    raise DataError(f"{source}: {many}. {'; '.join(tally.told())}. {action}")


def _rejected(frame: pd.DataFrame, faults: list[Fault]) -> pd.DataFrame:
    first: dict[int, Fault] = {}
    for fault in faults:
        first.setdefault(fault.row, fault)
    rows = sorted(first)
    told = pd.DataFrame(
        {
            "rejected_row": np.array(rows, dtype="int64") + 1,
            "rejected_reason": pd.Series([first[row].reason for row in rows], dtype=object),
            "rejected_column": pd.Series([first[row].column for row in rows], dtype=object),
            "rejected_value": pd.Series([first[row].value for row in rows], dtype=object),
        }
    )
    return pd.concat([told, frame.iloc[rows].reset_index(drop=True)], axis=1)


def at_threshold(bundle: Bundle, threshold: float) -> Bundle:
    """Return the bundle with another decision threshold.

    Raises
    ------
    ParamsError
        If the model has no threshold, or the number is no probability.
    """
    if bundle.decision["kind"] != "threshold":
        task = bundle.contract.schema.task
        raise ParamsError(
            f"--threshold: the model's task is {task}, which has no decision threshold. Leave it out."
        )
    if not 0 <= threshold <= 1:
        raise ParamsError(f"--threshold must be in [0, 1], got {threshold:g}.")
    decision: Mapping[str, Any] = {**bundle.decision, "threshold": float(threshold)}
    return replace(bundle, decision=decision)
