"""What is wrong with a row before anybody uploads it: row, field, what, and where to fix it.

A blocking problem keeps its row out of the file. The texts are Indonesian, for the operator, and
never repeat a value. A problem is found here although the village's checks before the signature
look for the same, because a template may ask for more than the register does.
"""

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias

from api.formats.exports.columns import EMPTY, Cell, CompiledColumn
from api.formats.exports.loading import CompiledFile
from api.formats.exports.profile import CheckName
from api.formats.exports.row import Row
from sync.types import Json
from sync.values import NumberFinding, Severity, is_absent, kk_findings, nik_findings

_UNUSUAL: Final = re.compile(r"[\"“”,./\\]")
"""What the upload does not take in a name unless the card prints it (usulan template V.4)."""
_TYPED: Final = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with one row."""

    code: str
    blocks: bool
    desa: str
    rt: str
    keluarga: str
    record: str
    name: str
    field: str
    """The column's header, or the register's field."""
    message: str
    fix: str

    def as_json(self) -> dict[str, Json]:
        return {
            "code": self.code,
            "blocks": self.blocks,
            "desa": self.desa,
            "rt": self.rt,
            "keluarga": self.keluarga,
            "record": self.record,
            "nama": self.name,
            "field": self.field,
            "message": self.message,
            "fix": self.fix,
        }


@dataclass(frozen=True, slots=True)
class Flaw:
    """A problem before it is said whose it is."""

    code: str
    field: str
    message: str
    fix: str


Check: TypeAlias = Callable[[Row], Iterator[Flaw]]

_ON_PHONE: Final = "perbaiki lewat aplikasi RT atau lembar kerja, lalu sahkan lagi"
_IN_REVIEW: Final = "supervisor memutuskan di daftar konflik"


def _twin(row: Row) -> Iterator[Flaw]:
    if row.member is not None and row.member.twin_open:
        yield Flaw(
            "kembar-terbuka",
            "nik",
            "NIK ini juga tercatat pada orang lain dan belum diputuskan.",
            _IN_REVIEW,
        )


def _nik(row: Row) -> Iterator[Flaw]:
    if row.member is None:
        if row.baris.get("tanpa_pengurus"):
            yield Flaw(
                "tanpa-pengurus",
                "hubungan_keluarga",
                "Tidak ada anggota yang dapat menjadi pengurus.",
                f"tambahkan kepala keluarga atau istri; {_ON_PHONE}",
            )
        return
    nik = str(row.anggota.get("nik") or "")
    if row.anggota.get("nik_alasan"):
        return
    if is_absent(nik):
        yield Flaw("nik-kosong", "nik", "NIK kosong tanpa alasan.", f"isi NIK; {_ON_PHONE}")
        return
    yield from (_of_number(one, "nik") for one in _nik_errors(nik))


def _no_kk(row: Row) -> Iterator[Flaw]:
    number = str(row.keluarga.get("no_kk") or "")
    if row.keluarga.get("no_kk_alasan"):
        return
    if is_absent(number):
        yield Flaw("kk-kosong", "no_kk", "Nomor KK kosong tanpa alasan.", f"isi KK; {_ON_PHONE}")
        return
    yield from (_of_number(one, "no_kk") for one in _kk_errors(number))


# Members of a family share its number, and the same number is asked about in each of their rows.
@lru_cache(maxsize=1024)
def _kk_errors(number: str) -> tuple[NumberFinding, ...]:
    return tuple(one for one in kk_findings(number) if one.severity is Severity.ERROR)


@lru_cache(maxsize=1024)
def _nik_errors(number: str) -> tuple[NumberFinding, ...]:
    return tuple(one for one in nik_findings(number) if one.severity is Severity.ERROR)


def _of_number(finding: NumberFinding, field: str) -> Flaw:
    return Flaw(finding.code, field, finding.message_id, _ON_PHONE)


def _name(row: Row) -> Iterator[Flaw]:
    for mapping, field in ((row.anggota, "nama"), (row.anggota, "ibu_kandung")):
        if _UNUSUAL.search(str(mapping.get(field) or "")):
            yield Flaw(
                "nama-tanda-baca",
                field,
                "Ada tanda kutip, koma, titik, atau garis miring.",
                "biarkan hanya jika tercetak di KTP atau KK",
            )


def _one_programme(row: Row) -> Iterator[Flaw]:
    others = row.baris.get("program_lain")
    if isinstance(others, list) and others:
        yield Flaw(
            "satu-program",
            "program_diusulkan",
            f"Satu KK hanya satu program; {', '.join(map(str, others))} tidak ikut diusulkan.",
            "pilih satu program untuk KK ini",
        )


def _event_day(row: Row) -> Iterator[Flaw]:
    if row.baris.get("tindakan") in ("meninggal", "pindah") and not row.baris.get("tanggal"):
        yield Flaw(
            "tanggal-kejadian", "tanggal", "Tanggal kejadian belum diisi.", f"isi; {_ON_PHONE}"
        )


_CHECKS: Final[Mapping[CheckName, Check]] = MappingProxyType(
    {
        "kembar-terbuka": _twin,
        "nik": _nik,
        "no-kk": _no_kk,
        "nama": _name,
        "satu-program": _one_programme,
        "tanggal-kejadian": _event_day,
    }
)


class RowChecks:
    """The checks of one file. It remembers NIKs of the file, as nobody may be in it twice."""

    def __init__(self, file: CompiledFile) -> None:
        spec = file.spec
        self._blocking = [_CHECKS[name] for name in spec.blocking if name in _CHECKS]
        self._warning = [_CHECKS[name] for name in spec.warning if name in _CHECKS]
        self._once: bool | None = None
        if "nik-ganda" in (*spec.blocking, *spec.warning):
            self._once = "nik-ganda" in spec.blocking
        self._seen: dict[str, set[int]] = {}
        self._columns = [
            (place, column) for place, column in enumerate(file.columns) if column.required
        ]

    def problems(self, row: Row, cells: Sequence[Cell]) -> list[Problem]:
        """Everything that is wrong with a row; the first blocking one decides."""
        found = [_problem(row, flaw, blocks=True) for flaw in self._flaws(row, self._blocking)]
        found += [_problem(row, flaw, blocks=False) for flaw in self._flaws(row, self._warning)]
        if self._columns:
            known = {one.field for one in found if one.blocks}
            found += self._of_columns(row, cells, known)
        if self._once is not None and not any(one.blocks for one in found):
            found += self._twice(row)
        return found

    @staticmethod
    def _flaws(row: Row, checks: Iterable[Check]) -> Iterator[Flaw]:
        for check in checks:
            yield from check(row)

    def _of_columns(
        self, row: Row, cells: Sequence[Cell], known: Container[str]
    ) -> Iterator[Problem]:
        """Values that the template asks for; nothing twice about a field that is `known`."""
        if row.baris.get("tanpa_pengurus"):
            return
        for place, column in self._columns:
            if column.field in known:
                continue
            if column.is_required is not None and not column.is_required(row):
                continue
            flaw = _of_cell(column, cells[place])
            if flaw is not None:
                yield _problem(row, flaw, blocks=column.required == "blokir")

    def _twice(self, row: Row) -> Iterator[Problem]:
        """Is somebody of that NIK in the file of this programme already?"""
        nik = str(row.anggota.get("nik") or "")
        if not _TYPED.fullmatch(nik):
            return
        seen = self._seen.setdefault(row.program, set())
        # As an integer with a leading one: half the memory of the text, and no digit is lost.
        number = int(f"1{nik}")
        if number in seen:
            flaw = Flaw(
                "nik-ganda",
                "nik",
                "NIK ini sudah ada di berkas yang sama.",
                "periksa KTP keduanya; satu orang hanya sekali",
            )
            yield _problem(row, flaw, blocks=self._once is True)
        seen.add(number)


def _of_cell(column: CompiledColumn, cell: Cell) -> Flaw | None:
    label = " ".join(column.header.split())
    if cell == EMPTY:
        fix = column.fix or f"isi {_called(column)}; {_ON_PHONE}"
        return Flaw("kosong", label, f"{label} belum diisi.", fix)
    if column.digits is not None and (
        len(str(cell)) != column.digits or not _TYPED.fullmatch(str(cell))
    ):
        fix = column.fix or _ON_PHONE
        return Flaw("angka", label, f"{label} harus {column.digits} angka.", fix)
    return None


def _called(column: CompiledColumn) -> str:
    return (column.field or column.header).replace("_", " ")


def _problem(row: Row, flaw: Flaw, *, blocks: bool) -> Problem:
    return Problem(
        code=flaw.code,
        blocks=blocks,
        desa=row.place.desa,
        rt=row.family.rt,
        keluarga=row.family.id,
        record=row.record,
        name=row.who,
        field=flaw.field,
        message=flaw.message,
        fix=flaw.fix,
    )
