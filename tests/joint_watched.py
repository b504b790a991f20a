"""Features that go together, and what batches of them are held against."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
from cases import make_case
from watches import scored_rows, watch_of

from assay.contract import build_contract
from assay.monitoring.clusters import ClusterTally
from assay.monitoring.input_reference import input_reference
from assay.monitoring.inputs import InputTally
from assay.monitoring.joint import JointTally, joint_checks, joint_reference
from assay.monitoring.rows import ScoredRows, row_keys

NAMES = ["signal", "noise", "count"]
CASE = make_case()


def paired_rows(n, seed, correlation=0.8):
    """Features of the tiny table, two of which go together; each by itself is the same whatever they do."""
    features = scored_rows(watch_of(CASE), n, seed).features
    rng = np.random.default_rng([seed, 1])
    first, second = rng.normal(size=(2, n))
    features["signal"] = first
    features["noise"] = correlation * first + np.sqrt(1 - correlation**2) * second
    return features


def watch_joint(features):
    """What batches are held against, where these features have been before."""
    schema = replace(CASE.schema, time_column=None, group_column=None)
    reference = {"joint": joint_reference(features, schema)}
    reference["clusters"] = {"row_count": len(features), "kinds": {}}
    table = features.assign(outcome=0)
    reference["inputs"] = input_reference(table, build_contract(schema, table), {})
    return watch_of(replace(CASE, schema=schema), reference)


def tally_of(features, watch):
    """What is counted of features."""
    rows = ScoredRows(
        features, np.zeros(len(features)), row_keys(0, len(features)), np.zeros(len(features))
    )
    inputs = InputTally.of(rows, watch) if "inputs" in watch.reference else None
    return SimpleNamespace(
        inputs=inputs,
        joint=JointTally.of(rows, watch),
        clusters=ClusterTally.of(rows, watch),
        row_count=len(rows),
    )


def check_of(features, watch):
    """The check of all features together."""
    (check,) = joint_checks(tally_of(features, watch), watch)
    return check
