"""What the tables say: answers by their type, edits, filters, orders, pages."""

from dataclasses import replace
from datetime import timedelta

import pytest

from models.queries import forms
from sync.permission import Role
from tests.api.world import area
from tests.central.village import DESA, FORM, PHOTO, TABLE, Village, refusal_of
from tests.openrosa.forms import publish

_SECOND = timedelta(seconds=1)
MEMBERS = [
    {"nama": "SUPARMAN", "umur": "41"},
    {"nama": "SITI", "umur": "tiga"},
]


def test_answers_are_told_by_the_type_of_their_question(village: Village) -> None:
    told = {
        "luas": "36", "jarak": "2.5", "lokasi": "-5.10 105.25 12.5 4.5",
        "jalan": "-5 105 0 0; -5.5 105.5 0 0;", "pagar": "-5 105;-5 106;-6 106;-5 105",
        "mulai": "2026-11-03T11:40:00.000+07", "program": "pkh bpnt", "lantai": "  tanah ",
    }  # fmt: skip
    name = village.visit(told, members=MEMBERS)
    (row,) = village.reader().rows()
    assert row["__id"] == name
    assert (row["luas"], row["jarak"]) == (36, 2.5)
    assert row["lokasi"] == {
        "type": "Point",
        "coordinates": [105.25, -5.1, 12.5],
        "properties": {"accuracy": 4.5},
    }
    assert row["jalan"]["coordinates"] == [[105.0, -5.0, 0.0], [105.5, -5.5, 0.0]]
    assert row["pagar"]["type"] == "Polygon"
    assert row["mulai"] == "2026-11-03T11:40:00.000+07:00"
    assert (row["program"], row["lantai"]) == ("pkh bpnt", "  tanah ")
    assert row["hari"] == "2026-11-03"
    assert row["foto_rumah"] is None
    assert row["blok"] == {"catatan_lain": None, "kode": None}
    assert row["meta"] == {"instanceID": name}
    assert "anggota" not in row
    assert "nik" not in row


@pytest.mark.parametrize("odd", ["", "12a", "1e400", "nan", "1" * 30, "-", "\u0663"])
def test_an_odd_answer_hides_no_row(sqlite_village: Village, odd: str) -> None:
    sqlite_village.visit({"luas": odd, "jarak": odd, "lokasi": odd, "jalan": odd, "pagar": odd})
    (row,) = sqlite_village.reader().rows()
    assert row["lokasi"] is row["jalan"] is row["pagar"] is None
    assert isinstance(row["jarak"], float | None)


def test_places_are_told_as_text_where_that_is_wanted(sqlite_village: Village) -> None:
    line = "-5 105 0 0;-5.5 105.5 0 0"
    sqlite_village.visit({"lokasi": "-5.1 105.25", "jalan": line, "pagar": line})
    (row,) = sqlite_village.reader().rows(_wkt="true")
    assert row["lokasi"] == "POINT (105.25 -5.1)"
    assert row["jalan"] == "LINESTRING (105 -5 0,105.5 -5.5 0)"
    assert row["pagar"] == "POLYGON ((105 -5 0,105.5 -5.5 0))"


def test_the_server_tells_what_it_knows_of_each(village: Village) -> None:
    files = {"rumah.jpg": PHOTO, "audit.csv": b"event"}
    village.visit({"foto_rumah": "rumah.jpg"}, files=files)
    village.visit({"foto_rumah": "hilang.jpg"})
    missing, there = village.reader().rows()
    assert set(there["__system"]) == {
        "submissionDate", "updatedAt", "submitterId", "submitterName", "attachmentsPresent",
        "attachmentsExpected", "status", "reviewState", "deviceId", "edits", "formVersion",
        "deletedAt",
    }  # fmt: skip
    told = there["__system"]
    assert (told["attachmentsPresent"], told["attachmentsExpected"]) == (2, 2)
    assert told["submitterName"] == "ani"
    assert told["submitterId"].isdigit()
    assert (told["edits"], told["formVersion"], told["status"]) == (0, "2026110102", None)
    assert told["submissionDate"] == "2026-11-03T05:02:01.000000Z"
    lacking = missing["__system"]
    assert (lacking["attachmentsPresent"], lacking["attachmentsExpected"]) == (0, 1)


