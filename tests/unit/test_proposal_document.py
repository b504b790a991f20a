"""The proposed `params.yaml` as a text: complete, commented, quoted, and safe to sweep."""

import re
from datetime import date

import pandas as pd
import pytest
from conftest import ROOT, read_yaml
from proposals import KINDS, proposed

from assay.params import Params, parse_params
from assay.proposal.command import document
from assay.proposal.document import render, scalar, template, template_values

BUNDLED = (ROOT / "params.yaml").read_text()
# What the bundled comments say of the flights alone.
OF_THE_FLIGHTS = (
    '("one row is one flight")',
    "ROC AUC, because the use is to rank flights, at a threshold that is chosen later.",
    "Flights of one day share weather and jams, so a random holdout would flatter.",
    "0: yesterday's late rates are known the next morning.",
    "A miss costs five false alarms.",
)
# Values that a table may have, and that some reader of YAML takes for something else.
ODD = [
    "yes", "no", "on", "Off", "null", "~", "true", "1", "1e3", "0x1F", "007", "2013-01-01", "12:30",
    "a: b", "a #b", "- a", "? a", "{a}", "[a]", "&a", "*a", "!a", "%a", "@a", "`a", "'a'", '"a"',
    "a\\b", "a\nb", "tab\t", " lead", "trail ", "ünïcode", "日本", "🙂", "\x7f", "\x85", "\ufeff",
    "\u2028", ".inf", ".nan", "=", "<<", "|", ">", "a" * 200, "None", "y", "N", "a,b", "${x}",
]  # fmt: skip
# DVC resolves the one, and writes the other as a line break: such names cannot be swept.
UNSWEPT = {"${x}", "\x85"}


