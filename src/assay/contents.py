"""What the JSON files of a run folder must hold.

A hash shows that a file is the one that was written, not that it makes sense, and anyone can make hashes.
Members that a reader does not know are ignored, so that a later Assay may add some.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from assay.calibration.maps import Calibrator, calibrator_from_json
from assay.column_types import MOMENTS, held_by_dtype
from assay.contract import InputContract, contract_from_json
from assay.errors import ArtifactError
from assay.features import part_name
from assay.schema import Label, Schema
from assay.sections import TaskType
from assay.time_features import AGE, WEEKDAY, Part

Positive = Annotated[float, Field(gt=0)]
Share = Annotated[float, Field(gt=0, lt=1)]
# How many labels each task has, at least and at most.
_LABEL_COUNTS: Mapping[TaskType, tuple[int, int]] = {
    "binary": (2, 2),
    "multiclass": (3, 1_000_000),
    "regression": (0, 0),
}


class _Part(BaseModel):
    """An object of a file: exact types and finite numbers."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)


class _Feature(_Part):
    name: str
    kind: Literal["numeric", "categorical"]
    source_dtype: str
    # A folder of an earlier Assay does not have these: every feature is a column of its own.
    source: str = ""
    part: Part | None = None
    reference: str | None = None
    reference_dtype: str | None = None

    @model_validator(mode="after")
    def _parts_are_of_times(self) -> "_Feature":
        of_times = held_by_dtype(self.source_dtype) in MOMENTS
        fault = None
        if self.part is None:
            if self.source not in {"", self.name}:
                fault = "is another column than its source"
            elif of_times and self.kind == "numeric":
                fault = "is a time, and no part of one"
        elif not of_times:
            fault = f"is a part of {self.source_dtype}, which is no time"
        elif self.name != part_name(self.source, self.part):
            fault = f"is not named for its source and its part {self.part}"
        elif (self.kind == "categorical") != (self.part == WEEKDAY):
            fault = f"is {self.kind}, which {self.part} is not"
        if (self.part == AGE) != (self.reference is not None):
            fault = fault or "has an age without a reference, or a reference without an age"
        elif self.reference is not None and (
            self.reference_dtype is None or held_by_dtype(self.reference_dtype) not in MOMENTS
        ):
            fault = fault or f"is counted to {self.reference}, which is no time"
        if fault:
            raise ValueError(f"feature {self.name!r} {fault}")
        return self


class _Schema(_Part):
    unit: str
    task: TaskType
    target: str
    labels: list[Label]
    id_columns: list[str]
    passthrough_columns: list[str]
    time_column: str | None
    group_column: str | None
    carried_dtypes: dict[str, str]
    excluded: dict[str, str]
    features: Annotated[list[_Feature], Field(min_length=1)]

    @model_validator(mode="after")
    def _roles_do_not_clash(self) -> "_Schema":
        names = [self.target, *self.carried_dtypes, *(feature.name for feature in self.features)]
        if len(set(names)) < len(names):
            raise ValueError("a column has more than one role")
        sources = {feature.source or feature.name for feature in self.features}
        references = {feature.reference for feature in self.features}
        others = {self.target, *self.carried_dtypes}
        # A time of one role may be what ages are counted to, but for one that a scorer does not have.
        if sources & others or (sources | references) & {self.target, *self.excluded}:
            raise ValueError("a feature is made of a column that has another role")
        plain = {feature.name for feature in self.features if feature.part is None}
        if plain & {*(f.source for f in self.features if f.part), *references}:
            raise ValueError("a column is a feature and a time behind others")
        least, most = _LABEL_COUNTS[self.task]
        if not least <= len(self.labels) <= most:
            raise ValueError(f"{len(self.labels)} labels do not suit {self.task}")
        return self


class _Contract(_Part):
    schema_: Annotated[_Schema, Field(alias="schema")]
    categories: dict[str, list[str]]
    ranges: dict[str, Annotated[list[float], Field(min_length=2, max_length=2)] | None]

    @model_validator(mode="after")
    def _features_are_described(self) -> "_Contract":
        described = {"categorical": set(self.categories), "numeric": set(self.ranges)}
        bare = [f.name for f in self.schema_.features if f.name not in described[f.kind]]
        if bare:
            raise ValueError(f"no categories or range of: {', '.join(bare)}")
        return self


class _ThresholdDecision(_Part):
    kind: Literal["threshold"]
    threshold: float
    labels: list[Label]


class _ClassDecision(_Part):
    kind: Literal["most_probable_class"]
    min_confidence: float
    labels: list[Label]


class _Quantile(_Part):
    level: Annotated[float, Field(ge=0, le=1)]
    edges: list[float]
    shift: list[float]

    @model_validator(mode="after")
    def _every_bin_has_a_shift(self) -> "_Quantile":
        if len(self.shift) != len(self.edges) + 1:
            raise ValueError("shift needs one number more than edges")
        if self.edges != sorted(self.edges):
            raise ValueError("edges must ascend")
        return self


