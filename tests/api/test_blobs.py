"""Files: whole or not there, named by their bytes, reached through their village alone."""

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from api.blobs import FOLDER, INCOMING, BlobStore, Received
from api.errors import AppError
from models.database import StorageFull
from models.queries.blobs import held_of, known_hashes
from sync.permission import Role
from tests.api.calling import Answer
from tests.api.village import Desk, audited, desk
from tests.api.world import DESA, OTHER_DESA, World, area

SCAN = b"%PDF-1.7\n" + bytes(range(256)) * 300
PHOTO = b"\xff\xd8\xff\xe0" + b"x" * 2000
SCAN_PATH = f"/v1/rounds/{DESA}/2026-11/scan"
SIZE_MAX = 1 << 20


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / FOLDER)


def received(store: BlobStore, *chunks: bytes, size_max: int = SIZE_MAX) -> Received:
    coming = store.receiving(Random(3).randbytes, size_max=size_max)
    try:
        for chunk in chunks:
            coming.take(chunk)
        coming.finish()
    except BaseException:
        coming.drop()
        raise
    return coming


def everything(store: BlobStore) -> list[str]:
    """All files of the store, also unfinished ones."""
    return sorted(path.name for path in store.folder.rglob("*") if path.is_file())


# The store ----------------------------------------------------------------------------------


def test_a_file_lies_under_the_hash_of_its_bytes_in_two_levels_of_folders(store: BlobStore) -> None:
    name = store.keep(received(store, SCAN[:3], SCAN[3:5000], SCAN[5000:]))
    assert name == hashlib.sha256(SCAN).hexdigest()
    assert store.path_of(name) == store.folder / name[:2] / name[2:4] / name
    assert store.path_of(name).read_bytes() == SCAN
    assert list(store.names()) == everything(store) == [name]
    assert store.is_whole(name)


def test_nobody_else_on_the_machine_reads_what_people_signed(store: BlobStore) -> None:
    path = store.path_of(store.keep(received(store, SCAN)))
    assert path.stat().st_mode & 0o077 == 0
    assert all(one.stat().st_mode & 0o077 == 0 for one in (path.parent, store.folder))


def test_the_same_bytes_again_are_the_same_file(store: BlobStore) -> None:
    first = store.keep(received(store, SCAN))
    assert store.keep(received(store, SCAN)) == first
    assert everything(store) == [first]


def test_what_was_not_kept_leaves_nothing_behind(store: BlobStore) -> None:
    received(store, SCAN).drop()
    half = store.receiving(Random(4).randbytes, size_max=SIZE_MAX)
    half.take(SCAN)
    half.drop()
    store.receiving(Random(5).randbytes, size_max=SIZE_MAX).drop()
    assert everything(store) == []


@pytest.mark.parametrize(
    "content",
    [b"<html>", b"GIF89a" + b"x" * 100, b"PK\x03\x04" * 10, b"%PDF", b"\x89PNG", b"<svg " * 4],
)
def test_only_scans_and_photographs_are_taken_whatever_they_are_called(
    store: BlobStore, content: bytes
) -> None:
    with pytest.raises(AppError, match="media-type-refused"):
        received(store, content)


def test_a_file_that_is_too_large_is_given_up_while_it_comes(store: BlobStore) -> None:
    with pytest.raises(AppError, match="payload-too-large"):
        received(store, SCAN, size_max=len(SCAN) - 1)


def test_a_name_that_is_no_hash_is_no_path(store: BlobStore) -> None:
    for name in ("../../etc/passwd", "", "A" * 64, "a" * 63, "/" + "a" * 63):
        with pytest.raises(ValueError, match="64"):
            store.path_of(name)


def test_a_damaged_file_is_found(store: BlobStore) -> None:
    name = store.keep(received(store, SCAN))
    store.path_of(name).write_bytes(SCAN[:-1])
    assert not store.is_whole(name)


def _full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "no space left on device")


