"""Sending, as ODK Collect and KoboCollect do it: points 15 to 28 of their checklist.

The double in `collect.py` is as unforgiving as the applications; here it meets the real server.
"""

from dataclasses import replace

import pytest

from tests.api.calling import Answer
from tests.api.device import MEMBER
from tests.openrosa.collect import (
    COLLECT,
    KOBO,
    OLDER_COLLECT,
    Collect,
    NeedsPassword,
)
from tests.openrosa.field import Field
from tests.openrosa.forms import publish

JPEG = b"\xff\xd8\xff\xe0" + b"rumah" * 50


@pytest.fixture
def phone(sqlite_field: Field) -> Collect:
    return sqlite_field.collect()


def test_15_head_says_204_and_the_limit_and_401_stops_the_phone(sqlite_field: Field) -> None:
    answer = sqlite_field.world.call("HEAD", sqlite_field.key.path + "/submission")
    assert answer.status == 204
    assert int(answer.headers["x-openrosa-accept-content-length"]) >= 10_000_000
    stranger = sqlite_field.typed_collect()
    stranger.password = "salah"
    stranger.finish(sqlite_field.visited({"luas": "54"}, base=1))
    stranger.send_all()
    assert [method for method, *_ in stranger.requests] == ["HEAD", "HEAD"]
    assert stranger.records[0].state == "failed"


def test_16_no_location_sends_the_phone_elsewhere(sqlite_field: Field) -> None:
    answer = sqlite_field.world.call("HEAD", sqlite_field.key.path + "/submission")
    assert "location" not in answer.headers


def test_17_many_files_come_in_several_requests_and_make_one_visit(field: Field) -> None:
    phone = field.collect()
    files = {f"lampiran{number:03}.txt": b"x" for number in range(150)} | {"rumah.jpg": JPEG}
    xml = field.visited({"luas": "54", "foto_rumah": "rumah.jpg"}, base=field.key.version())
    phone.finish(xml, files)
    phone.send_all()
    assert [method for method, *_ in phone.requests] == ["HEAD", "POST", "POST"]
    assert field.world.count("submission_file") == 151
    (visit,) = field.documents("kunjungan")
    assert [one["jenis"] for one in visit["foto"]] == ["rumah"]
    assert field.states() == ["merged"]


def test_18_a_broken_part_is_sent_again_with_all_the_others(field: Field) -> None:
    files = {f"foto{number:03}.txt": b"x" for number in range(150)} | {"rumah.jpg": JPEG}
    xml = field.visited({"luas": "54", "foto_rumah": "rumah.jpg"}, base=field.key.version())
    phone = field.collect()
    record = phone.finish(xml, files)
    phone.call = _dying_after(field, posts=1)
    assert phone.send(record) == "status 503"
    # What the register learned from the first part stays, the visit waits for its photographs.
    assert field.document()["luas_lantai"] == 54
    assert field.documents("kunjungan") == []
    phone.call = field.world.call
    assert "sebelumnya" in phone.send(record)
    assert record.state == "submitted"
    (visit,) = field.documents("kunjungan")
    assert len(visit["foto"]) == 1
    assert field.world.count("submission_file") == 151


def _dying_after(field: Field, posts: int):  # type: ignore[no-untyped-def]  # noqa: ANN202
    seen = [0]

    def call(method: str, target: str, body: bytes = b"", headers: object = None) -> Answer:
        seen[0] += method == "POST"
        if seen[0] > posts:
            return Answer(503, {}, b"")
        return field.world.call(method, target, body, headers)  # type: ignore[arg-type]

    return call


def test_19_success_is_201_or_202_and_nothing_else(sqlite_field: Field) -> None:
    base = sqlite_field.key.version()
    good = sqlite_field.key.post(sqlite_field.visited({"luas": "54"}, base=base))
    waiting = sqlite_field.key.post(sqlite_field.visited({"luas": "55"}, base=base + 5, trunk=base))
    assert (good.status, waiting.status) == (201, 202)


def test_20_messages_are_shown_in_indonesian(phone: Collect, sqlite_field: Field) -> None:
    base = sqlite_field.key.version()
    phone.finish(sqlite_field.visited({"luas": "54"}, base=base))
    phone.finish(sqlite_field.visited({"luas": "55"}, base=base + 5, trunk=base))
    assert phone.send_all() == ["Diterima.", "Diterima; 1 data menunggu pemeriksaan."]


def test_20_refusals_are_shown_as_well(sqlite_field: Field) -> None:
    unknown = replace(sqlite_field.key.credentials, token="lko_" + "A" * 43)
    answer = replace(sqlite_field.key, credentials=unknown).get("/formList")
    assert answer.status == 403
    assert "Kode QR ini tidak berlaku" in answer.body.decode()


def test_21_a_failure_does_not_stop_the_next_record(field: Field) -> None:
    phone = field.collect()
    base = field.key.version()
    bad = phone.finish(b"<!DOCTYPE a><data id='verifikasi'/>")
    good = phone.finish(field.visited({"luas": "54"}, base=base))
    phone.send_all()
    assert (bad.state, good.state) == ("failed", "submitted")


def test_22_the_same_bytes_after_a_lost_answer_are_one_form(field: Field) -> None:
    phone = field.collect()
    record = phone.finish(
        field.visited({"luas": "54", "foto_rumah": "a.jpg"}, base=field.key.version()),
        {"a.jpg": JPEG},
    )
    phone.call = _losing_answers(field)
    assert phone.send(record) == "status 502"
    phone.call = field.world.call
    assert "sebelumnya" in phone.send(record)
    assert field.states() == ["merged"]
    assert len(field.documents("kunjungan")) == 1


