"""Writes a DTSEN pair of people who do not exist: `python -m tests.lists.dtsen_pair OUT`.

62 kampung of the five kecamatan of Lampung Tengah; every family and every flaw follows from the
seed. The flaws are those that real lists have, in the shares below, and `Pair.flaws` says how many
of each were planted, so that whoever reads the files knows what has to come of them. Rows are
written as they are made; a hundred thousand families need no more memory than one kampung.

Numbers are visibly fictional, as everywhere in this repository: their serials begin at 9001.
"""

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Final

from api.demonstration.answers import answers
from api.demonstration.household import household, pick
from api.demonstration.housing import DESIL, housing
from api.demonstration.names import Naming
from api.demonstration.wilayah import Area, areas
from api.formats.lists.layouts import Layout, catalogue
from sync.codes import CODELISTS
from sync.policy import FIELDS
from sync.types import Json

DAY: Final = date(2026, 9, 1)
DISTRICTS: Final = ("180214", "180219", "180220", "180221", "180227")
NAMINGS: Final = (
    (Naming.JAVANESE, 58),
    (Naming.LAMPUNG, 24),
    (Naming.BALINESE, 10),
    (Naming.SUNDANESE, 8),
)
SHARES: Final = {
    # of families
    "float_kk": 0.02,
    "scientific_kk": 0.002,
    "unknown_village": 0.002,
    "name_only": 0.01,
    # of members
    "float_nik": 0.02,
    "missing_nik": 0.02,
    "malformed_nik": 0.01,
    "scientific_nik": 0.002,
    "doubled_nik": 0.003,
    "stray_member": 0.002,
}
SERIALS_PER_KAMPUNG: Final = 49
"""Of the 999 of a kecamatan and a day; no kecamatan here has more than 20 kampung."""


@dataclass(slots=True)
class Pair:
    """What was written."""

    families: Path
    members: Path
    codes: Path
    """The office's own workbook of codes: kolom, kode, keterangan."""
    family_count: int = 0
    member_count: int = 0
    flaws: Counter[str] = field(default_factory=Counter)
    members_of_refused: int = 0
    """Members of families that cannot go in, hence refused with them."""


def kampung() -> tuple[Area, ...]:
    """The 62 of the five kecamatan."""
    return tuple(one for one in areas() if len(one.kode) == 10 and one.kode[:6] in DISTRICTS)


def write_pair(
    folder: Path, *, families: int, seed: int = 2026, separator: str = ",", labels: bool = False
) -> Pair:
    """Write `dtsen_keluarga.csv`, `dtsen_anggota.csv` and `kode.csv` into a folder.

    With `labels` answers are words, else numbers in the order of the catalogue, as a district gets
    them with a workbook of codes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    pair = Pair(folder / "dtsen_keluarga.csv", folder / "dtsen_anggota.csv", folder / "kode.csv")
    of_family, of_member = catalogue()["dtsen_2026"].layouts
    _write_codes(pair.codes, of_family, of_member)
    with (
        pair.families.open("w", encoding="utf-8", newline="") as family_file,
        pair.members.open("w", encoding="utf-8", newline="") as member_file,
    ):
        family_rows = csv.writer(family_file, delimiter=separator)
        member_rows = csv.writer(member_file, delimiter=separator)
        family_rows.writerow(_header(of_family))
        member_rows.writerow(_header(of_member))
        for family, members in _families(pair, families, seed, labels):
            family_rows.writerow([family.get(name, "") for name in _header(of_family)])
            for member in members:
                member_rows.writerow([member.get(name, "") for name in _header(of_member)])
    return pair


def _header(layout: Layout) -> list[str]:
    """All columns of the layout; those that feed no field are there as well."""
    area = layout.area
    places = [area.kabupaten, area.kecamatan, area.desa] if area else []
    places += [name for name, _ in area.parts] if area else []
    known = [column.header for column in layout.columns]
    return list(dict.fromkeys([layout.key, *layout.unused, *places, *known]))


class _Kampung:
    """One kampung's numbers: each NIK and No KK once, and no memory of other kampung."""

    def __init__(self, area: Area, place: int) -> None:
        self.area = area
        self._first = 9001 + SERIALS_PER_KAMPUNG * place
        self._given: Counter[str] = Counter()

    def nik(self, born: date, *, is_woman: bool) -> str:
        day = born.day + (40 if is_woman else 0)
        return self._next(f"{self.area.kode[:6]}{day:02}{born:%m%y}")

    def no_kk(self, random: Random) -> str:
        issued = DAY - timedelta(days=random.randint(200, 9000))
        while self._given["kk" + (stem := f"{self.area.kode[:6]}{issued:%d%m%y}")] > 40:
            issued += timedelta(days=1)
        return self._next(stem, "kk")

    def _next(self, stem: str, kind: str = "") -> str:
        number = self._given[kind + stem]
        self._given[kind + stem] += 1
        assert number < SERIALS_PER_KAMPUNG, "too many people born on one day in one kampung"
        return f"{stem}{self._first + number:04}"


def _families(
    pair: Pair, count: int, seed: int, labels: bool
) -> Iterator[tuple[dict[str, str], list[dict[str, str]]]]:
    places = kampung()
    names = {one.kode: one.nama for one in areas()}
    seats: Counter[str] = Counter()
    for number, area in enumerate(places):
        random = Random(f"{seed}/{area.kode}")
        here = _Kampung(area, seats[area.kode[:6]])
        seats[area.kode[:6]] += 1
        share = count // len(places) + (1 if number < count % len(places) else 0)
        for _ in range(share):
            family, members = _family(random, here, names, labels)
            _spoil(random, pair, area, family, members)
            pair.family_count += 1
            pair.member_count += len(members)
            yield family, members


