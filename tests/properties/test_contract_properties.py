"""Whatever is given to be scored is scored, row for row, or refused in a sentence; nothing else.

CI tries a few examples, the same ones each time. `ASSAY_FUZZ=thorough python -m pytest
tests/properties/test_contract_properties.py` tries thousands, new ones each time (an hour).
"""

import hashlib
import json
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bundles import copy_of_run, families_of_run, seal
from conftest import make_params, make_table
from corpus import assert_told, snapshot, time_limit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odd_tables import (
    FORMATS,
    encoded,
    odd_arrow_tables,
    odd_frames,
    plain_frame,
    plain_rows,
    plain_table,
)
from pyarrow import csv, feather
from ruamel.yaml import YAML

from assay import artifacts
from assay.artifacts import read_yaml
from assay.batch.job import Wanted
from assay.batch.run import score_input
from assay.batch.sources import open_files
from assay.batch.targets import file_target
from assay.bundle import load_bundle
from assay.errors import ArtifactError, AssayError, ParamsError
from assay.manifest import MANIFEST
from assay.params import parse_params
from assay.scoring import score_table

_ALWAYS = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large],
}
settings.register_profile("assay-ci", max_examples=20, derandomize=True, **_ALWAYS)
settings.register_profile("assay-thorough", max_examples=2_000, **_ALWAYS)
FUZZ = settings.get_profile(f"assay-{os.environ.get('ASSAY_FUZZ', 'ci')}")
# No example takes a second.
SECONDS = 20

MODES = st.sampled_from(["fail", "quarantine"])
FORMAT = st.sampled_from(FORMATS)
JSON_FILES = (
    "decision.json", "schema/input_schema.json", "run_meta.json", "model/calibrator.json", MANIFEST
)  # fmt: skip


@contextmanager
def answered():
    """Let errors for users pass, if they are told well; anything else fails, and so does waiting."""
    with time_limit(SECONDS):
        try:
            yield
        except AssayError as error:
            assert_told(str(error), longest=5_000)


@contextmanager
def folder():
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def run(bundle, source, output, mode, batch_rows=16_384, part_rows=1 << 18):
    opened = open_files(source, batch_rows)
    wanted = Wanted(mode, workers=2, part_rows=part_rows)
    return score_input(bundle, opened, file_target(output, opened), wanted)


def read_back(path):
    """Return the columns of an output that every format has."""
    if path.suffix == ".parquet":
        return pq.read_table(path).to_pydict()
    if path.suffix == ".arrow":
        return feather.read_table(path).to_pydict()
    if path.suffix == ".csv":
        parsing = csv.ParseOptions(newlines_in_values=True)
        return csv.read_csv(path, parse_options=parsing).to_pydict()
    records = [json.loads(line) for line in path.read_text().splitlines()]
    return {"score": [record["score"] for record in records],
            "row_key": [record.get("row_key") for record in records]}  # fmt: skip


def check_run(bundle, source, output, mode, **options):
    """Score a file; what was written adds up, or nothing was. Return the scores, or None."""
    before = snapshot(source.parent)
    result = None
    with answered():
        result = run(bundle, source, output, mode, **options)
    after = snapshot(source.parent)
    if result is None:
        assert after == before
        return None
    names = [output.name, f"{output.name}.receipt.json", f"{output.name}.rejected.parquet"]
    aside = mode == "quarantine"
    assert set(after) - set(before) == set(names if aside else names[:2])
    assert {name: after[name] for name in before} == before
    receipt = artifacts.read_json(output.with_name(names[1]))
    counts, scored = receipt["counts"], read_back(output)
    assert counts["rows_in"] == counts["rows_scored"] + counts["rows_rejected"]
    assert sum(counts["rejected_by_reason"].values()) == counts["rows_rejected"]
    assert len(scored["score"]) == counts["rows_scored"] == receipt["output"]["rows"]
    assert receipt["output"]["sha256"] == hashlib.sha256(output.read_bytes()).hexdigest()
    assert all(score is not None and 0 <= score <= 1 for score in scored["score"])
    rejected = (
        pq.read_table(output.with_name(names[2]))["rejected_row"].to_pylist() if aside else []
    )
    assert len(rejected) == counts["rows_rejected"]
    return scored, rejected, counts["rows_in"]


