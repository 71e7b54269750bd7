"""Second pass: the rows of one family, as they were put aside, become a `ListedFamily`.

A pair gives a row of the family and rows of its people; a single file gives rows of people who
each repeat what is known of their family. Either way the family is what any of its rows says of
it, the family's own row first.
"""

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from api.formats.lists.files import ListFile, Said
from api.formats.lists.remarks import Remarks
from models.spill import Part
from sync.listed import ListedFamily, ListedMember, ListKind
from sync.types import ANGGOTA, KELUARGA, Json

HEAD: Final = "kepala_keluarga"
_BUILDINGS: Final = uuid.UUID("6f3c1b0e-7a52-5c1e-9a55-0b6a2f0c8d11")
"""Names of buildings: the same household of a list is the same building in every import."""
_NOTHING: Final = Said()


@dataclass(slots=True, eq=False)
class _Row:
    """A row, read."""

    file: ListFile
    number: int
    is_tail: bool
    said: dict[str, Said]

    def of(self, owner: str) -> Said:
        return self.said.get(owner, _NOTHING)

    def text(self, owner: str, name: str) -> str:
        value = self.of(owner).fields.get(name)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class FamilyReader:
    """Reads the groups that the spill gives out."""

    files: Mapping[int, ListFile]
    kind: ListKind
    remarks: Remarks
    is_pair: bool

    def families(self, desa: str, parts: list[Part]) -> Iterator[ListedFamily]:
        """The families of one group: one, or several of a household that holds several."""
        rows = [self._row(part) for part in parts]
        own = [row for row in rows if not row.is_tail] if self.is_pair else []
        people = [row for row in rows if row.is_tail or not self.is_pair] or own
        if self.is_pair and people is own:
            for row in own:
                self.remarks.note("no-members", row.number, file=row.file.name)
        shares = _shares(people)
        for share in shares:
            yield self._family(desa, own, share, household=rows if len(shares) > 1 else [])

    def _row(self, part: Part) -> _Row:
        file = self.files[part.file]
        said = file.read(part.body, part.number, self.remarks)
        return _Row(file, part.number, bool(part.is_tail), said)

    def _family(
        self, desa: str, own: list[_Row], people: list[_Row], household: list[_Row]
    ) -> ListedFamily:
        fields: dict[str, Json] = {}
        codes: dict[str, str] = {}
        for row in (*own, *(row for row in people if row not in own)):
            _take(row.of(KELUARGA), fields, codes)
        members = tuple(self._members(people))
        list_id = next(filter(None, (row.text("daftar", "id") for row in (*own, *people))), "")
        if household:
            # The household's head need not be the head of each of its families.
            fields.pop("nama_kepala_keluarga", None)
            fields.pop("jumlah_anggota_keluarga", None)
            fields["bangunan"] = str(uuid.uuid5(_BUILDINGS, f"{desa}/{list_id}"))
        name = _head_name(members)
        if name:
            fields.setdefault("nama_kepala_keluarga", name)
        first = (own or people)[0]
        return ListedFamily(first.file.name, first.number, desa, fields, codes, members, list_id)

    def _members(self, rows: list[_Row]) -> Iterator[ListedMember]:
        found: dict[str, ListedMember] = {}
        for row in rows:
            for owner in dict.fromkeys((ANGGOTA, *row.file.found.layout.persons)):
                member = self._member(row, owner)
                nik = member.fields.get("nik") if member else None
                if member is None:
                    continue
                if self.kind != "proposals" or not isinstance(nik, str):
                    yield member
                elif nik in found:
                    # Proposed for two programmes, in one file each: one person all the same.
                    known = found[nik]
                    found[nik] = replace(known, fields={**member.fields, **known.fields})
                else:
                    found[nik] = member
        yield from found.values()

    def _member(self, row: _Row, owner: str) -> ListedMember | None:
        if owner != ANGGOTA and owner not in row.said:
            return None
        said = row.of(owner)
        always = row.file.found.layout.persons.get(owner, {})
        fields = dict(said.fields)
        if always.get("hubungan_keluarga") == HEAD:
            # A row of a household names its head once, as the family's.
            name = row.text(KELUARGA, "nama_kepala_keluarga")
            fields |= {"nama": fields.get("nama", name)} if name else {}
        if not ("nama" in fields or "nik" in fields):
            return None
        for field, value in always.items():
            fields.setdefault(field, value)
        if owner != ANGGOTA:
            return ListedMember(row.number, fields, said.codes, row.file.name)
        codes = {**row.of("akhir").codes, **said.codes}
        return ListedMember(row.number, fields, codes, row.file.name, self._end(row))

    def _end(self, row: _Row) -> dict[str, Json] | None:
        said = row.of("akhir").fields
        if "end" not in said:
            return None
        if "date" not in said:
            self.remarks.note("end-without-day", row.number, file=row.file.name)
        return dict(said)


def _shares(people: list[_Row]) -> list[list[_Row]]:
    """The people of each family of a household, as the list numbers them."""
    shares: dict[str, list[_Row]] = {}
    for row in people:
        shares.setdefault(row.text("daftar", "bagian"), []).append(row)
    strays = shares.pop("", [])
    if not shares:
        return [strays]
    # Whoever bears no number of a family belongs to the household's first.
    shares[next(iter(shares))].extend(strays)
    return list(shares.values())


def _take(said: Said, fields: dict[str, Json], codes: dict[str, str]) -> None:
    for name, value in said.fields.items():
        before = fields.setdefault(name, value)
        if before is not value and isinstance(before, list) and isinstance(value, list):
            fields[name] = [*sorted({*map(str, before), *map(str, value)})]
    for name, code in said.codes.items():
        codes.setdefault(name, code)


def _head_name(members: tuple[ListedMember, ...]) -> str:
    heads = (one.fields for one in members if one.fields.get("hubungan_keluarga") == HEAD)
    return next((str(fields["nama"]) for fields in heads if "nama" in fields), "")