def test_an_edit_is_the_present_version_of_the_first(village: Village) -> None:
    first = village.visit({"lantai": "tanah"})
    other = village.visit()
    second = village.visit({"lantai": "semen"}, replaces=first)
    third = village.visit({"lantai": "keramik"}, replaces=second)
    reader = village.reader()
    assert reader.ids() == [other, first]
    row = reader.rows()[1]
    assert (row["lantai"], row["meta"]["instanceID"]) == ("keramik", third)
    assert (row["__system"]["edits"], row["__system"]["reviewState"]) == (2, "edited")
    assert row["__system"]["updatedAt"] > row["__system"]["submissionDate"]
    about = reader.get(f"{FORM}/submissions/{first}")
    assert about["currentVersion"]["instanceId"] == third
    assert reader.code(f"{FORM}/submissions/{second}") == 404.1
    versions = reader.get(f"{FORM}/submissions/{first}/versions")
    assert [one["instanceId"] for one in versions] == [third, second, first]
    assert [one["current"] for one in versions] == [True, False, False]
    oldest = reader.call("GET", f"{FORM}/submissions/{first}/versions/{first}.xml")
    assert b"<lantai>tanah</lantai>" in oldest.body
    assert b"keramik" in reader.call("GET", f"{FORM}/submissions/{first}.xml").body
    assert reader.code(f"{FORM}/submissions/{first}/versions/{other}.xml") == 404.1


def test_edits_that_come_before_what_they_edit_find_it_later(village: Village) -> None:
    first, second = "uuid:pertama", "uuid:kedua"
    village.visit({"lantai": "keramik"}, instance_id="uuid:ketiga", replaces=second)
    reader = village.reader()
    assert reader.ids() == ["uuid:ketiga"]
    village.visit({"lantai": "tanah"}, instance_id=first)
    assert reader.ids() == [first, "uuid:ketiga"]
    village.visit({"lantai": "semen"}, instance_id=second, replaces=first)
    assert reader.ids() == [first]
    assert reader.rows()[0]["__system"]["edits"] == 2


def test_a_mark_stands_until_the_form_is_edited(village: Village) -> None:
    first = village.visit({"lantai": "tanah"})
    reader = village.reader()
    before = village.field.document()
    path = f"{FORM}/submissions/{first}"
    for state in ("approved", "hasIssues", "rejected", "edited"):
        answer = reader.call("PATCH", path, {"reviewState": state})
        assert answer.json()["reviewState"] == state
        assert answer.json()["updatedAt"] is not None
    assert village.field.document() == before, "no mark changes the register"
    village.world.clock.advance(_SECOND)
    reader.call("PATCH", path, {"reviewState": "rejected"})
    village.visit({"lantai": "semen"}, replaces=first)
    assert reader.rows()[0]["__system"]["reviewState"] == "edited"
    village.world.clock.advance(_SECOND)
    assert reader.call("PATCH", path, {"reviewState": None}).json()["reviewState"] is None
    assert reader.call("PATCH", path, {"reviewState": "received"}).json()["reviewState"] is None
    assert reader.call("PATCH", path, {}).status == 200
    assert refusal_of(reader.call("PATCH", path, {"reviewState": "baik"})) == 400.3
    assert village.field.states() == ["merged", "merged"]


def test_a_repeat_is_a_table_whose_rows_name_their_parents(village: Village) -> None:
    first = village.visit(members=MEMBERS)
    second = village.visit(members=MEMBERS)
    reader = village.reader()
    table = f"{FORM}.svc/Submissions.anggota"
    rows = reader.get(table)["value"]
    assert [row["__Submissions-id"] for row in rows] == [second, second, first, first]
    assert [row["umur"] for row in rows] == [41, None, 41, None]
    assert len({row["__id"] for row in rows}) == 4
    assert reader.get(table)["value"] == rows, "ids stay the same"
    inline = reader.rows(_expand="*")[0]["anggota"]
    assert [row["__id"] for row in inline] == [row["__id"] for row in rows[:2]]
    page = reader.get(table, _top=3, _count="true")
    assert page["@odata.count"] == 4
    rest = reader.get(page["@odata.nextLink"].removeprefix(village.url))
    assert page["value"] + rest["value"] == rows
    assert "@odata.nextLink" not in rest
    assert reader.get(table, _skip=1, _top=2)["value"] == rows[1:3]
    assert reader.get(table, _select="nama")["value"][0] == {"nama": "SUPARMAN"}
    of_first = f"$root/Submissions/__id eq '{first}'"
    assert reader.get(table, _filter=of_first)["value"] == rows[2:]
    assert reader.code(table, _filter=f"__id eq '{first}'") == 501.5
    assert reader.code(table, _orderby="__id") == 501.1
    for unknown in ("Submissions.nobody", "Submissions.luas", "Submissions.blok", "Entities"):
        assert reader.code(f"{FORM}.svc/{unknown}") == 404.1