def check_order(result, rows):
    """Rows come out in the order in which they went in, but for those that were set aside."""
    scored, rejected, rows_in = result
    assert rows_in == rows
    assert rejected == sorted(rejected)
    aside = set(rejected)
    assert scored["row_key"] == [f"k{n}" for n in range(rows) if n + 1 not in aside]


@pytest.fixture(scope="module")
def model(bundle):
    """The model, as one short word where an example that fails is printed."""

    class Model:
        loaded = bundle

        def __repr__(self):
            return "model"

    return Model()


@FUZZ
@given(frame=odd_frames(), mode=MODES)
def test_any_frame_is_scored_row_for_row_or_refused(model, frame, mode):
    copy, result = frame.copy(deep=True), None
    with answered():
        result = score_table(model.loaded, frame, bad_rows=mode)
    pd.testing.assert_index_equal(frame.columns, copy.columns)
    if result is not None:
        assert len(result.predictions) + len(result.rejected) == len(frame)
        assert mode == "quarantine" or result.rejected.empty
        aside = set(result.rejected["rejected_row"])
        kept = [f"k{n}" for n in range(len(frame)) if n + 1 not in aside]
        assert result.predictions["row_key"].tolist() == kept
        assert result.predictions["score"].between(0, 1).all()


@FUZZ
@given(data=st.data(), kind=FORMAT, output=FORMAT, batch_rows=st.integers(1, 9))
def test_any_file_is_scored_row_for_row_or_refused(model, data, kind, output, batch_rows):
    table = data.draw(odd_arrow_tables(arrow_only=kind == "arrow"))
    with folder() as place:
        source = place / f"in.{kind}"
        source.write_bytes(encoded(table, kind))
        results = {}
        for mode in ("quarantine", "fail"):
            options = {"batch_rows": batch_rows, "part_rows": 2 * batch_rows}
            (place / mode).mkdir()
            copied = place / mode / source.name
            copied.write_bytes(source.read_bytes())
            results[mode] = check_run(
                model.loaded, copied, place / mode / f"out.{output}", mode, **options
            )
            if results[mode]:
                check_order(results[mode], len(table))
        if results["fail"]:
            # What is scored whole has no row to be set aside, and scores the same.
            assert results["quarantine"] is None or results["quarantine"] == results["fail"]
        elif results["quarantine"]:
            assert results["quarantine"][1]


def score_bits(bundle, source, batch_rows):
    output = source.with_name(f"{source.name}.parquet")
    run(bundle, source, output, "fail", batch_rows)
    return pq.read_table(output)["score"].to_numpy().tobytes()


@FUZZ
@given(columns=plain_rows(), company=plain_rows(), batch_rows=st.integers(1, 9), data=st.data())
def test_a_row_has_the_same_score_in_every_format_batch_and_company(
    model, columns, company, batch_rows, data
):
    frame = plain_frame(columns)
    scores = score_table(model.loaded, frame).predictions["score"].to_numpy()
    both = pd.concat([frame, plain_frame(company)], ignore_index=True)
    order = np.array(data.draw(st.permutations(range(len(both)))))
    mixed = score_table(model.loaded, both.iloc[order]).predictions["score"].to_numpy()
    assert mixed[np.argsort(order)][: len(frame)].tobytes() == scores.tobytes()
    one = data.draw(st.integers(0, len(frame) - 1))
    alone = score_table(model.loaded, frame.iloc[[one]]).predictions["score"].to_numpy()
    assert alone.tobytes() == scores[[one]].tobytes()
    table = plain_table(columns)
    with folder() as place, time_limit(SECONDS):
        for kind in FORMATS:
            (place / f"in.{kind}").write_bytes(encoded(table, kind, batch_rows))
            assert score_bits(model.loaded, place / f"in.{kind}", batch_rows) == scores.tobytes(), (
                kind
            )


VALID = {
    kind: encoded(
        pa.Table.from_pandas(
            make_table(30, seed=4).drop(columns=["outcome", "moment"]), preserve_index=False
        ),
        kind,
        10,
    )
    for kind in FORMATS
}
# What has a meaning in one of the formats.
PIECES = st.sampled_from(
    [b'"', b"\n", b"\r", b",", b"\0", b"{", b"}", b"[", b"\\", b"\xff", b"PAR1", b"ARROW1", b"\xef\xbb\xbf",
     b'""', b"1e999", b"NaN", b"\xed\xa0\x80", b'{"outcome": 1}\n', b"\xff\xff\xff\x7f"]
)  # fmt: skip


