"""The protocol's table 2.3, row by row: what each class does with what a writer knew or did not."""

import pytest

from sync.permission import Role
from tests.builders import (
    FAMILY,
    MEASUREMENT,
    PERSON,
    VISIT,
    Raw,
    a_family,
    a_measurement,
    a_person,
    a_persons_edit,
    a_visit,
    an_edit,
    elements,
)
from tests.village import Phone, Village


@pytest.fixture
def village() -> Village:
    village = Village()
    village.office().push(
        a_family(nama_kepala_keluarga="Budi", jenis_lantai_terluas="tanah", program=["pkh"]),
        a_person(nama="Ani", keberadaan="tinggal_bersama_keluarga"),
        day="2026-11-01",
    )
    return village


@pytest.fixture
def phones(village: Village) -> tuple[Phone, Phone]:
    """Two phones that have pulled the village and are out of reach since."""
    return village.phone("A").pull(), village.phone("B").pull()


# Known ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "edit",
    [
        an_edit(nama_kepala_keluarga="Bodi"),
        an_edit(jenis_lantai_terluas="keramik"),
        elements(add=["bpnt"]),
        elements(remove=["pkh"]),
        a_persons_edit(keberadaan="meninggal"),
    ],
    ids=["identity", "measurement", "add", "remove", "monotone"],
)
def test_what_knew_the_present_value_applies(village: Village, edit: Raw) -> None:
    assert village.phone("A").pull().push(edit).outcome == "applied"
    assert not village.conflicts


def test_an_own_earlier_edit_counts_as_known_without_any_pull(village: Village) -> None:
    phone = village.phone("A").pull()
    answer = phone.push(an_edit(nama_kepala_keluarga="Bodi"), an_edit(nama_kepala_keluarga="Bod"))
    assert answer.outcomes == ["applied", "applied"]
    assert village.fields(FAMILY)["nama_kepala_keluarga"] == "Bod"


def test_what_knew_applies_even_to_an_earlier_day(village: Village) -> None:
    village.phone("A").pull().push(an_edit(jenis_lantai_terluas="keramik"), day="2026-11-10")
    answer = village.phone("B").pull().push(an_edit(jenis_lantai_terluas="tanah"), day="2026-11-05")
    assert answer.outcome == "applied"
    assert village.fields(FAMILY)["jenis_lantai_terluas"] == "tanah"


def test_still_the_same_is_a_statement_of_that_day(village: Village) -> None:
    village.phone("A").pull().push(an_edit(jenis_lantai_terluas="tanah"), day="2026-11-10")
    (stamp,) = village.record(FAMILY).stamps["jenis_lantai_terluas"]
    assert stamp.dot == ("A", 1)
    assert stamp.observed == "2026-11-10"


def test_changing_a_value_there_and_back_is_no_licence_to_overwrite(village: Village) -> None:
    """ABA: the value is what the other phone saw, the statement is not."""
    early, late = village.phone("A").pull(), village.phone("B").pull()
    early.push(an_edit(nama_kepala_keluarga="Bodi"), an_edit(nama_kepala_keluarga="Budi"))
    assert late.push(an_edit(nama_kepala_keluarga="Budhi")).outcome == "conflict"


# Concurrent and different -----------------------------------------------------------------------


def test_identity_keeps_what_came_first_and_asks_a_person(
    village: Village, phones: tuple[Phone, Phone]
) -> None:
    first, second = phones
    assert first.push(an_edit(nama_kepala_keluarga="Bodi")).outcome == "applied"
    answer = second.push(an_edit(nama_kepala_keluarga="Budhi"))
    assert answer.entry == {
        "outcome": "conflict",
        "group": "nama_kepala_keluarga",
        "conflict": village.question.id,
    }
    assert village.fields(FAMILY)["nama_kepala_keluarga"] == "Bodi"
    assert village.proposals == [{"nama_kepala_keluarga": "Budhi"}]
    assert village.record(FAMILY).review == ("nama_kepala_keluarga",)


@pytest.mark.parametrize("first_day", ["2026-11-10", "2026-11-12"])
def test_measurement_takes_the_later_day_whichever_came_first(
    village: Village, phones: tuple[Phone, Phone], first_day: str
) -> None:
    days = {"2026-11-10": "kayu_papan", "2026-11-12": "keramik"}
    second_day = next(day for day in days if day != first_day)
    for phone, day in zip(phones, (first_day, second_day), strict=True):
        phone.push(an_edit(jenis_lantai_terluas=days[day]), day=day)
    assert village.fields(FAMILY)["jenis_lantai_terluas"] == "keramik"
    assert not village.conflicts


def test_measurement_that_lost_is_told_so_and_changes_nothing(phones: tuple[Phone, Phone]) -> None:
    first, second = phones
    first.push(an_edit(jenis_lantai_terluas="keramik"), day="2026-11-12")
    answer = second.push(an_edit(jenis_lantai_terluas="kayu_papan"), day="2026-11-10")
    assert answer.entry == {"outcome": "policy-lost", "group": "jenis_lantai_terluas"}
    assert answer.plan.records == ()


