"""Fitted estimators as skops files: stable bytes, and a file that cannot do harm when it is read."""

import hashlib
import io
import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from assay.errors import ArtifactError
from assay.skops_files import model_bytes, read_model, untrusted_types


def fitted() -> LogisticRegression:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 3))
    return LogisticRegression().fit(x, (x[:, 0] > 0).astype(int))


_SCRIPT = """
import hashlib, sys
padding = [object() for _ in range(int(sys.argv[1]))]
import numpy as np
from sklearn.linear_model import LogisticRegression
from assay.skops_files import model_bytes
rng = np.random.default_rng(0)
x = rng.normal(size=(50, 3))
model = LogisticRegression().fit(x, (x[:, 0] > 0).astype(int))
print(hashlib.sha256(model_bytes(model)).hexdigest())
"""


def test_a_model_has_the_same_bytes_in_every_process():
    digests = {
        subprocess.run(
            [sys.executable, "-c", _SCRIPT, padding], check=True, capture_output=True, text=True
        ).stdout
        for padding in ("0", "1000")
    }
    assert digests == {hashlib.sha256(model_bytes(fitted())).hexdigest() + "\n"}


def test_a_model_round_trips():
    model = fitted()
    loaded = read_model(model_bytes(model), {}, "m.skops")
    x = np.random.default_rng(1).normal(size=(20, 3))
    np.testing.assert_array_equal(loaded.predict_proba(x), model.predict_proba(x))


class Stranger:
    """A type that no family has."""

    def __init__(self) -> None:
        self.value = 1


def test_a_type_outside_the_families_is_refused_by_name():
    content = model_bytes(Stranger())
    assert untrusted_types(content, "m.skops") == [f"{__name__}.Stranger"]
    families = {"blend": ("sklearn.utils._bunch.Bunch",), "lightgbm": ("lightgbm.basic.Booster",)}
    message = r"m.skops holds types that its families \(blend, lightgbm\) do not have: .*Stranger"
    with pytest.raises(ArtifactError, match=message):
        read_model(content, families, "m.skops")
    with pytest.raises(ArtifactError, match=r"its families \(none\) do not have"):
        read_model(content, {}, "m.skops")


class Payload:
    """Makes a file if it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def archive(**members) -> bytes:
    """Return a zip file; `schema` is the content of schema.json."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in members.items():
            file.writestr("schema.json" if name == "schema" else name, content)
    return buffer.getvalue()


def with_member(content: bytes, change) -> bytes:
    """Return a skops file whose first array has other bytes."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        members = {name: file.read(name) for name in file.namelist()}
    first = min(name for name in members if name.endswith(".npy"))
    members[first] = change(members[first])
    return archive(**members)


def pickled_array(path: Path) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([Payload(path)], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def encrypted() -> bytes:
    """Return an archive whose members claim to be encrypted."""
    content = bytearray(archive(schema="{}"))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def node(**changes) -> dict[str, object]:
    own = {"__class__": "list", "__module__": "builtins", "__loader__": "ListNode", "protocol": 2}
    return {**own, "content": [], **changes}


GENUINE = model_bytes(fitted())
FORGED = {
    "empty": lambda path: b"",
    "a pickle": lambda path: pickle.dumps(Payload(path)),
    "a joblib file's pickle after the mark of a zip": (
        lambda path: b"PK\x03\x04" + pickle.dumps(Payload(path))
    ),
    "cut off": lambda path: GENUINE[: len(GENUINE) // 2],
    "garbage inside": lambda path: GENUINE[:200] + b"\0" * 300 + GENUINE[500:],
    "no schema": lambda path: archive(other="{}"),
    "encrypted": lambda path: encrypted(),
    "a schema that is no JSON": lambda path: archive(schema="{"),
    "a schema that is no text": lambda path: archive(schema=b"\xff\xfe\x00"),
    "a schema that is a list": lambda path: archive(schema="[]"),
    "a schema without content": lambda path: archive(schema="{}"),
    "a schema nested too deeply": lambda path: archive(schema='{"a":' * 99_999),
    "a newer protocol": lambda path: archive(schema=json.dumps(node(protocol=99))),
    "an unknown loader": lambda path: archive(schema=json.dumps(node(__loader__="PickleNode"))),
    "no type of this name": (
        lambda path: archive(schema=json.dumps(node(__module__=None, __class__=None)))
    ),
    "content of the wrong shape": lambda path: archive(schema=json.dumps(node(content={"a": 1}))),
    "a member that is absent": (
        lambda path: archive(
            schema=json.dumps(node(__loader__="BytesNode", __class__="bytes", file="absent"))
        )
    ),
    "an array that is a pickle": (
        lambda path: with_member(GENUINE, lambda content: pickled_array(path))
    ),
    "an array that is cut off": lambda path: with_member(GENUINE, lambda content: content[:90]),
    "an array of absurd size": (
        lambda path: with_member(GENUINE, lambda b: b.replace(b"(", b"(9999999999999,", 1))
    ),
}


@pytest.mark.parametrize("kind", FORGED)
def test_what_is_no_skops_file_is_refused_and_nothing_is_unpickled(kind, tmp_path):
    planted = tmp_path / "unpickled"
    content = FORGED[kind](planted)
    message = "^m.skops (is not a readable skops file|holds types that its families)"
    with pytest.raises(ArtifactError, match=message) as caught:
        read_model(content, {}, "m.skops")
    assert "\n" not in str(caught.value)
    assert not planted.exists()


def test_the_payload_would_tell_if_it_were_unpickled(tmp_path):
    pickle.loads(pickle.dumps(Payload(tmp_path / "unpickled")))  # noqa: S301
    assert (tmp_path / "unpickled").exists()


@pytest.mark.parametrize(
    "schema",
    [
        node(__loader__="TypeNode", __module__="os", __class__="system"),
        node(__loader__="FunctionNode", __module__="builtins", __class__="eval"),
        node(__loader__="ObjectNode", __module__="subprocess", __class__="Popen", content=None),
        node(
            __loader__="OperatorFuncNode", __module__="operator", __class__="methodcaller",
            attrs=node(),
        ),
        node(
            __loader__="ConstructorFromReduceNode", __module__="os", __class__="system",
            content=node(),
        ),
    ],
)  # fmt: skip
def test_a_forged_type_is_refused_before_it_is_imported(schema):
    with pytest.raises(ArtifactError, match=r"families \(none\) do not have: (os|builtins|op|sub)"):
        read_model(archive(schema=json.dumps(schema)), {}, "m.skops")


def test_a_library_that_is_absent_is_named():
    schema = node(
        __loader__="ObjectNode", __module__="absent_library.core", __class__="Model", content=None
    )
    with pytest.raises(
        ArtifactError, match=r"m.skops needs absent_library, which is not installed"
    ):
        read_model(
            archive(schema=json.dumps(schema)), {"x": ("absent_library.core.Model",)}, "m.skops"
        )