@st.composite
def damaged(draw, valid):
    """Draw a file that was cut, overwritten, or had something put in or taken out, up to four times."""
    content = bytearray(valid)
    for _ in range(draw(st.integers(1, 4))):
        change = draw(
            st.sampled_from(["flip", "flip", "cut", "put in", "take out", "overwrite", "repeat"])
        )
        # Headers and footers decide most, and are small.
        near = draw(st.sampled_from(["start", "end", "anywhere"]))
        reach = len(content) if near == "anywhere" else min(200, len(content))
        at = draw(st.integers(0, max(reach - 1, 0)))
        at = len(content) - 1 - at if near == "end" else at
        if change == "flip" and content:
            content[at] ^= 1 << draw(st.integers(0, 7))
        elif change == "cut":
            del content[at:]
        elif change == "put in":
            content[at:at] = draw(PIECES | st.binary(max_size=20))
        elif change == "take out":
            del content[at : at + draw(st.integers(1, 50))]
        elif change == "overwrite":
            piece = draw(PIECES | st.binary(max_size=20))
            content[at : at + len(piece)] = piece
        else:
            content[at:at] = content[at : at + draw(st.integers(1, 300))]
    return bytes(content)


@FUZZ
@given(data=st.data(), kind=FORMAT, mode=MODES, batch_rows=st.integers(1, 40))
def test_a_damaged_file_is_scored_or_refused(model, data, kind, mode, batch_rows):
    content = data.draw(damaged(VALID[kind]) | st.binary(max_size=200))
    with folder() as place:
        source = place / f"in.{kind}"
        source.write_bytes(content)
        check_run(model.loaded, source, place / "out.jsonl", mode, batch_rows=batch_rows)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["threshold", "sigmoid", "numeric", "binary", "../x", 10**400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@st.composite
def changed(draw, document):
    """Draw a document of which a part, at any depth, is another, gone, or under another name."""
    if not isinstance(document, dict | list) or not document or draw(st.integers(0, 3)) == 0:
        return draw(JSON_VALUES)
    copy = document.copy()
    key = draw(st.sampled_from(sorted(copy) if isinstance(copy, dict) else range(len(copy))))
    action = draw(st.sampled_from(["change", "change", "change", "remove", "rename"]))
    if action == "change":
        copy[key] = draw(changed(copy[key]))
    elif action == "remove" or isinstance(copy, list):
        del copy[key]
    else:
        copy[draw(st.text(max_size=8))] = copy.pop(key)
    return copy


@pytest.fixture(scope="module")
def spoilt_run(finished, tmp_path_factory):
    return copy_of_run(finished, tmp_path_factory.mktemp("spoilt") / "run")


@FUZZ
@given(data=st.data(), name=st.sampled_from(JSON_FILES))
def test_any_change_of_a_run_folder_that_its_manifest_vouches_for_loads_or_is_refused(
    spoilt_run, data, name
):
    kept = {path: (spoilt_run / path).read_bytes() for path in (name, MANIFEST)}
    families = families_of_run(spoilt_run)
    document = data.draw(changed(json.loads(kept[name])))
    rows = make_table(20, seed=8).drop(columns=["outcome", "aftermath"])
    try:
        (spoilt_run / name).write_text(json.dumps(document))
        if name != MANIFEST:
            seal(spoilt_run, families)
        with answered():
            try:
                loaded = load_bundle(spoilt_run)
            except ArtifactError:
                return
            # What loads must also do its work.
            score_table(loaded, rows)
    finally:
        for path, content in kept.items():
            (spoilt_run / path).write_bytes(content)


@FUZZ
@given(document=changed(make_params()))
def test_any_change_of_params_is_read_or_refused(document):
    with answered():
        try:
            parse_params(document)
        except ParamsError:
            return


def params_text():
    import io

    stream = io.StringIO()
    YAML().dump(make_params(), stream)
    return stream.getvalue().encode()


@FUZZ
@given(content=damaged(params_text()))
def test_a_damaged_params_file_is_read_or_refused(content):
    with folder() as place, answered():
        (place / "params.yaml").write_bytes(content)
        parse_params(read_yaml(place / "params.yaml"))
