"""The manifest of a run folder: what it promises, and what it is not believed."""

import hashlib
import json
import os

import pytest

from assay import artifacts
from assay.errors import ArtifactError
from assay.manifest import (
    FORMAT_VERSION,
    MANIFEST,
    OLDEST_VERSION,
    _compare,
    manifest_bytes,
    read_manifest,
    read_verified,
    verify_files,
)

SHA256 = "0" * 64
FILES = {"a.json": b"{}", "model/b.bin": b"\x00\x01", "model/deep/c.txt": b"c"}


@pytest.fixture
def folder(tmp_path):
    run = tmp_path / "run"
    for name, content in {**FILES, MANIFEST: manifest_bytes(FILES, ("blend",))}.items():
        artifacts.write_bytes(run / name, content)
    return run


def change(folder, edit):
    document = json.loads((folder / MANIFEST).read_bytes())
    edit(document)
    (folder / MANIFEST).write_text(json.dumps(document))


def test_a_folder_that_is_complete_is_verified_and_the_kept_files_are_returned(folder):
    manifest, contents = verify_files(folder, ("a.json",), kept=("a.json", "model/b.bin"))
    assert set(manifest.files) == set(FILES)
    assert manifest.families == ("blend",)
    assert manifest.sha256 == hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    assert contents == {name: FILES[name] for name in ("a.json", "model/b.bin")}


@pytest.mark.parametrize("kept", [(), tuple(FILES)])
def test_every_changed_missing_and_added_file_is_told_at_once(folder, kept):
    (folder / "a.json").write_bytes(b"[]")
    (folder / "model/b.bin").unlink()
    (folder / "model/extra.pkl").write_bytes(b"x")
    with pytest.raises(ArtifactError, match="3 faults") as caught:
        verify_files(folder, (), kept)
    for fault in (
        "a.json is not the file that was packaged",
        "b.bin is missing",
        "extra.pkl is not in the manifest; remove it",
        "Nothing was loaded",
    ):
        assert fault in str(caught.value)


def test_a_required_file_must_be_in_the_manifest(folder):
    with pytest.raises(ArtifactError, match=r"decision.json is not in the manifest\. Nothing"):
        verify_files(folder, ("decision.json",))
    (folder / "decision.json").write_text("{}")
    with pytest.raises(ArtifactError, match=r"decision.json is not in the manifest\. Nothing"):
        verify_files(folder, ("decision.json",))


def test_a_folder_in_place_of_a_file_is_told(folder):
    (folder / "a.json").unlink()
    (folder / "a.json").mkdir()
    with pytest.raises(ArtifactError, match=r"a.json is a folder, expected a file"):
        verify_files(folder, ())


def test_a_file_in_place_of_a_folder_is_told(folder):
    for path in (folder / "model/deep/c.txt", folder / "model/deep"):
        path.unlink() if path.is_file() else path.rmdir()
    (folder / "model/deep").write_text("")
    with pytest.raises(ArtifactError, match=r"deep/c.txt is missing\n.*deep is not in the man"):
        verify_files(folder, ())


@pytest.mark.parametrize("name", ["a.json", "model", "model/deep", "model/added"])
def test_links_are_refused_wherever_they_lead(folder, tmp_path, name):
    """Also to the very bytes that the manifest names: tomorrow they may be others."""
    target = (folder / name).rename(tmp_path / "elsewhere") if name != "model/added" else folder
    (folder / name).symlink_to(target)
    with pytest.raises(ArtifactError, match=rf"{name} is a link; a run folder holds fi") as caught:
        verify_files(folder, ())
    assert "missing" not in str(caught.value)


def test_a_link_that_leads_nowhere_is_refused(folder):
    (folder / "dangling").symlink_to("absent")
    with pytest.raises(ArtifactError, match="dangling is a link"):
        verify_files(folder, ())


def test_what_is_no_file_is_refused(folder):
    os.mkfifo(folder / "model/pipe")
    with pytest.raises(ArtifactError, match="pipe is neither a file nor a folder"):
        verify_files(folder, ())


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
@pytest.mark.parametrize("name", ["a.json", "model/deep"])
def test_what_cannot_be_read_is_told(folder, name):
    (folder / name).chmod(0)
    with pytest.raises(ArtifactError, match=f"{name} cannot be read: Permission denied"):
        verify_files(folder, ())
    (folder / name).chmod(0o755)


@pytest.mark.parametrize("contents", [None, {}])
def test_a_file_that_goes_while_the_others_are_read_is_told(folder, contents):
    told = _compare(folder / "gone.json", (SHA256, 0), contents, "gone.json")
    assert told == [f"{folder / 'gone.json'} cannot be read: No such file or directory"]


def test_folders_without_files_count_for_nothing(folder):
    (folder / "empty").mkdir()
    verify_files(folder, ())