def test_one_filled_form_and_its_repeats_have_addresses(sqlite_village: Village) -> None:
    village = sqlite_village
    name = village.visit({"lantai": "tanah"}, members=MEMBERS)
    village.visit(members=MEMBERS)
    reader = village.reader()
    (row,) = reader.get(f"{TABLE}('{name}')")["value"]
    assert (row["__id"], row["lantai"]) == (name, "tanah")
    link = row["anggota@odata.navigationLink"]
    members = reader.get(f"{FORM}.svc/{link}", _count="true")
    assert members["@odata.count"] == 2
    deeper = members["value"][0]["sakit@odata.navigationLink"]
    assert reader.get(f"{FORM}.svc/{deeper}")["value"] == []
    assert reader.code(f"{TABLE}('uuid:nobody')/anggota") == 404.1
    assert reader.code(f"{TABLE}('{name}'/anggota") == 404.1


def test_what_is_selected_is_all_that_is_told(sqlite_village: Village) -> None:
    sqlite_village.visit({"luas": "36"})
    reader = sqlite_village.reader()
    assert reader.rows(_select="luas,blok/kode") == [{"luas": 36, "blok": {"kode": None}}]
    assert reader.rows(_select="blok")[0] == {"blok": {"catatan_lain": None, "kode": None}}
    assert set(reader.rows(_select="__id,__system")[0]) == {"__id", "__system"}
    assert reader.rows(_select="*") == reader.rows()


def test_the_service_names_its_tables(sqlite_village: Village) -> None:
    reader = sqlite_village.reader()
    told = reader.get(f"{FORM}.svc")["value"]
    names = ["Submissions", "Submissions.anggota", "Submissions.anggota.sakit"]
    assert [one["name"] for one in told] == names
    assert reader.code(f"{FORM}.svc/$metadata") == 501.1
    fields = {one["path"]: one["type"] for one in reader.get(f"{FORM}/fields")}
    assert fields["/blok"] == "structure"
    assert fields["/anggota"] == "repeat"
    assert fields["/blok/catatan_lain"] == "string"


def test_a_form_that_came_twice_under_one_id_is_one_row(sqlite_village: Village) -> None:
    village = sqlite_village
    name = village.visit({"lantai": "tanah"})
    village.visit({"lantai": "emas"}, instance_id=name)
    assert village.field.states() == ["merged", "quarantined"]
    (row,) = village.reader().rows()
    assert row["lantai"] == "tanah"


def test_an_encrypted_form_is_a_row_that_says_nothing(sqlite_village: Village) -> None:
    village = sqlite_village
    sealed = (
        b"<data id='verifikasi' version='2026110102' encrypted='yes'>"
        b"<meta><instanceID>uuid:rahasia</instanceID></meta></data>"
    )
    assert village.field.key.post(sealed).status == 202
    (row,) = village.reader("sari", Role.SUPERVISOR, area(DESA)).rows()
    assert (row["__id"], row["lantai"], row["__system"]["status"]) == (
        "uuid:rahasia",
        None,
        "notDecrypted",
    )


def test_a_closed_form_stays_readable_and_a_draft_is_not_there(sqlite_village: Village) -> None:
    village = sqlite_village
    village.visit()
    with village.world.database.writing() as session:
        forms.offer(session, "verifikasi", None, village.world.clock.now())
    draft = replace(village.form.mapping, form_id="rancangan")
    publish(
        village.world.database,
        replace(village.form, mapping=draft),
        village.world.clock.now(),
        state="draft",
    )
    reader = village.reader()
    assert reader.get(FORM)["state"] == "closed"
    assert len(reader.rows()) == 1
    assert reader.code("/central/v1/projects/1/forms/rancangan") == 404.1
    assert len(reader.get(f"{FORM}/versions")) == 2
    old = reader.call("GET", f"{FORM}/versions/2026110101.xml")
    assert old.status == 200
    assert reader.code(f"{FORM}/versions/1.xml") == 404.1
