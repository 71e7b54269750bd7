"""Creating records, and what an operation has to look like to be merged at all."""

import pytest

from tests.builders import (
    CHILD,
    FAMILY,
    MEASUREMENT,
    OTHER_FAMILY,
    OTHER_PERSON,
    PERSON,
    STRANGER,
    VISIT,
    Raw,
    a_family,
    a_measurement,
    a_move,
    a_person,
    a_persons_edit,
    a_visit,
    an_edit,
    an_end,
    elements,
)
from tests.village import Phone, Village


@pytest.fixture
def village() -> Village:
    return Village()


@pytest.fixture
def phone(village: Village) -> Phone:
    return village.phone("A")


def test_a_family_is_its_own_root_in_its_rt(village: Village, phone: Phone) -> None:
    phone.push(a_family(rt="003", rw="001", nama_kepala_keluarga="Budi"))
    record = village.record(FAMILY)
    assert (record.keluarga, record.parent, record.rt) == (FAMILY, None, "003/001")
    assert (record.created.dot, record.created.seq, record.rt_since) == (("A", 1), 1, 1)
    assert record.stamps == {}


@pytest.mark.parametrize(
    ("fields", "rt"),
    [({"rt": "003", "rw": None}, "003/"), ({"rt": "003", "rw": ""}, "003/"), ({"rt": None}, "")],
)
def test_an_rt_may_have_no_rw_and_a_family_no_rt(
    village: Village, phone: Phone, fields: Raw, rt: str
) -> None:
    phone.push({**a_family(), "set": fields})
    assert village.record(FAMILY).rt == rt


def test_rows_beneath_share_root_and_rt(village: Village) -> None:
    office = village.office()
    office.push(a_family(), a_person(nama="Ani"), a_visit(), a_measurement(berat_kg=9.5))
    assert village.record(PERSON).parent == FAMILY
    assert village.record(VISIT).parent == FAMILY
    assert village.record(MEASUREMENT).parent == PERSON
    for record in (PERSON, VISIT, MEASUREMENT):
        assert village.record(record).keluarga == FAMILY
        assert village.record(record).rt == "003/001"


def test_a_family_and_its_members_come_in_one_batch(village: Village, phone: Phone) -> None:
    answer = phone.push(a_family(), a_person(), a_persons_edit(nama="Ani"), a_visit())
    assert answer.outcomes == ["applied"] * 4
    assert village.head == 3, "one number for each record, whatever happened to it in the batch"


def test_sets_are_given_whole_when_a_record_is_created(village: Village, phone: Phone) -> None:
    phone.push(a_family(program=["pkh", "bpnt", "pkh"], kriteria=[], program_diusulkan=None))
    assert village.fields(FAMILY)["program"] == ["bpnt", "pkh"]
    assert "kriteria" not in village.fields(FAMILY)
    assert village.phone("B").pull().push(elements(remove=["pkh"])).outcome == "applied"


@pytest.mark.parametrize(
    "orphan",
    [
        a_person(CHILD, family=STRANGER),
        a_visit(family=STRANGER),
        a_measurement(person=STRANGER),
        a_person(OTHER_PERSON, family=PERSON),
        a_visit(family=PERSON),
        a_measurement(person=FAMILY),
    ],
)
def test_a_parent_has_to_be_there_and_of_the_right_kind(village: Village, orphan: Raw) -> None:
    office = village.office()
    office.push(a_family(), a_person())
    assert office.push(orphan).problem == "parent-unknown"


def test_an_id_is_taken_once(village: Village, phone: Phone) -> None:
    phone.push(a_family())
    assert village.phone("B").push(a_family(nama_kepala_keluarga="Sari")).problem == "id-taken"
    assert phone.push(a_person(FAMILY)).problem == "id-taken"


