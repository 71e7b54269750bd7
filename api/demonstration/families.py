"""A seeded district of families who do not exist: the list that a campaign starts from.

The fields are what DTSEN gives to a district. What it lacks (mother's name, place of birth, the
outcome, the position) is missing here too: that is what the field work is for. RT, RW and the
quarter are filled in, because they decide which collector gets the family.

The same seed gives the same district, whatever the day on which it is generated.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from types import MappingProxyType
from typing import Final

from api.demonstration.accounts import Person, people
from api.demonstration.answers import answers, is_at_school
from api.demonstration.flaws import (
    Flaw,
    FlawKind,
    break_household,
    double,
    household_flaws,
    share_member,
)
from api.demonstration.household import CHILD, SPOUSE, Resident, household, pick
from api.demonstration.housing import DESIL, housing
from api.demonstration.identifiers import Registrar, record_id
from api.demonstration.places import Neighbourhood, Village, villages
from api.demonstration.records import Family, Member
from api.demonstration.wilayah import Area, areas
from sync.types import Json

SEED: Final = 2026
FAMILIES_PER_RT: Final = 60
DAY: Final = date(2026, 9, 1)
"""The day of the list: ages, pregnancies and ids are as of this day."""

ROADS: Final = ("KOPI", "LADA", "CENGKEH", "MELATI", "MERDEKA", "GOTONG ROYONG", "SAWAH", "MASJID")
POOR_DESIL_MAX: Final = 4
"""Aid goes to the lowest four tenths."""


@dataclass(frozen=True, slots=True)
class Demonstration:
    """Everything that a new database is filled with. `flaws` tells what is wrong on purpose."""

    seed: int
    day: date
    areas: tuple[Area, ...]
    villages: tuple[Village, ...]
    families: tuple[Family, ...]
    flaws: tuple[Flaw, ...]
    people: tuple[Person, ...]


def generate(
    seed: int = SEED,
    *,
    families_per_rt: int = FAMILIES_PER_RT,
    places: Sequence[Village] | None = None,
    day: date = DAY,
) -> Demonstration:
    """The district of this seed: about `families_per_rt` families in each RT of `places`.

    By default 58 RTs of 26 villages: some 3,500 families with 3.7 members each.
    """
    chosen = tuple(villages() if places is None else places)
    registrar = Registrar()
    families: list[Family] = []
    flaws: list[Flaw] = []
    for village in chosen:
        random = _seeded(f"{seed}/{village.kode}")
        listed = _List(random, registrar, village, day)
        listed.fill(families_per_rt)
        listed.spoil()
        families += listed.families
        flaws += listed.flaws
    return Demonstration(
        seed=seed,
        day=day,
        areas=areas(),
        villages=chosen,
        families=tuple(families),
        flaws=tuple(flaws),
        people=people(_seeded(f"{seed}/people"), chosen),
    )


def _seeded(text: str) -> Random:
    return Random(text)  # noqa: S311  # repeatable on purpose; nothing secret is drawn from it


class _List:
    """The list of one village while it is being written."""

    def __init__(self, random: Random, registrar: Registrar, village: Village, day: date) -> None:
        self._random = random
        self._registrar = registrar
        self._village = village
        self._day = day
        self._sound: list[int] = []
        self.families: list[Family] = []
        self.flaws: list[Flaw] = []

    def fill(self, families_per_rt: int) -> None:
        """Families without a flaw, in all RTs."""
        spread = families_per_rt // 10
        for place in self._village.neighbourhoods:
            for _ in range(families_per_rt + self._random.randint(-spread, spread)):
                self.families.append(self._family(place))
        self._sound = self._random.sample(range(len(self.families)), len(self.families))

    def spoil(self) -> None:
        """Breaks some families, each at most once, as far as there are suitable ones."""
        first, *_, last = self._village.neighbourhoods
        for place in self._village.neighbourhoods:
            for kind in household_flaws(self._random, with_two_heads=place is first):
                index = self._take(place, _SUITS[kind])
                if index is not None:
                    self.families[index], flaw = break_household(kind, self.families[index])
                    self.flaws.append(flaw)
        self._share(first, last)
        self._double(first, last)

    def _share(self, first: Neighbourhood, last: Neighbourhood) -> None:
        index, other = self._take(first, _has_grown_child), self._take(last, _is_any)
        if index is None or other is None:
            return
        copy_id = record_id(self._random, self._day)
        shared, flaw = share_member(self.families[index], self.families[other], copy_id)
        self.families[other] = shared
        self.flaws.append(flaw)

    def _double(self, first: Neighbourhood, last: Neighbourhood) -> None:
        index = self._take(first, _is_any)
        if index is None:
            return
        family = self.families[index]
        ids = [record_id(self._random, self._day) for _ in range(1 + len(family.members))]
        twin, flaw = double(family, _place_fields(last), last.text, ids)
        self.families.append(twin)
        self.flaws.append(flaw)

    def _take(self, place: Neighbourhood, suits: Callable[[Family], bool]) -> int | None:
        """A sound family of this RT, which is then no longer counted as sound."""
        for index in self._sound:
            family = self.families[index]
            if family.rt == place.text and suits(family):
                self._sound.remove(index)
                return index
        return None

    def _family(self, place: Neighbourhood) -> Family:
        random, village = self._random, self._village
        house = household(random, pick(random, village.district.namings), self._day)
        desil = pick(random, DESIL)
        wealth = (desil - 1 + random.random()) / 10
        insured = _insurance(random, desil)
        members = tuple(self._member(one, wealth, insured) for one in house.residents)
        issued = self._day - timedelta(days=random.randint(200, 4000))
        fields: dict[str, Json] = {
            "no_kk": self._registrar.no_kk(village.kecamatan, issued),
            "nama_kepala_keluarga": house.residents[0].name,
            "alamat": f"JALAN {random.choice(ROADS)} NO {random.randint(1, 120)}",
            **_place_fields(place),
            "jumlah_anggota_keluarga": len(members),
            "desil_nasional": desil,
            "desil_provinsi": _near(random, desil),
            "desil_kabupaten_kota": _near(random, desil),
            **insured,
            **housing(random, wealth),
            "id_dtks": f"CONTOH-{village.kode}-{len(self.families) + 1:04}",
            "sumber_daftar": "DTSEN v3/2026 (contoh)",
        }
        programmes = _programmes(random, desil, members, house.residents)
        if programmes:
            fields["program"] = programmes
        return Family(record_id(random, self._day), village.kode, place.text, fields, members)

    def _member(self, resident: Resident, wealth: float, insured: dict[str, Json]) -> Member:
        random = self._random
        fields = answers(random, resident, wealth, self._day) | insured
        if any(insured.values()):
            fields["program"] = ["pbi"]
        reason = _reason_without_nik(random, resident.age)
        if reason is None:
            fields["nik"] = self._registrar.nik(
                self._village.kecamatan, resident.born, is_woman=resident.is_woman
            )
        else:
            fields["nik_alasan"] = reason
        return Member(record_id(random, self._day), fields)


def _place_fields(place: Neighbourhood) -> dict[str, Json]:
    fields: dict[str, Json] = {"dusun": place.dusun, "rt": place.rt}
    return fields | ({"rw": place.rw} if place.rw else {})


def _near(random: Random, desil: int) -> int:
    """The tenth within a smaller area differs by one at most."""
    return min(max(desil + random.choice((-1, 0, 0, 0, 1)), 1), 10)


def _insurance(random: Random, desil: int) -> dict[str, Json]:
    by_nation = random.random() < max(0.8 - 0.09 * desil, 0.05)
    return {"pbi_nas": by_nation, "pbi_pemda": not by_nation and random.random() < 0.08}


def _programmes(
    random: Random, desil: int, members: Sequence[Member], residents: Sequence[Resident]
) -> list[Json]:
    if desil > POOR_DESIL_MAX:
        return []
    # PKH is for families with pregnant women, small children, pupils or old people.
    has_need = any(
        is_at_school(dict(member.set)) or member.set.get("hamil") for member in members
    ) or any(not 6 <= resident.age < 60 for resident in residents)
    with_pkh = has_need and random.random() < 0.5
    with_bpnt = random.random() < (0.85 if with_pkh else 0.4)
    given = (("bpnt", with_bpnt), ("bst", random.random() < 0.03), ("pkh", with_pkh))
    return [programme for programme, is_given in given if is_given]


def _reason_without_nik(random: Random, age: int) -> str | None:
    """Some people have no NIK and the list says why: that is no flaw."""
    if age < 1 and random.random() < 0.35:
        return "belum punya akta kelahiran"
    if age > 75 and random.random() < 0.05:
        return "belum pernah merekam KTP"
    return "dokumen hilang" if random.random() < 0.003 else None


def _is_any(_: Family) -> bool:
    return True


def _head_has_nik(family: Family) -> bool:
    return "nik" in family.members[0].set


def _has_couple(family: Family) -> bool:
    return any(member.set["hubungan_keluarga"] == SPOUSE for member in family.members[1:2])


def _has_grown_child(family: Family) -> bool:
    last = family.members[-1].set
    is_child = last["hubungan_keluarga"] == CHILD and "nik" in last
    return is_child and last.get("pekerjaan") not in (None, "pelajar_mahasiswa")


_SUITS: Final[Mapping[FlawKind, Callable[[Family], bool]]] = MappingProxyType(
    {
        FlawKind.NIK_SHORT: _head_has_nik,
        FlawKind.NIK_LETTER: _head_has_nik,
        FlawKind.NIK_SERIAL: _head_has_nik,
        FlawKind.NIK_MISSING: _head_has_nik,
        FlawKind.NIK_BIRTH_DATE: _head_has_nik,
        FlawKind.KK_SHORT: _is_any,
        FlawKind.TWO_HEADS: _has_couple,
    }
)
