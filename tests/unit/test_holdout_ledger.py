"""Which models were judged on a holdout, as commits, experiments and the run cache tell it."""

import json
from pathlib import Path

import pandas as pd
import pytest
from repositories import commit, git, start_repository

from assay.errors import ArtifactError
from assay.history.command import read_ledger, unrecorded
from assay.history.evaluations import (
    Evaluation,
    evaluation_at,
    local_evaluations,
    recorded_evaluations,
    shallow,
)
from assay.history.facts import history_facts
from assay.history.ledger import COLUMNS, ledger_table, missing_from, standing
from assay.metrics.catalogue import primary_metric

AUC = primary_metric("binary", "roc_auc")
LOSS = primary_metric("binary", "neg_log_loss")
EMPTY = pd.DataFrame(columns=list(COLUMNS))

LOCK = """\
schema: '2.0'
stages:
  evaluate:
    cmd: python -m stages.evaluate
    deps:
    - path: data/split/holdout.parquet
      hash: md5
      md5: {holdout}
    - path: models/candidate
      hash: md5
      md5: {model}.dir
    outs:
    - path: metrics/holdout.json
      hash: md5
      md5: {metrics}
  package:
    cmd: python -m stages.package
    deps:
    - path: models/candidate
      hash: md5
      md5: of-another-stage
"""


def write(folder: Path, model: str, auc: float | None, holdout: str = "h1") -> None:
    lock = LOCK.format(holdout=holdout, model=model, metrics="0" * 32)
    (folder / "dvc.lock").write_text(lock)
    (folder / "metrics").mkdir(exist_ok=True)
    scores = {} if auc is None else {"roc_auc": {"value": auc}}
    (folder / "metrics/holdout.json").write_text(json.dumps({"model": scores}))


@pytest.fixture(scope="module", params=["", "inner"])
def project(request, tmp_path_factory):
    """Three models on the main branch, one on another, one in an experiment, and one in the cache."""
    folder = start_repository(tmp_path_factory.mktemp("ledger"), request.param)
    write(folder, "a", 0.70)
    commit(folder, "first")
    write(folder, "b", 0.72)
    commit(folder, "second")
    git(folder, "switch", "--quiet", "--create", "other")
    write(folder, "c", 0.74)
    commit(folder, "on a branch")
    git(folder, "switch", "--quiet", "main")
    write(folder, "d", 0.71, holdout="h2")
    commit(folder, "another holdout")
    git(folder, "switch", "--quiet", "--detach")
    write(folder, "e", 0.75)
    git(folder, "update-ref", "refs/exps/aa/bb/tidy-crow", commit(folder, "experiment"))
    git(folder, "switch", "--quiet", "main")
    runs, text = (
        folder / ".dvc/cache/runs/12/1234",
        json.dumps({"model": {"roc_auc": {"value": 0.69}}}),
    )
    runs.mkdir(parents=True)
    lock = LOCK.format(holdout="h1", model="f", metrics="abcdef").splitlines()
    (runs / "5678").write_text("\n".join(line[4:] for line in lock[3:15]))
    (runs / "9999").write_text("cmd: python -m stages.train\ndeps: []\n")
    cached = folder / ".dvc/cache/files/md5/ab/cdef"
    cached.parent.mkdir(parents=True)
    cached.write_text(text)
    return folder


def test_commits_branches_and_experiments_are_found(project):
    found = {
        each.model: (each.source, each.holdout, each.scores)
        for each in recorded_evaluations(project)
    }
    assert found == {
        "a.dir": ("commit", "h1", {"roc_auc": 0.70}),
        "b.dir": ("commit", "h1", {"roc_auc": 0.72}),
        "c.dir": ("commit", "h1", {"roc_auc": 0.74}),
        "d.dir": ("commit", "h2", {"roc_auc": 0.71}),
        "e.dir": ("experiment", "h1", {"roc_auc": 0.75}),
    }
    named = {each.model: each.revision for each in recorded_evaluations(project)}
    assert named["e.dir"] == "tidy-crow"
    assert git(project, "rev-parse", "main~2").startswith(named["a.dir"])
    assert not shallow(project)


def test_a_run_that_nobody_committed_is_found(project):
    (found,) = local_evaluations(project)
    assert found == Evaluation("h1", "f.dir", {"roc_auc": 0.69}, "local run", "", "")


def test_one_commit_is_read_alone(project):
    found = evaluation_at(project, git(project, "rev-parse", "main~1"))
    assert (found.model, found.scores) == ("b.dir", {"roc_auc": 0.72})


def test_what_the_ledger_lacks_is_told(project):
    lines = unrecorded(project)
    assert len(lines) == 5
    known = ledger_table(EMPTY, recorded_evaluations(project), "roc_auc")
    (project / "reports/history").mkdir(parents=True, exist_ok=True)
    known[known["model"] != "e.dir"].to_csv(project / "reports/history/ledger.csv", index=False)
    assert [line.split(":")[0] for line in unrecorded(project)] == ["experiment tidy-crow"]


def seen(model, auc, source="commit", revision="r", holdout="h1"):
    scores = {} if auc is None else {"roc_auc": auc, "log_loss": 1 - auc}
    return Evaluation(holdout, model, scores, source, revision, "2020-01-01" if revision else "")


