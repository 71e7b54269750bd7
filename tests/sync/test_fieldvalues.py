import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.codes import CODELISTS, SLUGS
from sync.fieldvalues import (
    PHOTO_BYTES_MAX,
    PHOTOS_MAX,
    SAFE_INTEGER_MAX,
    SET_ELEMENTS_MAX,
    ParsedValue,
    ValueProblem,
    parse_value,
    parser_of,
    set_order,
)
from sync.policy import FIELDS, Field, FieldClass, ValueType
from sync.types import Problem

ALL_FIELDS = [field for fields in FIELDS.values() for field in fields.values()]
UUID_TEXT = "0199aaaa-bbbb-7ccc-8ddd-eeeeeeeeeeee"
NOON = "2026-11-03T12:00:00+07:00"


def parsed(path: str, raw: object) -> ParsedValue:
    entity, name = path.split(".")
    return parse_value(FIELDS[entity][name], raw)


def problem(path: str, raw: object) -> Problem | None:
    result = parsed(path, raw)
    return result.code if isinstance(result, ValueProblem) else None


def shown(value: object) -> str:
    """An id that tells 3 from "3" and stays short."""
    return repr(value)[:40]


def a_photo(**changes: object) -> dict[str, object]:
    return {"jenis": "rumah", "sha256": "ab" * 32, "size": 90_000, "waktu": NOON, **changes}


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("anggota.nik", "1802211505859001"),
        ("anggota.nik", "180221-salah ketik"),
        ("anggota.nik", "x" * 32),
        ("anggota.nama", "SITI AMINAH"),
        ("anggota.nama", "Ni Putu Ayu Ø’Malley\u00a0"),
        ("anggota.nama", ""),
        ("keluarga.alamat", "Jl. Merdeka\n\tdekat masjid"),
        ("keluarga.alamat", "x" * 2000),
        ("keluarga.rt", "003"),
        ("keluarga.jenis_lantai_terluas", "keramik"),
        ("keluarga.luas_lantai", 54),
        ("keluarga.luas_lantai", -SAFE_INTEGER_MAX),
        ("keluarga.lintang", -5.12345),
        ("keluarga.akurasi_m", 1e300),
        ("keluarga.aset_bergerak_ac", False),
        ("anggota.tanggal_lahir", "2024-02-29"),
        ("keluarga.bangunan", UUID_TEXT),
        ("kunjungan.waktu", NOON),
        ("kunjungan.waktu", "2026-11-03t12:00:00.123456789z"),
    ],
    ids=shown,
)
def test_a_fitting_value_is_kept_as_it_was_sent(path: str, raw: object) -> None:
    assert parsed(path, raw) == raw


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("anggota.nik", "x" * 33),
        ("anggota.nik", 1802211505859001),
        ("anggota.nik", "18022115\n05859001"),
        ("anggota.nama", "x" * 201),
        ("anggota.nama", "Siti\nAminah"),
        ("anggota.nama", "Siti\x00"),
        ("anggota.nama", "Siti\x85"),
        ("anggota.nama", "Siti\ud800"),
        ("anggota.nama", ["Siti"]),
        ("keluarga.alamat", "x" * 2001),
        ("keluarga.alamat", "RT 3\x00"),
        ("keluarga.alamat", "RT 3\r\nRW 1"),
        ("keluarga.alamat", "RT 3\udfff"),
        ("keluarga.alamat", True),
        ("keluarga.rt", "3"),
        ("keluarga.rt", "0003"),
        ("keluarga.rt", "٠٠٣"),
        ("keluarga.rt", "003\n"),
        ("keluarga.rt", 3),
        ("keluarga.jenis_lantai_terluas", 2),
        ("keluarga.jenis_lantai_terluas", ["keramik"]),
        ("keluarga.luas_lantai", True),
        ("keluarga.luas_lantai", 54.5),
        ("keluarga.luas_lantai", "54"),
        ("keluarga.luas_lantai", SAFE_INTEGER_MAX + 1),
        ("keluarga.luas_lantai", 1e17),
        ("keluarga.lintang", math.nan),
        ("keluarga.lintang", math.inf),
        ("keluarga.lintang", False),
        ("keluarga.lintang", 10**400),
        ("keluarga.aset_bergerak_ac", 1),
        ("keluarga.aset_bergerak_ac", "ya"),
        ("anggota.tanggal_lahir", "2023-02-29"),
        ("anggota.tanggal_lahir", "20230228"),
        ("anggota.tanggal_lahir", "2023-W08-1"),
        ("anggota.tanggal_lahir", "2023-02-28\n"),
        ("anggota.tanggal_lahir", 20230228),
        ("keluarga.bangunan", UUID_TEXT.replace("-", "")),
        ("keluarga.bangunan", 7),
        ("kunjungan.waktu", "2026-11-03T12:00:00"),
        ("kunjungan.waktu", "2026-11-03 12:00:00+07:00"),
        ("kunjungan.waktu", "2026-13-03T12:00:00+07:00"),
        ("kunjungan.waktu", "2026-11-03T25:00:00Z"),
        ("kunjungan.waktu", 1_793_000_000),
        ("keluarga.program", "pkh"),
        ("keluarga.program", ["pkh", 1]),
        ("keluarga.program", {"pkh": True}),
        ("keluarga.program", ["pkh"] * (SET_ELEMENTS_MAX + 1)),
    ],
    ids=shown,
)
def test_a_value_of_another_shape_is_a_bad_value(path: str, raw: object) -> None:
    assert problem(path, raw) is Problem.BAD_VALUE


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("keluarga.jenis_lantai_terluas", "keramik2"),
        ("keluarga.jenis_lantai_terluas", "Keramik"),
        ("keluarga.jenis_atap_terluas", "keramik"),
        ("keluarga.program", ["pkh", "blt"]),
        ("kunjungan.foto", [a_photo(jenis="kucing")]),
    ],
    ids=shown,
)
def test_an_answer_that_is_not_on_the_list_is_an_unknown_code(path: str, raw: object) -> None:
    assert problem(path, raw) is Problem.UNKNOWN_CODE


