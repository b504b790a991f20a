import numpy as np
import pytest

from assay.metrics.catalogue import ROW_LOSS, primary_metric, row_loss, task_metrics
from assay.sections import TASK_METRICS

EVERY_SCORER = [(task, name) for task, names in TASK_METRICS.items() for name in names]


@pytest.mark.parametrize(("task", "scorer"), EVERY_SCORER)
def test_every_scorer_has_the_direction_of_its_name(task, scorer):
    """scikit-learn negates a loss; ours stays one."""
    metric = primary_metric(task, scorer)
    assert metric.greater_is_better is not scorer.startswith("neg_")
    assert metric.name in task_metrics(task)


def test_gain_is_positive_where_the_model_is_better():
    assert primary_metric("binary", "roc_auc").gain(0.8, than=0.7) == pytest.approx(0.1)
    assert primary_metric("multiclass", "neg_log_loss").gain(0.3, than=0.4) == pytest.approx(0.1)
    assert primary_metric("regression", "r2").gain(0.3, than=0.4) == pytest.approx(-0.1)


PREDICTED = {
    "binary": (np.array([0, 1, 1]), np.array([0.2, 0.7, 0.4])),
    "multiclass": (np.array([0, 1, 2]), np.array([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1], [0, 1, 0]])),
    "regression": (np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.0, 1.0])),
}
MEAN = {"binary": "log_loss", "multiclass": "log_loss", "regression": "mae"}


@pytest.mark.parametrize("task", ROW_LOSS)
def test_the_mean_of_row_losses_is_the_metric(task):
    y_true, predicted = PREDICTED[task]
    loss = row_loss(task, y_true, predicted)
    assert loss.shape == (3,)
    assert loss.mean() == pytest.approx(task_metrics(task)[MEAN[task]].value(y_true, predicted))