def _losing_answers(field: Field):  # type: ignore[no-untyped-def]  # noqa: ANN202
    def call(method: str, target: str, body: bytes = b"", headers: object = None) -> Answer:
        answer = field.world.call(method, target, body, headers)  # type: ignore[arg-type]
        return Answer(502, {}, b"") if method == "POST" else answer

    return call


def test_23_edits_keep_the_version_of_the_form_they_were_made_with(field: Field) -> None:
    first, base = field.instance_id(), field.key.version()
    field.key.post(field.visited({"luas": "54"}, base=base, instance_id=first))
    newer = field.visit.of_version("2026110202")
    publish(field.world.database, newer, field.world.clock.now())
    assert field.key.post(field.visited({"luas": "45"}, base=base, replaces=first)).status == 201
    assert field.document()["luas_lantai"] == 45
    versions = field.world.ask("SELECT DISTINCT form_version FROM submission")
    assert versions == [("2026110101",)]


def test_24_encrypted_forms_are_kept_with_their_files(field: Field) -> None:
    raw = (
        b'<data encrypted="yes" id="verifikasi" version="2026110101">'
        b"<base64EncryptedKey>a2V5</base64EncryptedKey><orx:meta "
        b'xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>uuid:enc</orx:instanceID>'
        b"</orx:meta><media><file>a.jpg.enc</file></media>"
        b"<encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"
    )
    phone = field.collect()
    record = phone.finish(raw, {"a.jpg.enc": b"\x01", "submission.xml.enc": b"\x02"})
    phone.send_all()
    assert record.state == "submitted"
    named = field.world.ask("SELECT name, named FROM submission_file ORDER BY name")
    assert [(name, bool(known)) for name, known in named] == [
        ("a.jpg.enc", True),
        ("submission.xml.enc", True),
    ]


def test_25_kobocollect_opens_the_forms_and_refuses_the_newest_specification(
    sqlite_field: Field,
) -> None:
    kobo = sqlite_field.collect(profile=KOBO)
    assert kobo.synchronise() == []
    xml = sqlite_field.visit.xml.replace(b"2024.1.0", b"2025.1.0")
    newest = replace(sqlite_field.visit, xml=xml).of_version("2026110303")
    publish(sqlite_field.world.database, newest, sqlite_field.world.clock.now())
    assert kobo.synchronise() == ["verifikasi"]
    assert sqlite_field.collect(profile=COLLECT).synchronise() == []
    assert kobo.requests[0][2]["User-Agent"].startswith("org.koboc.collect.android/")


def test_26_a_creation_from_an_older_collect_is_understood(field: Field) -> None:
    older = field.collect(profile=OLDER_COLLECT)
    family = "0c5c0f5e-6a55-4f0b-9f6a-3d6c1b8e0a04"
    xml = field.proposed(family, {"nama_kepala_keluarga": "AHMAD"})
    older.finish(xml.replace(b'create="1"', b'create="true" update="true"'))
    assert older.send_all() == ["Diterima."]
    assert field.document(family)["nama_kepala_keluarga"] == "AHMAD"


def test_27_answers_are_packed_and_no_cookie_is_set(phone: Collect, sqlite_field: Field) -> None:
    answer = phone.ask("GET", sqlite_field.key.url + "/formList")
    assert answer.headers["content-encoding"] == "gzip"
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "private, no-cache"


def test_27_what_the_phone_holds_is_not_sent_again(sqlite_field: Field) -> None:
    for target in ("/formList", "/forms/verifikasi.xml", "/forms/verifikasi/manifest",
                   "/datasets/keluarga.csv"):  # fmt: skip
        etag = sqlite_field.key.get(target).headers["etag"]
        again = sqlite_field.key.get(target, If_None_Match=etag)
        assert (again.status, again.body) == (304, b""), target


def test_28_names_are_kept_as_they_are_and_lead_nowhere(field: Field) -> None:
    names = [
        "foto rumah é.jpg", 'foto "besar".jpg', "../../etc/passwd", "C:\\x\\y.jpg", "audit.csv",
        "/abs/olute", "..", "a" * 400 + ".jpg", "ruma\x07h.jpg",
    ]  # fmt: skip
    phone = field.collect()
    record = phone.finish(
        field.visited({"luas": "54"}, base=field.key.version()),
        {name: f"isi {number}".encode() for number, name in enumerate(names)},
    )
    phone.send_all()
    assert record.state == "submitted"
    kept = [name for (name,) in field.world.ask("SELECT name FROM submission_file")]
    assert len(kept) == len(names)
    assert {"foto rumah é.jpg", 'foto "besar".jpg', "../../etc/passwd"} <= set(kept)
    assert all(name.isprintable() or "\ufffd" in name for name in kept)
    folder = field.world.settings.data_dir
    lying = {path.name for path in (folder / "blobs").rglob("*") if path.is_file()}
    assert all(len(name) == 64 for name in lying)
    assert len(lying) == len(names)


def test_a_name_and_a_password_also_send(field: Field) -> None:
    typed = field.typed_collect()
    typed.finish(field.visited({"luas": "54"}, base=field.key.version()))
    assert typed.send_all() == ["Diterima."]
    assert MEMBER in field.key.entity_list("anggota")


def test_a_wrong_password_is_asked_for_again(sqlite_field: Field) -> None:
    typed = sqlite_field.typed_collect()
    typed.password = "salah"
    with pytest.raises(NeedsPassword):
        typed.form_list()
