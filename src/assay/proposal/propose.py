"""From a table to a proposal: every guess in turn, then a trial of what came out."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from assay.checks.findings import Finding
from assay.errors import DataError, ParamsError, SchemaError, nearest, numbered, shown
from assay.params import Params, parse_params
from assay.proposal.document import template_values
from assay.proposal.names import is_id_name, is_kind_name, names_rows
from assay.proposal.profile import Column, Profile, profile_table, sample_of
from assay.proposal.roles import Asked, Roles, guess_roles, is_ours, may_be_time
from assay.proposal.settings import Settings, guess_settings
from assay.proposal.target import TargetGuess, TaskGuess, guess_target, guess_task
from assay.proposal.trial import Trial, check, try_out
from assay.sections import TaskType

# Why a feature is kept from the model, by what was found, until somebody has judged it. These are no
# messages of findings: those may quote a value, and params go to Git.
_LEAKS = {
    "leak_determines_target": "determines the target",
    "leak_single_feature": "alone predicts the target too well",
    "leak_missing_by_class": "is missing, or known, as the outcome is",
    "leak_after_decision": "is later than the time of the decision",
}
_USELESS = {
    "constant": "has the same value in every row",
    "all_missing": "has no value in any row",
    "numeric_id": "whole numbers that hardly repeat, like an id",
    "text_dates": "dates written as texts, to a model mere names; convert them when the table is made",
}
# Entities that nothing but their rows tells of.
_ENTITIES = "repeated_entities"
# Findings whose columns stay features, for the user to judge.
_TO_JUDGE = ("leak_target_name",)
# Numbers with no more gaps than this share of their range stand one behind the other.
_FEW_GAPS = 0.1


@dataclass(frozen=True)
class Wishes:
    """What the user said; None leaves a guess to us.

    Attributes
    ----------
    target, task, unit : str or None
    roles : Asked
    """

    target: str | None = None
    task: TaskType | None = None
    unit: str | None = None
    roles: Asked = field(default_factory=Asked)


@dataclass(frozen=True)
class Proposal:
    """A complete `params.yaml`, and how it came about.

    Attributes
    ----------
    values : dict of str to object
        By place, such as `task.type`; the template has the others.
    reasons : dict of str to sequence of str
        By place.
    params : Params
        What the stages would read.
    profile : Profile
    target : TargetGuess
    task : TaskGuess
    roles : Roles
    trial : Trial
    to_judge : tuple of Finding
        Findings about columns that stay features.
    against : dict of str to Finding
        What excluded a feature that its name and type did not, by column.
    """

    values: Mapping[str, Any]
    reasons: Mapping[str, Sequence[str]]
    params: Params
    profile: Profile
    target: TargetGuess
    task: TaskGuess
    roles: Roles
    trial: Trial
    to_judge: tuple[Finding, ...]
    against: Mapping[str, Finding]


def propose(frame: pd.DataFrame, table: str, unit: str, wishes: Wishes) -> Proposal:
    """Propose a complete `params.yaml` for a table.

    Parameters
    ----------
    frame : DataFrame
        From `assay.artifacts.read_table`, with types.
    table : str
        What `data.table` will be.
    unit : str
        What one row is, unless the user has said it.
    wishes : Wishes
        What the user said.

    Raises
    ------
    DataError
        If the table has no rows, or no column that could be a target.
    SchemaError
        If the user named a column that is not there, a time column without timestamps, or a group
        or key of lists.
    """
    if frame.empty:
        raise DataError(f"{table} has no rows, so there is nothing to guess from. Bring rows.")
    sample = sample_of(frame)
    profile = profile_table(frame, sample)
    _require_wished(sample, profile, table, wishes)
    target = _target(profile, table, wishes.target)
    column = profile.columns[target.name]
    task = guess_task(sample[target.name], column, wishes.task)
    roles = guess_roles(sample, profile, target.name, task.type, wishes.roles)
    settings = guess_settings(sample, profile, column, task, roles)
    fixed = {"data.table": table, "data.unit": wishes.unit or unit, "data.target": target.name}
    first = _params(fixed, roles, settings)
    findings = check(sample, first, profile.sampled)
    if not wishes.roles.no_group:
        _group_found(findings, roles, profile, target.name, task.type)
    limit = first.validate_.max_feature_score
    against, to_judge = _exclude_found(findings, roles, profile, target.name, limit)
    # What is excluded may have been the reason of a setting.
    settings = guess_settings(sample, profile, column, task, roles)
    second = _params(fixed, roles, settings)
    # Small models are fitted in a check, which takes time in a wide table.
    same = _checked_sections(second) == _checked_sections(first)
    trial = try_out(sample, second, profile.sampled, findings if same else None)
    _adapt(settings, trial)
    values = _values(fixed, roles, settings)
    return Proposal(
        values,
        _reasons(target, wishes, unit, roles, settings, profile),
        _params(fixed, roles, settings),
        profile,
        target,
        task,
        roles,
        trial,
        to_judge,
        against,
    )


def _require_wished(sample: pd.DataFrame, profile: Profile, table: str, wishes: Wishes) -> None:
    asked = wishes.roles
    single = {"--target": wishes.target, "--time": asked.time, "--group": asked.group}
    named = {option: [name] for option, name in single.items() if name}
    named["--ids"] = list(asked.ids or [])
    faults, clashes, taken = [], [], dict[str, str]()
    for option, names in named.items():
        for name in names:
            if name not in profile.columns:
                close = nearest(name, profile.columns)
                hint = f" Nearest: {close}." if close else ""
                faults.append(f"{option}: {table} has no column {name!r}.{hint} Correct the name.")
            elif name in taken:
                clashes.append(
                    f"{name!r} is given by {taken[name]} and {option}. Give it one role."
                )
            taken[name] = option
    time = profile.columns.get(asked.time or "")
    if time and not may_be_time(time, sample):
        faults.append(
            f"--time: {time.name!r} is {time.told}, expected timestamps, or ISO 8601 texts of "
            "them. Convert it when the table is made, or leave --time out."
        )
    for option in ("--group", "--ids"):
        faults += [
            f"{option}: {name!r} holds {profile.columns[name].told}, expected texts, numbers or times "
            "that can be compared. Convert them when the table is made, or name another column."
            for name in named.get(option, [])
            if name in profile.columns and not _can_be_compared(sample[name])
        ]
    if faults:
        raise SchemaError(numbered(faults))
    if clashes:
        raise ParamsError(numbered(clashes))


def _can_be_compared(column: "pd.Series[Any]") -> bool:
    """Say whether values can be told apart, as lists and maps cannot."""
    if column.dtype != object:
        return True
    try:
        pd.unique(column.dropna())
    except TypeError:
        return False
    return True


def _target(profile: Profile, table: str, wished: str | None) -> TargetGuess:
    if wished:
        return TargetGuess(wished, "as you said", True)
    guess = guess_target(profile)
    if guess is None:
        raise DataError(
            f"{table}: no column could be a target: none has at least two values that repeat and is "
            "no key. Name one with --target."
        )
    return guess


def _checked_sections(params: Params) -> tuple[object, ...]:
    """Return what `check` reads of the params."""
    return params.data, params.task, params.validate_, params.preprocess


def _group_found(
    findings: Sequence[Finding], roles: Roles, profile: Profile, target: str, task: TaskType
) -> None:
    """Make the group of a column whose rows are alike, where no name told of one."""
    able = {
        column.name for column in roles.features(profile, target)
        if not column.missing_rate and not is_ours(column.name, task)
    }  # fmt: skip
    for finding in findings:
        name = finding.columns[0] if finding.columns else ""
        if finding.code != _ENTITIES or roles.group is not None or name not in able:
            continue
        distinct = profile.columns[name].distinct or 1
        told = (
            f"{distinct:,} values with {profile.looked_at / distinct:.1f} rows each, within which other "
            "columns stay the same"
        )
        if is_kind_name(name):
            # A place or a brand has attributes too, and the rows to be scored have the same ones.
            roles.reasons["group_column"] = [
                f"{shown(name)} has {told}; by its name a kind that new rows share. If the model must "
                "work for new ones, name it here."
            ]
            continue
        roles.group = name
        roles.categorical = [other for other in roles.categorical if other != name]
        roles.reasons["group_column"] = [f"{told}: an entity that comes back."]


def _exclude_found(
    findings: Sequence[Finding], roles: Roles, profile: Profile, target: str, limit: float
) -> tuple[dict[str, Finding], tuple[Finding, ...]]:
    """Exclude the features that findings speak against; return those, and what a person must judge.

    `limit` is `validate.max_feature_score`.
    """
    features = {column.name for column in roles.features(profile, target)}
    against: dict[str, Finding] = {}
    to_judge = []
    for finding in findings:
        names = [name for name in finding.columns if name in features]
        if finding.code in {*_LEAKS, *_USELESS} and all(
            _is_enough(finding, profile.columns[name], limit) for name in names
        ):
            for name in names:
                against.setdefault(name, finding)
        elif names and finding.code in {*_LEAKS, *_USELESS, *_TO_JUDGE}:
            to_judge.append(finding)
    if set(against) == features:
        # A model must see something; then a person must judge.
        suspects = {*_LEAKS, *_TO_JUDGE}
        return {}, tuple(found for found in findings if found.code in suspects)
    roles.excluded |= {name: _reason_against(finding) for name, finding in against.items()}
    roles.categorical = [name for name in roles.categorical if name not in against]
    return against, tuple(found for found in to_judge if not set(found.columns) & set(against))


def _is_enough(finding: Finding, column: Column, limit: float) -> bool:
    """Say whether a finding is enough to take a whole feature from a model."""
    if finding.code == "leak_missing_by_class" and finding.severity != "error":
        # A handful of rows without a value, all of one outcome.
        return float(finding.evidence.get("missing_score", 0.0)) > limit
    if finding.code == "numeric_id":
        # Amounts may be all different too.
        span = (column.high or 0.0) - (column.low or 0.0) + 1
        named = is_id_name(column.name) and not names_rows(column.name)
        return named or (column.distinct or 0) >= (1 - _FEW_GAPS) * span
    return True


def _reason_against(finding: Finding) -> str:
    if finding.code in _LEAKS:
        return f"may know the outcome: {_LEAKS[finding.code]} ({finding.code})"
    return _USELESS[finding.code]


def _adapt(settings: Settings, trial: Trial) -> None:
    """Take the split that works, and say why it is not the one that was wanted."""
    asked = settings.values["split.strategy"]
    if trial.strategy != asked:
        because = f"{trial.strategy}, because {asked} does not work: {trial.refused}"
        settings.set("split.strategy", trial.strategy, because)
        settings.reasons.pop("split.fold_count", None)
    if trial.fold_count != _template("split.fold_count"):
        settings.set(
            "split.fold_count",
            trial.fold_count,
            f"More of them do not work: {trial.refused}",
        )
    if "split.max_duplicate_rate" in trial.split_error:
        because = f"It is left as it was, and split stops at it now: {trial.split_error}"
        settings.reasons["split.max_duplicate_rate"] = [because]


def _template(place: str) -> Any:
    section, key = place.split(".")
    return template_values()[section][key]


def _values(fixed: Mapping[str, Any], roles: Roles, settings: Settings) -> dict[str, Any]:
    return {
        **fixed,
        "data.time_column": roles.time,
        "data.group_column": roles.group,
        "data.exclude_columns": dict(roles.excluded),
        "data.id_columns": list(roles.ids),
        "data.categorical_columns": list(roles.categorical),
        **settings.values,
    }


def _params(fixed: Mapping[str, Any], roles: Roles, settings: Settings) -> Params:
    """Return what the stages would read from the file."""
    document = deepcopy(template_values())
    for place, value in _values(fixed, roles, settings).items():
        section, *path, key = place.split(".")
        held = document[section]
        for name in path:
            held = held[name]
        held[key] = value
    return parse_params(document, "the proposal")


def _reasons(
    target: TargetGuess,
    wishes: Wishes,
    unit: str,
    roles: Roles,
    settings: Settings,
    profile: Profile,
) -> dict[str, list[str]]:
    reasons = {f"data.{key}": list(told) for key, told in roles.reasons.items()}
    if not wishes.unit:
        reasons["data.unit"] = [
            "The name of the file tells none; a word such as order makes better sentences."
            if unit == "row"
            else "From the name of the file."
        ]
    if wishes.target is None:
        others = (
            f" It could also be {', '.join(map(shown, target.others))}." if target.others else ""
        )
        how = "Guessed" if target.sure else "NOT SURE: guessed"
        reasons["data.target"] = [f"{how}, because {target.why}.{others}"]
    if profile.sampled:
        reasons.setdefault("data.table", []).append(
            f"Guesses are from {profile.looked_at:,} of its {profile.row_count:,} rows, drawn at random."
        )
    return reasons | {place: list(told) for place, told in settings.reasons.items()}
