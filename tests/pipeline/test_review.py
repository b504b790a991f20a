"""The review of a change: what its comment tells of changes that are known, and of planted traps."""

import json
import re
import shutil

import pytest
from conftest import inside, read_yaml
from repositories import commit, git
from reviewed import (
    another_model,
    compared,
    edit_json,
    rerun,
    set_param,
    write_lock,
    write_reviewed,
)

from assay.errors import ArtifactError
from assay.review.command import write_review
from assay.review.comment import LONGEST_BYTES, MARKER
from stages import review as stage


@pytest.fixture(scope="module")
def first(finished, tmp_path_factory):
    """A committed run, which each test copies."""
    return write_reviewed(finished, tmp_path_factory.mktemp("reviewed") / "project")


@pytest.fixture
def folder(first, tmp_path):
    return shutil.copytree(first, tmp_path / "project", symlinks=True)


def comment_of(folder, against="main", url=""):
    with inside(folder):
        stage.main(["--against", against, "--output", "outputs/review", "--pictures-url", url])
    return (folder / "outputs/review/comment.md").read_text()


def row(text, name):
    """Return the cells after the name of a table's row."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {name} |")]
    return [each.strip() for each in re.split(r"(?<!\\)\|", line)][2:-1]


def warnings(text):
    return [line for line in text.splitlines() if line.startswith("> - ")]


def test_an_unchanged_project_is_said_to_be_unchanged(folder, capsys):
    text = comment_of(folder)
    assert text.startswith(f"{MARKER}\n")
    assert "Nothing changed against main" in text
    assert len(text) < 1_000
    assert not warnings(text)
    assert not list((folder / "outputs/review").glob("*.png"))
    assert "Nothing changed" in capsys.readouterr().out


def test_another_threshold_leaves_the_model_untouched(folder):
    set_param(folder, "  strategy: min_cost", "  strategy: max_f1")
    rerun(folder, "threshold", "package")
    commit(folder, "Act where F1 is highest")
    text = comment_of(folder)
    old, new = (
        json.loads(content)["threshold"]
        for content in (
            git(folder, "show", "main:metrics/threshold.json"),
            (folder / "metrics/threshold.json").read_text(),
        )
    )
    assert old != new
    first_sentence = text.splitlines()[3]
    assert "`threshold.strategy` went from `min_cost` to `max_f1`" in first_sentence
    assert "the model is untouched" in first_sentence
    assert f"the threshold moves from {old:.3f} to {new:.3f}" in first_sentence
    # Somebody's comment is shown as it is, and calls nobody.
    assert "How the threshold is &#124; chosen, says @<!-- -->nobody." in text
    assert "Rerun or written anew: `threshold` (parameters), `package` (" in text
    assert "As before: `validate`, `split`, `baseline`, `train`, `evaluate`, `interpret`." in text
    assert row(text, "**threshold**") == [f"{old:.3f}", f"{new:.3f}", f"{new - old:+.3f}"]
    assert row(text, "**`roc_auc`**")[2] == "same"
    assert "so there is nothing to compare but the decision" in text
    assert "`python -m stages.history --against main`" in text
    assert not warnings(text)
    assert '<img src="decision.png"' in text
    assert [path.name for path in (folder / "outputs/review").glob("*.png")] == ["decision.png"]
    assert comment_of(folder) == text


def test_what_a_decision_is_worth_more_is_told_where_it_was_compared(folder):
    set_param(folder, "  strategy: min_cost", "  strategy: max_f1")
    rerun(folder, "threshold")
    gain = {"value": -20.0, "ci_low": -30.0, "ci_high": -10.0}
    compared(folder, verdict="the same", value_gain=gain)
    text = comment_of(folder)
    assert "acting on it is **worth less** by 20 [10, 30] false alarms per 1,000 cases" in text
    # Compared at other costs, it is no answer.
    compared(folder, verdict="the same", value_gain=gain, costs={})
    assert "acting on it is" not in comment_of(folder)


def test_another_model_is_not_judged_without_a_paired_comparison(folder):
    another_model(folder)
    commit(folder, "another model")
    text = comment_of(folder, url="https://example.org/pr-1/{name}?raw=true")
    assert "**not known to be better or worse** than that of main" in text
    assert "without interval" in row(text, "**`roc_auc`**")[2]
    assert "do not show which model is better" in text
    assert any("The holdout was asked again" in each for each in warnings(text))
    assert '<img src="https://example.org/pr-1/curves.png?raw=true"' in text
    # Nothing that the stage depends on changed.
    assert any("of `train` changed, though no parameter" in each for each in warnings(text))


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ("better", "**better** than"), ("worse", "**worse** than"),
        ("no difference shown", "**not told apart** from"),
    ],
)  # fmt: skip
def test_the_paired_comparison_decides(folder, verdict, words):
    another_model(folder)
    compared(folder, verdict=verdict)
    text = comment_of(folder)
    assert (
        f"{words} that of main (it gains 0.0200 [0.0100, 0.0300] in roc_auc, paired on 120 rows)"
        in text
    )
    assert row(text, "**`roc_auc`**")[2] == "gain 0.0200 [0.0100, 0.0300], paired: better"
    assert "The gains stand in the table of the holdout." in text
    compared(folder, verdict=verdict, all_rows=False)
    text = comment_of(folder)
    assert "on the 120 rows that are in both holdouts" in text
    assert "| `roc_auc` | 0.730 | 0.750 | 0.0200 [0.0100, 0.0300] |" in text


@pytest.mark.parametrize("stale", ["model", "holdout", "previous_model"])
def test_a_comparison_of_other_models_is_no_answer(folder, stale):
    another_model(folder)
    compared(folder, **{stale: "of something else"})
    assert "not known to be better or worse" in comment_of(folder)


def test_figures_of_other_holdout_rows_are_not_compared(folder):
    another_model(folder, judged__rows_sha256="others")
    text = comment_of(folder)
    assert "judged on other holdout rows" in text
    assert row(text, "**`roc_auc`**")[2] == "other rows"
    assert any("cannot be compared, not even roughly" in each for each in warnings(text))
    assert not any("asked again" in each for each in warnings(text))


def test_a_gate_that_is_no_longer_passed_is_in_the_first_sentence(folder):
    edit_json(folder / "metrics/holdout.json", gate__passed=True)
    write_lock(folder)
    commit(folder, "passes")
    before = git(folder, "rev-parse", "HEAD")
    another_model(folder, gate__passed=False)
    assert "it **no longer passes the gate**" in comment_of(folder, before)
    assert row(comment_of(folder, before), "gate")[:2] == ["passed", "**not passed** (`warn`)"]


def test_a_pipeline_that_was_not_rerun_is_told(folder):
    set_param(folder, "  strategy: min_cost", "  strategy: max_f1")
    text = comment_of(folder)
    (told,) = [each for each in warnings(text) if "not rerun" in each]
    assert "`threshold.strategy` is `max_f1` in `params.yaml`" in told
    first_sentence = text.splitlines()[3]
    assert (
        "from `min_cost` to `max_f1`: **the pipeline was not rerun (`threshold`" in first_sentence
    )
    assert "it is **not known** what became of the model" in first_sentence
    assert "untouched" not in first_sentence
    assert "still passes" not in first_sentence
    assert "**Not rerun, though it should be**: `threshold`, `package`." in text
    assert "No stage was rerun" not in text
    assert "nothing to compare but" not in text
    assert "|  | main | now (not rerun) | difference |" in text
    assert "(`threshold`, `package`)" in told
    git(folder, "checkout", "--quiet", ".")
    with (folder / "requirements.lock").open() as stream:
        other = stream.read() + "# another\n"
    (folder / "requirements.lock").unlink()
    (folder / "requirements.lock").write_text(other)
    text = comment_of(folder)
    assert any("the environment (`requirements.lock`)" in each for each in warnings(text))
    # What is in Git of the run is the same on both sides.
    assert text.splitlines()[3].startswith("The environment changed: **the pipeline was not rerun")
    assert "Nothing changed" not in text


def test_another_side_that_was_not_rerun_is_told(folder):
    set_param(folder, "  strategy: min_cost", "  strategy: max_f1")
    commit(folder, "not rerun")
    before = git(folder, "rev-parse", "HEAD")
    write_lock(folder)
    text = comment_of(folder, before)
    assert any("itself was not rerun" in each for each in warnings(text))
    assert "What was run, by parameters that stood in params.yaml before, changed" in text


def test_a_figure_that_was_edited_by_hand_is_told(folder):
    edit_json(folder / "metrics/holdout.json", model__roc_auc__value=0.99)
    text = comment_of(folder)
    (told,) = [each for each in warnings(text) if "by hand" in each]
    assert "`metrics/holdout.json` is not what `dvc.lock` says" in told
    assert any("Not all of this is committed: 1 file differs" in each for each in warnings(text))
    first_sentence = text.splitlines()[3]
    assert "**`metrics/holdout.json` is not what the pipeline wrote**" in first_sentence
    assert "so it is **not known** what became of the model" in first_sentence
    assert "passes the gate," not in first_sentence
    _, now, change = row(text, "**`roc_auc`**")
    assert now.endswith("**(edited)**")
    assert change == "not known"
    assert "| `0.99` | edited |" in text
    commit(folder, "edited")
    before = git(folder, "rev-parse", "HEAD")
    git(folder, "checkout", "--quiet", "main", "--", "metrics/holdout.json")
    text = comment_of(folder, before)
    assert any("`metrics/holdout.json` of " in each for each in warnings(text))
    assert row(text, "**`roc_auc`**")[0].endswith("**(edited)**")


@pytest.mark.parametrize("name", ["reports/eval_summary.md", "reports/report.html"])
def test_a_page_that_was_edited_by_hand_is_told(folder, name):
    with (folder / name).open("a") as stream:
        stream.write("And it is the best.\n")
    text = comment_of(folder)
    assert f"**`{name}` is not what the pipeline wrote**" in text.splitlines()[3]
    assert any(f"**`{name}` is not what `dvc.lock` says" in each for each in warnings(text))
    # Where it is not, as in a fresh clone, nothing is said of the report.
    (folder / "reports/report.html").unlink()
    assert ("Nothing changed" in comment_of(folder)) == (name == "reports/report.html")


def answer(folder, answer):
    """Put another verdict on the summary, as a run would."""
    path = folder / "reports/eval_summary.md"
    lines = [
        f"**{answer}: so it is.**" if line.startswith("**") else line
        for line in path.read_text().split("\n")
    ]
    path.write_text("\n".join(lines))
    write_lock(folder)


def test_another_verdict_of_the_pages_is_in_the_first_sentence(folder):
    answer(folder, "Ship")
    commit(folder, "ship")
    before = git(folder, "rev-parse", "HEAD")
    answer(folder, "Ship with care")
    text = comment_of(folder, before)
    assert (
        'the verdict of its pages is now **"Ship with care"** instead of "Ship"'
        in text.splitlines()[3]
    )
    assert row(text, "verdict of the pages") == ["Ship", "Ship with care", "changed"]
    # A revision from before the summary has it on the card, or says nothing of it.
    git(folder, "rm", "--quiet", "-f", "reports/eval_summary.md")
    card = folder / "reports/model_card.md"
    head, _, rest = card.read_text().partition("## Verdict")
    card.write_text(f"{head}## Verdict\n\n**Do not ship: no.**\n\n## Then\n{rest}")
    write_lock(folder)
    commit(folder, "card")
    assert row(comment_of(folder, before), "verdict of the pages")[1] == "Do not ship"
    card.write_text("# A card\n\n**Ship: of nothing.**\n")
    write_lock(folder)
    text = comment_of(folder, before)
    assert "the verdict of its pages" not in text
    assert row(text, "verdict of the pages")[1] == "-"


def test_figures_in_other_costs_are_not_subtracted(folder):
    params = folder / "params.yaml"
    old = f"false_positive: {read_yaml(params)['threshold']['costs']['false_positive']}"
    set_param(folder, old, "false_positive: 3.0")
    rerun(folder, "threshold", "package")
    text = comment_of(folder)
    (value,) = re.findall(r"\| (value over acting on none,[^|]*) \|", text)
    assert row(text, value)[2] == "other costs"
    assert row(text, "expected cost at the threshold")[2] == "other costs"
    assert row(text, "expected cost")[2] == "other costs"
    details = [line for line in text.splitlines() if "gain_over.none.value" in line]
    assert [line.split("|")[-2].strip() for line in details] == ["other costs"]
    # Both at the costs of now: it is no merit of the change that it fits them.
    compared(
        folder, verdict="the same", value_gain={"value": 20.0, "ci_low": 10.0, "ci_high": 30.0}
    )
    text = comment_of(folder)
    words = "at the costs of now acting on it is worth 20 [10, 30] false alarms per 1,000 cases more than"
    assert words in text.splitlines()[3]
    assert "**worth more**" not in text
    assert "**value over the old model at its old threshold** at the costs of now" in text


def test_one_model_on_other_rows_is_said_to_be_one(folder):
    edit_json(folder / "metrics/holdout.json", judged__rows_sha256="others")
    write_lock(folder)
    text = comment_of(folder)
    assert "the model is untouched, judged on other holdout rows" in text.splitlines()[3]
    assert "It is one model, judged on other rows" in text
    assert "these two models" not in text
    assert any("Other holdout rows judged the model:" in each for each in warnings(text))


def test_a_card_of_another_run_is_told(folder):
    (folder / "models/registry/latest.txt").write_text("models/runs/20990101__another\n")
    write_lock(folder)
    text = comment_of(folder)
    assert any("`reports/model_card.md` is not of the run" in each for each in warnings(text))


def test_a_history_that_is_not_on_the_card_is_told(folder):
    (folder / "reports/history/comparison.json").write_text('{"applicable": false}')
    assert any("the model card does not have it" in each for each in warnings(comment_of(folder)))


def test_a_side_that_is_behind_is_told(folder):
    git(folder, "checkout", "--quiet", "main")
    (folder / "note.txt").write_text("later")
    commit(folder, "later")
    git(folder, "checkout", "--quiet", "change")
    text = comment_of(folder)
    assert any("main has 1 commit that this side lacks" in each for each in warnings(text))


def test_a_comment_fits_where_github_puts_it(folder):
    many = {f"figure_{number}": number / 3 for number in range(3_000)}
    edit_json(folder / "metrics/interpret.json", many=many)
    write_lock(folder)
    text = comment_of(folder)
    assert len(text.encode()) <= LONGEST_BYTES
    assert "All 3,000 changed figures" in text
    shown = text.count("| `interpret.many.figure_")
    assert f"{3_000 - shown:,} more do not fit here" in text
    assert text.rstrip().endswith("</details>")


def test_warnings_that_come_and_go_are_told(folder):
    edit_json(folder / "metrics/threshold.json", warnings={"rare": "Few rows <b>there</b>."})
    write_lock(folder)
    commit(folder, "with a warning")
    text = comment_of(folder)
    assert "New warnings:\n\n- `rare`: Few rows &#60;b>there&#60;/b>." in text
    before = git(folder, "rev-parse", "HEAD")
    edit_json(folder / "metrics/threshold.json", warnings={})
    write_lock(folder)
    assert "Warnings that are gone:\n\n- `rare`" in comment_of(folder, before)


@pytest.mark.parametrize(
    ("name", "words"),
    [("nowhere", "nowhere is no Git revision"), ("empty", r"empty \(\w{7}\) has no params\.yaml")],
)
def test_a_revision_without_a_run_is_refused(folder, name, words):
    git(folder, "checkout", "--quiet", "--orphan", "empty")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "nothing")
    git(folder, "rm", "-r", "--quiet", "--cached", ".")
    git(folder, "commit", "--quiet", "--message", "no files")
    with pytest.raises(ArtifactError, match=words) as raised:
        list(write_review(folder, name, folder / "outputs", ""))
    assert raised.value.exit_code == 14


def test_an_output_that_is_a_file_is_refused(folder):
    (folder / "taken").write_text("a file")
    with inside(folder), pytest.raises(ArtifactError, match=r"taken is a file, expected a folder"):
        stage.main(["--output", "taken"])
