"""What a decision will look at beyond what it names."""

from sync.decisions import needs_of_decisions
from sync.operation import Operation, parse_operation
from sync.types import (
    ANGGOTA,
    KELUARGA,
    Claim,
    Conflict,
    ConflictKind,
    ConflictState,
    Decision,
    GroupValue,
    Json,
    Record,
    Stamp,
)

RECORD, TWIN, HERE, THERE = (f"01990000-0000-7000-8000-{n:012x}" for n in (1, 2, 3, 4))
QUESTION = "01990000-0000-5000-8000-000000000009"


def deciding(**resolve: Json) -> Operation:
    sent: dict[str, Json] = {"kind": "resolve", "entity": ANGGOTA, "id": RECORD, "source": "x"}
    operation = parse_operation(sent | {"resolve": resolve}, 1, server_lane=True)
    assert isinstance(operation, Operation)
    return operation


def claim(group: str, value: GroupValue) -> Claim:
    return Claim(group, value, Stamp(1, "lane", 1, None))


def question(
    *candidates: Claim, twin: str | None = None, decision: Decision | None = None
) -> Conflict:
    kind, state = ConflictKind.VALUE, ConflictState.OPEN
    return Conflict(QUESTION, RECORD, "nik", kind, state, 1, candidates, twin, None, decision)


def test_claims_name_families_and_numbers() -> None:
    asked = question(claim("parent", {"parent": HERE}), claim("nik", {"nik": "1"}), twin=TWIN)
    needs = needs_of_decisions([deciding(conflict=QUESTION)], [], [asked])
    assert needs.records == {HERE, TWIN}
    assert needs.niks == {"1"}


def test_an_undo_brings_back_what_was_judged_and_replaced() -> None:
    decision = Decision(
        "lane", 2, "current", (claim("nik", {"nik": "1"}),), "", (claim("nik", {"nik": "2"}),)
    )
    needs = needs_of_decisions([deciding(undo=QUESTION)], [], [question(decision=decision)])
    assert needs.niks == {"1", "2"}


def test_other_questions_are_left_alone() -> None:
    asked = question(claim("nik", {"nik": "1"}))
    assert needs_of_decisions([deciding(conflict=TWIN)], [], [asked]).niks == frozenset()


def test_a_number_that_was_typed_may_be_somebody_elses() -> None:
    operation = deciding(conflict=QUESTION, choice="value", value={"nik": "3", "no_kk": "4"})
    needs = needs_of_decisions([operation], [], [])
    assert needs.niks == {"3"}
    assert needs.no_kks == {"4"}


def test_parting_two_records_brings_back_what_the_first_one_had() -> None:
    before: dict[str, Json] = {
        "no_kk": {"value": {"no_kk": "5"}, "candidates": [{"value": {"no_kk": "6"}}, None]},
        "program": {"elements": {}},
        "odd": None,
    }
    created = Stamp(1, "lane", 1, None)
    merged = Record(
        "1802212001", RECORD, KELUARGA, None, RECORD, "", 1, created, {},
        alias=HERE, merged={"before": before},
    )  # fmt: skip
    others = [
        Record("1802212001", THERE, KELUARGA, None, THERE, "", 1, created, {}, merged={}),
        Record("1802212001", HERE, KELUARGA, None, HERE, "", 1, created, {}),
    ]
    needs = needs_of_decisions([deciding(separate=True)], [merged, *others], [])
    assert needs.no_kks == {"5", "6"}


def test_a_merge_without_what_was_before_needs_nothing() -> None:
    created = Stamp(1, "lane", 1, None)
    bare = Record("1802212001", RECORD, KELUARGA, None, RECORD, "", 1, created, {}, merged={})
    assert needs_of_decisions([deciding(separate=True)], [bare], []).no_kks == frozenset()
