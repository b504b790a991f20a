"""Run the guides, and compare what they show with what their code gives.

    python scripts/run_guides.py --check [NAME...]     fails where a page shows anything else
    python scripts/run_guides.py --update [NAME...]    writes outputs and pictures into the pages

A guide is a page of `docs/guides`. It is run in the project's folder, from top to bottom, after `dvc
repro`: pages read what the pipeline wrote. What a page writes to `docs/guides/pictures` goes to a
temporary folder instead, and from there into the repository with `--update` alone. All else that a page
writes goes to `outputs/guides/NAME`, which is emptied before.

- Blocks of `python` run in one process. A `text` block right after one holds what it prints.
- Of a `console` block, bash runs the lines that begin with `$ `; the lines below are their output, errors
  included. A command that fails is a fault, unless its line ends in `|| echo ...` or the like.
- A line `...` in an output stands for any number of lines.

A warning in Python is an error.
"""

import argparse
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
GUIDES = Path("docs/guides")
PICTURES = GUIDES / "pictures"
WRITTEN = Path("outputs/guides")
# Runs one page.
PROCESS = Path(__file__).with_name("guide_process.py")
# A page may take so long; one that is read should take less than 20 s.
MOST_SECONDS = 300
# Threads and CPU kernels are pinned by `import stages`, which leaves alone what is set.
_PINNED_BY_STAGES = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"),
    *("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES"),
)
_PICTURE = re.compile(r"!\[[^\]]*\]\((pictures/[^)]+)\)")


@dataclass
class Block:
    """A fenced block of a page.

    Attributes
    ----------
    number : int
        Its place among the page's blocks that run, 1 and up.
    kind : {"python", "console"}
    line : int
        The first line inside the fence, 1 and up.
    source : list of str
        The lines inside the fence.
    shown : list of str
        The output that the page shows of a `python` block.
    shown_at : tuple of int or None
        First and last line, with the fences, of the `text` block that shows it; None without one.
    """

    number: int
    kind: str
    line: int
    source: list[str]
    shown: list[str] = field(default_factory=list)
    shown_at: tuple[int, int] | None = None

    @property
    def end(self) -> int:
        """The line of the closing fence, 1 and up."""
        return self.line + len(self.source)

    def commands(self) -> list[tuple[list[str], list[str]]]:
        """Return the commands of a `console` block: its lines, and the output that is shown.

        A command goes on in the next line after a backslash.
        """
        found: list[tuple[list[str], list[str]]] = []
        going_on = False
        for line in self.source:
            if line.startswith("$ ") and not going_on:
                found.append(([line], []))
            elif not found:
                raise SystemExit(f"line {self.line}: a console block begins with a line of `$ `.")
            else:
                found[-1][0 if going_on else 1].append(line)
            going_on = line.endswith("\\") and (going_on or line.startswith("$ "))
        return found


def blocks_of(page: str) -> list[Block]:
    """Return the blocks of a page that run, each with the output that is shown of it.

    Parameters
    ----------
    page : str
        Markdown.
    """
    lines = page.splitlines()
    blocks: list[Block] = []
    at = 0
    while at < len(lines):
        kind = lines[at].removeprefix("```") if lines[at].startswith("```") else None
        if kind is None:
            at += 1
            continue
        end = next((n for n in range(at + 1, len(lines)) if lines[n] == "```"), None)
        if end is None:
            raise SystemExit(f"line {at + 1}: the block has no end.")
        inside = lines[at + 1 : end]
        if kind in ("python", "console"):
            blocks.append(Block(len(blocks) + 1, kind, at + 2, inside))
        elif kind == "text" and _follows_python(lines, blocks, at):
            blocks[-1].shown, blocks[-1].shown_at = inside, (at + 1, end + 1)
        at = end + 1
    return blocks


def _follows_python(lines: list[str], blocks: list[Block], at: int) -> bool:
    """Say whether nothing stands between the last block, which is one of Python, and a line."""
    last = blocks[-1] if blocks else None
    return bool(last and last.kind == "python" and not "".join(lines[last.end : at]).strip())