def _family(
    random: Random, here: _Kampung, names: dict[str, str], labels: bool
) -> tuple[dict[str, str], list[dict[str, str]]]:
    house = household(random, pick(random, NAMINGS), DAY)
    desil = pick(random, DESIL)
    wealth = (desil - 1 + random.random()) / 10
    no_kk = here.no_kk(random)
    area = here.area
    said: dict[str, Json] = {
        **housing(random, wealth),
        "desil_nasional": desil,
        "desil_provinsi": desil,
        "desil_kabupaten_kota": desil,
        "jumlah_anggota_keluarga": len(house.residents),
        "pbi_nas": desil < 5,
    }
    family = {
        "nomor_kartu_keluarga": no_kk,
        "kode_provinsi": "18",
        "provinsi": "LAMPUNG",
        "kode_kabupaten_kota": "1805",
        "kabupaten_kota": "LAMPUNG TENGAH",
        "kode_kecamatan": area.kode_bps[:7],
        "kecamatan": names[area.kode[:6]].upper(),
        "kode_kelurahan_desa": area.kode_bps,
        "kelurahan_desa": area.nama.upper(),
        "alamat": f"DUSUN {random.randint(1, 6)}",
        "nama_anggota_keluarga": house.residents[0].name,
        **_written("keluarga", said, labels),
    }
    members = []
    for resident in house.residents:
        fields = answers(random, resident, wealth, DAY)
        relation = fields.pop("hubungan_keluarga")
        member = _written("anggota", {**fields, "hubungan_keluarga": relation}, labels)
        member["status_hubungan_keluarga"] = member.pop("hubungan_keluarga")
        member["nomor_induk_kependudukan"] = here.nik(resident.born, is_woman=resident.is_woman)
        member["nomor_kartu_keluarga"] = no_kk
        members.append(member)
    return family, members


def _spoil(
    random: Random,
    pair: Pair,
    area: Area,
    family: dict[str, str],
    members: list[dict[str, str]],
) -> None:
    def strikes(flaw: str) -> bool:
        is_hit = random.random() < SHARES[flaw]
        pair.flaws[flaw] += is_hit
        return is_hit

    for member in members:
        _spoil_member(random, pair, member, members)
    no_kk = family["nomor_kartu_keluarga"]
    if strikes("scientific_kk"):
        for row in (family, *members):
            row["nomor_kartu_keluarga"] = f"{float(no_kk):.5E}"
        pair.members_of_refused += len(members)
        return
    if strikes("float_kk"):
        family["nomor_kartu_keluarga"] = f"{no_kk}.0"
    if strikes("unknown_village"):
        family["kode_kelurahan_desa"] = "1805999999"
        pair.members_of_refused += len(members)
    elif strikes("name_only"):
        family["kode_kelurahan_desa"] = ""
        family["kelurahan_desa"] = (area.nama_lain or (area.nama,))[0].upper()
    if strikes("stray_member"):
        stray = dict(members[-1])
        stray["nomor_kartu_keluarga"] = f"{no_kk[:-4]}8999"
        stray["nomor_induk_kependudukan"] = ""
        members.append(stray)


def _spoil_member(
    random: Random, pair: Pair, member: dict[str, str], members: list[dict[str, str]]
) -> None:
    nik = member["nomor_induk_kependudukan"]
    spoiled = {
        "float_nik": f"{nik}.0",
        "missing_nik": random.choice(("", "0", "-")),
        "malformed_nik": random.choice((nik[:15], f"{nik[:-1]}O", f"{nik}1")),
        "scientific_nik": f"{float(nik):.5E}",
        "doubled_nik": members[0]["nomor_induk_kependudukan"],
    }
    flaw = next((one for one in spoiled if random.random() < SHARES[one]), None)
    if flaw == "doubled_nik" and (member is members[0] or len(spoiled[flaw]) != 16):
        return
    if flaw:
        pair.flaws[flaw] += 1
        member["nomor_induk_kependudukan"] = spoiled[flaw]


def _written(entity: str, said: dict[str, Json], labels: bool) -> dict[str, str]:
    return {
        name: _answer(entity, name, value, labels)
        for name, value in said.items()
        if name in FIELDS[entity]
    }


def _answer(entity: str, name: str, value: Json, labels: bool) -> str:
    if isinstance(value, bool):
        return str(int(value))
    listed = FIELDS[entity][name].codelist
    slug = value[0] if isinstance(value, list) and value else value
    if listed is None or not isinstance(slug, str):
        return str(slug)
    codes = CODELISTS[listed].codes
    at = next(at for at, code in enumerate(codes, start=1) if code.slug == slug)
    return codes[at - 1].label_id if labels else str(at)


def _write_codes(path: Path, *layouts: Layout) -> None:
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(("kolom", "kode", "keterangan"))
        for layout in layouts:
            for column in layout.columns:
                field = FIELDS.get(column.owner, {}).get(column.field)
                listed = CODELISTS[field.codelist].codes if field and field.codelist else ()
                writer.writerows(
                    (column.header, at, code.label_id) for at, code in enumerate(listed, start=1)
                )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tests.lists.dtsen_pair", description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--families", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--separator", default=",")
    parser.add_argument("--labels", action="store_true", help="answers as words, not numbers")
    said = parser.parse_args()
    pair = write_pair(
        said.out,
        families=said.families,
        seed=said.seed,
        separator=said.separator,
        labels=said.labels,
    )
    sys.stdout.write(
        f"{pair.family_count} families, {pair.member_count} members in {said.out}\n"
        + "".join(f"  {flaw}: {count}\n" for flaw, count in sorted(pair.flaws.items()))
    )


if __name__ == "__main__":
    main()