@pytest.mark.parametrize(
    ("operation", "problem"),
    [
        ({**an_edit(), "kind": "delete"}, "unknown-kind"),
        ({**an_edit(), "kind": ["set"]}, "unknown-kind"),
        ({**an_edit(luas_lantai=30), "colour": "red"}, "unknown-key"),
        ({**an_edit(luas_lantai=30), "source": "import"}, "unknown-key"),
        ({**an_edit(luas_lantai=30), "entity": "rumah"}, "malformed"),
        ({**an_edit(luas_lantai=30), "entity": None}, "malformed"),
        ({**an_edit(luas_lantai=30), "id": "7"}, "malformed"),
        ({**an_edit(luas_lantai=30), "id": PERSON.upper()}, "malformed"),
        ({**an_edit(luas_lantai=30), "visit": "yesterday"}, "malformed"),
        ({**an_edit(luas_lantai=30), "observed": "20261103"}, "malformed"),
        ({**an_edit(luas_lantai=30), "observed": "2026-02-30"}, "malformed"),
        ({**an_edit(luas_lantai=30), "observed": 20261103}, "malformed"),
        ({**an_edit(luas_lantai=30), "base": -1}, "malformed"),
        ({**an_edit(luas_lantai=30), "base": True}, "malformed"),
        ({**an_edit(luas_lantai=30), "base": 2**60}, "malformed"),
        ({**an_edit(luas_lantai=30), "base": None}, "malformed"),
        ({**an_edit(luas_lantai=30), "set": ["luas_lantai"]}, "malformed"),
        ({**an_edit(luas_lantai=30), "set": {f"f{n}": 1 for n in range(201)}}, "malformed"),
        ({**elements(add=["pkh"]), "add": ["pkh"]}, "malformed"),
        (an_edit(), "malformed"),
        (an_edit(atap2="seng"), "unknown-field"),
        (an_edit(nik="1802216505900001"), "unknown-field"),
        (an_edit(luas_lantai="wide"), "bad-value"),
        (an_edit(jenis_lantai_terluas="marble"), "unknown-code"),
        (an_edit(program=["pkh"]), "kind-mismatch"),
        (elements("luas_lantai", add=["1"]), "kind-mismatch"),
        (elements("programme", add=["pkh"]), "unknown-field"),
        (elements(add=["lottery"]), "unknown-code"),
        (an_edit(VISIT, entity="kunjungan", catatan="…"), "kind-mismatch"),
        ({**a_move(), "entity": "keluarga"}, "kind-mismatch"),
        ({**a_move(), "parent": None}, "malformed"),
        ({**a_family(), "parent": OTHER_FAMILY}, "kind-mismatch"),
        ({**a_person(), "parent": None}, "malformed"),
        (an_end(end="bosan"), "malformed"),
        (an_end(date="kemarin"), "malformed"),
        (an_end(end="ganda"), "malformed"),
        (an_end(twin="nobody"), "malformed"),
        (an_end(number="\x00"), "bad-value"),
        (an_end(target="x" * 201), "bad-value"),
        (an_end(VISIT, entity="kunjungan"), "kind-mismatch"),
        (an_end(MEASUREMENT, entity="pengukuran"), "kind-mismatch"),
    ],
)
def test_what_cannot_be_merged_is_set_aside_with_its_reason(
    phone: Phone, operation: Raw, problem: str
) -> None:
    phone.push(a_family())
    answer = phone.push(operation, an_edit(luas_lantai=30))
    assert answer.entries[0]["outcome"] == "quarantined"
    assert answer.entries[0]["problem"] == problem
    assert answer.outcomes[1] == "applied", "the lane moves on"


def test_a_refusal_never_repeats_what_could_be_somebodys_data(phone: Phone) -> None:
    answer = phone.push({**an_edit(), "set": {"Ani 1802216505900001": 1}})
    assert answer.entry["detail"] == "(unreadable name)"


@pytest.mark.parametrize(
    "change",
    [{"mono": None}, {"mono": True}, {"mono": 1.5}, {"mono": 2**60}, {"boot": ""}, {"boot": 7}],
)
def test_a_phone_says_when_it_captured(phone: Phone, change: Raw) -> None:
    phone.capture(a_family())
    (raw,) = phone.outbox
    assert phone.send({**raw, **change}).problem == "malformed"


