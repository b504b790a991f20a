"""The typed content of `params.yaml`: one frozen section per concern, no silent defaults.

Every key must be written out, so that the file alone says what decided a result. A wrong value is
answered with its place, what was got and what is allowed, all faults at once.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from assay.errors import ParamsError, numbered
from assay.finding_codes import entry_faults
from assay.params_faults import faults_of, told_briefly

Fraction = Annotated[float, Field(ge=0, le=1)]
PositiveInt = Annotated[int, Field(ge=1)]
NonNegative = Annotated[float, Field(ge=0)]
Text = Annotated[str, Field(min_length=1)]

TaskType = Literal["binary", "multiclass", "regression"]
Datetimes = Literal["drop", "parts", "age", "parts_and_age"]
MetricName = Literal[
    "roc_auc",
    "average_precision",
    "neg_log_loss",
    "neg_brier_score",
    "accuracy",
    "balanced_accuracy",
    "f1_macro",
    "f1_weighted",
    "roc_auc_ovr",
    "neg_mean_absolute_error",
    "neg_root_mean_squared_error",
    "neg_median_absolute_error",
    "r2",
]
# The first of each is what `params.yaml` would have without a reason for another.
TASK_METRICS: Mapping[TaskType, tuple[MetricName, ...]] = {
    "binary": ("roc_auc", "average_precision", "neg_log_loss", "neg_brier_score"),
    "multiclass": (
        *("neg_log_loss", "accuracy", "balanced_accuracy"),
        *("f1_macro", "f1_weighted", "roc_auc_ovr"),
    ),
    "regression": (
        *("neg_root_mean_squared_error", "neg_mean_absolute_error"),
        *("neg_median_absolute_error", "r2"),
    ),
}
CandidateName = Literal[
    "dummy",
    "logistic",
    "ridge",
    "lightgbm",
    "random_forest",
    "extra_trees",
    "hist_gradient_boosting",
    "xgboost",
    "catboost",
]


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
    "regression": ("prediction", "prediction_low", "prediction_high", "reason_", "rejected_"),
}


class Section(BaseModel):
    """A section of `params.yaml`: frozen, complete, strict about types and names."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class DataParams(Section):
    """What the columns of the feature table are."""

    table: Annotated[str, Field(pattern=r"\.(parquet|pq)$")]
    unit: Text
    target: Text
    id_columns: list[Text]
    time_column: Text | None
    group_column: Text | None
    categorical_columns: list[Text]
    passthrough_columns: list[Text]
    exclude_columns: dict[Text, Text]

    @model_validator(mode="after")
    def _roles_do_not_clash(self) -> "DataParams":
        roles: dict[str, list[str]] = {}
        for role, names in (
            ("target", [self.target]),
            ("id_columns", self.id_columns),
            ("time_column", [self.time_column] if self.time_column else []),
            ("group_column", [self.group_column] if self.group_column else []),
            ("exclude_columns", list(self.exclude_columns)),
            ("passthrough_columns", self.passthrough_columns),
        ):
            for name in names:
                roles.setdefault(name, []).append(role)
        clashes = [
            f"{name!r} is in {' and in '.join(found)}; give it one role"
            for name, found in roles.items()
            if len(found) > 1
        ]
        clashes += [
            f"{name!r} is in {roles[name][0]}, so it is no feature and not in categorical_columns"
            for name in self.categorical_columns
            if name in roles
        ]
        if clashes:
            raise ValueError("; ".join(clashes))
        return self


class TaskParams(Section):
    """What is predicted, and by which number it is judged."""

    type: TaskType
    positive_label: bool | int | str | None
    primary_metric: MetricName
    target_transform: Literal["none", "log1p"]
    clip_low: float | None
    clip_high: float | None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)]


class ValidateParams(Section):
    """Limits of the gates that a table must pass."""

    min_rows: PositiveInt
    missing_target: Literal["refuse", "drop"]
    max_missing_rate: Fraction
    max_duplicate_rate: Fraction
    id_like_unique_rate: Fraction
    max_category_count: PositiveInt
    max_feature_score: Fraction
    max_model_score: Fraction
    max_importance_share: Fraction
    leak_sample_rows: Annotated[int, Field(ge=100)]
    ignore: dict[Text, Text]

    @field_validator("ignore")
    @classmethod
    def _codes_are_known(cls, entries: dict[str, str]) -> dict[str, str]:
        faults = list(entry_faults(entries))
        if faults:
            raise ValueError("; ".join(faults))
        return entries


