"""`validate` and `split` under each strategy, and the readiness page that they share."""

import pytest
from conftest import make_params, make_table, run_stage, sessions

from assay import artifacts
from assay.errors import SplitError


def split_by(**values):
    params = make_params()
    params["split"] |= values
    return params


def test_a_sound_table_has_its_page_once_it_is_split(project, capsys):
    folder = project(make_table().assign(same="x"))
    run_stage("validate")
    assert "warning: feature 'same' has one value only" in capsys.readouterr().out
    assert not (folder / "reports/readiness.md").exists()
    run_stage("split")
    page = (folder / "reports/readiness.md").read_text()
    assert "**Ready, with 1 warning.**" in page
    assert "The latest rows are the holdout" in page


@pytest.mark.parametrize(
    "changes",
    [
        {"strategy": "random"},
        {"strategy": "group"},
        {"strategy": "time", "embargo_days": 1},
        {"strategy": "group_time", "seen_groups": "keep"},
        {"strategy": "group_time", "seen_groups": "drop"},
    ],
    ids=str,
)
def test_each_strategy_splits_and_proves_it(project, changes):
    folder = project(sessions(make_table()), split_by(**changes))
    run_stage("validate")
    run_stage("split")
    train, holdout, folds = (
        artifacts.read_table(folder / f"data/split/{name}.parquet")
        for name in ("train", "holdout", "folds")
    )
    told = artifacts.read_json(folder / "metrics/split.json")
    lost = told["embargoed_count"] + told["dropped_count"]
    assert len(train) + len(holdout) + lost == 600
    assert not set(train["assay_row"]) & set(holdout["assay_row"])
    assert folds["assay_row"].tolist() == train["assay_row"].tolist()
    shared = set(train["entity"]) & set(holdout["entity"])
    assert told["group_overlap_count"] == len(shared)
    assert told["adversarial"]["applicable"]
    assert (
        f"(`split.strategy: {changes['strategy']}`)"
        in (folder / "reports/readiness.md").read_text()
    )


def test_repeats_across_the_split_stop_it_and_leave_the_page(project):
    table = make_table()
    features = ["signal", "noise", "count", "kind", "outcome"]
    late, early = table.nlargest(20, "moment").index, table.nsmallest(20, "moment").index
    table.loc[late, features] = table.loc[early, features].to_numpy()
    types = {"signal": float, "noise": float, "count": int, "outcome": int}
    folder = project(table.astype(types))
    run_stage("validate")
    with pytest.raises(SplitError, match=r"20 holdout rows .* repeat a training row"):
        run_stage("split")
    page = (folder / "reports/readiness.md").read_text()
    assert "**Not ready: 1 error.**" in page
    assert "| error | split_duplicates |" in page
    assert not (folder / "data/split").exists()


def test_the_same_split_is_written_twice(project):
    folder = project(params=split_by(strategy="group"))
    run_stage("validate")
    names = ["data/split/folds.parquet", "metrics/split.json", "reports/readiness.md"]
    run_stage("split")
    first = [(folder / name).read_bytes() for name in names]
    run_stage("split")
    assert [(folder / name).read_bytes() for name in names] == first
