"""Several batches of one transaction, decided one after the other over the same workspace.

Each has to end as if the plan before it had been stored and the village loaded again. That every
push of a `Village` does so is seen to there; here histories are invented for it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.batch import Incoming, read_batch
from sync.push import Hole, plan_push
from sync.workspace import Workspace
from tests.builders import (
    DESA,
    FAMILY,
    MEASUREMENT,
    NIK,
    NO_KK,
    OTHER_FAMILY,
    OTHER_NIK,
    OTHER_PERSON,
    PERSON,
    VISIT,
    Raw,
    a_death,
    a_family,
    a_measurement,
    a_move,
    a_person,
    a_persons_edit,
    a_twin,
    a_visit,
    an_edit,
    an_end,
    an_id,
    elements,
)
from tests.village import Phone, Village

LANES = ("A", "B", "office")
FAMILIES = st.sampled_from((FAMILY, OTHER_FAMILY, an_id(3)))
PERSONS = st.sampled_from((PERSON, OTHER_PERSON, an_id(13), an_id(14)))
NIKS = st.sampled_from((NIK, OTHER_NIK))
NAMES = st.sampled_from(("Budi", "Bodi", "Sari"))

Said = Callable[[Village], Raw]
"""An operation once it is clear which questions are open."""


def known(operation: st.SearchStrategy[Raw]) -> st.SearchStrategy[Said]:
    return operation.map(lambda raw: lambda _village: raw)


def an_address(record: str, rt: str) -> Raw:
    return an_edit(record, alamat=f"Gang {rt}", rt=rt, rw="001")


def a_decision(record: str, entity: str, **decision: object) -> Raw:
    return {"kind": "resolve", "entity": entity, "id": record, "resolve": {**decision}}  # type: ignore[dict-item]  # every value is JSON


def an_answer(number: int, choice: str) -> Said:
    """Answer one of the questions that there are, or take the answer back."""

    def said(village: Village) -> Raw:
        if not village.conflicts:
            return an_edit(nama_kepala_keluarga="Made")
        asked = sorted(village.conflicts.values(), key=lambda conflict: conflict.id)
        one = asked[number % len(asked)]
        entity = village.record(one.record).entity
        if choice == "undo":
            return a_decision(one.record, entity, undo=one.id, reason="asked at the door")
        return a_decision(
            one.record, entity, conflict=one.id, version=one.version, choice=choice, reason="seen"
        )

    return said


BY_PHONES = st.one_of(
    known(st.builds(a_family, FAMILIES, no_kk=st.sampled_from((NO_KK, None)))),
    known(st.builds(lambda r, f, nik: a_twin(r, family=f, nik=nik), PERSONS, FAMILIES, NIKS)),
    known(st.builds(lambda r, f: a_person(r, family=f, nama="Ani"), PERSONS, FAMILIES)),
    known(st.builds(lambda f: a_visit(VISIT, family=f, hasil="selesai"), FAMILIES)),
    known(st.builds(lambda p: a_measurement(MEASUREMENT, person=p), PERSONS)),
    known(st.builds(lambda f, name: an_edit(f, nama_kepala_keluarga=name), FAMILIES, NAMES)),
    known(st.builds(an_address, FAMILIES, st.sampled_from(("003", "004")))),
    known(
        st.builds(lambda p, name, nik: a_persons_edit(p, nama=name, nik=nik), PERSONS, NAMES, NIKS)
    ),
    known(st.builds(lambda f: elements(add=["pkh"], record=f), FAMILIES)),
    known(st.builds(lambda f: elements(remove=["pkh"], record=f), FAMILIES)),
    known(st.builds(an_end, FAMILIES)),
    known(st.builds(a_death, PERSONS)),
    known(st.builds(lambda p, f: a_move(p, to=f), PERSONS, FAMILIES)),
)
BY_REVIEWERS = st.one_of(
    st.builds(an_answer, st.integers(0, 5), st.sampled_from(("current", "candidate", "undo"))),
    known(st.builds(lambda p, q: a_decision(p, "anggota", merge=q), PERSONS, PERSONS)),
    known(st.builds(lambda p: a_decision(p, "anggota", separate=True), PERSONS)),
)


class Sent(NamedTuple):
    """What one lane sends at once, and whether it has seen the village before."""

    lane: str
    pulls: bool
    said: tuple[Said, ...]


def batches(least: int, most: int) -> st.SearchStrategy[list[Sent]]:
    by_phones = st.lists(BY_PHONES, min_size=1, max_size=4).map(tuple)
    by_anybody = st.lists(BY_PHONES | BY_REVIEWERS, min_size=1, max_size=4).map(tuple)
    sent = st.builds(Sent, st.sampled_from(LANES[:2]), st.booleans(), by_phones) | st.builds(
        Sent, st.just(LANES[2]), st.just(True), by_anybody
    )
    return st.lists(sent, min_size=least, max_size=most)


def a_beginning() -> Village:
    """Two families of which one has a person, with all three lanes open."""
    village = Village()
    village.office().push(
        a_family(FAMILY, nama_kepala_keluarga="Budi", no_kk=NO_KK, program=["pkh"]),
        a_family(OTHER_FAMILY, rt="004"),
        a_twin(PERSON, nama="Ani"),
    )
    return village


def lane_of(village: Village, name: str) -> Phone:
    return village.office() if name == "office" else village.phone(name)


def captured(village: Village, phone: Phone, sent: Sent) -> tuple[Incoming, ...]:
    """The batch, behind those that wait in the same lane."""
    waiting = len(phone.outbox)
    (phone.pull() if sent.pulls else phone).capture(*(one(village) for one in sent.said))
    return read_batch(phone.outbox[waiting:], server_lane=phone.role is None)


@settings(max_examples=150, deadline=None)
@given(sent=batches(2, 6))
def test_a_workspace_kept_from_batch_to_batch_decides_as_one_that_is_loaded_for_each(
    sent: Sequence[Sent],
) -> None:
    village = a_beginning()
    phones = {name: lane_of(village, name) for name in LANES}
    for one in sent:
        village.decide(phones[one.lane], captured(village, phones[one.lane], one))
        phones[one.lane].outbox.clear()


@settings(max_examples=150, deadline=None)
@given(earlier=batches(0, 4), sent=batches(2, 3))
def test_what_all_batches_need_can_be_loaded_before_the_first(
    earlier: Sequence[Sent], sent: Sequence[Sent]
) -> None:
    village = a_beginning()
    phones = {name: lane_of(village, name) for name in LANES}
    for one in earlier:
        village.decide(phones[one.lane], captured(village, phones[one.lane], one))
        phones[one.lane].outbox.clear()
    waiting = [(phones[one.lane], captured(village, phones[one.lane], one)) for one in sent]
    workspace = Workspace(DESA, village.head, *village.loaded([o for _, b in waiting for o in b]))
    for phone, batch in waiting:
        told = village.view(phone, (), ())
        assert plan_push(told, batch, workspace) == village.decide(phone, batch)


def test_a_record_that_changes_in_two_batches_gets_a_number_in_each() -> None:
    village = a_beginning()
    workspace = Workspace(DESA, village.head, village.records.values(), ())
    numbers: list[int] = []
    for name in LANES[:2]:
        phone = village.phone(name).pull().capture(an_edit(telepon="0811"))
        view, batch = village.view(phone, (), ()), read_batch(phone.outbox)
        plan = plan_push(view, batch, workspace)
        assert plan == village.decide(phone, batch)
        numbers += [record.seq for record in plan.records]
    assert numbers == [4, 5]


def test_a_batch_that_does_not_fit_into_its_lane_leaves_the_workspace_as_it_was() -> None:
    village = a_beginning()
    phone = village.phone("A").pull()
    everything = village.records.values(), village.conflicts.values()
    workspace = Workspace(DESA, village.head, *everything)
    view = village.view(phone, (), ())
    first = phone.capture(an_edit(nama_kepala_keluarga="Bodi")).outbox
    beyond = {**an_edit(telepon="0811"), "base": 0, "seq": 7, "mono": 1, "boot": "boot"}
    assert plan_push(view, read_batch([*first, beyond]), workspace) == Hole(0)
    assert plan_push(view, read_batch(first), workspace) == village.decide(phone, read_batch(first))
