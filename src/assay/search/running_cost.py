"""What a model costs to run: its file, what it holds, and, by this machine's clock, its time and memory."""

import ctypes
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from assay.predictor import raw_predictions
from assay.search.complexity import Complexity, complexity_of
from assay.search.engine import SearchProblem
from assay.skops_files import model_bytes

_SAMPLING_SECONDS = 0.01
# Rows are scored again until so many seconds have passed: a single pass over few rows tells little.
_SCORING_SECONDS = 0.03


@dataclass(frozen=True)
class RunningCost:
    """What one fit of a model, and its use, take.

    Attributes
    ----------
    size_bytes : int
        Of the fitted pipeline's skops file.
    complexity : Complexity or None
        None where it is not known what to count.
    fit_seconds : float
        Preprocessing included, on one thread.
    rows_per_second : float
        Scored from features in memory.
    peak_memory_bytes : int
        The most that the process held while it fitted, above what it held before, as seen every 10 ms.
    """

    size_bytes: int
    complexity: Complexity | None
    fit_seconds: float
    rows_per_second: float
    peak_memory_bytes: int


def running_cost(problem: SearchProblem, estimator: Any) -> RunningCost:
    """Fit a model once on the training part of the last fold, and score the rows that judge it.

    Size and complexity are the same in every run; seconds and memory are the machine's, and may reach
    no output that DVC tracks.

    Parameters
    ----------
    problem : SearchProblem
    estimator : estimator
        Unfitted.
    """
    *_, (fitted, validated) = problem.folds.split(problem.features)
    features, outcome = problem.features.iloc[fitted], problem.y_true[fitted]
    with _peak_memory() as memory:
        started = time.perf_counter()
        pipeline = problem.recipe(estimator).fit(features, outcome)
        fit_seconds = time.perf_counter() - started
    judged = problem.features.iloc[validated]
    started, passes = time.perf_counter(), 0
    while not passes or time.perf_counter() - started < _SCORING_SECONDS:
        raw_predictions(pipeline, judged)
        passes += 1
    seconds = time.perf_counter() - started
    return RunningCost(
        len(model_bytes(pipeline)),
        complexity_of(pipeline.named_steps["model"]),
        fit_seconds,
        passes * len(judged) / seconds,
        memory.peak - memory.before,
    )


@dataclass
class _Memory:
    before: int
    peak: int


@contextmanager
def _peak_memory() -> Iterator[_Memory]:
    """Watch the process's resident memory, in bytes, from a thread of its own."""
    import psutil

    _give_back_memory()
    process = psutil.Process()
    before = process.memory_info().rss
    memory, done = _Memory(before, before), threading.Event()

    def watch() -> None:
        while not done.wait(_SAMPLING_SECONDS):
            memory.peak = max(memory.peak, process.memory_info().rss)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield memory
    finally:
        done.set()
        watcher.join()
        memory.peak = max(memory.peak, process.memory_info().rss)


def _give_back_memory() -> None:
    """Return what is free within the process to the system, where its C library can.

    A fit would otherwise find room that an earlier one has left, and seem to need none.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
