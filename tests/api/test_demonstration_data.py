import hashlib
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from api.demonstration.families import DAY, Demonstration, generate
from api.demonstration.flaws import FOUND_AS, FlawKind
from api.demonstration.places import DISTRICTS, VILLAGE_RTS, villages
from api.demonstration.records import Family, Member
from api.demonstration.wilayah import areas, read_areas
from sync.checks import findings
from sync.fieldvalues import ValueProblem, parse_value
from sync.permission import Role
from sync.policy import FIELDS
from sync.types import Json
from sync.values import KodeWilayah, Level, Rt, districts_of, kk_findings, nik_findings

UUID7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
FINGERPRINT = (
    "import hashlib; from api.demonstration.families import generate;"
    "print(hashlib.sha256(repr(generate(7, families_per_rt=3)).encode()).hexdigest())"
)


@pytest.fixture(scope="module")
def district() -> Demonstration:
    return generate()


def members_of(demonstration: Demonstration) -> Iterator[Member]:
    return (member for family in demonstration.families for member in family.members)


def records_of(family: Family) -> Iterator[tuple[str, Family | Member]]:
    yield "keluarga", family
    for member in family.members:
        yield "anggota", member


def document(record: Family | Member) -> dict[str, Json]:
    return {"id": record.id, **record.set}


def test_the_table_of_areas_holds_two_kabupaten_of_lampung() -> None:
    kinds = Counter(area.tingkat for area in areas())

    assert len(areas()) == 244
    assert kinds == {
        "provinsi": 1,
        "kabupaten": 2,
        "kecamatan": 43,
        "kampung": 62,
        "pekon": 131,
        "kelurahan": 5,
    }


def test_every_area_has_a_code_of_its_own_and_lies_in_an_area_before_it() -> None:
    seen: set[str] = set()
    for area in areas():
        kode = KodeWilayah.parse(area.kode)
        assert kode is not None
        assert all(parent.code in seen for parent in kode.parents()), area.kode
        assert (kode.level is Level.DESA) == (area.tingkat in {"kampung", "pekon", "kelurahan"})
        assert area.kode not in seen
        seen.add(area.kode)
    assert len({area.kode_bps for area in areas()}) == len(areas())


def test_other_spellings_of_an_area_are_kept() -> None:
    spelled = {area.kode: area.nama_lain for area in areas() if area.nama_lain}

    assert spelled["1802142010"] == ("Tulang Kakan",)
    (area,) = read_areas(["kode,kode_bps,tingkat,nama,nama_lain", "18,18,provinsi,A,B; C;"])
    assert area.nama_lain == ("B", "C")


def test_the_campaign_covers_twenty_kampung_and_six_pekon() -> None:
    named = {area.kode: area for area in areas()}
    kinds = Counter(named[kode].tingkat for kode in VILLAGE_RTS)

    assert kinds == {"kampung": 20, "pekon": 6}
    assert len({kode[:6] for kode in VILLAGE_RTS if kode.startswith("1802")}) == 5


def test_each_kabupaten_has_its_own_words_and_its_own_way_of_writing_an_rt() -> None:
    assert {place.text for village in villages() for place in village.neighbourhoods} == {
        *("001/001", "002/001", "003/001"),
        *("001/", "002/", "003/"),
    }
    assert DISTRICTS["1804"].village_head == "peratin"


def test_the_same_seed_gives_the_same_district_in_any_process() -> None:
    def fingerprint_with(hash_seed: str) -> str:
        process = subprocess.run(
            [sys.executable, "-c", FINGERPRINT],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            text=True,
        )
        return process.stdout.strip()

    here = hashlib.sha256(repr(generate(7, families_per_rt=3)).encode()).hexdigest()
    assert fingerprint_with("1") == fingerprint_with("2") == here


def test_another_seed_gives_other_families() -> None:
    first, second = generate(1, families_per_rt=2), generate(2, families_per_rt=2)

    assert first != second
    assert {family.id for family in first.families}.isdisjoint(f.id for f in second.families)


