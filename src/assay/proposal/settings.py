"""What is set by the size of a table and the shape of its target: split, metric, limits, models."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from assay.errors import shown
from assay.proposal.names import has_word, is_sensitive_name
from assay.proposal.profile import Column, Profile, listed_briefly
from assay.proposal.roles import Roles
from assay.proposal.target import TaskGuess, label_rate

# A class with less than this share of rows is rare.
_RARE = 0.1
# A target whose skewness is above this has a long tail.
_SKEWED = 2.0
# With a share of known groups below this among the latest rows, most of what comes is new.
_MOSTLY_NEW = 0.5
_LATEST = 0.2
# Texts of more values are no groups to compare, as `validate` would say.
_MOST_GROUPS = 50

# Of values that the template has, and no table changes.
_TO_START_WITH = {
    "train.preset": ["fast, until the table and the split are right; then balanced."],
    "baseline.rule": ["Is there a rule that people use today? Then the model should beat it."],
    "evaluate.gate.action": [
        "fail, because a first model that is not better than a baseline is worth knowing of; warn goes on."
    ],
}
_TO_DECIDE_WITH = {
    "threshold.strategy": [
        "max_f1, which needs no costs. When you know what a false alarm and a miss cost, write the costs "
        "below and take min_cost."
    ],
}


@dataclass
class Settings:
    """Values that differ from the template's, and sentences that say why, by `section.key`."""

    values: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, list[str]] = field(default_factory=dict)

    def set(self, key: str, value: Any, *because: str) -> None:
        """Give a key its value and, if any, its reasons."""
        self.values[key] = value
        if because:
            self.reasons[key] = list(because)


def guess_settings(
    sample: pd.DataFrame, profile: Profile, target: Column, task: TaskGuess, roles: Roles
) -> Settings:
    """Propose every setting that the table has a say in.

    Parameters
    ----------
    sample : DataFrame
        The rows looked at.
    profile : Profile
    target : Column
    task : TaskGuess
    roles : Roles
    """
    settings = Settings()
    if task.type == "regression":
        _quantity(sample[target.name], task, settings)
    else:
        _classes(sample[target.name], task, settings)
    labelled = profile.row_count - round(target.missing_rate * profile.row_count)
    _sizes(labelled, settings)
    if labelled < profile.row_count:
        settings.set(
            "validate.missing_target",
            "drop",
            f"{profile.row_count - labelled:,} of {profile.row_count:,} rows have no outcome: nothing can "
            "be learnt from them. Do they differ from the others?",
        )
    _split(sample, profile, roles, settings)
    _features(profile, target.name, roles, settings)
    _sensitive(profile, target.name, roles, settings)
    settings.reasons |= _TO_START_WITH
    if task.type == "binary":
        settings.reasons |= _TO_DECIDE_WITH
    return settings


def _classes(target: "pd.Series[Any]", task: TaskGuess, settings: Settings) -> None:
    settings.set("task.type", task.type, _sentence(task.why))
    settings.set("task.positive_label", task.positive_label)
    if task.type == "multiclass":
        settings.set(
            "task.primary_metric",
            "neg_log_loss",
            "The log loss, because it judges the probabilities of all classes.",
        )
        settings.set("calibrate.methods", ["sigmoid", "isotonic", "temperature"])
        return
    settings.set("calibrate.methods", ["sigmoid", "isotonic"])
    settings.reasons["task.positive_label"] = [_sentence(task.positive_why)]
    rate = label_rate(target, task.positive_label)
    if rate < _RARE:
        settings.set(
            "task.primary_metric",
            "average_precision",
            f"Average precision, because only {rate:.2%} of rows are positive: with so few, ROC AUC "
            "looks good where most alerts are false.",
        )
        return
    settings.set(
        "task.primary_metric",
        "roc_auc",
        f"ROC AUC, because {rate:.0%} of rows are positive and the threshold is chosen later.",
    )


