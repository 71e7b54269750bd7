"""Releasing from quarantine: the operation is what it was, and its lane has gone on."""

from datetime import UTC, datetime

from sync.batch import read_batch
from sync.clock import Captured
from sync.release import Released, ReleasePlan, ReleaseView, Waiting, Written, plan_release
from sync.types import ANGGOTA, END, KELUARGA, Json, Lane, Record, Stamp

DESA = "1802212001"
NOON = datetime(2026, 11, 3, 5, tzinfo=UTC)
FAMILY, OTHER, MEMBER = (f"01990000-0000-7000-8000-{n:012x}" for n in (1, 2, 3))
PHONE, SECOND = Lane("phone", DESA, 9), Lane("second", DESA, 9)
OFFICE = Lane("import", DESA, 9)
HEAD = 20


def a_family(record: str = FAMILY, **fields: Json) -> Record:
    created = Stamp(1, "import", 1, "2026-11-01")
    return Record(DESA, record, KELUARGA, None, record, "003/001", 1, created, fields)


def waiting(
    kind: str = "set",
    record: str = FAMILY,
    *,
    entity: str = KELUARGA,
    lane: Lane = PHONE,
    seq: int = 3,
    at: int = HEAD,
    **rest: Json,
) -> Waiting:
    """An operation of a phone as it lies in quarantine."""
    sent: dict[str, Json] = {"kind": kind, "entity": entity, "id": record, "base": 1}
    sent |= {"seq": seq, "mono": 1, "boot": "b", **rest}
    (incoming,) = read_batch([sent])
    return Waiting(lane, seq, incoming, Captured(NOON, "2026-11-03", "2026-11-03"), at)


def wrote(group: str, *, lane: Lane = PHONE, seq: int = 5, record: str = FAMILY) -> Written:
    return Written(lane, seq, record, group)


def released(*entries: Waiting, **view: object) -> ReleasePlan:
    told = {"records": (a_family(luas_lantai=30),), **view}
    return plan_release(ReleaseView(DESA, HEAD, **told), entries)  # type: ignore[arg-type]  # a view's own fields


def only(plan: ReleasePlan) -> Released:
    (result,) = plan.results
    return result


def test_it_merges_with_its_own_place_base_and_time() -> None:
    plan = released(waiting(set={"luas_lantai": 40}))
    assert only(plan).entry == {"outcome": "applied", "at": HEAD + 1}
    (record,) = plan.records
    assert record.fields == {"luas_lantai": 40}
    assert record.stamps["luas_lantai"] == (Stamp(HEAD + 1, "phone", 3, "2026-11-03"),)


def test_what_it_could_not_know_then_it_does_not_know_now() -> None:
    """A base beyond the feed of its day is no base, however far the feed has come since."""
    elsewhere = a_family(luas_lantai=30)._replace(
        stamps={"luas_lantai": (Stamp(6, "second", 2, "2026-11-03"),)}
    )
    late = waiting(set={"luas_lantai": 40}, base=15, at=10)
    assert only(released(late, records=(elsewhere,))).entry["outcome"] == "conflict"
    informed = waiting(set={"luas_lantai": 40}, base=8, at=10)
    assert only(released(informed, records=(elsewhere,))).entry["outcome"] == "applied"


def test_what_its_lane_has_said_since_stands() -> None:
    late = waiting(set={"luas_lantai": 40, "telepon": "0812"})
    plan = released(late, written=[wrote("luas_lantai")])
    assert only(plan).entry["groups"] == {
        "luas_lantai": {"outcome": "policy-lost"},
        "telepon": {"outcome": "applied"},
    }
    assert plan.records[0].fields == {"luas_lantai": 30, "telepon": "0812"}


def test_all_of_it_may_have_been_overtaken() -> None:
    plan = released(waiting(set={"luas_lantai": 40}), written=[wrote("luas_lantai")])
    assert only(plan).entry == {"outcome": "policy-lost", "group": "luas_lantai", "at": HEAD}
    assert plan.records == ()


def test_what_another_device_has_said_overtakes_nothing() -> None:
    late = waiting(set={"luas_lantai": 40})
    for other in (
        wrote("luas_lantai", lane=SECOND),
        wrote("luas_lantai", seq=2),
        wrote("luas_lantai", record=OTHER),
        wrote("telepon"),
    ):
        assert only(released(late, written=[other])).entry["outcome"] == "applied"