def test_the_district_has_the_size_of_a_campaign(district: Demonstration) -> None:
    families, members = len(district.families), sum(1 for _ in members_of(district))

    assert 3_300 <= families <= 3_700
    assert 3.5 <= members / families <= 3.9
    sizes = Counter((family.desa, family.rt) for family in district.families)
    assert len(sizes) == sum(VILLAGE_RTS.values()) == 58
    assert all(54 <= size <= 67 for size in sizes.values())


def test_the_size_is_a_parameter() -> None:
    small = generate(families_per_rt=1, places=villages()[:1])

    assert {family.desa for family in small.families} == {villages()[0].kode}
    assert len(small.families) <= 3
    assert generate(families_per_rt=0).families == ()


def test_every_value_fits_its_field(district: Demonstration) -> None:
    for family in district.families:
        for entity, record in records_of(family):
            for name, value in record.set.items():
                parsed = parse_value(FIELDS[entity][name], value)
                assert not isinstance(parsed, ValueProblem), parsed
                assert parsed == value
                assert value is not None


def test_ids_are_unique_and_shaped_like_those_of_phones(district: Demonstration) -> None:
    ids = [family.id for family in district.families] + [m.id for m in members_of(district)]

    assert len(set(ids)) == len(ids)
    assert all(UUID7.fullmatch(record_id) for record_id in ids)


def test_only_what_was_broken_on_purpose_is_found(district: Demonstration) -> None:
    districts = districts_of(area.kode for area in district.areas)
    broken = {
        (record_id, FOUND_AS[flaw.kind])
        for flaw in district.flaws
        if flaw.kind in FOUND_AS
        for record_id in flaw.record_ids
    }
    found = {
        (finding.record_id, finding.code)
        for family in district.families
        for finding in findings(
            document(family),
            [document(member) for member in family.members],
            today=DAY + timedelta(days=30),
            districts=districts,
        )
    }

    assert found == broken


def test_every_kind_of_flaw_occurs(district: Demonstration) -> None:
    kinds = Counter(flaw.kind for flaw in district.flaws)

    assert set(kinds) == set(FlawKind)
    assert kinds[FlawKind.NIK_SHARED] == kinds[FlawKind.FAMILY_DOUBLE] == len(VILLAGE_RTS)


def test_a_nik_occurs_twice_only_where_it_was_shared_on_purpose(district: Demonstration) -> None:
    bearers: dict[object, set[str]] = {}
    for member in members_of(district):
        if "nik" in member.set:
            bearers.setdefault(member.set["nik"], set()).add(member.id)
    shared = {record for flaw in district.flaws for record in flaw.record_ids}

    assert sum(len(ids) > 1 for ids in bearers.values()) > len(VILLAGE_RTS)
    assert all(ids <= shared for ids in bearers.values() if len(ids) > 1)


def test_a_double_family_has_one_card_in_two_neighbourhoods(district: Demonstration) -> None:
    by_id = {family.id: family for family in district.families}
    doubles = [flaw for flaw in district.flaws if flaw.kind is FlawKind.FAMILY_DOUBLE]
    for flaw in doubles:
        family, twin = (by_id[record_id] for record_id in flaw.record_ids[:2])
        assert family.set["no_kk"] == twin.set["no_kk"]
        assert family.rt != twin.rt
    cards = Counter(family.set["no_kk"] for family in district.families)
    assert sum(count > 1 for count in cards.values()) == len(doubles)


def test_numbers_are_valid_in_form_and_visibly_fictional(district: Demonstration) -> None:
    flawed = {record for flaw in district.flaws for record in flaw.record_ids}
    for family in district.families:
        for entity, record in records_of(family):
            name = "no_kk" if entity == "keluarga" else "nik"
            if record.id in flawed or name not in record.set:
                continue
            number = str(record.set[name])
            assert number.startswith(family.desa[:6])
            assert int(number[-4:]) > 9000
            assert (kk_findings if name == "no_kk" else nik_findings)(number) == ()


