"""Fetching, as ODK Collect and KoboCollect do it: points 1 to 14 of their checklist.

The double in `collect.py` is as unforgiving as the applications; here it meets the real server.
"""

import csv
import hashlib
import io
import xml.etree.ElementTree as ET
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from tests.api.device import FAMILY
from tests.api.office import DESA, OTHER_RT
from tests.api.world import area
from tests.openrosa.collect import (
    CannotFetch,
    Collect,
)
from tests.openrosa.field import Field
from tests.openrosa.forms import publish

JPEG = b"\xff\xd8\xff\xe0" + b"rumah" * 50


@pytest.fixture
def phone(sqlite_field: Field) -> Collect:
    return sqlite_field.collect()


def test_01_the_first_request_is_bare_and_digest_is_kept_from_then_on(
    sqlite_field: Field,
) -> None:
    typed = sqlite_field.typed_collect()
    assert len(typed.form_list()) == 3
    assert ["Authorization" in headers for *_, headers in typed.requests] == [False, True]
    typed.form_list()
    assert "Authorization" in typed.requests[-1][2]
    assert len(typed.requests) == 3


def test_02_a_date_of_twelve_hours_misleads_nobody(phone: Collect, sqlite_field: Field) -> None:
    phone.finish(sqlite_field.visited({"luas": "54"}, base=sqlite_field.key.version()))
    assert phone.send_all() == ["Diterima."]
    (captured,) = sqlite_field.world.ask(
        "SELECT DISTINCT substr(captured_at, 1, 10) FROM "
        "operation WHERE lane IN (SELECT lane FROM submission)"
    )
    assert captured == ("2026-11-03",)


def test_03_the_phones_id_is_on_everything(phone: Collect, sqlite_field: Field) -> None:
    phone.synchronise()
    phone.finish(sqlite_field.visited({"luas": "54"}, base=1))
    phone.send_all()
    assert {method for method, *_ in phone.requests} == {"GET", "HEAD", "POST"}
    assert all("deviceID=collect%3AkCkDqPbhGGWpzWFA" in target for _, target, _ in phone.requests)


def test_04_a_slash_behind_the_address_does_no_harm(sqlite_field: Field) -> None:
    slashed = Collect(sqlite_field.world.call, sqlite_field.key.url + "/")
    assert len(slashed.form_list()) == 3
    slashed.finish(sqlite_field.visited({"luas": "54"}, base=sqlite_field.key.version()))
    assert slashed.send_all() == ["Diterima."]


@pytest.mark.parametrize(
    "target", ["/formList", "/forms/verifikasi/manifest", "/datasets/keluarga/integrity?id="]
)
def test_05_answers_are_openrosas_and_text_xml(sqlite_field: Field, target: str) -> None:
    answer = sqlite_field.key.get(target)
    assert answer.status == 200
    assert answer.headers["x-openrosa-version"] == "1.0"
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert answer.headers["content-language"] == "id"


def test_06_every_form_of_the_list_has_all_that_is_needed(phone: Collect) -> None:
    listed = phone.form_list()
    assert [one.form_id for one in listed] == ["pengukuran", "usulan", "verifikasi"]
    assert {one.version for one in listed} == {"2026110101"}


def test_06_a_list_can_be_asked_for_one_form(sqlite_field: Field) -> None:
    answer = sqlite_field.key.get("/formList?formID=usulan")
    assert answer.body.count(b"<xform>") == 1


def test_07_every_form_has_a_hash_and_can_be_downloaded(phone: Collect) -> None:
    assert phone.synchronise() == []
    assert {form_id for form_id, _ in phone.forms} == {"pengukuran", "usulan", "verifikasi"}


def test_08_the_hash_is_of_the_bytes_as_they_are_served(
    phone: Collect, sqlite_field: Field
) -> None:
    phone.synchronise()
    held = phone.forms["verifikasi", "2026110101"]
    assert held.xml == sqlite_field.visit.xml
    assert hashlib.md5(held.xml, usedforsecurity=False).hexdigest() == held.listed.digest


def test_08_an_old_version_can_still_be_fetched(phone: Collect, sqlite_field: Field) -> None:
    newer = sqlite_field.visit.of_version("2026110202")
    (old,) = [one for one in phone.form_list() if one.form_id == "verifikasi"]
    publish(sqlite_field.world.database, newer, sqlite_field.world.clock.now())
    assert phone.ask("GET", old.url).body == sqlite_field.visit.xml
    (new,) = [one for one in phone.form_list() if one.form_id == "verifikasi"]
    assert phone.ask("GET", new.url).body == newer.xml


