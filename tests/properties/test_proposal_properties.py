"""Whatever a table holds: what is proposed is whole, and is read back as what it was."""

import tempfile
from pathlib import Path

import pandas as pd
import pyarrow as pa
from conftest import read_yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odd_tables import ANY_TYPES, EXTRA_NAMES, NUMBER_TEXTS, TEXTS, arrow_columns

from assay.artifacts import parquet_bytes, parse_parquet
from assay.errors import AssayError
from assay.params import parse_params
from assay.proposal.command import document
from assay.proposal.places import Place
from assay.proposal.propose import Wishes, propose
from assay.proposal.summary import summary
from assay.proposal.tables import require_names, typed_texts

SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
NAMES = EXTRA_NAMES | st.sampled_from(
    ["id", "customer_id", "created_at", "price", "target", "y", "zip", "birth_date", "probability_a",
     "score", "target.0", "yes", "null", "2024-01-01", "a: b", "# x", "- a", "year"]
) | TEXTS  # fmt: skip


@st.composite
def frames(draw):
    """Draw a table as Parquet gives it, of any types and any names."""
    rows = draw(st.integers(0, 40))
    names = draw(st.lists(NAMES, min_size=1, max_size=6, unique=True))
    columns = {name: draw(arrow_columns(rows, ANY_TYPES)) for name in names}
    if draw(st.integers(0, 3)):
        # Something that can be told, so that the checks of the content and the split have their turn.
        columns["target"] = pa.array([number % 3 % 2 for number in range(rows)], pa.int64())
        columns["amount"] = pa.array([number / 7 for number in range(rows)], pa.float64())
    table = pa.concat_tables([pa.table(columns)] * draw(st.sampled_from([1, 5, 30])))
    buffer = pa.BufferOutputStream()
    pa.parquet.write_table(table, buffer)
    return parse_parquet(buffer.getvalue().to_pybytes(), Path("a.parquet"))


def check(frame, target):
    """Propose, if that is possible; the text must be read as what was proposed."""
    try:
        require_names(frame, "a.parquet")
        proposal = propose(frame, "a.parquet", "row", Wishes(target=target))
    except AssayError:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "params.yaml"
        path.write_text(document(proposal), encoding="utf-8")
        assert parse_params(read_yaml(path)) == proposal.params
    lines = summary(proposal, Place("a.parquet"), [], None, 90)
    assert all(line.isprintable() for line in lines)


@SETTINGS
@given(frames(), st.data())
def test_any_table_gets_params_or_a_sentence(frame, data):
    check(frame, data.draw(st.none() | st.sampled_from(list(frame.columns))))


@SETTINGS
@given(
    st.integers(1, 40).flatmap(
        lambda rows: st.dictionaries(
            TEXTS.filter(bool),
            st.lists(
                st.none() | NUMBER_TEXTS | TEXTS | st.dates().map(str) | st.datetimes().map(str),
                min_size=rows, max_size=rows,
            ),
            min_size=2, max_size=5,
        )
    )
)  # fmt: skip
def test_any_texts_get_types_that_parquet_has(columns):
    frame = pd.DataFrame(columns, dtype=object)
    frame = pd.concat([frame] * 12, ignore_index=True)
    typed = typed_texts(frame, "a.csv").frame
    back = parse_parquet(parquet_bytes(typed), Path("a.parquet"))
    assert back.columns.tolist() == typed.columns.tolist()
    for name in typed.columns:
        # What became no number, time or truth is what it was.
        if typed[name].dtype == object and not typed[name].map(type).eq(bool).any():
            assert typed[name].dropna().tolist() == frame[name].dropna().tolist()
    check(back, typed.columns[-1])
