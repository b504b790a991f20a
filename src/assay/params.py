"""The typed content of `params.yaml`: one frozen section per concern, no silent defaults.

Every key must be written out, so that the file alone says what decided a result. A wrong value is
answered with its place, what was got and what is allowed, all faults at once.
"""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from assay.errors import ParamsError, numbered
from assay.params_faults import faults_of, told_briefly
from assay.sections import (
    TASK_METRICS,
    BaselineParams,
    CalibrateParams,
    CandidateName,
    CardParams,
    DataParams,
    EvaluateParams,
    InterpretParams,
    MonitorParams,
    PackageParams,
    PreprocessParams,
    Section,
    SplitParams,
    TaskParams,
    TaskType,
    ThresholdParams,
    TrainParams,
    ValidateParams,
)

# Linear models have another name for classes than for numbers.
_OF_OTHER_TASKS: Mapping[TaskType, frozenset[CandidateName]] = {
    "binary": frozenset({"ridge"}),
    "multiclass": frozenset({"ridge"}),
    "regression": frozenset({"logistic"}),
}


# Columns that scored and rejected rows get, beside those that are carried; an ending "_" is a prefix.
_PREDICTED: Mapping[TaskType, tuple[str, ...]] = {
    "binary": ("score", "prediction", "threshold", "probability_", "reason_", "rejected_"),
    "multiclass": ("prediction", "confidence", "probability_", "reason_", "rejected_"),
    "regression": (
        *("prediction", "prediction_low", "prediction_high", "prediction_quantile"),
        *("reason_", "rejected_"),
    ),
}


class Params(Section):
    """The whole of `params.yaml`."""

    data: DataParams
    task: TaskParams
    validate_: Annotated[ValidateParams, Field(alias="validate")]
    split: SplitParams
    preprocess: PreprocessParams
    baseline: BaselineParams
    train: TrainParams
    calibrate: CalibrateParams
    evaluate: EvaluateParams
    threshold: ThresholdParams
    interpret: InterpretParams
    package: PackageParams
    monitor: MonitorParams
    card: CardParams

    @model_validator(mode="after")
    def _sections_agree(self) -> "Params":
        task, train, faults = self.task.type, self.train, _task_faults(self.task)
        foreign = set(train.candidates or []) & _OF_OTHER_TASKS[task]
        if foreign:
            faults.append(f"train.candidates: {', '.join(sorted(foreign))} cannot do {task}")
        if task == "regression" and (train.class_weight, train.resampling) != ("none", "none"):
            faults.append("train.class_weight and train.resampling must be none for regression")
        if task != "multiclass" and "temperature" in self.calibrate.methods:
            faults.append(f"calibrate.methods: temperature is for multiclass, and type is {task}")
        if task == "multiclass" and self.baseline.rule is not None:
            faults.append("baseline.rule must be null for multiclass: a rule gives one number")
        gate = self.evaluate.gate.metric
        if gate is not None and gate not in TASK_METRICS[task]:
            faults.append(
                f"evaluate.gate.metric {gate} is none of {task}; "
                f"choose from {', '.join(TASK_METRICS[task])}, or null"
            )
        least, scorer = self.evaluate.gate.min_value, gate or self.task.primary_metric
        if least is not None and least > 0 and scorer.startswith("neg_"):
            faults.append(
                f"evaluate.gate.min_value {least:g} cannot be reached: {scorer} is a loss with a minus "
                f"sign, never above 0; {-least:g} may be meant"
            )
        faults += _predicted_names(self.data, task)
        if faults:
            raise ValueError("; ".join(faults))
        return self


def _predicted_names(data: DataParams, task: TaskType) -> list[str]:
    """Say which carried columns have the name of a column of predictions."""
    carried = {
        "id_columns": data.id_columns,
        "time_column": [data.time_column] if data.time_column else [],
        "group_column": [data.group_column] if data.group_column else [],
        "passthrough_columns": data.passthrough_columns,
    }
    return [
        f"data: {name!r} is in {role} and is the name of a column of predictions; rename it"
        for role, names in carried.items()
        for name in names
        if is_predicted_name(name, task)
    ]


def is_predicted_name(name: str, task: TaskType) -> bool:
    """Say whether predictions of a task have a column of this name."""
    return any(name == own or (own[-1] == "_" and name.startswith(own)) for own in _PREDICTED[task])


def _task_faults(task: TaskParams) -> list[str]:
    """Say which keys of `task` do not suit its type."""
    faults = []
    known = TASK_METRICS[task.type]
    if task.primary_metric not in known:
        faults.append(
            f"task.primary_metric {task.primary_metric} is none of {task.type}; "
            f"choose from {', '.join(known)}"
        )
    if (task.type == "binary") == (task.positive_label is None):
        needed = "must name a value of the target" if task.type == "binary" else "must be null"
        faults.append(f"task.positive_label {needed}, since type is {task.type}")
    if task.type != "regression":
        given = {
            "target_transform": task.target_transform != "none",
            "clip_low": task.clip_low is not None,
            "clip_high": task.clip_high is not None,
        }
        faults += [
            f"task.{name} is for regression, and type is {task.type}"
            for name, is_given in given.items()
            if is_given
        ]
    low, high = task.clip_low, task.clip_high
    if low is not None and high is not None and low >= high:
        faults.append(f"task.clip_low {low} must lie below clip_high {high}")
    return faults


def section_names() -> list[str]:
    """Return the names of the sections in the order of the file."""
    return [field.alias or name for name, field in Params.model_fields.items()]


def parse_params(document: object, source: str = "params.yaml") -> Params:
    """Turn the parsed YAML of `params.yaml` into typed sections.

    Parameters
    ----------
    document : object
        What the YAML parser returned.
    source : str
        The file's name, for messages.

    Raises
    ------
    ParamsError
        If a key is missing, unknown or has a wrong value; the message lists every fault.
    """
    if not isinstance(document, Mapping):
        got = "nothing" if document is None else told_briefly(document)
        raise ParamsError(
            f"{source}: expected sections such as 'data:' and 'task:', got {got}. "
            "Start from the bundled params.yaml."
        )
    try:
        return Params.model_validate(dict(document))
    except ValidationError as error:
        faults = [f"{source}: {fault}" for fault in faults_of(error, Params)]
        raise ParamsError(numbered(faults)) from None