def test_nothing_is_lost_and_nothing_doubled(tmp_path):
    first = ledger_table(EMPTY, [seen("a", 0.7), seen("b", 0.6, "local run", "")], "roc_auc")
    again = ledger_table(first, [seen("a", 0.7, revision="later"), seen("c", 0.8)], "roc_auc")
    assert list(again["model"]) == ["a", "c", "b"]
    assert list(again["revision"]) == ["r", "r", ""]
    path = tmp_path / "ledger.csv"
    again.to_csv(path, index=False)
    back = read_ledger(path)
    pd.testing.assert_frame_equal(
        ledger_table(back, [], "roc_auc").fillna(""), again.fillna(""), check_dtype=False
    )
    assert missing_from(back, [seen("a", 0.7), seen("d", 0.5), seen("d", 0.5)]) == [seen("d", 0.5)]


def test_a_run_that_was_committed_later_is_the_commits():
    local = ledger_table(EMPTY, [seen("a", 0.7, "local run", "")], "roc_auc")
    known = ledger_table(local, [seen("a", 0.7)], "roc_auc")
    assert list(known["source"]) == ["commit"]


def test_values_follow_the_metric_that_models_are_chosen_by():
    old = ledger_table(EMPTY, [seen("a", 0.7), seen("b", 0.6)], "roc_auc")
    new = ledger_table(old, [seen("a", 0.7)], "log_loss")
    assert dict(zip(new["model"], new["metric"], strict=True)) == {"a": "log_loss", "b": "roc_auc"}


def test_a_model_stands_among_the_distinct_others_of_its_holdout():
    ledger = ledger_table(
        EMPTY,
        [
            *(seen("a", 0.70), seen("b", 0.72), seen("same", 0.72)),
            *(seen("me again", 0.71), seen("lost", None), seen("best", 0.9, holdout="h2")),
            *(seen("x", 0.65, "experiment", "x"), seen("me", 0.71)),
        ],
        "roc_auc",
    )
    stands = standing(ledger, "h1", "me", AUC, 0.71, [0.02, 0.02, 0.01])
    # a, b, lost, x and me.
    assert stands.model_count == 5
    assert stands.by_source == {"commit": 3, "experiment": 1, "local run": 0}
    assert stands.rank == 2
    assert 0 < stands.optimism < stands.optimism_bound
    alone = standing(EMPTY, "h1", "me", AUC, 0.71, [0.02, 0.02, 0.01])
    assert (alone.model_count, alone.rank, alone.optimism) == (1, 1, 0)


def test_a_loss_ranks_the_other_way():
    ledger = ledger_table(EMPTY, [seen("a", 0.7), seen("b", 0.5)], "log_loss")
    stands = standing(ledger, "h1", "me", LOSS, 0.4, None)
    assert stands.rank == 2
    assert "expected_optimism" not in stands.to_json()


def judged(value=0.71):
    estimate = {"value": value, "ci_low": value - 0.04, "ci_high": value + 0.04}
    return {
        "model": {"roc_auc": estimate},
        "baseline": {"name": "logistic", "roc_auc": estimate},
        "gain_over_baseline": {"roc_auc": {"value": 0, "ci_low": -0.01, "ci_high": 0.01}},
    }


def test_the_facts_are_the_same_whether_the_model_itself_is_listed_or_not():
    """Or a second `dvc repro` after `stages.history` would package another run."""
    without = ledger_table(EMPTY, [seen("a", 0.7)], "roc_auc")
    within = ledger_table(without, [seen("me", 0.71)], "roc_auc")
    facts = [
        history_facts(ledger, {"applicable": False}, "h1", "me", AUC, judged(), 0.95)
        for ledger in (without, within)
    ]
    assert facts[0] == facts[1]
    assert facts[0]["ledger"]["model_count"] == 2
    # With a correlation of 1 - 0.01^2 / (2 * 0.04^2).
    told = facts[0]["ledger"]
    share = told["expected_optimism"] / told["expected_optimism_if_independent"]
    assert share == pytest.approx((0.01 / 0.04) / 2**0.5)


def test_a_comparison_counts_for_its_own_model_and_holdout_only():
    estimate = {"value": 0.1, "ci_low": 0.0, "ci_high": 0.2}
    names = ("previous_run", "previous_commit", "previous_date", "row_count", "all_rows", "verdict")
    comparison = {
        **dict.fromkeys(names, "x"),
        **{"applicable": True, "model": "me", "holdout": "h1", "unit": "EUR"},
        **{"value_gain": estimate, "metrics": {"roc_auc": {"gain": estimate}}},
    }
    for holdout, model, told in (("h1", "me", True), ("h1", "other", False), ("h2", "me", False)):
        facts = history_facts(EMPTY, comparison, holdout, model, AUC, judged(), 0.95)
        assert facts["comparison"]["applicable"] is told
    facts = history_facts(EMPTY, comparison, "h1", "me", AUC, judged(), 0.95)
    assert facts["comparison"]["metrics"]["roc_auc"]["gain"] == estimate
    assert facts["comparison"]["value_gain"] == estimate


def test_a_ledger_with_other_columns_is_refused(tmp_path):
    path = tmp_path / "ledger.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ArtifactError, match=r"ledger\.csv has the columns a, b, expected holdout"):
        read_ledger(path)
