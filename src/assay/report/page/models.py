"""The models that were tried, and the baselines."""

from typing import Any

from assay.report.facts import ReportFacts
from assay.search.complexity import Complexity
from assay.search.words import learning_words, selection_words


def model_facts(facts: ReportFacts) -> dict[str, Any]:
    """Return the variables of the section.

    Parameters
    ----------
    facts : ReportFacts
    """
    board = facts.tables["leaderboard"].fillna({"failure": "", "params": ""})
    train = facts.metrics["train"]
    curve = train["learning_curve"]
    return {
        "ranked": [_row(row) for row in board[board["failure"] == ""].to_dict("records")],
        "failed": board[board["failure"] != ""].to_dict("records"),
        "choice": selection_words(train["selection"]),
        "learning": learning_words(curve) if curve["applicable"] else "",
        "baselines": [
            (name, values)
            for name, values in facts.metrics["baseline"].items()
            if isinstance(values, dict)
        ],
    }


def _row(row: "dict[Any, Any]") -> dict[str, Any]:
    missing = row["complexity"] != row["complexity"]
    holds = "-" if missing else str(Complexity(int(row["complexity"]), row["complexity_unit"]))
    behind = {
        "value": row["behind_best"],
        "ci_low": row["behind_best_ci_low"],
        "ci_high": row["behind_best_ci_high"],
    }
    return {**row, "holds": holds, "behind": behind}
