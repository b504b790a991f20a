"""The templates of DVC's plots: drawn from the data of one and of two revisions, for each task."""

import csv
import re

import pytest
import vl_convert
from conftest import ROOT
from dvc_render.vega import VegaRenderer

from assay import artifacts

TEMPLATES = ROOT / ".dvc/plots"


def declared() -> dict[str, dict[str, str]]:
    """The plots of dvc.yaml that are drawn from data, by file."""
    stages = artifacts.read_yaml(ROOT / "dvc.yaml")["stages"]
    plots = [each for stage in stages.values() for each in stage.get("plots", [])]
    return {name: how for each in plots if isinstance(each, dict) for name, how in each.items()}


def drawn(rows: list[dict[str, str]], name: str, how: dict[str, str], revisions: list[str]):
    """Fill the template as DVC does, which reads all values as texts."""
    properties = {key: value for key, value in how.items() if key != "cache"}
    points = [{**row, "rev": rev} for rev in revisions for row in rows]
    renderer = VegaRenderer(points, name, **properties, template_dir=str(TEMPLATES))
    assert renderer.template.name == how["template"]
    return vl_convert.vegalite_to_svg(renderer.partial_html(), vl_version="5.8")


def marks(svg: str, kind: str = r"\w+") -> list[str]:
    """The shapes of what stands for data, not for axes or legends."""
    groups = re.findall(rf'<g class="mark-{kind} role-mark [^"]*"[^>]*>(.*?)</g>', svg, re.DOTALL)
    return [shape for group in groups for shape in re.findall(r"<(?:path|line|text)[^>]*>", group)]


def test_every_plot_has_a_template_of_ours_and_every_template_a_plot():
    templates = {how["template"] for how in declared().values()}
    assert templates == {path.stem for path in TEMPLATES.glob("*.json")}


@pytest.mark.parametrize("revisions", [["workspace"], ["workspace", "main"]], ids=["one", "two"])
def test_what_a_task_has_is_drawn_with_its_names(finished_task, revisions, capfd):
    count = 0
    for name, how in declared().items():
        with (finished_task.folder / name).open(newline="") as stream:
            rows = list(csv.DictReader(stream))
        if not rows:
            continue
        count += 1
        svg = drawn(rows, name, how, revisions)
        assert marks(svg), name
        assert how["title"] in svg, name
        assert how["x_label"].replace("'", "&#x27;") in svg, name
        # A name by the side of each bar says what it is.
        if how["template"] not in ("bars", "intervals"):
            assert how["y_label"] in svg, name
        for revision in revisions:
            assert f">{revision}<" in svg, name
        for wrong in ("NaN", "undefined", "Infinity", ">null<"):
            assert wrong not in svg, (name, wrong)
    assert count >= 7
    assert "WARN" not in "".join(capfd.readouterr())


def test_the_bars_of_two_revisions_stand_side_by_side_largest_first():
    rows = [{"feature": name, "importance": value} for name, value in
            [("small", "9e-05"), ("large", "0.5"), ("negative", "-0.1"), ("middle", "0.06")]]  # fmt: skip
    svg = drawn(
        rows, "plots/data/importance.csv", declared()["plots/data/importance.csv"], ["a", "b"]
    )
    assert len(marks(svg, "rect")) == 8
    order = re.findall(r">(small|large|negative|middle)<", svg)
    assert order == ["large", "middle", "small", "negative"]


def test_a_confusion_matrix_counts_rows_of_each_revision():
    rows = [{"actual": a, "predicted": b} for a, b, n in
            [("no", "no", 90), ("no", "yes", 10), ("yes", "yes", 15), ("yes", "no", 5)] for _ in range(n)]  # fmt: skip
    how = declared()["plots/data/confusion.csv"]
    for revisions in (["a"], ["a", "b"]):
        svg = drawn(rows, "plots/data/confusion.csv", how, revisions)
        for said in ("90 (90%)", "10 (10%)", "15 (75%)", "5 (25%)"):
            assert svg.count(f">{said}<") == len(revisions)
    many = [{"actual": str(k), "predicted": str(k)} for k in range(30)]
    assert ">1 (100%)<" not in drawn(many, "plots/data/confusion.csv", how, ["a"])


def test_a_curve_joins_its_points_in_their_order_with_the_diagonal():
    rows = [{"false_positive_rate": x, "true_positive_rate": y} for x, y in
            [("0.0", "0.0"), ("0.0", "0.4"), ("0.5", "0.4"), ("0.5", "1.0"), ("1.0", "1.0")]]  # fmt: skip
    svg = drawn(rows, "plots/data/roc.csv", declared()["plots/data/roc.csv"], ["a"])
    lines = re.findall(r'd="([^"]+)"', " ".join(marks(svg, "line")))
    assert len(lines) == 2
    # Rising all the way: nothing is sorted by its x alone.
    heights = [float(y) for y in re.findall(r",(-?[\d.]+)", lines[1])]
    assert heights == sorted(heights, reverse=True)
