"""Bodies are read within limits, whatever they claim to be."""

import gzip
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from fastapi import APIRouter, FastAPI, Request
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.bodies import BodyLimits, bounded
from api.problems import ProblemAnswers
from models.database import Database
from sync.permission import Role
from tests.api.server import Server, problem_of

LIMITS = BodyLimits(bytes_max=256 * 1024, ratio_max=100)
GZIP = {"Content-Encoding": "gzip"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def echo(sqlite_database: Database) -> TestClient:
    """Says how many bytes arrived, unpacked."""
    router = APIRouter(route_class=bounded(LIMITS))

    @router.post("/echo")
    async def count(request: Request) -> int:
        return len(await request.body())

    app = FastAPI()
    app.include_router(router)
    ProblemAnswers(sqlite_database, bytes).register(app)
    return TestClient(app)


def test_plain_and_gzip_bodies_arrive_whole(echo: TestClient) -> None:
    body = bytes(range(256)) * 40
    assert echo.post("/echo", content=body).json() == len(body)
    assert echo.post("/echo", content=gzip.compress(body), headers=GZIP).json() == len(body)


def test_several_gzip_members_are_one_body(echo: TestClient) -> None:
    packed = gzip.compress(b"abc") + gzip.compress(b"") + gzip.compress(b"defg")
    assert echo.post("/echo", content=packed, headers=GZIP).json() == 7


@settings(deadline=None, max_examples=40)
@given(body=st.binary(max_size=3000), cuts=st.lists(st.integers(1, 50), max_size=20))
def test_it_does_not_matter_in_which_pieces_a_body_comes(body: bytes, cuts: list[int]) -> None:
    packed = gzip.compress(body)

    def pieces() -> Iterator[bytes]:
        at = 0
        for cut in cuts:
            yield packed[at : at + cut]
            at += cut
        yield packed[at:]

    router = APIRouter(route_class=bounded(LIMITS))

    @router.post("/echo")
    async def length(request: Request) -> int:
        return len(await request.body())

    app = FastAPI()
    app.include_router(router)
    answer = TestClient(app).post("/echo", content=pieces(), headers=GZIP)
    assert answer.json() == len(body)


def test_what_is_too_large_is_refused_with_the_limits(echo: TestClient) -> None:
    answer = echo.post("/echo", content=b"x" * (LIMITS.bytes_max + 1))
    assert problem_of(answer)["type"] == "payload-too-large"
    assert problem_of(answer)["limits"] == {"bytes_max": 256 * 1024, "ratio_max": 100}
    assert echo.post("/echo", content=b"x" * LIMITS.bytes_max).status_code == 200


def test_a_body_that_does_not_tell_its_length_is_stopped_on_the_way(echo: TestClient) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1
            yield b"x" * 10_000

    assert echo.post("/echo", content=endless()).status_code == 413


def test_a_packed_body_larger_than_the_limit_is_refused(echo: TestClient) -> None:
    noise = zlib.compress(b"", 0) + b"y" * (LIMITS.bytes_max + 1)
    assert echo.post("/echo", content=noise, headers=GZIP).status_code in {400, 413}


def test_a_bomb_is_given_up_before_it_grows(echo: TestClient) -> None:
    bomb = gzip.compress(b"\0" * (200 * 1024 * 1024), 9)
    assert len(bomb) < LIMITS.bytes_max
    echo.post("/echo", content=b"warm")
    tracemalloc.start()
    answer = echo.post("/echo", content=bomb, headers=GZIP)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code == 413
    assert peak < 8 * 1024 * 1024


def test_a_bomb_inside_a_bomb_is_only_a_body(echo: TestClient) -> None:
    inner = gzip.compress(b"\0" * 10_000_000)
    assert echo.post("/echo", content=gzip.compress(inner), headers=GZIP).json() == len(inner)


def test_a_small_body_that_unpacks_too_well_is_refused(echo: TestClient) -> None:
    packed = gzip.compress(b"a" * 20_000)
    assert len(packed) * 100 < 20_000
    assert problem_of(echo.post("/echo", content=packed, headers=GZIP))["type"] == (
        "payload-too-large"
    )


@pytest.mark.parametrize("cut", [1, 5, 9, 10, 12, -8, -4, -1])
def test_a_gzip_that_was_cut_off_is_malformed(echo: TestClient, cut: int) -> None:
    packed = gzip.compress(b"hello hello hello")[:cut]
    answer = echo.post("/echo", content=packed, headers=GZIP)
    assert problem_of(answer)["type"] == "malformed-request"


@pytest.mark.parametrize("at", [0, 3, 12, -8, -1])
def test_a_gzip_with_a_flipped_byte_is_malformed(echo: TestClient, at: int) -> None:
    packed = bytearray(gzip.compress(b"hello hello hello"))
    packed[at] ^= 0xFF
    assert echo.post("/echo", content=bytes(packed), headers=GZIP).status_code == 400


def test_bytes_behind_a_gzip_are_malformed(echo: TestClient) -> None:
    answer = echo.post("/echo", content=gzip.compress(b"hello") + b"garbage", headers=GZIP)
    assert answer.status_code == 400


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "nonsense"])
def test_other_encodings_are_named_as_unknown(echo: TestClient, encoding: str) -> None:
    answer = echo.post("/echo", content=b"x", headers={"Content-Encoding": encoding})
    assert problem_of(answer)["type"] == "encoding-unknown"


