"""Categories by the hundred: which features have them, and what becomes of them."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
from cases import make_case, plain_folds, positive_table
from conftest import make_table
from explained import TASKS as EXPLAINED
from explained import candidates_of, fitted, model_of
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline

from assay.calibration.maps import Identity
from assay.interpretation.contributions import row_explainer
from assay.predictor import (
    Predictor,
    Recipe,
    fold_scores,
    load_predictor,
    out_of_fold_predictions,
    save_predictor,
)
from assay.preprocessing import high_cardinality_features, source_features
from assay.search.candidates import CANDIDATES
from assay.search.selection import engine_factory, search_best
from assay.skops_files import model_bytes

TASKS = ["binary", "multiclass", "regression"]
MEANS = {"max_categories": 20, "high_cardinality": "target"}
FREQUENT = {"max_categories": 20, "high_cardinality": "frequency"}


def with_shops(task="binary", rows=600, shops=60, effect=0.0, seed=0, table=None):
    """Return the tiny table with a feature of many categories; some are missing."""
    table = make_table(rows, seed, task) if table is None else table
    rng = np.random.default_rng(seed + 1)
    shop = rng.integers(0, shops, len(table))
    if effect:
        good = rng.normal(size=shops)[shop]
        table["outcome"] = (rng.uniform(size=len(table)) < 1 / (1 + np.exp(-effect * good))).astype(
            int
        )
    names = pd.Series([f"shop {number}" for number in shop])
    return table.assign(shop=names.where(rng.uniform(size=len(table)) > 0.03, None))


def fit_shops(preprocess, task="binary", **table):
    case = make_case(task, table=with_shops(task, **table), preprocess=preprocess)
    fitted = clone(case.preprocessor)
    return case, fitted, fitted.fit_transform(case.features, case.y_true)


def columns_of(case, fitted, feature):
    return np.flatnonzero(np.array(source_features(fitted, case.schema.feature_names)) == feature)


def one_row(case, shop):
    """Return a row in model form, where categories are objects also if all of them are missing."""
    return case.features.head(1).assign(shop=pd.Series([shop], dtype=object))


def test_cardinality_is_that_of_the_training_rows_and_missing_is_no_category():
    case = make_case(table=with_shops(shops=30))
    known = case.train["shop"].nunique()
    assert known == 30
    assert high_cardinality_features(case.train, case.schema, known - 1) == ["shop"]
    assert high_cardinality_features(case.train, case.schema, known) == []
    few = case.train[case.train["shop"].isin(["shop 1", "shop 2"]) | case.train["shop"].isna()]
    assert high_cardinality_features(few, case.schema, 2) == ["kind"]
    # Only training rows were asked: the holdout may hold what it wants.
    assert case.holdout.assign(shop=case.holdout["row_key"])["shop"].nunique() > known


def test_features_within_the_limit_are_encoded_as_ever():
    # As many categories as the limit: each with rows enough keeps its column.
    case, fitted, _ = fit_shops({"max_categories": 3, "min_category_count": 1}, shops=3)
    assert [name for name, _, _ in fitted.transformers_] == ["numeric", "categorical"]
    # And one for what is missing.
    assert len(columns_of(case, fitted, "shop")) == 4
    assert len(columns_of(case, fitted, "kind")) == 4


def test_the_most_frequent_keep_a_column_and_the_rest_share_one_with_the_unknown():
    case, fitted, _ = fit_shops({**FREQUENT, "min_category_count": 1}, rows=2000)
    columns = columns_of(case, fitted, "shop")
    assert len(columns) == 20
    shared = columns[-1]
    counts = case.train["shop"].value_counts()
    often, seldom = counts.index[0], counts.index[-1]
    rows = {
        name: fitted.transform(one_row(case, shop=name))[0]
        for name in (often, seldom, "never seen")
    }
    assert [row[columns].sum() for row in rows.values()] == [1, 1, 1]
    assert [row[shared] for row in rows.values()] == [0, 1, 1]
    # `kind` is below the limit and has no shared column.
    assert len(columns_of(case, fitted, "kind")) == 4


def test_rare_categories_share_the_column_also_below_the_limit():
    case, fitted, _ = fit_shops({**FREQUENT, "min_category_count": 10_000})
    assert len(columns_of(case, fitted, "shop")) == 1


def test_a_mean_target_is_drawn_to_that_of_all_rows_and_the_unknown_has_that():
    case, fitted, _ = fit_shops(MEANS)
    (column,) = columns_of(case, fitted, "shop")
    encoder = fitted.named_transformers_["high_cardinality"]
    scale = encoder.named_steps["scale"]

    def mean_of(shop):
        shop = shop or np.nan
        return fitted.transform(one_row(case, shop=shop))[0, column] * scale.scale_ + scale.mean_

    overall = case.y_true.mean()
    np.testing.assert_allclose(mean_of("never seen"), overall)
    for shop in ["shop 1", "shop 2", ""]:
        inside = case.train["shop"].fillna("") == shop
        own = case.y_true[inside.to_numpy()].mean()
        assert own != overall
        low, high = sorted([own, overall])
        assert low < mean_of(shop) < high, shop


def test_a_missing_category_that_training_never_met_is_unknown():
    table = with_shops().assign(shop=lambda frame: frame["shop"].fillna("shop 0"))
    for preprocess in (MEANS, FREQUENT):
        case = make_case(table=table, preprocess=preprocess)
        fitted = clone(case.preprocessor)
        fitted.fit_transform(case.features, case.y_true)
        missing, unknown = (
            fitted.transform(one_row(case, shop=value)) for value in (np.nan, "never seen")
        )
        np.testing.assert_array_equal(missing, unknown)


@pytest.mark.parametrize("task", TASKS)
def test_every_column_of_means_is_traced_to_its_feature(task):
    table = with_shops(task).assign(town=lambda frame: frame["shop"].str[-1:] + frame["row_key"])
    case = make_case(task, table=table, preprocess=MEANS)
    fitted = clone(case.preprocessor)
    matrix = fitted.fit_transform(case.features, case.y_true)
    sources = source_features(fitted, case.schema.feature_names)
    names = fitted.get_feature_names_out()
    assert len(sources) == len(names) == matrix.shape[1]
    for name, source in zip(names, sources, strict=True):
        assert source in name, (name, source)
    wide = 3 if task == "multiclass" else 1
    assert sources.count("shop") == sources.count("town") == wide


def test_whole_numbers_as_a_target_are_numbers():
    table = with_shops("regression")
    case = make_case(
        "regression", table=table.assign(outcome=table["outcome"].round()), preprocess=MEANS
    )
    fitted = clone(case.preprocessor)
    fitted.fit_transform(case.features, case.y_true)
    assert len(columns_of(case, fitted, "shop")) == 1


def naive(encoder, features, y_true):
    """Return the mean target of each row's category, its own outcome among them."""
    return encoder.fit(features, y_true).transform(features)


