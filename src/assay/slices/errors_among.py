"""Whether the errors of a slice are those of some of its rows, beyond noise."""

from collections.abc import Sequence

import numpy as np

from assay.metrics.core import FloatArray
from assay.slices.conditions import Mask
from assay.slices.found import excess_squared_error
from assay.slices.judge import FALLS_SHORT, HARD, Judge
from assay.uncertainty.many import holm_adjusted
from assay.uncertainty.mean_difference import mean_difference

# Rows on each side that are compared.
_FEWEST = 20


class Errors:
    """What is wrong with each row of a holdout, in the sense of a verdict.

    Parameters
    ----------
    judge : Judge
        Who told the verdicts.
    """

    def __init__(self, judge: Judge) -> None:
        self.plans, self.loss, self.gap = judge.plans, judge.loss, judge.gap
        self.excess = excess_squared_error(
            judge.evidence.task.type, judge.recalibrated.holdout, judge.recalibrated.out_of_fold
        )

    def among(self, inside: Mask, flags: Sequence[Mask], verdict: str, why: str) -> list[bool]:
        """Say of each flag whether the rows of a slice that have it are more wrong than its others.

        By t-tests of units, corrected by Holm's method. Where all rows have it, they are meant.
        """
        wrong = self._wrong(inside, verdict, why)
        p_values = [
            1.0 if flag[inside].all() else self._p_value(wrong, inside, flag) for flag in flags
        ]
        level = 1 - self.plans[0].confidence
        adjusted = holm_adjusted(np.array(p_values, dtype=float))
        return [
            bool(flag[inside].all() or p_value < level)
            for flag, p_value in zip(flags, adjusted, strict=True)
        ]

    def _wrong(self, inside: Mask, verdict: str, why: str) -> FloatArray:
        if verdict == HARD:
            return self.loss
        if FALLS_SHORT in why:
            return self.excess
        more: FloatArray = self.gap * np.sign(self.gap[inside].mean())
        return more

    def _p_value(self, wrong: FloatArray, inside: Mask, flag: Mask) -> float:
        # The errors of a few rows vary by next to nothing if they have none of a rare kind.
        if min(flag[inside].sum(), (~flag[inside]).sum()) < _FEWEST:
            return 1.0
        tests = [
            mean_difference(
                wrong[inside], flag[inside], plan.within(inside).clusters, plan.confidence
            )
            for plan in self.plans
        ]
        more = tests[0].value > 0
        return max(test.p_value for test in tests) if more else 1.0
