"""Second pass for lists about single persons: measurements, answers of Dukcapil and ministry."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from api.formats.lists import remarks
from api.formats.lists.files import ListFile, Said
from api.formats.lists.remarks import Remarks
from models.spill import Part, Refused
from sync.listed import Listed, ListedGrowth, ListedMatch, ListedResult, ListKind
from sync.types import ANGGOTA, PENGUKURAN, Json

PADAN: Final = "padan"
_NOT_FOUND: Final = ("tidak", "bukan", "gagal", "invalid", "error", "not ")
"""Words of an answer that says no; the answers themselves are not published."""


@dataclass(frozen=True, slots=True)
class PersonReader:
    """Reads rows that are about one person each."""

    files: Mapping[int, ListFile]
    remarks: Remarks

    def read(self, kind: ListKind, desa: str, part: Part) -> Listed | Refused:
        """What a row says, or why it is of no use."""
        file = self.files[part.file]
        said = file.read(part.body, part.number, self.remarks)
        found = _READERS[kind](file.name, part.number, desa, said)
        if isinstance(found, str):
            return Refused(part.file, part.number, found, "", "")
        return found


def _growth(file: str, row: int, desa: str, said: dict[str, Said]) -> Listed | str:
    measured = said.get(PENGUKURAN, Said())
    person = dict(said.get(ANGGOTA, Said()).fields)
    parent = _text(said, "ortu", "nama")
    if "tanggal" not in measured.fields or not {"berat_kg", "tinggi_cm"} & measured.fields.keys():
        return remarks.NOTHING_MEASURED
    if not ("nama" in person or "nik" in person):
        return remarks.NOBODY
    if parent:
        person["nama_orang_tua"] = parent
    return ListedGrowth(file, row, desa, person, measured.fields, measured.codes)


def _match(file: str, row: int, _desa: str, said: dict[str, Said]) -> Listed | str:
    about = said.get(ANGGOTA, Said())
    fields: dict[str, Json] = dict(about.fields)
    nik = fields.pop("nik", "")
    if not isinstance(nik, str) or not nik:
        return remarks.NO_NIK
    no_kk = _text(said, "padan", "no_kk")
    if no_kk:
        fields["no_kk"] = no_kk
    answer = _text(said, "padan", "respon")
    is_no = any(word in answer.casefold() for word in _NOT_FOUND) or "nama" not in fields
    padan = answer or "tidak padan" if is_no else PADAN
    return ListedMatch(file, row, "", nik, padan, fields, about.codes)


def _result(file: str, row: int, desa: str, said: dict[str, Said]) -> Listed | str:
    nik = _text(said, "hasil", "nik")
    if not nik:
        return remarks.NO_NIK
    words = {
        name: _text(said, "hasil", name)
        for name in ("program", "nama", "hasil", "padan", "keterangan")
    }
    return ListedResult(file, row, desa, nik, **words, codes=said["hasil"].codes)


def _text(said: dict[str, Said], owner: str, name: str) -> str:
    value = said.get(owner, Said()).fields.get(name)
    return value if isinstance(value, str) else ""


_Reader = Callable[[str, int, str, dict[str, Said]], "Listed | str"]
_READERS: Final[Mapping[str, _Reader]] = {
    "growth": _growth,
    "match": _match,
    "result": _result,
}


def read_persons(
    reader: PersonReader, kind: ListKind, desa: str, groups: Iterator[list[Part]]
) -> Iterator[Listed | Refused]:
    """All rows of a village, in the order of the files."""
    for parts in groups:
        for part in parts:
            yield reader.read(kind, desa, part)
