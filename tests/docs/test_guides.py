"""The guides: their form, and the runner that compares them with what their code gives."""

import re
import shutil
import subprocess
import sys

import pytest
from conftest import ROOT

GUIDES = ROOT / "docs/guides"
PAGES = sorted(path for path in GUIDES.glob("*.md") if path.name != "README.md")
INDEX = GUIDES / "README.md"
# One page to read; the code of a picture may be folded away.
MOST_LINES = 160

GOOD = """# A guide

```python
import stages
figure = 2
print("a figure of", figure)
```

```text
a figure of 2
```

```console
$ echo one; \\
  echo two; echo three
one
...
three
```

```python
from pathlib import Path
picture = Path("docs/guides/pictures/tiny.png")
picture.parent.mkdir(parents=True, exist_ok=True)
picture.write_bytes(b"pixels" * figure)
```

![Pixels](pictures/tiny.png)
"""


@pytest.fixture
def run(tmp_path):
    """Run the guides of a small project: `stages` is there, and one page."""
    for name in ("run_guides.py", "guide_process.py"):
        (tmp_path / "scripts").mkdir(exist_ok=True)
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts" / name)
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages/__init__.py").touch()
    page = tmp_path / "docs/guides/tiny.md"
    page.parent.mkdir(parents=True)

    def call(option, text=None):
        if text is not None:
            page.write_text(text)
        done = subprocess.run(
            [sys.executable, "scripts/run_guides.py", option],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr, page.read_text()

    return call


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "docs/guides/pictures/tiny.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"pixelspixels")
    return path


def test_a_page_that_agrees_passes(run, picture):
    code, told, page = run("--check", GOOD)
    assert (code, page) == (0, GOOD), told
    assert told.startswith("tiny: agrees")


def test_a_changed_figure_fails_and_is_named(run, picture):
    code, told, page = run("--check", GOOD.replace("a figure of 2", "a figure of 3"))
    assert code == 1
    assert "tiny: block 1 (python, line 4) gives another output" in told
    assert "-a figure of 3\n+a figure of 2" in told
    assert "a figure of 3" in page


def test_a_changed_line_of_a_command_fails_and_is_named(run, picture):
    code, told, _ = run("--check", GOOD.replace("\none\n", "\nnone\n"))
    assert code == 1
    assert "tiny: block 2 (console, line 14)" in told
    assert "$ echo one" in told


def test_left_out_lines_are_any_lines_but_the_others_stand(run, picture):
    assert run("--check", GOOD.replace("echo two", "seq 100"))[0] == 0
    assert run("--check", GOOD.replace("echo two; echo three", "echo three"))[0] == 0
    assert run("--check", GOOD.replace("echo three", "echo four"))[0] == 1


def test_a_block_that_fails_is_named_with_its_line(run, picture):
    code, told, _ = run("--check", GOOD.replace("figure = 2", "figure = two"))
    assert code == 1
    assert "tiny: block 1 (python, line 4) failed" in told
    assert "line 5" in told
    assert "NameError: name 'two' is not defined" in told


def test_a_command_that_fails_is_named_and_one_that_is_expected_to_is_shown(run, picture):
    code, told, _ = run("--check", GOOD.replace("echo three", "false"))
    assert code == 1
    assert "exited with 1" in told
    assert run("--check", GOOD.replace("echo three", "false || echo three"))[0] == 0


def test_a_warning_is_an_error(run, picture):
    warns = 'figure = 2\nimport warnings; warnings.warn("stale")'
    code, told, _ = run("--check", GOOD.replace("figure = 2", warns))
    assert code == 1
    assert "UserWarning: stale" in told


def test_a_process_that_dies_is_told(run, picture):
    code, told, _ = run("--check", GOOD.replace("figure = 2", "import os; os._exit(3)"))
    assert code == 1
    assert "tiny.md: its process ended with 3" in told


def test_what_is_printed_must_be_shown(run, picture):
    code, told, _ = run("--check", GOOD.replace("```text\na figure of 2\n```\n", ""))
    assert code == 1
    assert "+a figure of 2" in told


def test_a_picture_that_differs_fails_and_stays(run, picture):
    picture.write_bytes(b"other pixels")
    code, told, _ = run("--check", GOOD)
    assert code == 1
    assert "tiny: pictures/tiny.png differs" in told
    assert picture.read_bytes() == b"other pixels"


def test_a_tracked_picture_stays_while_a_page_runs(run, picture):
    picture.write_bytes(b"as it was")
    look = 'print((Path("docs/guides") / "pictures/tiny.png").read_bytes())'
    page = GOOD.replace("* figure)\n```", f"* figure)\n{look}\n```\n\n```text\nb'as it was'\n```")
    code, told, _ = run("--check", page)
    assert code == 1
    assert "pictures/tiny.png differs" in told
    assert "gives another output" not in told


def test_a_picture_that_is_not_drawn_fails(run, picture):
    page = GOOD.replace('picture.write_bytes(b"pixels" * figure)', "")
    for option in ("--check", "--update"):
        code, told, _ = run(option, page)
        assert code == 1
        assert "tiny: pictures/tiny.png was not drawn" in told
        assert picture.read_bytes() == b"pixelspixels"


def test_an_update_writes_outputs_and_pictures(run, tmp_path):
    stale = GOOD.replace("```text\na figure of 2\n```\n\n", "").replace("one\n...\nthree", "old")
    code, told, page = run("--update", stale)
    assert code == 0, told
    assert page == GOOD.replace("one\n...\nthree", "one\ntwo\nthree")
    assert (tmp_path / "docs/guides/pictures/tiny.png").read_bytes() == b"pixelspixels"
    assert run("--check")[0] == 0


def test_an_update_leaves_what_agrees_and_writes_nothing_where_a_block_fails(run, picture):
    assert run("--update", GOOD)[2] == GOOD
    failing = GOOD.replace("a figure of 2", "old").replace("echo three", "false")
    code, _, page = run("--update", failing)
    assert (code, page) == (1, failing)


def test_an_unknown_guide_is_refused():
    command = [sys.executable, "scripts/run_guides.py", "--check", "nothing_such"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no guide named nothing_such" in done.stderr


# The guides themselves. That their outputs are true is for the runner, which needs a finished project.


def blocks(page):
    return re.findall(r"^```(\w*)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def links(page):
    return re.findall(r"(!?)\[([^\]]*)\]\(([^)#]+)(?:#[^)]*)?\)", page)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_guide_is_one_page_that_runs_and_is_in_the_index(path):
    page = path.read_text()
    assert page.startswith("# ")
    unfolded = re.sub(r"<details>.*?</details>", "", page, flags=re.DOTALL)
    assert len(unfolded.splitlines()) <= MOST_LINES
    kinds = [kind for kind, _ in blocks(page)]
    assert page.count("```") == 2 * len(kinds)
    assert "text" in kinds
    first = next(code for kind, code in blocks(page) if kind == "python")
    imports = [line for line in first.splitlines() if line.startswith(("import ", "from "))]
    # It pins threads and CPU kernels, and must come before NumPy.
    assert imports[0].split("#")[0].strip() == "import stages"
    assert f"]({path.name})" in INDEX.read_text()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_guide_has_a_picture_in_words_too_that_its_code_draws(path):
    page = path.read_text()
    code = "".join(source for kind, source in blocks(page) if kind == "python")
    pictures = [(told, target) for mark, told, target in links(page) if mark]
    assert pictures
    for told, target in pictures:
        assert len(told) > 20, target
        assert (GUIDES / target).read_bytes().startswith(b"\x89PNG")
        assert target in code


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_figures_of_a_guides_sentences_stand_in_its_blocks(path):
    """What is run is compared with the pipeline; a sentence that repeats a figure is compared here."""
    page = path.read_text()
    shown = "".join(source for _, source in blocks(page))
    sentences = re.sub(r"^```(\w*)\n(.*?)^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    sentences = sentences.split("## References")[0]
    for figure in re.findall(r"\b\d\.\d{3,}\b", sentences):
        assert figure in shown, figure


@pytest.mark.parametrize("path", [INDEX, *PAGES], ids=lambda path: path.stem)
def test_links_of_a_guide_lead_somewhere(path):
    for _, _, target in links(path.read_text()):
        assert target.startswith("https://") or (GUIDES / target).exists(), target


def test_the_index_and_the_pictures_have_nothing_else():
    named = {target for _, _, target in links(INDEX.read_text()) if "/" not in target}
    assert named == {path.name for path in PAGES}
    shown = {target for path in PAGES for mark, _, target in links(path.read_text()) if mark}
    drawn = {path.relative_to(GUIDES).as_posix() for path in GUIDES.glob("pictures/*")}
    assert shown == drawn
