"""Which rows a model is examined by."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases import make_case

from assay import evidence
from assay.evidence import gather_evidence
from assay.schema import ROW


class Constant:
    def predict(self, features):
        return np.full(len(features), 0.5)


def gathered(case, sample_rows, holdout=None):
    known = case.train.iloc[::-1]
    out_of_fold = pd.DataFrame(
        {ROW: known[ROW], "y_true": known[case.schema.target], "y_score": known["signal"].fillna(0)}
    )
    return gather_evidence(
        Constant(),
        case.schema,
        case.holdout if holdout is None else holdout,
        case.train,
        out_of_fold,
        case.params.interpret.model_copy(update={"sample_rows": sample_rows}),
        case.params.task,
    )


def test_out_of_fold_predictions_stand_beside_their_own_rows():
    found = gathered(make_case(), 10_000).out_of_fold
    assert (found.rows["outcome"].to_numpy() == found.y_true).all()
    assert (found.rows["signal"].fillna(0).to_numpy() == found.y_predicted).all()
    half = found.at(found.y_true == 1)
    assert (half.y_true == 1).all()
    assert half.rows.index.tolist() == list(range(len(half)))


def grouped(sizes):
    """Return a case whose holdout has groups of these sizes."""
    case = make_case()
    rows = np.arange(sum(sizes)) % len(case.holdout)
    holdout = case.holdout.iloc[rows].reset_index(drop=True)
    holdout["entity"] = np.repeat([f"g{number}" for number in range(len(sizes))], sizes)
    return replace(case, schema=replace(case.schema, group_column="entity")), holdout


@pytest.mark.parametrize(
    ("sizes", "whole"),
    [
        ([5] * 100, True),
        # One that is too large for the sample is left out.
        ([300, *[3] * 60], True),
        # Two that do not fit, or one alone, would tell nothing of the others.
        ([250, 250], False),
        ([400, 40, 40], False),
    ],
)
def test_a_sample_has_whole_groups_where_enough_of_them_fit(sizes, whole):
    case, holdout = grouped(sizes)
    rows = gathered(case, 150, holdout).holdout.rows
    assert 100 < len(rows) <= 150
    counts = rows["entity"].value_counts()
    expected = holdout["entity"].value_counts()[counts.index]
    assert (counts == expected).all() is np.bool_(whole)
    assert (len(counts) >= evidence._FEWEST_GROUPS) is whole


def test_without_groups_rows_are_drawn_once_in_their_order():
    case = make_case()
    case = replace(case, schema=replace(case.schema, group_column=None))
    one, other = (gathered(case, 100).holdout.rows for _ in range(2))
    assert len(one) == 100
    assert one[ROW].is_monotonic_increasing
    pd.testing.assert_frame_equal(one, other)
