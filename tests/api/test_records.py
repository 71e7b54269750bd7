"""Records for the office: lists without numbers, full records with doubts, who else it might be."""

import pytest

from sync.permission import Role
from tests.api.village import (
    DESA,
    FAMILY,
    FIRST_NIK,
    MEMBER,
    OTHER_DESA,
    OTHER_RT,
    SECOND_NIK,
    SOMEBODY,
    a_person,
    audited,
    desk,
    doubled,
    record_id,
    two_disagree,
)
from tests.api.world import Device, World, area, refused

SITI = {"nama": "Siti Nurhaliza", "tanggal_lahir": "1990-04-03", "jenis_kelamin": "perempuan"}


def a_household(world: World) -> Device:
    ani = world.device("ani", areas=[area(DESA)])
    ani.push(
        [
            ani.create(FAMILY, nama_kepala_keluarga="Budi Contoh", no_kk=SECOND_NIK),
            a_person(ani, MEMBER, FAMILY, FIRST_NIK, nama="Budi Contoh"),
            ani.create(record_id(3), nama_kepala_keluarga="Citra_100%", rt="004"),
        ]
    )
    return ani


def test_a_list_shows_names_and_the_last_four_digits(world: World) -> None:
    a_household(world)
    told = desk(world).read(f"/v1/records?desa={DESA}")
    assert told["total"] == 3
    assert [row["name"] for row in told["records"]] == ["Budi Contoh", "Budi Contoh", "Citra_100%"]
    assert [row["number"] for row in told["records"]] == [
        "*" * 12 + SECOND_NIK[-4:],
        "*" * 12 + FIRST_NIK[-4:],
        None,
    ]
    assert FIRST_NIK not in str(told)


def test_a_list_is_searched_by_part_of_a_name_and_paged(world: World) -> None:
    a_household(world)
    sari = desk(world)
    found = sari.read(f"/v1/records?desa={DESA}&q=udi%20c&entity=keluarga")
    assert [row["id"] for row in found["records"]] == [FAMILY]
    # A wildcard of the database is a letter like any other.
    assert sari.read(f"/v1/records?desa={DESA}&q=_100%25")["total"] == 1
    assert sari.read(f"/v1/records?desa={DESA}&q=%25%25")["total"] == 0
    page = sari.read(f"/v1/records?desa={DESA}&limit=1&offset=2")
    assert ([row["id"] for row in page["records"]], page["total"]) == ([record_id(3)], 3)


def test_a_number_does_not_belong_in_an_address(world: World) -> None:
    refused(desk(world).get(f"/v1/records?desa={DESA}&q={FIRST_NIK}"), 422, "value-refused")


def test_a_list_is_of_the_own_area_and_rts(world: World) -> None:
    a_household(world)
    assert desk(world, "tono", code=OTHER_DESA).read(f"/v1/records?desa={DESA}")["total"] == 0
    bidan = desk(world, "bidan", Role.BIDAN, code=DESA, rts=(OTHER_RT,))
    rows = bidan.read(f"/v1/records?desa={DESA}")["records"]
    assert [row["id"] for row in rows] == [record_id(3)]


def test_a_full_record_tells_its_doubts_and_what_lies_beneath(world: World) -> None:
    a_household(world)
    sari = desk(world)
    family = sari.read(f"/v1/records/{FAMILY}")
    assert family["fields"]["no_kk"] == SECOND_NIK
    assert [row["id"] for row in family["beneath"]] == [MEMBER]
    codes = {finding["code"] for finding in family["findings"]}
    assert "head-missing" in codes
    person = sari.read(f"/v1/records/{MEMBER}")
    assert person["fields"]["nik"] == FIRST_NIK
    assert {finding["record_id"] for finding in person["findings"]} <= {MEMBER}
    assert audited(world, "record-read") == [{"records": [FAMILY]}, {"records": [MEMBER]}]


def test_open_conflicts_stand_with_the_record(world: World) -> None:
    two_disagree(world)
    family = desk(world).read(f"/v1/records/{FAMILY}")
    assert family["review"] == ["nama_kepala_keluarga"]
    (conflict,) = family["conflicts"]
    assert (conflict["group"], conflict["state"]) == ("nama_kepala_keluarga", "open")


def test_a_flag_of_doubles_stands_with_both_records(world: World) -> None:
    doubled(world)
    sari = desk(world)
    for record in (MEMBER, record_id(4)):
        page = sari.read(f"/v1/records/{record}")
        assert [c["kind"] for c in page["conflicts"]] == ["identity-duplicate"]


@pytest.mark.parametrize("beneath", ["", "/history", "/similar"])
def test_a_record_outside_the_area_looks_like_nothing(world: World, beneath: str) -> None:
    a_household(world)
    tono = desk(world, "tono", code=OTHER_DESA)
    hidden = tono.get(f"/v1/records/{FAMILY}{beneath}")
    nothing = tono.get(f"/v1/records/{SOMEBODY}{beneath}")
    assert (hidden.status, hidden.body) == (nothing.status, nothing.body) == (404, nothing.body)
    bidan = desk(world, "bidan", Role.OPERATOR_DESA, code=DESA, rts=(OTHER_RT,))
    refused(bidan.get(f"/v1/records/{FAMILY}{beneath}"), 404, "not-found")


