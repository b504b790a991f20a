"""What must be installed to score."""

import re
from importlib import metadata

import pytest
from conftest import ROOT
from packaging.utils import canonicalize_name

from assay.closure import import_closure, outside_modules
from assay.errors import ArtifactError
from assay.scoring_requirements import (
    EXTRAS,
    OF_FAMILY,
    SCORING,
    extra_requirements,
    scoring_requirements,
)
from assay.trust import FAMILIES

LOCK = (ROOT / "requirements.lock").read_text()
# Imported where the scorer's files have a use that scoring does not have.
NEVER_SCORING = {
    "ruamel": "reads params.yaml",
    "matplotlib": "figures",
    "imblearn": "resamples training rows",
}


def names(text):
    return re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)


def pins(text):
    """Return the pins with their hashes, by name."""
    blocks = re.split(
        r"^(?=[A-Za-z0-9])", re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE), flags=re.M
    )
    return {block for block in blocks if "==" in block}


def test_the_pins_and_hashes_are_those_of_the_lock_file():
    text = scoring_requirements(LOCK, ["preprocessing", "lightgbm"])
    assert pins(text) < pins(LOCK)
    assert text.count("--hash=sha256:") > 100
    assert names(text) == sorted(names(text))
    assert "http" not in text
    assert text == scoring_requirements(LOCK, ["lightgbm", "preprocessing"])


def test_it_is_small():
    found = set(names(scoring_requirements(LOCK, ["preprocessing"])))
    assert set(SCORING) < found
    assert len(found) < 30
    training = ("pycaret", "dvc", "matplotlib", "shap", "ruamel-yaml", "jinja2", "optuna")
    assert not found & {*training, "imbalanced-learn", "lightgbm", "numba"}


@pytest.mark.parametrize("family", OF_FAMILY)
def test_a_family_brings_its_own_library(family):
    plain = set(names(scoring_requirements(LOCK, ["preprocessing"])))
    found = set(names(scoring_requirements(LOCK, ["preprocessing", family])))
    assert set(OF_FAMILY[family]) <= found - plain
    others = {name for other in OF_FAMILY if other != family for name in OF_FAMILY[other]}
    assert not found & others


def test_families_that_need_no_library_of_their_own_are_of_scikit_learn_or_ours():
    for family in set(FAMILIES) - set(OF_FAMILY):
        tops = {name.split(".")[0] for name in FAMILIES[family]}
        assert tops <= {"sklearn", "numpy", "assay"}, family


def test_the_extras_stand_beside_the_others_and_repeat_none():
    base = set(names(scoring_requirements(LOCK, ["lightgbm"])))
    extras = set(names(extra_requirements(LOCK, ["lightgbm"])))
    assert set(EXTRAS) <= extras
    assert not base & extras
    assert "numba" in extras
    assert pins(extra_requirements(LOCK, [])) < pins(LOCK)


def test_what_another_system_needs_is_listed_too():
    """tqdm asks for colorama on Windows only; the file is for every system of the lock."""
    assert "colorama" in names(scoring_requirements(LOCK, []))


def test_what_the_lock_file_lacks_is_told():
    without = LOCK.replace("\npytz==", "\npytz-of-another-name==")
    with pytest.raises(ArtifactError, match=r"requirements.lock has no pytz, which pandas needs"):
        scoring_requirements(without, [])
    without = LOCK.replace("\nlightgbm==", "\nno-lightgbm==")
    with pytest.raises(ArtifactError, match=r"requirements.lock has no lightgbm, which scoring ne"):
        scoring_requirements(without, ["lightgbm"])


def test_everything_that_the_scorer_imports_is_listed_or_optional():
    closure = import_closure(ROOT, ["stages.predict", "stages._stage"])
    imported = outside_modules(ROOT, closure)
    distributions = metadata.packages_distributions()
    listed = set(names(scoring_requirements(LOCK, list(OF_FAMILY))))
    optional = set(names(extra_requirements(LOCK, list(OF_FAMILY))))
    unlisted = {
        module: files
        for module, files in imported.items()
        if module not in NEVER_SCORING
        and not {canonicalize_name(name) for name in distributions[module]} & (listed | optional)
    }
    assert not unlisted, "add to SCORING or EXTRAS in assay.scoring_requirements"
    plain = set(names(scoring_requirements(LOCK, [])))
    for name in EXTRAS:
        assert name not in plain
