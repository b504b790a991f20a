"""What a run folder ships for monitoring: its reference, and the limits of its params."""

import hashlib
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from assay import artifacts
from assay.bundle import Bundle
from assay.errors import ArtifactError
from assay.manifest import read_manifest, read_verified
from assay.monitoring.reference import reference_of
from assay.monitoring.watch import Watch
from assay.sections import MonitorParams, TaskParams

REFERENCE = "monitoring/baseline.json"

Section = TypeVar("Section", bound=BaseModel)


def shipped_watch(bundle: Bundle) -> tuple[Watch, str]:
    """Return what batches of a model are held against, and the SHA-256 of its reference.

    Raises
    ------
    ArtifactError
        If the run folder is of an Assay that did not ship what is needed, or does not hold it.
    """
    params = bundle.meta.get("params")
    if not isinstance(params, Mapping):
        params = {}
    if (
        not isinstance(params.get("monitor"), Mapping)
        or REFERENCE not in read_manifest(bundle.folder).files
    ):
        raise ArtifactError(
            f"{bundle.folder} was packaged by an earlier Assay, without what monitoring needs. Package "
            "the run anew."
        )
    monitor = _section(MonitorParams, params["monitor"], bundle, "monitor")
    task = _section(TaskParams, params.get("task"), bundle, "task")
    content = read_verified(bundle.folder, REFERENCE, bundle.manifest_sha256)
    path = str(bundle.folder / REFERENCE)
    document = artifacts.parse_json(content, bundle.folder / REFERENCE)
    reference = reference_of(document, path)
    watch = Watch(bundle.contract.schema, bundle.decision, reference, monitor, task, task.seed)
    return watch, hashlib.sha256(content).hexdigest()


def _section(model: type[Section], content: Any, bundle: Bundle, name: str) -> Section:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in (name, *fault["loc"]))
        raise ArtifactError(
            f"{bundle.folder / 'run_meta.json'}: params.{place}: {fault['msg']}. Package the run anew."
        ) from None