def test_the_next_incarnation_of_the_device_counts_as_its_lane() -> None:
    heir = Lane("heir", DESA, 4, known={"phone": 3})
    late = waiting(set={"luas_lantai": 40})
    plan = released(late, written=[wrote("luas_lantai", lane=heir, seq=1)])
    assert only(plan).entry["outcome"] == "policy-lost"
    stranger = Lane("stranger", DESA, 4, known={"phone": 2})
    plan = released(late, written=[wrote("luas_lantai", lane=stranger, seq=1)])
    assert only(plan).entry["outcome"] == "applied"


def test_an_end_of_its_lane_is_a_statement_about_all_of_the_record() -> None:
    plan = released(waiting(set={"luas_lantai": 40}), written=[wrote(END)])
    assert only(plan).entry["outcome"] == "policy-lost"
    assert plan.conflicts == ()


def test_sets_ends_and_moves_are_overtaken_alike() -> None:
    program = waiting(add={"program": ["pkh"]}, remove={"program_diusulkan": ["pkh"]})
    plan = released(program, written=[wrote("program"), wrote("program_diusulkan")])
    assert only(plan).entry["outcome"] == "policy-lost"
    closing = waiting("end", end="pindah", date="2026-11-01")
    assert only(released(closing, written=[wrote(END)])).entry["outcome"] == "policy-lost"


def test_words_sent_to_an_alias_overtake_what_is_sent_to_its_record() -> None:
    alias = a_family(OTHER)._replace(alias=FAMILY, merged={"before": {}, "children": []})
    late = waiting(set={"luas_lantai": 40})
    plan = released(late, records=(a_family(), alias), written=[wrote("luas_lantai", record=OTHER)])
    assert only(plan).entry["outcome"] == "policy-lost"


def test_who_was_allowed_to_say_it_is_not_asked_again() -> None:
    """Neither the RT nor the role: letting it in is what the reviewer has decided."""
    plan = released(waiting("create", OTHER, set={"rt": "009", "rw": "009"}), records=())
    assert only(plan).entry["outcome"] == "applied"
    assert plan.records[0].rt == "009/009"


def test_what_it_belongs_to_is_asked_again() -> None:
    member = waiting("create", MEMBER, entity=ANGGOTA, parent=OTHER, set={"nama": "Contoh"})
    assert only(released(member)).entry["problem"] == "parent-unknown"
    blocked = released(member, quarantined={OTHER: "phone:1"})
    assert only(blocked).entry["problem"] == "depends-on-quarantined"
    assert only(blocked).entry["cause"] == "phone:1"


def test_dependents_follow_in_order() -> None:
    family = waiting("create", OTHER, seq=1, set={"rt": "003", "rw": "001"})
    member = waiting("create", MEMBER, entity=ANGGOTA, seq=2, parent=OTHER, set={"nama": "A"})
    edit = waiting(record=OTHER, seq=3, set={"luas_lantai": 40})
    plan = released(family, member, edit, records=())
    assert [result.entry["outcome"] for result in plan.results] == ["applied"] * 3
    assert plan.head == HEAD + 2
    assert {result.entry["at"] for result in plan.results} == {HEAD + 2}


def test_a_create_that_is_refused_again_holds_its_dependents() -> None:
    family = waiting("create", OTHER, seq=1, set={"atap2": "seng"})
    edit = waiting(record=OTHER, seq=2, set={"luas_lantai": 40})
    plan = released(family, edit, records=())
    assert [result.is_merged for result in plan.results] == [False, False]
    assert [result.entry["problem"] for result in plan.results] == [
        "unknown-field",
        "depends-on-quarantined",
    ]
    assert plan.results[1].entry["cause"] == "phone:1"
    assert "at" not in plan.results[0].entry
    assert (plan.head, plan.records) == (HEAD, ())


def test_a_decision_is_never_overtaken() -> None:
    sent: dict[str, Json] = {"kind": "resolve", "entity": KELUARGA, "id": FAMILY, "base": 1}
    sent |= {"seq": 3, "source": "x", "resolve": {"conflict": OTHER, "version": 1}}
    (incoming,) = read_batch([sent], server_lane=True)
    late = Waiting(OFFICE, 3, incoming, Captured(NOON, "2026-11-03", None), HEAD)
    assert only(released(late)).entry["problem"] == "record-unknown"
