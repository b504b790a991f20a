"""A run folder that checks itself."""

import numpy as np
import pandas as pd
import pytest
from bundles import copy_of_run, families_of_run, forge, run_of, seal

from assay import artifacts
from assay.bundle import load_bundle, verify_bundle
from assay.errors import ArtifactError
from assay.scoring import score_table
from assay.self_check import INPUT, OUTPUT, BundleCheck, _compare, check_bundle, check_files


@pytest.fixture
def folder(finished, tmp_path):
    return copy_of_run(finished, tmp_path / "run")


def test_every_run_folder_scores_its_own_rows_as_it_did(finished_task):
    found = check_bundle(finished_task.run)
    files = len(verify_bundle(finished_task.run)["files"]) + 1
    assert found == BundleCheck(finished_task.run.name, files, 120, True, 0.0)


def test_its_rows_are_those_of_the_holdout_as_a_scorer_gets_them(finished_task):
    rows = artifacts.read_table(finished_task.run / INPUT)
    holdout = artifacts.read_table(finished_task.run / "tables/holdout_input.parquet")
    pd.testing.assert_frame_equal(rows, holdout)
    bundle = load_bundle(finished_task.run)
    stored = artifacts.read_table(finished_task.run / OUTPUT)
    assert list(stored) == list(score_table(bundle, rows).predictions)


def test_at_most_256_rows_are_kept_evenly_spaced(finished):
    run = run_of(finished)
    bundle = load_bundle(run)
    rows = artifacts.read_table(run / INPUT)
    many = pd.concat([rows] * 5, ignore_index=True).assign(row_key=range(600))
    files = check_files(bundle, many)
    kept = artifacts.parse_parquet(files[INPUT], run / INPUT)["row_key"].tolist()
    assert len(kept) == 256
    assert (kept[0], kept[-1]) == (0, 599)
    assert {int(step) for step in np.diff(kept)} == {2, 3}
    assert files == check_files(bundle, many)


def spoil(folder, change):
    """Change the stored predictions, with a manifest that vouches for them."""
    stored = change(artifacts.read_table(folder / OUTPUT))
    forge(folder, OUTPUT, artifacts.parquet_bytes(stored))


def test_another_last_digit_is_told_and_tolerated(folder):
    spoil(folder, lambda t: t.assign(score=np.nextafter(t["score"], 1)))
    found = check_bundle(folder)
    assert not found.identical
    assert 0 < found.largest_difference < 1e-15
    with pytest.raises(ArtifactError, match=r"as it did when it was packaged: score in 120 rows"):
        check_bundle(folder, tolerance=0.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(score=t["score"] + 2e-6), r"score in 120 rows \(by up to 2e-06\) differ"),
        (
            lambda t: t.assign(score=t["score"].where(t.index != 3)),
            r"score in 1 row \(by up to inf\) differ",
        ),
        (
            lambda t: t.assign(prediction=(1 - t["prediction"]).where(t.index < 2, t["prediction"])),
            r"prediction in 2 rows differ",
        ),
        (lambda t: t.assign(row_key="k"), r"row_key in 120 rows differ"),
        (lambda t: t.iloc[1:], r"gives 120 rows of .*; .*output.parquet has 119 rows"),
        (lambda t: t.drop(columns="score"), r"gives 120 rows of .*score.*; .* has 120 rows of"),
    ],
)  # fmt: skip
def test_another_prediction_is_refused(folder, change, message):
    spoil(folder, change)
    with pytest.raises(ArtifactError, match=message):
        check_bundle(folder)


@pytest.mark.parametrize("name", [INPUT, OUTPUT])
def test_a_folder_without_rows_to_check_cannot_be_checked(folder, name):
    (folder / name).unlink()
    seal(folder, families_of_run(folder))
    with pytest.raises(ArtifactError, match=rf"{name} is not in the manifest\. Package"):
        check_bundle(folder)


@pytest.mark.parametrize("name", [INPUT, OUTPUT])
def test_rows_that_are_no_table_are_refused(folder, name):
    forge(folder, name, b"PAR1 no table")
    with pytest.raises(ArtifactError, match=f"{name} is not a readable parquet file"):
        check_bundle(folder)


def test_numbers_are_compared_relative_to_their_size_and_missing_is_equal():
    large = pd.Series([1e9, np.nan, -np.inf])
    column = _compare(large, large * (1 + 1e-8), 1e-6)
    assert (column.identical, column.beyond_count) == (False, 0)
    assert column.largest == pytest.approx(10)
    assert _compare(large, large.copy(), 0.0).identical
    assert _compare(large, large * (1 + 1e-5), 1e-6).beyond_count == 1
    assert _compare(large, large.fillna(0), 1e-6).beyond_count == 1


def test_values_of_another_type_are_not_identical():
    whole = pd.Series([1, 2])
    column = _compare(whole, whole.astype(float), 0.0)
    assert (column.identical, column.beyond_count) == (False, 0)
