from datetime import date

import pytest

from sync.checks import Finding, findings
from sync.values import Districts, Severity

TODAY = date(2026, 11, 3)


def a_family(**changes: object) -> dict[str, object]:
    return {
        "id": "keluarga-1",
        "no_kk": "1802210304129007",
        "nama_kepala_keluarga": "BUDI SANTOSO",
        **changes,
    }


def a_head(**changes: object) -> dict[str, object]:
    return {
        "id": "anggota-1",
        "nik": "1802211505859001",
        "nama": "Budi  Santoso",
        "tanggal_lahir": "1985-05-15",
        "jenis_kelamin": "laki_laki",
        "hubungan_keluarga": "kepala_keluarga",
        **changes,
    }


def a_wife(**changes: object) -> dict[str, object]:
    return {
        "id": "anggota-2",
        "nik": "1802215006889002",
        "nama": "SITI AMINAH",
        "tanggal_lahir": "1988-06-10",
        "jenis_kelamin": "perempuan",
        "hubungan_keluarga": "istri_suami",
        "status_kawin": "kawin_nikah",
        **changes,
    }


def a_child(**changes: object) -> dict[str, object]:
    return {
        "id": "anggota-3",
        "nik": "1802210203159003",
        "nama": "EKO",
        "tanggal_lahir": "2015-03-02",
        "jenis_kelamin": "laki_laki",
        "hubungan_keluarga": "anak",
        **changes,
    }


def found(*members: dict[str, object], **changes: object) -> tuple[Finding, ...]:
    return findings(a_family(**changes), members, today=TODAY)


def where(results: tuple[Finding, ...]) -> list[tuple[str, str]]:
    return [(finding.code, finding.record_id) for finding in results]


def test_a_family_in_order_has_no_findings() -> None:
    assert found(a_head(), a_wife(hamil=True, tanggal_mulai_hamil="2026-05-01"), a_child()) == ()


def test_a_family_that_has_ended_is_not_looked_at() -> None:
    assert findings(a_family(end="ganda", no_kk="x"), [], today=TODAY) == ()


def test_a_member_who_has_ended_is_not_looked_at() -> None:
    gone = a_head(id="anggota-9", end="meninggal", nik="x")

    assert found(a_head(), gone) == ()


@pytest.mark.parametrize("absent", [None, "", "0"])
def test_a_family_without_card_needs_a_reason(absent: str | None) -> None:
    assert where(found(a_head(), no_kk=absent)) == [("kk-missing", "keluarga-1")]
    assert found(a_head(), no_kk=absent, no_kk_alasan="hilang waktu banjir") == ()


def test_a_malformed_card_number_is_found_on_the_family() -> None:
    (finding,) = found(a_head(), no_kk="123")

    assert (finding.code, finding.field) == ("kk-length", "no_kk")
    assert finding.severity is Severity.ERROR


@pytest.mark.parametrize("absent", [None, "", "0"])
def test_a_person_without_nik_needs_a_reason(absent: str | None) -> None:
    assert where(found(a_head(nik=absent))) == [("nik-missing", "anggota-1")]
    assert found(a_head(nik=absent, nik_alasan="belum punya KTP")) == ()


def test_a_nik_is_compared_with_birth_date_and_sex() -> None:
    results = found(a_head(tanggal_lahir="1985-05-16", jenis_kelamin="perempuan"))

    assert where(results) == [("nik-birth-date", "anggota-1"), ("nik-sex", "anggota-1")]


def test_a_nik_of_a_person_of_whom_nothing_else_is_known_stands() -> None:
    assert found(a_head(tanggal_lahir=None, jenis_kelamin=None)) == ()


def test_districts_are_checked_against_the_table_of_areas() -> None:
    districts = Districts(frozenset({"180227"}))
    results = findings(a_family(), [a_head()], today=TODAY, districts=districts)

    assert [finding.code for finding in results] == ["kk-district-unknown", "nik-district-unknown"]


def test_two_members_with_one_nik_are_both_named() -> None:
    results = found(a_head(), a_child(nik=" 1802211505859001", tanggal_lahir="1985-05-15"))

    assert ("nik-duplicate", "anggota-1") in where(results)
    assert ("nik-duplicate", "anggota-3") in where(results)


def test_members_without_nik_are_no_duplicates_of_each_other() -> None:
    reason = "belum punya KTP"
    assert found(a_head(nik=None, nik_alasan=reason), a_child(nik=None, nik_alasan=reason)) == ()


def test_a_family_without_members_says_so() -> None:
    assert where(found()) == [("members-missing", "keluarga-1")]


