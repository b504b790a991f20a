"""What is said of predictions and decisions that moved."""

from dataclasses import dataclass

from assay.monitoring.telling import apart, percent
from assay.monitoring.watch import Watch


@dataclass(frozen=True)
class Words:
    """What a statistic of predictions is called, and what is said of it.

    Attributes
    ----------
    subject, measure : str
        Of its check.
    meaning : str
        What it is, as the start of a sentence.
    look_at : str
    percent : bool
        Whether it is a share.
    """

    subject: str
    measure: str
    meaning: str
    look_at: str
    percent: bool

    def sentence(self, now: float, before: float, effect: float, warn: float) -> str:
        """Say what was found."""
        told = self._told(now, before)
        how = (
            f"a difference of {effect:.1%}; warning from {warn:.1%}"
            if self.measure.endswith("rate")
            else f"a change of {effect:.0%}; warning from {warn:.0%}"
        )
        return f"{self.meaning} is {told[0]}, against {told[1]} out-of-fold ({how})."

    def brief(self, now: float, before: float) -> str:
        """Say the same without limits."""
        told = self._told(now, before)
        return f"{self.meaning} is {told[0]}, against {told[1]} out-of-fold"

    def _told(self, now: float, before: float) -> tuple[str, str]:
        return (percent(now), percent(before)) if self.percent else apart(now, before)


def words_of(name: str, watch: Watch) -> Words:
    """Return what a statistic is called.

    Parameters
    ----------
    name : str
        As in `OutputValues`, or the code of a class.
    watch : Watch
    """
    if name.isdecimal():
        label = watch.schema.labels[int(name)]
        return Words(
            f"class {label}",
            "predicted_rate",
            f"the share of rows predicted to be {label}",
            "Look at the features that moved; once outcomes are known, at the share of this class.",
            True,
        )
    meanings = {
        "flagged_rate": (
            "the share of rows at or above the threshold",
            "Look at the features that moved. Whoever acts on flagged rows has more of them, or fewer.",
        ),
        "decided_rate": (
            "the share of rows that are decided",
            "Look at the features that moved. Rows that are not decided go to whoever decides them.",
        ),
        "mean_prediction": (
            "the mean prediction",
            "Look at the features that moved; once outcomes are known, at whether their share followed.",
        ),
        "mean_confidence": (
            "the mean of the highest probability",
            "Look at the features that moved, and at values that training did not have.",
        ),
        "mean_interval_width": (
            "the mean width of intervals",
            "Look at the features that moved: predictions lie where errors have another size.",
        ),
        "mean_prediction_quantile": (
            "the mean number to act on",
            "Look at the features that moved.",
        ),
    }
    meaning, look_at = meanings[name]
    percent = name.endswith("rate") or (name == "mean_prediction" and watch.schema.task == "binary")
    return Words("predictions", name, meaning, look_at, percent)
