"""What is shown: the copy, the phone's own work over it, and rows in any order."""

import json
from dataclasses import replace
from itertools import permutations

import pytest
from lokus_client.fieldtable import FieldTable
from lokus_client.outbox import HeldOperation
from lokus_client.overlay import overlay
from lokus_client.rows import CopyRow, Departed, Missing, SentRow, next_step, read_row
from lokus_client.values import Json, JsonObject

from tests.clients.double import FIELDS

NAMES = ("entity", "field", "group", "class", "type")
TABLE = FieldTable.from_manifest({"fields": [dict(zip(NAMES, row, strict=True)) for row in FIELDS]})
HOME, OTHER, CHILD = "home", "other", "child"


def a_family(record: str = HOME, seq: int = 10, **fields: Json) -> CopyRow:
    doc: JsonObject = {"rt": "003", "rw": "001", **fields}
    return CopyRow("keluarga", record, "desa", seq, doc, rt="003/001")


def an_operation(
    kind: str, record: str = HOME, entity: str = "keluarga", **keys: Json
) -> HeldOperation:
    body = json.dumps({"kind": kind, "entity": entity, "id": record, **keys})
    return HeldOperation(
        1, "desa", "lane", 1, "hash", kind, entity, record, body, "pending", None, None
    )  # fmt: skip


def test_own_work_is_shown_over_the_copy_which_stays_as_it_is() -> None:
    row = a_family(luas_lantai=40)
    shown = overlay([row], [an_operation("set", set={"luas_lantai": 54})], TABLE)[HOME]
    assert shown.fields["luas_lantai"] == 54
    assert shown.pending
    assert row.doc["luas_lantai"] == 40


def test_a_group_is_stated_whole() -> None:
    row = a_family(alamat="Jalan Mawar", dusun="Satu", luas_lantai=40)
    shown = overlay([row], [an_operation("set", set={"dusun": "Dua"})], TABLE)[HOME]
    assert shown.fields == {"dusun": "Dua", "luas_lantai": 40}


def test_null_clears() -> None:
    shown = overlay(
        [a_family(luas_lantai=40)], [an_operation("set", set={"luas_lantai": None})], TABLE
    )
    assert "luas_lantai" not in shown[HOME].fields


def test_sets_are_shown_in_the_order_of_code_points() -> None:
    work = [
        an_operation("set", add={"program": ["pkh", "bpnt"]}),
        an_operation("set", remove={"program": ["bst"]}, add={"program": ["pbi"]}),
    ]
    shown = overlay([a_family(program=["bst"])], work, TABLE)[HOME]
    assert shown.fields["program"] == ["bpnt", "pbi", "pkh"]


def test_new_records_are_shown_under_their_parent_and_in_its_rt() -> None:
    work = [
        an_operation("create", CHILD, "anggota", set={"nama": "Rani"}, parent=HOME),
        an_operation("create", "weight", "pengukuran", set={"berat_kg": 11.5}, parent=CHILD),
    ]
    views = overlay([a_family()], work, TABLE)
    assert (views[CHILD].parent, views[CHILD].seq) == (HOME, 0)
    assert {view.rt for view in views.values()} == {"003/001"}


def test_work_on_a_record_that_left_shows_nothing() -> None:
    assert overlay([], [an_operation("set", set={"luas_lantai": 54})], TABLE) == {}


def test_closing_and_moving_are_shown() -> None:
    rows = [a_family(), a_family(OTHER), CopyRow("anggota", CHILD, "desa", 5, {}, parent=HOME)]
    work = [
        an_operation("end", HOME, end="salah"),
        an_operation("move", CHILD, "anggota", parent=OTHER),
    ]
    views = overlay(rows, work, TABLE)
    assert (views[HOME].ended, views[CHILD].parent) == ("salah", OTHER)