def noise_and_outcomes(seed, rows=3000, categories=1000):
    rng = np.random.default_rng(seed)
    table = make_table(rows, seed).assign(outcome=rng.integers(0, 2, rows))
    table["shop"] = [f"shop {number}" for number in rng.integers(0, categories, rows)]
    return make_case(
        table=table[["row_key", "moment", "entity", "outcome", "aftermath", "remark", "shop"]],
        preprocess={"high_cardinality": "target"},
        baseline={"rule": None},
    )


def test_noise_by_the_thousand_gains_nothing_out_of_fold():
    """Naive means look splendid on the rows they come from; cross-fitted ones do not."""
    out_of_fold, own, cheated = [], [], []
    for seed in range(4):
        case = noise_and_outcomes(seed)
        assert case.preprocessor.transformers[-1][0] == "high_cardinality"
        folds = plain_folds(len(case.train), seed=seed)
        recipe = Recipe(case.preprocessor, LogisticRegression())
        predicted = out_of_fold_predictions(recipe.fit, case.features, case.y_true, folds)
        out_of_fold.append(roc_auc_score(case.y_true, predicted))
        crossed = clone(case.preprocessor).fit_transform(case.features, case.y_true)
        own.append(roc_auc_score(case.y_true, crossed[:, 0]))
        learnt = naive(clone(case.preprocessor), case.features, case.y_true)
        cheated.append(roc_auc_score(case.y_true, learnt[:, 0]))
    # Some 600 rows a side: the standard error of one AUC is about 0.012, of their mean 0.006.
    assert abs(np.mean(out_of_fold) - 0.5) < 0.025
    assert max(own) < 0.53
    assert min(cheated) > 0.8


