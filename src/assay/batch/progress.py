"""How far a run of `predict` is: a bar on a terminal, a line now and then elsewhere."""

import sys
import time
from typing import TextIO

from tqdm import tqdm

_LINE_SECONDS = 30.0


class Progress:
    """Rows per second and the time that is left, on the error stream.

    Parameters
    ----------
    total : int or None
        Rows, where they are known before reading.
    stream : TextIO, optional
        Default: the error stream.
    line_seconds : float
        Between two lines, where the stream is no terminal.
    """

    def __init__(
        self, total: int | None, stream: TextIO | None = None, line_seconds: float = _LINE_SECONDS
    ) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._total, self._rows, self._line_seconds = total, 0, line_seconds
        self._started = self._told = time.monotonic()
        terminal = self._stream.isatty()
        self._bar = tqdm(
            total=total, unit=" rows", unit_scale=True, file=self._stream, leave=False,
            disable=not terminal, dynamic_ncols=True,
        )  # fmt: skip
        self._lines = not terminal

    def update(self, rows: int, done: float | None) -> None:
        """Count more rows; where their number is not known, the share of the input that is read tells."""
        self._rows += rows
        if self._total is None and done:
            self._bar.total = max(int(self._rows / done), self._rows)
        self._bar.update(rows)
        now = time.monotonic()
        if self._lines and now - self._told >= self._line_seconds:
            self._told = now
            self._stream.write(self._line(now - self._started, done) + "\n")
            self._stream.flush()

    def _line(self, seconds: float, done: float | None) -> str:
        rate = self._rows / seconds
        line = f"{self._rows:,} rows, {rate:,.0f} a second"
        share = self._rows / self._total if self._total else done
        return line if not share else f"{line}, {(1 / share - 1) * seconds:,.0f} s left"

    def close(self) -> None:
        """Remove the bar."""
        self._bar.close()
