import numpy as np
import pandas as pd
import pytest
from cases import make_case

from assay.predictions import prediction_columns, predictions_of

RNG = np.random.default_rng(0)
PREDICTED = {
    "binary": (RNG.uniform(size=5), ["y_score"]),
    "multiclass": (RNG.dirichlet(np.ones(3), 5), ["y_prob_0", "y_prob_1", "y_prob_2"]),
    "regression": (RNG.normal(size=5), ["y_pred"]),
}


@pytest.mark.parametrize("rows", [5, 1, 0])
@pytest.mark.parametrize("task", PREDICTED)
def test_predictions_are_named_columns_and_come_back(task, rows):
    schema, (predicted, names) = make_case(task).schema, PREDICTED[task]
    predicted = predicted[:rows]
    both = pd.concat(
        [
            prediction_columns(predicted, schema),
            prediction_columns(predicted + 1, schema, "baseline_"),
        ],
        axis=1,
    )
    assert list(both) == [*names, *(f"baseline_{name}" for name in names)]
    np.testing.assert_array_equal(predictions_of(both, schema), predicted)
    back = predictions_of(both, schema, "baseline_")
    np.testing.assert_array_equal(back, predicted + 1)
    assert back.shape == predicted.shape
    assert back.flags["C_CONTIGUOUS"]