def comments(text):
    """Return the words of each block of comments, by the key that follows it."""
    blocks, words, path = {}, [], []
    for line in text.splitlines():
        key = re.match(r"( *)([a-z_]+):", line)
        if line.strip().startswith("#"):
            words += line.strip().lstrip("# ").split()
        elif key:
            path[len(key[1]) // 2 :] = [key[2]]
            blocks[".".join(path)] = " ".join(words)
            words = []
        else:
            words = []
    return blocks


# Keys whose values are mappings of a user's own names.
OPEN = ("data.exclude_columns", "validate.ignore", "interpret.expected_direction")


def places(section, above=""):
    for key, value in section.items():
        place = f"{above}{key}"
        if isinstance(value, dict) and place not in OPEN:
            yield from places(value, f"{place}.")
        else:
            yield place


def keys_of(model, above=""):
    for name, field in model.model_fields.items():
        place = f"{above}{field.alias or name}"
        inner = field.annotation
        if hasattr(inner, "model_fields"):
            yield from keys_of(inner, f"{place}.")
        else:
            yield place


def test_the_template_has_every_key_in_the_order_of_the_bundled_file():
    assert list(places(template_values())) == list(places(read_yaml(ROOT / "params.yaml")))
    assert sorted(places(template_values())) == sorted(keys_of(Params))


def test_the_template_says_what_the_bundled_comments_say():
    """A comment that is changed in params.yaml must be changed in the template too."""
    bundled, ours = comments(BUNDLED), comments(template())
    free = tuple(f"{place}." for place in OPEN)
    assert all(place.startswith(free) for place in bundled if place not in ours)
    for place, told in ours.items():
        general = bundled[place]
        for words in OF_THE_FLIGHTS:
            general = " ".join(general.replace(words, "").split()).replace(" .", ".")
        assert told == general, place


def test_what_is_the_flights_own_is_still_in_the_bundled_comments():
    told = " ".join(comments(BUNDLED).values())
    for words in OF_THE_FLIGHTS:
        assert words in told
    for word in ("flight", "late_rate", "tailnum"):
        assert word not in template()


@pytest.fixture(params=list(KINDS))
def written(request, tmp_path):
    proposal = proposed(KINDS[request.param]())
    path = tmp_path / "params.yaml"
    path.write_text(document(proposal))
    return proposal, path


def test_the_text_is_read_as_what_was_proposed(written):
    proposal, path = written
    assert parse_params(read_yaml(path)) == proposal.params


def test_every_key_is_there_once_and_has_a_comment(written):
    _, path = written
    told = comments(path.read_text())
    document = read_yaml(path)
    assert sorted(places(document)) == sorted(keys_of(Params))
    shared = {
        "slice_quantiles",
        "false_negative",
        "true_positive",
        "true_negative",
        "under_prediction",
    }
    shared |= {"confidence", "clip_high", "distance", "rate", "change"}
    shared |= {"categorical_columns", "passthrough_columns", "known_limits"}
    bare = {place for place in places(document) if not told[place]}
    assert {place.rsplit(".", 1)[-1] for place in bare} <= shared


def test_every_guess_has_its_reason(written):
    proposal, path = written
    told = comments(path.read_text())
    for place in ("data.target", "data.time_column", "data.group_column", "data.unit", "task.type",
                  "task.primary_metric", "split.strategy", "split.holdout_fraction",
                  "validate.min_rows", "train.preset", "evaluate.gate.action"):  # fmt: skip
        assert "Why: " in told[place], place
    assert "Why id_columns: " in told["data.id_columns"]
    longest = max(map(len, BUNDLED.splitlines()))
    assert all(len(line) <= longest for line in path.read_text().splitlines() if "#" in line)
    for reasons in proposal.reasons.values():
        assert " ".join(" ".join(reasons).split()) in " ".join(told.values())


def test_no_value_of_a_row_is_in_the_text():
    """Examples are for the terminal: the file goes to Git."""
    table = KINDS["churn"]()
    text = document(proposed(table))
    for value in [*table["customer_id"].head(50), *map(str, table["minutes"].head(50)), "family"]:
        assert value not in text


def test_every_key_survives_a_sweep(written):
    """`dvc exp run -S` rewrites the file: it must load alike, and keep its comments."""
    from dvc.utils.hydra import apply_overrides

    proposal, path = written
    before = [line for line in path.read_text().splitlines() if "#" in line]
    apply_overrides(str(path), ["task.seed=7", "split.strategy=random", "data.unit='yes'"])
    after = parse_params(read_yaml(path))
    assert (after.task.seed, after.split.strategy, after.data.unit) == (7, "random", "yes")
    assert after.data.exclude_columns == proposal.params.data.exclude_columns
    assert [line for line in path.read_text().splitlines() if "#" in line] == before


@pytest.mark.parametrize("value", ODD, ids=ascii)
def test_texts_are_what_they_were(value, tmp_path):
    from dvc.utils.hydra import apply_overrides

    values = {
        "data.target": value,
        "data.unit": value,
        "data.id_columns": [f"{value}1", value + "x"],
        "data.exclude_columns": {f"{value} ": value},
        "task.positive_label": value,
    }
    path = tmp_path / "params.yaml"
    path.write_text(render(values, {}, "A test."), encoding="utf-8")

    def check():
        held = read_yaml(path)
        assert held["data"]["target"] == held["data"]["unit"] == value
        assert held["data"]["id_columns"] == [f"{value}1", value + "x"]
        assert held["data"]["exclude_columns"] == {f"{value} ": value}
        assert held["task"]["positive_label"] == value

    check()
    if value not in UNSWEPT:
        # DVC writes quotes of its own.
        apply_overrides(str(path), ["task.seed=7"])
        check()


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "null"), (True, "true"), (1, "1"), (0.1, "0.1"), ([], "[]"), ({}, "{}"), ("a", "a"),
     ("known later; ask", "known later; ask"), ("no", '"no"')],
)  # fmt: skip
def test_scalars(value, text):
    assert scalar(value) == text


def test_a_key_that_does_not_exist_is_our_fault():
    with pytest.raises(KeyError, match=r"split\.strategi"):
        render({"split.strategi": "time"}, {}, "A test.")


def test_reasons_with_odd_names_stay_comments():
    table = KINDS["penguins"]().rename(columns={"species": "class\nspecies: x #", "year": "- y"})
    proposal = proposed(table, target="class\nspecies: x #")
    text = document(proposal)
    (table_path,) = [line for line in text.splitlines() if line.startswith("  table:")]
    assert table_path == "  table: data/processed/features.parquet"
    assert "class\nspecies" not in text
    assert date.today().isoformat() not in text, "the text depends on the table alone"
    assert document(proposed(pd.DataFrame(table), target="class\nspecies: x #")) == text
