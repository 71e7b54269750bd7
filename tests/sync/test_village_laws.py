"""The laws of the merge where whole operations meet: groups, sets, ends and moves.

Limits: values of a record that has ended are those that had arrived before its `end`, so which of
two concurrent statements is shown in a closed record does depend on the order; the question that a
reviewer is asked does not. What was taken out of a set leaves no stamp, so a removal that arrived
before an `end` which did not know it is named in the question without saying what was removed.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations_with_replacement, product
from typing import NamedTuple

import pytest

from sync.merge import merge_elements
from sync.types import END, PARENT, ConflictKind, Lane, Stamp
from tests.builders import (
    FAMILY,
    OTHER_FAMILY,
    PERSON,
    Raw,
    a_family,
    a_move,
    a_person,
    a_persons_edit,
    an_edit,
    an_end,
    an_id,
    elements,
)
from tests.interleaving import interleavings
from tests.village import Village

THIRD_FAMILY = an_id(3)


class Said(NamedTuple):
    """An operation and the day it is about."""

    operation: Raw
    day: str = "2026-11-10"


Scripts = Mapping[str, Sequence[Said]]


@pytest.fixture(scope="module")
def village() -> Village:
    """Three families, one person, everything pulled by everybody at the beginning."""
    village = Village()
    office = village.office()
    office.push(
        a_family(FAMILY, nama_kepala_keluarga="Budi", program=["pkh"]),
        a_family(OTHER_FAMILY, nama_kepala_keluarga="Sari"),
        a_family(THIRD_FAMILY, nama_kepala_keluarga="Made", rt="004"),
        a_person(PERSON, nama="Ani", disabilitas=["fisik"]),
    )
    return village


def after(village: Village, scripts: Scripts, order: Sequence[int]) -> Village:
    """The village after the lanes' operations have arrived in that order."""
    village = village.copy()
    phones = [village.phone(name).pull() for name in scripts]
    for phone, said in zip(phones, scripts.values(), strict=True):
        for operation, day in said:
            phone.capture(operation, day=day)
    for index in order:
        phone = phones[index]
        phone.send(phone.outbox.pop(0))
    return village


def all_orders(village: Village, scripts: Scripts) -> list[Village]:
    lengths = [len(said) for said in scripts.values()]
    return [after(village, scripts, order) for order in interleavings(lengths)]


def live_values(village: Village, record: str, group: str) -> frozenset[object]:
    found = village.record(record)
    current = found.parent if group == PARENT else found.fields.get(group)
    proposed = [
        claim.value.get(group)
        for conflict in village.open_conflicts()
        if (conflict.record, conflict.group) == (record, group)
        for claim in conflict.candidates
    ]
    return frozenset([current, *proposed])


GROUPS = ("nama_kepala_keluarga", "jenis_atap_terluas")


def edits_of_two_groups() -> Iterable[Said]:
    for name, roof in product((None, "Bodi", "Budhi"), (None, "seng", "genteng")):
        stated = {GROUPS[0]: name, GROUPS[1]: roof}
        named = {group: value for group, value in stated.items() if value is not None}
        if named:
            yield Said(an_edit(**named), day="2026-11-11" if roof == "seng" else "2026-11-10")


def test_three_phones_on_two_groups_in_any_order_leave_the_same_claims(village: Village) -> None:
    # Who of the three says what makes no difference: they are alike.
    for said in combinations_with_replacement(list(edits_of_two_groups()), 3):
        scripts = {name: [one] for name, one in zip("ABC", said, strict=True)}
        ends = {
            tuple(live_values(one, FAMILY, group) for group in GROUPS)
            for one in all_orders(village, scripts)
        }
        assert len(ends) == 1, f"{said} end differently: {ends}"


def test_operations_on_disjoint_groups_commute(village: Village) -> None:
    scripts = {
        "A": [Said(an_edit(jenis_atap_terluas="seng")), Said(an_edit(luas_lantai=40))],
        "B": [Said(an_edit(nama_kepala_keluarga="Bodi"))],
        "C": [Said(elements(add=["bpnt"])), Said(an_edit(telepon="0811"))],
    }
    ends = all_orders(village, scripts)
    documents = [dict(one.fields(FAMILY)) for one in ends]
    assert all(document == documents[0] for document in documents)
    assert not any(one.conflicts for one in ends)


# Sets -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", [(), ("pkh",)])
@pytest.mark.parametrize("lengths", [(1, 1, 1), (2, 1, 1), (2, 2, 1)])
def test_an_element_is_there_or_not_whatever_the_order(
    lengths: Sequence[int], start: Sequence[str]
) -> None:
    orders = list(interleavings(lengths))
    creation = (Stamp(1, "office", 1, None),)
    before: dict[str, tuple[Stamp, ...]] = dict.fromkeys(start, creation)
    scripts = [list(product((0, 1), product((True, False), repeat=count))) for count in lengths]
    for writers in product(*scripts):
        ends = set()
        for order in orders:
            state, waiting = dict(before), [iter(enumerate(adds, 1)) for _, adds in writers]
            for seq, index in enumerate(order, 2):
                lane_seq, adds = next(waiting[index])
                add, remove = (["pkh"], []) if adds else ([], ["pkh"])
                stamp, lane = Stamp(seq, "ABC"[index], lane_seq, None), Lane("ABC"[index], "", 0)
                base = writers[index][0]
                _, state = merge_elements(state, stamp, lane, base, add=add, remove=remove)
            ends.add("pkh" in state)
        assert len(ends) == 1, f"{writers} end differently"


