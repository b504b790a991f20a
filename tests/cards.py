"""What the model card is made of, read back from a finished pipeline's folder."""

from pathlib import Path

from assay import artifacts
from assay.report.model_card import TABLES, CardFacts
from assay.schema import schema_from_json


def card_facts(folder: Path) -> CardFacts:
    run = folder / (folder / "models/registry/latest.txt").read_text().strip()
    return CardFacts(
        artifacts.read_json(run / "run_meta.json"),
        schema_from_json(artifacts.read_json(folder / "data/validated/schema.json")),
        {path.stem: artifacts.read_json(path) for path in (folder / "metrics").glob("*.json")},
        artifacts.read_json(folder / "models/decision.json"),
        {name: artifacts.read_report(folder / f"reports/tables/{name}.csv") for name in TABLES},
        [
            *artifacts.read_json(folder / "data/validated/findings.json")["findings"],
            *artifacts.read_json(folder / "reports/tables/split_findings.json"),
            *artifacts.read_json(folder / "reports/tables/model_findings.json"),
        ],
    )
