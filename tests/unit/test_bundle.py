"""Run folders and scoring through them."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from bundles import copy_of_run, families_of_run, forge, run_of, seal
from conftest import make_table
from sklearn.base import BaseEstimator, clone
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import Pipeline, make_pipeline

from assay import artifacts
from assay.baselines import RuleClassifier
from assay.bundle import (
    BACKGROUND,
    MANIFEST,
    bundle_files,
    latest_bundle,
    load_bundle,
    verify_bundle,
)
from assay.calibration.maps import Identity
from assay.errors import ArtifactError
from assay.manifest import verify_files
from assay.predictor import Predictor, load_predictor, save_predictor
from assay.scoring import score_table
from assay.skew import check_skew
from assay.skops_files import model_bytes, untrusted_types
from assay.trust import FAMILIES, SHIPPED


@pytest.fixture
def folder(finished, tmp_path):
    """A copy of the finished project's run folder, free to be spoilt."""
    return copy_of_run(finished, tmp_path / "run")


@pytest.fixture
def bundle(folder):
    return load_bundle(folder)


@pytest.fixture
def rows():
    return make_table(80, seed=9).drop(columns=["outcome", "aftermath"])


def test_a_run_folder_has_everything_the_design_lists(folder):
    for name in (
        "model/pipeline.skops", "model/pycaret_model.pkl", "model/calibrator.json",
        "schema/input_schema.json", "decision.json", "metrics/holdout.json", "plots/evaluate/roc.png",
        "tables/leaderboard.csv", "tables/holdout_predictions.parquet",
        "tables/holdout_input.parquet", "monitoring/baseline.json", "env/pip_freeze.txt",
        "env/env_meta.json", "env/requirements-scoring.txt", "env/requirements-scoring-extras.txt",
        "model/background.parquet", "check/input.parquet", "check/output.parquet",
        "scorer/__main__.py", "scorer/assay/__init__.py", "scorer/assay/bundle.py",
        "scorer/stages/__init__.py", "scorer/stages/predict.py",
        "run_meta.json", "model_card.md", MANIFEST,
    ):  # fmt: skip
        assert (folder / name).is_file(), name