def test_what_a_category_tells_is_used_and_more_of_it_than_by_frequency():
    table = with_shops(rows=3000, shops=300, effect=1.5)
    reached = {}
    for how in ("target", "frequency"):
        case = make_case(table=table, preprocess={"high_cardinality": how})
        folds = plain_folds(len(case.train))
        recipe = Recipe(case.preprocessor, LogisticRegression(max_iter=2000))
        predicted = out_of_fold_predictions(recipe.fit, case.features, case.y_true, folds)
        reached[how] = roc_auc_score(case.y_true, predicted)
    assert reached["target"] > reached["frequency"] + 0.1, reached


@cache
def means_case(task):
    changes = {"task": {"target_transform": "log1p"}} if task == "log1p" else {}
    task = "regression" if task == "log1p" else task
    table = with_shops(table=positive_table() if changes else make_table(task=task))
    return make_case(task, table, preprocess=MEANS, **changes)


@pytest.mark.parametrize(("task", "name"), [(t, n) for t in EXPLAINED for n in candidates_of(t)])
def test_every_candidate_learns_from_means_is_stored_and_explained(task, name, tmp_path):
    case = means_case(task)
    pipeline = fitted(case, model_of(case, name))
    assert model_bytes(pipeline) == model_bytes(fitted(case, model_of(case, name)))
    predictor = Predictor(pipeline, Identity())
    save_predictor(tmp_path / name, predictor)
    rows = case.holdout[case.schema.feature_names].head(30).reset_index(drop=True)
    rows.loc[0, "shop"], rows.loc[1, "shop"] = "never seen", np.nan
    predicted = predictor.predict(rows)
    assert np.isfinite(predicted).all()
    np.testing.assert_array_equal(load_predictor(tmp_path / name).predict(rows), predicted)
    explainer = row_explainer(pipeline, case.schema, case.features.head(30))
    found, whole = explainer.contributions(rows), explainer.outputs(rows)
    gap = np.abs(found.base + found.values.sum(axis=1) - whole).max()
    assert gap <= 1e-6 * max(1, np.abs(whole).max())


@pytest.mark.parametrize("engine", ["pycaret", "sklearn"])
@pytest.mark.parametrize(
    ("task", "train"),
    [
        ("binary", {"class_weight": "balanced"}),
        ("multiclass", {"resampling": "smote"}),
        ("regression", {}),
    ],
)
def test_both_engines_cross_fit_inside_each_fold(engine, task, train):
    """`search_best` compares the engine's fold scores with those of the pipeline that ships."""
    case = make_case(
        task,
        table=with_shops(task, shops=200),
        preprocess=MEANS,
        train={"engine": engine, "tune_top": 1, "trials": 2, **train},
    )
    problem = case.problem()
    found = search_best(problem, case.params.train, lambda _: None)
    assert (found.leaderboard["failure"] == "").all()
    ours = fold_scores(problem.metric, case.y_true, found.out_of_fold, case.folds)
    np.testing.assert_allclose(found.chosen.scores, ours, atol=1e-6)


@pytest.mark.parametrize("engine", ["pycaret", "sklearn"])
def test_an_engine_that_took_naive_means_would_score_otherwise(engine):
    """The linear model trusts naive means too much: its scores tell which ones it was given."""
    case = make_case(table=with_shops(shops=200), preprocess=MEANS, train={"engine": engine})
    problem = case.problem()
    scores = engine_factory(engine)(problem).score(CANDIDATES["logistic"]).scores

    def fit_naively(features, y_true):
        preprocessor = clone(problem.preprocessor)
        matrix = naive(preprocessor, features, y_true)
        model = problem.model(CANDIDATES["logistic"], {}).fit(matrix, y_true)
        return Pipeline([("features", preprocessor), ("model", model)])

    wrong = out_of_fold_predictions(fit_naively, case.features, case.y_true, case.folds)
    naive_scores = fold_scores(problem.metric, case.y_true, wrong, case.folds)
    assert np.abs(np.array(scores) - naive_scores).min() > 0.005
