"""The worksheet of an RT: what its head takes along on paper, with the last values.

Families stand in the order of a walk: by address, house numbers as numbers, then by name. The same
order numbers them on paper and on the screen, so "the twin of number 12" means one family.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.services.localities import Locality, locality
from api.services.masking import Mask
from api.services.reviewers import Reviewer
from api.settings import Settings
from models.queries import rt_lists
from models.queries.auditing import AuditEntry
from sync.permission import Role
from sync.types import ANGGOTA, KELUARGA, Json, Record

RT_HEAD_ROLES: Final = (Role.PETUGAS.value,)
FAMILIES_MAX: Final = 2000
"""More than that is no RT: a list without RTs is put in order first."""

_RT: Final = re.compile(r"(\d{1,3})(?:/(\d{0,3}))?")
_PARTS: Final = re.compile(r"\d+|\D+")
_HEAD_OF_FAMILY: Final = "kepala_keluarga"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which worksheet: of an RT (`"003/001"`), for a period if one is named."""

    desa: str
    rt: str
    period: str | None = None


@dataclass(frozen=True, slots=True)
class SheetMember:
    """A person as the sheet shows them; `seq` is the record's number in this copy."""

    id: str
    seq: int
    fields: Mapping[str, Json]
    end: Mapping[str, Json] | None


@dataclass(frozen=True, slots=True)
class SheetFamily:
    """A family with its members; `number` is its place in the walk, from 1."""

    number: int
    id: str
    seq: int
    fields: Mapping[str, Json]
    end: Mapping[str, Json] | None
    members: tuple[SheetMember, ...]

    @property
    def name(self) -> str:
        """The head's name, as the family has it or else as a member's."""
        name = self.fields.get("nama_kepala_keluarga")
        return name if isinstance(name, str) else ""


@dataclass(frozen=True, slots=True)
class Worksheet:
    """An RT's families in walking order."""

    place: Locality
    rt: str
    period: str | None
    heads: tuple[str, ...]
    """Names of who looks after the RT; several where it has helpers."""
    families: tuple[SheetFamily, ...]
    made_at: datetime

    @property
    def open_families(self) -> tuple[SheetFamily, ...]:
        """Those that are to be visited."""
        return tuple(one for one in self.families if one.end is None)


def worksheet(
    session: Session, settings: Settings, reviewer: Reviewer, asked: Asked
) -> tuple[Worksheet, AuditEntry]:
    """The worksheet of an RT, and the entry that says who has read it.

    Raises `AppError` ``not-found`` for a village or an RT out of sight.
    """
    if not reviewer.sight.covers(asked.desa, asked.rt):
        raise AppError("not-found")
    place = locality(session, settings, asked.desa)
    records = rt_lists.rt_records(session, reviewer.sight, asked.desa, asked.rt)
    families = in_walking_order(records, Mask(reviewer.role))
    if len(families) > FAMILIES_MAX:
        raise AppError("value-refused", f"An RT of more than {FAMILIES_MAX} families is none.")
    heads = rt_lists.accounts_of_rt(session, RT_HEAD_ROLES, asked.desa, asked.rt, reviewer.now)
    sheet = Worksheet(
        place,
        asked.rt,
        asked.period,
        tuple(account.display_name for account, _ in heads),
        families,
        reviewer.now,
    )
    seen: list[Json] = [one.id for one in families]
    return sheet, reviewer.entry("worksheet-read", rt=asked.rt, records=seen)


def in_walking_order(records: Iterable[Record], mask: Mask) -> tuple[SheetFamily, ...]:
    """Families by address and name, open ones first, numbered; people by their place in it."""
    listed = list(records)
    people: dict[str, list[Record]] = {}
    for record in listed:
        if record.entity == ANGGOTA:
            people.setdefault(record.keluarga, []).append(record)
    houses = [record for record in listed if record.entity == KELUARGA]
    houses.sort(key=_walk)
    return tuple(
        SheetFamily(
            number,
            house.id,
            house.seq,
            mask.fields(KELUARGA, house.fields),
            house.end,
            _members(people.get(house.id, ()), mask),
        )
        for number, house in enumerate(houses, 1)
    )


def rt_of_text(text: str) -> str:
    """An RT as people type it → as the register writes it: `3/1` → `003/001`, `3` → `003/`.

    Raises `AppError` ``value-refused`` for anything else.
    """
    found = _RT.fullmatch(text.strip())
    if found is None:
        raise AppError("value-refused", "An RT is written 003/001, or 003 where there is no RW.")
    rt, rw = found[1].zfill(3), found[2]
    return f"{rt}/{rw.zfill(3) if rw else ''}"


def known_rt(wanted: str, counts: Iterable[str]) -> str:
    """The RT that was meant: `003/` also means the only RT 003 of a village with RWs."""
    known = sorted(counts)
    if wanted in known or not wanted.endswith("/"):
        return wanted
    meant = [rt for rt in known if rt.startswith(wanted)]
    if len(meant) > 1:
        raise AppError("value-refused", f"There are several RT {wanted[:-1]}: {', '.join(meant)}.")
    return meant[0] if meant else wanted


def _walk(house: Record) -> tuple[bool, list[tuple[int, str]], list[tuple[int, str]], str]:
    address, name = house.fields.get("alamat"), house.fields.get("nama_kepala_keluarga")
    return house.end is not None, _natural(address), _natural(name), house.id


def _natural(value: Json) -> list[tuple[int, str]]:
    """House number 10 comes after house number 9; who has no address comes last."""
    text = value.casefold().strip() if isinstance(value, str) else ""
    if not text:
        return [(1 << 60, "")]
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _PARTS.findall(text)]


def _members(people: Sequence[Record], mask: Mask) -> tuple[SheetMember, ...]:
    def place(person: Record) -> tuple[bool, bool, str, str]:
        born = person.fields.get("tanggal_lahir")
        is_head = person.fields.get("hubungan_keluarga") == _HEAD_OF_FAMILY
        return person.end is not None, not is_head, str(born or "9"), person.id

    return tuple(
        SheetMember(one.id, one.seq, mask.fields(ANGGOTA, one.fields), one.end)
        for one in sorted(people, key=place)
    )
