"""What is wrong with the lists on purpose, so that checks and reviewers have work to do.

Real lists are like this: in 2021 16.7 million people had no NIK and 1.06 million NIK were double.
Some flaws can be seen inside one household (`sync.checks` finds them, with the code given here);
two of them can be seen only between families.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import Final

from api.demonstration.records import Family, Member
from sync.types import Json


class FlawKind(StrEnum):
    """What was broken."""

    NIK_SHORT = "nik-short"
    NIK_LETTER = "nik-letter"
    NIK_SERIAL = "nik-serial"
    NIK_MISSING = "nik-missing"
    NIK_BIRTH_DATE = "nik-birth-date"
    KK_SHORT = "kk-short"
    TWO_HEADS = "two-heads"
    NIK_SHARED = "nik-shared"
    FAMILY_DOUBLE = "family-double"


FOUND_AS: Final[Mapping[FlawKind, str]] = MappingProxyType(
    {
        FlawKind.NIK_SHORT: "nik-length",
        FlawKind.NIK_LETTER: "nik-digits",
        FlawKind.NIK_SERIAL: "nik-serial",
        FlawKind.NIK_MISSING: "nik-missing",
        FlawKind.NIK_BIRTH_DATE: "nik-birth-date",
        FlawKind.KK_SHORT: "kk-length",
        FlawKind.TWO_HEADS: "head-twice",
    }
)
"""Flaw of one household → the finding of `sync.checks` that tells of it."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that was broken, and the records that show it."""

    kind: FlawKind
    desa: str
    record_ids: tuple[str, ...]


def break_household(kind: FlawKind, family: Family) -> tuple[Family, Flaw]:
    """The family with one flaw that can be seen from inside; `family` has none yet."""
    if kind is FlawKind.KK_SHORT:
        broken = replace(family, set={**family.set, "no_kk": str(family.set["no_kk"])[:-1]})
        return broken, Flaw(kind, family.desa, (family.id,))
    if kind is FlawKind.TWO_HEADS:
        head, second = family.members[:2]
        family = _with_member(family, second, {"hubungan_keluarga": "kepala_keluarga"})
        return family, Flaw(kind, family.desa, (head.id, second.id))
    member = next(member for member in family.members if "nik" in member.set)
    nik, born = str(member.set["nik"]), date.fromisoformat(str(member.set["tanggal_lahir"]))
    changes: dict[FlawKind, dict[str, Json]] = {
        FlawKind.NIK_SHORT: {"nik": nik[:-1]},
        FlawKind.NIK_LETTER: {"nik": nik[:6] + "O" + nik[7:]},
        FlawKind.NIK_SERIAL: {"nik": nik[:-4] + "0000"},
        FlawKind.NIK_MISSING: {"nik": None},
        FlawKind.NIK_BIRTH_DATE: {"tanggal_lahir": (born + timedelta(days=1)).isoformat()},
    }
    broken = _with_member(family, member, changes[kind])
    return broken, Flaw(kind, family.desa, (member.id,))


def share_member(first: Family, second: Family, new_id: str) -> tuple[Family, Flaw]:
    """A grown child of `first` is on the list of `second` too, under another id."""
    child = first.members[-1]
    copy = Member(new_id, {**child.set, "hubungan_keluarga": "lainnya"})
    listed = replace(
        second,
        members=(*second.members, copy),
        set={**second.set, "jumlah_anggota_keluarga": len(second.members) + 1},
    )
    return listed, Flaw(FlawKind.NIK_SHARED, first.desa, (child.id, copy.id))


def double(
    family: Family, rt: Mapping[str, Json], rt_text: str, ids: list[str]
) -> tuple[Family, Flaw]:
    """The same family once more, in another RT, because it moved and nobody struck it out."""
    twin = Family(
        id=ids[0],
        desa=family.desa,
        rt=rt_text,
        set={**family.set, **rt},
        members=tuple(
            Member(new_id, member.set)
            for new_id, member in zip(ids[1:], family.members, strict=True)
        ),
    )
    pairs = zip(family.members, twin.members, strict=True)
    record_ids = (family.id, twin.id, *(member.id for pair in pairs for member in pair))
    return twin, Flaw(FlawKind.FAMILY_DOUBLE, family.desa, record_ids)


def household_flaws(random: Random, *, with_two_heads: bool) -> list[FlawKind]:
    """Which flaws one RT gets: three of persons, half of the time one of the card."""
    kinds = [
        random.choice((FlawKind.NIK_SHORT, FlawKind.NIK_LETTER, FlawKind.NIK_SERIAL)),
        FlawKind.NIK_MISSING,
        FlawKind.NIK_BIRTH_DATE,
    ]
    if random.random() < 0.5:
        kinds.append(FlawKind.KK_SHORT)
    if with_two_heads:
        kinds.append(FlawKind.TWO_HEADS)
    return kinds


def _with_member(family: Family, member: Member, changes: Mapping[str, Json]) -> Family:
    fields = {**member.set, **changes}
    changed = Member(
        member.id, {name: value for name, value in fields.items() if value is not None}
    )
    members = tuple(changed if one is member else one for one in family.members)
    return replace(family, members=members)
