"""Bodies too large, packed wrongly or at the wrong door: documented problems, and flat memory."""

import gzip
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.api.hostile import JSON, MEBIBYTE, SYNC, send
from tests.api.world import (
    DESA,
    FAMILY,
    World,
    answered,
    refused,
)

# Sizes ------------------------------------------------------------------------------------------


@contextmanager
def peak_growth(limit_bytes: int) -> Iterator[None]:
    """Fails where this process' memory peaks higher than so much above what it holds now."""
    # The kernel forgets the highest resident size so far.
    Path("/proc/self/clear_refs").write_text("5")
    before = _status_bytes("VmRSS")
    yield
    assert _status_bytes("VmHWM") - before < limit_bytes


def _status_bytes(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


def bomb(size_bytes: int, head: bytes = b"") -> bytes:
    return gzip.compress(head + b"0" * size_bytes)


@pytest.mark.parametrize(
    "packed",
    [
        bomb(300 * MEBIBYTE),
        bomb(100 * MEBIBYTE),
        bomb(MEBIBYTE),
        bomb(200_000, b'{"lane":"'),
        b"".join(bomb(10_000) for _ in range(1000)),
        gzip.compress(bomb(100 * MEBIBYTE)) + bomb(MEBIBYTE),
    ],
    ids=["300 MiB", "100 MiB", "1 MiB", "below the limit", "a thousand members", "nested"],
)
def test_what_unpacks_to_too_much_is_given_up_at_the_limit(
    sqlite_world: World, packed: bytes
) -> None:
    ani = sqlite_world.device("ani")
    with peak_growth(8 * MEBIBYTE):
        problem = refused(send(ani, packed, content_encoding="gzip"), 413, "payload-too-large")
    assert problem["limits"] == {"bytes_max": 256 * 1024, "ratio_max": 100}


def test_a_name_of_ten_megabytes_is_too_large_plain_and_packed(sqlite_world: World) -> None:
    ani = sqlite_world.device("ani")
    body = json.dumps(ani.body([ani.create(FAMILY, nama_kepala_keluarga="a" * 10**7)])).encode()
    with peak_growth(16 * MEBIBYTE):
        refused(send(ani, body), 413, "payload-too-large")
        refused(send(ani, gzip.compress(body), content_encoding="gzip"), 413, "payload-too-large")
    assert sqlite_world.count("operation") == 0


def test_a_list_of_a_hundred_thousand_nothings_is_too_large(sqlite_world: World) -> None:
    ani = sqlite_world.device("ani")
    body = json.dumps(ani.body([0] * 80_000), separators=(",", ":")).encode()
    with peak_growth(32 * MEBIBYTE):
        problem = refused(send(ani, body), 413, "payload-too-large")
    assert problem["limits"]["operations_per_push"] == 500


GOOD = gzip.compress(b"{}")


@pytest.mark.parametrize(
    "packed",
    [b"{}", GOOD[:-1], GOOD[:5], GOOD + b"rest", b"\x1f\x8b", GOOD[:-8] + b"\0" * 8],
    ids=["not packed", "cut off", "a head", "something behind", "two bytes", "a wrong sum"],
)
def test_a_broken_gzip_is_malformed(sqlite_world: World, packed: bytes) -> None:
    ani = sqlite_world.device("ani")
    refused(send(ani, packed, content_encoding="gzip"), 400, "malformed-request")


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "compress", "\x80"])
def test_an_encoding_that_the_server_does_not_know_is_refused(
    sqlite_world: World, encoding: str
) -> None:
    ani = sqlite_world.device("ani")
    refused(send(ani, b"{}", content_encoding=encoding), 415, "encoding-unknown")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "x", ""])
def test_what_a_careless_client_calls_its_body_does_not_matter_for_a_sync(
    sqlite_world: World, kind: str
) -> None:
    ani = sqlite_world.device("ani")
    body = json.dumps(ani.body([ani.create(FAMILY)])).encode()
    answer = sqlite_world.call("POST", SYNC, body, ani.headers() | {"content-type": kind})
    assert answered(answer)["acked"] == 1


# Doors beside the sync ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/records", {"desa": DESA}),
        ("/v1/records", {"desa": DESA, "ids": "x"}),
        ("/v1/records", {"desa": DESA, "ids": [7]}),
        ("/v1/records", {"desa": "1802", "ids": []}),
        ("/v1/records", {"desa": DESA, "ids": [], "epoch": "e" * 41}),
        ("/v1/digest", {"desa": DESA}),
        ("/v1/digest", {"desa": DESA, "rt": "\x00"}),
        ("/v1/digest", {"desa": DESA, "rt": "3"}),
        ("/v1/digest", {"desa": DESA, "rt": "003/001", "at": -1}),
        ("/v1/digest", {"desa": DESA, "rt": "003/001", "records": 7}),
        ("/v1/lanes", {}),
        ("/v1/lanes", {"desa": DESA, "parent": 7}),
        ("/v1/lanes", {"desa": DESA, "parent": {"lane": "\x00", "seq": 0}}),
        ("/v1/lanes", {"desa": DESA, "parent": {"lane": "a", "seq": 2**53}}),
    ],
)
def test_other_doors_refuse_what_is_malformed(
    world: World, path: str, body: dict[str, object]
) -> None:
    ani = world.device("ani")
    refused(ani.post(path, body), 400, "malformed-request")


@pytest.mark.parametrize("path", ["/v1/records", "/v1/digest", "/v1/lanes"])
@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"NaN", b'{"desa":"\\ud800"}', b"[" * 9999, b"\xff"]
)
def test_other_doors_refuse_what_is_no_json(sqlite_world: World, path: str, body: bytes) -> None:
    ani = sqlite_world.device("ani")
    refused(send(ani, body, path), 400, "malformed-request")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "BREW"])
def test_a_method_that_a_door_does_not_know_is_named(sqlite_world: World, method: str) -> None:
    ani = sqlite_world.device("ani")
    answer = sqlite_world.call(method, SYNC, b"", ani.headers())
    refused(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer lkd_short",
        "Bearer \x80",
        "bearer lks_" + "A" * 43,
    ],
)
def test_whoever_has_no_token_gets_nowhere(sqlite_world: World, authorization: str) -> None:
    for path in (SYNC, "/v1/push", "/v1/pull", "/v1/records", "/v1/digest", "/v1/lanes"):
        headers = {"authorization": authorization} | JSON
        refused(sqlite_world.call("POST", path, b"{}", headers), 401, "unauthorised")
