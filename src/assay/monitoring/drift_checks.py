"""What is asked of a batch whose outcomes are not known yet: its inputs, and what the model made of them."""

from assay.monitoring.check import Check
from assay.monitoring.inputs import input_checks
from assay.monitoring.joint import joint_checks
from assay.monitoring.outputs import output_checks
from assay.monitoring.tally import Tally
from assay.monitoring.watch import Watch


def drift_checks(tally: Tally, watch: Watch) -> list[Check]:
    """Return the checks of features, of predictions and decisions, and of all features together.

    Parameters
    ----------
    tally : Tally
    watch : Watch
    """
    return [
        *input_checks(tally, watch),
        *output_checks(tally, watch),
        *joint_checks(tally, watch),
    ]
