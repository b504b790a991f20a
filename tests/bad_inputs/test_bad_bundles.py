"""Run folders that are incomplete, changed, forged or of another make, and pointers to none.

Whoever can change a file can make its hash too, so the cases with a manifest that agrees are as many.
"""

import json
import os
import pickle
import shutil
import zipfile
from dataclasses import dataclass

import pytest
from bundles import copy_of_run, forge, run_of, seal
from conftest import inside
from corpus import Case, assert_refused, each
from scored import ROWS

from assay import artifacts
from assay.errors import ArtifactError
from assay.manifest import MANIFEST
from stages import predict

DECISION, CONTRACT, META = "decision.json", "schema/input_schema.json", "run_meta.json"
PIPELINE, CALIBRATOR = "model/pipeline.skops", "model/calibrator.json"


def bundle_case(name, build, message):
    return Case(name, build, ArtifactError, message)


def removed(name):
    return lambda run: (run / name).unlink()


def changed_byte(name, place):
    def build(run):
        data = bytearray((run / name).read_bytes())
        data[place] ^= 1
        (run / name).write_bytes(data)

    return build


def cut(name):
    return lambda run: os.truncate(run / name, (run / name).stat().st_size // 2)


def replaced_by(name, make):
    def build(run):
        (run / name).unlink()
        make(run / name)

    return build


def manifest(change):
    """Return a builder that changes what the manifest says."""

    def build(run):
        content = artifacts.read_json(run / MANIFEST)
        content = change(content) or content
        (run / MANIFEST).write_text(json.dumps(content))

    return build


def named(name):
    """Return a builder of a manifest that names one more file."""
    entry = {"sha256": "0" * 64, "bytes": 0}
    return manifest(lambda m: m["files"].update({name: entry}))


def forged(name, content):
    """Return a builder that writes a file and a manifest that agrees."""
    data = content if isinstance(content, bytes) else content.encode()
    return lambda run: forge(run, name, data)


def edited(name, place, value):
    """Return a builder that sets a member of a JSON file, or removes it, with a manifest that agrees."""

    def build(run):
        content = artifacts.read_json(run / name)
        *path, last = place.split(".")
        part = content
        for key in path:
            part = part[int(key) if isinstance(part, list) else key]
        if value is ...:
            del part[last]
        else:
            part[last] = value
        forge(run, name, json.dumps(content).encode())

    return build


class Evil:
    def __reduce__(self):
        return os.system, ("touch unpickled",)


def skops_schema(change):
    """Return a builder of a model file whose schema is changed, with a manifest that agrees."""

    def build(run):
        with zipfile.ZipFile(run / PIPELINE) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        members["schema.json"] = change(members["schema.json"])
        with zipfile.ZipFile(run / PIPELINE, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
        seal(run, artifacts.read_json(run / MANIFEST)["families"])

    return build


def other_folder(make):
    """Return a builder that puts something else in the place of the run folder."""

    def build(run):
        shutil.rmtree(run)
        make(run)

    return build


FOLDERS = [
    bundle_case("no folder", shutil.rmtree, "run is no run folder. Run `dvc repro`"),
    bundle_case("an empty folder", other_folder(os.mkdir), "MANIFEST.json does not exist"),
    bundle_case("a file as the folder", other_folder(lambda p: p.write_text("x")), "is no run folder"),
    bundle_case("a link to itself", other_folder(lambda p: p.symlink_to("run")), "is no run folder"),
    bundle_case("a pipe as the folder", other_folder(os.mkfifo), "is no run folder"),
    bundle_case("no manifest", removed(MANIFEST), "MANIFEST.json does not exist"),
    bundle_case("a folder as the manifest", replaced_by(MANIFEST, os.mkdir), "MANIFEST.json is a folder"),
    bundle_case("a pipe as the manifest", replaced_by(MANIFEST, os.mkfifo), "MANIFEST.json is a pipe"),
    bundle_case("a pipe as a file", replaced_by(DECISION, os.mkfifo), "decision.json is neither a file"),
    bundle_case("a link as a file", replaced_by("model_card.md", lambda p: p.symlink_to("decision.json")),
                "model_card.md is a link; a run folder holds files"),
    bundle_case("a missing file", removed("model_card.md"), "model_card.md is missing"),
    bundle_case("several missing files", lambda run: [removed(n)(run) for n in (DECISION, META, CALIBRATOR)],
                "^3 faults:"),
    bundle_case("an added file", lambda run: (run / "model/extra.py").write_text("1"),
                r"model/extra\.py is not in the manifest"),
    bundle_case("an added hidden file", lambda run: (run / ".hidden").write_text("1"),
                r"\.hidden is not in the manifest"),
    bundle_case("a changed byte in the model", changed_byte(PIPELINE, 1_000), "is not the file that was"),
    bundle_case("a changed byte in the decision", changed_byte(DECISION, -3), "decision.json is not the"),
    bundle_case("a changed byte in a picture", changed_byte("plots/evaluate/roc.png", 99),
                "roc.png is not the file that was packaged"),
    bundle_case("a model that is cut", cut(PIPELINE), "pipeline.skops is not the file that was packaged"),
    bundle_case("a contract of zero bytes", lambda run: os.truncate(run / CONTRACT, 0), "is not the file"),
]  # fmt: skip

MANIFESTS = [
    bundle_case("a manifest that is cut", cut(MANIFEST), "MANIFEST.json is not a readable JSON file"),
    bundle_case("a manifest of zero bytes", lambda run: os.truncate(run / MANIFEST, 0), "not a readable"),
    bundle_case("a manifest that is binary", lambda run: (run / MANIFEST).write_bytes(b"\xff\xfe\0"),
                "MANIFEST.json is not a readable JSON file"),
    bundle_case("a manifest that is a list", manifest(lambda m: [m]), "is not a manifest"),
    bundle_case("a manifest that is a number", manifest(lambda m: 7), "is not a manifest"),
    bundle_case("a manifest of nothing", manifest(lambda m: {"": 0}), "is not a manifest"),
    bundle_case("files as a list", manifest(lambda m: m.update(files=list(m["files"]))), "not a manifest"),
    bundle_case("files as a text", manifest(lambda m: m.update(files="all")), "is not a manifest"),
    bundle_case("no files", manifest(lambda m: m.update(files={})), "is not in the manifest"),
    bundle_case("no required file", manifest(lambda m: m["files"].pop(PIPELINE) and None),
                "pipeline.skops is not in the manifest"),
    bundle_case("an entry that is a text", manifest(lambda m: m["files"].update({META: "0" * 64})),
                "is not a manifest"),
    bundle_case("an entry without a hash", manifest(lambda m: m["files"].update({META: {"bytes": 1}})),
                "is not a manifest"),
    bundle_case("a size that is a text", manifest(lambda m: m["files"].update(
        {META: {"bytes": "many", "sha256": "0" * 64}})), "is not a manifest"),
    bundle_case("a wrong hash", manifest(lambda m: m["files"][META].update(sha256="0" * 64)),
                "run_meta.json is not the file that was packaged"),
    bundle_case("a wrong size", manifest(lambda m: m["files"][META].update(bytes=1)), "is not the file"),
    bundle_case("a newer format", manifest(lambda m: m.update(format_version=99)),
                "has format 99; this Assay reads up to .*Update Assay"),
    bundle_case("a version that is a text", manifest(lambda m: m.update(format_version="x")),
                "is not a manifest"),
    bundle_case("a version that is nothing", manifest(lambda m: m.update(format_version=None)),
                "is not a manifest"),
    bundle_case("a path above", named("../../etc/passwd"), "'../../etc/passwd', which lies outside"),
    bundle_case("a path in between", named("model/../../x"), "which lies outside the folder"),
    bundle_case("an absolute path", named("/etc/passwd"), "'/etc/passwd', which lies outside"),
    bundle_case("a path of Windows", named("..\\x"), r"MANIFEST\.json names"),
    bundle_case("a file that is not there", named("model/more.skops"), "more.skops is missing"),
]  # fmt: skip

FORGED = [
    bundle_case("a pickle as the model", forged(PIPELINE, pickle.dumps(Evil())), "pipeline.skops is not a"),
    bundle_case("PyCaret's pickle as the model", lambda run: forge(
        run, PIPELINE, (run / "model/pycaret_model.pkl").read_bytes()), "pipeline.skops is not a readable"),
    bundle_case("zero bytes as the model", forged(PIPELINE, b""), "pipeline.skops is not a readable"),
    bundle_case("a picture as the model", forged(PIPELINE, b"\x89PNG\r\n\x1a\n"), "is not a readable"),
    bundle_case("half a model", lambda run: forge(
        run, PIPELINE, (run / PIPELINE).read_bytes()[:-4_000]), "pipeline.skops is not a readable"),
    bundle_case("another zip file", forged(PIPELINE, b"PK\5\6" + bytes(18)), "is not a readable"),
    bundle_case("a model without a schema", skops_schema(lambda s: b""), "is not a readable skops file"),
    bundle_case("a model that is a list", skops_schema(lambda s: b"[]"), "is not a readable skops file"),
    bundle_case("a model of another class", skops_schema(lambda s: s.replace(
        b"sklearn.pipeline", b"subprocess").replace(b'"Pipeline"', b'"Popen"')), "pipeline.skops"),
    bundle_case("a model of another library", skops_schema(lambda s: s.replace(b"sklearn.", b"nolib.")),
                "pipeline.skops"),
    bundle_case("a decision that is cut", forged(DECISION, '{"kind": '), "decision.json is not a readable"),
    bundle_case("a decision of zero bytes", forged(DECISION, ""), "decision.json is not a readable"),
    bundle_case("a decision that is a list", forged(DECISION, "[]"), "decision.json"),
    bundle_case("a decision that is empty", forged(DECISION, "{}"), "decision.json"),
    bundle_case("a decision of another kind", edited(DECISION, "kind", "coin"), "decision.json"),
    bundle_case("a decision of another task", edited(DECISION, "kind", "interval"), "decision.json"),
    bundle_case("no threshold", edited(DECISION, "threshold", ...), "decision.json .*threshold"),
    bundle_case("a threshold that is a text", edited(DECISION, "threshold", "0.5"), "decision.json .*thr"),
    bundle_case("a threshold that is NaN", edited(DECISION, "threshold", float("nan")), "decision.json"),
    bundle_case("a threshold that is a list", edited(DECISION, "threshold", [0.5]), "decision.json .*thr"),
    bundle_case("labels of another target", edited(DECISION, "labels", ["no", "yes"]), "decision.json"),
    bundle_case("a label too few", edited(DECISION, "labels", [1]), "decision.json"),
    bundle_case("a contract that is a number", forged(CONTRACT, "1"), "input_schema.json"),
    bundle_case("a contract that is empty", forged(CONTRACT, "{}"), "input_schema.json"),
    bundle_case("no features", edited(CONTRACT, "schema.features", []), "input_schema.json .*features"),
    bundle_case("features as texts", edited(CONTRACT, "schema.features", ["a"]), "input_schema.json"),
    bundle_case("a feature without a kind", edited(CONTRACT, "schema.features.0.kind", ...),
                "input_schema.json .*kind"),
    bundle_case("a feature of another kind", edited(CONTRACT, "schema.features.0.kind", "colour"),
                "input_schema.json .*kind"),
    bundle_case("a feature of another name", edited(CONTRACT, "schema.features.0.name", "other"),
                "input_schema.json|pipeline.skops"),
    bundle_case("another task", edited(CONTRACT, "schema.task", "regression"), "input_schema.json|deci"),
    bundle_case("an unknown task", edited(CONTRACT, "schema.task", "guess"), "input_schema.json .*task"),
    bundle_case("no target", edited(CONTRACT, "schema.target", ...), "input_schema.json .*target"),
    bundle_case("categories as a list", edited(CONTRACT, "categories", []), "input_schema.json .*categ"),
    bundle_case("no categories", edited(CONTRACT, "categories", {}), "input_schema.json"),
    bundle_case("types as a text", edited(CONTRACT, "schema.carried_dtypes", "int"), "input_schema.json"),
    bundle_case("an unknown calibrator", edited(CALIBRATOR, "method", "magic"), "calibrator.json"),
    bundle_case("a calibrator of another task", forged(CALIBRATOR, '{"method": "temperature", '
                '"temperature": 1.0}'), "calibrator.json"),
    bundle_case("a calibrator without numbers", forged(CALIBRATOR, '{"method": "sigmoid"}'),
                "calibrator.json"),
    bundle_case("a calibrator that is a text", forged(CALIBRATOR, '"none"'), "calibrator.json"),
    bundle_case("a calibrator that is nested too deeply", forged(CALIBRATOR, "[" * 100_000),
                "calibrator.json is not a readable JSON file"),
    bundle_case("steps that do not ascend", forged(CALIBRATOR, json.dumps(
        {"method": "isotonic", "score_knots": [1, 0], "probability_knots": [0, 1]})), "calibrator.json"),
    bundle_case("meta that is a list", forged(META, "[]"), "run_meta.json"),
    bundle_case("a run id that is a number", edited(META, "run_id", 7), "run_meta.json"),
    bundle_case("a key twice", forged(META, '{"run_id": "a", "run_id": "b"}'), "run_meta.json"),
]  # fmt: skip


@each([*FOLDERS, *MANIFESTS, *FORGED])
def test_bad_run_folders_are_refused(finished, tmp_path, case):
    ROWS.to_csv(tmp_path / "new.csv", index=False)
    case.build(copy_of_run(finished, tmp_path / "run"))
    arguments = ["--input", "new.csv", "--output", "out.csv", "--model", "run"]
    with inside(tmp_path):
        message = assert_refused(lambda: predict.main(arguments), case, tmp_path)
    assert "run" in message


@dataclass(frozen=True)
class Pointer(Case):
    """A bad `models/registry/latest.txt`; `build` gets its path."""


def pointing(content):
    data = content if isinstance(content, bytes) else content.encode()
    return lambda path: path.write_bytes(data)


POINTERS = [
    Pointer("no pointer", lambda p: None, ArtifactError, "latest.txt does not exist. Run `dvc repro`"),
    Pointer("an empty pointer", pointing(""), ArtifactError, "latest.txt is empty"),
    Pointer("a pointer of spaces", pointing(" \n\n"), ArtifactError, "latest.txt is empty"),
    Pointer("a pointer to nowhere", pointing("models/runs/gone\n"), ArtifactError,
            "models/runs/gone is no run folder. Run `dvc repro`, or `dvc pull"),
    Pointer("a pointer of two lines", pointing("models/runs/a\nmodels/runs/b\n"), ArtifactError,
            r"latest.txt does not hold the path .* in one line, got 'models/runs/a\\nmodels/runs/b'"),
    Pointer("a pointer of NUL bytes", pointing("models\0runs"), ArtifactError,
            r"latest.txt does not hold the path .*got 'models\\x00runs'"),
    Pointer("a pointer that is binary", pointing(b"\xff\xfe\0m"), ArtifactError,
            "latest.txt is not a readable text file"),
    Pointer("a pointer that is too long", pointing("m" * 5_000), ArtifactError, r"got mmm+\.\.\."),
    Pointer("a name that is too long", pointing("m" * 500), ArtifactError, "m is no run folder"),
    Pointer("a pointer to a file", pointing("new.csv"), ArtifactError, "new.csv is no run folder"),
    Pointer("a pointer to the project", pointing("."), ArtifactError, "MANIFEST.json does not exist"),
    Pointer("a folder as the pointer", os.mkdir, ArtifactError, "latest.txt is a folder"),
    Pointer("a pipe as the pointer", os.mkfifo, ArtifactError, "latest.txt is a pipe"),
    Pointer("a link to nothing", lambda p: p.symlink_to("x"), ArtifactError, "is a link to no file"),
]  # fmt: skip


@each(POINTERS)
def test_bad_pointers_are_refused(tmp_path, case):
    ROWS.to_csv(tmp_path / "new.csv", index=False)
    (tmp_path / "models/registry").mkdir(parents=True)
    case.build(tmp_path / "models/registry/latest.txt")
    with inside(tmp_path):
        assert_refused(
            lambda: predict.main(["--input", "new.csv", "--output", "out.csv"]), case, tmp_path
        )


def test_the_pickle_of_these_cases_would_run_if_it_were_read(tmp_path):
    with inside(tmp_path):
        pickle.loads(pickle.dumps(Evil()))  # noqa: S301
    assert (tmp_path / "unpickled").is_file()


@pytest.mark.parametrize("line_end", ["", "\n", "\r\n"])
def test_a_pointer_may_end_as_editors_end_lines(finished, tmp_path, line_end):
    ROWS.to_csv(tmp_path / "new.csv", index=False)
    (tmp_path / "models/registry").mkdir(parents=True)
    (tmp_path / "models/registry/latest.txt").write_text(f"{run_of(finished)}{line_end}")
    with inside(tmp_path):
        predict.main(["--input", "new.csv", "--output", "out.csv"])
    assert (tmp_path / "out.csv").is_file()
