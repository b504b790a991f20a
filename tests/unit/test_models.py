"""Preprocessing, baselines and predictor."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from assay.baselines import RuleClassifier, build_baselines, fit_baselines, load_baseline
from assay.calibration.choice import Identity, Sigmoid
from assay.errors import ArtifactError, ParamsError
from assay.predictor import (
    Predictor,
    assemble_pipeline,
    out_of_fold_scores,
    positive_probability,
    save_predictor,
)
from assay.preprocessing import build_preprocessor, source_features
from assay.schema import infer_schema, typed_table
from assay.splits.by_time import split_by_time


@pytest.fixture
def setting(table, params):
    schema = infer_schema(table, params.data, params.task)
    typed = typed_table(table, schema)
    split = split_by_time(typed["moment"].to_numpy(), typed["outcome"].to_numpy(), 0.2, 3)
    train = typed.iloc[split.train].reset_index(drop=True)
    return schema, train, split.folds, build_preprocessor(schema, params.preprocess)


def test_each_output_column_is_traced_to_its_feature(setting):
    schema, train, _, preprocessor = setting
    fitted = clone(preprocessor).fit(train[schema.feature_names])
    sources = source_features(fitted, schema.feature_names)
    names = fitted.get_feature_names_out()
    assert len(sources) == len(names)
    for name, source in zip(names, sources, strict=True):
        assert source in name, (name, source)
    # Both the number and its missing flag belong to `signal`.
    assert sources.count("signal") == 2


def test_preprocessing_is_fitted_inside_each_fold(setting):
    """A later fold's values, made absurd, must not reach the scores of an earlier fold."""
    schema, train, folds, preprocessor = setting
    baseline = build_baselines(preprocessor, _baseline_params(), 0)["logistic"]
    features, y_true = train[schema.feature_names], train["outcome"].to_numpy()
    plain = out_of_fold_scores(baseline, features, y_true, folds)
    spoilt = features.copy()
    spoilt.loc[folds.fold == folds.fold_count, "signal"] = 1e6
    other = out_of_fold_scores(baseline, spoilt, y_true, folds)
    earlier = folds.validated & (folds.fold < folds.fold_count)
    np.testing.assert_array_equal(plain[earlier], other[earlier])


def test_rows_that_no_fold_validates_have_no_score(setting):
    schema, train, folds, preprocessor = setting
    baseline = build_baselines(preprocessor, _baseline_params(), 0)["prior"]
    features, y_true = train[schema.feature_names], train["outcome"].to_numpy()
    scores = out_of_fold_scores(baseline, features, y_true, folds)
    np.testing.assert_array_equal(np.isnan(scores), ~folds.validated)


def _baseline_params():
    from conftest import make_params, parse_params

    return parse_params(make_params()).baseline


def test_the_best_baseline_is_chosen_on_the_folds(setting, params):
    schema, train, folds, preprocessor = setting
    fitted = fit_baselines(
        train,
        schema,
        folds,
        build_baselines(preprocessor, params.baseline, 0),
        params.task,
        params.calibrate,
        10,
    )
    assert fitted.best == "logistic"
    assert fitted.metrics["prior"]["roc_auc"]["cv_mean"] == 0.5
    assert 0.6 < fitted.metrics["rule"]["roc_auc"]["cv_mean"] < 0.9
    assert len(fitted.out_of_fold) == folds.validated.sum()
    assert not fitted.out_of_fold.isna().any(axis=None)


def test_a_rule_learns_two_rates():
    x = pd.DataFrame({"signal": [1.0, 1.0, 0.0, 0.0, np.nan]})
    rule = RuleClassifier("signal > 0.5").fit(x, np.array([1, 0, 0, 0, 1]))
    np.testing.assert_allclose(rule.predict_proba(x)[:, 1], [0.5, 0.5, 1 / 3, 1 / 3, 1 / 3])
    assert rule.predict(x).tolist() == [1, 1, 0, 0, 0]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("outcome > 0", "may use features only: signal"),
        ("signal >", "cannot be evaluated"),
        ("signal + 1", "must be true or false for each row, got float64"),
    ],
)
def test_a_rule_that_cannot_be_read_is_a_params_error(query, message):
    with pytest.raises(ParamsError, match=message):
        RuleClassifier(query).fit(pd.DataFrame({"signal": [1.0, 2.0]}), np.array([0, 1]))


def test_a_stored_baseline_scores_alike(setting, params, tmp_path):
    schema, train, _, preprocessor = setting
    features, y_true = train[schema.feature_names], train["outcome"].to_numpy()
    for name, baseline in build_baselines(preprocessor, params.baseline, 0).items():
        fitted = Predictor(clone(baseline).fit(features, y_true), Sigmoid(0.5, 0.1))
        save_predictor(tmp_path / name, fitted)
        np.testing.assert_array_equal(
            load_baseline(tmp_path, name).score(features), fitted.score(features)
        )
    with pytest.raises(ArtifactError, match="does not exist"):
        load_baseline(tmp_path, "absent")


def test_a_predictor_applies_its_calibrator(setting, params):
    schema, train, _, preprocessor = setting
    features, y_true = train[schema.feature_names], train["outcome"].to_numpy()
    logistic = build_baselines(preprocessor, params.baseline, 0)["logistic"].fit(features, y_true)
    raw = Predictor(logistic, Identity()).score(features)
    calibrated = Predictor(logistic, Sigmoid(0.5, 0.1)).score(features)
    np.testing.assert_array_equal(calibrated, Sigmoid(0.5, 0.1).apply(raw))
    assert len(Predictor(logistic, Identity()).score(features.iloc[:0])) == 0


def test_assembled_pipelines_share_nothing(setting):
    from sklearn.linear_model import LogisticRegression

    preprocessor, estimator = setting[3], LogisticRegression()
    pipeline = assemble_pipeline(preprocessor, estimator)
    assert pipeline.named_steps["features"] is not preprocessor
    assert pipeline.named_steps["model"] is not estimator


def test_a_row_scores_the_same_in_any_company(setting, params):
    """Bit for bit, for a linear model, whose matrix product is computed in groups of rows."""
    schema, train, _, preprocessor = setting
    features, y_true = train[schema.feature_names], train["outcome"].to_numpy()
    logistic = build_baselines(preprocessor, params.baseline, 0)["logistic"].fit(features, y_true)
    whole = positive_probability(logistic, features)
    rng = np.random.default_rng(0)
    for size in (1, 2, 3, 5, 17, 63, 64, 65, 130, 331):
        rows = rng.permutation(len(features))[:size]
        part = positive_probability(logistic, features.iloc[rows])
        np.testing.assert_array_equal(part, whole[rows])
