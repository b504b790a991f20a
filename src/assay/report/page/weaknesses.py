"""Where the model fails, for whom it works and what breaks it: the rows of the page's tables."""

from typing import Any

import pandas as pd

from assay.report.facts import ReportFacts
from assay.report.fairness import fairness_facts
from assay.report.robustness import robustness_facts
from assay.report.slices import slices_facts
from assay.slices.judge import FAILS, HARD

# Rows of long tables.
_SLICES = 60
_WORST = 10
_SEVERITY = {FAILS: 0, HARD: 1}


def weakness_facts(facts: ReportFacts) -> dict[str, Any]:
    """Return the variables of the section, as the model card has them and with longer tables.

    Parameters
    ----------
    facts : ReportFacts
    """
    tables = facts.tables
    task = facts.schema.task
    slices, found = tables["slices"], tables["found_slices"]
    return {
        **slices_facts(slices, found),
        **robustness_facts(tables["robustness"], tables["support"], task),
        **fairness_facts(facts.metrics["fairness"], tables["fairness"]),
        "all_slices": _ordered(slices).head(_SLICES).to_dict("records"),
        "slices_left": max(len(slices) - _SLICES, 0),
        "found_all": found.to_dict("records"),
        "periods": tables["periods"].to_dict("records"),
        "worst_cases": _worst_cases(facts),
    }


def _ordered(slices: pd.DataFrame) -> pd.DataFrame:
    """Put what fails first, then what is hard, then what is most surely worse than all rows."""
    severity = slices["verdict"].map(_SEVERITY).fillna(len(_SEVERITY))
    order = slices.assign(_severity=severity).sort_values(
        ["_severity", "difference_ci_low"], ascending=[True, False], kind="stable"
    )
    return order.drop(columns="_severity")


def _worst_cases(facts: ReportFacts) -> list[dict[str, str]]:
    """Return the worst predicted rows of the holdout: who they are, and what went wrong."""
    table = facts.tables["worst_cases"]
    names = [name for name in facts.schema.id_columns if name in table.columns]
    return [
        {
            "row": ", ".join(str(row[name]) for name in names) or f"row {row['assay_row']}",
            "told": str(row["what_went_wrong"]),
        }
        for row in table.head(_WORST).to_dict("records")
    ]
