"""Run the blocks of one guide; `scripts/run_guides.py` starts it, a process for each page.

python scripts/guide_process.py PAGE STEPS.json ANSWERS.json
"""

import json
import os
import subprocess
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from typing import Any


def run_blocks(page: Path, steps: list[dict[str, Any]], answers: Path) -> None:
    """Run blocks one after the other; write what each printed, and what stopped it.

    Stops at the first one that fails, because the others build on it.
    """
    # `import` looks beside a script first; a guide's code stands in the project's folder.
    sys.path[0] = str(Path.cwd())
    sys.argv = [str(page)]
    warnings.filterwarnings("error")
    # matplotlib 3.7, which PyCaret holds us to, calls pyparsing by its old names.
    warnings.filterwarnings("ignore", ".*deprecated - use", DeprecationWarning, "matplotlib")
    names: dict[str, Any] = {"__name__": "__main__"}
    results: list[dict[str, Any]] = []
    for step in steps:
        if step["kind"] == "python":
            results.append(_run_python(page, step["line"], step["source"], names))
        else:
            results.append(_run_bash(step["source"]))
        answers.write_text(json.dumps(results), encoding="utf-8")
        if results[-1]["fault"]:
            return


def _run_python(page: Path, line: int, source: list[str], names: dict[str, Any]) -> dict[str, Any]:
    """Run a block of Python; lines of its traceback are lines of the page."""
    fault = ""
    with tempfile.TemporaryFile() as caught:
        sys.stdout.flush()
        before = os.dup(1)
        # Libraries in C print past `sys.stdout`.
        os.dup2(caught.fileno(), 1)
        try:
            code = "\n" * (line - 1) + "\n".join(source) + "\n"
            exec(compile(code, str(page), "exec"), names)  # noqa: S102
        except BaseException as error:
            fault = _told(error, page)
        finally:
            sys.stdout.flush()
            os.dup2(before, 1)
            os.close(before)
        caught.seek(0)
        printed = caught.read().decode("utf-8")
    return {"printed": printed, "fault": fault}


def _told(error: BaseException, page: Path) -> str:
    """Return the traceback of an error from the page's own line on."""
    frames = traceback.extract_tb(error.__traceback__)
    own = next((n for n, frame in enumerate(frames) if frame.filename == str(page)), len(frames))
    told = traceback.format_list(frames[own:]) + traceback.format_exception_only(error)
    return "".join(told).rstrip()


def _run_bash(source: list[str]) -> dict[str, Any]:
    command = "\n".join(source).removeprefix("$ ")
    done = subprocess.run(
        ["bash", "-c", command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    fault = f"`{command}` exited with {done.returncode}" if done.returncode else ""
    return {"printed": done.stdout, "fault": fault}


if __name__ == "__main__":
    page, steps, answers = map(Path, sys.argv[1:])
    run_blocks(page, json.loads(steps.read_text(encoding="utf-8")), answers)
