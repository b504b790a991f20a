"""`params.yaml` that cannot be read, or that says what cannot be.

Every stage reads it in the same way, and first of all; `validate` stands for them here.
"""

import os
from copy import deepcopy
from datetime import date

import pytest
from conftest import make_params, run_stage
from corpus import Case, assert_refused, each
from ruamel.yaml import YAML

from assay.artifacts import read_yaml
from assay.errors import ArtifactError, ParamsError

PARAMS = make_params()
COSTS = PARAMS["threshold"]["costs"]
UNKNOWN = COSTS | {"false_positive": None, "false_negative": None}


def text(changes=None):
    """Return a valid file, with some of its keys changed."""
    import io

    raw = deepcopy(PARAMS)
    for place, value in (changes or {}).items():
        *sections, key = place.split(".")
        section = raw
        for name in sections:
            section = section[name]
        section[key] = value
    stream = io.StringIO()
    YAML().dump(raw, stream)
    return stream.getvalue()


def file(content):
    """Return a builder of `params.yaml` with this content."""
    data = content if isinstance(content, bytes) else content.encode()

    def build(path):
        path.write_bytes(data)

    return build


def replaced(old, new):
    """Return a builder of a valid file in which a piece of the text is another."""
    valid = text()
    assert valid.count(old) == 1, old
    return file(valid.replace(old, new))


def wrong(name, place, value, expected):
    """Return the case of a wrong value in a valid file."""
    key = place.rsplit(".", 1)[-1]
    return Case(
        name, file(text({place: value})), ParamsError, rf"params\.yaml: .*{key}.*{expected}"
    )


def without(place):
    section, _, key = place.partition(".")
    raw = deepcopy(PARAMS)
    if key:
        del raw[section][key]
    else:
        del raw[section]

    def build(path):
        with path.open("w") as stream:
            YAML().dump(raw, stream)

    return build


