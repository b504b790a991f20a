"""Run folders and scoring through them."""

import json
import shutil

import numpy as np
import pytest
from conftest import make_table

from assay import artifacts
from assay.bundle import MANIFEST, latest_bundle, load_bundle, verify_bundle
from assay.calibration.choice import Sigmoid
from assay.errors import ArtifactError
from assay.predictor import Predictor, load_predictor
from assay.scoring import score_table
from assay.skew import check_shipped, check_skew


@pytest.fixture
def folder(finished, tmp_path):
    """A copy of the finished project's run folder, free to be spoilt."""
    source = finished / artifacts.read_text(finished / "models/registry/latest.txt").strip()
    return shutil.copytree(source, tmp_path / "run")


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
        "env/env_meta.json", "run_meta.json", "model_card.md", MANIFEST,
    ):  # fmt: skip
        assert (folder / name).is_file(), name


def test_the_manifest_covers_every_file(folder):
    listed = set(verify_bundle(folder)["files"]) | {MANIFEST}
    assert listed == {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_a_changed_byte_anywhere_is_refused_by_name(folder):
    for name in verify_bundle(folder)["files"]:
        path = folder / name
        before = path.read_bytes()
        path.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
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


def change_manifest(folder, change):
    manifest = artifacts.read_json(folder / MANIFEST)
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(format_version=99), "has format 99; this Assay reads up to 1"),
        (lambda m: m.pop("files"), "is not a manifest"),
        (lambda m: m["files"].pop("decision.json"), "decision.json is not in the manifest"),
        (
            lambda m: m["files"].update({"../up": {"sha256": "0", "bytes": 0}}),
            "'../up', which lies outside",
        ),
    ],
)
def test_a_manifest_that_cannot_be_trusted_is_refused(folder, change, message):
    change_manifest(folder, change)
    with pytest.raises(ArtifactError, match=message):
        load_bundle(folder)


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


def test_the_shipped_folder_must_score_as_the_model_in_memory(folder, bundle, rows):
    check_shipped(folder, bundle.predictor, rows)
    other = Predictor(bundle.predictor.pipeline, Sigmoid(0.5, 0.0))
    with pytest.raises(ArtifactError, match="does not score as the model"):
        check_shipped(folder, other, rows)


def test_no_rows_give_no_predictions(bundle, rows):
    scored = score_table(bundle, rows.iloc[:0])
    assert scored.predictions.empty
    assert "score" in scored.predictions


def test_the_skew_check_finds_a_difference_in_the_last_digit(finished, bundle, tmp_path):
    predictor = load_predictor(finished / "models/candidate")
    run = finished / artifacts.read_text(finished / "models/registry/latest.txt").strip()
    source = artifacts.read_table(run / "tables/holdout_input.parquet")
    scores = artifacts.read_table(finished / "data/predictions/holdout.parquet")["y_score"]
    arguments = (predictor, bundle.contract, bundle.decision, source)
    check_skew(*arguments, scores.to_numpy(), tmp_path / "a")
    spoilt = scores.to_numpy().copy()
    spoilt[3] = np.nextafter(spoilt[3], 1)
    with pytest.raises(ArtifactError, match=r"1 of .* holdout rows score differently"):
        check_skew(*arguments, spoilt, tmp_path / "b")