def pictures_of(page: str) -> list[str]:
    """Return the pictures that a page shows, by their paths from the page's folder."""
    return list(dict.fromkeys(_PICTURE.findall(page)))


def agrees(shown: list[str], got: list[str]) -> bool:
    """Say whether an output is the one shown, of which a line `...` stands for any lines."""
    parts = "\n".join(shown).split("\n")
    pattern = "".join(
        r"(?:[^\n]*\n)*" if part.strip() == "..." else re.escape(part) + r"\n" for part in parts
    )
    return not (shown or got) or bool(re.fullmatch(pattern, "".join(f"{line}\n" for line in got)))


def steps_of(blocks: list[Block], pictures: Path) -> list[dict[str, Any]]:
    """Return what a page runs, in order: a block of Python, or one command of a console block.

    Parameters
    ----------
    blocks : list of Block
    pictures : Path
        The folder where Python draws, instead of `docs/guides/pictures`: a run that is stopped, or that
        draws something else, leaves tracked pictures as they are.
    """
    steps: list[dict[str, Any]] = []
    for block in blocks:
        if block.kind == "python":
            source = [
                line.replace(PICTURES.as_posix(), pictures.as_posix()) for line in block.source
            ]
            steps.append({"kind": "python", "line": block.line, "source": source})
        else:
            steps += [{"kind": "console", "source": lines} for lines, _ in block.commands()]
    return steps


def environment(project: Path) -> dict[str, str]:
    """Return the environment that pages run in: this Python first, and nothing of this machine's."""
    inherited = {k: v for k, v in os.environ.items() if k not in _PINNED_BY_STAGES}
    code = [str(folder) for folder in (project, project / "src", ROOT, ROOT / "src")]
    return inherited | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(code),
        "PYTHONHASHSEED": "0",
        "COLUMNS": "80",
        "LC_ALL": "C.UTF-8",
        "NO_COLOR": "1",
        "TZ": "UTC",
    }


