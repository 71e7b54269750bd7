import csv
from pathlib import Path

import pytest

from sync.policy import ABSORBING, FIELDS, GROUPS, FieldClass, ValueType
from sync.types import ENTITIES

NORMATIVE = Path(__file__).parent / "data" / "fields.csv"


def normative_rows() -> list[dict[str, str]]:
    with NORMATIVE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table_is_the_normative_one_cell_by_cell() -> None:
    ours = [
        {
            "entity": field.entity,
            "field": field.name,
            "group": field.group,
            "class": field.field_class.value,
            "type": field.value_type.value,
            "codelist": field.codelist or "",
            "sensitive": field.sensitive,
        }
        for fields in FIELDS.values()
        for field in fields.values()
    ]
    normative = [{key: row[key] for key in ours[0]} for row in normative_rows()]

    assert len(normative) == 141
    assert ours == normative


def test_every_field_is_found_under_its_own_entity_and_name() -> None:
    for entity, fields in FIELDS.items():
        assert all((field.entity, field.name) == (entity, name) for name, field in fields.items())


def test_the_table_knows_the_protocols_entities() -> None:
    assert tuple(FIELDS) == tuple(GROUPS) == ENTITIES


def test_the_fields_of_a_group_have_one_class() -> None:
    for entity, groups in GROUPS.items():
        for group in groups.values():
            classes = {FIELDS[entity][name].field_class for name in group.fields}
            assert classes == {group.field_class}, f"{entity}.{group.name}"


def test_each_field_belongs_to_exactly_one_group() -> None:
    for entity, groups in GROUPS.items():
        grouped = [name for group in groups.values() for name in group.fields]
        assert sorted(grouped) == sorted(FIELDS[entity])
        assert all(group.entity == entity for group in groups.values())


def test_what_was_seen_together_is_merged_together() -> None:
    assert GROUPS["keluarga"]["sanitasi"].fields == (
        "fasilitas_bab",
        "jenis_kloset",
        "pembuangan_akhir_tinja",
    )
    assert GROUPS["keluarga"]["alamat"].fields == ("alamat", "dusun", "rw", "rt")
    assert GROUPS["anggota"]["nik"].fields == ("nik", "nik_alasan")


def test_sets_stand_alone_because_their_elements_carry_the_stamps() -> None:
    for groups in GROUPS.values():
        for group in groups.values():
            if group.field_class is FieldClass.SET:
                assert group.fields == (group.name,)


def test_only_monotone_groups_absorb() -> None:
    monotone = {
        group.name
        for groups in GROUPS.values()
        for group in groups.values()
        if group.field_class is FieldClass.MONOTONE
    }
    assert set(ABSORBING) == monotone == {"keberadaan"}
    assert ABSORBING["keberadaan"] == {"meninggal"}


def test_coded_fields_and_photos_name_a_list_and_nothing_else_does() -> None:
    for fields in FIELDS.values():
        for field in fields.values():
            is_coded = field.value_type in (ValueType.CODE, ValueType.PHOTOS)
            assert (field.codelist is not None) == is_coded, field.name


def test_the_table_cannot_be_changed_by_its_readers() -> None:
    with pytest.raises(TypeError):
        FIELDS["keluarga"]["atap2"] = FIELDS["keluarga"]["rt"]  # type: ignore[index]  # on purpose