def test_the_manifest_covers_every_file(folder):
    listed = set(verify_bundle(folder)["files"]) | {MANIFEST}
    assert listed == {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_a_changed_byte_anywhere_is_refused_by_name(folder):
    for name in verify_bundle(folder)["files"]:
        path = folder / name
        before = path.read_bytes()
        path.write_bytes(before[:-1] + bytes([(before or b"0")[-1] ^ 1]))
        with pytest.raises(ArtifactError, match="is not the file that was packaged") as caught:
            load_bundle(folder)
        assert name in str(caught.value)
        path.write_bytes(before)
    load_bundle(folder)


def test_missing_files_are_all_named(folder):
    (folder / "decision.json").unlink()
    (folder / "model/calibrator.json").unlink()
    with pytest.raises(ArtifactError, match="2 faults") as caught:
        load_bundle(folder)
    assert "decision.json is missing" in str(caught.value)
    assert "calibrator.json is missing" in str(caught.value)


def test_a_file_that_the_manifest_does_not_list_is_refused_by_name(folder):
    (folder / "model/patch.pkl").write_bytes(b"x")
    with pytest.raises(ArtifactError, match=r"model/patch.pkl is not in the manifest; remove it"):
        load_bundle(folder)


def test_the_manifest_declares_the_families_that_the_model_needs_and_no_other(finished_task):
    manifest = verify_bundle(finished_task.run)
    content = (finished_task.run / "model/pipeline.skops").read_bytes()
    needed = set(untrusted_types(content, "m"))
    assert manifest["families"]
    for family in manifest["families"]:
        assert needed & set(SHIPPED[family])
    assert needed <= {name for family in manifest["families"] for name in SHIPPED[family]}
    chosen = artifacts.read_json(finished_task.run / "metrics/train.json")["chosen_model"]
    own = {"lightgbm", "forest", "xgboost", "catboost", "hist_gradient_boosting", "blend"}
    expected = {chosen} & own
    if chosen != "blend":
        assert set(manifest["families"]) & own == expected


@pytest.mark.parametrize("finished_task", [("binary", "sklearn")], indirect=True, ids="-".join)
def test_a_candidate_declares_its_families_too(finished_task):
    declared = artifacts.read_json(finished_task.folder / "models/candidate/families.json")
    assert declared == verify_bundle(finished_task.run)["families"]


def test_a_type_beyond_the_declared_families_is_refused_with_both_named(folder):
    families = verify_bundle(folder)["families"]
    for family in families:
        others = [name for name in families if name != family]
        seal(folder, others)
        with pytest.raises(ArtifactError, match="holds types that its families") as caught:
            load_bundle(folder)
        told = str(caught.value)
        assert f"({', '.join(others) or 'none'})" in told
        assert any(name in told for name in SHIPPED[family])


@pytest.mark.parametrize("family", ["everything", "rule"])
def test_an_unknown_family_is_refused_by_name(folder, family):
    seal(folder, [*verify_bundle(folder)["families"], family])
    with pytest.raises(ArtifactError, match=f"declares unknown families of types: {family};"):
        load_bundle(folder)


class Stranger(BaseEstimator):
    """A model of no family."""


@pytest.mark.parametrize(
    ("model", "name"),
    [(Stranger(), "Stranger"), (RuleClassifier("signal > 0"), "assay.baselines.RuleClassifier")],
)
def test_a_model_of_no_family_is_refused_when_it_is_packaged(bundle, model, name):
    predictor = Predictor(Pipeline([("model", model)]), Identity())
    with pytest.raises(ArtifactError, match=rf"types of no family that may be loaded: .*{name}"):
        bundle_files(predictor, bundle.contract, bundle.decision, {})


def test_a_candidate_may_hold_no_rule_and_a_baseline_may(tmp_path):
    frame = pd.DataFrame({"signal": [0.0, 1.0, 2.0, 3.0]})
    rule = RuleClassifier("signal > 1").fit(frame, np.array([0, 0, 1, 1]))
    save_predictor(tmp_path, Predictor(rule, Identity()))
    with pytest.raises(ArtifactError, match="unknown families of types: rule"):
        load_predictor(tmp_path)
    assert load_predictor(tmp_path, FAMILIES).predict(frame).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize("families", [None, "rule", {"rule": []}, [7]])
def test_a_candidate_whose_families_are_no_list_is_refused(tmp_path, families):
    save_predictor(tmp_path, Predictor(DummyClassifier().fit([[0]], [0]), Identity()))
    artifacts.write_json(tmp_path / "families.json", families)
    with pytest.raises(ArtifactError, match=r"families.json is no list of families"):
        load_predictor(tmp_path)


@pytest.mark.parametrize("document", [None, [], {}, {"method": "magic"}, {"method": "sigmoid"}])
def test_a_candidate_whose_calibrator_is_none_is_refused(tmp_path, document):
    save_predictor(tmp_path, Predictor(DummyClassifier().fit([[0]], [0]), Identity()))
    artifacts.write_json(tmp_path / "calibrator.json", document)
    with pytest.raises(ArtifactError, match=r"calibrator.json is no calibrator. Run"):
        load_predictor(tmp_path)


SCORING = (
    *("model/pipeline.skops", "model/calibrator.json", "schema/input_schema.json"),
    *("decision.json", "run_meta.json"),
)


@pytest.mark.parametrize("name", SCORING)
@pytest.mark.parametrize(
    "content",
    [b"", b"\x80\x04]q\x00.", b"[]", b"{", b"{}", b"null", b'"text"', b"\xff", b"[" * 9999, b"NaN"],
    ids=["empty", "pickle", "list", "cut", "object", "null", "text", "bytes", "deep", "nan"],
)
def test_a_forged_file_without_sense_is_refused_by_name_in_one_sentence(folder, name, content):
    forge(folder, name, content)
    with pytest.raises(ArtifactError, match=f"{name} (is not a|does not hold what)") as caught:
        load_bundle(folder)
    assert "\n" not in str(caught.value)


FEATURES = pd.DataFrame(
    {"signal": [0.5, -1, 2, 0], "noise": [1.0, 2, 3, 4], "count": [1.0, 2, 3, 4]}
)
LINEAR = make_pipeline(ColumnTransformer([("n", SimpleImputer(), ["signal", "noise", "count"])]))


def linear(model, target):
    return clone(LINEAR).set_params(steps=[*LINEAR.steps, ("model", model)]).fit(FEATURES, target)


NO_MODELS = {
    "no estimator": {"model": [1, 2]},
    "a transformer": SimpleImputer().fit([[1.0]]),
    "an unfitted model": LogisticRegression(),
    "an unfitted pipeline": make_pipeline(SimpleImputer(), LogisticRegression()),
    "a model of other features": make_pipeline(DummyClassifier(), memory=None).fit([[0]], [0]),
    "a model of three classes": linear(LogisticRegression(), [0, 1, 2, 0]),
    "a model of numbers": linear(Ridge(), [0, 1, 2, 0]),
    "a model of features that the schema does not have": (
        LogisticRegression().fit(pd.DataFrame({"other": [0.0, 1]}), [0, 1])
    ),
}


@pytest.mark.parametrize("kind", NO_MODELS)
def test_a_forged_model_that_cannot_predict_is_refused(folder, kind):
    forge(folder, "model/pipeline.skops", model_bytes(NO_MODELS[kind]))
    with pytest.raises(
        ArtifactError, match=r"pipeline.skops holds no model for binary of"
    ) as caught:
        load_bundle(folder)
    assert "\n" not in str(caught.value)


def test_an_infinite_prediction_is_refused(folder):
    model = linear(LogisticRegression(), [0, 1, 1, 0])
    model.named_steps["model"].intercept_ = np.array([np.nan])
    forge(folder, "model/pipeline.skops", model_bytes(model))
    with pytest.raises(ArtifactError, match=r"it predicts \[nan\] for a row without any value"):
        load_bundle(folder)


def test_what_was_verified_is_what_is_loaded(folder, monkeypatch):
    """A file that is exchanged between the check and the load has no effect."""
    from assay import bundle as module

    def exchanging(*arguments):
        verified = verify_files(*arguments)
        (folder / "decision.json").write_text('{"kind": "exchanged"}')
        return verified

    monkeypatch.setattr(module, "verify_files", exchanging)
    assert load_bundle(folder).decision["kind"] == "threshold"


def test_members_and_files_of_a_later_assay_are_ignored(folder, rows):
    before = score_table(load_bundle(folder), rows).predictions
    for name in SCORING[1:]:
        document = artifacts.read_json(folder / name) | {"later": {"member": 1}}
        forge(folder, name, json.dumps(document).encode())
    forge(folder, "later.bin", b"a file of a later Assay")
    pd.testing.assert_frame_equal(score_table(load_bundle(folder), rows).predictions, before)


def test_background_rows_are_training_rows_in_model_form(finished_task):
    bundle = load_bundle(finished_task.run)
    rows = bundle.background()
    train = artifacts.read_table(finished_task.folder / "data/split/train.parquet")
    features = train[bundle.contract.schema.feature_names]
    assert len(rows) == 50
    assert rows.dtypes.equals(features.dtypes)
    merged = rows.merge(features.drop_duplicates(), how="left", indicator=True)
    assert (merged["_merge"] == "both").all()
    assert np.isfinite(bundle.predictor.predict(rows)).all()


def test_background_rows_that_are_absent_changed_or_others_are_refused(folder, bundle):
    path = folder / BACKGROUND
    before = path.read_bytes()
    path.write_bytes(b"another")
    with pytest.raises(ArtifactError, match="was changed after it was loaded"):
        bundle.background()
    forge(folder, BACKGROUND, b"PAR1 no table")
    with pytest.raises(ArtifactError, match=r"background.parquet is not a readable parquet file"):
        load_bundle(folder).background()
    others = artifacts.parse_parquet(before, path).drop(columns="signal")
    forge(folder, BACKGROUND, artifacts.parquet_bytes(others))
    with pytest.raises(ArtifactError, match=r"does not hold the model's features \('signal'\)"):
        load_bundle(folder).background()
    path.unlink()
    seal(folder, families_of_run(folder))
    with pytest.raises(ArtifactError, match=r"background.parquet is not in the manifest"):
        load_bundle(folder).background()


def test_a_bundle_knows_its_folder_and_the_hash_of_its_manifest(folder, bundle):
    assert bundle.folder == folder
    content = (folder / MANIFEST).read_bytes()
    assert bundle.manifest_sha256 == hashlib.sha256(content).hexdigest()


def test_no_run_folder_and_no_pointer(tmp_path):
    with pytest.raises(ArtifactError, match="is no run folder"):
        load_bundle(tmp_path / "absent")
    with pytest.raises(ArtifactError, match="does not exist"):
        latest_bundle(tmp_path / "latest.txt")
    (tmp_path / "latest.txt").write_text("\n")
    with pytest.raises(ArtifactError, match="is empty"):
        latest_bundle(tmp_path / "latest.txt")


def test_predictions_have_the_carried_columns_in_front(bundle, rows):
    scored = score_table(bundle, rows)
    assert list(scored.predictions) == [
        "row_key", "moment", "entity", "remark", "score", "prediction", "threshold",
    ]  # fmt: skip
    assert scored.predictions["row_key"].tolist() == rows["row_key"].tolist()
    assert scored.predictions["score"].between(0, 1).all()
    flagged = scored.predictions["score"] >= bundle.decision["threshold"]
    assert (scored.predictions["prediction"] == flagged.astype(int)).all()


def test_a_row_scores_the_same_alone_and_in_company(bundle, rows):
    together = score_table(bundle, rows).predictions["score"].to_numpy()
    alone = [score_table(bundle, rows.iloc[[i]]).predictions["score"][0] for i in range(15)]
    np.testing.assert_array_equal(together[:15], alone)


def test_no_rows_give_no_predictions(bundle, rows):
    scored = score_table(bundle, rows.iloc[:0])
    assert scored.predictions.empty
    assert "score" in scored.predictions


def test_the_skew_check_finds_a_difference_in_the_last_digit(finished, bundle, tmp_path):
    predictor = load_predictor(finished / "models/candidate")
    run = run_of(finished)
    source = artifacts.read_table(run / "tables/holdout_input.parquet")
    scores = artifacts.read_table(finished / "data/predictions/holdout.parquet")["y_score"]
    arguments = (predictor, bundle.contract, bundle.decision, source)
    check_skew(*arguments, scores.to_numpy(), tmp_path / "a")
    spoilt = scores.to_numpy().copy()
    spoilt[3] = np.nextafter(spoilt[3], 1)
    with pytest.raises(ArtifactError, match=r"1 of .* holdout rows score differently"):
        check_skew(*arguments, spoilt, tmp_path / "b")
