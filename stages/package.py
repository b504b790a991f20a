"""What does the next person receive?

Reads everything. Refits the chosen pipeline on all rows, and writes the run folder, the pointer to
it, and what people read of it: model card, summary and report.

Guarantee: the holdout's source rows, scored from disk by the code behind `predict` with the candidate,
get the judged scores to the last bit, or nothing is packaged. The run folder that ships is then loaded,
and scores the rows of its own check as the refitted model in memory does.
"""

import tempfile
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import pandas as pd

import stages
from assay import artifacts, provenance
from assay.bundle import BACKGROUND, Bundle, bundle_files, model_families, write_bundle
from assay.contract import build_contract
from assay.evidence import gather_evidence
from assay.history.command import COMPARISON, LEDGER, read_comparison, read_ledger
from assay.history.facts import history_facts
from assay.interpretation.background import background_rows
from assay.metrics.catalogue import primary_metric
from assay.monitoring.reference import Parts, reference_profile
from assay.monitoring.slice_reference import slice_reference
from assay.params import parse_params, section_names
from assay.predictions import by_row, predictions_of
from assay.predictor import load_predictor
from assay.report.facts import CURVES, TABLES, ReportFacts
from assay.report.model_card import model_card
from assay.report.page.report import html_report
from assay.report.summary import evaluation_summary
from assay.revisions import content_md5
from assay.schema import ROW, schema_from_json
from assay.self_check import check_bundle, check_files
from assay.shipping import (
    companions,
    environment_files,
    refit_on_all,
    run_meta,
    scorer_files,
    source_rows,
    trace_origin,
)
from assay.skew import check_skew
from stages._stage import PARAMS, Stage, run, say

METRICS = (
    *("validation", "split", "baseline", "train", "holdout"),
    *("threshold", "fairness", "interpret"),
)
FINDINGS = ("split_findings", "model_findings")
SLICES = ("slices", "found_slices")
PICTURES = ("train", "evaluate", "threshold", "interpret")

STAGE = Stage(
    name="package",
    sections=tuple(section_names()),
    reads={
        "features": Path("${data.table}"),
        "table": Path("data/validated/table.parquet"),
        "schema": Path("data/validated/schema.json"),
        "findings": Path("data/validated/findings.json"),
        "train": Path("data/split/train.parquet"),
        "out_of_fold": Path("data/predictions/oof.parquet"),
        "holdout_predictions": Path("data/predictions/holdout.parquet"),
        "candidate": Path("models/candidate"),
        "decision": Path("models/decision.json"),
        **{f"metrics/{name}.json": Path(f"metrics/{name}.json") for name in METRICS},
        **{f"tables/{name}.csv": Path(f"reports/tables/{name}.csv") for name in TABLES},
        **{f"tables/{name}.json": Path(f"reports/tables/{name}.json") for name in FINDINGS},
        **{f"plots/data/{name}.csv": Path(f"plots/data/{name}.csv") for name in CURVES},
        **{f"plots/{name}": Path(f"plots/{name}") for name in PICTURES},
        "history": Path("reports/history"),
    },
    writes={
        "runs": Path("models/runs"),
        "latest": Path("models/registry/latest.txt"),
        "model_card": Path("reports/model_card.md"),
        "summary": Path("reports/eval_summary.md"),
        "report": Path("reports/report.html"),
        "metrics": Path("metrics/history.json"),
    },
)
# The code's hash is part of the run, so every source file is an input.
LOCK = Path("requirements.lock")
CODE = (Path("src/assay"), Path("stages"))