@pytest.mark.parametrize(
    ("path", "raw", "kept"),
    [
        ("keluarga.luas_lantai", 54.0, 54),
        ("keluarga.lintang", -5.0, -5),
        ("keluarga.lintang", -0.0, 0),
        ("keluarga.bangunan", UUID_TEXT.upper(), UUID_TEXT),
        ("keluarga.program", ["pkh", "bpnt", "pkh"], ["bpnt", "pkh"]),
        ("keluarga.program", [], []),
        ("keluarga.rw", "", None),
    ],
    ids=shown,
)
def test_equal_statements_become_equal_values(path: str, raw: object, kept: object) -> None:
    value = parsed(path, raw)

    assert value == kept
    assert type(value) is type(kept)
    assert json.dumps(value) == json.dumps(kept)


def test_a_set_is_ordered_by_code_point_and_holds_each_element_once() -> None:
    assert set_order(["pkh", "bpnt", "pkh", "Z", "é"]) == ["Z", "bpnt", "pkh", "é"]


@pytest.mark.parametrize("field", ALL_FIELDS, ids=lambda field: f"{field.entity}.{field.name}")
def test_null_clears_a_field_unless_its_record_never_changes(field: Field) -> None:
    result = parse_value(field, None)

    if field.field_class is FieldClass.APPEND:
        assert isinstance(result, ValueProblem)
    else:
        assert result is None


def test_photos_are_kept_with_kind_digest_size_and_time() -> None:
    photos = [a_photo(), a_photo(jenis="ktp", size=PHOTO_BYTES_MAX)]

    assert parsed("kunjungan.foto", photos) == photos
    assert parsed("kunjungan.foto", []) == []


@pytest.mark.parametrize(
    "photo",
    [
        "rumah",
        {"jenis": "rumah"},
        a_photo(ukuran=1),
        a_photo(jenis=1),
        a_photo(sha256="AB" * 32),
        a_photo(sha256=None),
        a_photo(size=0),
        a_photo(size=True),
        a_photo(size=PHOTO_BYTES_MAX + 1),
        a_photo(waktu=None),
        a_photo(waktu="kemarin"),
    ],
)
def test_a_photo_without_one_of_them_is_a_bad_value(photo: object) -> None:
    assert problem("kunjungan.foto", [a_photo(), photo]) is Problem.BAD_VALUE


def test_photos_come_as_a_list_of_limited_length() -> None:
    assert problem("kunjungan.foto", a_photo()) is Problem.BAD_VALUE
    assert problem("kunjungan.foto", [a_photo()] * (PHOTOS_MAX + 1)) is Problem.BAD_VALUE


def test_a_refusal_names_the_field_and_what_is_expected() -> None:
    refused = parsed("keluarga.luas_lantai", "lima puluh")
    unknown = parsed("keluarga.jenis_lantai_terluas", "emas")
    no_set = parsed("keluarga.program", "pkh")

    assert isinstance(refused, ValueProblem)
    assert refused.field == "luas_lantai"
    assert refused.detail.startswith("luas_lantai: expected an integer")
    assert isinstance(unknown, ValueProblem)
    assert unknown.detail.endswith("the code list dtsen2026_jenis_lantai_terluas")
    assert isinstance(no_set, ValueProblem)
    assert no_set.detail == "program: expected an array of slugs of its code list"


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["keramik", "pkh", "2026-11-03", "003", NOON, UUID_TEXT]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from(ALL_FIELDS), JSON_VALUES)
def test_whatever_is_sent_gets_an_answer_and_what_is_kept_stays_kept(
    field: Field, raw: object
) -> None:
    result = parse_value(field, raw)

    if isinstance(result, ValueProblem):
        assert result.field == field.name
    elif result is not None:
        assert parse_value(field, result) == result
        json.dumps(result, allow_nan=False).encode()


@given(st.sampled_from(ALL_FIELDS), JSON_VALUES.filter(lambda raw: raw is not None))
def test_whoever_reads_many_values_of_a_field_reads_them_alike(field: Field, raw: object) -> None:
    assert parser_of(field)(field, raw) == parse_value(field, raw)


@given(st.sampled_from(ALL_FIELDS), st.text(min_size=12))
def test_a_refusal_never_repeats_the_value(field: Field, raw: str) -> None:
    result = parse_value(field, raw)

    if isinstance(result, ValueProblem):
        assert raw not in result.detail


@given(st.sampled_from([field for field in ALL_FIELDS if field.codelist]), st.data())
def test_every_answer_of_a_list_fits_the_fields_that_name_it(
    field: Field, data: st.DataObject
) -> None:
    assert field.codelist is not None
    slug = data.draw(st.sampled_from(sorted(SLUGS[field.codelist])))
    raw: object = slug
    if field.value_type is ValueType.PHOTOS:
        raw = [a_photo(jenis=slug)]
    elif field.field_class is FieldClass.SET:
        raw = [slug]

    assert parse_value(field, raw) == raw


def test_the_largest_list_fits_into_a_set() -> None:
    sets = [field for field in ALL_FIELDS if field.field_class is FieldClass.SET]
    sizes = [len(CODELISTS[field.codelist or ""].codes) for field in sets]
    assert max(sizes) <= SET_ELEMENTS_MAX
