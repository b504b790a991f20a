"""What the other columns are: keys, times, entities, codes, and what no model should see."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from assay.checks.structure import RESERVED_NAMES, RESERVED_PREFIXES
from assay.errors import shown
from assay.params import is_predicted_name
from assay.proposal.moments import is_finer, later_rate, moments
from assay.proposal.names import (
    has_word,
    is_code_name,
    is_entity_name,
    is_id_name,
    is_person_or_thing,
    may_count,
    names_rows,
)
from assay.proposal.profile import Column, Profile, listed_briefly
from assay.schema import times_of_texts
from assay.sections import TaskType

# Times at which a row is decided on, and times that are known only later or tell of a life.
_DECIDED = frozenset(
    {
        "time", "timestamp", "ts", "datetime", "date", "at", "created", "order", "ordered", "sched",
        "scheduled", "start", "started", "snapshot", "month", "week", "day", "event", "booked",
        "application", "applied", "observed", "issue", "issued", "admission", "admitted", "reading",
    }
)  # fmt: skip
_OTHERWISE = frozenset(
    {
        "birth", "birthday", "born", "dob", "due", "expiry", "expires", "updated", "modified", "end",
        "ended", "delivered", "delivery", "closed", "cancelled", "canceled", "resolved", "paid",
        "actual", "completed", "discharge", "signup", "registered", "joined", "hired", "last", "first",
    }
)  # fmt: skip
# Fewer entities than these cannot be held out, and are rather kinds.
_FEWEST_GROUPS = 20
# A category with more values than this share of rows repeats too little to be learnt.
_LEARNT_BY_HEART = 0.5
_MOST_CODES = 1_000
# Numbers of rows rise in so many of them.
_RISING = 0.99


@dataclass
class Roles:
    """What the columns are, and why.

    Attributes
    ----------
    ids, categorical : list of str
    time, group : str or None
    excluded : dict of str to str
        Columns that no model may see, with the reason of each.
    reasons : dict of str to list of str
        Sentences by the key of `params.yaml` that they explain, such as `time_column`.
    """

    ids: list[str] = field(default_factory=list)
    time: str | None = None
    group: str | None = None
    categorical: list[str] = field(default_factory=list)
    excluded: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, list[str]] = field(default_factory=dict)

    def because(self, key: str, sentence: str) -> None:
        """Add a sentence to those that explain a key."""
        self.reasons.setdefault(key, []).append(sentence)

    def features(self, profile: Profile, target: str) -> list[Column]:
        """Return the columns that are left as features."""
        taken = {target, *self.ids, self.time, self.group, *self.excluded}
        return [column for name, column in profile.columns.items() if name not in taken]


@dataclass(frozen=True)
class Asked:
    """The roles that the user has named; `none` of a kind is a word too, and None is none."""

    ids: Sequence[str] | None = None
    time: str | None = None
    group: str | None = None
    no_ids: bool = False
    no_time: bool = False
    no_group: bool = False


def guess_roles(
    sample: pd.DataFrame, profile: Profile, target: str, task: TaskType, asked: Asked
) -> Roles:
    """Give every column but the target a role; what is left is a feature.

    Parameters
    ----------
    sample : DataFrame
        The rows looked at.
    profile : Profile
    target : str
    task : str
        Predictions have column names of their own, which no carried column may have.
    asked : Asked
        Roles that the user has named, and that are taken.
    """
    roles = Roles()
    roles.time, roles.group, roles.ids = asked.time, asked.group, list(asked.ids or [])
    named = {target, roles.time, roles.group, *roles.ids}
    open_columns = [c for c in profile.columns.values() if c.name not in named]
    carried = [c for c in open_columns if not is_ours(c.name, task)]
    for key, given in (
        ("time_column", asked.time), ("group_column", asked.group), ("id_columns", asked.ids)
    ):  # fmt: skip
        if given:
            roles.because(key, "As you said.")
    if not (asked.time or asked.no_time):
        _find_time(sample, carried, roles)
    if not (asked.ids or asked.no_ids):
        _find_key(carried, profile, roles)
    if not (asked.group or asked.no_group):
        _find_group(sample, carried, roles)
    for column in [c for c in open_columns if c.name not in {roles.time, roles.group, *roles.ids}]:
        reason = _no_feature(column, profile, roles, sample)
        if reason:
            roles.excluded[column.name] = reason
        elif _is_code(column, profile):
            roles.categorical.append(column.name)
    if roles.categorical:
        listed = listed_briefly(roles.categorical)
        roles.because("categorical_columns", f"Whole numbers with the names of codes: {listed}.")
    return roles


def is_ours(name: str, task: TaskType) -> bool:
    """Say whether a name is one that the pipeline gives to a column of its own."""
    own = name in RESERVED_NAMES or name.startswith((*RESERVED_PREFIXES, "__index_level_"))
    return own or is_predicted_name(name, task)


def _find_time(sample: pd.DataFrame, columns: Sequence[Column], roles: Roles) -> None:
    times = [c for c in columns if may_be_time(c, sample) and (c.distinct or 0) > 1]
    whole = [c for c in times if not c.missing_rate]
    if whole:
        read = {c.name: moments(sample[c.name]) for c in whole}
        firsts = {name: float(np.nanmean(times.seconds)) for name, times in read.items()}
        best = min(whole, key=lambda c: (-_decides(c.name), firsts[c.name]))
        # Of one moment that is told twice, the day alone would make its hour look later.
        finer = [
            c for c in whole
            if _decides(c.name) >= _decides(best.name) and is_finer(read[c.name], read[best.name])
        ]  # fmt: skip
        best = min(finer, key=lambda c: firsts[c.name], default=best)
        # A birthday tells nothing about when a row was decided on.
        if _decides(best.name) >= 0 or not has_word(
            best.name, {"birth", "birthday", "dob", "born"}
        ):
            roles.time = best.name
            roles.because("time_column", _why_time(best, len(whole)))
            return
    for column in times:
        if column.missing_rate:
            rate = f"{column.missing_rate:.2%}"
            roles.because(
                "time_column",
                f"{shown(column.name)} is missing in {rate} of rows, so it cannot order them.",
            )
    texts = [c.name for c in columns if c.date_text and c not in times]
    if texts:
        roles.because(
            "time_column",
            f"{listed_briefly(texts)}: dates that are written as texts. Convert them to timestamps "
            "when the table is made; if one is when a row is decided on, name it here.",
        )
    elif not times:
        roles.because("time_column", "No column has timestamps.")


def may_be_time(column: Column, sample: pd.DataFrame) -> bool:
    """Say whether a column is times, or texts of which each is one."""
    return column.is_time or (column.date_text and times_of_texts(sample[column.name]) is not None)


def _why_time(best: Column, count: int) -> str:
    if count == 1:
        return "The only column of timestamps without gaps. Is it when the decision is made?"
    by_name = _decides(best.name) > 0
    chosen = "by its name" if by_name else "the earliest"
    return f"Of {count} columns of timestamps, {chosen}. Is it when the decision is made?"


def _decides(name: str) -> int:
    return int(has_word(name, _DECIDED)) - 2 * int(has_word(name, _OTHERWISE))


def _find_key(columns: Sequence[Column], profile: Profile, roles: Roles) -> None:
    keys = [column for column in columns if _is_key(column, profile)]
    if not keys:
        roles.because("id_columns", "No column names a row: none has another value in each.")
        return
    # A number of the row is no better than its place.
    best = min(keys, key=lambda c: (names_rows(c.name), not is_id_name(c.name)))
    roles.ids = [best.name]
    roles.because("id_columns", f"{shown(best.name)} has another value in each row.")


def _is_key(column: Column, profile: Profile) -> bool:
    if not column.unique or profile.row_count < 2 or column.date_text:
        return False
    if column.is_text:
        return is_id_name(column.name) or column.spaced_rate < 0.05
    counts = column.low in {0.0, 1.0} and column.high == (column.low or 0) + profile.row_count - 1
    return column.told == "whole number" and (is_id_name(column.name) or counts)


def _find_group(sample: pd.DataFrame, columns: Sequence[Column], roles: Roles) -> None:
    taken = {roles.time, *roles.ids}
    able = [c for c in columns if c.name not in taken and _comes_back(c, len(sample))]
    gapped = [c for c in able if c.missing_rate]
    able = [c for c in able if not c.missing_rate]
    if able:
        best = max(able, key=lambda c: (is_person_or_thing(c.name), c.distinct or 0))
        roles.group = best.name
        each = len(sample) / (best.distinct or 1)
        said = f"{best.distinct:,} values in {len(sample):,} rows, {each:.1f} rows each: an entity that comes back."
        roles.because("group_column", said)
        others = [c.name for c in able if c is not best]
        if others:
            roles.because("group_column", f"It could also be {listed_briefly(others)}.")
        return
    panel = next((c for c in columns if c.name not in taken and _is_panel(c, sample)), None)
    if panel:
        roles.group = panel.name
        each = len(sample) // (panel.distinct or 1)
        roles.because(
            "group_column",
            f"Each of its {panel.distinct:,} values stands in {each} rows, as in a panel.",
        )
    for column in gapped:
        roles.because(
            "group_column",
            f"{shown(column.name)} looks like an entity that comes back, but is missing in "
            f"{column.missing_rate:.2%} of rows. Mend it, and name it here.",
        )
    counts = [c.name for c in columns if c.name not in taken and _is_count(c)]
    if counts and not panel:
        roles.because(
            "group_column",
            f"{listed_briefly(counts)}: by its numbers a count. If it is the number of an entity that "
            "comes back, name it here.",
        )
    if not (panel or gapped or counts):
        roles.because("group_column", "No column looks like an entity that comes back.")


def _comes_back(column: Column, row_count: int) -> bool:
    if not is_entity_name(column.name) or not (column.is_text or column.whole):
        return False
    if _is_count(column):
        return False
    distinct = column.distinct or 0
    repeats = row_count * (1 - column.missing_rate) / max(distinct, 1)
    return distinct >= _FEWEST_GROUPS and repeats >= 1.05 and column.most_common_rate < 0.5


def _is_count(column: Column) -> bool:
    """Say whether a column may count things by its name, and does by its numbers."""
    return may_count(column.name) and column.counts_things


def _is_panel(column: Column, sample: pd.DataFrame) -> bool:
    """Say whether all values of a text stand in as many rows, which chance does not make."""
    distinct = column.distinct or 0
    if not column.is_text or column.missing_rate or distinct < _FEWEST_GROUPS:
        return False
    each = len(sample) / distinct
    return each >= 2 and column.most_common_rate * len(sample) == each


def _no_feature(column: Column, profile: Profile, roles: Roles, sample: pd.DataFrame) -> str | None:
    """Return why no model should see a column; None where nothing speaks against it."""
    rules: tuple[Callable[[], str | None], ...] = (
        lambda: "has no value in any row" if column.told == "empty" else None,
        lambda: _constant(column),
        lambda: _later(column, roles, sample),
        lambda: _unreadable(column),
        lambda: _row_number(column, sample),
        lambda: _key_like(column, profile),
    )
    return next((reason for rule in rules if (reason := rule())), None)


def _constant(column: Column) -> str | None:
    if column.distinct == 1 and not column.missing_rate:
        return "has the same value in every row"
    return None


def _unreadable(column: Column) -> str | None:
    if column.date_text:
        return "dates written as texts, to a model mere names; convert them when the table is made"
    if not column.is_readable:
        return f"{column.told}, which no model reads; convert them to numbers or texts to use them"
    return None


def _later(column: Column, roles: Roles, sample: pd.DataFrame) -> str | None:
    if not column.is_time or roles.time is None:
        return None
    rate = later_rate(moments(sample[column.name]), moments(sample[roles.time]))
    if rate > 0.05:
        return f"later than {shown(roles.time)} in {rate:.0%} of rows, so it may be known only afterwards"
    return None


def _row_number(column: Column, sample: pd.DataFrame) -> str | None:
    """Find numbers that go up from row to row, but for the seams of tables put together."""
    if not (names_rows(column.name) and column.told == "whole number" and column.whole):
        return None
    steps = np.diff(sample[column.name].dropna().to_numpy(dtype=float))
    # A measurement may be called index too.
    follows = column.unique or (len(steps) and float((steps > 0).mean()) >= _RISING)
    return "numbers the rows" if follows else None


def _key_like(column: Column, profile: Profile) -> str | None:
    if _is_key(column, profile):
        return "has another value in each row, and can only be learnt by heart"
    distinct = column.distinct or 0
    rate = distinct / max(profile.looked_at * (1 - column.missing_rate), 1)
    if column.is_text and distinct > 50 and rate > _LEARNT_BY_HEART:
        return f"has another value in {rate:.0%} of rows, which can only be learnt by heart"
    if is_entity_name(column.name) and _comes_back(column, profile.looked_at):
        by_heart = is_person_or_thing(column.name) or column.is_number
        return "names an entity, which can only be learnt by heart" if by_heart else None
    named = is_id_name(column.name) and not names_rows(column.name) and not _is_count(column)
    meaningless = named and column.whole and rate > 0.1 and distinct > 50
    return "an id, whose size means nothing" if meaningless else None


def _is_code(column: Column, profile: Profile) -> bool:
    distinct = column.distinct or 0
    few = 3 <= distinct <= min(_MOST_CODES, profile.looked_at // 10)
    named = is_code_name(column.name) and not _is_count(column)
    return column.is_number and column.whole and few and named
