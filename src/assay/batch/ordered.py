"""Batches through threads, a few at a time, with what became of them in the order of the input."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def in_order(
    run: Callable[[Given], Made], batches: Iterator[Given], workers: int
) -> Iterator[Made]:
    """Run batches in threads, and yield what became of them in their order.

    Parameters
    ----------
    run : callable
        What is done with a batch, in any thread.
    batches : iterator
        Read in the caller's thread, no more than one ahead of the threads.
    workers : int
        Batches that are run at the same time, at least 1.
    """
    waiting: deque[Future[Made]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="score") as pool:
        try:
            for batch in batches:
                waiting.append(pool.submit(run, batch))
                # One more than there are threads, so that none waits for the reader.
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
