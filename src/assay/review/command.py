"""`python -m stages.review`: reads two revisions of the project, and writes the comment and its pictures."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from assay import artifacts
from assay.errors import ArtifactError, counted
from assay.registry import resolve
from assay.review.causes import causes, reruns
from assay.review.changes import changes, explanations
from assay.review.comment import Review, comment
from assay.review.doubts import doubts
from assay.review.figures import alarms, chosen_by, judged_by, new_warnings
from assay.review.model import DECISION, ModelChange, model_change, primary_of
from assay.review.revision import COMPARISON, PARAMS, Revision, committed, working_copy
from assay.review.trust import trust
from assay.review.verdict import verdict
from assay.review.words import prose
from assay.revisions import find_commit, lock_at, lock_entries, run_git

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COMMENT = "comment.md"
_CURVES = (
    *("roc", "precision_recall", "calibration", "value", "threshold", "rejection"),
    *("residuals", "coverage", "importance"),
)
# Written out among the figures already.
_TOLD = "history.comparison."
PICTURES = ("curves", "calibration", "residuals", "decision", "coverage", "importance")


def write_review(project: Path, against: str, output: Path, pictures_url: str) -> Iterator[str]:
    """Compare the working copy with a revision, write `comment.md` and pictures, and say so.

    Parameters
    ----------
    project : Path
        The project's folder, in a Git repository.
    against : str
        A Git revision, a version of the model or a stage it is in.
    output : Path
        The folder to write to; pictures of an earlier review are removed from it.
    pictures_url : str
        What stands before a picture's name in the comment, or a text with `{name}` in its place.

    Raises
    ------
    ArtifactError
        If the revision is unknown, or either side has no run.
    """
    old = committed(project, resolve(against, project), against)
    new = working_copy(project, find_commit(project, "HEAD") or "")
    model = model_change(old, new, _compared_decision(project, new))
    found, params = reruns(old, new), changes(old.params, new.params)
    figures, trusted = review_figures(old, new, model), trust(project, old, new)
    sentences = [*doubts(trusted, old, new, model, found, params), *_beside(project, old)]
    review = Review(
        old,
        new,
        verdict(old, new, params, causes(found), model, trusted),
        sentences,
        params,
        [each for each in changes(old.metrics, new.metrics) if not each.key.startswith(_TOLD)],
        explanations(old.text(PARAMS)) | explanations(new.text(PARAMS)),
        causes(found),
        found,
        model,
        trusted,
        chosen_by(old, new, model),
        judged_by(old, new, model),
        alarms(old, new),
        new_warnings(old, new),
        {f"{name}.png": title for name, (title, _) in figures.items()},
    )
    for name in PICTURES:
        (output / f"{name}.png").unlink(missing_ok=True)
    for name, (_, figure) in figures.items():
        artifacts.write_figure(output / f"{name}.png", figure)
    text = comment(review, pictures_url)
    artifacts.write_text(output / COMMENT, text)
    yield review.verdict
    for each in sentences:
        yield f"warning: {each}"
    yield (
        f"written: {output / COMMENT} ({len(text):,} characters, "
        f"{counted(len(figures), 'picture')})"
    )


def review_figures(
    old: Revision, new: Revision, model: ModelChange
) -> Mapping[str, tuple[str, "Figure"]]:
    """Return the title and the figure of each picture by name; only those whose data changed."""
    from assay.plots.review import change_figures

    curves = {name: (old.curve(name), new.curve(name)) for name in _CURVES}
    changed = {
        name
        for name in _CURVES
        if old.files.get(f"plots/data/{name}.csv") != new.files.get(f"plots/data/{name}.csv")
    }
    if not model.same_costs:
        # In different costs: not one pair of axes.
        curves["value"] = (pd.DataFrame(), pd.DataFrame())
    if model.decided:
        changed.add("decision")
    return change_figures(curves, changed, (old.metrics, new.metrics), old.name, primary_of(new))


def _compared_decision(project: Path, new: Revision) -> str | None:
    """Return the decision's hash in the commit that `comparison.json` compares with, or None."""
    commit = find_commit(project, str(new.json(COMPARISON).get("previous_commit") or "-"))
    if commit is None:
        return None
    stages = lock_at(project, commit) or {}
    found = (entry for _, entry in lock_entries(stages, "outs") if entry["path"] == DECISION)
    return next((str(entry.get("md5")) for entry in found), None)


def _beside(project: Path, old: Revision) -> Iterator[str]:
    """Say what else is between the two sides: commits that this one lacks, and changes not committed."""
    behind = run_git(project, "rev-list", "--count", f"HEAD..{old.commit}").stdout.decode().strip()
    if behind not in ("", "0"):
        yield (
            f"{prose(old.name)} has {counted(int(behind), 'commit')} that this side lacks; what they "
            f"changed looks undone here. Merge {prose(old.name)} first."
        )
    dirty = run_git(project, "status", "--porcelain", "--untracked-files=no", "--", ".").stdout
    count = len(dirty.splitlines())
    if count:
        yield f"Not all of this is committed: {counted(count, 'file')} {'differs' if count == 1 else 'differ'} from `HEAD`."


def require_output(output: Path) -> Path:
    """Return the folder, if it can be one.

    Raises
    ------
    ArtifactError
        If a file is there.
    """
    if output.exists() and not output.is_dir():
        raise ArtifactError(f"{output} is a file, expected a folder. Name another --output.")
    return output
