"""Which types a model file may hold, by family of estimator; every other one is refused by name.

A file declares its families, and only their types are loaded beside those that skops itself holds to be
safe: scikit-learn's estimators, containers, numbers, texts and arrays of NumPy.
"""

from collections.abc import Iterable, Mapping

from assay.errors import ArtifactError

Families = Mapping[str, tuple[str, ...]]

# A type belongs to one family, so that a file's types name its families without doubt.
FAMILIES: Families = {
    # The encoder of categories keeps the type of its output.
    "preprocessing": ("numpy.dtype",),
    # skops warns that a forged tree could read memory out of bounds: no other file may hold one, and a
    # run folder is compared with the SHA-256 of its manifest before it is loaded.
    "forest": ("sklearn.tree._tree.Tree",),
    "hist_gradient_boosting": ("sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",),
    "lightgbm": (
        "collections.OrderedDict",
        "lightgbm.basic.Booster",
        "lightgbm.sklearn.LGBMClassifier",
        "lightgbm.sklearn.LGBMRegressor",
    ),
    "xgboost": (
        "xgboost.core.Booster",
        "xgboost.sklearn.XGBClassifier",
        "xgboost.sklearn.XGBRegressor",
    ),
    "catboost": ("catboost.core.CatBoostClassifier", "catboost.core.CatBoostRegressor"),
    # The members of a voting model, by name.
    "blend": ("sklearn.utils._bunch.Bunch",),
    "rule": ("assay.baselines.RuleClassifier", "assay.baselines.RuleRegressor"),
}
# A rule evaluates an expression that stands in its file: a run folder may hold none.
SHIPPED: Families = {name: types for name, types in FAMILIES.items() if name != "rule"}


def families_of(types: Iterable[str], known: Families, source: str) -> tuple[str, ...]:
    """Return the families that a model needs, and no others.

    Parameters
    ----------
    types : iterable of str
        Fully qualified names of the types in it that skops does not hold to be safe.
    known : dict of str to tuple of str
        Types by family.
    source : str
        What holds them, for messages.

    Returns
    -------
    tuple of str
        In the order of `known`.

    Raises
    ------
    ArtifactError
        If a type is of no family; the message names every such type.
    """
    needed = set(types)
    strangers = sorted(needed - {name for members in known.values() for name in members})
    if strangers:
        raise ArtifactError(
            f"{source} holds types of no family that may be loaded: {', '.join(strangers)}. "
            "Use another model, or add a family to assay.trust."
        )
    return tuple(family for family, members in known.items() if needed & set(members))


def types_of(families: Iterable[str], known: Families, source: str) -> dict[str, tuple[str, ...]]:
    """Return the types of the declared families, by family.

    Raises
    ------
    ArtifactError
        If a family is unknown; the message names every such family.
    """
    declared = list(families)
    unknown = sorted(set(declared) - set(known))
    if unknown:
        raise ArtifactError(
            f"{source} declares unknown families of types: {', '.join(unknown)}; "
            f"known are {', '.join(known)}. Update Assay, or make the file anew."
        )
    return {family: known[family] for family in declared}
