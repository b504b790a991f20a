"""Days, hours and zones: what is later than what, as far as one can know."""

import numpy as np
import pandas as pd
import pytest

from assay.proposal.moments import is_finer, later_rate, moments
from assay.proposal.profile import profile_table
from assay.proposal.roles import Asked, guess_roles

ROWS = 500
RNG = np.random.default_rng(0)
CREATED = pd.Series(
    pd.Timestamp("2024-03-01") + pd.to_timedelta(np.sort(RNG.uniform(0, 60 * 86_400, ROWS)), "s"),
    name="created_at",
).dt.floor("s")  # fmt: skip
DAY = CREATED.dt.floor("D")
LATER = CREATED + pd.Timedelta("3D")


def rate(then, now):
    return later_rate(moments(then.rename("then")), moments(now.rename("now")))


def roles_of(**columns):
    target = np.arange(ROWS) % 2
    frame = pd.DataFrame({**columns, "a": RNG.normal(size=ROWS), "target": target})
    return guess_roles(frame, profile_table(frame, frame), "target", "binary", Asked())


@pytest.mark.parametrize(
    "day", [DAY, DAY.dt.date.astype(object), DAY.dt.strftime("%Y-%m-%d")],
    ids=["midnight", "date", "text"],
)  # fmt: skip
def test_an_hour_of_the_same_day_is_not_later(day):
    assert rate(CREATED, day) == 0.0
    assert rate(day, CREATED) == 0.0
    assert rate(LATER, day) == 1.0
    assert rate(LATER.dt.floor("D"), CREATED) == 1.0


def test_hours_count_where_both_have_them():
    assert rate(CREATED + pd.Timedelta("1s"), CREATED) == 1.0
    assert rate(CREATED, CREATED) == 0.0


def test_a_clock_without_a_zone_is_not_later_than_utc():
    utc = CREATED.dt.tz_localize("UTC")
    for zone in ("Asia/Tokyo", "America/New_York", "Europe/Berlin"):
        local = utc.dt.tz_convert(zone).dt.tz_localize(None)
        assert rate(local, utc) == 0.0
        assert rate(utc, local) == 0.0
        assert rate(local + pd.Timedelta("3D"), utc) == 1.0
        # Both with a zone: known to the second.
        assert rate(utc.dt.tz_convert(zone) + pd.Timedelta("1s"), utc) == 1.0


def test_midnights_of_a_zone_are_days():
    berlin = CREATED.dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")
    assert not moments(berlin.dt.floor("D")).has_hours
    assert rate(berlin, berlin.dt.floor("D")) == 0.0
    assert rate(berlin + pd.Timedelta("2D"), berlin.dt.floor("D")) == 1.0


def test_missing_times_are_not_later():
    assert rate(LATER.where(LATER.index < 250), CREATED) == 1.0
    assert rate(LATER.where(LATER.index < 0), CREATED) == 0.0


def test_the_finer_of_two_times_of_one_day_is_found():
    assert is_finer(moments(CREATED), moments(DAY))
    assert not is_finer(moments(DAY), moments(CREATED))
    assert not is_finer(moments(LATER), moments(DAY))
    assert is_finer(moments(CREATED.dt.tz_localize("UTC")), moments(DAY))


def test_a_day_and_its_hour_are_one_time():
    for first in ("order_date", "created_at"):
        both = {"order_date": DAY, "created_at": CREATED}
        roles = roles_of(**{first: both.pop(first)}, **both)
        assert roles.time == "created_at"
        assert roles.excluded == {}
    roles = roles_of(order_date=DAY, updated_at=CREATED)
    assert roles.time == "order_date", "the name of what is known later is no decision"
    assert roles.excluded == {}


def test_what_is_days_later_than_a_day_is_excluded():
    roles = roles_of(order_date=DAY, shipped=LATER)
    assert roles.time == "order_date"
    assert "later than order_date in 100%" in roles.excluded["shipped"]


def test_local_clocks_beside_utc_are_features():
    utc = CREATED.dt.tz_localize("UTC")
    local = (CREATED + pd.Timedelta("9h")).rename("local_clock")
    assert roles_of(created_at=utc, local_clock=local).excluded == {}
    late = local + pd.Timedelta("2D")
    assert list(roles_of(created_at=utc, local_clock=late).excluded) == ["local_clock"]
