"""Sentinels of leakage: columns that say more of the outcome than they could have known.

Codes, limits and what to do are in docs/leakage.md. The types (L1.1 to L3.3) are those of Kapoor and
Narayanan 2023, "Leakage and the reproducibility crisis in machine-learning-based science".
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from assay.checks.alone import alone_score
from assay.checks.determined import find_determination
from assay.checks.findings import Finding, Wanted
from assay.checks.missing import (
    Missingness,
    frequent_number,
    missing_by_class,
    missing_by_number,
)
from assay.checks.names import sounds_like
from assay.checks.sample import LeakSample, Part, Whole, draw_sample, encoded_outcomes
from assay.checks.sharing import SHARING_CHECKS
from assay.checks.telling_value import telling_value
from assay.schema import category_text

_WHEN_KNOWN = (
    "Ask whether its value is known at the time of the decision; exclude it if not, and accept the "
    "finding in validate.ignore with the reason if it is."
)


def find_leaks(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    """Search a table whose structure and target are sound.

    A column that was found by a stricter sentinel is not told once more by its score alone.

    Parameters
    ----------
    frame : DataFrame
        The feature table as it was read.
    wanted : Wanted
    """
    sample = draw_sample(frame, wanted)
    strict = [
        *_determines_target(sample, frame, wanted),
        *_missing_by_class(sample, frame, wanted),
    ]
    yield from strict
    told = {name for finding in strict for name in finding.columns}
    by_score = list(_single_feature(sample, wanted, told))
    yield from by_score
    told |= {name for finding in by_score for name in finding.columns}
    yield from _telling_value(sample, wanted, told)
    yield from _target_name(frame, wanted)
    for check in SHARING_CHECKS:
        yield from check(sample, frame, wanted)


def _determines_target(
    sample: LeakSample, frame: pd.DataFrame, wanted: Wanted
) -> Iterator[Finding]:
    told = set[str]()
    for seen in sample.seen():
        if seen.column in told:
            continue
        found = find_determination(seen, sample, frame, wanted)
        if found is None:
            continue
        told.add(seen.column)
        how = {
            "ordered": "along its values the outcomes are in order, without an exception",
            "by value": f"each of its {found.value_count:,} values has one outcome only",
        }[found.kind]
        yield Finding(
            "leak_determines_target",
            "error",
            f"{seen.shown} determines the target {wanted.data.target!r}: {how}, in "
            f"{found.row_count:,} rows (by chance with a probability below 1e{found.log10_chance:.0f}).",
            "Exclude it if it is a form of the outcome, or is written down with it; if it names an "
            "entity with one outcome, name it in data.group_column.",
            (seen.column,),
            {
                "kind": found.kind,
                "row_count": found.row_count,
                "value_count": found.value_count,
                "log10_chance": found.log10_chance,
            },
        )


def _missing_by_class(sample: LeakSample, frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    target = frame[wanted.data.target]
    outcomes = encoded_outcomes(target, sample.is_class)
    frequent = None if sample.is_class else frequent_number(outcomes)
    columns = len(sample.features)
    for name in sample.features:
        missing = frame[name].isna().to_numpy()
        if not missing.any() or missing.all():
            continue
        if sample.is_class:
            found = missing_by_class(missing, outcomes, columns)
        else:
            found = missing_by_number(missing, outcomes, frequent, columns)
        limit = wanted.limits.max_feature_score
        if found.exact or found.one_sided or found.score > limit:
            yield _missing_finding(name, found, _outcome_text(found, sample, target), wanted)


def _missing_finding(name: str, found: Missingness, outcome: str, wanted: Wanted) -> Finding:
    target = wanted.data.target
    measure = "R2" if wanted.task.type == "regression" else "AUC"
    if found.exact:
        text = f"is {found.missing_known} exactly where the target {target!r} is {outcome}, in "
        text += f"{found.row_count:,} rows and in no other"
    elif found.one_sided:
        text = (
            f"is {found.missing_known} in {found.row_count:,} rows, and the target {target!r} is "
        )
        text += f"{outcome} in all of them"
    else:
        text = f"tells the target {target!r} by being missing: {measure} {found.score:.3f}, above "
        text += f"{wanted.limits.max_feature_score} (validate.max_feature_score)"
    return Finding(
        "leak_missing_by_class",
        "error" if found.exact else "warning",
        f"feature {name!r} {text}.",
        "Ask when it is filled in; exclude it if that is once the outcome is known.",
        (name,),
        {"missing_score": found.score, "row_count": found.row_count, "exact": found.exact},
    )


def _outcome_text(found: Missingness, sample: LeakSample, target: "pd.Series[Any]") -> str:
    if found.outcome < 0:
        return ""
    if sample.is_class:
        return repr(category_text(pd.Series(pd.factorize(target)[1])).iloc[found.outcome])
    return f"{'' if found.outcome else 'not '}{target.mode().iloc[0]:g}"


def _single_feature(sample: LeakSample, wanted: Wanted, told: set[str]) -> Iterator[Finding]:
    limit = wanted.limits.max_feature_score
    measure = {"binary": "AUC", "multiclass": "mean AUC over classes", "regression": "R2"}
    best = dict[str, tuple[float, Whole | Part]]()
    for seen in sample.seen():
        if seen.column in told:
            continue
        score = alone_score(sample, seen.values)
        if score > best.get(seen.column, (limit,))[0]:
            best[seen.column] = score, seen
    for column, (score, seen) in best.items():
        yield Finding(
            "leak_single_feature",
            "warning",
            f"{seen.shown} alone predicts the target {wanted.data.target!r} with an "
            f"out-of-fold {measure[wanted.task.type]} of {score:.3f}, above {limit} "
            "(validate.max_feature_score).",
            _WHEN_KNOWN,
            (column,),
            {"score": score, "sample_row_count": len(sample.target)},
        )


def _telling_value(sample: LeakSample, wanted: Wanted, told: set[str]) -> Iterator[Finding]:
    for name, values in sample.features.items():
        if name in told:
            continue
        found = telling_value(name, values, sample, wanted.data)
        if found is not None:
            yield Finding(
                "leak_single_feature",
                "warning",
                f"feature {name!r} is {found.value!r} in {found.row_count:,} rows, and the target "
                f"{wanted.data.target!r} is {found.outcome!r} in all of them, which are "
                f"{found.outcome_share:.0%} of the rows with that outcome.",
                _WHEN_KNOWN,
                (name,),
                {"score": found.score, "row_count": found.row_count},
            )


def _target_name(frame: pd.DataFrame, wanted: Wanted) -> Iterator[Finding]:
    target = wanted.data.target
    for name in wanted.features(frame):
        shared = sounds_like(str(name), target)
        if shared:
            yield Finding(
                "leak_target_name",
                "warning",
                f"feature {name!r} sounds like the target {target!r} ({shared}).",
                "Exclude it if it is made of the outcome; accept the finding in validate.ignore with "
                "the reason if it is known before.",
                (name,),
                {"shared": shared},
            )
