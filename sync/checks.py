"""Consistency of one household: what somebody should look at before the village signs off.

A finding refuses nothing and changes nothing. Errors block the sign-off; warnings ask to look.
Duplicates between households, open conflicts and measurements of children are not seen from here.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, TypeAlias

from sync.values import (
    AGE_YEARS_MAX,
    NO_DISTRICTS,
    Districts,
    NumberFinding,
    Severity,
    is_absent,
    kk_findings,
    nik_findings,
)

Document: TypeAlias = Mapping[str, object]
"""The fields of a record with its `id`, and `end` if it has been closed."""

PREGNANCY_DAYS_MAX: Final = 300
PREGNANCY_AGES_YEARS: Final = range(10, 56)
HEAD: Final = "kepala_keluarga"


@dataclass(frozen=True, slots=True)
class Finding:
    """One doubt about one field of one record; the texts never repeat a person's value."""

    code: str
    severity: Severity
    record_id: str
    field: str
    message_id: str
    message_en: str


_ERROR, _WARNING = Severity.ERROR, Severity.WARNING
_RULES: Final[Mapping[str, tuple[Severity, str, str, str]]] = {
    "kk-missing": (
        _ERROR,
        "no_kk",
        "Nomor KK kosong tanpa alasan; isi nomor atau alasannya.",
        "There is no No KK and no reason; enter one of them.",
    ),
    "members-missing": (
        _ERROR,
        "nama_kepala_keluarga",
        "Keluarga ini belum punya anggota; tambahkan kepala keluarga.",
        "This family has no members; add its head.",
    ),
    "head-missing": (
        _ERROR,
        "hubungan_keluarga",
        "Belum ada kepala keluarga; pilih salah satu anggota.",
        "Nobody is the head of this family; choose one of the members.",
    ),
    "head-twice": (
        _ERROR,
        "hubungan_keluarga",
        "Ada lebih dari satu kepala keluarga; periksa kartu keluarga.",
        "More than one person is the head of this family; check the family card.",
    ),
    "head-name": (
        _WARNING,
        "nama_kepala_keluarga",
        "Nama kepala keluarga berbeda dengan nama anggotanya; periksa kartu keluarga.",
        "The head's name differs between family and member; check the family card.",
    ),
    "outcome-reason-missing": (
        _ERROR,
        "hasil_alasan",
        "Keluarga tidak ditemukan tanpa alasan; pilih alasannya.",
        "The family was not found and no reason is given; choose one.",
    ),
    "outcome-twin-missing": (
        _ERROR,
        "hasil_kembaran",
        "Data ganda tanpa menunjuk kembarannya; pilih keluarga yang sama.",
        "The family is listed twice but its twin is not named; choose it.",
    ),
    "nik-missing": (
        _ERROR,
        "nik",
        "NIK kosong tanpa alasan; isi NIK atau alasannya.",
        "There is no NIK and no reason; enter one of them.",
    ),
    "nik-duplicate": (
        _ERROR,
        "nik",
        "NIK yang sama dipakai dua anggota keluarga ini; periksa KTP.",
        "Two members of this family have the same NIK; check the identity cards.",
    ),
    "birth-date-future": (
        _ERROR,
        "tanggal_lahir",
        "Tanggal lahir setelah hari ini; periksa KTP.",
        "The birth date lies in the future; check the identity card.",
    ),
    "birth-date-old": (
        _WARNING,
        "tanggal_lahir",
        f"Umur lebih dari {AGE_YEARS_MAX} tahun; periksa KTP.",
        f"Older than {AGE_YEARS_MAX} years; check the identity card.",
    ),
    "child-older-than-head": (
        _WARNING,
        "hubungan_keluarga",
        "Anak lebih tua daripada kepala keluarga; periksa hubungan dan tanggal lahir.",
        "A child is older than the head; check the relation and the birth dates.",
    ),
    "spouse-unmarried": (
        _WARNING,
        "status_kawin",
        "Istri/suami tercatat tidak kawin; periksa status kawin.",
        "The wife or husband is recorded as not married; check the marital status.",
    ),
    "pregnant-man": (
        _ERROR,
        "hamil",
        "Laki-laki tercatat hamil; periksa jenis kelamin.",
        "A man is recorded as pregnant; check the sex.",
    ),
    "pregnant-age": (
        _WARNING,
        "hamil",
        "Umur ibu hamil tidak wajar; periksa tanggal lahir.",
        "The age is unusual for a pregnancy; check the birth date.",
    ),
    "pregnancy-start-future": (
        _ERROR,
        "tanggal_mulai_hamil",
        "Tanggal mulai hamil setelah hari ini; periksa buku KIA.",
        "The pregnancy begins in the future; check the mother's health book.",
    ),
    "pregnancy-long": (
        _WARNING,
        "tanggal_mulai_hamil",
        f"Kehamilan lebih dari {PREGNANCY_DAYS_MAX} hari; perbarui data ibu.",
        f"Pregnant for more than {PREGNANCY_DAYS_MAX} days; bring the record up to date.",
    ),
}


