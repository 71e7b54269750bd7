"""The list of a round: who is on it, what lists said of them, the village as it is frozen."""

from datetime import UTC, datetime

from sync.freezing import Judgements, Moved, frozen, moved
from sync.frozen import FrozenVillage, thaw
from sync.types import Json
from sync.village_round import ListStatement, VillageRound
from tests.builders import CHILD, FAMILY, MEASUREMENT, OTHER_FAMILY, OTHER_PERSON, PERSON, VISIT
from tests.sync.rounds import BEFORE, SINCE, a_head, a_record, a_round, a_row, on_list

NOON = datetime(2026, 11, 20, 5, tzinfo=UTC)
NOBODY = Judgements({}, frozenset())


def frozen_now(village: VillageRound, judgements: Judgements = NOBODY) -> FrozenVillage:
    return frozen(village, "2026-11", judgements, NOON)


def ids(village: VillageRound) -> list[str]:
    return [family.id for family in village.families]


# Who is on the list ---------------------------------------------------------------------------


def test_aliases_and_rows_entered_by_mistake_are_no_rows() -> None:
    alias = a_row(OTHER_FAMILY)._replace(alias=FAMILY)
    mistake = a_record("m", end={"end": "salah"})
    village = a_round(a_row(), alias, mistake, a_head("x", "m"))
    assert ids(village) == [FAMILY]
    assert village.canonical[OTHER_FAMILY] == FAMILY
    assert "x" not in village.family_of


def test_who_was_closed_in_an_earlier_round_is_not_asked_for_again() -> None:
    gone = a_record(OTHER_FAMILY, stated=BEFORE, end={"end": "pindah"})
    assert ids(a_round(a_row(), gone)) == [FAMILY]


def test_who_was_closed_in_this_round_stands_on_its_list() -> None:
    gone = a_record(OTHER_FAMILY, end={"end": "pindah"})
    village = a_round(a_row(), gone)
    assert ids(village) == [FAMILY, OTHER_FAMILY]
    assert village.families[1].has_outcome(village.opened_head)


def test_a_newer_list_that_names_the_gone_asks_for_them_once_more() -> None:
    gone = a_record(OTHER_FAMILY, stated=BEFORE, end={"end": "pindah"})
    again = ListStatement(OTHER_FAMILY, SINCE, False, {"sumber_daftar": "dtsen-2027"})
    assert ids(a_round(gone, lists=(on_list(OTHER_FAMILY), again))) == [OTHER_FAMILY]


def test_a_family_merged_twice_leads_to_the_record_that_is_there() -> None:
    first, second = a_row("a")._replace(alias="b"), a_row("b")._replace(alias=FAMILY)
    assert a_round(a_row(), first, second).canonical["a"] == FAMILY


def test_everything_beneath_a_family_is_found_by_its_id() -> None:
    visit = a_record(VISIT, "kunjungan", FAMILY, at=SINCE)
    measured = a_record(MEASUREMENT, "pengukuran", PERSON)
    village = a_round(a_row(), a_head(), visit, measured)
    beneath = (FAMILY, PERSON, VISIT, MEASUREMENT)
    assert {village.family_of[one] for one in beneath} == {FAMILY}


def test_a_visit_of_an_earlier_round_tells_nothing_of_this_one() -> None:
    refused = a_record(VISIT, "kunjungan", FAMILY, at=BEFORE, hasil="menolak")
    (family,) = a_round(a_row(), refused).families
    assert family.visits == ()
    assert family.found.outcome == "ditemukan"


# What the lists said --------------------------------------------------------------------------


def test_listed_is_who_a_list_brought_and_nobody_else() -> None:
    family, person = a_row(), a_head()
    village = a_round(family, person, lists=(on_list(FAMILY),))
    assert village.families[0].listed
    assert not village.families[0].people[0].listed


def test_a_proposal_and_a_matchs_answer_put_nobody_on_a_list() -> None:
    proposed = on_list(FAMILY, hasil="usulan_baru")
    matched = ListStatement(PERSON, SINCE, False, {"padan": "padan"})
    village = a_round(a_row(), a_head(), lists=(proposed, matched))
    assert not village.families[0].listed
    assert not village.families[0].people[0].listed


