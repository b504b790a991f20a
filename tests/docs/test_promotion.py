"""docs/promotion.md: its commands have the options that it names, and the code says what it quotes."""

import re

import pytest
from conftest import ROOT
from repositories import gto

from stages import predict, verify

TEXT = (ROOT / "docs/promotion.md").read_text()
BLOCKS = "\n".join(re.findall(r"```\n(.*?)```", TEXT, re.DOTALL))
COMMANDS = [line.removeprefix("$ ") for line in BLOCKS.splitlines()] + re.findall(
    r"`(\w.*?)`", TEXT
)


@pytest.mark.parametrize("name", ["register", "assign", "deprecate", "show", "history"])
def test_gto_has_the_options(name):
    help_text = gto(ROOT, name, "--help")
    used = [line for line in COMMANDS if line.startswith(f"gto {name}")]
    assert used
    for line in used:
        for option in re.findall(r"--[a-z-]+", line):
            assert option in help_text, line


def test_the_stages_have_the_options():
    prefix = "python -m stages."
    lines = [line.removeprefix(prefix).split() for line in COMMANDS if line.startswith(prefix)]
    modules = {"predict": predict, "verify": verify}
    parsed = [modules[name].parse_arguments(rest) for name, *rest in lines]
    assert {arguments.rev for arguments in parsed} == {"prod", "v1.0.0"}


@pytest.mark.parametrize(
    "words",
    [
        "came neither from the cache nor from",
        "came with other bytes than its dvc.lock names",
        "is no Git revision, and no version or stage",
        "nothing was packaged at",
    ],
)
def test_the_code_says_what_is_quoted(words):
    code = (ROOT / "src/assay/registry.py").read_text()
    code += (ROOT / "src/assay/revisions.py").read_text()
    assert words in TEXT
    assert words in re.sub(r'"\s*\n\s*f?"', "", code)
