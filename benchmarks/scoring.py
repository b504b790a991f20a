"""Measure what the README claims of `predict`: rows per second, peak memory, seconds to a first row.

    python benchmarks/scoring.py [--rows 10000000]

The bundled model scores the bundled flights, repeated. Throughput is compared, in turns within one
process, with what it cannot beat on one thread: calling the bare scikit-learn pipeline on the same rows,
in memory, in model form, in batches of the same size. Memory and start are those of the command itself.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import stages  # noqa: F401, I001  (pins threads and kernels before anything numeric is imported)

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from assay.acceptance import accept
from assay.batch.job import Wanted
from assay.batch.run import score_file
from assay.batch.sources import BATCH_ROWS
from assay.bundle import Bundle, latest_bundle, load_bundle
from assay.params import parse_params
from assay.artifacts import read_yaml

ROOT = Path(__file__).resolve().parents[1]
TURNS = 5
# Of the comparison in turns.
TURN_ROWS = 500_000


def write_rows(rows: pd.DataFrame, path: Path, count: int) -> None:
    """Write the rows again and again, as many as wanted, in row groups of 100,000 or so."""
    table = pa.Table.from_pandas(rows, preserve_index=False)
    group = pa.concat_tables([table] * (100_000 // len(rows)))
    with pq.ParquetWriter(path, table.schema, compression="zstd") as writer:
        for start in range(0, count, len(group)):
            writer.write_table(group.slice(0, min(len(group), count - start)))


def seconds(work: Callable[[], object]) -> float:
    """Return the wall time of a call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def compare(bundle: Bundle, source: Path, folder: Path) -> dict[str, float]:
    """Return the median rows per second of the bare pipeline and of `predict`, on 1 and 2 threads."""
    frame = pq.read_table(source).to_pandas()
    names = bundle.contract.schema.input_columns
    features = accept({n: frame[n] for n in names}, bundle.contract, "rows").features
    batches = [features.iloc[i : i + BATCH_ROWS] for i in range(0, len(features), BATCH_ROWS)]
    pipeline = bundle.predictor.pipeline
    bare = pipeline.predict_proba if hasattr(pipeline, "predict_proba") else pipeline.predict

    def call(workers: int) -> None:
        with ThreadPoolExecutor(workers) as pool:
            for _ in pool.map(bare, batches):
                pass

    def score(workers: int) -> None:
        score_file(bundle, source, folder / "out.parquet", Wanted(workers=workers))

    works: dict[str, Callable[[], object]] = {
        "bare pipeline, 1 thread": lambda: call(1),
        "predict, 1 thread": lambda: score(1),
        "bare pipeline, 2 threads": lambda: call(2),
        "predict, 2 threads": lambda: score(2),
    }
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(TURNS):
        for name, work in works.items():
            taken[name].append(seconds(work))
    return {name: len(frame) / statistics.median(values) for name, values in taken.items()}


# A process begins with the peak of the one that started it, so a small one stands between.
_PEAK = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""


def command(source: Path, output: Path) -> tuple[float, float]:
    """Run `python -m stages.predict`; return its seconds and its peak memory in MiB."""
    predict = [sys.executable, "-m", "stages.predict", "--input", source, "--output", output]
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, *map(str, predict)],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return time.perf_counter() - started, int(done.stdout) / 1024


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000, help="of the largest file")
    most = parser.parse_args().rows
    os.chdir(ROOT)
    params = parse_params(read_yaml(Path("params.yaml")))
    bundle = load_bundle(latest_bundle(Path("models/registry/latest.txt")))
    dropped = [params.data.target, *bundle.contract.schema.excluded]
    rows = pd.read_parquet(params.data.table).drop(columns=dropped)
    print(f"cores: {os.cpu_count()}; model: {bundle.meta['model']}, {len(rows.columns)} columns")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        sizes = [1, most // 10, most]
        for size in (*sizes, TURN_ROWS):
            write_rows(rows, folder / f"{size}.parquet", size)
        rates = compare(bundle, folder / f"{TURN_ROWS}.parquet", folder)
        alone = rates["bare pipeline, 1 thread"]
        for name, rate in rates.items():
            print(f"{name:26} {rate:11,.0f} rows/s   {rate / alone:.2f} of the bare pipeline")
        first = min(command(folder / "1.parquet", folder / "out.parquet")[0] for _ in range(3))
        print(f"start to a first scored row, written: {first:.2f} s")
        peaks = []
        for size in sizes[1:]:
            taken, peak = command(folder / f"{size}.parquet", folder / "out.parquet")
            peaks.append(peak)
            print(
                f"{size:12,} rows: {taken:7.1f} s, {size / taken:9,.0f} rows/s, peak {peak:,.0f} MiB"
            )
        print(f"peak memory, ratio of the last two: {peaks[1] / peaks[0]:.3f}")


if __name__ == "__main__":
    main()
