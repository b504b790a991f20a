"""What a case of the corpus is, and what must hold whenever an input is refused.

Every case is made by code, so that the reader sees what is wrong with the input, and no file of the
repository is broken on purpose.
"""

import hashlib
import json
import os
import re
import signal
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from assay.errors import AssayError

# Far more than any case takes; what waits for ever, as for the other end of a pipe, ends here.
_SECONDS = 60
# A sentence that is longer than this is not read.
_SENTENCE = 1_200


@dataclass(frozen=True)
class Case:
    """A bad input.

    Attributes
    ----------
    name : str
        Says in a few words what is wrong.
    build : callable
        Makes the input; what it takes and returns is told where the cases are.
    kind : type
        The error that must answer it, and so the exit code.
    message : str
        A regular expression of what the answer must say.
    """

    name: str
    build: Callable[..., Any]
    kind: type[AssayError]
    message: str


def each(cases: Sequence[Any]) -> Any:
    """Run a test for every case, under its name."""
    names = [case.name for case in cases]
    assert len(set(names)) == len(names)
    return pytest.mark.parametrize("case", cases, ids=[name.replace(" ", "_") for name in names])


def snapshot(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Return all that can be told of a folder without following a link, hidden names included."""
    found = {}
    for root, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = Path(root, name)
            state = path.lstat()
            entry: tuple[Any, ...] = (stat.filemode(state.st_mode),)
            if path.is_symlink():
                entry += (str(path.readlink()),)
            elif stat.S_ISREG(state.st_mode):
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                entry += (state.st_mtime_ns, digest)
            found[str(path.relative_to(folder))] = entry
    return found


@contextmanager
def time_limit(seconds: float = _SECONDS) -> Iterator[None]:
    """Fail, instead of waiting for ever."""

    def give_up(*_: Any) -> None:
        pytest.fail(f"no answer within {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def assert_refused(action: Callable[[], Any], case: Case, folder: Path) -> str:
    """Run what must be refused; return the message.

    The error is of the case's kind, its message says what the case wants it to say, in sentences, and
    nothing in the folder is another than before, but for a failure that tells the same.
    """
    before = snapshot(folder)
    # DOTALL: the faults of a list stand in lines of their own.
    pattern = re.compile(case.message, re.DOTALL)
    with time_limit(), pytest.raises(AssayError, match=pattern) as caught:
        action()
    assert type(caught.value) is case.kind
    assert_told(str(caught.value))
    taken_failure(folder, caught.value)
    assert snapshot(folder) == before
    return str(caught.value)


def taken_failure(folder: Path, error: AssayError) -> bool:
    """Take away the failure that a refused run left, with the folders made for it; say if there was one."""
    found = list(folder.rglob("*.failure.json"))
    assert len(found) <= 1
    for path in found:
        told = json.loads(path.read_text())["error"]
        expected = {"exit_code": error.exit_code, "message": str(error)}
        assert told == {"kind": type(error).__name__, **expected}
        path.unlink()
        parent = path.parent
        while parent != folder and not any(parent.iterdir()):
            parent.rmdir()
            parent = parent.parent
    return bool(found)


def assert_told(message: str, longest: int = _SENTENCE) -> None:
    """Check that a message is one sentence per fault, fit to be printed."""
    lines = message.split("\n")
    if len(lines) > 1:
        assert lines[0] == f"{len(lines) - 1} faults:"
        assert all(line.startswith("  - ") for line in lines[1:])
    for line in lines:
        assert line.isprintable(), repr(line)
        assert len(line) <= longest, line
        # What a library says ends in a full stop, and so does the sentence around it.
        assert not re.search(r"[^./]\.\.( |$)", line), line
        assert not re.search(r"Traceback|<class|object at 0x", line), line
