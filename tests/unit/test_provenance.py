import hashlib
from datetime import datetime

from assay.provenance import (
    content_sha256,
    environment,
    file_sha256,
    files_sha256,
    installed_versions,
    run_id,
)


def test_a_files_hash_is_that_of_its_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_sha256(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()


def test_folders_are_hashed_by_file_without_byte_code(tmp_path):
    (tmp_path / "d" / "__pycache__").mkdir(parents=True)
    (tmp_path / "d" / "b.py").write_text("b")
    (tmp_path / "d" / "a.py").write_text("a")
    (tmp_path / "d" / "__pycache__" / "a.pyc").write_text("x")
    found = files_sha256([tmp_path / "d"])
    assert [name.rsplit("/", 1)[-1] for name in found] == ["a.py", "b.py"]


def test_the_order_of_keys_decides_nothing():
    assert content_sha256({"a": 1, "b": 2}) == content_sha256({"b": 2, "a": 1})
    assert content_sha256({"a": 1}) != content_sha256({"a": 2})


def test_only_the_locks_distributions_are_told():
    versions = installed_versions("pytest==0.0 \\\n    --hash=x\nno-such-thing==1\n# numpy==1\n")
    assert list(versions) == ["pytest"]


def test_the_environment_names_neither_host_nor_path():
    told = environment({"OPENBLAS_CORETYPE": "Haswell"})
    assert set(told) == {"python", "implementation", "system", "machine", "pins"}
    assert told["python"] == "3.11"


def test_a_run_is_named_by_its_content():
    moment = datetime(2013, 12, 31, 23, 59)
    first = run_id(moment, "binary", 7, {"data": "x"})
    assert first.startswith("20131231T235900__binary__session7__")
    assert first == run_id(moment, "binary", 7, {"data": "x"})
    assert first != run_id(moment, "binary", 7, {"data": "y"})
    assert run_id(None, "binary", 7, {}).startswith("untimed__binary")