def main() -> None:
    """Check for skew, refit, and write the run folder, the pointer and the card."""
    params = parse_params(artifacts.read_yaml(PARAMS))
    reads = STAGE.reads
    schema = schema_from_json(artifacts.read_json(reads["schema"]))
    source = artifacts.read_table(Path(params.data.table))
    table = artifacts.read_table(reads["table"])
    train = artifacts.read_table(reads["train"])
    decision = artifacts.read_json(reads["decision"])
    metrics = {name: artifacts.read_json(reads[f"metrics/{name}.json"]) for name in METRICS}
    metrics["history"] = _history(params, metrics["holdout"])
    candidate = load_predictor(reads["candidate"])
    holdout = _check_skew(source, schema, candidate, train, decision)

    fitted = table if params.package.refit else train
    contract = build_contract(schema, fitted)
    shipped = refit_on_all(candidate, table, schema, params) if params.package.refit else candidate
    origin = trace_origin(source, table, schema, params, list(CODE), LOCK, metrics["history"])
    environment = provenance.environment(stages.kernel_pins())
    meta = run_meta(origin, schema, shipped, decision, metrics, len(fitted), environment)
    pages = _pages(meta, schema, metrics, decision)
    extra = companions(
        texts={
            **{STAGE.writes[name].name: page for name, page in pages.items()},
            "monitoring/baseline.json": _reference(
                *(candidate, train, table, holdout.predictions, contract, decision, params),
                metrics["holdout"],
            ),
            **environment_files(artifacts.read_text(LOCK), environment, model_families(shipped)),
        },
        files={name: path for name, path in reads.items() if "/" in name},
        tables={
            BACKGROUND: background_rows(train, schema, params.task.seed),
            "tables/holdout_input.parquet": holdout.source,
            "tables/holdout_predictions.parquet": by_row(holdout.predictions, table, schema),
        },
    )
    if params.train.engine == "pycaret":
        extra |= _pycaret_model(shipped, schema)
    folder = STAGE.writes["runs"] / meta["run_id"]
    bundle = Bundle(shipped, contract, decision, meta, folder, manifest_sha256="")
    extra |= check_files(bundle, holdout.source) | scorer_files(Path())
    write_bundle(folder, bundle_files(shipped, contract, decision, meta, extra))
    check_bundle(folder, tolerance=0.0)
    artifacts.write_json(STAGE.writes["metrics"], metrics["history"])
    for name, page in pages.items():
        artifacts.write_text(STAGE.writes[name], page)
    artifacts.write_text(STAGE.writes["latest"], f"{folder.as_posix()}\n")
    say(f"packaged {folder}")


def _history(params, judged) -> dict:
    """Return how often the holdout was asked, and how the model does against the run before it."""
    task, reads = params.task, STAGE.reads
    return history_facts(
        read_ledger(LEDGER),
        read_comparison(COMPARISON),
        content_md5(reads["candidate"]),
        content_md5(reads["decision"]),
        primary_metric(task.type, task.primary_metric),
        judged,
        params,
    )


def _pages(meta, schema, metrics, decision) -> dict[str, str]:
    """Return what people read of the run: card, summary and report, by the names of what is written."""
    reads = STAGE.reads
    facts = ReportFacts(
        meta,
        schema,
        metrics,
        decision,
        {name: artifacts.read_report(reads[f"tables/{name}.csv"]) for name in TABLES},
        {name: artifacts.read_report(reads[f"plots/data/{name}.csv"]) for name in CURVES},
        {
            f"{stage}/{path.stem}": artifacts.read_bytes(path)
            for stage in PICTURES
            for path in sorted(reads[f"plots/{stage}"].glob("*.png"))
        },
        _findings(),
    )
    return {
        "model_card": model_card(facts),
        "summary": evaluation_summary(facts),
        "report": html_report(facts),
    }


def _findings() -> list:
    """Return what validate, split and evaluate found, in this order."""
    of_table = artifacts.read_json(STAGE.reads["findings"])["findings"]
    later = [artifacts.read_json(STAGE.reads[f"tables/{name}.json"]) for name in FINDINGS]
    return [*of_table, *chain.from_iterable(later)]


class Holdout(NamedTuple):
    """The holdout as a scorer would get it, and what was predicted for it."""

    source: pd.DataFrame
    predictions: pd.DataFrame


def _check_skew(source, schema, candidate, train, decision) -> Holdout:
    """Score the holdout's source rows from disk; see `assay.skew.check_skew`."""
    predictions = artifacts.read_table(STAGE.reads["holdout_predictions"])
    holdout = Holdout(source_rows(source, predictions[ROW], schema), predictions)
    judged = predictions_of(predictions, schema)
    contract = build_contract(schema, train)
    with tempfile.TemporaryDirectory() as folder:
        check_skew(candidate, contract, decision, holdout.source, judged, Path(folder))
    return holdout


def _reference(candidate, train, table, predictions, contract, decision, params, judged) -> str:
    """Return what batches are held against: the profile of the table, and its weakest slices."""
    out_of_fold = artifacts.read_table(STAGE.reads["out_of_fold"])
    holdout = table.set_index(ROW, drop=False).loc[predictions[ROW]].reset_index(drop=True)
    parts = Parts(train, holdout, out_of_fold, predictions)
    evidence = gather_evidence(
        *(candidate, contract.schema, holdout, train, out_of_fold), params.interpret, params.task
    )
    tables = [artifacts.read_report(STAGE.reads[f"tables/{name}.csv"]) for name in SLICES]
    slices = slice_reference(evidence, *tables, params.monitor.slice_count)
    profile = reference_profile(parts, contract, decision, params, judged, slices)
    return artifacts.json_text(profile)


def _pycaret_model(shipped, schema) -> dict[str, bytes]:
    # Imported only here: the other engine needs no PyCaret.
    from assay.search.pycaret_model import pycaret_model_bytes

    content = pycaret_model_bytes(shipped.pipeline, schema.feature_names, schema.target)
    return {"model/pycaret_model.pkl": content}


if __name__ == "__main__":
    run(STAGE, main)
