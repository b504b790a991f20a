"""Which models were judged on a holdout, as commits, experiments and the run cache tell it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import make_params
from repositories import commit, git, start_repository

from assay.errors import ArtifactError
from assay.history.command import read_ledger, unrecorded
from assay.history.evaluations import (
    Evaluation,
    evaluation_at,
    local_evaluations,
    of_one_identity,
    recorded_evaluations,
    shallow,
)
from assay.history.facts import history_facts
from assay.history.identity import predictions_sha256, rows_sha256
from assay.history.ledger import COLUMNS, ledger_table, missing_from, other_models, standing
from assay.metrics.catalogue import primary_metric
from assay.params import parse_params

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
      md5: {file}
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


def document(model: str, auc: float, rows: str) -> str:
    judged = {"rows_sha256": rows, "predictions_sha256": f"p-{model}"} if rows else {}
    return json.dumps({"model": {"roc_auc": {"value": auc}}, "judged": judged})


def write(folder: Path, model: str, auc: float, rows: str = "h1", file: str = "f1") -> None:
    (folder / "dvc.lock").write_text(LOCK.format(file=file, model=model, metrics="0" * 32))
    (folder / "metrics").mkdir(exist_ok=True)
    (folder / "metrics/holdout.json").write_text(document(model, auc, rows))


@pytest.fixture(scope="module", params=["", "inner"])
def project(request, tmp_path_factory):
    """Three models on the main branch, one on another, one in an experiment, and one in the cache."""
    folder = start_repository(tmp_path_factory.mktemp("ledger"), request.param)
    # Before rows were noted.
    write(folder, "a", 0.70, rows="")
    commit(folder, "first")
    write(folder, "b", 0.72)
    commit(folder, "second")
    git(folder, "switch", "--quiet", "--create", "other")
    # With another feature: the same rows in another file.
    write(folder, "c", 0.74, file="f1-with-a-feature")
    commit(folder, "on a branch")
    git(folder, "switch", "--quiet", "main")
    write(folder, "d", 0.71, rows="h2", file="f2")
    commit(folder, "another holdout")
    git(folder, "switch", "--quiet", "--detach")
    write(folder, "e", 0.75)
    git(folder, "update-ref", "refs/exps/aa/bb/tidy-crow", commit(folder, "experiment"))
    git(folder, "switch", "--quiet", "main")
    runs = folder / ".dvc/cache/runs/12/1234"
    runs.mkdir(parents=True)
    lock = LOCK.format(file="f1", model="f", metrics="abcdef").splitlines()
    (runs / "5678").write_text("\n".join(line[4:] for line in lock[3:15]))
    (runs / "9999").write_text("cmd: python -m stages.train\ndeps: []\n")
    cached = folder / ".dvc/cache/files/md5/ab/cdef"
    cached.parent.mkdir(parents=True)
    cached.write_text(document("f", 0.69, "h1"))
    return folder


def test_commits_branches_and_experiments_are_found(project):
    found = {each.model: each for each in of_one_identity(recorded_evaluations(project))}
    told = {name: (e.source, e.holdout, e.predictions, e.scores) for name, e in found.items()}
    assert told == {
        "a.dir": ("commit", "h1", "", {"roc_auc": 0.70}),
        "b.dir": ("commit", "h1", "p-b", {"roc_auc": 0.72}),
        "c.dir": ("commit", "h1", "p-c", {"roc_auc": 0.74}),
        "d.dir": ("commit", "h2", "p-d", {"roc_auc": 0.71}),
        "e.dir": ("experiment", "h1", "p-e", {"roc_auc": 0.75}),
    }
    assert found["e.dir"].revision == "tidy-crow"
    assert git(project, "rev-parse", "main~2").startswith(found["a.dir"].revision)
    assert not shallow(project)


def test_a_run_that_nobody_committed_is_found(project):
    (found,) = local_evaluations(project)
    scores = {"roc_auc": 0.69}
    assert found == Evaluation("h1", "f1", "f.dir", "p-f", scores, "local run", "", "")


def test_one_commit_is_read_alone(project):
    found = evaluation_at(project, git(project, "rev-parse", "main~1"))
    assert (found.model, found.scores) == ("b.dir", {"roc_auc": 0.72})


def test_what_the_ledger_lacks_is_told(project):
    lines = unrecorded(project)
    assert len(lines) == 5
    known = ledger_table(EMPTY, of_one_identity(recorded_evaluations(project)), "roc_auc")
    (project / "reports/history").mkdir(parents=True, exist_ok=True)
    known[known["model"] != "e.dir"].to_csv(project / "reports/history/ledger.csv", index=False)
    assert [line.split(":")[0] for line in unrecorded(project)] == ["experiment tidy-crow"]


def test_what_cannot_be_known_is_not_said_to_be_complete(project, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    with pytest.raises(ArtifactError, match="is in no Git working copy, so that the history"):
        unrecorded(outside)
    top = git(project, "rev-parse", "--show-toplevel")
    git(tmp_path, "clone", "--quiet", "--depth", "1", f"file://{top}", "part")
    with pytest.raises(ArtifactError, match=r"is a shallow clone, .*fetch-depth: 0"):
        unrecorded(tmp_path / "part")


def seen(model, auc, source="commit", revision="r", holdout="h1", predictions=None):
    scores = {} if auc is None else {"roc_auc": auc, "log_loss": 1 - auc}
    noted = f"p-{model}" if predictions is None else predictions
    date = "2020-01-01" if revision else ""
    return Evaluation(holdout, "file", model, noted, scores, source, revision, date)


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


def among(ledger, metric=AUC, value=0.71, error=0.02):
    others = other_models(ledger, "h1", "me", "p-me", metric.name, value)
    return standing(others, metric, value, error)


def test_a_model_stands_among_the_distinct_others_of_its_holdout():
    ledger = ledger_table(
        EMPTY,
        [
            *(seen("a", 0.70), seen("b", 0.72), seen("equal score", 0.72), seen("me", 0.71)),
            *(seen("written anew", 0.72, predictions="p-b"), seen("best", 0.9, holdout="h2")),
            *(seen("me anew", 0.71, predictions="p-me"), seen("lost", None, predictions="")),
            *(seen("old", 0.69, predictions=""), seen("old twin", 0.69, predictions="")),
            *(seen("old me", 0.71, predictions=""), seen("x", 0.65, "experiment", "x")),
        ],
        "roc_auc",
    )
    stands = among(ledger)
    # a, b, equal score, lost, old, x and me.
    assert stands.model_count == 7
    assert stands.by_source == {"commit": 5, "experiment": 1, "local run": 0}
    assert stands.rank == 3
    assert stands.optimism_bound == pytest.approx(1.352 * 0.02, abs=1e-4)
    alone = among(EMPTY)
    assert (alone.model_count, alone.rank, alone.optimism_bound) == (1, 1, 0)


def test_a_loss_ranks_the_other_way():
    ledger = ledger_table(EMPTY, [seen("a", 0.7), seen("b", 0.5)], "log_loss")
    stands = among(ledger, LOSS, 0.4, None)
    assert stands.rank == 2
    assert "optimism_if_independent" not in stands.to_json()


PARAMS = parse_params(make_params())
JUDGED = {
    "model": {"roc_auc": {"value": 0.71, "ci_low": 0.67, "ci_high": 0.75}},
    "judged": {"rows_sha256": "h1", "predictions_sha256": "p-me"},
}


def facts_of(ledger=EMPTY, comparison=None, model="me", decision="d", params=PARAMS):
    return history_facts(ledger, comparison or {}, model, decision, AUC, JUDGED, params)


def test_the_facts_are_the_same_whether_the_model_itself_is_listed_or_not():
    """Or a second `dvc repro` after `stages.history` would package another run."""
    without = ledger_table(EMPTY, [seen("a", 0.7)], "roc_auc")
    within = ledger_table(without, [seen("me", 0.71)], "roc_auc")
    facts = [facts_of(ledger) for ledger in (without, within)]
    assert facts[0] == facts[1]
    assert facts[0]["ledger"]["model_count"] == 2
    assert facts[0]["ledger"]["optimism_if_independent"] == pytest.approx(
        0.04 / 1.959964 * 0.5642, abs=1e-4
    )


def test_a_comparison_counts_for_its_own_model_holdout_decision_and_costs_only():
    estimate = {"value": 0.1, "ci_low": 0.0, "ci_high": 0.2}
    names = ("previous_run", "previous_commit", "previous_date", "row_count", "all_rows", "verdict")
    comparison = {
        **dict.fromkeys(names, "x"),
        **{"applicable": True, "model": "me", "holdout": "h1", "unit": "EUR", "decision": "d"},
        **{"value_gain": estimate, "metrics": {"roc_auc": {"gain": estimate}}},
        **{"costs": PARAMS.threshold.costs.model_dump()},
    }
    found = facts_of(comparison=comparison)["comparison"]
    assert found["metrics"]["roc_auc"]["gain"] == found["value_gain"] == estimate
    assert not facts_of(comparison=comparison, model="other")["comparison"]["applicable"]
    elsewhere = comparison | {"holdout": "h2"}
    assert not facts_of(comparison=elsewhere)["comparison"]["applicable"]
    costs = PARAMS.threshold.costs.model_copy(update={"false_negative": 50.0})
    threshold = PARAMS.threshold.model_copy(update={"costs": costs})
    dearer = PARAMS.model_copy(update={"threshold": threshold})
    for changed in ({"decision": "another"}, {"params": dearer}):
        found = facts_of(comparison=comparison, **changed)["comparison"]
        assert found["applicable"]
        assert "value_gain" not in found


def test_features_and_the_order_of_rows_have_no_part_in_what_a_holdout_is():
    keys, y_true = pd.DataFrame({"id": ["a", "b", "c"]}), np.array([0, 1, 1])
    turned = rows_sha256(keys.iloc[::-1], y_true[::-1])
    assert rows_sha256(keys, y_true) == turned
    assert rows_sha256(keys, np.array([1, 0, 1])) != turned
    assert rows_sha256(keys.iloc[:2], y_true[:2]) != turned
    score = np.array([0.1, 0.2, 0.3])
    assert predictions_sha256(score) == predictions_sha256(score.copy())
    assert predictions_sha256(score) != predictions_sha256(np.nextafter(score, 1))


def test_a_ledger_with_other_columns_is_refused(tmp_path):
    path = tmp_path / "ledger.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ArtifactError, match=r"ledger\.csv has the columns a, b, expected holdout"):
        read_ledger(path)
