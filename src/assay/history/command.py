"""`python -m stages.history`: what Git and DVC tell of a holdout, written down where `package` reads it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from assay import artifacts
from assay.costs import row_costs
from assay.errors import ArtifactError, counted
from assay.history.evaluations import (
    METRICS,
    MODEL,
    Evaluation,
    evaluation_at,
    local_evaluations,
    of_one_identity,
    recorded_evaluations,
    shallow,
)
from assay.history.ledger import COLUMNS, ledger_table, missing_from, other_models
from assay.history.previous import (
    common_rows,
    compare_with_previous,
    comparison_json,
    value_against,
)
from assay.metrics.catalogue import primary_metric
from assay.params import Params, parse_params
from assay.predictions import by_row
from assay.registry import fetch_run, resolve
from assay.revisions import LOCK, content_md5, lock_entries, run_git
from assay.schema import ROW, Schema, schema_from_json
from assay.uncertainty.bootstrap import Bootstrap

LEDGER = Path("reports/history/ledger.csv")
COMPARISON = Path("reports/history/comparison.json")
_PREDICTIONS = Path("data/predictions/holdout.parquet")
_DECISION = Path("models/decision.json")
_TABLE, _SCHEMA = Path("data/validated/table.parquet"), Path("data/validated/schema.json")


@dataclass(frozen=True)
class Present:
    """The working copy's model and holdout, by their hashes, and the model's score."""

    params: Params
    schema: Schema
    holdout: str
    model: str
    predictions: str
    value: float

    @property
    def metric(self) -> str:
        """The name of the metric that models are chosen by."""
        task = self.params.task
        return primary_metric(task.type, task.primary_metric).name


def read_ledger(path: Path) -> pd.DataFrame:
    """Return a ledger that was written, or an empty one where there is none.

    Raises
    ------
    ArtifactError
        If the file has other columns.
    """
    if not path.is_file():
        return pd.DataFrame(columns=list(COLUMNS))
    ledger = artifacts.read_report(path)
    if list(ledger.columns) != list(COLUMNS):
        raise ArtifactError(
            f"{path} has the columns {', '.join(map(str, ledger.columns))}, expected "
            f"{', '.join(COLUMNS)}. Take it from Git again."
        )
    texts = [name for name in COLUMNS if name != "value"]
    return ledger.astype(dict.fromkeys(texts, object))


def read_comparison(path: Path) -> dict[str, Any]:
    """Return a comparison that was written, or one that says that there is none."""
    comparison: dict[str, Any] = {"applicable": False}
    return artifacts.read_json(path) if path.is_file() else comparison


def record(project: Path, against: str | None) -> Iterator[str]:
    """Write ledger and comparison, and yield what they say, line by line.

    Parameters
    ----------
    project : Path
        The project's folder, in which the pipeline has run.
    against : str, optional
        The revision, version or stage whose run is compared; None for the latest other model.

    Raises
    ------
    ArtifactError
        If the pipeline has not run, or the run that was asked for cannot be compared.
    """
    present = _present(project)
    recorded = recorded_evaluations(project)
    found = of_one_identity([*recorded, *local_evaluations(project)])
    # The present model is added when there is another one: so a commit of it changes nothing here.
    found = [
        each
        for each in found
        if each.model != present.model and each.predictions != present.predictions
    ]
    ledger = ledger_table(read_ledger(project / LEDGER), found, present.metric)
    artifacts.write_table(project / LEDGER, ledger)
    others = other_models(
        ledger,
        *(present.holdout, present.model, present.predictions),
        *(present.metric, present.value),
    )
    yield (
        f"holdout {present.holdout[:10]}: {counted(len(others) + 1, 'distinct model')} judged on it, "
        "this one among them"
    )
    if shallow(project):
        yield "note: Git has only the latest part of the history here (a shallow clone)"
    try:
        comparison = _compare(project, present, recorded, against)
        yield from _told(comparison)
    except ArtifactError as error:
        if against is not None:
            raise
        looked_at = {"model": present.model, "holdout": present.holdout}
        comparison = {"applicable": False, **looked_at, "reason": str(error)}
        yield f"not compared with an earlier run: {error}"
    artifacts.write_json(project / COMPARISON, comparison)
    yield f"written: {LEDGER}, {COMPARISON}. `dvc repro` puts them on the model card."


def unrecorded(project: Path) -> list[str]:
    """Say which models in Git's history the ledger does not have; the present one need not be there.

    Local runs are left out: another machine does not have them.
    """
    here = content_md5(project / MODEL)
    inside = run_git(project, "rev-parse", "--is-inside-work-tree")
    if inside.returncode or shallow(project):
        where = "is in no Git working copy" if inside.returncode else "is a shallow clone"
        raise ArtifactError(
            f"{project.absolute()} {where}, so that the history is not known. Fetch all of it "
            "(`git fetch --unshallow`; in CI, fetch-depth: 0)."
        )
    recorded = of_one_identity(recorded_evaluations(project))
    missing = missing_from(read_ledger(project / LEDGER), recorded)
    return [
        f"{each.source} {each.revision}: model {each.model[:10]} on holdout {each.holdout[:10]}"
        for each in missing
        if each.model != here
    ]


def _present(project: Path) -> Present:
    """Read what the working copy holds, if it is what `dvc.lock` says that it is."""
    params = parse_params(artifacts.read_yaml(project / "params.yaml"))
    stages = artifacts.read_yaml(project / LOCK).get("stages") or {}
    locked = {entry["path"]: entry.get("md5") for _, entry in lock_entries(stages, "outs")}
    needed = (MODEL, METRICS, _PREDICTIONS.as_posix(), _DECISION.as_posix())
    other = [path for path in needed if content_md5(project / path) != (locked.get(path) or "-")]
    if other:
        raise ArtifactError(f"{', '.join(other)}: not as {LOCK} records. Run `dvc repro` first.")
    metrics = artifacts.read_json(project / METRICS)
    if "judged" not in metrics:
        raise ArtifactError(f"{METRICS} is from before rows were noted. Run `dvc repro` first.")
    judged = metrics["judged"]
    metric = primary_metric(params.task.type, params.task.primary_metric).name
    return Present(
        params,
        schema_from_json(artifacts.read_json(project / _SCHEMA)),
        judged["rows_sha256"],
        content_md5(project / MODEL) or "",
        judged["predictions_sha256"],
        metrics["model"][metric]["value"],
    )


def _compare(
    project: Path, present: Present, recorded: list[Evaluation], against: str | None
) -> dict[str, Any]:
    """Compare with another run on the rows of both holdouts."""
    commit = resolve(against, project) if against else _latest_other(project, present, recorded)
    folder = fetch_run(commit, project)
    _refuse_another_question(artifacts.read_json(folder / "run_meta.json"), present.schema)
    previous = artifacts.read_table(folder / "tables/holdout_predictions.parquet")
    before = evaluation_at(project, commit)
    recorded = of_one_identity([*recorded, *([before] if before else [])])
    before = recorded[-1] if before else None
    table = artifacts.read_table(project / _TABLE)
    costs = present.params.threshold.costs
    current = _current(project, table, present.schema, costs.columns())
    same = before is not None and before.holdout == present.holdout
    rows = common_rows(current, previous, same, present.params.data.id_columns)
    evaluate = present.params.evaluate
    seed, kind = present.params.task.seed, evaluate.interval
    bootstrap = Bootstrap(evaluate.resamples, evaluate.confidence, seed, kind=kind)
    found = compare_with_previous(rows, present.schema, bootstrap, evaluate.ece_bins)
    origin = {
        "holdout": present.holdout,
        "model": present.model,
        "confidence": evaluate.confidence,
        "previous_model": before.model if before else "",
        "previous_run": folder.name,
        "previous_commit": commit[:10],
        "previous_date": before.date if before else "",
    }
    decisions = [
        artifacts.read_json(path) for path in (project / _DECISION, folder / _DECISION.name)
    ]
    known = row_costs(costs, rows.current) if present.schema.task == "binary" else None
    value = None
    if known is not None and all(each["kind"] == "threshold" for each in decisions):
        ours, theirs = (float(each["threshold"]) for each in decisions)
        value = value_against(rows, (ours, theirs), known, present.schema, bootstrap)
    origin |= {
        "unit": costs.unit,
        "costs": costs.model_dump(),
        "decision": content_md5(project / _DECISION) or "",
    }
    return comparison_json(found, present.metric, origin, rows, value)


def _refuse_another_question(run: dict[str, Any], schema: Schema) -> None:
    theirs, ours = (run.get("target"), run.get("unit")), (schema.target, schema.unit)
    if theirs != ours:
        raise ArtifactError(
            f"run {run.get('run_id')} predicts {theirs[0]!r} per {theirs[1]}, this model {ours[0]!r} "
            f"per {ours[1]}: there is nothing to compare. Name a revision of this table's model."
        )


def _current(
    project: Path, table: pd.DataFrame, schema: Schema, further: list[str]
) -> pd.DataFrame:
    """Return the holdout's predictions with carried columns, and further ones of the table."""
    predictions = artifacts.read_table(project / _PREDICTIONS)
    found = by_row(predictions, table, schema)
    columns = table.set_index(ROW).loc[predictions[ROW], further].reset_index(drop=True)
    absent = [name for name in further if name not in found.columns]
    return pd.concat([found, columns[absent]], axis=1)


