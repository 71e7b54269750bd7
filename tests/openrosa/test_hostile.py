"""What a phone may send, and what no phone ever would: kept safely or refused, never more."""

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.errors import AppError
from api.formats.xform.submission import (
    DEPTH_MAX,
    NODES_MAX,
    XML_BYTES_MAX,
    Refused,
    Unreadable,
    read_instance,
)
from api.openrosa.bodies import BODY_BYTES_MAX, Body
from tests.openrosa.collect import multipart
from tests.openrosa.field import Field

LAUGHS = (
    b'<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><data id="verifikasi">&c;</data>'
)
OUTSIDE = b'<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><data id="verifikasi">&x;</data>'
PARAMETER = b'<!DOCTYPE d [<!ENTITY % p SYSTEM "http://127.0.0.1/x"> %p;]><data/>'
REFUSED = {
    "billion laughs": LAUGHS,
    "a file": OUTSIDE,
    "an address": PARAMETER,
    "a bare document type": b"<!DOCTYPE data><data id='verifikasi'/>",
    "depth": b"<a>" * (DEPTH_MAX + 1) + b"</a>" * (DEPTH_MAX + 1),
    "two hundred thousand levels": b"<a>" * 200_000,
    "nodes": b"<data>" + b"<a/>" * NODES_MAX + b"</data>",
    "size": b"<data>" + b"x" * XML_BYTES_MAX + b"</data>",
}
KEPT = {
    "half a document": b"<data id='verifikasi'><luas>5",
    "nothing": b"",
    "no XML": b"\x00\x01\x02\xff",
    "an encoding nobody knows": b"<?xml version='1.0' encoding='x-rot13'?><data/>",
    "a lie about the encoding": b"<?xml version='1.0' encoding='UTF-8'?><data>\xff\xfe</data>",
    "two bytes a character": '<?xml version="1.0" encoding="UTF-16"?><data/>'.encode("utf-16"),
    "other namespaces": b"<x:data xmlns:x='urn:y' x:id='verifikasi'/>",
    "an id that is none": b"<data id='verifikasi' version='2026110101'><meta><instanceID>"
    b"uuid:n</instanceID><entity id='../..' update='1' baseVersion='9e9'/></meta></data>",
    "versions without end": b"<data id='verifikasi' version='2026110101'><meta><instanceID>uuid:m"
    b"</instanceID><entity id='0c5c0f5e-6a55-4f0b-9f6a-3d6c1b8e0a01' update='1' "
    b"baseVersion='99999999999999999999' trunkVersion='-1' branchId='" + b"b" * 500 + b"'/>"
    b"</meta></data>",
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_form_can_be_is_refused_and_kept_nowhere(sqlite_field: Field, name: str) -> None:
    answer = sqlite_field.key.post(REFUSED[name])
    assert answer.status == 400
    assert b"bukan formulir" in answer.body
    assert sqlite_field.world.count("submission") == 0


@pytest.mark.parametrize("name", KEPT)
def test_what_merely_cannot_be_read_is_kept(sqlite_field: Field, name: str) -> None:
    answer = sqlite_field.key.post(KEPT[name])
    assert answer.status in {201, 202}, answer
    ((kept,),) = sqlite_field.world.ask("SELECT xml FROM submission")
    assert bytes(kept) == KEPT[name]
    assert sqlite_field.key.post(KEPT[name]).status in {201, 202}
    assert sqlite_field.world.count("submission") == 1


def test_a_thousand_files_are_kept(sqlite_field: Field) -> None:
    field = sqlite_field
    files = {f"foto{n}.jpg": f"isi {n % 7}".encode() for n in range(1000)}
    answer = field.key.post(field.visited({"luas": "54"}, base=field.key.version()), files)
    assert answer.status == 201
    assert field.world.count("submission_file") == 1000
    folder = field.world.settings.data_dir / "blobs"
    # Equal files lie there once.
    assert sum(path.is_file() for path in folder.rglob("*")) == 7


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--",
        b"--b",
        b"--b\r\n",
        b'--b\r\nContent-Disposition: form-data; name="xml_submission_file"\r\n\r\n<data/>',
        b"--b--\r\n",
        b"--b\r\n" + b"x" * 9000 + b"\r\n\r\n\r\n--b--",
        b"--b\r\n\r\n\r\n--b" * 3000,
    ],
)
def test_a_body_whose_parts_cannot_be_told_is_refused(sqlite_field: Field, body: bytes) -> None:
    headers = {"content-type": "multipart/form-data; boundary=b"}
    path = sqlite_field.key.path + "/submission"
    assert sqlite_field.world.call("POST", path, body, headers).status == 400