def nested(levels: int) -> bytes:
    return b'{"name":' + b"[" * levels + b"]" * levels + b',"password":"x"}'


HOSTILE = {
    "500 levels": nested(500),
    "100,000 levels": nested(100_000)[: 4 * 1024 - 1],
    "NaN": b'{"name":NaN,"password":"x"}',
    "infinity": b'{"name":1e400,"password":"x"}',
    "lone surrogate": b'{"name":"\\ud800","password":"x"}',
    "no UTF-8": b'{"name":"\xff\xfe","password":"x"}',
    "cut off": b'{"name":"x","pass',
    "long name": b'{"name":"' + b"x" * 3000 + b'","password":"x"}',
    "number for text": b'{"name":1,"password":"x"}',
    "unknown key": b'{"name":"x","password":"x","role":"admin"}',
    "twice the same key": b'{"name":"x","name":["x"],"password":"x"}',
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_json_is_malformed_and_nothing_else(sqlite_server: Server, body: bytes) -> None:
    answer = sqlite_server.anonymous().post("/v1/sessions", content=body, headers=JSON)
    assert problem_of(answer)["type"] == "malformed-request"


def test_a_ten_megabyte_name_is_too_large(sqlite_server: Server) -> None:
    body = b'{"name":"' + b"x" * 10_000_000 + b'","password":"x"}'
    answer = sqlite_server.anonymous().post("/v1/sessions", content=body, headers=JSON)
    assert problem_of(answer)["type"] == "payload-too-large"


def test_json_that_does_not_say_so_is_malformed(sqlite_server: Server) -> None:
    body = b'{"name":"x","password":"x"}'
    answer = sqlite_server.anonymous().post(
        "/v1/sessions", content=body, headers={"Content-Type": "text/plain"}
    )
    assert problem_of(answer)["type"] == "malformed-request"


@pytest.mark.parametrize("name", ["a\\u0000b", "\\u0000", "a\\u001fb", "a\\u0085b"])
def test_control_characters_in_a_name_are_malformed(sqlite_server: Server, name: str) -> None:
    body = f'{{"name":"{name}","password":"x"}}'
    answer = sqlite_server.anonymous().post("/v1/sessions", content=body, headers=JSON)
    assert problem_of(answer)["type"] == "malformed-request"


def test_a_nul_in_an_address_reaches_no_database(server: Server) -> None:
    server.account("pusat", Role.ADMIN, "18")
    admin = server.browser("pusat")
    for method, path in (
        ("GET", "/v1/accounts?after=%00"),
        ("GET", "/v1/devices?after=%00"),
        ("DELETE", "/v1/devices/%00"),
        ("POST", "/v1/accounts/%00/disable"),
        ("POST", "/v1/accounts/%ff/disable"),
    ):
        assert admin.call(method, path).status_code in {400, 404}
