"""Is the table safe to model?

Reads the feature table as it is. Writes it typed, with the excluded columns gone, and what was found,
which `split` puts on the readiness page beside its own proof.

Guarantee: a table with an error stops here, with every error listed; nothing later checks again.
"""

from pathlib import Path

from assay import artifacts
from assay.checks.facts import table_facts
from assay.checks.findings import Wanted, findings_json, refuse_errors
from assay.checks.table import check_table
from assay.errors import counted
from assay.report.readiness import readiness_page
from assay.schema import infer_schema, rows_at, typed_table, with_plain_roles
from stages._stage import Stage, run, say

STAGE = Stage(
    name="validate",
    sections=(
        *("data", "task", "validate"),
        *("preprocess.datetimes", "preprocess.datetime_reference", "threshold.costs"),
        *("evaluate.sensitive_columns", "evaluate.sensitive_min_rows"),
        *("interpret.expected_direction", "interpret.explain_rows"),
    ),
    reads={"features": Path("${data.table}")},
    writes={
        "table": Path("data/validated/table.parquet"),
        "schema": Path("data/validated/schema.json"),
        "metrics": Path("metrics/validation.json"),
        "findings": Path("data/validated/findings.json"),
    },
)
# An output of `split`. It is written here only where the table is refused and `split` does not run.
READINESS = Path("reports/readiness.md")


def main() -> None:
    """Check the table, then write it typed."""
    params = STAGE.params()
    table = artifacts.read_table(Path(params.data.table))
    frame = with_plain_roles(table, params.data)
    times = (params.preprocess.datetimes, params.preprocess.datetime_reference)
    wanted = Wanted(
        *(params.data, params.task, params.validate, *times),
        costs=params.threshold.costs,
        sensitive_columns=params.evaluate.sensitive_columns,
        sensitive_min_rows=params.evaluate.sensitive_min_rows,
        directions=params.interpret.expected_direction,
        explain_rows=params.interpret.explain_rows or (),
    )
    findings = check_table(frame, wanted)
    positions = wanted.labelled(frame)
    frame = rows_at(frame, positions)
    facts = table_facts(frame, wanted, findings)
    artifacts.write_json(STAGE.writes["metrics"], findings_json(frame, wanted, findings))
    if any(finding.severity == "error" for finding in findings):
        artifacts.write_text(READINESS, readiness_page(facts))
    refuse_errors(findings, params.data.table)
    schema = infer_schema(frame, params.data, params.task, *times)
    artifacts.write_json(STAGE.writes["findings"], facts)
    artifacts.write_json(STAGE.writes["schema"], schema.to_json())
    artifacts.write_table(STAGE.writes["table"], typed_table(frame, schema, positions))
    warnings = [finding for finding in findings if finding.severity == "warning"]
    for finding in warnings:
        say(f"warning: {finding.message} {finding.action}")
    features, warned = counted(len(schema.features), "feature"), counted(len(warnings), "warning")
    say(f"{counted(len(frame), 'row')}, {features}, {warned}")


if __name__ == "__main__":
    run(STAGE, main)