class _IntervalDecision(_Part):
    kind: Literal["interval"]
    coverage: Share
    edges: list[float]
    low: list[float]
    high: list[float]
    limits: Annotated[list[float | None], Field(min_length=2, max_length=2)]
    rationale: str
    # Only where costs are known, and not in a folder of an earlier Assay.
    quantile: _Quantile | None = None

    @model_validator(mode="after")
    def _every_bin_has_ends(self) -> "_IntervalDecision":
        if not len(self.low) == len(self.high) == len(self.edges) + 1:
            raise ValueError("low and high need one number more than edges")
        if self.edges != sorted(self.edges):
            raise ValueError("edges must ascend")
        return self


_DECISIONS: Mapping[TaskType, type[_Part]] = {
    "binary": _ThresholdDecision,
    "multiclass": _ClassDecision,
    "regression": _IntervalDecision,
}


class _NoCalibrator(_Part):
    method: Literal["none"]


class _Sigmoid(_Part):
    method: Literal["sigmoid"]
    slope: float
    intercept: float


class _Isotonic(_Part):
    method: Literal["isotonic"]
    score_knots: Annotated[list[float], Field(min_length=1)]
    probability_knots: list[float]

    @model_validator(mode="after")
    def _knots_are_a_function(self) -> "_Isotonic":
        if len(self.score_knots) != len(self.probability_knots):
            raise ValueError("score_knots and probability_knots differ in length")
        if self.score_knots != sorted(self.score_knots):
            raise ValueError("score_knots must ascend")
        return self


class _Temperature(_Part):
    method: Literal["temperature"]
    temperature: Positive


_OfScores = Annotated[_NoCalibrator | _Sigmoid | _Isotonic, Field(discriminator="method")]


class _PerClass(_Part):
    method: Literal["per_class"]
    calibrators: list[_OfScores]


class _Clip(_Part):
    method: Literal["clip"]
    low: float | None
    high: float | None


_CALIBRATORS: Mapping[TaskType, Any] = {
    "binary": _OfScores,
    "multiclass": Annotated[
        _NoCalibrator | _Temperature | _PerClass, Field(discriminator="method")
    ],
    "regression": Annotated[_NoCalibrator | _Clip, Field(discriminator="method")],
}


def contract_of(document: Any, source: str) -> InputContract:
    """Return the input contract that `schema/input_schema.json` holds.

    Raises
    ------
    ArtifactError
        If it holds no input contract; so for the other files below.
    """
    _check(_Contract, document, source)
    try:
        return contract_from_json(document)
    except (KeyError, TypeError, ValueError) as error:
        raise _senseless(source, str(error)) from None


def decision_of(document: Any, schema: Schema, source: str) -> Mapping[str, Any]:
    """Return the decision that `decision.json` holds, for the task and the labels of a schema."""
    _check(_DECISIONS[schema.task], document, source)
    decision: Mapping[str, Any] = document
    if schema.labels and not _same(decision["labels"], schema.labels):
        raise _senseless(source, "its labels are not those of the input schema")
    return decision


def _same(labels: list[Label], others: tuple[Label, ...]) -> bool:
    """Say whether labels are alike in order and type; `True` is not 1, though Python thinks so."""
    return [(type(label), label) for label in labels] == [(type(label), label) for label in others]


def calibrator_of(document: Any, schema: Schema, source: str) -> Calibrator:
    """Return the calibrator that `model/calibrator.json` holds, for the task of a schema."""
    _check(_CALIBRATORS[schema.task], document, source)
    if document["method"] == "per_class" and len(document["calibrators"]) != len(schema.labels):
        raise _senseless(source, f"{len(schema.labels)} classes need a calibrator each")
    return calibrator_from_json(document)


def meta_of(document: Any, source: str) -> Mapping[str, Any]:
    """Return what `run_meta.json` holds: an object with a run id."""
    if not isinstance(document, dict) or not isinstance(document.get("run_id"), str):
        raise _senseless(source, "expected an object with a run_id")
    return document


def _check(model: Any, document: Any, source: str) -> None:
    try:
        TypeAdapter(model).validate_python(document)
    except ValidationError as error:
        faults = [f"{_place(fault['loc'])}{fault['msg']}" for fault in error.errors()]
        raise _senseless(source, "; ".join(dict.fromkeys(faults))) from None


def _place(location: tuple[int | str, ...]) -> str:
    return f"{'.'.join(map(str, location))}: " if location else ""


def _senseless(source: str, detail: str) -> ArtifactError:
    return ArtifactError(f"{source} does not hold what it should ({detail}). Package the run anew.")
