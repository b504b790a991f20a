"""What killed writers leave is removed by the next one; what living ones write is not."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from assay import artifacts, temporaries
from assay.errors import ArtifactError

# A writer that says when it is in its block, and then waits there.
_WRITER = """
import sys, time
from pathlib import Path
from assay import artifacts
replacing = getattr(artifacts, sys.argv[1])
with replacing(Path(sys.argv[2])) as temporary:
    (temporary / "a" if temporary.is_dir() else temporary).write_text("half")
    print("in", flush=True)
    time.sleep(60)
"""
# A writer that is killed at the given call of `os.replace`, before or after it.
_KILLED = """
import os, signal, sys
from pathlib import Path
from assay import artifacts
call, after = int(sys.argv[2]), sys.argv[3] == "after"
calls, replace = [], os.replace
def counting(source, target):
    calls.append(source)
    if after or len(calls) < call:
        replace(source, target)
    if len(calls) == call:
        os.kill(os.getpid(), signal.SIGKILL)
os.replace = counting
with artifacts.replacing_folder(Path(sys.argv[1])) as temporary:
    (temporary / "new").write_text("whole")
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def writer():
    """Return a function that starts a writer and returns once it writes."""
    running = []

    def start(kind: str, target: Path) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, kind, target], stdout=subprocess.PIPE
        )
        running.append(process)
        assert process.stdout.readline() == b"in\n"
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def kill(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()


def test_the_next_write_of_a_file_removes_what_a_killed_one_left(tmp_path, writer):
    target = tmp_path / "file.json"
    kill(writer("replacing", target))
    assert len(names(tmp_path)) == 1
    artifacts.write_text(target, "whole")
    assert names(tmp_path) == ["file.json"]


def test_the_next_write_of_a_folder_removes_what_a_killed_one_left(tmp_path, writer):
    target = tmp_path / "out"
    kill(writer("replacing_folder", target))
    assert len(names(tmp_path)) == 1
    with artifacts.replacing_folder(target) as folder:
        (folder / "b").write_text("whole")
    assert names(tmp_path) == ["out"]
    assert names(target) == ["b"]


@pytest.mark.parametrize("kind", ["replacing", "replacing_folder"])
def test_what_a_living_writer_writes_stays(tmp_path, writer, kind):
    target = tmp_path / "file.json"
    living = writer(kind, target)
    (temporary,) = names(tmp_path)
    artifacts.write_text(target, "whole")
    assert names(tmp_path) == [temporary, "file.json"]
    kill(living)
    artifacts.write_text(target, "whole")
    assert names(tmp_path) == ["file.json"]


def test_leftovers_of_other_targets_stay(tmp_path, writer):
    kill(writer("replacing", tmp_path / "a.b"))
    (tmp_path / ".a.old.tmp").write_text("a user's own")
    artifacts.write_text(tmp_path / "a", "whole")
    assert len(names(tmp_path)) == 3
    artifacts.write_text(tmp_path / "a.b", "whole")
    assert names(tmp_path) == [".a.old.tmp", "a", "a.b"]


def killed(target: Path, call: int, moment: str) -> None:
    done = subprocess.run([sys.executable, "-c", _KILLED, target, str(call), moment], check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("call", [1, 2])
def test_a_kill_around_the_two_renames_costs_no_folder(tmp_path, call, moment):
    """Even the next write's failure leaves the old folder or the new one, whole, and nothing else."""
    target = tmp_path / "out"
    with artifacts.replacing_folder(target) as folder:
        (folder / "old").write_text("whole")
    killed(target, call, moment)
    with pytest.raises(RuntimeError, match="halfway"), artifacts.replacing_folder(target):
        raise RuntimeError("halfway")
    assert names(tmp_path) == ["out"]
    assert names(target) == (["new"] if (call, moment) == (2, "after") else ["old"])


def test_half_of_an_old_folder_is_never_put_back(tmp_path):
    """The old one is renamed once more before it is removed, and killed there."""
    target = tmp_path / "out"
    with artifacts.replacing_folder(target) as folder:
        (folder / "old").write_text("whole")
    killed(target, 3, "after")
    (left,) = (name for name in names(tmp_path) if name != "out")
    assert names(tmp_path / left) == ["gone"]
    (target / "new").unlink()
    target.rmdir()
    with pytest.raises(RuntimeError, match="halfway"), artifacts.replacing_folder(target):
        raise RuntimeError("halfway")
    assert names(tmp_path) == []


def test_many_writers_of_one_target_do_not_disturb_each_other(tmp_path):
    """The moment between making a temporary file and locking it is no gap."""
    faults = []

    def write(text: str) -> None:
        try:
            for _ in range(100):
                artifacts.write_text(tmp_path / "file", text * 1000)
        except ArtifactError as error:
            faults.append(error)

    threads = [threading.Thread(target=write, args=(letter,)) for letter in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert names(tmp_path) == ["file"]
    content = (tmp_path / "file").read_text()
    assert content == content[0] * 1000


def test_without_locks_nothing_is_taken_for_dead(tmp_path, monkeypatch):
    monkeypatch.setattr(temporaries, "fcntl", None)
    (tmp_path / ".file.abcdefgh.tmp").write_text("someone's")
    artifacts.write_text(tmp_path / "file", "whole")
    with artifacts.replacing_folder(tmp_path / "out") as folder:
        (folder / "a").write_text("whole")
    assert names(tmp_path) == [".file.abcdefgh.tmp", "file", "out"]


def test_a_refused_lock_is_no_fault(tmp_path, monkeypatch):
    """Some network disks have no locks."""

    def refuse(*_):
        raise OSError(37, os.strerror(37))

    monkeypatch.setattr(temporaries.fcntl, "flock", refuse)
    (tmp_path / ".file.abcdefgh.tmp").write_text("someone's")
    artifacts.write_text(tmp_path / "file", "whole")
    assert names(tmp_path) == [".file.abcdefgh.tmp", "file"]