def test_a_person_without_number_has_a_reason_unless_that_is_the_flaw(
    district: Demonstration,
) -> None:
    missing = {
        record
        for flaw in district.flaws
        if flaw.kind is FlawKind.NIK_MISSING
        for record in flaw.record_ids
    }
    without = [member for member in members_of(district) if "nik" not in member.set]

    assert {member.id for member in without if "nik_alasan" not in member.set} == missing
    assert len(without) > 2 * len(missing)


def test_a_family_lies_in_the_rt_that_its_address_says(district: Demonstration) -> None:
    for family in district.families:
        rt = Rt(str(family.set["rt"]), str(family.set.get("rw", "")))
        assert rt.text == family.rt


def test_the_answers_are_those_of_poor_villages(district: Demonstration) -> None:
    families = [family.set for family in district.families]
    desil = Counter(fields["desil_nasional"] for fields in families)
    floors = Counter(fields["jenis_lantai_terluas"] for fields in families)

    assert set(desil) == set(range(1, 11))
    assert desil[1] > desil[5] > desil[10]
    assert floors["semen_bata_merah"] > floors["tanah"] > 0
    assert all("program" not in f for f in families if f["desil_nasional"] in range(5, 11))
    assert any("pkh" in (f.get("program") or []) for f in families)  # type: ignore[operator]  # Json
    for fields in families:
        metered = fields["sumber_penerangan_utama"] == "listrik_pln_dengan_meteran"
        assert ("daya_terpasang" in fields) == ("id_pelanggan_pln" in fields) == metered


def test_midwives_have_children_and_pregnant_women_in_every_village(
    district: Demonstration,
) -> None:
    children: Counter[str] = Counter()
    pregnant: Counter[str] = Counter()
    five_years_ago = DAY.replace(year=DAY.year - 5)
    for family in district.families:
        for member in family.members:
            born = date.fromisoformat(str(member.set["tanggal_lahir"]))
            children[family.desa] += born > five_years_ago
            pregnant[family.desa] += member.set.get("hamil") is True

    assert all(children[kode] >= 10 for kode in VILLAGE_RTS)
    assert sum(pregnant.values()) >= 50


def test_each_rt_has_a_collector_and_each_village_its_three_officers(
    district: Demonstration,
) -> None:
    roles = Counter(person.role for person in district.people)

    assert roles == {
        Role.PETUGAS: 58,
        Role.BIDAN: 26,
        Role.KEPALA_DESA: 26,
        Role.OPERATOR_DESA: 26,
        Role.SUPERVISOR: 11,
        Role.TKPK: 2,
        Role.ADMIN: 1,
    }
    listed = {(family.desa, family.rt) for family in district.families}
    assert listed == {
        (person.area, rt) for person in district.people if person.rts for rt in person.rts
    }
    assert all((p.rts is not None) == (p.role is Role.PETUGAS) for p in district.people)


def test_accounts_are_short_ascii_words_and_unique(district: Demonstration) -> None:
    accounts = [person.account for person in district.people]

    assert len(set(accounts)) == len(accounts)
    assert {"petugas.tanjungharapan.003", "bidan.kubuperahu", "tkpk.lampungtengah"} <= set(accounts)
    assert all(re.fullmatch(r"[a-z]+(\.[a-z0-9]+)*", account) for account in accounts)
    assert all(person.name and person.title for person in district.people)


def test_village_heads_are_called_what_their_kabupaten_calls_them(
    district: Demonstration,
) -> None:
    heads = [person for person in district.people if person.role is Role.KEPALA_DESA]

    assert {person.title for person in heads if person.area.startswith("1802")} == {
        "kepala kampung"
    }
    assert {person.title for person in heads if person.area.startswith("1804")} == {"peratin"}