def _latest_other(project: Path, present: Present, recorded: list[Evaluation]) -> str:
    """Return the latest commit of this branch that shipped a model with another score."""
    done = run_git(project, "log", "--format=%H", "HEAD", "--", LOCK)
    branch = [commit[:10] for commit in done.stdout.decode().split()]
    by_commit = {each.revision: each for each in recorded if each.source == "commit"}
    for commit in branch:
        each = by_commit.get(commit)
        # Before predictions were noted, equal scores were the sign of equal ones.
        scored = each.scores.get(present.metric) if each and not each.predictions else None
        if (
            each
            and each.model != present.model
            and scored != present.value
            and (each.predictions != present.predictions)
        ):
            return resolve(commit, project)
    raise ArtifactError("no commit of this branch has shipped another model.")


def _told(comparison: dict[str, Any]) -> Iterator[str]:
    name = comparison["primary"]
    figures = comparison["metrics"][name]
    gain = figures["gain"]
    told = f"{gain['value']:.4f}"
    if "ci_low" in gain:
        told += f" [{gain['ci_low']:.4f}, {gain['ci_high']:.4f}]"
    yield (
        f"against {comparison['previous_run']} (commit {comparison['previous_commit']}), on "
        f"{comparison['row_count']:,} rows that neither trained on: {name} "
        f"{figures['current']['value']:.4f}, was {figures['previous']['value']:.4f}, gain {told}: "
        f"{comparison['verdict']}"
    )
    if "value_gain" in comparison:
        value = comparison["value_gain"]
        ends = f" [{value['ci_low']:.1f}, {value['ci_high']:.1f}]" if "ci_low" in value else ""
        yield (
            f"gain in value per 1,000 rows, each at its own threshold: {value['value']:.1f}{ends} "
            f"{comparison['unit']}"
        )
