"""What an operation said, as everybody who reads the log again understands it."""

from sync.operation import Operation, parse_operation
from sync.statements import group_outcome, landed_at, statements
from sync.types import Json

FAMILY = "01990000-0000-7000-8000-000000000001"
MEMBER = "01990000-0000-7000-8000-000000000002"


def parsed(kind: str, entity: str = "keluarga", **rest: Json) -> Operation:
    sent: dict[str, Json] = {"kind": kind, "entity": entity, "id": MEMBER, "base": 1}
    operation = parse_operation(sent | {"mono": 1, "boot": "b", **rest}, 1)
    assert isinstance(operation, Operation)
    return operation


def test_groups_come_whole_with_what_was_named() -> None:
    said = statements(parsed("set", set={"rt": "003", "rw": "001", "luas_lantai": None}))
    assert said == {"alamat": {"rt": "003", "rw": "001"}, "luas_lantai": {}}


def test_sets_are_added_to_and_taken_from() -> None:
    said = statements(parsed("set", add={"program": ["pkh"]}, remove={"kriteria": []}))
    assert said == {
        "program": {"add": ["pkh"], "remove": []},
        "kriteria": {"add": [], "remove": []},
    }


def test_parents_and_ends_are_groups_of_their_own() -> None:
    assert statements(parsed("move", "anggota", parent=FAMILY)) == {"parent": {"parent": FAMILY}}
    assert statements(parsed("end", end="pindah", date="2026-11-01")) == {
        "end": {"end": "pindah", "date": "2026-11-01"}
    }


def test_the_outcome_of_a_group_is_its_own_or_that_of_all() -> None:
    entry: dict[str, Json] = {"outcome": "conflict", "groups": {"nik": {"outcome": "conflict"}}}
    assert group_outcome(entry, "nik") == "conflict"
    assert group_outcome({"outcome": "applied"}, "nik") == "applied"
    assert group_outcome(entry, "nama") == "conflict"


def test_a_released_operation_landed_where_its_answer_says() -> None:
    assert landed_at({"outcome": "applied"}, 7) == 7
    assert landed_at({"outcome": "applied", "at": 9}, 7) == 9
    assert landed_at({"outcome": "duplicate", "at": 9}, 7) == 7
