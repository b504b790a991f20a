"""The typed content of `params.yaml`: one frozen section per concern, no silent defaults.

Every key must be written out, so that the file alone says what decided a result. A wrong value is
answered with its place, what was got and what is allowed, all faults at once.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from assay.errors import ParamsError, nearest, numbered

Fraction = Annotated[float, Field(ge=0, le=1)]
PositiveInt = Annotated[int, Field(ge=1)]
NonNegative = Annotated[float, Field(ge=0)]
Text = Annotated[str, Field(min_length=1)]

Metric = Literal["roc_auc", "average_precision", "neg_log_loss", "neg_brier_score"]
CandidateName = Literal["dummy", "logistic", "lightgbm", "random_forest", "extra_trees"]


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
            f"{name!r} is in {roles[name][0]} and is the name of a column of predictions; rename it"
            for name in ("score", "prediction", "threshold")
            if roles.get(name, ["exclude_columns"])[0] not in {"exclude_columns", "target"}
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

    type: Literal["binary"]
    positive_label: bool | int | str
    primary_metric: Metric
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)]


class ValidateParams(Section):
    """Limits of the gates that a table must pass."""

    min_rows: PositiveInt
    max_missing_rate: Fraction
    max_duplicate_rate: Fraction
    id_like_unique_rate: Fraction
    max_category_count: PositiveInt


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


class BaselineParams(Section):
    """What a model must beat."""

    logistic_c: Annotated[float, Field(gt=0)]
    rule: Text | None


class TrainParams(Section):
    """Which candidates are searched, and how hard."""

    engine: Literal["pycaret"]
    candidates: Annotated[list[CandidateName], Field(min_length=1)]
    tune_top: Annotated[int, Field(ge=0)]
    trials: PositiveInt
    n_jobs: PositiveInt

    @model_validator(mode="after")
    def _candidates_are_distinct(self) -> "TrainParams":
        if len(set(self.candidates)) < len(self.candidates):
            raise ValueError(f"candidates names a model twice: {', '.join(self.candidates)}")
        return self


class CalibrateParams(Section):
    """Which calibrators may be fitted on out-of-fold scores."""

    methods: list[Literal["sigmoid", "isotonic"]]


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
        raise ParamsError(
            f"{source}: expected sections such as 'data:' and 'task:', "
            f"got {type(document).__name__}. Start from the bundled params.yaml."
        )
    try:
        return Params.model_validate(dict(document))
    except ValidationError as error:
        faults = [f"{source}: {fault}" for fault in _faults(error)]
        raise ParamsError(numbered(faults)) from None


def _faults(error: ValidationError) -> Iterator[str]:
    seen: set[str] = set()
    for detail in error.errors():
        fault = _fault(detail)  # type: ignore[arg-type]
        # A union reports once per member; the reader needs the place once.
        place = fault.split(" ", 1)[0]
        if place not in seen:
            seen.add(place)
            yield fault


def _fault(detail: dict[str, Any]) -> str:
    """Say one pydantic error in the words of the file."""
    place, field, siblings = _locate(detail["loc"])
    kind, got = detail["type"], detail.get("input")
    if kind == "missing":
        return f"{place} is missing. Add it; the bundled params.yaml has every key with its choices"
    if kind == "extra_forbidden":
        close = nearest(place.rsplit(".", 1)[-1], siblings)
        hint = f"; nearest: {close}" if close else f"; known: {', '.join(siblings)}"
        return f"{place} is not a known key{hint}. Rename or delete it"
    if kind == "value_error":
        return f"{place}: {detail['ctx']['error']}"
    return f"{place} must be {_expected(detail, field)}, got {got!r}"


def _locate(location: tuple[str | int, ...]) -> tuple[str, Any, list[str]]:
    """Return the dotted place, the field found there, and the names of its siblings."""
    model: Any = Params
    field: Any = None
    place, siblings = "", list[str]()
    for part in location:
        if isinstance(part, int):
            place += f"[{part}]"
        elif model is not None:
            place += f".{part}" if place else part
            fields = {info.alias or name: info for name, info in model.model_fields.items()}
            siblings = list(fields)
            field = fields.get(part)
            annotation = getattr(field, "annotation", None)
            is_section = isinstance(annotation, type) and issubclass(annotation, Section)
            model = annotation if is_section else None
        elif get_origin(getattr(field, "annotation", None)) is dict and part != "[key]":
            place += f".{part}"
        # What is left is the name of a union's member, which means nothing to the reader.
    return place, field, siblings


def _expected(detail: dict[str, Any], field: Any) -> str:
    kind = detail["type"]
    if kind == "literal_error":
        return f"one of {detail['ctx']['expected']}"
    if kind in {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}:
        return _interval(field)
    names = {
        "int_type": "a whole number",
        "int_from_float": "a whole number",
        "float_type": "a number",
        "bool_type": "true or false",
        "string_type": "a text",
        "string_too_short": "a text that is not empty",
        "string_pattern_mismatch": "the path of a Parquet file (.parquet or .pq)",
        "list_type": "a list",
        "dict_type": "a mapping of names to texts",
        "model_type": "a section with keys of its own",
        "too_short": "a list that is not empty",
        "finite_number": "a finite number",
    }
    return names.get(kind, str(detail["msg"]))


def _interval(field: Any) -> str:
    """Return the field's bounds as an interval, such as `[0, 1]` or `at least 1`."""
    bounds = list(getattr(field, "metadata", []))
    for argument in get_args(getattr(field, "annotation", None)):
        bounds.extend(getattr(argument, "__metadata__", []))
    low = next(((b.ge, "[") for b in bounds if isinstance(b, Ge)), None) or next(
        ((b.gt, "(") for b in bounds if isinstance(b, Gt)), None
    )
    high = next(((b.le, "]") for b in bounds if isinstance(b, Le)), None) or next(
        ((b.lt, ")") for b in bounds if isinstance(b, Lt)), None
    )
    if low and high:
        return f"in {low[1]}{low[0]}, {high[0]}{high[1]}"
    if low:
        return f"at least {low[0]}" if low[1] == "[" else f"greater than {low[0]}"
    return f"at most {high[0]}" if high else "in range"
