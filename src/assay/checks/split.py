"""Is the split fair? What its parts share, how alike they are, and what a reader must be told."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

import pandas as pd

from assay.checks.adversarial import sample_sides, tell_apart
from assay.checks.findings import Finding, accept_known
from assay.checks.repeats import Repeats, estimate_near_repeats, find_repeats
from assay.errors import SplitError, counted, numbered
from assay.finding_codes import OF_SPLIT
from assay.schema import Schema
from assay.sections import SplitParams
from assay.splits.parts import Split
from assay.splits.proof import keeps_groups_apart, split_summary

# A classifier that tells the sides no better than this has found nothing that matters.
_TELLING_AUC = 0.55
# Chance reaches the AUC in no more than this share of permutations; of 20, in none.
_TELLING_P = 0.05
# Classes that a finding names.
_NAMED = 5
# Strategies whose two sides are drawn from the same rows; the others differ by time.
_EXCHANGEABLE = {"random", "group"}


@dataclass(frozen=True)
class SplitProof:
    """What is known of a split.

    Attributes
    ----------
    metrics : dict
        The scalars of `metrics/split.json`.
    findings : tuple of Finding
        What its owner should know: errors first, what was accepted last.
    """

    metrics: Mapping[str, Any]
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Any]:
        """Return what the readiness page needs."""
        return {"metrics": self.metrics, "findings": [asdict(found) for found in self.findings]}


def prove_split(
    split: Split,
    table: pd.DataFrame,
    schema: Schema,
    params: SplitParams,
    seed: int,
    ignore: Mapping[str, str] = MappingProxyType({}),
) -> SplitProof:
    """Measure a split from the rows themselves.

    Parameters
    ----------
    split : Split
        From `split_table`.
    table : DataFrame
        The validated table.
    schema : Schema
        Its roles.
    params : SplitParams
        The section `split`.
    seed : int
        Of the samples and the classifier.
    ignore : dict of str to str
        `validate.ignore`.
    """
    train, holdout = table.iloc[split.train], table.iloc[split.holdout]
    repeats = find_repeats(train, holdout, schema)
    # Where the split keeps groups apart, a group is what is exchanged, and what may be known by heart.
    units = schema.group_column if keeps_groups_apart(params) else None
    sides = sample_sides(
        train, holdout, schema.feature_names, units, params.adversarial_sample_rows, seed
    )
    metrics = split_summary(split, table, schema, params)
    metrics |= {
        "duplicate_count": repeats.count,
        "duplicate_rate": repeats.rate,
        **estimate_near_repeats(train, holdout, schema, seed),
        "adversarial": tell_apart(sides, params.adversarial_permutations, seed),
    }
    findings = [
        *_repeated_rows(repeats, params),
        *_told_apart(metrics["adversarial"], params),
        *_shared_groups(metrics, params, schema),
        *_small_holdout(metrics, params),
        *_absent_classes(metrics),
        *_time_ignored(params, schema),
    ]
    return SplitProof(metrics, tuple(accept_known(findings, ignore, OF_SPLIT)))


def refuse_unfair_split(proof: SplitProof) -> None:
    """Stop if a finding is an error, with all of them in one message.

    Raises
    ------
    SplitError
        If the holdout repeats too many training rows.
    """
    errors = [found for found in proof.findings if found.severity == "error"]
    if errors:
        raise SplitError(numbered([f"{found.message} {found.action}" for found in errors]))


def _repeated_rows(repeats: Repeats, params: SplitParams) -> Iterator[Finding]:
    if repeats.rate > params.max_duplicate_rate and repeats.example is not None:
        asked, known = repeats.example
        told = (
            f"{counted(repeats.count, 'holdout row')} ({repeats.rate:.1%}) repeat a training row in "
            f"every feature, above {params.max_duplicate_rate:.1%} (split.max_duplicate_rate): row "
            f"{asked} of the table repeats row {known}, counted from 0"
        )
        evidence = {"duplicate_rate": repeats.rate}
        if not repeats.are_copies(params.max_duplicate_rate):
            yield Finding(
                "split_duplicates",
                "warning",
                f"{told}. Common values can coincide in different rows, and the outcomes do not speak for "
                "copies.",
                "If they are copies all the same, drop them when the table is made; otherwise bring "
                "features that tell rows apart, or accept the finding with its reason.",
                evidence=evidence,
            )
            return
        yield Finding(
            "split_duplicates",
            "error",
            f"{told}; values that no other row has, or outcomes that agree, speak for copies.",
            "Drop the repeats when the table is made; or, where they are one entity, name it in "
            "data.group_column and use split.strategy group; or, where features have so few values "
            "that different rows coincide, raise split.max_duplicate_rate.",
            evidence=evidence,
        )


def _told_apart(adversarial: Mapping[str, Any], params: SplitParams) -> Iterator[Finding]:
    if params.strategy not in _EXCHANGEABLE or not adversarial["applicable"]:
        return
    auc, p_value = adversarial["auc"], adversarial["p_value"]
    if auc > _TELLING_AUC and p_value <= _TELLING_P:
        top = next(iter(adversarial["top_features"].items()), None)
        most = f", most of all by {top[0]!r} (AUC {top[1]:.2f} alone)" if top else ""
        yield Finding(
            "sides_differ",
            "warning",
            f"a classifier tells training set from holdout with an AUC of {auc:.2f} "
            f"(p = {p_value:.3f}){most}; split.strategy {params.strategy} should leave no difference.",
            "Look at that feature: where groups are few or large, use more of them; where rows "
            "change over time, use split.strategy time.",
            tuple(adversarial["top_features"]),
            {"auc": auc, "p_value": p_value},
        )


def _shared_groups(
    metrics: Mapping[str, Any], params: SplitParams, schema: Schema
) -> Iterator[Finding]:
    # Split by time, an entity that comes back is what the model will meet; the page has the count.
    if params.strategy == "random" and metrics.get("group_overlap_count"):
        yield Finding(
            "shared_groups",
            "warning",
            f"{metrics['group_overlap_row_rate']:.1%} of the holdout's rows belong to the "
            f"{counted(metrics['group_overlap_count'], 'group')} (data.group_column "
            f"{schema.group_column!r}) that also train: what is learnt of an entity by heart counts "
            "as skill.",
            "Use split.strategy group, unless every entity that is scored later is known already.",
            (str(schema.group_column),),
            {"group_overlap_row_rate": metrics["group_overlap_row_rate"]},
        )


def _small_holdout(metrics: Mapping[str, Any], params: SplitParams) -> Iterator[Finding]:
    rate, wanted = metrics["holdout_rate"], params.holdout_fraction
    if not wanted / 2 <= rate <= wanted * 2:
        yield Finding(
            "holdout_size",
            "warning",
            f"the holdout has {rate:.1%} of the rows, {wanted:.1%} were asked for "
            "(split.holdout_fraction).",
            "Rows of one time, one group or one key stand together: name finer ones, or ask for "
            "another fraction; with split.strategy group_time, split.seen_groups keep drops none.",
            evidence={"holdout_rate": rate},
        )


def _absent_classes(metrics: Mapping[str, Any]) -> Iterator[Finding]:
    rates = metrics.get("holdout_class_rates", {})
    absent = [label for label, rate in rates.items() if not rate]
    if absent:
        named = ", ".join(map(repr, absent[:_NAMED])) + (", ..." if len(absent) > _NAMED else "")
        yield Finding(
            "holdout_classes",
            "warning",
            f"{len(absent)} of {len(rates)} classes have no row in the holdout ({named}): nothing "
            "there tells how well they are found, and means over classes leave them out.",
            "Use a larger split.holdout_fraction, bring more rows of these classes, or merge them.",
            evidence={"absent_class_count": len(absent)},
        )


def _time_ignored(params: SplitParams, schema: Schema) -> Iterator[Finding]:
    if params.strategy in _EXCHANGEABLE and schema.time_column is not None:
        yield Finding(
            "time_ignored",
            "warning",
            f"split.strategy {params.strategy} takes no notice of data.time_column "
            f"{schema.time_column!r}: models are judged by rows that are earlier than some that train.",
            "Use split.strategy time, or group_time, if later rows are to be scored.",
            (schema.time_column,),
        )