def test_work_on_an_alias_is_shown_on_its_target() -> None:
    rows = [a_family(), CopyRow("keluarga", OTHER, "desa", 11, {}, alias=HOME)]
    views = overlay(rows, [an_operation("set", OTHER, set={"luas_lantai": 9})], TABLE)
    assert views.keys() == {HOME}
    assert views[HOME].fields["luas_lantai"] == 9


# --- rows --------------------------------------------------------------------------------------


def applied(rows: list[SentRow]) -> CopyRow | None:
    """The copy of one record after these rows, in this order."""
    held: CopyRow | None = None
    departed: int | None = None
    for row in rows:
        match next_step(row, held, departed, desa="desa", fields=TABLE):
            case CopyRow() as now:
                held, departed = now, None
            case Departed() as gone:
                held, departed = None, gone.seq
            case Missing() | None:
                pass
    return held


WHOLE = SentRow("keluarga", HOME, 5, doc={"rt": "003", "rw": "001", "luas_lantai": 1})
LATER = SentRow("keluarga", HOME, 9, doc={"rt": "003", "rw": "001", "luas_lantai": 2})
GONE = SentRow("keluarga", HOME, 12, leaves=True)


@pytest.mark.parametrize("order", [*permutations([WHOLE, LATER, WHOLE])])
def test_whole_rows_converge_in_any_order(order: tuple[SentRow, ...]) -> None:
    assert applied([*order]) == applied([WHOLE, LATER])


@pytest.mark.parametrize("order", [*permutations([WHOLE, LATER, GONE])])
def test_a_row_that_left_is_not_brought_back_by_an_older_page(order: tuple[SentRow, ...]) -> None:
    assert applied([*order]) is None


def test_a_row_comes_back_at_the_very_seq_at_which_it_left() -> None:
    back = replace(LATER, seq=12)
    assert applied([WHOLE, GONE, back]) is not None


def test_a_change_of_an_unknown_record_is_missing_not_half_a_record() -> None:
    change = SentRow("keluarga", HOME, 9, assigned={"luas_lantai": 2})
    assert next_step(change, None, None, desa="desa", fields=TABLE) == Missing(HOME)


def test_marks_are_complete_in_every_row() -> None:
    marked = replace(WHOLE, review=("alamat",), ended="pindah")
    plain = SentRow("keluarga", HOME, 9, assigned={})
    held = applied([marked, plain])
    assert held is not None
    assert (held.review, held.ended) == ((), None)


def test_a_repair_replaces_what_an_undeclared_restore_left_behind() -> None:
    ahead = replace(a_family(seq=90), doc={})
    assert next_step(WHOLE, ahead, None, desa="desa", fields=TABLE) is None
    step = next_step(WHOLE, ahead, None, desa="desa", fields=TABLE, repairs=True)
    assert isinstance(step, CopyRow)
    assert step.seq == 5


@pytest.mark.parametrize(
    "raw", [{}, {"entity": "keluarga"}, {"id": 3, "seq": 1}, {"entity": "x", "id": "y", "seq": "1"}]
)
def test_what_is_no_row_is_passed_over(raw: JsonObject) -> None:
    assert read_row(raw) is None


def test_a_parent_is_read_wherever_it_stands() -> None:
    beside = read_row({"entity": "anggota", "id": "a", "seq": 1, "doc": {}, "parent": HOME})
    inside = read_row({"entity": "anggota", "id": "a", "seq": 1, "doc": {"parent": HOME}})
    assert beside == inside
    assert beside is not None
    assert beside.parent == HOME


def test_the_field_table_is_read_from_rows_or_from_groups() -> None:
    groups: JsonObject = {
        "keluarga": {"alamat": {"class": "identity", "fields": ["alamat", "dusun", "rw", "rt"]}}
    }
    table = FieldTable.from_manifest({"groups": groups})
    assert table.siblings("keluarga", "rt") == ("alamat", "dusun", "rw", "rt")
    assert FieldTable().siblings("keluarga", "rt") == ("rt",)
