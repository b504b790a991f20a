"""What a batch is held against: the model's schema, decision and limits, and its reference."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assay.metrics.catalogue import primary_metric
from assay.metrics.core import Metric
from assay.monitoring.check import Scale, limits
from assay.schema import Schema
from assay.sections import MonitorParams, TaskParams


@dataclass(frozen=True)
class Watch:
    """What a batch is held against.

    Attributes
    ----------
    schema : Schema
    decision : dict
        The content of `decision.json`.
    reference : dict
        The content of `monitoring/baseline.json`: see `assay.monitoring.reference`.
    params : MonitorParams
        The limits that were shipped.
    task : TaskParams
    seed : int
        Of simulations.
    """

    schema: Schema
    decision: Mapping[str, Any]
    reference: Mapping[str, Any]
    params: MonitorParams
    task: TaskParams
    seed: int = 0

    @property
    def metric(self) -> Metric:
        """The number that selected the model."""
        return primary_metric(self.task.type, self.task.primary_metric)

    def ordinary(self, key: str) -> float | None:
        """Return how far windows of the table went in a check; None where it is not known."""
        found: float | None = self.reference["ordinary"]["limits"].get(key)
        return found

    def limits(self, scale: Scale, key: str, reach: float = 1.0) -> tuple[float, float]:
        """Return from which effects on a check is a warning, and an alarm; see `check.limits`."""
        return limits(self.params, scale, self.ordinary(key), reach)