@pytest.mark.parametrize("step", ["fsync", "open", "mkdir"])
def test_a_full_disk_is_told_and_leaves_nothing_half(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(os, step, _full)
        with pytest.raises(StorageFull):
            received(store, SCAN)
    assert everything(store) == []
    store.keep(received(store, SCAN))
    assert len(everything(store)) == 1


def test_another_mistake_of_the_disk_is_not_called_full(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="input/output"):
        received(store, SCAN)


# The doors ----------------------------------------------------------------------------------


@pytest.fixture
def operator(world: World) -> Desk:
    return desk(world, "operator", Role.OPERATOR_DESA, code=DESA)


Send = Callable[..., Answer]


@pytest.fixture
def send(world: World, operator: Desk) -> Iterator[Send]:
    """Hand in a body as the operator."""

    def send(body: bytes, content_type: str = "application/pdf", **headers: str) -> Answer:
        named = operator.device.headers(**headers) | {"content-type": content_type}
        return world.call("POST", SCAN_PATH, body, named)

    yield send
    assert not list((world.settings.data_dir / FOLDER / INCOMING).glob("*"))


def multipart(*parts: tuple[str, bytes], boundary: str = "grenze") -> bytes:
    lines = [
        b"--%s\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n"
        % (boundary.encode(), head.encode(), value)
        for head, value in parts
    ]
    return b"".join(lines) + b"--%s--\r\n" % boundary.encode()


FORM_TYPE = "multipart/form-data; boundary=grenze"


def test_a_scan_is_kept_and_handed_out_as_a_download_that_can_do_nothing(
    world: World, operator: Desk, send: Send
) -> None:
    told = send(SCAN)
    assert told.status == 201, told
    kept = told.json()
    assert kept["media_type"] == "application/pdf"
    assert kept["size"] == len(SCAN)
    answer = operator.get(f"/v1/files/{DESA}/{kept['sha256']}")
    assert (answer.status, answer.body) == (200, SCAN)
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert [one["sha256"] for one in audited(world, "file-read")] == [kept["sha256"]]


def test_a_scan_may_come_in_a_form_with_other_fields_before_it(send: Send) -> None:
    body = multipart(
        ('name="form"', b"x"),
        ('name="kode"', b"abc"),
        ('name="berkas"; filename="../../C:\\evil\r.exe"', PHOTO),
    )
    told = send(body, FORM_TYPE)
    assert told.status == 201, told
    assert told.json()["sha256"] == hashlib.sha256(PHOTO).hexdigest()
    assert told.json()["media_type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", FORM_TYPE),
        (b"--grenze", FORM_TYPE),
        (b"--grenze\r\n\r\n", FORM_TYPE),
        (multipart(('name="form"', b"x" * 9000)), FORM_TYPE),
        (multipart(('name="a b"', b"x")), FORM_TYPE),
        (multipart(('name="form"', b"\xff")), FORM_TYPE),
        (multipart(('name="f"; filename="x"', SCAN))[:-20], FORM_TYPE),
        (SCAN, "multipart/form-data"),
        (SCAN, f"multipart/form-data; boundary={'b' * 71}"),
    ],
)
def test_a_broken_form_is_refused_and_leaves_nothing(
    send: Send, body: bytes, content_type: str
) -> None:
    assert send(body, content_type).problem == "malformed-request"


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/pdf"),
        (b"<script>alert(1)</script>", "application/pdf"),
        (multipart(('name="form"', b"x")), FORM_TYPE),
        (multipart(('name="f"; filename=""', b"")), FORM_TYPE),
        (multipart(), FORM_TYPE),
    ],
)
def test_what_is_no_scan_is_refused(send: Send, body: bytes, content_type: str) -> None:
    assert send(body, content_type).problem == "media-type-refused"


def test_a_packed_body_is_refused_because_its_bytes_are_what_is_signed(send: Send) -> None:
    assert send(SCAN, content_encoding="gzip").problem == "encoding-unknown"


def test_a_scan_larger_than_the_limit_is_refused(send: Send, world: World) -> None:
    too_large = SCAN + b"x" * world.settings.scan_bytes_max
    assert send(too_large).problem == "payload-too-large"
    assert send(SCAN, content_length=str(1 << 40)).problem == "payload-too-large"


def test_the_same_scan_twice_is_noted_once(world: World, send: Send) -> None:
    assert send(SCAN).json() == send(SCAN).json()
    assert world.count("blob") == 1
    assert len(audited(world, "file-kept")) == 1


def test_a_file_of_another_village_looks_like_one_that_is_not_there(
    world: World, operator: Desk, send: Send
) -> None:
    name = send(SCAN).json()["sha256"]
    there = desk(world, "lain", Role.OPERATOR_DESA, code=OTHER_DESA)
    for path in (f"/v1/files/{DESA}/{name}", f"/v1/files/{OTHER_DESA}/{name}"):
        assert there.get(path).problem == "not-found"
    assert operator.get(f"/v1/files/{DESA}/{'0' * 64}").problem == "not-found"
    assert operator.get(f"/v1/files/{DESA}/x").problem == "not-found"
    headers = there.device.headers()
    assert world.call("POST", SCAN_PATH, SCAN, headers).problem == "not-found"
    assert world.count("blob") == 1


def test_somebody_with_some_rts_of_the_village_does_not_see_what_names_all(
    world: World, send: Send
) -> None:
    name = send(SCAN).json()["sha256"]
    some = Desk(world.device("sebagian", Role.OPERATOR_DESA, [area(DESA, "003/001")]))
    assert some.get(f"/v1/files/{DESA}/{name}").problem == "not-found"


def test_a_strangers_bytes_are_not_read(world: World) -> None:
    assert world.call("POST", SCAN_PATH, SCAN, {}).problem == "unauthorised"
    collector = world.device("ani").headers()
    assert world.call("POST", SCAN_PATH, SCAN, collector).problem == "not-permitted"
    assert not (world.settings.data_dir / FOLDER).exists()


def test_which_files_a_village_holds_can_be_asked_for_many_at_once(
    world: World, send: Send
) -> None:
    name = send(SCAN).json()["sha256"]
    with world.database.reading() as session:
        assert held_of(session, DESA, [name, "0" * 64]) == {name}
        assert held_of(session, OTHER_DESA, [name]) == set()
        assert known_hashes(session, [name, "0" * 64]) == {name}


def test_a_row_whose_file_was_lost_says_so_and_takes_it_again(
    world: World, operator: Desk, send: Send
) -> None:
    name = send(SCAN).json()["sha256"]
    BlobStore(world.settings.data_dir / FOLDER).path_of(name).unlink()
    answer = operator.get(f"/v1/files/{DESA}/{name}")
    assert answer.problem == "not-found"
    assert "bytes are not here" in json.dumps(answer.json())
    send(SCAN)
    assert operator.get(f"/v1/files/{DESA}/{name}").body == SCAN