def answers_of(page: Path, project: Path, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run a page in the project's folder; return what each step printed, and what stopped the last."""
    with tempfile.TemporaryDirectory() as folder:
        answers, told = Path(folder) / "answers.json", Path(folder) / "steps.json"
        told.write_text(json.dumps(steps), encoding="utf-8")
        command = [sys.executable, PROCESS, page, told, answers]
        try:
            done = subprocess.run(
                [str(word) for word in command],
                cwd=project,
                env=environment(project),
                stdin=subprocess.DEVNULL,
                timeout=MOST_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SystemExit(f"{page}: it ran for {MOST_SECONDS} s and did not end.") from None
        if answers.is_file():
            found: list[dict[str, Any]] = json.loads(answers.read_text(encoding="utf-8"))
            if found[-1]["fault"] or len(found) == len(steps):
                return found
        raise SystemExit(f"{page}: its process ended with {done.returncode} before the page did.")


def compared(block: Block, results: list[dict[str, Any]]) -> tuple[list[str], list[str], list[str]]:
    """Return the output that a block should show, in full lines, its faults, and its differences."""
    faults = [each["fault"] for each in results if each["fault"]]
    if block.kind == "python":
        got = results[0]["printed"].splitlines()
        same = agrees(block.shown, got)
        return (block.shown if same else got), faults, _difference(block.shown, got, same)
    lines: list[str] = []
    different: list[str] = []
    for (command, shown), result in zip(block.commands(), results, strict=False):
        got = result["printed"].splitlines()
        same = agrees(shown, got)
        lines += command + (shown if same else got)
        different += _difference(shown, got, same, command)
    return lines, faults, different


def _difference(
    shown: list[str], got: list[str], same: bool, command: list[str] | None = None
) -> list[str]:
    if same:
        return []
    lines = difflib.unified_diff(shown, got, "expected (the page)", "got", n=1, lineterm="")
    return [*(command or []), *lines]


def run_page(name: str, project: Path, update: bool) -> list[str]:
    """Run a page; return its faults, or write what it gives into it.

    Parameters
    ----------
    name : str
    project : Path
        A folder after `dvc repro`.
    update : bool
        Write outputs and pictures; otherwise change neither.
    """
    path = ROOT / GUIDES / f"{name}.md"
    page = path.read_text(encoding="utf-8")
    blocks = blocks_of(page)
    shutil.rmtree(project / WRITTEN / name, ignore_errors=True)
    (project / WRITTEN / name).mkdir(parents=True)
    known = _taken(ROOT / GUIDES, pictures_of(page))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pictures").mkdir()
        answers = answers_of(path, project, steps_of(blocks, Path(folder) / "pictures"))
        drawn = _taken(Path(folder), pictures_of(page))
    faults, edits = _judged(name, blocks, answers)
    for picture in pictures_of(page):
        if picture not in drawn:
            faults.append(f"{name}: {picture} was not drawn.")
        elif drawn[picture] != known.get(picture) and not update:
            faults.append(f"{name}: {picture} differs from what the page draws.")
    stopped = any(each["fault"] for each in answers)
    if not update or stopped:
        return faults
    _put(ROOT / GUIDES, drawn)
    path.write_text(_edited(page, edits), encoding="utf-8")
    return [fault for fault in faults if "was not drawn" in fault]


# First line and last line (0 and up, the last one not included), and what takes their place.
Edit = tuple[int, int, list[str]]


def _judged(
    name: str, blocks: list[Block], answers: list[dict[str, Any]]
) -> tuple[list[str], list[Edit]]:
    """Return the faults of a page's blocks, and the edits that would mend their outputs."""
    faults: list[str] = []
    edits: list[Edit] = []
    at = 0
    for block in blocks:
        count = 1 if block.kind == "python" else len(block.commands())
        results, at = answers[at : at + count], at + count
        if not results:
            break
        shown, failed, different = compared(block, results)
        place = f"{name}: block {block.number} ({block.kind}, line {block.line})"
        faults += [f"{place} failed:\n{fault}" for fault in failed]
        if different:
            faults.append("\n".join([f"{place} gives another output:", *different]))
        if block.kind == "console":
            edits.append((block.line - 1, block.end - 1, shown))
        elif block.shown_at:
            first, last = block.shown_at
            edits.append((first - 1, last, ["```text", *shown, "```"] if shown else []))
        elif shown:
            edits.append((block.end, block.end, ["", "```text", *shown, "```"]))
    return faults, edits


def _edited(page: str, edits: list[Edit]) -> str:
    lines = page.splitlines()
    for first, last, instead in reversed(edits):
        lines[first:last] = instead
    return "\n".join(lines) + "\n"


def _taken(folder: Path, pictures: list[str]) -> dict[str, bytes]:
    """Return the bytes of the pictures that are there."""
    paths = {picture: folder / picture for picture in pictures}
    return {picture: path.read_bytes() for picture, path in paths.items() if path.is_file()}


def _put(folder: Path, pictures: dict[str, bytes]) -> None:
    for picture, content in pictures.items():
        (folder / picture).parent.mkdir(parents=True, exist_ok=True)
        (folder / picture).write_bytes(content)


def guides() -> list[str]:
    """Return the names of the guides."""
    pages = sorted((ROOT / GUIDES).glob("*.md"))
    return [page.stem for page in pages if page.name != "README.md"]


def main() -> None:
    """Run the pages that were asked for, and exit with 1 where one has a fault."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("--check", action="store_true", help="fail where a page shows anything else")
    asked.add_argument("--update", action="store_true", help="write outputs and pictures")
    parser.add_argument("--project", type=Path, default=ROOT, help="a folder after `dvc repro`")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a guide; all by default")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(guides()))
    if unknown:
        parser.error(f"no guide named {', '.join(unknown)}; there are {', '.join(guides())}")
    faults: list[str] = []
    for name in arguments.names or guides():
        started = time.perf_counter()
        found = run_page(name, arguments.project.resolve(), arguments.update)
        seconds = time.perf_counter() - started
        told = "has faults" if found else "updated" if arguments.update else "agrees"
        print(f"{name}: {told}, {seconds:.1f} s", flush=True)
        print("\n\n".join(found) + "\n" if found else "", end="", flush=True)
        faults += found
    if faults:
        sys.exit(1)


if __name__ == "__main__":
    main()