@pytest.mark.parametrize(
    "kind",
    ["", "text/plain", "application/json", "multipart/form-data", "multipart/mixed; boundary=b"],
)
def test_another_kind_of_body_is_refused(sqlite_field: Field, kind: str) -> None:
    body, _ = multipart(b"<data/>", {})
    path = sqlite_field.key.path + "/submission"
    headers = {"content-type": kind}
    assert sqlite_field.world.call("POST", path, body, headers).status == 400


def test_a_bare_xml_body_is_a_form_as_well(sqlite_field: Field) -> None:
    form = sqlite_field.visited({"luas": "54"}, base=sqlite_field.key.version())
    path = sqlite_field.key.path + "/submission"
    headers = {"content-type": "text/xml; charset=utf-8"}
    assert sqlite_field.world.call("POST", path, form, headers).status == 201


def test_a_packed_body_is_not_unpacked(sqlite_field: Field) -> None:
    body, kind = multipart(b"<data/>", {})
    headers = {"content-type": kind, "content-encoding": "gzip"}
    path = sqlite_field.key.path + "/submission"
    assert sqlite_field.world.call("POST", path, gzip.compress(body), headers).status == 415


def test_a_body_that_announces_too_much_is_not_read(sqlite_field: Field) -> None:
    headers = {
        "content-type": "multipart/form-data; boundary=b",
        "content-length": str(BODY_BYTES_MAX + 1),
    }
    path = sqlite_field.key.path + "/submission"
    assert sqlite_field.world.call("POST", path, b"", headers).status == 413


def test_a_large_photograph_goes_through_the_disk(sqlite_field: Field) -> None:
    field = sqlite_field
    photo = b"\xff\xd8\xff" + zlib.compress(bytes(range(256)) * 64) * 2000
    assert len(photo) > 600 * 1024
    form = field.visited({"foto_rumah": "a.jpg"}, base=field.key.version())
    assert field.key.post(form, {"a.jpg": photo}).status == 201
    (visit,) = field.documents("kunjungan")
    assert visit["foto"][0]["size"] == len(photo)
    ((media_type, purpose),) = field.world.ask("SELECT media_type, purpose FROM blob")
    assert (media_type, purpose) == ("image/jpeg", "foto")


def test_a_stranger_sends_no_file_at_all(sqlite_field: Field) -> None:
    body, kind = multipart(b"<data/>", {"a.jpg": b"x" * 2_000_000})
    path = "/v1/key/lko_" + "A" * 43 + "/projects/1/submission"
    answer = sqlite_field.world.call("POST", path, body, {"content-type": kind})
    assert answer.status == 403
    assert not (sqlite_field.world.settings.data_dir / "blobs").exists()


@settings(max_examples=300)
@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_tree_or_one_of_two_refusals(raw: bytes) -> None:
    for document in (raw, b"<data>" + raw + b"</data>", b"<data id='" + raw + b"'/>"):
        try:
            read_instance(document)
        except (Refused, Unreadable):
            continue


@settings(max_examples=300)
@given(st.binary(max_size=300), st.binary(max_size=60))
def test_any_body_is_parts_or_one_refusal(noise: bytes, name: bytes) -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="' + name + b'"; filename="' + name
    for raw in (noise, head + b'"\r\n\r\n' + noise + b"\r\n--b--\r\n"):
        body = Body("multipart/form-data; boundary=b", raw, len(raw))
        try:
            parts = body.parts()
        except AppError as error:
            assert error.code == "not-a-form"  # noqa: PT017 (either way is right)
            continue
        assert all(0 <= part.begin <= part.end <= len(raw) for part in parts)
        assert all("\x00" not in (part.filename or part.name) for part in parts)