def laughs(place):
    """Return a builder of a file in which few bytes at a place stand for 2^40 values."""
    key = place.rsplit(".", 1)[-1]
    lists = ["&a0 [ha, ha]", *(f"&a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40))]
    valid = text({place: "ha"}).replace(f"{key}: ha\n", f"{key}: *a39\n")
    assert "*a39" in valid
    return file("\n".join(["laughs:", *(f"- {line}" for line in lists), valid]))


YAML_CASES = [
    Case("zero bytes", file(b""), ParamsError, r"params\.yaml: expected sections .*got nothing\."),
    Case("comments only", file("# nothing\n---\n"), ParamsError, "expected sections.*got nothing"),
    Case("a list", file("- data\n- task\n"), ParamsError, r"expected sections.*got \['data', 'task'\]"),
    Case("a text", file("data, task\n"), ParamsError, "expected sections.*got 'data, task'"),
    Case("a number", file("42\n"), ParamsError, "expected sections.*got 42"),
    Case("a tab as indentation", replaced("  seed: 2013", "\tseed: 2013"), ParamsError,
         r"params\.yaml is not valid YAML: line 21, column 1: .*found character"),
    Case("an open quote", replaced("unit: case", 'unit: "case'), ParamsError,
         "is not valid YAML: line .*while scanning a quoted scalar found unexpected end"),
    Case("an open bracket", replaced("unit: case", "unit: [case"), ParamsError, "is not valid YAML"),
    Case("a colon in a text", replaced("unit: case", "unit: a: b"), ParamsError, "is not valid YAML"),
    Case("wrong indentation", replaced("  seed: 2013", " seed: 2013"), ParamsError,
         "is not valid YAML: line 21"),
    Case("a key twice", replaced("seed: 2013", "seed: 1\n  seed: 2013"), ParamsError,
         "is not valid YAML: line 22, .*duplicate key.*seed"),
    Case("a section twice", file(text() + "task:\n  seed: 1\n"), ParamsError,
         "is not valid YAML.*duplicate key.*task"),
    Case("two documents", file(text() + "---\n" + text()), ParamsError, "is not valid YAML"),
    Case("an unknown alias", replaced("unit: case", "unit: *name"), ParamsError,
         "is not valid YAML.*undefined alias"),
    Case("a tag of Python", replaced("unit: case", "unit: !!python/object/apply:os.getcwd []"),
         ParamsError, "is not valid YAML.*could not determine a constructor"),
    Case("a picture", file(b"\x89PNG\r\n\x1a\n" + bytes(64)), ParamsError, "is not valid YAML"),
    Case("NUL bytes", replaced("unit: case", "unit: ca\0se"), ParamsError, "is not valid YAML"),
    Case("a control character", replaced("unit: case", "unit: ca\x07se"), ParamsError,
         "is not valid YAML"),
    Case("Latin-1", file(text().replace("case", "Fälle").encode("latin-1")), ParamsError,
         r"is not valid YAML: byte \d+ is not UTF-8"),
    Case("UTF-16", file(text().encode("utf-16")), ParamsError, r"is not valid YAML: byte \d+ is not UTF-8"),
    Case("deep nesting", file("[" * 1_000), ParamsError, "is not valid YAML: .*nested too deep"),
    Case("deep nesting that is closed", file("a: " + "[" * 1_000 + "]" * 1_000), ParamsError,
         "is not valid YAML: .*nested too deep"),
    Case("a number of 5,000 digits", replaced("seed: 2013", "seed: " + "9" * 5_000), ParamsError,
         "is not valid YAML: .*digits"),
    Case("a number of 5,000 hexadecimal digits", replaced("seed: 2013", "seed: 0x" + "f" * 5_000),
         ParamsError, r"task\.seed must be in \[0, 2147483647\], got a very long int"),
    Case("an anchor within itself", replaced("unit: case", "unit: &a [*a]"), ParamsError,
         r"data\.unit must be a text, got \[\[\[\[\.\.\.\]\]\]\]"),
    Case("a billion laughs as a text", laughs("data.unit"), ParamsError,
         r"2 faults:.*unit must be a text, got \[.*\.\.\..*laughs is not a known key"),
    Case("a billion laughs as a list", laughs("data.id_columns"), ParamsError,
         r"id_columns\[1\] must be a text, got \[.*\.\.\..*laughs is not a known key"),
    Case("half a character", replaced("unit: case", r'unit: "\ud83d"'), ParamsError,
         r"params\.yaml: data\.unit must be a text of whole characters"),
]  # fmt: skip

KEY_CASES = [
    Case("a misspelt key", replaced("numeric_imputation", "numeric_imputaton"), ParamsError,
         r"^2 faults:.*numeric_imputation is missing"
         ".*numeric_imputaton is not a known key; nearest: numeric_imputation"),
    Case("a misspelt section", replaced("calibrate:", "calibration:"), ParamsError,
         "calibrate is missing.*calibration is not a known key; nearest: calibrate"),
    Case("a key of no resemblance", replaced("refit: true", "refit: true\n  zzz: 1"), ParamsError,
         "package.zzz is not a known key; known: refit"),
    Case("a missing key", without("task.seed"), ParamsError, r"task\.seed is missing\. Add it"),
    Case("a missing section", without("interpret"), ParamsError, "interpret is missing"),
    Case("a section without keys", without("evaluate.gate"), ParamsError, "evaluate.gate is missing"),
    Case("an empty section", file(text({"package": None})), ParamsError,
         "package must be a section with keys of its own, got None"),
    Case("a section that is a text", file(text({"train": "fast"})), ParamsError,
         "train must be a section with keys of its own, got 'fast'"),
    Case("a section that is a list", file(text({"train": ["fast"]})), ParamsError,
         r"train must be a section with keys of its own, got \['fast'\]"),
    Case("a key that is a number", replaced("refit: true", "refit: true\n  1: 2"), ParamsError,
         r"package: the key 1 is no text\. Put it in quotes"),
    Case("a key that is a truth", file(text() + "true: 1\n"), ParamsError,
         r"params\.yaml: the key True is no text"),
    Case("a key that is nothing", file(text() + "null: 1\n"), ParamsError,
         r"params\.yaml: the key None is no text"),
    Case("a key that is a list", file(text() + "? [a, b]\n: 1\n"), ParamsError,
         r"params\.yaml: the key \('a', 'b'\) is no text"),
    Case("an excluded column that is a number",
         replaced("aftermath: known later", "2013: known later"), ParamsError,
         r"data\.exclude_columns: the key 2013 is no text"),
    Case("many faults at once", file("data: 1\ntask: 2\ntrain: 3\n"), ParamsError, "^14 faults:"),
]  # fmt: skip

VALUE_CASES = [
    wrong("a number as a text", "task.seed", "7", "a whole number, got '7'"),
    wrong("a fraction as a seed", "task.seed", 7.5, "a whole number, got 7.5"),
    wrong("a truth as a number", "task.seed", True, "a whole number, got True"),
    wrong("a negative seed", "task.seed", -1, r"in \[0, 2147483647\], got -1"),
    wrong("a seed beyond 32 bits", "task.seed", 2**31, r"in \[0, 2147483647\]"),
    wrong("a seed of 300 digits", "task.seed", 10**300, r"in \[0, 2147483647\]"),
    wrong("a float of 400 digits", "baseline.logistic_c", 10**400, "number"),
    wrong("not a number", "threshold.fixed", float("nan"), "a finite number, got nan"),
    wrong("infinity", "split.embargo_days", float("inf"), "a finite number, got inf"),
    wrong("above a range", "threshold.min_precision", 1.2, r"in \[0, 1\], got 1.2"),
    wrong("an open end", "split.holdout_fraction", 1, r"in \(0, 1\), got 1"),
    wrong("nothing trained on", "split.fold_count", 1, r"in \[2, 20\], got 1"),
    wrong("a text as a truth", "package.refit", "no", "true or false, got 'no'"),
    wrong("a number as a truth", "package.refit", 1, "true or false, got 1"),
    wrong("a text as a list", "data.id_columns", "row_key", "a list, got 'row_key'"),
    wrong("numbers as columns", "data.id_columns", [1, 2], r"\[0\] must be.*\[1\] must be a text"),
    wrong("an empty name", "data.target", "", "a text that is not empty"),
    wrong("nothing as a name", "data.target", None, "a text, got None"),
    wrong("a list as a mapping", "data.exclude_columns", ["a"], "a mapping of names to texts"),
    wrong("no reason", "data.exclude_columns", {"aftermath": None}, "aftermath must be a text"),
    wrong("an unknown choice", "split.strategy", "rando", "one of 'random', 'group'"),
    wrong("an unknown model", "train.candidates", ["lightgmb"], r"one of 'dummy', .*got 'lightgmb'"),
    wrong("a model twice", "train.candidates", ["dummy", "dummy"], "names a model twice: dummy"),
    wrong("no model", "train.candidates", [], "a list that is not empty"),
    wrong("a metric of another task", "task.primary_metric", "r2", "is none of binary"),
    wrong("no positive label", "task.positive_label", None, "must name a value of the target"),
    wrong("a date as a text", "data.unit", date(2013, 1, 1),
          "must be a text, got datetime.date"),
    wrong("a long text as a number", "task.seed", "x" * 100_000, "a whole number, got 'xxx"),
    wrong("a table of another format", "data.table", "features.csv", "path of a Parquet file"),
    Case("a column with two roles", file(text({"data.group_column": "outcome"})), ParamsError,
         "'outcome' is in target and in group_column"),
    wrong("errors that cost what being right costs", "threshold.costs",
          COSTS | {"false_positive": 0, "false_negative": 0},
          "false_positive and false_negative cannot both cost what being right costs"),
    wrong("an error that is cheaper than being right", "threshold.costs",
          COSTS | {"false_negative": -1}, r"false_negative \(-1\) must not be less than true_positive"),
    wrong("one cost of two", "threshold.costs", COSTS | {"false_negative": None},
          "false_positive and false_negative must both be given, or both be null"),
    Case("the lowest cost of unknown costs", file(text({"threshold.costs": UNKNOWN})), ParamsError,
         "threshold: strategy min_cost needs costs.false_positive"),
    Case("a loss of the wrong sign",
         file(text({"evaluate.gate.metric": "neg_log_loss", "evaluate.gate.min_value": 0.4})),
         ParamsError, "min_value 0.4 cannot be reached: neg_log_loss is a loss with a minus sign"),
    Case("a gate by another task's metric", file(text({"evaluate.gate.metric": "r2"})), ParamsError,
         "evaluate.gate.metric r2 is none of binary"),
]  # fmt: skip


def absent(path):
    path.unlink()


def folder(path):
    path.unlink()
    path.mkdir()


def pipe(path):
    path.unlink()
    os.mkfifo(path)


def link_to(other):
    def build(path):
        path.unlink()
        path.symlink_to(other)

    return build


PLACE_CASES = [
    Case("no file", absent, ArtifactError, r"params\.yaml does not exist\. Run from the project"),
    Case("a folder", folder, ArtifactError, r"params\.yaml is a folder, expected a file"),
    Case("a pipe", pipe, ArtifactError, r"params\.yaml is a pipe or a device, expected a file"),
    Case(
        "a link to itself",
        link_to("params.yaml"),
        ArtifactError,
        r"params\.yaml is a link to no file",
    ),
    Case(
        "a link to nothing", link_to("nothing"), ArtifactError, r"params\.yaml is a link to no file"
    ),
    Case("a link to a device", link_to("/dev/zero"), ArtifactError, "is a pipe or a device"),
]


@each([*YAML_CASES, *KEY_CASES, *VALUE_CASES, *PLACE_CASES])
def test_bad_params_are_refused(project, case):
    folder = project()
    case.build(folder / "params.yaml")
    assert_refused(lambda: run_stage("validate"), case, folder)


@pytest.mark.parametrize("stage", ["split", "baseline", "evaluate", "package"])
def test_every_stage_reads_them_first(project, stage):
    """Its inputs are not even there."""
    folder = project()
    case = Case(
        stage, replaced("seed: 2013", "seeed: 2013"), ParamsError, "task.seeed is not a known"
    )
    case.build(folder / "params.yaml")
    assert_refused(lambda: run_stage(stage), case, folder)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("byte-order mark", b"\xef\xbb\xbf" + text().encode()),
        ("Windows line ends", text().replace("\n", "\r\n").encode()),
        ("directive", b"%YAML 1.2\n---\n" + text().encode() + b"...\n"),
        ("anchor", text().replace("unit: case", "unit: &u case").encode()),
    ],
)
def test_other_ways_to_write_the_same_are_read(project, name, content):
    folder = project()
    (folder / "params.yaml").write_bytes(content)
    assert read_yaml(folder / "params.yaml") == PARAMS, name
    run_stage("validate")
    assert (folder / "data/validated/table.parquet").is_file()
