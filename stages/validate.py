"""Is the table safe to model?

Reads the feature table as it is. Writes it typed, with the excluded columns gone, and the checklist
of what was found.

Guarantee: a table with an error stops here, with every error listed; nothing later checks again.
"""

from pathlib import Path

from assay import artifacts
from assay.checks.findings import Wanted, findings_json, refuse_errors
from assay.checks.table import check_table
from assay.errors import counted
from assay.report.readiness import readiness_page
from assay.schema import infer_schema, typed_table
from stages._stage import Stage, run, say

STAGE = Stage(
    name="validate",
    sections=("data", "task", "validate"),
    reads={"features": Path("${data.table}")},
    writes={
        "table": Path("data/validated/table.parquet"),
        "schema": Path("data/validated/schema.json"),
        "metrics": Path("metrics/validation.json"),
        "readiness": Path("reports/readiness.md"),
    },
)


def main() -> None:
    """Check the table, then write it typed."""
    params = STAGE.params()
    frame = artifacts.read_table(Path(params.data.table))
    wanted = Wanted(params.data, params.task, params.validate)
    findings = check_table(frame, wanted)
    artifacts.write_text(STAGE.writes["readiness"], readiness_page(frame, wanted, findings))
    artifacts.write_json(STAGE.writes["metrics"], findings_json(frame, wanted, findings))
    refuse_errors(findings, params.data.table)
    schema = infer_schema(frame, params.data, params.task)
    artifacts.write_json(STAGE.writes["schema"], schema.to_json())
    artifacts.write_table(STAGE.writes["table"], typed_table(frame, schema))
    features, warned = counted(len(schema.features), "feature"), counted(len(findings), "warning")
    say(f"{counted(len(frame), 'row')}, {features}, {warned}; see {STAGE.writes['readiness']}")


if __name__ == "__main__":
    run(STAGE, main)