def test_a_record_that_was_merged_leaves_its_listing_to_the_one_that_is_there() -> None:
    alias = a_row(OTHER_FAMILY)._replace(alias=FAMILY)
    village = a_round(a_row(), alias, lists=(on_list(OTHER_FAMILY, alamat="JL. LAMA"),))
    assert village.families[0].listed
    assert village.families[0].was == {"alamat": "JL. LAMA"}


def test_was_is_what_the_last_list_said_where_the_village_found_something_else() -> None:
    first = on_list(PERSON, nama="CONTOHH", nik="1802210101900009", pekerjaan="petani")
    newer = ListStatement(PERSON, SINCE, False, {"nama": "CONTO", "tanggal_lahir": None})
    village = a_round(a_row(), a_head(), lists=(on_list(FAMILY), first, newer))
    person = village.families[0].people[0]
    assert person.was == {"nama": "CONTO", "nik": "1802210101900009"}


# Outcomes of the round ------------------------------------------------------------------------


def has(
    record_fields: dict[str, Json], *, at: int = BEFORE, stated: int = SINCE, **rest: Json
) -> bool:
    record = a_record(FAMILY, at=at, stated=stated, **record_fields)  # type: ignore[arg-type]
    lists = () if rest.get("unlisted") else (on_list(FAMILY),)
    visits = [a_record(VISIT, "kunjungan", FAMILY, at=SINCE, hasil="menolak")]
    village = a_round(record, *(visits if rest.get("refused") else ()), lists=lists)
    return village.families[0].has_outcome(village.opened_head)


def test_a_family_has_an_outcome_once_somebody_said_it_in_this_round() -> None:
    assert has({"hasil": "ditemukan"})
    assert not has({"hasil": "ditemukan"}, stated=BEFORE)
    assert not has({})
    assert has({}, refused=True)
    assert has({}, at=SINCE, unlisted=True)
    assert not has({}, at=BEFORE, unlisted=True)


def test_a_person_is_asked_for_in_every_round_and_who_was_added_was_seen() -> None:
    old = a_head(stated=BEFORE)
    gone = a_record(OTHER_PERSON, "anggota", FAMILY, end={"end": "meninggal"})
    added = a_record(CHILD, "anggota", FAMILY, at=SINCE, nama="CONTOH BARU")
    lists = (on_list(FAMILY), on_list(PERSON), on_list(OTHER_PERSON))
    village = a_round(a_row(), old, gone, added, lists=lists)
    said = {p.record.id: p.has_outcome(village.opened_head) for p in village.families[0].people}
    assert said == {PERSON: False, OTHER_PERSON: True, CHILD: True}


# Frozen ---------------------------------------------------------------------------------------


def test_a_round_freezes_to_lines_that_thaw_to_the_same() -> None:
    visit = a_record(VISIT, "kunjungan", FAMILY, at=SINCE, waktu="2026-11-02T10:00:00+07:00")
    measured = a_record(MEASUREMENT, "pengukuran", PERSON, berat_kg=11.0)
    village = a_round(a_row(), a_head(), visit, measured)
    decided = Judgements({FAMILY: {"decision": "layak"}}, frozenset({PERSON}))
    now = frozen_now(village, decided)
    assert not moved(thaw(now.body()), now)
    (family,) = now.families
    assert (family.listed, family.decision, family.rt) == (True, {"decision": "layak"}, "003/001")
    assert (family.members[0].twin_open, family.members[0].measurements[0].id) == (
        True,
        MEASUREMENT,
    )
    assert family.visits[0].id == VISIT
    assert (now.head, now.frozen_at) == (200, "2026-11-20T05:00:00+00:00")


def test_what_moved_since_is_named_by_family() -> None:
    before = frozen_now(a_round(a_row(), a_row("gone")))
    after = frozen_now(a_round(a_row(alamat="JL. BARU"), a_row("new")))
    assert moved(before, after) == Moved(added=("new",), removed=("gone",), changed=(FAMILY,))


def test_a_stamp_that_moved_alone_changes_nothing_that_is_signed() -> None:
    row = a_row()
    again = row._replace(seq=180, stamps={"hasil": (*row.stamps["hasil"],) * 2})
    assert not moved(frozen_now(a_round(row)), frozen_now(a_round(again)))


def test_a_chain_of_merges_without_an_end_is_followed_so_far_and_no_further() -> None:
    ring = [a_row(f"r{n}")._replace(alias=f"r{(n + 1) % 3}") for n in range(3)]
    assert ids(a_round(a_row(), *ring)) == [FAMILY]
