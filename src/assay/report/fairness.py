"""What the model card tells of groups, from `metrics/fairness.json` and `reports/tables/fairness.csv`."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from assay.report.rendering import interval, name, number

# Measures that the card's table shows, in the order of its columns.
_HEADS = {
    "prevalence": "positives",
    "selection_rate": "selected",
    "tpr": "true positive rate",
    "fpr": "false positive rate",
    "mean_error": "mean error",
    "mae": "MAE",
    "coverage": "outcomes inside intervals",
}
# In the order of the sentences.
_QUESTIONS = {
    "equal_opportunity": "true positive rates",
    "predictive_equality": "false positive rates",
    "predictive_parity": "precision",
    "calibration": "calibration gaps (mean score less rate)",
    "bias": "mean errors",
    "error_size": "mean absolute errors",
    "coverage": "shares of outcomes inside intervals",
}


def fairness_facts(metrics: Mapping[str, Any], table: pd.DataFrame) -> dict[str, Any]:
    """Return the variables of `card_fairness.md.j2`.

    Parameters
    ----------
    metrics : dict
        The content of `metrics/fairness.json`.
    table : DataFrame
        `reports/tables/fairness.csv` as `assay.artifacts.read_report` reads it.
    """
    columns = metrics.get("columns", {})
    rows = [row for title in columns for row in _rows(title, columns[title], table)]
    # What differs is not to be cut off.
    rows.sort(
        key=lambda row: (not row["differs"], not columns[row["column"]]["alarm"], -row["rows"])
    )
    heads = [text for key, text in _HEADS.items() if any(key in row["measured"] for row in rows)]
    keys = [key for key, text in _HEADS.items() if text in heads]
    for row in rows:
        row["cells"] = [
            interval(row["measured"][key]) if key in row["measured"] else "-" for key in keys
        ]
    return {
        "fairness": metrics,
        "fairness_sentences": {title: _behind_colon(columns[title]) for title in columns},
        "fairness_heads": heads,
        "fairness_rows": rows,
    }


def _behind_colon(column: Mapping[str, Any]) -> str:
    """Return what is told of a column, going on with a sentence that has begun."""
    told = " ".join(_told(column))
    return told[:1].lower() + told[1:]


def _group(column: Mapping[str, Any], group: str) -> str:
    """Return a group's name that says of what it is: `sex = f`."""
    return name(f"{column['source']} = {group}" if column["source"] else group)


def _told(column: Mapping[str, Any]) -> Iterator[str]:
    judged, count = column["judged_group_count"], column["group_count"]
    if count < 2:
        yield "All rows of the holdout are of one group, so there is nothing to compare."
    elif judged < 2:
        enough = "1 group has" if judged else "no group has"
        yield f"Of {count} groups {enough} enough rows: too few to compare."
    else:
        yield from _answers(column)
    left = column["not_judged_row_count"]
    if judged >= 2 and left and not column["against_missing"]:
        few = "1 group is" if count - judged == 1 else f"{count - judged} groups are"
        yield f"{few} too small to judge ({left:,} rows)."
    proxies = column.get("proxies")
    if proxies and proxies["applicable"]:
        yield _proxies(proxies)


def _answers(column: Mapping[str, Any]) -> Iterator[str]:
    parity = column.get("demographic_parity", {})
    if "ratio" in parity:
        of_class = f" of class {name(parity['class'])}" if "class" in parity else ""
        yield (
            f"The selection rates{of_class} are {parity['verdict']}: that of "
            f"{_group(column, parity['lowest'])} is {interval(parity['ratio'], 2)} of that of "
            f"{_group(column, parity['highest'])}, by chance down to "
            f"{number(parity['chance_down_to'], 2)}."
        )
    elif "verdict" in parity:
        yield f"Selection rates: {parity['verdict']}."
    asked = {key: column[key] for key in _QUESTIONS if key in column}
    for key, found in asked.items():
        if found["alarm"]:
            of_class = f" of class {name(found['class'])}" if "class" in found else ""
            yield (
                f"The {_QUESTIONS[key]}{of_class} differ beyond chance: that of "
                f"{_group(column, found['highest'])} less that of {_group(column, found['lowest'])} is "
                f"{interval(found['difference'])}, by chance up to {number(found['chance_up_to'])}."
            )
    alike = [
        _QUESTIONS[key] for key, found in asked.items() if "p_value" in found and not found["alarm"]
    ]
    if alike:
        yield f"No difference beyond chance is seen in {', '.join(alike)}."
    unknown = [_QUESTIONS[key] for key, found in asked.items() if "p_value" not in found]
    if unknown:
        yield f"Too few rows to tell of {', '.join(unknown)}."


def _proxies(proxies: Mapping[str, Any]) -> str:
    own = " (it is a feature itself, which was left out here)" if proxies["is_feature"] else ""
    score = f"{proxies['score_name']} of {interval(proxies['together'], 2)}"
    if not proxies["together_tell"]:
        return f"The features together do not tell it{own}: {score}."
    more = ""
    if "strongest" in proxies:
        more = f", {name(proxies['strongest'])} alone with {number(proxies['strongest_score'], 2)}"
    hidden = "" if own else ": leaving it out hides it from the model only in name"
    return f"The features together tell it with an {score}{more}{own}{hidden}."


def _rows(title: str, column: Mapping[str, Any], table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield a row for each judged group of a column of the table; of one class, where many are."""
    of_class = column.get("demographic_parity", {}).get("class", "")
    mine = table[(table["column"] == title) & table["judged"].astype(bool)]
    mine = mine[mine["class"].fillna("") == of_class]
    if column["crossed"] or column["against_missing"]:
        return
    for group, of_group in mine.groupby("group", sort=False):
        values = of_group.set_index("measure")
        yield {
            "column": title,
            "class": of_class,
            "group": group,
            "rows": int(values["rows"].iloc[0]),
            "differs": bool(values["differs"].astype(bool).any()),
            "measured": {
                str(key): {
                    "value": row["value"],
                    "ci_low": row["ci_low"],
                    "ci_high": row["ci_high"],
                }
                for key, row in values.iterrows()
                if key in _HEADS and pd.notna(row["value"])
            },
        }
