"""Members as entities of their own (2025.1): what a phone learnt about somebody, it knows offline.

Filled by both real engines; whoever is born on a phone is one person, however the forms arrive.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.odk.javarosa import Answer
from tests.odk.test_forms_on_a_phone import a_proposal
from tests.odk.village import FAMILY
from tests.openrosa.field import Field
from tests.openrosa.handsets import (
    NEW_FAMILY_FORM_2025,
    NEWBORN,
    VISIT,
    VISIT_FORM_2025,
    Handset,
    assert_nothing_lost,
    handset,
    real_field,
)

NEWBORN_WITH_NIK: Mapping[str, Answer] = {
    **{name: answer for name, answer in NEWBORN.items() if not name.endswith("nik_alasan")},
    "daftar_anggota[3]/nik": "1802210110260001",
}
NEWBORN_AGAIN: Mapping[str, Answer] = {
    "daftar_anggota[3]/keberadaan_sekarang": "tinggal_bersama_keluarga",
    "daftar_anggota[3]/perbaikan_anggota": ["nik"],
    "daftar_anggota[3]/nik": "1802210110260001",
    "daftar_anggota[3]/disabilitas": ["tidak_ada"],
    "daftar_anggota[3]/program_anggota": ["tidak_ada"],
}


@pytest.fixture
def newer(sqlite_url: str, tmp_path: Path, engine: str) -> Iterator[tuple[Handset, Handset]]:
    """Two phones with a Collect of 2026, which keep members as entities of their own."""
    forms = (VISIT_FORM_2025, NEW_FAMILY_FORM_2025)
    with real_field(sqlite_url, tmp_path / "data", *forms) as field:
        keys = (field.key, field.phone("cici"))
        one, two = (handset(field, key, engine, tmp_path / str(n), *forms)
                    for n, key in enumerate(keys))  # fmt: skip
        yield one, two


def names_of(real: Field, family: str) -> list[str]:
    rows = real.world.ask(f"SELECT id FROM record WHERE entity='anggota' AND keluarga='{family}'")
    return sorted(real.document(str(member))["nama"] for (member,) in rows)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_member_who_was_born_on_the_phone_is_corrected_there_and_is_one_person(
    newer: tuple[Handset, Handset], order: tuple[int, int]
) -> None:
    phone, _ = newer
    phone.fill(VISIT_FORM_2025, {**VISIT, **NEWBORN})
    newborn = phone.last.entities[-1]
    phone.fill(VISIT_FORM_2025, {**VISIT, **NEWBORN_AGAIN})
    again = phone.last.entities[-1]
    assert (again.id, again.update, again.base_version) == (newborn.id, True, "1")
    for place in order:
        assert phone.send(phone.collect.records[place]) == "submitted"
    assert phone.opened.document(newborn.id)["nik"] == "1802210110260001"
    assert names_of(phone.opened, FAMILY) == ["ADI CONTOH", "RANI CONTOH", "SITI CONTOH"]
    phone.sync()
    assert phone.collect.store.lists["anggota"][newborn.id].online
    assert_nothing_lost(phone.opened, phone, visits=2)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_people_of_a_family_that_was_born_on_the_phone_are_visited_by_name(
    newer: tuple[Handset, Handset], order: tuple[int, int]
) -> None:
    phone, _ = newer
    phone.fill(NEW_FAMILY_FORM_2025, a_proposal())
    family, head = phone.last.entities
    assert head.properties["keluarga"] == family.id
    visit: dict[str, Answer] = {
        "keluarga": family.id,
        "hasil_kunjungan": "selesai",
        "perbaikan_keluarga": ["tidak_ada"],
        "kriteria": ["lantai_tanah_plesteran"],
        "daftar_anggota[1]/keberadaan_sekarang": "tinggal_bersama_keluarga",
        "daftar_anggota[1]/perbaikan_anggota": ["tidak_ada"],
        "daftar_anggota[1]/pekerjaan": "pedagang",
    }
    phone.fill(VISIT_FORM_2025, visit)
    assert phone.last.entities[1].id == head.id
    for place in order:
        assert phone.send(phone.collect.records[place]) == "submitted"
    assert phone.opened.document(head.id)["pekerjaan"] == "pedagang"
    assert names_of(phone.opened, family.id) == ["WATI CONTOH"]
    assert_nothing_lost(phone.opened, phone, visits=2)


def test_one_person_whom_two_phones_add_with_one_nik_is_one_person(
    newer: tuple[Handset, Handset],
) -> None:
    for phone in newer:
        phone.fill(VISIT_FORM_2025, {**VISIT, **NEWBORN_WITH_NIK})
    ids = {phone.last.entities[-1].id for phone in newer}
    assert len(ids) == 2
    for phone in newer:
        phone.send_all()
    assert names_of(newer[0].opened, FAMILY) == ["ADI CONTOH", "RANI CONTOH", "SITI CONTOH"]
    assert_nothing_lost(newer[0].opened, *newer, visits=2)
