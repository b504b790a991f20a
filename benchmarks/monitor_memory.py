"""Measure what docs/monitoring.md claims of `monitor`: seconds and peak memory, whatever the rows.

    python benchmarks/monitor_memory.py [--rows 1000000 10000000 50000000]

The bundled model monitors the bundled flights, repeated: a folder of hard links to one Parquet file. Each
size is monitored by the command itself, with outcomes, and scored by `predict` beside it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import stages  # noqa: F401, I001  (pins threads and kernels before anything numeric is imported)

import argparse
import os
import subprocess
import tempfile
import time

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from assay.artifacts import read_yaml
from assay.params import parse_params

# Of the file that a folder repeats.
FILE_ROWS = 500_000

# A process begins with the peak of the one that started it, so a small one stands between.
_PEAK = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""


def write_file(rows: pd.DataFrame, path: Path) -> None:
    """Write the rows again and again, in row groups of 100,000 or so."""
    table = pa.Table.from_pandas(rows, preserve_index=False)
    group = pa.concat_tables([table] * (100_000 // len(rows)))
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        for start in range(0, FILE_ROWS, len(group)):
            writer.write_table(group.slice(0, min(len(group), FILE_ROWS - start)))


def folder_of(file: Path, folder: Path, rows: int) -> Path:
    """Make a folder that has a file as often as it takes."""
    folder.mkdir()
    for number in range(max(rows // FILE_ROWS, 1)):
        os.link(file, folder / f"{number:05d}.parquet")
    return folder


def command(*words: object) -> tuple[float, float]:
    """Run a stage; return its seconds and its peak memory in MiB."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, sys.executable, "-m", *map(str, words)],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    # A warning or an alarm is an answer, too.
    if done.returncode not in {0, 20, 21}:
        raise SystemExit(f"{words[0]} ended with {done.returncode}")
    return time.perf_counter() - started, int(done.stdout) / 1024


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000, 50_000_000])
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    params = parse_params(read_yaml(Path("params.yaml")))
    rows = pd.read_parquet(params.data.table)
    print(f"cores: {os.cpu_count()}; workers: {chosen.workers}")
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        with_outcomes, bare = place / "with.parquet", place / "bare.parquet"
        write_file(rows, with_outcomes)
        write_file(rows.drop(columns=params.data.target), bare)
        peaks = []
        for count in chosen.rows:
            labelled = folder_of(with_outcomes, place / f"{count}_labelled", count)
            unlabelled = folder_of(bare, place / f"{count}", count)
            words = ("stages.monitor", "--input", labelled, "--labels", params.data.target)
            options = ("--output", place / "monitoring", "--workers", chosen.workers)
            seconds, peak = command(*words, *options)
            peaks.append(peak)
            scoring, _ = command(
                *("stages.predict", "--input", unlabelled, "--output", place / "out.parquet"),
                *("--workers", chosen.workers),
            )
            print(
                f"{count:12,} rows: monitor {seconds:7.1f} s, {count / seconds:9,.0f} rows/s, "
                f"peak {peak:,.0f} MiB; predict {scoring:7.1f} s",
                flush=True,
            )
        print(f"peak memory, ratio of the last to the first: {peaks[-1] / peaks[0]:.3f}")


if __name__ == "__main__":
    main()
