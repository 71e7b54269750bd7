"""Replaying a log: the same register again, and what is odd about a log that was changed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from sync.batch import read_batch
from sync.clock import Captured
from sync.replay import HEAD_GAP, Logged, Replayed, replay
from sync.types import KELUARGA, Json, Lane

DESA = "1802212001"
NOON = datetime(2026, 11, 3, 5, tzinfo=UTC)
FAMILY = "01990000-0000-7000-8000-000000000001"
LANES = (Lane("a", DESA, 9), Lane("b", DESA, 9))


def logged(
    seq: int = 1,
    at: int = 1,
    *,
    lane: str = "a",
    outcome: str = "applied",
    entry: dict[str, Json] | None = None,
    order: str = "",
    **sent: Json,
) -> Logged:
    """An operation of the log; a `create` of the family unless `sent` says another."""
    told: dict[str, Json] = {"kind": "create", "entity": KELUARGA, "id": FAMILY, "base": 0}
    told |= {"mono": 1, "boot": "b", "seq": seq, **sent}
    (incoming,) = read_batch([told])
    captured = Captured(NOON, "2026-11-03", "2026-11-03")
    answer = entry or {"outcome": outcome}
    return Logged(lane, seq, "phone", incoming.hash, incoming, captured, at, answer, order)


def edit(
    seq: int, at: int, value: int, *, base: int = 0, lane: str = "a", outcome: str = "applied"
) -> Logged:
    return logged(
        seq, at, lane=lane, outcome=outcome, kind="set", base=base, set={"luas_lantai": value}
    )


def again(log: Sequence[Logged], lanes: Sequence[Lane] = LANES) -> Replayed:
    return replay(DESA, lanes, log)


def test_records_follow_from_their_log_whatever_its_order_in_the_table() -> None:
    log = [logged(), edit(2, 2, 30), edit(1, 3, 40, base=2, lane="b")]
    told = again(log)
    assert told == again(log[::-1])
    assert told.strange == ()
    record = told.records[FAMILY]
    assert (record.seq, record.fields) == (3, {"luas_lantai": 40})
    assert [stamp.lane for stamp in record.stamps["luas_lantai"]] == ["b"]


def test_conflicts_follow_too_with_what_waits_for_a_reviewer() -> None:
    log = [logged(), edit(2, 2, 30), edit(1, 3, 40, base=1, lane="b", outcome="conflict")]
    told = again(log)
    (conflict,) = told.conflicts.values()
    assert conflict.is_open
    assert told.records[FAMILY].review == ("luas_lantai",)


def test_what_waits_in_quarantine_has_changed_nothing() -> None:
    log = [logged(), edit(2, 1, 30, outcome="quarantined")]
    assert again(log).records[FAMILY].fields == {}


def test_a_released_operation_takes_effect_where_its_answer_says() -> None:
    late = replace(edit(2, 1, 30), entry={"outcome": "applied", "at": 3})
    log = [logged(), late, edit(1, 2, 40, base=1, lane="b")]
    told = again([*log[:2], replace(log[2], entry={"outcome": "applied"})])
    assert told.records[FAMILY].seq == 3
    assert told.conflicts


def test_what_its_lane_had_said_before_a_release_is_remembered() -> None:
    late = replace(edit(2, 1, 30), entry={"outcome": "policy-lost", "at": 2})
    told = again([logged(), late, edit(3, 2, 50)])
    assert told.strange == ()
    assert told.records[FAMILY].fields == {"luas_lantai": 50}


def test_two_transactions_at_one_position_are_told_apart_by_what_they_did() -> None:
    """The second changed nothing, and came within the same tick of the clock."""
    early = edit(1, 2, 20, base=1, lane="b")
    yesterday = Captured(NOON, "2026-11-01", "2026-11-01")
    loser = replace(edit(2, 2, 10, base=1, outcome="policy-lost"), captured=yesterday)
    told = again([logged(), loser, early])
    assert told.strange == ()
    assert told.records[FAMILY].fields == {"luas_lantai": 20}


def test_a_new_epoch_leaves_a_gap() -> None:
    told = again([logged(), edit(2, HEAD_GAP + 2, 30)])
    assert told.strange == ()
    assert told.records[FAMILY].seq == HEAD_GAP + 2


def test_a_base_from_nowhere_knows_nothing() -> None:
    told = again([logged(), edit(2, 2, 30), edit(1, 3, 40, base=99, lane="b", outcome="conflict")])
    assert told.strange == ()


def test_what_a_transaction_reaches_by_itself_is_no_base_for_it() -> None:
    """A phone from before a restore names a number that only this very batch has brought."""
    other = "01990000-0000-7000-8000-000000000002"
    batch = [logged(1, 4, lane="b", id=other), edit(2, 4, 40, base=3, lane="b", outcome="conflict")]
    told = again([logged(), edit(2, 2, 30), *batch])
    assert told.strange == ()
    assert told.conflicts


def test_an_operation_that_came_again_is_known_from_then_on_only() -> None:
    """Lane b repeats what lane a said; only after that does b know it."""
    lanes = (LANES[0], LANES[1]._replace(extra=frozenset({("a", 2)})))
    said = edit(2, 2, 30)
    before = edit(1, 3, 40, base=1, lane="b", outcome="conflict")
    repeated = replace(said, lane="b", seq=2, at=3, entry={"outcome": "duplicate"})
    told = again([logged(), said, before, repeated], lanes)
    assert told.strange == ()
    after = replace(before, seq=3, at=4, entry={"outcome": "applied"})
    told = again([logged(), said, replace(repeated, seq=1), replace(after, seq=2, at=3)], lanes)
    assert told.strange == ()


def strange(log: Sequence[Logged], lanes: Sequence[Lane] = LANES) -> dict[str, str]:
    return dict(again(log, lanes).strange)


def test_a_log_with_a_missing_operation_does_not_explain_the_feed() -> None:
    assert strange([logged(), edit(3, 5, 30)]) == {"5": "the log explains changes up to 2 only"}


def test_an_operation_of_a_lane_that_is_gone_is_odd() -> None:
    told = strange([logged()], lanes=[LANES[1]])
    assert told["a:1"] == "its lane is not there"
    repeated = replace(logged(), lane="c", seq=2, at=0, entry={"outcome": "duplicate"})
    assert strange([logged(), repeated])["c:2"] == "its lane is not there"


def test_a_repetition_of_nothing_is_odd() -> None:
    repeated = logged(1, 0, outcome="duplicate")
    assert strange([repeated])["a:1"] == "it repeats an operation that is not in the log"


def test_an_operation_that_cannot_have_been_merged_is_odd() -> None:
    unreadable = logged(2, 1, kind="set", base=1, set={"atap2": "seng"})
    assert "unknown-field" in strange([logged(), unreadable])["a:2"]
    assert "record-unknown" in strange([edit(1, 0, 30)])["a:1"]


def test_an_answer_that_does_not_follow_is_odd() -> None:
    assert strange([logged(), edit(2, 2, 30, outcome="no-op")]) == {
        "a:2": "its answer was no-op, again it is applied"
    }
