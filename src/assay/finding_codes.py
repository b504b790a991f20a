"""The codes of all findings: which can be accepted in `validate.ignore`, and which stop for good."""

from collections.abc import Iterable, Iterator

from assay.errors import nearest

# Nothing can be modelled while one of these is found.
REQUIRED = frozenset(
    {
        "missing_column", "reserved_name", "too_few_rows", "no_features", "unreadable_type",
        "time_type", "time_missing", "time_range", "datetime_reference", "target_missing", "target_classes", "positive_label",
        "target_numbers", "key_missing", "key_repeated", "group_missing", "infinite_values",
        "cost_column", "cost_missing", "cost_nothing", "cost_negative", "sensitive_column",
        "expected_direction", "explain_rows",
    }
)  # fmt: skip
# By the stage that finds them.
OF_TABLE = frozenset(
    {
        "unlabelled_rows", "rare_class", "target_beyond_limits", "target_looks_like_classes", "constant", "all_missing",
        "missing_rate", "duplicate_rows", "id_like", "numeric_id", "many_categories", "text_dates",
        "leak_determines_target", "leak_missing_by_class", "leak_single_feature", "leak_target_name",
        "leak_row_order", "leak_after_decision", "repeated_entities", "cost_reversed",
    }
)  # fmt: skip
OF_SPLIT = frozenset(
    {
        "split_duplicates", "sides_differ", "shared_groups", "time_ignored", "holdout_size",
        "holdout_classes",
    }
)  # fmt: skip
OF_MODEL = frozenset({"leak_model_score", "leak_importance"})
ACCEPTABLE = OF_TABLE | OF_SPLIT | OF_MODEL
# What an entry of `validate.ignore` that matches nothing is told by; it cannot be accepted itself.
UNUSED = "ignore_unused"


def entry_faults(entries: Iterable[str]) -> Iterator[str]:
    """Say which entries of `validate.ignore` name no finding that can be accepted.

    Parameters
    ----------
    entries : iterable of str
        Each `code` or `code:column`.
    """
    for entry in entries:
        code, colon, column = entry.partition(":")
        if code in REQUIRED:
            yield (
                f"{entry!r} cannot be accepted, because nothing can be modelled with it. "
                "Mend what it tells, and delete the entry"
            )
        elif code not in ACCEPTABLE:
            close = nearest(code, sorted(ACCEPTABLE))
            hint = f"nearest: {close}" if close else f"known: {', '.join(sorted(ACCEPTABLE))}"
            yield f"{entry!r} is the code of no finding that can be accepted; {hint}"
        elif colon and not column:
            yield f"{entry!r} names no column behind its colon"
