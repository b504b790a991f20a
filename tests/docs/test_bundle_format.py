"""docs/bundle-format.md against a run folder."""

import json
import re
from fnmatch import fnmatch

import pytest
from bundles import run_of
from conftest import ROOT

from assay.manifest import FORMAT_VERSION, MANIFEST, OLDEST_VERSION
from assay.sections import MonitorParams

TEXT = (ROOT / "docs/bundle-format.md").read_text()
LAYOUT = TEXT.split("## Layout")[1].split("##")[0]
PATTERNS = [
    f"{name}*" if name.endswith("/") else name
    for row in re.findall(r"^\| (`[^|]+) \|", LAYOUT, re.MULTILINE)
    for name in re.findall(r"`([^`]+)`", row)
]


def test_the_layout_names_every_file_and_no_other(finished):
    run = run_of(finished)
    files = [p.relative_to(run).as_posix() for p in run.rglob("*") if p.is_file()]
    assert MANIFEST in PATTERNS
    assert not [name for name in files if not any(fnmatch(name, p) for p in PATTERNS)]
    assert not [p for p in PATTERNS if not any(fnmatch(name, p) for name in files)]


def test_the_versions_are_those_of_the_code():
    assert f"This is format {FORMAT_VERSION}." in TEXT
    told = [int(number) for number in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)]
    assert told == list(range(FORMAT_VERSION, 0, -1))
    unread = [int(n) for n in re.findall(r"^\| (\d+) \|.*not read \|$", TEXT, re.MULTILINE)]
    assert unread == list(range(OLDEST_VERSION - 1, 0, -1))


def test_the_reference_has_the_members_that_are_told(finished):
    (told,) = [
        line for line in TEXT.splitlines() if line.startswith("`monitoring/baseline.json` has")
    ]
    reference = json.loads((run_of(finished) / "monitoring/baseline.json").read_text())
    assert f"`format_version` of its own, {reference['format_version']}." in told
    members = told.split("Its members are ")[1].split(". The limits")[0]
    assert set(re.findall(r"`(\w+)`", members)) == set(reference) - {"format_version"}
    meta = json.loads((run_of(finished) / "run_meta.json").read_text())
    assert "under `params.monitor`" in told
    assert set(meta["params"]["monitor"]) == set(MonitorParams.model_fields)


@pytest.mark.parametrize("name", ["assay.trust", "assay.manifest", "assay.self_check"])
def test_the_modules_that_it_names_exist(name):
    import importlib

    assert name in TEXT
    importlib.import_module(name)
