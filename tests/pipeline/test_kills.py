"""A handful of the kills of `scripts/kill_test.py`, and proof that it finds what it looks for."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from scripts import kill_test
from scripts.kill_test import Victim, attack, contents, differences, halves, victims


@pytest.fixture(scope="module")
def project(finished, tmp_path_factory):
    """A copy of the finished project, with rows that were scored."""
    folder = tmp_path_factory.mktemp("killed") / "project"
    shutil.copytree(finished, folder, symlinks=True)
    kill_test.score(folder, 20_000)
    return folder


@pytest.mark.parametrize("name", ["split", "threshold", "predict"])
def test_the_run_after_a_kill_gives_the_same_bytes(project, name):
    (victim,) = (victim for victim in victims(project) if victim.name == name)
    # Pictures have other bytes where PyCaret was imported before, as in the process of the fixture.
    kill_test.finish(project, *victim.command)
    assert attack(victim, 2, project, contents(project), np.random.default_rng(0)) == []


def test_every_stage_is_a_victim(project):
    names = [victim.name for victim in victims(project)]
    assert names == list(kill_test.NAMES)[: len(names)]
    assert len(names) >= len(kill_test.NAMES) - 1


def test_halves_and_leftovers_are_found(tmp_path):
    (tmp_path / "out").mkdir()
    for name in ("out/a", "out/b", "c"):
        (tmp_path / name).write_text(name)
    expected = contents(tmp_path)
    (tmp_path / "out/a").unlink()
    (tmp_path / "c").write_text("half")
    (tmp_path / ".c.abcdefgh.tmp").write_text("")
    found = contents(tmp_path)
    victim = Victim("x", (), (), (Path("out"), Path("c")))
    assert halves(victim, expected, found) == [
        "out is neither whole nor absent", "c is neither whole nor absent"
    ]  # fmt: skip
    assert differences(expected, found) == [
        ".c.abcdefgh.tmp is left over", "c is another", "out/a is missing"
    ]  # fmt: skip
    shutil.rmtree(tmp_path / "out")
    (tmp_path / "c").unlink()
    assert halves(victim, expected, contents(tmp_path)) == []
