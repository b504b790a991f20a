"""Why single rows are predicted as they are: those that somebody asked for, or the most telling ones."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from assay.errors import ParamsError, listed, nearest, numbered, shown
from assay.evidence import Evidence
from assay.interpretation.contributions import explained_output
from assay.interpretation.partial_dependence import value_labels
from assay.interpretation.shap_values import predicted_classes, trained_explainer
from assay.metrics.catalogue import row_loss
from assay.schema import ROW, category_text
from assay.uncertainty.bootstrap import IntArray

COLUMNS = [
    *("row", "why", "prediction", "predicted_class", "outcome", "rank", "feature", "value"),
    *("effect", "base", "output"),
]
ASKED = "asked for"


def local_explanations(evidence: Evidence) -> pd.DataFrame:
    """Return what each feature adds to the predictions of single holdout rows.

    Those of `interpret.explain_rows`, or else the one with the highest prediction, the lowest, and the
    one with the largest loss (of more than two classes: the most and the least certain one). The
    effects of a row and its base add up to the model's output, before calibration and limits.

    Parameters
    ----------
    evidence : Evidence

    Returns
    -------
    DataFrame
        `row` (its id), `why` it is told, `prediction` (the probability of the positive or of the
        predicted class, or the number), `predicted_class` (of more than two; null otherwise),
        `outcome`, `rank` (1 is the strongest), `feature`, `value` (null where missing), `effect`,
        `base` (the output where nothing is known), `output` (what they add up to).

    Raises
    ------
    ParamsError
        If a row that is asked for is none of the holdout rows that are looked at.
    """
    schema, holdout = evidence.schema, evidence.holdout
    chosen = _chosen(evidence)
    positions = np.array(list(chosen), dtype="int64")
    rows = holdout.at(positions)
    codes = predicted_classes(evidence)
    codes = None if codes is None else codes[positions]
    features = rows.rows[schema.feature_names]
    found = trained_explainer(evidence).contributions(features, codes)
    output = explained_output(evidence.predictor.pipeline, schema)
    texts = [
        value_labels(feature, features[feature.name].to_numpy()) for feature in schema.features
    ]
    names = row_names(evidence, holdout.rows)
    tables = [pd.DataFrame(columns=COLUMNS)]
    for number, position in enumerate(positions):
        effects = found.values[number]
        order = np.argsort(-np.abs(effects), kind="stable")
        known = features.iloc[number].notna().to_numpy()
        predicted, label = _prediction(evidence, position)
        columns = {
            "row": names[position],
            "why": chosen[int(position)],
            "prediction": predicted,
            "predicted_class": label,
            "outcome": _outcome(evidence, position),
            "rank": np.arange(1, len(order) + 1),
            "feature": [schema.feature_names[place] for place in order],
            "value": [texts[place][number] if known[place] else None for place in order],
            "effect": effects[order],
            "base": found.base[number],
            "output": output,
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables[1:] or tables, ignore_index=True)


def row_names(evidence: Evidence, rows: pd.DataFrame) -> list[str]:
    """Return the names of rows: of their first id column as texts, else their position in the source."""
    ids = evidence.schema.id_columns
    return [str(name) for name in category_text(rows[ids[0] if ids else ROW])]


def _chosen(evidence: Evidence) -> dict[int, str]:
    """Return the positions of the rows to explain, each with why."""
    wanted = evidence.params.explain_rows
    if wanted is not None:
        return dict.fromkeys(_asked(evidence, [str(name) for name in wanted]), ASKED)
    holdout, task = evidence.holdout, evidence.schema.task
    score = holdout.y_predicted.max(axis=1) if task == "multiclass" else holdout.y_predicted
    loss = row_loss(task, holdout.y_true, holdout.y_predicted)
    words = ("most certain", "least certain") if task == "multiclass" else ("highest", "lowest")
    ends = {
        int(np.argmax(score)): f"{words[0]} prediction",
        int(np.argmin(score)): f"{words[1]} prediction",
    }
    worst = int(np.argmax(loss))
    ends[worst] = f"{ends[worst]}, largest loss" if worst in ends else "largest loss"
    return ends


def _asked(evidence: Evidence, wanted: list[str]) -> list[int]:
    known = row_names(evidence, evidence.holdout.rows)
    places = pd.Series(range(len(known)), index=pd.Index(known, dtype=object))
    missing = [name for name in dict.fromkeys(wanted) if name not in places.index]
    if missing:
        raise ParamsError(numbered(_faults(evidence, missing, known)))
    return [int(place) for name in wanted for place in places.loc[[name]]]


def _faults(evidence: Evidence, missing: list[str], known: Iterable[str]) -> list[str]:
    """Say which rows cannot be explained, why, and what to do: one sentence for each kind of fault."""
    ids = evidence.schema.id_columns
    column = ids[0] if ids else ROW
    trained = set(row_names(evidence, evidence.train))
    inside = [name for name in missing if name in trained]
    faults = []
    expected = f"expected {column} of the {len(evidence.holdout):,} rows of the holdout"
    if inside:
        which = "is" if len(inside) == 1 else "are"
        faults.append(
            f"interpret.explain_rows names {listed(inside)}, which {which} in the training set; {expected}. "
            "Name rows of data/split/holdout.parquet, of which the model's predictions are honest."
        )
    candidates = list(known)
    for name in missing:
        if name in trained:
            continue
        close = nearest(name, candidates)
        hint = f"such as {shown(close)}, which is nearest" if close else "or delete the entry"
        faults.append(
            f"interpret.explain_rows names {shown(name)}, which is neither in the holdout nor in the "
            f"training set; {expected}. Name one of data/split/holdout.parquet, {hint}."
        )
    return faults


def _prediction(evidence: Evidence, position: int) -> tuple[float, str | None]:
    predicted = evidence.holdout.y_predicted[position]
    if evidence.schema.task != "multiclass":
        return float(predicted), None
    code = int(predicted.argmax())
    return float(predicted[code]), str(evidence.schema.labels[code])


def _outcome(evidence: Evidence, position: int) -> str:
    outcome = evidence.holdout.y_true[position]
    if evidence.schema.task == "regression":
        return str(category_text(pd.Series([float(outcome)]))[0])
    return str(evidence.schema.labels[int(outcome)])


def positions_of(table: pd.DataFrame) -> IntArray:
    """Return the number of each line's explained row, from 0 on, in the order of the table."""
    number: IntArray = np.cumsum(table["rank"].to_numpy() == 1).astype("int64") - 1
    return number
