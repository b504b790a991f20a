"""Run folders and scoring through them."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from conftest import make_table

from assay import artifacts
from assay.bundle import MANIFEST, latest_bundle, load_bundle, verify_bundle
from assay.calibration.choice import Sigmoid
from assay.errors import ArtifactError, SchemaError
from assay.predictor import Predictor, load_predictor
from assay.scoring import check_shipped, check_skew, score_file, score_table


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


def test_csv_and_parquet_score_alike(bundle, rows, tmp_path):
    rows.to_csv(tmp_path / "in.csv", index=False)
    rows.to_parquet(tmp_path / "in.parquet", index=False)
    scores = []
    for kind in ("csv", "parquet"):
        score_file(bundle, tmp_path / f"in.{kind}", tmp_path / f"out.{kind}")
        scores.append(artifacts.read_table(tmp_path / f"out.{kind}")["score"].astype(float))
    pd.testing.assert_series_equal(*scores, check_exact=True)


def test_the_shipped_folder_must_score_as_the_model_in_memory(folder, bundle, rows):
    check_shipped(folder, bundle.predictor, rows)
    other = Predictor(bundle.predictor.pipeline, Sigmoid(0.5, 0.0))
    with pytest.raises(ArtifactError, match="does not score as the model"):
        check_shipped(folder, other, rows)


def test_no_rows_give_no_predictions(bundle, rows):
    scored = score_table(bundle, rows.iloc[:0])
    assert scored.predictions.empty
    assert "score" in scored.predictions


def test_a_refused_file_leaves_no_output(bundle, rows, tmp_path):
    rows.drop(columns="signal").to_parquet(tmp_path / "in.parquet", index=False)
    with pytest.raises(SchemaError, match="signal"):
        score_file(bundle, tmp_path / "in.parquet", tmp_path / "out" / "p.parquet")
    assert not (tmp_path / "out").exists()


def test_the_input_is_never_overwritten(bundle, rows, tmp_path):
    rows.to_parquet(tmp_path / "in.parquet", index=False)
    before = (tmp_path / "in.parquet").read_bytes()
    with pytest.raises(ArtifactError, match="is the input too"):
        score_file(bundle, tmp_path / "in.parquet", tmp_path / "in.parquet")
    assert (tmp_path / "in.parquet").read_bytes() == before


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