OUTSIDE = "which lies outside the folder"
ODD = "which is no plain path"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("../up", OUTSIDE),
        ("model/../../up", OUTSIDE),
        ("/etc/hostname", OUTSIDE),
        ("//host/share/x", OUTSIDE),
        ("C:/x", OUTSIDE),
        ("C:x", OUTSIDE),
        ("..\\up", OUTSIDE),
        ("\\x", OUTSIDE),
        ("model\\b.bin", ODD),
        ("model//b.bin", ODD),
        ("./a.json", ODD),
        ("model/./b.bin", ODD),
        ("model/", ODD),
        ("", ODD),
        (".", ODD),
        ("a\0.json", ODD),
        ("a\n.json", ODD),
        (MANIFEST, "which cannot vouch for itself"),
    ],
)
def test_a_path_that_is_not_plainly_inside_is_refused(folder, name, why):
    change(folder, lambda d: d["files"].update({name: {"sha256": SHA256, "bytes": 1}}))
    with pytest.raises(ArtifactError, match=f"MANIFEST.json names .*{why}"):
        read_manifest(folder)


def put(key, value):
    return lambda document: document.update({key: value})


@pytest.mark.parametrize(
    "edit",
    [
        put("format_version", None),
        put("format_version", "2"),
        put("format_version", 2.0),
        put("format_version", True),
        lambda d: d.pop("format_version"),
        lambda d: d.pop("files"),
        lambda d: d.pop("families"),
        put("files", []),
        put("files", "a.json"),
        put("files", {"a.json": None}),
        put("files", {"a.json": SHA256}),
        put("files", {"a.json": {"sha256": SHA256}}),
        put("files", {"a.json": {"sha256": SHA256.upper() + "A", "bytes": 2}}),
        put("files", {"a.json": {"sha256": SHA256[1:], "bytes": 2}}),
        put("files", {"a.json": {"sha256": 7, "bytes": 2}}),
        put("files", {"a.json": {"sha256": SHA256, "bytes": "2"}}),
        put("files", {"a.json": {"sha256": SHA256, "bytes": True}}),
        put("families", "blend"),
        put("families", {"blend": []}),
        put("families", [["blend"]]),
    ],
)
def test_a_manifest_of_another_shape_is_refused(folder, edit):
    change(folder, edit)
    with pytest.raises(ArtifactError, match=r"MANIFEST.json is not a manifest"):
        read_manifest(folder)


@pytest.mark.parametrize("content", [b"[]", b"null", b"7", b'"text"'])
def test_a_manifest_that_is_no_object_is_refused(folder, content):
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(ArtifactError, match=r"MANIFEST.json is not a manifest"):
        read_manifest(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a readable JSON file"),
        (b"{", "not a readable JSON file"),
        (b"\xff\xfe", "not a readable JSON file"),
        (b"\x80\x04N.", "not a readable JSON file"),
        (b"[" * 99_999, "not a readable JSON file: maximum recursion depth"),
        (b'{"format_version": NaN}', "NaN is no JSON number"),
        (b'{"files": {"a": 1, "a": 2}}', "more than one member is named a"),
    ],
)
def test_a_manifest_that_is_no_json_is_refused(folder, content, message):
    (folder / MANIFEST).write_bytes(content)
    with pytest.raises(ArtifactError, match=f"MANIFEST.json is .*{message}"):
        read_manifest(folder)


def test_a_newer_format_is_refused_whatever_else_it_has(folder):
    (folder / MANIFEST).write_text('{"format_version": 3, "listing": "of another kind"}')
    with pytest.raises(ArtifactError, match=r"has format 3; this Assay reads up to 2\. Update"):
        read_manifest(folder)


def test_an_older_format_is_refused_with_how_to_go_on(folder):
    change(folder, lambda d: d.update(format_version=1))
    message = r"has format 1; this Assay reads from 2 on\. Package the run anew, or score with the "
    with pytest.raises(ArtifactError, match=message):
        read_manifest(folder)


def test_every_version_from_the_oldest_to_the_current_is_read(folder):
    assert 1 < OLDEST_VERSION <= FORMAT_VERSION
    for version in range(OLDEST_VERSION, FORMAT_VERSION + 1):
        change(folder, lambda d, version=version: d.update(format_version=version))
        verify_files(folder, tuple(FILES))


def test_members_and_files_that_a_reader_does_not_know_are_ignored(folder):
    def add(document):
        document["signature"] = {"by": "a later Assay"}
        document["files"]["a.json"]["compression"] = "none"

    change(folder, add)
    assert set(verify_files(folder, ("a.json",))[0].files) == set(FILES)


def test_a_file_is_read_later_only_if_nothing_was_changed(folder):
    sha256 = read_manifest(folder).sha256
    assert read_verified(folder, "model/b.bin", sha256) == FILES["model/b.bin"]
    with pytest.raises(ArtifactError, match="absent is not in the manifest"):
        read_verified(folder, "absent", sha256)
    (folder / "model/b.bin").write_bytes(b"\x00\x02")
    with pytest.raises(ArtifactError, match="was changed after it was loaded"):
        read_verified(folder, "model/b.bin", sha256)
    forged = {**FILES, "model/b.bin": b"\x00\x02"}
    (folder / MANIFEST).write_bytes(manifest_bytes(forged, ("blend",)))
    with pytest.raises(ArtifactError, match="was changed after it was loaded"):
        read_verified(folder, "model/b.bin", sha256)
