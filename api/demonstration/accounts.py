"""The people who work in the demonstration: collectors, midwives, heads, operators, offices."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from api.demonstration.household import pick
from api.demonstration.names import person_name
from api.demonstration.places import DISTRICTS, District, Village
from api.demonstration.wilayah import areas
from sync.permission import Role

ADMIN: Final = "admin"


@dataclass(frozen=True, slots=True)
class Person:
    """One account. `rts` is None where the account covers its whole area.

    `title` is what the role is called on the spot, in Indonesian.
    """

    account: str
    name: str
    role: Role
    title: str
    area: str
    rts: tuple[str, ...] | None = None


def people(random: Random, villages: Sequence[Village]) -> tuple[Person, ...]:
    """Per RT a collector; per village a midwife, a head, an operator; supervisors; two offices."""
    return (
        *(person for village in villages for person in _of_village(random, village)),
        *_offices(random, villages),
        Person(ADMIN, "Admin Lokus", Role.ADMIN, "admin", "18"),
    )


def account_word(name: str) -> str:
    """`Tanjung Harapan` → `tanjungharapan`: account names are lower case and ASCII."""
    return "".join(letter for letter in name.lower() if letter.isascii() and letter.isalnum())


def _of_village(random: Random, village: Village) -> Iterator[Person]:
    word, kode = account_word(village.nama), village.kode
    district = village.district
    for place in village.neighbourhoods:
        name = _name(random, district, is_woman=random.random() < 0.3)
        account = f"petugas.{word}.{place.rt}"
        yield Person(account, name, Role.PETUGAS, f"ketua RT {place.rt}", kode, (place.text,))
    yield Person(
        f"bidan.{word}", _name(random, district, is_woman=True), Role.BIDAN, "bidan desa", kode
    )
    yield Person(
        f"kepala.{word}",
        _name(random, district, is_woman=False),
        Role.KEPALA_DESA,
        district.village_head,
        kode,
    )
    yield Person(
        f"operator.{word}",
        _name(random, district, is_woman=random.random() < 0.5),
        Role.OPERATOR_DESA,
        f"operator {district.village}",
        kode,
    )


def _offices(random: Random, villages: Sequence[Village]) -> Iterator[Person]:
    named = {area.kode: area.nama for area in areas()}
    for kecamatan in sorted({village.kecamatan for village in villages}):
        nama = named[kecamatan]
        yield Person(
            f"supervisor.{account_word(nama)}",
            _name(random, DISTRICTS[kecamatan[:4]], is_woman=random.random() < 0.4),
            Role.SUPERVISOR,
            f"supervisor kecamatan {nama}",
            kecamatan,
        )
    for kabupaten in sorted({village.district.kode for village in villages}):
        nama = named[kabupaten].removeprefix("Kabupaten ")
        yield Person(
            f"tkpk.{account_word(nama)}",
            _name(random, DISTRICTS[kabupaten], is_woman=random.random() < 0.5),
            Role.TKPK,
            f"TKPK Kabupaten {nama}",
            kabupaten,
        )


def _name(random: Random, district: District, *, is_woman: bool) -> str:
    naming = pick(random, district.namings)
    return person_name(random, naming, is_woman=is_woman, birth_order=random.randrange(4)).title()