class SplitParams(Section):
    """What the model may see, and what judges it."""

    strategy: Literal["random", "group", "time", "group_time"]
    holdout_fraction: Annotated[float, Field(gt=0, lt=1)]
    fold_count: Annotated[int, Field(ge=2, le=20)]
    embargo_days: NonNegative
    seen_groups: Literal["drop", "keep"]
    max_duplicate_rate: Fraction
    # Fewer permutations have no 95% quantile.
    adversarial_permutations: Annotated[int, Field(ge=20)]
    adversarial_sample_rows: Annotated[int, Field(ge=100)]


class PreprocessParams(Section):
    """How columns become numbers; fitted inside each fold."""

    numeric_imputation: Literal["median", "mean"]
    missing_indicator: bool
    min_category_count: PositiveInt
    max_categories: Annotated[int, Field(ge=2)]
    high_cardinality: Literal["frequency", "target"]
    datetimes: Datetimes
    datetime_reference: Text | None


class BaselineParams(Section):
    """What a model must beat."""

    logistic_c: Annotated[float, Field(gt=0)]
    ridge_alpha: Annotated[float, Field(gt=0)]
    rule: Text | None


class TrainParams(Section):
    """Which candidates are searched, and how hard; null leaves a key to the preset."""

    engine: Literal["pycaret", "sklearn"]
    preset: Literal["fast", "balanced", "thorough"]
    candidates: Annotated[list[CandidateName], Field(min_length=1)] | None
    tune_top: Annotated[int, Field(ge=0)] | None
    trials: PositiveInt | None
    ensemble: Literal["none", "blend"] | None
    class_weight: Literal["none", "balanced"]
    resampling: Literal["none", "random_under", "smote"]
    budget_seconds: Annotated[float, Field(gt=0)] | None
    n_jobs: PositiveInt

    @model_validator(mode="after")
    def _candidates_are_distinct(self) -> "TrainParams":
        names = self.candidates or []
        if len(set(names)) < len(names):
            raise ValueError(f"candidates names a model twice: {', '.join(names)}")
        return self


class CalibrateParams(Section):
    """Which calibrators may be fitted on out-of-fold scores."""

    methods: list[Literal["sigmoid", "isotonic", "temperature"]]


class GateParams(Section):
    """When a model does not ship."""

    min_gain_over_baseline: float
    on: Literal["value", "ci_low"]
    action: Literal["fail", "warn", "off"]


class EvaluateParams(Section):
    """How the holdout is judged."""

    resamples: Annotated[int, Field(ge=100)]
    confidence: Annotated[float, Field(gt=0, lt=1)]
    ece_bins: Annotated[int, Field(ge=2)]
    worst_case_count: PositiveInt
    gate: GateParams


class ThresholdParams(Section):
    """At which operating point the score becomes an action."""

    strategy: Literal["fixed", "max_f1", "min_precision", "min_recall", "min_cost"]
    fixed: Fraction
    min_precision: Fraction
    min_recall: Fraction
    cost_false_positive: NonNegative
    cost_false_negative: NonNegative
    accept_accuracy: Fraction | None
    interval_coverage: Annotated[float, Field(gt=0, lt=1)]
    interval_bins: PositiveInt

    @model_validator(mode="after")
    def _some_error_costs(self) -> "ThresholdParams":
        if self.cost_false_positive == self.cost_false_negative == 0:
            raise ValueError("cost_false_positive and cost_false_negative cannot both be 0")
        return self


class InterpretParams(Section):
    """How the model is explained."""

    resamples: Annotated[int, Field(ge=100)]
    confidence: Annotated[float, Field(gt=0, lt=1)]
    permutation_repeats: Annotated[int, Field(ge=2)]
    shap_sample_rows: PositiveInt
    dependence_feature_count: PositiveInt
    slice_numeric_count: Annotated[int, Field(ge=0)]
    slice_quantiles: Annotated[int, Field(ge=2)]
    slice_min_rows: PositiveInt


class PackageParams(Section):
    """What the next person receives."""

    refit: bool


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
