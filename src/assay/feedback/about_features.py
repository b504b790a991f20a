"""Findings about features: missing values, categories, drift."""

from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from assay.evidence import Evidence
from assay.feedback.categories import Spelling, pooled_categories, spellings
from assay.feedback.finding import Found, named_rows
from assay.feedback.gaps import Side, compared_losses
from assay.interpretation.movements import holdout_is_later
from assay.metrics.catalogue import ROW_LOSS
from assay.schema import ROW

_NAMES, _DRIFTS, _SPELLINGS = 3, 5, 5
# Pooled categories with a smaller share of rows are not told.
_LEAST_POOLED = 0.005


def about_features(
    evidence: Evidence, whole: pd.DataFrame, drift: pd.DataFrame, missing: pd.DataFrame
) -> Iterator[Found]:
    """Yield what to mend in features.

    Parameters
    ----------
    evidence : Evidence
    whole : DataFrame
        From `whole_table`.
    drift : DataFrame
        From `feature_drift`.
    missing : DataFrame
        From `missing_errors`.
    """
    yield from _spelled(evidence, whole)
    yield from _missing(evidence, missing)
    yield from _drifted(evidence, drift)
    yield from _rare(evidence, whole)


def whole_table(evidence: Evidence, holdout: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of training and of the whole holdout in their order.

    What is counted in them is a fact about the table, and chooses nothing.
    """
    whole = pd.concat([evidence.train, holdout], ignore_index=True)
    return whole.sort_values(ROW, ignore_index=True, kind="stable")


def loss_name(evidence: Evidence) -> str:
    """Return what a row loses, in words."""
    return ROW_LOSS[evidence.task.type].removeprefix("row_").replace("_", " ")


def _spelled(evidence: Evidence, whole: pd.DataFrame) -> Iterator[Found]:
    found = spellings(whole, evidence.schema.names_of("categorical"))
    same: dict[str, list[Spelling]] = {}
    for each in found:
        if each.same:
            same.setdefault(each.feature, []).append(each)
        else:
            yield _near(len(whole), each)
    for feature, those in same.items():
        yield _same(evidence, whole, feature, sorted(those, key=lambda each: -each.rows))


def _same(evidence: Evidence, whole: pd.DataFrame, feature: str, found: "list[Spelling]") -> Found:
    table = evidence.out_of_fold
    usual = {text: next(iter(each.counts)) for each in found for text in list(each.counts)[1:]}
    inside = table.rows[feature].isin(usual).to_numpy(dtype=bool)
    compared = compared_losses(evidence, table, inside)
    column = whole[feature]
    rows = np.flatnonzero(column.isin(usual).to_numpy(dtype=bool)).astype(np.int64)
    named = named_rows(whole, evidence.schema, rows).assign(
        part=np.where(whole[ROW].isin(evidence.train[ROW]), "training", "holdout")[rows],
        feature=feature,
        value=column.to_numpy()[rows],
        suggested=[usual[text] for text in column.to_numpy()[rows]],
    )
    excess = compared.excess if compared else None
    count = sum(each.rows for each in found)
    told, more = [_told(each) for each in found[:_SPELLINGS]], len(found) - _SPELLINGS
    return Found(
        "spelling",
        "error",
        feature,
        f"{'; '.join(told)}{f'; and {more} more' if more > 0 else ''}: most likely one category"
        f"{' each' if len(found) > 1 else ''}. They differ by case, blanks, accents or punctuation "
        "only, and the model takes them for different ones.",
        "Write each in one way, such as the most frequent one"
        f" ({', '.join(repr(next(iter(each.counts))) for each in found[:_SPELLINGS])}).",
        count,
        count / len(whole),
        f"excess {loss_name(evidence)} of the rarer spellings" if excess else "",
        excess.value if excess else np.nan,
        excess.ci_low if excess else np.nan,
        excess.ci_high if excess else np.nan,
        excess.p_value if excess else np.nan,
        excess_loss=excess.value * count if excess else 0.0,
        named=named,
    )


def _near(count: int, each: Spelling) -> Found:
    return Found(
        "near_spelling",
        "hint",
        each.feature,
        f"{_told(each)} may be one category.",
        "If they are one, write them in one way; if not, nothing is wrong.",
        each.rows,
        each.rows / count,
    )


def _told(each: Spelling) -> str:
    texts = [f"{text!r} ({count:,} rows)" for text, count in each.counts.items()]
    return f"{', '.join(texts[:-1])} and {texts[-1]}"


def _missing(evidence: Evidence, missing: pd.DataFrame) -> Iterator[Found]:
    loss = loss_name(evidence)
    for row in missing[missing["drives_errors"].to_numpy(dtype=bool)].to_dict("records"):
        several = len(row["names"]) > 1
        yield Found(
            "missing_errors",
            "fact",
            str(row["features"]),
            f"Where {_list(row['names'])} {'are' if several else 'is'} missing "
            f"({row['missing_rate']:.1%} of rows), the model errs by more than it knows: its {loss} is "
            f"{row['loss_missing']:.3g} there and {row['loss_known']:.3g} elsewhere, which is "
            f"{row['excess']:.3g} more than its predictions there let expect."
            f"{_again(row, 1 - evidence.bootstrap.confidence)}",
            "Find out why it is missing there, and fill it at its source if it can be known.",
            int(row["rows"]),
            float(row["missing_rate"]),
            f"excess {loss}",
            float(row["excess"]),
            float(row["ci_low"]),
            float(row["ci_high"]),
            float(row["p_adjusted"]),
            excess_loss=float(row["excess"]) * int(row["rows"]),
        )


def _again(row: "dict[Hashable, Any]", alpha: float) -> str:
    excess, p_value = float(row["holdout_excess"]), float(row["holdout_p_value"])
    if np.isnan(excess):
        return " The holdout has too few such rows to see it again."
    if excess > 0 and p_value <= alpha:
        return f" The holdout shows it again ({excess:.3g})."
    return f" The holdout does not show it again beyond chance ({excess:.3g})."


def _drifted(evidence: Evidence, drift: pd.DataFrame) -> Iterator[Found]:
    drifting = drift[drift["drifts"].to_numpy(dtype=bool)].to_dict("records")
    if not drifting:
        return
    told = [_moved(row) for row in drifting[:_DRIFTS]]
    more = len(drifting) - len(told)
    later = holdout_is_later(evidence)
    yield Found(
        "drift",
        "fact",
        ", ".join(str(row["feature"]) for row in drifting),
        f"{len(drifting)} of {len(drift)} features have other values in the holdout than in training, "
        f"beyond chance: {'; '.join(told)}{f'; and {more} more' if more else ''}."
        + (" The holdout is later than the training rows: this is what time did." if later else ""),
        "See whether the world changed, or the way it is recorded. The second is for you to mend; the "
        "first asks for training again as it goes on, and for watching it."
        if later
        else "See whether the two parts were recorded in the same way.",
        len(evidence.holdout),
        1.0,
        "greatest distance, 0 to 1",
        float(drifting[0]["distance"]),
        p_value=float(drifting[0]["p_value"]),
    )


def _moved(row: "dict[Hashable, Any]") -> str:
    if row["distance_of"] == "missing rate":
        return (
            f"{row['feature']} (missing in {row['missing_rate_train']:.1%} of training rows, "
            f"{row['missing_rate_holdout']:.1%} of the holdout's)"
        )
    return f"{row['feature']} ({row['distance_of']} {row['distance']:.2f}, by chance up to {row['chance_up_to']:.2f})"


def _rare(evidence: Evidence, whole: pd.DataFrame) -> Iterator[Found]:
    table, loss = evidence.out_of_fold, loss_name(evidence)
    for each in pooled_categories(evidence):
        inside = table.rows[each.feature].isin(set(each.categories)).to_numpy(dtype=bool)
        trained = whole[each.feature].isin(set(each.categories))
        if trained.mean() < _LEAST_POOLED:
            continue
        compared = compared_losses(evidence, table, inside)
        told, errs = _erring(compared, loss, 1 - evidence.bootstrap.confidence)
        excess = compared.excess if compared else None
        yield Found(
            "rare_categories",
            "hint",
            each.feature,
            f"{len(each.categories):,} of the {whole[each.feature].nunique():,} categories of "
            f"{each.feature} have too few rows to learn from, together {trained.mean():.1%} of rows; the "
            f"model takes them for one ({_list(each.categories)}).{told}",
            "If a coarser category is known for them, add it; more rows of them help too."
            if errs
            else "If a coarser category is known for them, add it.",
            int(trained.sum()),
            float(trained.mean()),
            f"excess {loss}" if excess else "",
            excess.value if excess else np.nan,
            excess.ci_low if excess else np.nan,
            excess.ci_high if excess else np.nan,
            excess.p_value if excess else np.nan,
            excess_loss=excess.value * int(trained.sum()) if excess and errs else 0.0,
        )


def _erring(compared: Side | None, loss: str, alpha: float) -> tuple[str, bool]:
    """Say whether the model errs more on some rows than it knows, and whether it is shown to."""
    if compared is None:
        return " They are too few to tell whether the model errs more there.", False
    excess = compared.excess
    if excess.value <= 0 or excess.p_value > alpha:
        return " The model is not shown to err more there.", False
    return (
        f" Their {loss} is {compared.loss_inside:.3g}, against {compared.loss_outside:.3g} elsewhere: "
        f"{excess.value:.3g} [{excess.ci_low:.3g}, {excess.ci_high:.3g}] more than its predictions "
        "there let expect.",
        True,
    )


def _list(names: "tuple[str, ...]") -> str:
    """Return the first names of several, and how many more there are."""
    if len(names) <= _NAMES:
        return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]
    return f"{', '.join(names[:_NAMES])} and {len(names) - _NAMES} more"
