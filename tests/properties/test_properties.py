"""What must hold for any rows, shown on rows that Hypothesis makes up."""

import numpy as np
import pandas as pd
from conftest import make_params, make_table, parse_params
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from assay.contract import accept, build_contract
from assay.errors import AssayError
from assay.metrics import binary_metrics
from assay.schema import infer_schema, typed_table
from assay.thresholds import Costs, Rule, decide, threshold_curve

QUICK = settings(max_examples=60, deadline=None)


@st.composite
def scored_rows(draw):
    n = draw(st.integers(4, 40))
    y_true = draw(arrays(np.int64, n, elements=st.integers(0, 1)))
    assume(0 < y_true.sum() < n)
    grid = draw(arrays(np.int64, n, elements=st.integers(0, 20)))
    return y_true, grid / 20


@QUICK
@given(scored_rows(), st.data())
def test_weights_equal_repetition(rows, data):
    y_true, score = rows
    counts = data.draw(arrays(np.int64, len(y_true), elements=st.integers(0, 3)))
    repeated = np.repeat(np.arange(len(y_true)), counts)
    assume(0 < y_true[repeated].sum() < len(repeated))
    for metric in binary_metrics(5).values():
        weighted = metric.function(y_true, score, counts[None].astype(float))[0]
        plain = metric.value(y_true[repeated], score[repeated])
        np.testing.assert_allclose(weighted, plain, rtol=1e-9, atol=1e-12)


@QUICK
@given(scored_rows(), st.randoms(use_true_random=False))
def test_metrics_do_not_depend_on_the_order_of_rows(rows, random):
    y_true, score = rows
    order = list(range(len(y_true)))
    random.shuffle(order)
    for metric in binary_metrics(5).values():
        np.testing.assert_allclose(
            metric.value(y_true[order], score[order]), metric.value(y_true, score), rtol=1e-12
        )


@QUICK
@given(scored_rows())
def test_a_monotone_map_keeps_the_ranking_metrics(rows):
    y_true, score = rows
    metrics = binary_metrics(5)
    for name in ("roc_auc", "average_precision"):
        assert metrics[name].value(y_true, score**3) == metrics[name].value(y_true, score)


@QUICK
@given(scored_rows())
def test_a_higher_threshold_never_flags_more(rows):
    curve = threshold_curve(*rows, Costs(1, 5))
    assert (np.diff(curve.threshold) < 0).all()
    assert (np.diff(curve.recall) >= 0).all()
    assert (np.diff(curve.flagged_rate) > 0).all()


@QUICK
@given(scored_rows(), st.sampled_from(["max_f1", "min_recall", "min_cost"]))
def test_the_chosen_point_does_what_the_curve_says(rows, strategy):
    y_true, score = rows
    rule = Rule(strategy, 0.5, 0.5, 0.5, Costs(1, 5))
    point = decide(y_true, score, rule, "case", (0, 1)).out_of_fold
    curve = threshold_curve(y_true, score, rule.costs)
    if strategy == "max_f1":
        np.testing.assert_allclose(point.f1, curve.f1.max())
    elif strategy == "min_cost":
        np.testing.assert_allclose(point.expected_cost, curve.expected_cost.min())
    else:
        assert point.recall >= 0.5


_PARAMS = parse_params(make_params())
_TABLE = make_table(120)
_SCHEMA = infer_schema(_TABLE, _PARAMS.data, _PARAMS.task)
_CONTRACT = build_contract(_SCHEMA, typed_table(_TABLE, _SCHEMA))

_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(max_size=4),
    st.just("1,000"),
    st.just(pd.Timestamp("2024-01-01")),
)


@QUICK
@given(
    st.dictionaries(
        st.sampled_from(["signal", "noise", "count", "kind", "row_key", "moment", "extra"]),
        st.lists(_VALUES, min_size=3, max_size=3),
        min_size=4,
    )
)
def test_any_table_is_accepted_in_model_form_or_refused_with_a_sentence(columns):
    frame = pd.DataFrame(
        {name: pd.Series(values, dtype=object) for name, values in columns.items()}
    )
    try:
        accepted = accept(frame, _CONTRACT, "t")
    except AssayError as error:
        assert str(error)
        return
    assert list(accepted.features) == _SCHEMA.feature_names
    assert len(accepted.features) == len(accepted.carried) == 3
    numbers = accepted.features[_SCHEMA.names_of("numeric")]
    assert numbers.dtypes.eq("float64").all()
    assert not np.isinf(numbers.to_numpy()).any()
