"""Findings about the column to predict."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.expected_loss import class_probabilities
from assay.feedback.copies import contradicting_copies
from assay.feedback.excess import excess_row_loss
from assay.feedback.finding import Found, named_rows
from assay.feedback.labels import suspicious_labels
from assay.feedback.outcomes import suspicious_outcomes
from assay.feedback.share import what_they_share
from assay.metrics.core import FloatArray
from assay.uncertainty.bootstrap import clusters_of
from assay.uncertainty.estimate import Estimate
from assay.uncertainty.rates import rate_estimate


def about_targets(evidence: Evidence) -> Iterator[Found]:
    """Yield what looks wrong in the target, by out-of-fold predictions."""
    if evidence.task.type == "regression":
        yield from _wrong_numbers(evidence)
    else:
        yield from _wrong_labels(evidence)
        yield from _contradictions(evidence)


def _wrong_labels(evidence: Evidence) -> Iterator[Found]:
    rows = evidence.out_of_fold
    probability = class_probabilities(rows.y_predicted)
    found = suspicious_labels(rows.y_true, probability)
    n = len(found)
    if not n:
        return
    schema, listed = evidence.schema, found.rows[: evidence.params.suspicious_label_count]
    labels = np.array([str(label) for label in schema.labels], dtype=object)
    named = named_rows(rows.rows, schema, listed).assign(
        part="training",
        feature=schema.target,
        value=labels[rows.y_true[listed]],
        label=labels[rows.y_true[listed]],
        suggested=labels[found.suggested[: len(listed)]],
        label_probability=found.probability[: len(listed)],
        suggested_probability=found.suggested_probability[: len(listed)],
    )
    rate = _rate(evidence, found.rows)
    yield Found(
        "wrong_label",
        "error",
        schema.target,
        f"The labels of {n:,} of {len(rows):,} rows look wrong: the model, which did not see these "
        "rows, is sure of another class, and hardly ever errs when it is. (By its probabilities "
        f"{found.expected_count:,.0f} such rows were to be expected: it has learnt how often labels "
        f"are wrong, not which.){what_they_share(evidence, found.rows)}",
        "Check the labels of these rows at their source, the first ones first.",
        n,
        rate.value,
        "rate of rows",
        rate.value,
        rate.ci_low,
        rate.ci_high,
        excess_loss=_sum_of_excess(evidence, found.rows),
        named=named,
    )


def _wrong_numbers(evidence: Evidence) -> Iterator[Found]:
    rows = evidence.out_of_fold
    found = suspicious_outcomes(rows.y_true, rows.y_predicted)
    n = len(found)
    if not n:
        return
    schema, listed = evidence.schema, found.rows[: evidence.params.suspicious_label_count]
    factor = found.factor[: len(listed)]
    named = named_rows(rows.rows, schema, listed).assign(
        part="training",
        feature=schema.target,
        value=[_plain(value) for value in rows.y_true[listed]],
        label=[_plain(value) for value in rows.y_true[listed]],
        suggested=[
            _suggested(value, by, predicted)
            for value, by, predicted in zip(
                rows.y_true[listed], factor, rows.y_predicted[listed], strict=True
            )
        ],
    )
    rate = _rate(evidence, found.rows)
    yield Found(
        "wrong_number",
        "error",
        schema.target,
        f"{schema.target} of {n:,} of {len(rows):,} rows stands apart from that of all rows with such "
        f"predictions: at least {np.abs(found.deviation).min():,.0f} standard deviations off, where "
        f"the farthest other row is {found.usual.max():,.0f} off.{_slips(found.factor)}"
        f"{what_they_share(evidence, found.rows)}",
        "Check the numbers of these rows at their source: unit, decimal point, sign. Once they are "
        "mended, look again: they hide smaller errors.",
        n,
        rate.value,
        "rate of rows",
        rate.value,
        rate.ci_low,
        rate.ci_high,
        excess_loss=_sum_of_excess(evidence, found.rows),
        named=named,
    )


def _suggested(value: float, factor: float, predicted: float) -> str:
    if np.isnan(factor):
        return f"about {_plain(predicted)}"
    return _plain(value / factor)


def _plain(value: float) -> str:
    """Write a number in plain digits: six that count, all before the point."""
    if value == 0 or not 1e-4 <= abs(value) < 1e15:
        return f"{value:g}"
    digits = max(0, 5 - int(np.floor(np.log10(abs(value)))))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _slips(factor: FloatArray) -> str:
    """Say what would explain the numbers."""
    told = []
    for by in sorted({float(f) for f in factor[np.isfinite(factor)]}):
        count = int((factor == by).sum())
        slip = (
            "the other sign"
            if by < 0
            else f"{'divided' if by > 1 else 'multiplied'} by {max(by, 1 / by):,.0f}"
        )
        told.append(f"{slip} ({count:,} row{'s' if count > 1 else ''})")
    other = int((~np.isfinite(factor)).sum())
    if told and other:
        told.append(f"none of these for {other:,}")
    return f" What would make them usual: {', '.join(told)}." if told else ""


def _contradictions(evidence: Evidence) -> Iterator[Found]:
    rows, schema = evidence.out_of_fold, evidence.schema
    found = contradicting_copies(rows.rows[schema.feature_names], rows.y_true)
    n = len(found.rows)
    if not n:
        return
    listed = found.rows[: evidence.params.suspicious_label_count]
    labels = np.array([str(label) for label in schema.labels], dtype=object)
    named = named_rows(rows.rows, schema, listed).assign(
        part="training",
        feature=schema.target,
        value=labels[rows.y_true[listed]],
        label=labels[rows.y_true[listed]],
    )
    yield Found(
        "contradiction",
        "hint",
        schema.target,
        f"{n:,} rows are copies of each other in every feature, but with different labels "
        f"({found.sets:,} set{'s' if found.sets > 1 else ''} of copies). Features are so detailed that "
        "chance hardly makes two equal rows.",
        "See whether these are one row that was entered twice, and which label is right.",
        n,
        n / len(rows),
        excess_loss=_sum_of_excess(evidence, found.rows),
        named=named,
    )


def _rate(evidence: Evidence, rows: "np.ndarray[Any, np.dtype[np.int64]]") -> Estimate:
    """Return the share of the out-of-fold rows that are listed, with its interval."""
    table = evidence.out_of_fold
    clusters = clusters_of(table.rows, evidence.schema.group_column)
    listed = np.isin(np.arange(len(table)), rows)
    return rate_estimate(listed, replace(evidence.bootstrap, clusters=clusters))


def _sum_of_excess(evidence: Evidence, rows: "np.ndarray[Any, np.dtype[np.int64]]") -> float:
    known = evidence.out_of_fold
    excess = excess_row_loss(evidence.task.type, known, known)
    return float(pd.Series(excess[rows]).sum())
