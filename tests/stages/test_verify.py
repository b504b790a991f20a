"""`stages.verify --bundle`, on one run folder alone. Rebuilds are tested in tests/pipeline/test_rebuild.py."""

import re

import pytest

from assay import self_check
from assay.errors import ArtifactError
from assay.self_check import BundleCheck
from stages import verify


def test_a_run_folder_is_as_packaged(finished, capsys):
    run = finished / (finished / "models/registry/latest.txt").read_text().strip()
    verify.main(["--bundle", str(run)])
    assert re.fullmatch(
        rf"{run.name}: \d+ files as packaged; \d+ rows score as they did when it was packaged, "
        r"to the last bit\n",
        capsys.readouterr().out,
    )


def test_last_digits_of_another_cpu_are_told(monkeypatch, capsys, tmp_path):
    found = BundleCheck("some-run", 41, 256, False, 2.5e-16)
    monkeypatch.setattr(self_check, "check_bundle", lambda _: found)
    verify.main(["--bundle", str(tmp_path)])
    assert capsys.readouterr().out == (
        "some-run: 41 files as packaged; 256 rows score as they did when it was packaged, "
        "but for differences up to 2.5e-16, as of another CPU\n"
    )


def test_what_is_no_run_folder(tmp_path):
    with pytest.raises(ArtifactError, match="is no run folder"):
        verify.main(["--bundle", str(tmp_path / "absent")])


def test_a_commit_and_a_run_folder_are_two_questions(capsys):
    with pytest.raises(SystemExit, match="2"):
        verify.main(["--bundle", "x", "--rev", "v1.0.0"])
    assert "not allowed with argument" in capsys.readouterr().err
