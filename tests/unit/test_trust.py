"""Which types a model file may hold."""

import pytest

from assay.errors import ArtifactError
from assay.trust import FAMILIES, SHIPPED, families_of, types_of


def test_a_type_belongs_to_one_family():
    types = [name for members in FAMILIES.values() for name in members]
    assert len(types) == len(set(types))


def test_a_run_folder_may_hold_every_family_but_rules():
    assert set(FAMILIES) - set(SHIPPED) == {"rule"}


def test_only_the_families_that_are_needed_are_named_in_their_own_order():
    needed = ["sklearn.utils._bunch.Bunch", "lightgbm.basic.Booster", "numpy.dtype"]
    assert families_of(needed, SHIPPED, "m") == ("preprocessing", "lightgbm", "blend")
    assert families_of([], SHIPPED, "m") == ()


def test_types_of_no_family_are_all_named():
    strange = ["os.system", "numpy.dtype", "builtins.eval", "assay.baselines.RuleRegressor"]
    message = "m.skops holds types of no family .*: assay.*RuleRegressor, builtins.eval, os.system"
    with pytest.raises(ArtifactError, match=message):
        families_of(strange, SHIPPED, "m.skops")


def test_unknown_families_are_all_named_with_the_known_ones():
    message = "m declares unknown families of types: everything, rule; known are preprocessing,"
    with pytest.raises(ArtifactError, match=message):
        types_of(["rule", "forest", "everything"], SHIPPED, "m")
    assert types_of(["forest"], SHIPPED, "m") == {"forest": ("sklearn.tree._tree.Tree",)}
    assert types_of([], SHIPPED, "m") == {}