def _quantity(target: "pd.Series[Any]", task: TaskGuess, settings: Settings) -> None:
    numbers = pd.to_numeric(target, errors="coerce").to_numpy(dtype=float)
    numbers = numbers[np.isfinite(numbers)]
    settings.set("task.type", "regression", _sentence(task.why))
    settings.set("task.positive_label", None)
    settings.set("calibrate.methods", [], "None: a number has no probability to calibrate.")
    skewed = _skewness(numbers)
    low = float(numbers.min()) if len(numbers) else -1.0
    high = float(numbers.max()) if len(numbers) else 1.0
    logarithm = low >= 0 and skewed > _SKEWED and abs(_skewness(np.log1p(numbers))) < skewed / 2
    if logarithm:
        settings.set(
            "task.target_transform",
            "log1p",
            f"log1p, because the target is never negative and has a long tail (skewness {skewed:.1f}).",
        )
    heavy = _heavy_tails(numbers)
    if logarithm or heavy:
        why = "a log scale aims at the median" if logarithm else "the target has far outliers"
        settings.set(
            "task.primary_metric",
            "neg_mean_absolute_error",
            f"The absolute error, because {why}; squared errors would be about a few rows.",
        )
    else:
        settings.set(
            "task.primary_metric",
            "neg_root_mean_squared_error",
            "The squared error, because the target has no far outliers.",
        )
    if low >= 0:
        settings.set("task.clip_low", 0.0, "0, because no row has a negative target.")
        if 0.5 <= high <= 1 and bool((numbers % 1 != 0).any()):
            settings.set("task.clip_high", 1.0, "1, because the target looks like a share.")


def _skewness(numbers: "np.ndarray[Any, Any]") -> float:
    # Near the largest numbers a square overflows; in this unit nothing is larger than 1.
    largest = float(np.abs(numbers).max()) if len(numbers) else 0.0
    scaled = numbers / largest if largest else numbers
    spread = float(scaled.std()) if len(numbers) else 0.0
    if spread < 1e-12:
        return 0.0
    return float((((scaled - scaled.mean()) / spread) ** 3).mean())


def _heavy_tails(numbers: "np.ndarray[Any, Any]") -> bool:
    """Say whether a hundredth of the rows lies far beyond the rest, on either side."""
    if len(numbers) < 50:
        return False
    halved = numbers / 2
    first, low, middle, high, last = np.quantile(halved, [0.005, 0.25, 0.5, 0.75, 0.995])
    spread = high - low
    return bool(spread > 0 and max(last - middle, middle - first) > 8 * spread)


