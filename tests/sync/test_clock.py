"""When was it captured: exact within a boot, doubtful across boots, never simply believed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.clock import Anchor, BatchClock, Captured, Reception, capture, parse_clock
from sync.types import Json

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
LAST_SYNC = datetime(2026, 11, 10, 3, 0, tzinfo=UTC)
JAKARTA = ZoneInfo("Asia/Jakarta")
RECEPTION = Reception(NOW, LAST_SYNC, JAKARTA)
HOUR_MS = 3_600_000


def clock(wall: datetime | None = None) -> BatchClock:
    """A phone that is 100 hours up; its earlier boot ended when its counter stood at 10 hours."""
    anchors = {"before": Anchor(wall, 10 * HOUR_MS)} if wall is not None else {}
    return BatchClock("now", 100 * HOUR_MS, anchors)


def captured(
    batch: BatchClock | None,
    *,
    mono: int = 99 * HOUR_MS,
    boot: str = "now",
    observed: str | None = None,
    reception: Reception = RECEPTION,
) -> Captured:
    return capture(batch, reception, mono=mono, boot=boot, observed=observed)


def test_within_the_boot_of_the_batch_the_counter_is_exact() -> None:
    found = captured(clock())
    assert found.at == NOW - timedelta(hours=1)
    assert not found.is_suspect


def test_a_counter_that_runs_ahead_of_the_batch_is_now() -> None:
    assert captured(clock(), mono=101 * HOUR_MS).at == NOW


def test_another_boot_is_placed_by_its_anchor() -> None:
    wall = NOW - timedelta(days=2)
    found = captured(clock(wall), mono=9 * HOUR_MS, boot="before")
    assert found.at == wall - timedelta(hours=1)
    assert not found.is_suspect


@pytest.mark.parametrize(
    ("off_by", "is_suspect"),
    [
        (timedelta(hours=24), False),
        (timedelta(hours=24, seconds=1), True),
    ],
)
def test_a_wall_clock_is_moved_into_what_is_possible_and_doubted_beyond_a_day(
    off_by: timedelta, is_suspect: bool
) -> None:
    ahead = captured(clock(NOW + off_by), mono=10 * HOUR_MS, boot="before")
    assert (ahead.at, ahead.is_suspect) == (NOW, is_suspect)
    behind = captured(clock(LAST_SYNC - off_by), mono=10 * HOUR_MS, boot="before")
    assert (behind.at, behind.is_suspect) == (LAST_SYNC, is_suspect)


def test_a_last_sync_in_the_future_bounds_nothing() -> None:
    strange = Reception(NOW, NOW + timedelta(days=9), JAKARTA)
    assert captured(clock(NOW), mono=10 * HOUR_MS, boot="before", reception=strange).at == NOW


@pytest.mark.parametrize(
    ("batch", "boot", "mono"),
    [
        (None, "now", 0),
        (clock(), "unheard of", 0),
        (BatchClock("now", 2**53, {}), "now", -(2**53)),
        (clock(NOW), "before", 2**60),
        (clock(datetime.max.replace(tzinfo=UTC)), "before", 11 * HOUR_MS),
    ],
    ids=["no clock", "no anchor", "absurd counter", "absurd difference", "beyond the calendar"],
)
def test_without_a_usable_clock_it_is_now_and_nothing_vouches_for_it(
    batch: BatchClock | None, boot: str, mono: int
) -> None:
    found = captured(batch, boot=boot, mono=mono)
    assert (found.at, found.is_suspect) == (NOW, True)


def test_a_server_lane_captures_on_receipt() -> None:
    found = capture(None, RECEPTION, mono=None, boot=None, observed="2026-11-03")
    assert found == Captured(NOW, "2026-11-03", "2026-11-03")


def test_the_observed_day_is_the_day_of_capture_in_the_kabupatens_zone() -> None:
    late = Reception(datetime(2026, 11, 20, 18, 0, tzinfo=UTC), LAST_SYNC, JAKARTA)
    found = captured(clock(), mono=100 * HOUR_MS, reception=late)
    assert found.observed == "2026-11-21", "it is past midnight in Lampung"


def test_a_stated_day_is_taken_as_it_is() -> None:
    assert captured(clock(), observed="2026-11-03").vouched == "2026-11-03"


@pytest.mark.parametrize(
    ("observed", "is_suspect"),
    [("2026-11-20", False), ("2026-11-21", True), ("2026-01-01", False), ("2025-12-31", True)],
)
def test_a_day_after_receipt_or_before_the_campaign_decides_nothing(
    observed: str, is_suspect: bool
) -> None:
    campaign = Reception(NOW, LAST_SYNC, JAKARTA, date(2026, 1, 1))
    found = captured(clock(), observed=observed, reception=campaign)
    assert found.observed == observed, "it is still shown"
    assert found.is_suspect == is_suspect


def test_a_suspect_clock_vouches_for_no_day_even_a_stated_one() -> None:
    assert captured(None, observed="2026-11-03").vouched is None


# As it comes over the wire ----------------------------------------------------------------------

WIRE: dict[str, Json] = {
    "wall": "2026-11-03T18:02:11+07:00",
    "mono": 91900000,
    "boot": "b7",
    "boots": {
        "b7": {"wall": "2026-11-03T18:02:11+07:00", "mono": 91900000},
        "b6": {"wall": "2026-11-01T08:00:00Z", "mono": 5},
    },
}


def test_a_clock_is_read_with_all_its_anchors() -> None:
    assert parse_clock(WIRE) == BatchClock(
        "b7",
        91900000,
        {
            "b7": Anchor(datetime(2026, 11, 3, 11, 2, 11, tzinfo=UTC), 91900000),
            "b6": Anchor(datetime(2026, 11, 1, 8, 0, tzinfo=UTC), 5),
        },
    )


@pytest.mark.parametrize(
    "raw",
    [None, [], "now", {}, {**WIRE, "boot": 7}, {**WIRE, "mono": "7"}, {**WIRE, "mono": True}],
)
def test_a_clock_that_cannot_be_read_is_none(raw: object) -> None:
    assert parse_clock(raw) is None


@pytest.mark.parametrize(
    "anchor",
    [
        None,
        7,
        {},
        {"wall": 7, "mono": 1},
        {"wall": "2026-11-03T18:02:11+07:00", "mono": 1.5},
        {"wall": "2026-11-03T18:02:11", "mono": 1},
        {"wall": "yesterday", "mono": 1},
        {"wall": "0001-01-01T00:00:00+07:00", "mono": 1},
    ],
)
def test_an_anchor_that_cannot_be_read_is_left_out(anchor: object) -> None:
    parsed = parse_clock({**WIRE, "boots": {"b6": anchor}})
    assert parsed == BatchClock("b7", 91900000, {})


def test_boots_that_cannot_be_read_leave_the_counter_of_the_batch() -> None:
    assert parse_clock({**WIRE, "boots": "b7"}) == BatchClock("b7", 91900000, {})


@given(
    st.integers(-(2**53), 2**53),
    st.integers(-(2**53), 2**53),
    st.datetimes(timezones=st.just(UTC)),
    st.sampled_from(["now", "before", "never"]),
)
def test_whatever_a_phone_says_lies_between_its_last_sync_and_now_or_is_exact(
    mono: int, batch_mono: int, wall: datetime, boot: str
) -> None:
    batch = BatchClock("now", batch_mono, {"before": Anchor(wall, 0)})
    found = captured(batch, mono=mono, boot=boot)
    assert found.at <= NOW
    if boot != "now":
        assert found.at >= LAST_SYNC
    assert found.vouched in {None, found.observed}
