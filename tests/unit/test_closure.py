"""What a module reaches."""

import pytest
from conftest import ROOT, STAGES

from assay.closure import import_closure, imported_modules, outside_modules


def lay_out(root, **files):
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("/init/", "__init__")
        path = path.with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_imports_are_followed_at_any_level_of_the_code(tmp_path):
    root = lay_out(
        tmp_path,
        stages__one='"""x"""\nfrom assay import a\n',
        src__assay__a="def late():\n    from assay.inner.b import name\n",
        src__assay__inner__b="import numpy.linalg as la, os\n",
        src__assay__c="import absent\n",
    )
    (root / "src/assay/__init__.py").write_text("")
    (root / "src/assay/inner/__init__.py").write_text("# Not empty.\n")
    reached = import_closure(root, ["stages.one"])
    assert reached == {
        *("stages/one.py", "src/assay/a.py"),
        *("src/assay/inner/__init__.py", "src/assay/inner/b.py"),
    }
    assert outside_modules(root, reached) == {"numpy": {"src/assay/inner/b.py"}}


def test_imports_for_a_type_checker_alone_are_none():
    text = (
        "import typing\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import one\nelse:\n    import two\n"
        "if typing.TYPE_CHECKING:\n    import three\n"
    )
    assert imported_modules(text) & {"one", "two", "three"} == {"two"}


def test_templates_are_reached_by_their_names(tmp_path):
    root = lay_out(tmp_path, stages__one='render("readiness.md.j2")\n')
    template = "src/assay/report/templates/readiness.md.j2"
    assert import_closure(root, ["stages.one"]) == {"stages/one.py", template}
    assert outside_modules(root, [template]) == {}


def test_templates_of_a_folder_are_reached_by_their_names(tmp_path):
    root = lay_out(tmp_path, stages__one='get_template("monitoring/page.html.j2")\n')
    template = "src/assay/report/templates/monitoring/page.html.j2"
    assert import_closure(root, ["stages.one"]) == {"stages/one.py", template}


@pytest.mark.parametrize("stage", [*STAGES, "predict"])
def test_nothing_imports_by_a_name_that_is_computed(stage):
    """Which the closure could not follow."""
    for path in import_closure(ROOT, [f"stages.{stage}"]):
        text = (ROOT / path).read_text()
        assert "import_module(" not in text, path
        assert "__import__(" not in text, path


def test_a_scorer_reaches_no_training():
    reached = import_closure(ROOT, ["stages.predict", "stages._stage"])
    for name in ("search", "plots", "report", "checks", "baselines", "closure", "scorer_main"):
        assert not [path for path in reached if path.startswith(f"src/assay/{name}")], name