def _sizes(rows: int, settings: Settings) -> None:
    """Set what the number of rows with an outcome has a say in."""
    if rows >= 1_000:
        least = _rounded_down(rows / 2)
        why = f"The table has {rows:,} rows today; one of half as many would be a broken extract."
    else:
        least = max(100, rows // 2 // 50 * 50)
        why = f"The table has {rows:,} rows: intervals will be wide."
    settings.set("validate.min_rows", least, why)
    settings.set("preprocess.min_category_count", min(20, max(5, rows // 500)))
    settings.set("interpret.slice_min_rows", min(100, max(20, rows // 50)))
    settings.set("evaluate.sensitive_min_rows", min(100, max(20, rows // 50)))
    if rows < 1_000 and "isotonic" in settings.values.get("calibrate.methods", ()):
        few = "No isotonic: it learns by heart what so few rows have."
        methods = [name for name in settings.values["calibrate.methods"] if name != "isotonic"]
        settings.set("calibrate.methods", methods, few)
    fraction = 0.3 if rows < 1_000 else 0.2 if rows <= 100_000 else 0.1
    judges = f"About {rows * fraction:,.0f} rows"
    because = {
        0.3: f"{judges}; of so small a table fewer would judge nothing.",
        0.2: f"{judges}.",
        0.1: f"{judges}, which give narrow intervals; the others train.",
    }
    settings.set("split.holdout_fraction", fraction, because[fraction])


def _rounded_down(number: float) -> int:
    """Return a number with one digit that counts, not above what it was."""
    power = 10 ** int(math.log10(number))
    return int(number // power * power)


def _split(sample: pd.DataFrame, profile: Profile, roles: Roles, settings: Settings) -> None:
    if roles.time and roles.group:
        seen = _seen_rate(sample, roles.time, roles.group)
        told = f"{seen:.0%} of the latest rows have a {shown(roles.group)} of earlier rows"
        if seen < _MOSTLY_NEW:
            settings.set(
                "split.strategy",
                "group_time",
                f"group_time, because {told}: the model will mostly meet new ones, in a later time.",
            )
            return
        settings.set(
            "split.strategy",
            "time",
            f"time, because rows are scored later than they are learnt from. {told}: they come back, "
            "in use too. If it must work for new ones, take group_time.",
        )
    elif roles.time:
        settings.set(
            "split.strategy",
            "time",
            "time, because rows are scored later than they are learnt from: judged on a random holdout, "
            "a model would have seen other rows of the same days.",
        )
    elif roles.group:
        settings.set(
            "split.strategy",
            "group",
            f"group, because rows of one {shown(roles.group)} are alike: in a random holdout, the model "
            "would be judged on what it knows by heart.",
        )
    else:
        settings.set("split.strategy", "random", *_why_random(profile))


def _why_random(profile: Profile) -> list[str]:
    dates = [column.name for column in profile.columns.values() if column.date_text]
    if dates:
        return [
            f"random, until {listed_briefly(dates)} is converted to timestamps: if rows are scored later "
            "than they are learnt from, a random holdout flatters, and time is the honest split."
        ]
    years = [column.name for column in profile.columns.values() if _is_year(column)]
    told = (
        "random, because nothing orders the rows and no entity comes back in them, as far as one can "
        "see. If they are made over time, give the table a column of timestamps."
    )
    more = f"{listed_briefly(years)}: do later rows follow earlier ones?"
    return [told, more] if years else [told]


def _is_year(column: Column) -> bool:
    in_our_time = (column.low or 0) >= 1900 and (column.high or 0) <= 2100
    varies = column.whole and (column.distinct or 0) > 1
    return in_our_time and varies and has_word(column.name, {"year", "yr", "jahr"})


def _seen_rate(sample: pd.DataFrame, time: str, group: str) -> float:
    """Return the share of the latest rows whose group has earlier ones."""
    order = sample[time].argsort(kind="stable").to_numpy()
    groups = sample[group].to_numpy()[order]
    start = round(len(groups) * (1 - _LATEST))
    return float(pd.Series(groups[start:]).isin(pd.unique(groups[:start])).mean())


def _features(profile: Profile, target: str, roles: Roles, settings: Settings) -> None:
    features = roles.features(profile, target)
    most = settings.values.get("preprocess.max_categories", 100)
    many = [
        column.name
        for column in features
        if (column.is_text or column.name in roles.categorical) and (column.distinct or 0) > most
    ]
    if many:
        settings.set(
            "preprocess.high_cardinality",
            "target",
            f"target, for {listed_briefly(many)}: a column for each value would be too many.",
        )
    times = [column for column in features if column.is_time]
    if times:
        _times(times, profile.columns.get(roles.time or ""), settings)


def _sensitive(profile: Profile, target: str, roles: Roles, settings: Settings) -> None:
    """Compare decisions by columns whose names are sensitive; their roles stay."""
    named = [
        column.name
        for column in roles.features(profile, target)
        if is_sensitive_name(column.name)
        and (column.distinct or 0) + bool(column.missing_rate) > 1
        and not (column.is_text and (column.distinct or 0) > _MOST_GROUPS)
    ]
    if named:
        settings.set(
            "evaluate.sensitive_columns",
            named,
            f"By their names: {listed_briefly(named)}. They stay features: whether a model may see them "
            "is for you to decide; data.passthrough_columns hides them from it.",
        )


def _times(times: Sequence[Column], decision: Column | None, settings: Settings) -> None:
    """Read times as parts; as ages too, where there is a time to count them to."""
    told = f"{listed_briefly([column.name for column in times])}: read as parts"
    # Between a time with a zone and one without, some hours are unknown.
    if decision and len({column.zoned for column in (*times, decision)}) == 1:
        settings.set(
            "preprocess.datetimes",
            "parts_and_age",
            f"{told}, and as the days before {shown(decision.name)}.",
        )
    elif decision:
        because = [f"{told}; not as ages, because some have a time zone and others none."]
        settings.reasons["preprocess.datetimes"] = because
    else:
        because = [f"{told}; an age needs a time column to be counted to."]
        settings.reasons["preprocess.datetimes"] = because


def _sentence(words: str) -> str:
    """Return words as a sentence; a label stays as it is."""
    text = words if words.startswith(("'", '"')) else words[:1].upper() + words[1:]
    return text if text.endswith(".") else f"{text}."