def findings(
    family: Document,
    members: Sequence[Document],
    *,
    today: date,
    districts: Districts = NO_DISTRICTS,
) -> tuple[Finding, ...]:
    """All doubts about a family and those of its members who have not ended.

    Values are as `sync.fieldvalues` returns them; a field without a value is absent. `today` is
    the local day of the kabupaten. A family that has ended has no findings.
    """
    if family.get("end"):
        return ()
    living = [member for member in members if not member.get("end")]
    return (
        *_of_family(family, districts),
        *_of_heads(family, living),
        *_of_duplicates(living),
        *(
            finding
            for member in living
            for finding in (
                *_of_number(member, districts),
                *_of_birth(member, today),
                *_of_pregnancy(member, today),
            )
        ),
    )


def _finding(code: str, record: Document) -> Finding:
    severity, field, message_id, message_en = _RULES[code]
    return Finding(code, severity, _text(record, "id"), field, message_id, message_en)


def _of_a_number(finding: NumberFinding, record: Document, field: str) -> Finding:
    return Finding(
        finding.code,
        finding.severity,
        _text(record, "id"),
        field,
        finding.message_id,
        finding.message_en,
    )


def _of_family(family: Document, districts: Districts) -> Iterator[Finding]:
    no_kk = _text(family, "no_kk")
    if not is_absent(no_kk):
        for finding in kk_findings(no_kk, districts=districts):
            yield _of_a_number(finding, family, "no_kk")
    elif not _text(family, "no_kk_alasan").strip():
        yield _finding("kk-missing", family)
    if family.get("hasil") == "tidak_ditemukan" and not family.get("hasil_alasan"):
        yield _finding("outcome-reason-missing", family)
    # A twin that is the record itself names nothing.
    if family.get("hasil") == "data_ganda" and (
        family.get("hasil_kembaran") in (None, family.get("id"))
    ):
        yield _finding("outcome-twin-missing", family)


def _of_heads(family: Document, living: Sequence[Document]) -> Iterator[Finding]:
    if not living:
        yield _finding("members-missing", family)
        return
    heads = [member for member in living if member.get("hubungan_keluarga") == HEAD]
    if not heads:
        yield _finding("head-missing", family)
    elif len(heads) > 1:
        yield from (_finding("head-twice", head) for head in heads)
    else:
        yield from _of_head(family, heads[0], living)


def _of_head(family: Document, head: Document, living: Sequence[Document]) -> Iterator[Finding]:
    names = _words(family, "nama_kepala_keluarga"), _words(head, "nama")
    if all(names) and names[0] != names[1]:
        yield _finding("head-name", family)
    birth_of_head = _day(head, "tanggal_lahir")
    for member in living:
        relation, birth = member.get("hubungan_keluarga"), _day(member, "tanggal_lahir")
        if relation == "anak" and birth and birth_of_head and birth <= birth_of_head:
            yield _finding("child-older-than-head", member)
        if relation == "istri_suami" and member.get("status_kawin") not in (None, "kawin_nikah"):
            yield _finding("spouse-unmarried", member)


def _of_duplicates(living: Sequence[Document]) -> Iterator[Finding]:
    bearers: dict[str, list[Document]] = {}
    for member in living:
        nik = _text(member, "nik").strip()
        if not is_absent(nik):
            bearers.setdefault(nik, []).append(member)
    for alike in bearers.values():
        if len(alike) > 1:
            yield from (_finding("nik-duplicate", member) for member in alike)


def _of_number(member: Document, districts: Districts) -> Iterator[Finding]:
    nik, sex = _text(member, "nik"), member.get("jenis_kelamin")
    if is_absent(nik):
        if not _text(member, "nik_alasan").strip():
            yield _finding("nik-missing", member)
        return
    doubts = nik_findings(
        nik,
        birth_date=_day(member, "tanggal_lahir"),
        is_woman=None if sex is None else sex == "perempuan",
        districts=districts,
    )
    yield from (_of_a_number(doubt, member, "nik") for doubt in doubts)


def _of_birth(member: Document, today: date) -> Iterator[Finding]:
    birth = _day(member, "tanggal_lahir")
    if birth is None:
        return
    if birth > today:
        yield _finding("birth-date-future", member)
    elif _age_years(birth, today) > AGE_YEARS_MAX:
        yield _finding("birth-date-old", member)


def _of_pregnancy(member: Document, today: date) -> Iterator[Finding]:
    if member.get("hamil") is not True:
        return
    if member.get("jenis_kelamin") == "laki_laki":
        yield _finding("pregnant-man", member)
    birth = _day(member, "tanggal_lahir")
    if birth is not None and _age_years(birth, today) not in PREGNANCY_AGES_YEARS:
        yield _finding("pregnant-age", member)
    start = _day(member, "tanggal_mulai_hamil")
    if start is None:
        return
    if start > today:
        yield _finding("pregnancy-start-future", member)
    elif today - start > timedelta(days=PREGNANCY_DAYS_MAX):
        yield _finding("pregnancy-long", member)


def _age_years(birth: date, today: date) -> int:
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))


def _text(record: Document, field: str) -> str:
    value = record.get(field)
    return value if isinstance(value, str) else ""


def _words(record: Document, field: str) -> list[str]:
    return _text(record, field).casefold().split()


def _day(record: Document, field: str) -> date | None:
    text = _text(record, field)
    return date.fromisoformat(text) if text else None