def test_09_a_manifest_names_the_lists_and_the_files_of_a_form(sqlite_field: Field) -> None:
    with_picture = replace(sqlite_field.visit, files={"petunjuk.png": b"\x89PNG"})
    publish(sqlite_field.world.database, with_picture, sqlite_field.world.clock.now())
    phone = sqlite_field.collect()
    (listed,) = [one for one in phone.form_list() if one.form_id == "verifikasi"]
    kinds = {one.name: one.kind for one in phone.manifest(listed)}
    assert kinds == {
        "keluarga.csv": "entityList", "anggota.csv": "entityList", "petunjuk.png": ""
    }  # fmt: skip


def test_10_a_file_is_fetched_once_and_again_when_its_hash_is_another(
    sqlite_field: Field,
) -> None:
    phone = sqlite_field.collect()
    for content in (b"\x89PNG lama", b"\x89PNG baru"):
        form = replace(sqlite_field.visit, files={"petunjuk.png": content})
        publish(sqlite_field.world.database, form, sqlite_field.world.clock.now())
        phone.synchronise()
        phone.synchronise()
        assert phone.forms["verifikasi", "2026110101"].media == {"petunjuk.png": content}
    fetched = [target for _, target, _ in phone.requests if "petunjuk.png" in target]
    assert len(fetched) == 2


def test_11_a_list_is_shared_by_its_name_and_fetched_when_it_changed(
    sqlite_field: Field,
) -> None:
    phone = sqlite_field.collect()
    phone.synchronise()
    phone.synchronise()
    assert _fetched(phone, "keluarga.csv") == 1
    sqlite_field.budi.sync([sqlite_field.budi.edit(FAMILY, sqlite_field.budi.at, luas_lantai=60)])
    phone.synchronise()
    assert _fetched(phone, "keluarga.csv") == 2
    assert phone.store.lists["keluarga"][FAMILY].properties["luas_lantai"] == "60"


def _fetched(phone: Collect, name: str) -> int:
    return sum(urlsplit(target).path.endswith(name) for _, target, _ in phone.requests)


def test_12_every_row_has_every_column_and_a_whole_version(sqlite_field: Field) -> None:
    for name in ("keluarga", "anggota"):
        text = sqlite_field.key.get(f"/datasets/{name}.csv").body.decode()
        columns, *rows = csv.reader(io.StringIO(text))
        assert columns[:3] == ["name", "label", "__version"]
        assert rows
        assert {len(row) for row in rows} == {len(columns)}
        assert all(row[0] and row[1] and 0 < int(row[2]) < 2**31 for row in rows)


def test_13_integrity_is_answered_for_all_ids_in_one_address(sqlite_field: Field) -> None:
    ids = [f"0c5c0f5e-6a55-4f0b-9f6a-{number:012x}" for number in range(1500)]
    answer = sqlite_field.key.get(f"/datasets/keluarga/integrity?id={','.join([*ids, FAMILY])}")
    told = {e.get("id"): e.findtext("deleted") for e in ET.fromstring(answer.body).iter("entity")}
    assert len(told) == 1501
    # What was never here is not gone, and what is on the list is not either.
    assert set(told.values()) == {"false"}


def test_13_whoever_lost_an_area_has_its_families_taken_away(sqlite_field: Field) -> None:
    phone = sqlite_field.collect()
    phone.synchronise()
    assert list(phone.store.lists["keluarga"]) == [FAMILY]
    ((account,),) = sqlite_field.world.ask("SELECT id FROM account WHERE name = 'ani'")
    sqlite_field.world.assign(account, [area(DESA, OTHER_RT)])
    phone.synchronise()
    assert phone.store.lists["keluarga"] == {}
    answer = sqlite_field.key.get(f"/datasets/keluarga/integrity?id={FAMILY}")
    assert b"<deleted>true</deleted>" in answer.body


def test_14_a_closed_form_leaves_the_phone_and_an_error_takes_none(sqlite_field: Field) -> None:
    phone = sqlite_field.collect()
    phone.synchronise()
    publish(
        sqlite_field.world.database, sqlite_field.new_family, sqlite_field.world.clock.now(),
        state="closed",
    )  # fmt: skip
    phone.synchronise()
    assert {form_id for form_id, _ in phone.forms} == {"pengukuran", "verifikasi"}
    with sqlite_field.world.database.writing() as session:
        session.connection().exec_driver_sql("ALTER TABLE form_version RENAME TO hidden")
    answer = sqlite_field.key.get("/formList")
    assert answer.status == 500
    with pytest.raises(CannotFetch):
        phone.synchronise()
    assert {form_id for form_id, _ in phone.forms} == {"pengukuran", "verifikasi"}
