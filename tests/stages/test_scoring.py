"""Rows through the packaged model of each task: alone, in company, from any file, through PyCaret."""

import warnings

import numpy as np
import pandas as pd
import pytest
from conftest import VARIANTS

from assay import artifacts
from assay.acceptance import accept
from assay.batch.run import score_file
from assay.decisions.columns import predictions_in
from assay.errors import ArtifactError
from assay.predictions import predictions_of
from assay.predictor import load_predictor
from assay.scoring import load_bundle, score_table
from assay.skew import check_skew


@pytest.fixture
def bundle(finished_task):
    return load_bundle(finished_task.run)


@pytest.fixture
def rows(finished_task):
    return finished_task.new_rows().drop(columns=["outcome", "aftermath"]).head(80)


def test_a_row_is_predicted_the_same_alone_and_in_company(bundle, rows):
    together = score_table(bundle, rows).predictions
    for i in range(10):
        alone = score_table(bundle, rows.iloc[[i]]).predictions
        row = together.iloc[[i]].reset_index(drop=True)
        pd.testing.assert_frame_equal(alone, row, check_exact=True)


def test_csv_and_parquet_are_predicted_alike(bundle, rows, tmp_path):
    predicted = []
    for kind in ("csv", "parquet"):
        artifacts.write_table(tmp_path / f"in.{kind}", rows)
        score_file(bundle, tmp_path / f"in.{kind}", tmp_path / f"{kind}.parquet")
        scored = artifacts.read_table(tmp_path / f"{kind}.parquet")
        predicted.append(predictions_in(scored, bundle.decision))
    np.testing.assert_array_equal(*predicted)


def test_no_rows_give_no_predictions_and_every_column(bundle, rows):
    none, some = (score_table(bundle, part).predictions for part in (rows.iloc[:0], rows))
    assert none.empty
    assert list(none) == list(some)


def test_the_skew_check_finds_a_difference_in_the_last_digit(finished_task, bundle, tmp_path):
    predictor = load_predictor(finished_task.folder / "models/candidate")
    source = artifacts.read_table(finished_task.run / "tables/holdout_input.parquet")
    stored = artifacts.read_table(finished_task.folder / "data/predictions/holdout.parquet")
    judged = predictions_of(stored, bundle.contract.schema)
    arguments = (predictor, bundle.contract, bundle.decision, source)
    check_skew(*arguments, judged, tmp_path / "a")
    spoilt = judged.copy()
    spoilt[3] = np.nextafter(spoilt[3], 1)
    with pytest.raises(ArtifactError, match=r"1 of 120 holdout rows score differently"):
        check_skew(*arguments, spoilt, tmp_path / "b")


def accepted_features(bundle, rows):
    names = bundle.contract.schema.feature_names
    return accept({name: rows[name] for name in names}, bundle.contract, "rows").features


_BY_PYCARET = [key for key in VARIANTS if key[1] == "pycaret"]


@pytest.mark.parametrize("finished_task", _BY_PYCARET, indirect=True, ids="-".join)
def test_pycaret_reads_its_own_file_and_predicts_alike(finished_task, bundle, rows):
    with warnings.catch_warnings():
        # PyCaret's own code raises them; its user cannot mend it.
        warnings.simplefilter("ignore")
        if finished_task.task == "regression":
            from pycaret.regression import load_model, predict_model
        else:
            from pycaret.classification import load_model, predict_model
        model = load_model(str(finished_task.run / "model/pycaret_model"), verbose=False)
        features = rows[bundle.contract.schema.feature_names]
        scores = {} if finished_task.task == "regression" else {"raw_score": True}
        found = predict_model(model, data=features, round=17, verbose=False, **scores)
    names = [name for name in found if name.startswith("prediction_score")]
    theirs = found[names or ["prediction_label"]].to_numpy(dtype=float)
    pipeline, features = bundle.predictor.pipeline, accepted_features(bundle, rows)
    ours = pipeline.predict_proba(features) if names else pipeline.predict(features)[:, None]
    # PyCaret shrinks numbers to 32 bits before it predicts.
    np.testing.assert_allclose(theirs, ours, rtol=1e-3, atol=1e-3)
    assert np.median(np.abs(theirs - ours)) < 2e-6
