"""Which signals drive the model, and where and why does it fail?

Reads the candidate, the holdout, and the training set with its out-of-fold predictions. Writes
importance and SHAP values, the model's quality on slices with the rows that it predicts worst, what
breaks it, and what to mend in the table.

Guarantee: everything is in the user's features, and nothing here feeds back into a choice.
"""

from pathlib import Path

from assay import artifacts
from assay.errors import shown
from assay.evidence import gather_evidence
from assay.feedback.find import feedback_json, find_data_faults
from assay.interpretation import interpret
from assay.plots.explanation import explanation_figures
from assay.plots.robustness import robustness_figures
from assay.plots.slices import slices_figures
from assay.predictor import load_predictor
from assay.report.data_feedback import data_feedback_page
from assay.robustness import examine
from assay.schema import ROW, schema_from_json
from assay.slices import table
from assay.slices.worst import worst_cases
from stages._stage import Stage, run, say

TABLES = (
    *("importance", "importance_groups", "agreement", "interactions", "shap_classes"),
    *("partial_dependence", "directions", "local_explanations"),
    *("slices", "found_slices", "worst_cases"),
    *("robustness", "periods", "support"),
    *("drift", "missing_errors", "data_feedback", "data_feedback_rows"),
)
PLOTS = ("importance", "shap", "slices", "robustness")

STAGE = Stage(
    name="interpret",
    sections=("task", "interpret"),
    reads={
        "holdout": Path("data/split/holdout.parquet"),
        "train": Path("data/split/train.parquet"),
        "out_of_fold": Path("data/predictions/oof.parquet"),
        "schema": Path("data/validated/schema.json"),
        "candidate": Path("models/candidate"),
    },
    writes={
        **{f"tables/{name}": Path(f"reports/tables/{name}.csv") for name in TABLES},
        "shap_values": Path("reports/tables/shap_values.parquet"),
        "ice": Path("reports/tables/ice.parquet"),
        "metrics": Path("metrics/interpret.json"),
        "data_feedback": Path("reports/data_feedback.md"),
        **{f"plots/{name}": Path(f"plots/data/{name}.csv") for name in PLOTS},
        "pictures": Path("plots/interpret"),
    },
)


def main() -> None:
    """Examine the candidate on the holdout."""
    params, paths = STAGE.params(), STAGE.writes
    holdout = artifacts.read_table(STAGE.reads["holdout"])
    evidence = gather_evidence(
        load_predictor(STAGE.reads["candidate"]),
        schema_from_json(artifacts.read_json(STAGE.reads["schema"])),
        holdout,
        *(artifacts.read_table(STAGE.reads[name]) for name in ("train", "out_of_fold")),
        params.interpret,
        params.task,
    )
    found = interpret.interpret_model(evidence)
    numeric = set(evidence.schema.names_of("numeric"))
    by_importance = [name for name in found.importance["feature"] if name in numeric]
    slices = table.examine_slices(evidence, by_importance)
    robustness = examine.examine_robustness(evidence)
    feedback = find_data_faults(evidence, holdout)
    tables = {
        **{"importance": found.importance, "importance_groups": found.groups},
        **{"agreement": found.agreement, "interactions": found.interactions},
        **{"partial_dependence": found.partial.curves, "directions": found.directions},
        "shap_classes": found.explanation.by_class,
        **{"local_explanations": found.local, "worst_cases": worst_cases(evidence)},
        **{"slices": slices.table, "found_slices": slices.found},
        **{"robustness": robustness.drops, "periods": robustness.periods},
        **{"support": robustness.support.table},
        **{"drift": feedback.drift, "missing_errors": feedback.missing},
        **{"data_feedback": feedback.items, "data_feedback_rows": feedback.rows},
    }
    plots = {
        **interpret.plot_tables(found),
        **{"slices": table.plot_table(slices), "robustness": examine.plot_table(robustness)},
    }
    rows = len(evidence.holdout)
    figures = {
        **explanation_figures(found, rows, params.task, params.interpret),
        **slices_figures(slices),
        **robustness_figures(robustness, rows, params.interpret.noise_sd),
    }
    metrics = {
        **interpret.interpretation_json(found),
        "slices": table.slices_json(slices),
        "robustness": examine.robustness_json(robustness),
        "feedback": feedback_json(feedback),
    }
    for name, content in tables.items():
        artifacts.write_table(paths[f"tables/{name}"], content)
    for name, content in plots.items():
        artifacts.write_table(paths[f"plots/{name}"], content)
    artifacts.write_table(paths["shap_values"], _by_row(found.explanation, evidence))
    artifacts.write_table(paths["ice"], found.partial.lines)
    artifacts.write_json(paths["metrics"], metrics)
    artifacts.write_text(paths["data_feedback"], data_feedback_page(feedback, evidence.schema))
    artifacts.write_figures(paths["pictures"], figures)
    top = metrics.get("top_feature")
    say(f"the top feature is {shown(top)}" if top else "the model does without every feature")


def _by_row(explanation, evidence):
    """Return SHAP values with the row that each is of."""
    values = explanation.values.copy()
    values.insert(0, ROW, evidence.holdout.rows[ROW].to_numpy()[explanation.positions])
    return values


if __name__ == "__main__":
    run(STAGE, main)
