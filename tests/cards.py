"""What the pages of a run are made of, read back from a finished pipeline's folder."""

from pathlib import Path

from assay import artifacts
from assay.report.facts import CURVES, TABLES, ReportFacts
from assay.schema import schema_from_json


def card_facts(folder: Path) -> ReportFacts:
    run = folder / (folder / "models/registry/latest.txt").read_text().strip()
    return ReportFacts(
        artifacts.read_json(run / "run_meta.json"),
        schema_from_json(artifacts.read_json(folder / "data/validated/schema.json")),
        {path.stem: artifacts.read_json(path) for path in (folder / "metrics").glob("*.json")},
        artifacts.read_json(folder / "models/decision.json"),
        {name: artifacts.read_report(folder / f"reports/tables/{name}.csv") for name in TABLES},
        {name: artifacts.read_report(folder / f"plots/data/{name}.csv") for name in CURVES},
        {
            f"{path.parent.name}/{path.stem}": path.read_bytes()
            for path in sorted((folder / "plots").glob("*/*.png"))
        },
        [
            *artifacts.read_json(folder / "data/validated/findings.json")["findings"],
            *artifacts.read_json(folder / "reports/tables/split_findings.json"),
            *artifacts.read_json(folder / "reports/tables/model_findings.json"),
        ],
    )
