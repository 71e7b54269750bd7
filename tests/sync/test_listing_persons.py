"""Rows about single persons: whose they are, and what they do not do twice."""

from collections.abc import Sequence
from datetime import date
from itertools import count

import pytest

from sync.listed import ListedGrowth, ListedMatch, ListSource
from sync.listing_persons import (
    SEVERAL_CHILDREN,
    UNKNOWN_CHILD,
    UNKNOWN_NIK,
    Child,
    PersonsView,
    plan_growth,
    plan_match,
)
from sync.listing_plan import Issue, ListingPlan, Remark, Verdict
from sync.types import ANGGOTA, PENGUKURAN, Json, Record, Stamp
from tests.builders import CHILD, DESA, FAMILY, NIK, OTHER_PERSON, PERSON, an_id

LISTS = frozenset({"lists"})
SOURCE = ListSource("eppgbm_ekspor", "e-PPGBM", "2024", date(2026, 10, 1))
ISSUE = Issue(SOURCE, an_id(1), "2026-10-01")
BORN = "2024-05-01"
WEIGHED: dict[str, Json] = {"tanggal": "2026-10-05", "berat_kg": 11.2, "tinggi_cm": 84}


def a_record(
    record: str, entity: str = ANGGOTA, *, alias: str | None = None, **fields: Json
) -> Record:
    created = Stamp(1, "lists", 1, None)
    parent = FAMILY if entity == ANGGOTA else CHILD
    return Record(
        DESA, record, entity, parent, FAMILY, "", 1, created, fields, alias=alias,
    )  # fmt: skip


def a_weighing(row: int = 2, *, lila: float | None = None, **person: Json) -> ListedGrowth:
    told: dict[str, Json] = {"nama": "Anak", "tanggal_lahir": BORN, **person}
    return ListedGrowth("timbang.csv", row, DESA, told, {**WEIGHED, "lila_cm": lila}, {})


def an_answer(padan: str = "padan", **fields: Json) -> ListedMatch:
    return ListedMatch("padan.csv", 2, "", NIK, padan, fields, {})


def grow(*rows: ListedGrowth, people: Sequence[Record], **view: object) -> ListingPlan:
    seen = PersonsView(LISTS, people, **view)  # type: ignore[arg-type] # of the test's choosing
    return plan_growth(ISSUE, seen, rows, set(), (an_id(n) for n in count(500)))


def verdicts(plan: ListingPlan) -> list[Verdict]:
    return [one.verdict for one in plan.judged]


def test_a_measurement_is_created_under_the_bearer_of_the_nik() -> None:
    plan = grow(a_weighing(nik=NIK), people=[a_record(CHILD, nik=NIK)])
    (operation,) = plan.operations
    assert (operation["kind"], operation["parent"]) == ("create", CHILD)
    assert operation["set"] == WEIGHED, "an empty cell is no value"
    assert operation["observed"] == "2026-10-05"


def test_the_same_measurement_is_entered_once_whoever_entered_it() -> None:
    child = a_record(CHILD, nik=NIK)
    twice = grow(a_weighing(nik=NIK), a_weighing(3, nik=NIK), people=[child])
    assert verdicts(twice) == [Verdict.NEW, Verdict.SAME]
    known = [a_record(an_id(31), PENGUKURAN, tanggal="2026-10-05", berat_kg=11.2, tinggi_cm=84)]
    again = grow(a_weighing(nik=NIK), people=[child], measurements=known)
    assert verdicts(again) == [Verdict.SAME]


def test_a_child_without_a_number_is_told_apart_by_its_mother() -> None:
    people = [a_record(CHILD), a_record(OTHER_PERSON)]
    named = {("anak", BORN): [Child(CHILD, "siti"), Child(OTHER_PERSON, "sri")]}
    plan = grow(a_weighing(nama_orang_tua="Sri"), people=people, children=named)
    assert plan.judged[0].record == OTHER_PERSON
    plan = grow(a_weighing(), a_weighing(3, nama="Lain"), people=people, children=named)
    assert [row.reason for row in plan.refused] == [SEVERAL_CHILDREN, UNKNOWN_CHILD]


def test_a_father_s_name_does_not_hide_the_only_child_of_that_name() -> None:
    named = {("anak", BORN): [Child(CHILD, "siti")]}
    plan = grow(a_weighing(nama_orang_tua="Budi"), people=[a_record(CHILD)], children=named)
    assert verdicts(plan) == [Verdict.NEW]


@pytest.mark.parametrize("nik", [NIK, None])
def test_a_child_that_was_merged_is_the_one_it_was_merged_into(nik: str | None) -> None:
    people = [a_record(OTHER_PERSON, alias=CHILD, nik=NIK), a_record(CHILD)]
    named = {("anak", BORN): [Child(OTHER_PERSON, "")]}
    plan = grow(a_weighing(nik=nik), people=people, children=named)
    assert plan.judged[0].record == CHILD


def test_an_answer_is_noted_with_the_day_on_which_it_was_new() -> None:
    person = a_record(PERSON, nik=NIK, nama="Sutrisno")
    plan = plan_match(ISSUE, PersonsView(LISTS, [person]), [an_answer(nama="SUTRISNO")])
    (operation,) = plan.operations
    assert operation["set"] == {"padan": "padan", "padan_tanggal": "2026-10-01"}
    assert plan.remarks == []
    known = a_record(PERSON, nik=NIK, padan="padan", padan_tanggal="2026-01-01")
    assert plan_match(ISSUE, PersonsView(LISTS, [known]), [an_answer()]).operations == []


def test_an_answer_takes_over_what_the_office_had_noted_before() -> None:
    noted = a_record(PERSON, nik=NIK, padan="tidak padan")
    by_hand = Record(**{
        **noted._asdict(),
        "stamps": {"padan": (Stamp(7, "office", 1, None),)}, "seq": 7,
    })  # fmt: skip
    (operation,) = plan_match(ISSUE, PersonsView(LISTS, [by_hand]), [an_answer()]).operations
    assert operation["base"] == 7


def test_a_name_that_hardly_resembles_is_remarked_and_an_unknown_nik_refused() -> None:
    person = a_record(PERSON, nik=NIK, nama="Sutrisno")
    plan = plan_match(ISSUE, PersonsView(LISTS, [person]), [an_answer(nama="KARTIKA DEWI")])
    assert [one.remark for one in plan.remarks] == [Remark.NAME_DIFFERS]
    plan = plan_match(ISSUE, PersonsView(LISTS), [an_answer()])
    assert [row.reason for row in plan.refused] == [UNKNOWN_NIK]