def test_measurement_of_the_same_day_is_for_a_person(phones: tuple[Phone, Phone]) -> None:
    first, second = phones
    first.push(an_edit(jenis_lantai_terluas="keramik"), day="2026-11-12")
    answer = second.push(an_edit(jenis_lantai_terluas="kayu_papan"), day="2026-11-12")
    assert answer.outcome == "conflict"


@pytest.mark.parametrize("suspects", [(True, False), (False, True), (True, True)])
def test_measurement_with_a_suspect_clock_on_either_side_is_for_a_person(
    phones: tuple[Phone, Phone], suspects: tuple[bool, bool]
) -> None:
    first, second = phones
    edit, other = an_edit(jenis_lantai_terluas="keramik"), an_edit(jenis_lantai_terluas="bambu")
    first.push(edit, day="2026-11-10", suspect=suspects[0])
    assert second.push(other, day="2026-11-12", suspect=suspects[1]).outcome == "conflict"


def test_sets_keep_what_both_added(village: Village, phones: tuple[Phone, Phone]) -> None:
    first, second = phones
    first.push(elements(add=["bpnt"]))
    assert second.push(elements(add=["bst"])).outcome == "applied"
    assert village.fields(FAMILY)["program"] == ["bpnt", "bst", "pkh"]


def test_a_concurrent_add_wins_against_a_remove(
    village: Village, phones: tuple[Phone, Phone]
) -> None:
    first, second = phones
    first.push(elements(add=["pkh"]))
    assert second.push(elements(remove=["pkh"])).entry == {
        "outcome": "policy-lost",
        "group": "program",
    }
    assert village.fields(FAMILY)["program"] == ["pkh"]


def test_a_remove_takes_out_only_what_its_base_contained(
    village: Village, phones: tuple[Phone, Phone]
) -> None:
    first, second = phones
    first.push(elements(add=["bpnt"]))
    answer = second.push(elements(remove=["pkh", "bpnt"]))
    assert answer.outcome == "applied"
    assert village.fields(FAMILY)["program"] == ["bpnt"]


def test_the_last_element_gone_leaves_no_field_behind(village: Village) -> None:
    village.phone("A").pull().push(elements(remove=["pkh"]))
    assert "program" not in village.fields(FAMILY)


def test_monotone_takes_the_absorbing_value_whichever_came_first(
    village: Village, phones: tuple[Phone, Phone]
) -> None:
    first, second = phones
    first.push(a_persons_edit(keberadaan="pindah_wilayah"))
    assert second.push(a_persons_edit(keberadaan="meninggal")).outcome == "applied"
    late = village.phone("C")
    late.copy = {PERSON: village.record(PERSON).created.seq}
    assert late.push(a_persons_edit(keberadaan="tidak_ditemukan")).outcome == "policy-lost"
    assert village.fields(PERSON)["keberadaan"] == "meninggal"
    assert not village.conflicts


def test_monotone_the_way_back_needs_a_reviewer_even_for_one_who_knew(village: Village) -> None:
    village.phone("A").pull().push(a_persons_edit(keberadaan="meninggal"))
    answer = village.phone("B").pull().push(a_persons_edit(keberadaan="tinggal_bersama_keluarga"))
    assert answer.outcome == "conflict"
    assert village.fields(PERSON)["keberadaan"] == "meninggal"


def test_monotone_a_knowing_doubt_outlives_another_report_of_the_death(village: Village) -> None:
    unknowing = village.phone("C").pull()
    village.phone("A").pull().push(a_persons_edit(keberadaan="meninggal"))
    village.phone("B").pull().push(a_persons_edit(keberadaan="tinggal_bersama_keluarga"))
    assert unknowing.push(a_persons_edit(keberadaan="meninggal")).outcome == "no-op"
    assert village.phone("D").pull().push(a_persons_edit(keberadaan="meninggal")).outcome == (
        "applied"
    )
    assert village.proposals == [{"keberadaan": "tinggal_bersama_keluarga"}]


# Concurrent and equal ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "edit",
    [
        an_edit(nama_kepala_keluarga="Bodi"),
        an_edit(jenis_lantai_terluas="keramik"),
        elements(add=["bpnt"]),
        elements(remove=["pkh"]),
        a_persons_edit(keberadaan="meninggal"),
    ],
    ids=["identity", "measurement", "add", "remove", "monotone"],
)
def test_what_two_say_alike_is_no_conflict(
    village: Village, phones: tuple[Phone, Phone], edit: Raw
) -> None:
    first, second = phones
    assert first.push(edit).outcome == "applied"
    document = dict(village.fields(str(edit["id"])))
    assert second.push(edit).outcome == "no-op"
    assert village.fields(str(edit["id"])) == document
    assert not village.conflicts


def test_an_equal_statement_leaves_the_stamp_in_front_and_is_told_to_phones(
    village: Village, phones: tuple[Phone, Phone]
) -> None:
    first, second = phones
    first.push(an_edit(nama_kepala_keluarga="Bodi"))
    before = village.record(FAMILY)
    second.push(an_edit(nama_kepala_keluarga="Bodi"))
    after = village.record(FAMILY)
    assert after.seq > before.seq
    assert [s.dot for s in after.stamps["nama_kepala_keluarga"]] == [("A", 1), ("B", 1)]


