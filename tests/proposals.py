"""Tables of different kinds, whose right params are known, and what is proposed for them."""

import numpy as np
import pandas as pd

from assay.proposal.propose import Proposal, Wishes, propose

TABLE = "data/processed/features.parquet"


def proposed(table: pd.DataFrame, **wishes) -> Proposal:
    return propose(table, TABLE, "row", Wishes(**wishes))


def churn(rows: int = 1200, seed: int = 0) -> pd.DataFrame:
    """One row per customer; the outcome is a text, and stands last."""
    rng = np.random.default_rng(seed)
    calls = rng.poisson(2, rows)
    leaves = rng.uniform(size=rows) < 1 / (1 + np.exp(3.5 - calls))
    return pd.DataFrame(
        {
            "customer_id": [f"C{number:06d}" for number in rng.permutation(rows)],
            "plan": rng.choice(["basic", "family", "pro"], rows),
            "zip": rng.choice([10115, 20095, 50667, 80331, 1067], rows),
            "service_calls": calls,
            "minutes": rng.gamma(3, 60, rows).round(1),
            "newsletter": np.where(rng.uniform(size=rows) < 0.2, None, "yes"),
            "currency": "EUR",
            "churn": np.where(leaves, "yes", "no"),
        }
    )


def orders(rows: int = 3000, customers: int = 300, seed: int = 1) -> pd.DataFrame:
    """One row per order; customers come back, and what is delivered later is known only later."""
    rng = np.random.default_rng(seed)
    placed = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.sort(rng.uniform(0, 365, rows)), "D")
    amount = rng.lognormal(3, 1, rows).round(2)
    return pd.DataFrame(
        {
            "order_id": np.arange(rows) + 50_000,
            "customer_id": rng.integers(0, customers, rows),
            "placed_at": placed,
            "delivered_at": placed + pd.to_timedelta(rng.integers(1, 9, rows), "D"),
            "amount": amount,
            "weight_kg": rng.gamma(2, 2, rows),
            "channel": rng.choice(["web", "app", "shop"], rows),
            "returned": (rng.uniform(size=rows) < 0.04 + 0.0004 * amount).astype("int64"),
        }
    )


def patients(count: int = 150, seed: int = 2) -> pd.DataFrame:
    """Some visits of each patient, without a time."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(count), rng.integers(2, 9, count))
    pressure = rng.normal(130, 15, len(patient)) + (patient % 7)
    return pd.DataFrame(
        {
            "patient_id": [f"P{number}" for number in patient],
            "age": 40 + patient % 40,
            "pressure": pressure,
            "diagnosis": np.where(
                pressure + rng.normal(0, 10, len(patient)) > 140, "positive", "negative"
            ),
        }
    ).sample(frac=1, random_state=0, ignore_index=True)


def sensors(rows: int = 2500, seed: int = 3) -> pd.DataFrame:
    """A reading an hour; the target is a number with a long tail."""
    rng = np.random.default_rng(seed)
    load = rng.normal(size=rows)
    return pd.DataFrame(
        {
            "timestamp": pd.date_range("2023-05-01", periods=rows, freq="h"),
            "load": load,
            "speed": rng.normal(1500, 20, rows),
            "consumption": np.exp(load + rng.normal(0, 0.3, rows)),
        }
    )


def penguins(rows: int = 344, seed: int = 4) -> pd.DataFrame:
    """Three species, with some missing values."""
    rng = np.random.default_rng(seed)
    species = rng.choice(["Adelie", "Chinstrap", "Gentoo"], rows, p=[0.45, 0.2, 0.35])
    mass = rng.normal(4000, 300, rows) + 900 * (species == "Gentoo")
    return pd.DataFrame(
        {
            "species": species,
            "island": rng.choice(["Biscoe", "Dream", "Torgersen"], rows),
            "mass": np.where(rng.uniform(size=rows) < 0.02, np.nan, mass),
            "year": rng.choice([2007, 2008, 2009], rows),
            "bill": rng.normal(40, 4, rows) + 6 * (species == "Chinstrap"),
        }
    )


KINDS = {
    "churn": churn, "orders": orders, "patients": patients, "sensors": sensors, "penguins": penguins
}  # fmt: skip