def test_an_id_that_is_none_is_a_malformed_request(world: World) -> None:
    refused(desk(world).get("/v1/records/17"), 400, "malformed-request")


def test_health_is_masked_where_the_role_may_only_know_that_it_is_there(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY), ani.add_member(MEMBER, FAMILY, hamil=True, nama="Contoh")])
    head = desk(world, "kepala", Role.KEPALA_DESA, code=DESA)
    assert head.fields(MEMBER)["hamil"] == "***"
    assert head.fields(MEMBER)["nama"] == "Contoh"
    history = head.read(f"/v1/records/{MEMBER}/history")
    assert history["entries"][0]["sent"]["set"]["hamil"] == "***"


def test_districts_see_no_record(world: World) -> None:
    a_household(world)
    tkpk = desk(world, "tkpk", Role.TKPK)
    refused(tkpk.get(f"/v1/records/{FAMILY}"), 403, "not-permitted")
    refused(tkpk.get(f"/v1/records?desa={DESA}"), 403, "not-permitted")


# Who else it might be ------------------------------------------------------------------------


def test_people_without_a_nik_are_suggested_by_what_resembles(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY), ani.create(record_id(3))])
    ani.push(
        [
            ani.add_member(MEMBER, FAMILY, **SITI),
            ani.add_member(record_id(5), record_id(3), **SITI | {"nama": "Siti Nurhalisa"}),
            ani.add_member(record_id(6), record_id(3), **SITI | {"nama": "Bambang"}),
        ]
    )
    (found,) = desk(world).read(f"/v1/records/{MEMBER}/similar")["similar"]
    assert found["line"]["id"] == record_id(5)
    assert found["alike"] == ["name", "birth", "sex"]
    assert found["traits"]["tanggal_lahir"] == "1990-04-03"
    assert audited(world, "similar-read") == [{"records": [MEMBER, record_id(5)]}]


def test_families_are_suggested_by_head_and_address(world: World) -> None:
    ani = world.device("ani")
    house = {"alamat": "Jalan Melati 4", "rt": "003", "rw": "001"}
    ani.push(
        [
            ani.create(FAMILY, nama_kepala_keluarga="Budi Contoh", **house),
            ani.create(record_id(3), nama_kepala_keluarga="Budi Conto", **house),
        ]
    )
    (found,) = desk(world).read(f"/v1/records/{FAMILY}/similar")["similar"]
    assert (found["line"]["id"], found["alike"]) == (record_id(3), ["name", "address"])


def test_visits_resemble_nothing(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY)])
    ani.push([ani.op("create", "kunjungan", record_id(9), base=0, parent=FAMILY, set={})])
    refused(desk(world).get(f"/v1/records/{record_id(9)}/similar"), 422, "value-refused")


# The same NIK in two villages ----------------------------------------------------------------


def in_two_villages(world: World) -> tuple[Device, Device]:
    here, there = world.device("ani"), world.device("dewi", areas=[area(OTHER_DESA)])
    here.push([here.create(FAMILY), a_person(here, MEMBER, FAMILY, FIRST_NIK)])
    there.push([there.create(record_id(8)), a_person(there, record_id(9), record_id(8), FIRST_NIK)])
    return here, there


def test_who_covers_both_villages_sees_a_shared_nik_without_the_number(world: World) -> None:
    in_two_villages(world)
    told = desk(world).read("/v1/duplicates")
    (shared,) = told["shared"]
    assert shared["nik"] == "*" * 12 + FIRST_NIK[-4:]
    assert {b["id"]: b["desa"] for b in shared["bearers"]} == {
        MEMBER: DESA,
        record_id(9): OTHER_DESA,
    }
    assert FIRST_NIK not in str(told)
    assert not told["more"]


def test_who_covers_one_of_them_sees_nothing(world: World) -> None:
    in_two_villages(world)
    assert desk(world, "kepala", Role.KEPALA_DESA, code=DESA).read("/v1/duplicates") == {
        "shared": [],
        "more": False,
    }
    sari = desk(world)
    assert len(sari.read("/v1/duplicates?area=1802")["shared"]) == 1
    assert sari.read(f"/v1/duplicates?area={DESA}")["shared"] == []
    assert sari.read("/v1/duplicates?area=1803")["shared"] == []


def test_a_nik_that_was_corrected_is_shared_no_longer(world: World) -> None:
    here, _ = in_two_villages(world)
    edit = here.op("set", "anggota", MEMBER, base=2, set={"nik": SECOND_NIK})
    here.push([edit])
    assert desk(world).read("/v1/duplicates")["shared"] == []