# Ends and edits ---------------------------------------------------------------------------------


class Question(NamedTuple):
    """What a reviewer is asked about a closed record."""

    is_ended: bool
    ends: frozenset[object]
    edits: frozenset[object]


def question_about(village: Village, record: str) -> Question:
    found = village.record(record)
    ends = [found.end] if found.end is not None else []
    edits: set[object] = set()
    for conflict in village.open_conflicts():
        if conflict.kind is ConflictKind.EDIT_AFTER_END:
            for group, value, stamp in conflict.candidates:
                is_set = set(value) == {"add", "remove"}
                edits.add((group, stamp.dot, None if is_set else str(value)))
        elif conflict.group == END:
            ends += [candidate.value for candidate in conflict.candidates]
        else:
            edits.add(("open", conflict.group))
    return Question(found.end is not None, frozenset(str(end) for end in ends), frozenset(edits))


def on_person(operation: Raw) -> Raw:
    return {**operation, "id": PERSON, "entity": "anggota"}


NAME = Said(a_persons_edit(nama="Anni"))
OTHER_NAME = Said(a_persons_edit(nama="Anie"))
JOB = Said(a_persons_edit(pekerjaan="pelajar_mahasiswa"), day="2026-11-10")
LATER_JOB = Said(a_persons_edit(pekerjaan="petani_pekebun"), day="2026-11-12")
THERE = Said(a_persons_edit(keberadaan="tinggal_bersama_keluarga"))
ABLE = Said(on_person(elements("disabilitas", remove=["fisik"])))
DISABLED = Said(on_person(elements("disabilitas", add=["mental"])))
MOVED = Said(a_move(to=OTHER_FAMILY))
TWO_GROUPS = Said(a_persons_edit(nama="Anni", pekerjaan="petani_pekebun"))
GONE = Said(on_person(an_end(end="pindah")))
DEAD = Said(on_person(an_end(end="meninggal")))
EDITS = (NAME, OTHER_NAME, JOB, LATER_JOB, THERE, ABLE, DISABLED, MOVED, TWO_GROUPS)


@pytest.mark.parametrize("end", [GONE, DEAD], ids=["gone", "dead"])
def test_an_end_and_an_edit_give_the_same_question_in_both_orders(
    village: Village, end: Said
) -> None:
    for edit in EDITS:
        first, second = all_orders(village, {"A": [end], "B": [edit]})
        assert question_about(first, PERSON) == question_about(second, PERSON)
        assert question_about(first, PERSON).is_ended
        assert len(first.question.candidates) in {1, 2}


@pytest.mark.parametrize("end", [GONE, DEAD], ids=["gone", "dead"])
def test_an_end_between_two_other_writers_gives_one_question(village: Village, end: Said) -> None:
    for edit, other in combinations_with_replacement(EDITS, 2):
        scripts = {"A": [end], "B": [edit], "C": [other]}
        questions = {question_about(one, PERSON) for one in all_orders(village, scripts)}
        assert len(questions) == 1, f"{edit} and {other} end differently: {questions}"


CLOSING = {
    "at-once": [GONE],
    "after-an-edit": [NAME, GONE],
    "by-death": [JOB, DEAD],
    "before-an-edit": [GONE, NAME],
}


@pytest.mark.parametrize("closing", CLOSING.values(), ids=CLOSING)
def test_an_end_among_lanes_that_go_on_speaking_gives_one_question(
    village: Village, closing: list[Said]
) -> None:
    pairs = [
        (NAME, OTHER_NAME),
        (JOB, LATER_JOB),
        (NAME, JOB),
        (DISABLED, MOVED),
        (ABLE, DISABLED),
        (THERE, NAME),
    ]
    for pair, other in product(pairs, (NAME, ABLE, DEAD)):
        scripts = {"A": closing, "B": pair, "C": [other]}
        questions = {question_about(one, PERSON) for one in all_orders(village, scripts)}
        assert len(questions) == 1, f"{pair} and {other} end differently: {questions}"


@pytest.mark.parametrize("second", [GONE, DEAD], ids=["alike", "different"])
def test_two_ends_and_an_edit_give_one_question(village: Village, second: Said) -> None:
    for edit in EDITS:
        for closing in ([GONE], [edit, GONE]):
            scripts = {"A": closing, "B": [second], "C": [edit]}
            questions = {question_about(one, PERSON) for one in all_orders(village, scripts)}
            assert len(questions) == 1, f"{closing} and {edit} end differently: {questions}"


# Moves ------------------------------------------------------------------------------------------


def test_three_moves_in_any_order_leave_the_same_families_to_choose_from(village: Village) -> None:
    targets = (OTHER_FAMILY, THIRD_FAMILY, FAMILY)
    for chosen in product(targets, repeat=3):
        scripts = {
            name: [Said(a_move(to=target))] for name, target in zip("ABC", chosen, strict=True)
        }
        ends = {live_values(one, PERSON, PARENT) for one in all_orders(village, scripts)}
        assert ends == {frozenset(chosen)}


def test_a_person_lies_where_the_family_lies_whatever_the_order(village: Village) -> None:
    scripts = {
        "A": [Said(a_move(to=THIRD_FAMILY))],
        "B": [Said(an_edit(THIRD_FAMILY, alamat="Jalan Kenanga", rt="005", rw="001"))],
    }
    for one in all_orders(village, scripts):
        assert one.record(PERSON).rt == "005/001"
