"""The sections of `params.yaml`, typed: one frozen class per concern, no silent defaults."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from assay.finding_codes import entry_faults

Fraction = Annotated[float, Field(ge=0, le=1)]
PositiveInt = Annotated[int, Field(ge=1)]
NonNegative = Annotated[float, Field(ge=0)]
Text = Annotated[str, Field(min_length=1)]
# A number per row, or the name of a column that has it.
Cost = float | Text

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
    select: Literal["best", "simplest_within_noise"]
    learning_curve_points: Annotated[int, Field(ge=0, le=10)]
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

    metric: MetricName | None
    min_value: float | None
    min_gain_over_baseline: float
    on: Literal["value", "ci_low"]
    action: Literal["fail", "warn", "off"]


class EvaluateParams(Section):
    """How the holdout is judged."""

    resamples: Annotated[int, Field(ge=100)]
    confidence: Annotated[float, Field(gt=0, lt=1)]
    interval: Literal["percentile", "bca"]
    ece_bins: Annotated[int, Field(ge=2)]
    sensitive_columns: list[Text]
    sensitive_min_rows: PositiveInt
    gate: GateParams

    @field_validator("sensitive_columns")
    @classmethod
    def _columns_are_distinct(cls, names: list[str]) -> list[str]:
        if len(set(names)) < len(names):
            raise ValueError(f"names a column twice: {', '.join(names)}")
        return names


class CostParams(Section):
    """What a decision costs per row: a number, or the name of a column; null where it is not known."""

    unit: Text
    false_positive: Cost | None
    false_negative: Cost | None
    true_positive: Cost
    true_negative: Cost
    over_prediction: Cost | None
    under_prediction: Cost | None

    @model_validator(mode="after")
    def _errors_cost_more(self) -> "CostParams":
        faults = [
            f"{one} and {other} must both be given, or both be null"
            for one, other in (
                ("false_positive", "false_negative"),
                ("over_prediction", "under_prediction"),
            )
            if (getattr(self, one) is None) != (getattr(self, other) is None)
        ]
        rights: tuple[tuple[str, str | None], ...] = (
            *(("false_positive", "true_negative"), ("false_negative", "true_positive")),
            *(("over_prediction", None), ("under_prediction", None)),
        )
        for wrong, right in rights:
            cost, least = getattr(self, wrong), getattr(self, right) if right else 0.0
            if isinstance(cost, float) and isinstance(least, float) and cost < least:
                faults.append(f"{wrong} ({cost:g}) must not be less than {right or 0} ({least:g})")
        of_errors = (self.false_positive, self.false_negative)
        if None not in of_errors and of_errors == (self.true_negative, self.true_positive):
            faults.append(
                "false_positive and false_negative cannot both cost what being right costs"
            )
        if self.over_prediction == self.under_prediction == 0:
            faults.append("over_prediction and under_prediction cannot both be 0")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def columns(self) -> list[str]:
        """Return the names of columns among the costs, each once."""
        costs = (getattr(self, name) for name in type(self).model_fields if name != "unit")
        return list(dict.fromkeys(cost for cost in costs if isinstance(cost, str)))


class ThresholdParams(Section):
    """At which operating point the score becomes an action."""

    strategy: Literal["fixed", "max_f1", "min_precision", "min_recall", "min_cost"]
    fixed: Fraction
    min_precision: Fraction
    min_recall: Fraction
    costs: CostParams
    accept_accuracy: Fraction | None
    interval_coverage: Annotated[float, Field(gt=0, lt=1)]
    interval_bins: PositiveInt

    @model_validator(mode="after")
    def _costs_are_known(self) -> "ThresholdParams":
        if self.strategy == "min_cost" and self.costs.false_positive is None:
            raise ValueError(
                "strategy min_cost needs costs.false_positive and costs.false_negative"
            )
        return self


class InterpretParams(Section):
    """How the model is explained."""

    sample_rows: Annotated[int, Field(ge=100)]
    resamples: Annotated[int, Field(ge=100)]
    confidence: Annotated[float, Field(gt=0, lt=1)]
    permutation_repeats: Annotated[int, Field(ge=2)]
    correlated_from: Annotated[float, Field(gt=0, le=1)]
    shap_sample_rows: PositiveInt
    dependence_feature_count: PositiveInt
    partial_dependence_rows: Annotated[int, Field(ge=2)]
    explain_rows: list[Text | int] | None
    expected_direction: dict[Text, Literal["increasing", "decreasing"]]
    slice_numeric_count: Annotated[int, Field(ge=0)]
    slice_quantiles: Annotated[int, Field(ge=2)]
    slice_min_rows: PositiveInt
    found_slice_depth: Annotated[int, Field(ge=0, le=4)]
    worst_case_count: PositiveInt
    noise_sd: Annotated[float, Field(gt=0)]
    suspicious_label_count: Annotated[int, Field(ge=0)]


class PackageParams(Section):
    """What the next person receives."""

    refit: bool


class EffectParams(Section):
    """From which size on a difference between a batch and what was shipped is told."""

    distance: Annotated[float, Field(gt=0, le=1)]
    rate: Annotated[float, Field(gt=0, le=1)]
    change: Annotated[float, Field(gt=0)]


class MonitorParams(Section):
    """What is asked of every batch."""

    cadence: Literal["day", "week", "month"]
    min_rows: Annotated[int, Field(ge=50)]
    false_alarm_rate: Annotated[float, Field(gt=0, lt=1)]
    window: Annotated[int, Field(ge=4)]
    sample_rows: Annotated[int, Field(ge=1000)]
    slice_count: Annotated[int, Field(ge=0)]
    max_rejected_rate: Fraction
    max_latency_seconds: Annotated[float, Field(gt=0)] | None
    warn: EffectParams
    alarm: EffectParams

    @model_validator(mode="after")
    def _alarms_lie_further(self) -> "MonitorParams":
        nearer = [
            f"alarm.{name} ({getattr(self.alarm, name):g}) must not be less than warn.{name} "
            f"({getattr(self.warn, name):g})"
            for name in EffectParams.model_fields
            if getattr(self.alarm, name) < getattr(self.warn, name)
        ]
        if nearer:
            raise ValueError("; ".join(nearer))
        return self


class CardParams(Section):
    """What the pages say beside the figures; null or an empty list where it is not said yet."""

    problem: Text | None
    decision: Text | None
    intended_use: Text | None
    data_source: Text | None
    owner: Text | None
    rows_per_month: PositiveInt | None
    out_of_scope: list[Text]
    known_limits: list[Text]
