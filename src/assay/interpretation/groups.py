"""Features that go together are shuffled together: alone, each hides behind the others."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from assay.errors import listed
from assay.interpretation.associations import associations
from assay.interpretation.importance import Shuffles, zero_importance_p_values
from assay.metrics.core import FloatArray
from assay.schema import Schema
from assay.uncertainty.many import holm_adjusted

COLUMNS = [
    *("group", "features", "feature_count", "association", "importance", "ci_low", "ci_high"),
    *("p_value", "single_sum", "meaning"),
]
HIDDEN = "matters together, and none of them alone: each hides behind the others"
TOGETHER = "matters more together than one by one: they stand in for each other"
APART = "matters together about as much as one by one"
NOTHING = "shows no importance, together or one by one"
# A chance below this is taken for none.
LEVEL = 0.05


def feature_groups(
    train: pd.DataFrame, schema: Schema, least: float, seed: int
) -> list[tuple[tuple[str, ...], float]]:
    """Return the groups of two or more features that go together, each with its mean association.

    Features are merged by average linkage while two groups go together by at least so much on average:
    of three in a chain, the one in the middle hides behind both others, which complete linkage would
    part; and a single pair by chance cannot join two groups, as in single linkage.

    Parameters
    ----------
    train : DataFrame
        Training rows in model form.
    schema : Schema
    least : float
        In (0, 1].
    seed : int
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    names = np.array(schema.feature_names, dtype=object)
    if len(names) < 2:
        return []
    # By name: the order of a table's columns must not decide.
    order = np.argsort(names, kind="stable")
    found = associations(train, schema, seed)
    distance = (1 - found)[np.ix_(order, order)]
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average")
    number = np.empty(len(names), dtype=int)
    # Rounding must not part copies.
    number[order] = fcluster(tree, 1 - least + 1e-9, "distance")
    groups = []
    for each in np.unique(number):
        members = np.flatnonzero(number == each)
        if len(members) > 1:
            pairs = found[np.ix_(members, members)][np.triu_indices(len(members), 1)]
            groups.append((tuple(names[members].tolist()), float(pairs.mean())))
    return sorted(groups)


def grouped_importance(
    shuffles: Shuffles,
    singles: Mapping[str, FloatArray],
    groups: list[tuple[tuple[str, ...], float]],
) -> tuple[pd.DataFrame, list[tuple[str, ...]]]:
    """Return how much worse the metric gets when a group's features are shuffled by one permutation.

    Parameters
    ----------
    shuffles : Shuffles
    singles : dict of str to ndarray
        From `Shuffles.each`.
    groups : list
        From `feature_groups`.

    Returns
    -------
    table : DataFrame
        `group` (1 is the most important), `features` (joined), `feature_count`, `association` (mean of
        the pairs), `importance` with `ci_low` and `ci_high`, `p_value` (of no importance, corrected
        for all groups by Holm), `single_sum` (of the features shuffled one by one), `meaning`.
    members : list of tuple of str
        The features of each row.
    """
    lost = [
        shuffles.losses(names, np.random.default_rng([shuffles.bootstrap.seed, 2, number]))
        for number, (names, _) in enumerate(groups)
    ]
    told = np.array([shuffles.told(each) for each in lost]).reshape(-1, 4)
    units = shuffles.bootstrap.units(len(shuffles))
    p_values = holm_adjusted(zero_importance_p_values(told[:, 0], told[:, 3], units))
    alone = np.array([shuffles.told(each) for each in singles.values()]).reshape(-1, 4)
    alone_p = holm_adjusted(zero_importance_p_values(alone[:, 0], alone[:, 3], units))
    matters = {
        name: v > 0 and p < LEVEL for name, v, p in zip(singles, alone[:, 0], alone_p, strict=True)
    }
    rows = []
    for (names, association), losses, (value, low, high, _), p in zip(
        groups, lost, told, p_values, strict=True
    ):
        single = np.sum([singles[name] for name in names], axis=0)
        more = shuffles.told(losses - single)[1] > 0
        meaning = NOTHING
        if value > 0 and p < LEVEL:
            any_alone = any(matters[name] for name in names)
            meaning = (TOGETHER if more else APART) if any_alone else HIDDEN
        elif any(matters[name] for name in names):
            meaning = APART
        rows.append(
            (listed(names), len(names), association, value, low, high, p, single[0], meaning)
        )
    table = pd.DataFrame(rows, columns=COLUMNS[1:])
    order = np.lexsort((np.arange(len(table)), -table["importance"].to_numpy(dtype=float)))
    table = table.iloc[order].reset_index(drop=True)
    table.insert(0, "group", np.arange(1, len(table) + 1))
    return table, [groups[position][0] for position in order]