# Append-only, server-owned ----------------------------------------------------------------------


def test_append_only_records_are_inserted_and_never_conflict(village: Village) -> None:
    answer = village.phone("A").push(a_visit(hasil="selesai"))
    assert answer.outcome == "applied"
    assert village.fields(VISIT) == {"hasil": "selesai"}


def test_append_only_records_take_no_set(village: Village) -> None:
    phone = village.phone("A")
    phone.push(a_visit(hasil="selesai"))
    answer = phone.push(an_edit(VISIT, entity="kunjungan", hasil="menolak"))
    assert answer.problem == "kind-mismatch"


def test_measurements_of_two_midwives_both_stay(village: Village) -> None:
    first = village.phone("A", role=Role.BIDAN)
    first.push(a_measurement(tanggal="2026-11-10", berat_kg=11.5))
    second = village.phone("B", role=Role.BIDAN)
    other = a_measurement("01990000-0000-7000-8000-0000000000aa", tanggal="2026-11-10", berat_kg=12)
    assert second.push(other).outcome == "applied"
    assert village.fields(MEASUREMENT)["berat_kg"] == 11.5


def test_server_owned_fields_are_refused_from_phones_and_taken_from_the_office(
    village: Village,
) -> None:
    edit = an_edit(desil_nasional=3)
    refused = village.phone("A").pull().push(edit)
    assert (refused.problem, refused.entry["detail"]) == ("server-owned", "desil_nasional")
    assert village.office("import").pull().push(edit).outcome == "applied"


# The unit is the group --------------------------------------------------------------------------


def test_two_phones_change_different_fields_and_both_survive(
    village: Village, phones: tuple[Phone, Phone]
) -> None:
    first, second = phones
    first.push(an_edit(jenis_atap_terluas="seng"))
    second.push(an_edit(jenis_lantai_terluas="keramik"))
    assert village.fields(FAMILY)["jenis_atap_terluas"] == "seng"
    assert village.fields(FAMILY)["jenis_lantai_terluas"] == "keramik"


def test_two_visits_never_make_a_latrine_that_nobody_saw(
    village: Village, phones: tuple[Phone, Phone]
) -> None:
    first, second = phones
    seen = {"fasilitas_bab": "ada_hanya_keluarga_sendiri", "jenis_kloset": "leher_angsa"}
    first.push(an_edit(**seen), day="2026-11-12")
    second.push(an_edit(fasilitas_bab="tidak_ada_fasilitas"), day="2026-11-11")
    shown = {name: village.fields(FAMILY).get(name) for name in seen}
    assert shown == seen


def test_fields_of_a_named_group_that_are_not_named_become_null(village: Village) -> None:
    phone = village.phone("A").pull()
    phone.push(an_edit(fasilitas_bab="ada_hanya_keluarga_sendiri", jenis_kloset="leher_angsa"))
    phone.push(an_edit(fasilitas_bab="tidak_ada_fasilitas"))
    assert "jenis_kloset" not in village.fields(FAMILY)


def test_null_clears_a_field(village: Village) -> None:
    village.phone("A").pull().push(an_edit(jenis_lantai_terluas=None))
    assert "jenis_lantai_terluas" not in village.fields(FAMILY)


def test_groups_of_one_operation_are_answered_one_by_one(
    village: Village, phones: tuple[Phone, Phone]
) -> None:
    first, second = phones
    first.push(an_edit(nama_kepala_keluarga="Bodi"))
    first.push(an_edit(jenis_lantai_terluas="keramik"), day="2026-11-12")
    answer = second.push(
        an_edit(nama_kepala_keluarga="Budhi", jenis_lantai_terluas="bambu", luas_lantai=30),
        day="2026-11-10",
    )
    assert answer.entry == {
        "outcome": "conflict",
        "group": "nama_kepala_keluarga",
        "conflict": village.question.id,
        "groups": {
            "nama_kepala_keluarga": {"outcome": "conflict", "conflict": village.question.id},
            "jenis_lantai_terluas": {"outcome": "policy-lost"},
            "luas_lantai": {"outcome": "applied"},
        },
    }


@pytest.mark.parametrize(
    ("edit", "outcome"),
    [
        (an_edit(jenis_lantai_terluas="bambu", luas_lantai=30), "policy-lost"),
        (an_edit(nama_kepala_keluarga="Bodi", luas_lantai=30), "applied"),
        (an_edit(nama_kepala_keluarga="Bodi", telepon="0811"), "no-op"),
    ],
)
def test_an_operation_reports_the_gravest_of_its_groups(
    phones: tuple[Phone, Phone], edit: Raw, outcome: str
) -> None:
    first, second = phones
    first.push(an_edit(nama_kepala_keluarga="Bodi", jenis_lantai_terluas="keramik", telepon="0811"))
    answer = second.push(edit, day="2026-11-10")
    assert answer.outcome == outcome
    assert set(answer.entry) == {"outcome", "groups"}