def test_a_family_needs_a_head() -> None:
    assert where(found(a_wife())) == [("head-missing", "keluarga-1")]


def test_two_heads_are_both_named() -> None:
    other = a_wife(hubungan_keluarga="kepala_keluarga")

    assert where(found(a_head(), other)) == [
        ("head-twice", "anggota-1"),
        ("head-twice", "anggota-2"),
    ]


def test_the_heads_name_is_the_same_on_both_records() -> None:
    assert where(found(a_head(nama="BUDI SANTOSA"))) == [("head-name", "keluarga-1")]
    assert found(a_head(nama=None)) == ()


def test_a_child_is_younger_than_the_head() -> None:
    old = a_child(tanggal_lahir="1984-03-02", nik="1802210203849003")

    assert where(found(a_head(), old)) == [("child-older-than-head", "anggota-3")]
    same_day = a_child(tanggal_lahir="1985-05-15", nik="1802211505859003")
    assert where(found(a_head(), same_day)) == [("child-older-than-head", "anggota-3")]
    assert found(a_head(), a_child(tanggal_lahir=None)) == ()


@pytest.mark.parametrize("status", ["belum_kawin", "cerai_hidup", "cerai_mati"])
def test_a_spouse_is_married(status: str) -> None:
    assert where(found(a_head(), a_wife(status_kawin=status))) == [
        ("spouse-unmarried", "anggota-2")
    ]
    assert found(a_head(), a_wife(status_kawin=None)) == ()


def test_a_birth_in_the_future_is_an_error_and_one_today_is_not() -> None:
    tomorrow = a_child(tanggal_lahir="2026-11-04", nik=None, nik_alasan="baru lahir")
    newborn = a_child(tanggal_lahir="2026-11-03", nik=None, nik_alasan="baru lahir")

    assert where(found(a_head(), tomorrow)) == [("birth-date-future", "anggota-3")]
    assert found(a_head(), newborn) == ()


def test_a_person_of_more_than_110_years_is_doubted() -> None:
    oldest = a_head(tanggal_lahir="1916-11-03", nik=None, nik_alasan="belum punya KTP")
    older = a_head(tanggal_lahir="1915-11-03", nik=None, nik_alasan="belum punya KTP")

    assert found(oldest) == ()
    assert where(found(older)) == [("birth-date-old", "anggota-1")]


def test_a_man_is_not_pregnant() -> None:
    (finding,) = found(a_head(hamil=True))

    assert (finding.code, finding.severity) == ("pregnant-man", Severity.ERROR)
    assert found(a_head(hamil=False)) == ()


def test_a_pregnancy_outside_the_usual_ages_is_doubted() -> None:
    girl = a_child(hamil=True, jenis_kelamin="perempuan", nik=None, nik_alasan="belum punya")
    girl["tanggal_lahir"] = "2018-03-02"

    assert where(found(a_head(), girl)) == [("pregnant-age", "anggota-3")]
    assert found(a_head(), a_wife(hamil=True, tanggal_lahir=None)) == ()


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-11-04", ["pregnancy-start-future"]),
        ("2026-11-03", []),
        ("2026-01-07", []),
        ("2026-01-06", ["pregnancy-long"]),
    ],
)
def test_a_pregnancy_begins_in_the_past_and_ends(start: str, expected: list[str]) -> None:
    results = found(a_head(), a_wife(hamil=True, tanggal_mulai_hamil=start))

    assert [finding.code for finding in results] == expected


def test_a_family_that_was_not_found_needs_a_reason() -> None:
    assert where(found(a_head(), hasil="tidak_ditemukan")) == [
        ("outcome-reason-missing", "keluarga-1")
    ]
    assert found(a_head(), hasil="tidak_ditemukan", hasil_alasan="pindah") == ()


def test_a_family_listed_twice_names_its_twin_and_not_itself() -> None:
    missing = [("outcome-twin-missing", "keluarga-1")]

    assert where(found(a_head(), hasil="data_ganda")) == missing
    assert where(found(a_head(), hasil="data_ganda", hasil_kembaran="keluarga-1")) == missing
    assert found(a_head(), hasil="data_ganda", hasil_kembaran="keluarga-2") == ()


def test_findings_speak_both_languages_and_repeat_no_value() -> None:
    for finding in found(a_head(nik="180221", hamil=True), a_child(nama="EKO"), no_kk="18022"):
        assert finding.message_id != finding.message_en
        assert "18022" not in finding.message_id + finding.message_en
        assert "Budi" not in finding.message_id + finding.message_en
