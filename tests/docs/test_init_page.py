"""docs/init.md: its commands have the options that it names, and its figures are the code's."""

import re

from conftest import ROOT

from assay.errors import ArtifactError, DataError, ParamsError, SchemaError
from assay.proposal import profile, tables, target
from stages import init

TEXT = (ROOT / "docs/init.md").read_text()


def test_the_commands_are_parsed():
    lines = re.findall(r"^python -m stages\.init (.*)$", TEXT, re.MULTILINE)
    assert len(lines) == 2
    for line in lines:
        assert init.parse_arguments(line.split()).table.startswith("orders.")


def test_every_option_is_known(capsys):
    for option in set(re.findall(r"`(--[a-z-]+)", TEXT)):
        assert option in (ROOT / "stages/init.py").read_text(), option


def test_the_figures_are_the_codes():
    assert f"Above {profile._MOST_ROWS:,} rows, or {profile._MOST_CELLS // 10**6} million" in TEXT
    assert f"more than {tables._MOST_DIGITS} digits" in TEXT
    assert f"up to {target._CLASS_AT_ALL} whole numbers ({target._CLASS_NAMED} under" in TEXT


def test_the_exit_codes_are_those_of_the_errors():
    for source in (TEXT, init.__doc__):
        told = set(map(int, re.findall(r"\b(1\d) ", source.split("Exit codes:")[1])))
        kinds = (ParamsError, SchemaError, DataError, ArtifactError)
        assert told == {kind.exit_code for kind in kinds}
