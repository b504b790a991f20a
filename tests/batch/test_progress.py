import io

from assay.batch import progress
from assay.batch.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def test_lines_tell_rows_per_second_and_the_time_that_is_left(monkeypatch):
    now, stream = clock(monkeypatch), io.StringIO()
    told = Progress(4000, stream, line_seconds=30)
    for seconds in (10, 20, 30, 40, 70):
        now[0] = 100.0 + seconds
        told.update(200, None)
    told.close()
    assert stream.getvalue().splitlines() == [
        "600 rows, 20 a second, 170 s left", "1,000 rows, 14 a second, 210 s left"
    ]  # fmt: skip


def test_the_share_of_the_file_tells_where_the_number_of_rows_is_unknown(monkeypatch):
    now, stream = clock(monkeypatch), io.StringIO()
    told = Progress(None, stream, line_seconds=10)
    now[0] = 110.0
    told.update(500, 0.25)
    now[0] = 120.0
    told.update(500, None)
    assert stream.getvalue().splitlines() == [
        "500 rows, 50 a second, 30 s left", "1,000 rows, 50 a second"
    ]  # fmt: skip


def test_a_terminal_gets_a_bar_that_goes_away():
    stream = Terminal()
    told = Progress(1000, stream)
    told.update(500, None)
    told._bar.refresh()
    assert "50%" in stream.getvalue()
    assert "rows/s" in stream.getvalue()
    told.close()
    assert stream.getvalue().endswith("\r")