@pytest.mark.parametrize("source", [None, "", {}, 7])
def test_a_server_lane_says_where_its_operations_come_from(village: Village, source: Raw) -> None:
    office = village.office().capture(a_family())
    (raw,) = office.outbox
    assert office.send({**raw, "source": source}).problem == "malformed"


def test_a_set_says_upon_what_it_was_made(phone: Phone) -> None:
    phone.push(a_family())
    phone.capture(an_edit(luas_lantai=30))
    (raw,) = phone.outbox
    assert phone.send({k: v for k, v in raw.items() if k != "base"}).problem == "malformed"


def test_a_base_that_this_register_never_reached_knows_nothing(
    village: Village, phone: Phone
) -> None:
    phone.push(a_family(nama_kepala_keluarga="Budi"))
    edit = {**an_edit(nama_kepala_keluarga="Bodi"), "base": 10**9}
    assert village.phone("B").push(edit).outcome == "conflict"


@pytest.mark.parametrize("operation", [an_edit(luas_lantai=30), an_end(), a_move(to=FAMILY)])
def test_an_unknown_record_is_nobodys(phone: Phone, operation: Raw) -> None:
    assert phone.push({**operation, "id": STRANGER}).problem == "record-unknown"


def test_a_record_answers_to_its_own_kind_only(phone: Phone) -> None:
    phone.push(a_family())
    answer = phone.push(a_persons_edit(FAMILY, nama="Ani"))
    assert (answer.problem, answer.entry["detail"]) == (
        "kind-mismatch",
        "the record is of kind keluarga",
    )


# What depends on what was set aside -------------------------------------------------------------


def test_what_depends_on_a_quarantined_create_waits_with_it(phone: Phone) -> None:
    phone.push(a_family(OTHER_FAMILY))
    answer = phone.push(
        a_family(atap2="seng"),
        a_person(),
        an_edit(luas_lantai=30),
        a_measurement(),
        a_move(OTHER_PERSON, to=FAMILY),
    )
    problems = [entry["problem"] for entry in answer.entries]
    assert problems == ["unknown-field", *["depends-on-quarantined"] * 3, "record-unknown"]
    causes = [entry.get("cause") for entry in answer.entries]
    assert causes == [None, "A:2", "A:2", "A:3", None]


def test_a_move_to_a_quarantined_family_waits_with_it(phone: Phone) -> None:
    phone.push(a_family(), a_person(), a_family(OTHER_FAMILY, atap2="seng"))
    answer = phone.push(a_move(to=OTHER_FAMILY))
    assert answer.entry["cause"] == "A:3"


def test_a_dependent_in_a_later_batch_waits_too(village: Village, phone: Phone) -> None:
    phone.push(a_family(atap2="seng"))
    assert phone.push(an_edit(luas_lantai=30)).entry["cause"] == "A:1"
    assert village.phone("B").push(a_person()).entry["cause"] == "A:1"


def test_even_an_unreadable_create_is_named_as_the_cause(phone: Phone) -> None:
    phone.capture(a_family(lintang=float("nan")), an_edit(luas_lantai=30))
    answer = phone.push()
    assert [entry["problem"] for entry in answer.entries] == [
        "malformed",
        "depends-on-quarantined",
    ]


def test_a_record_created_well_the_second_time_is_there(phone: Phone) -> None:
    phone.push(a_family(atap2="seng"))
    answer = phone.push(a_family(), an_edit(luas_lantai=30))
    assert answer.outcomes == ["applied", "applied"]


def test_children_may_be_created_under_each_other_in_any_depth(village: Village) -> None:
    office = village.office()
    office.push(a_family(), a_person(CHILD), a_measurement(person=CHILD))
    assert village.record(MEASUREMENT).keluarga == FAMILY
