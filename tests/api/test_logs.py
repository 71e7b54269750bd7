"""No number of a person and no secret reaches a log, whoever writes the line."""

import logging
import re
from collections.abc import Iterator

import orjson
import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from api.logs import configure_logs, masked
from sync.permission import Role
from tests.api.server import PASSWORD, Server

NIK = "1802172501990001"
NO_KK = "1802171203150004"
TOKEN = "lkd_" + "A" * 43


SECRETS = (
    *(NIK, f"{NIK}{NO_KK}", TOKEN, "/key/abc", "/periksa/K7QF", "/enrol#ABC"),
    *(
        "bearer abc",
        "basic\tabc",
        "digest  abc",
        "authorization: a b",
        "cookie=a; b",
        "x-csrf-token=a",
    ),
)
# A pattern that ignores case takes these for the letters.
LOOK_ALIKES = str.maketrans({"s": "\u017f", "k": "\u212a", "i": "\u0131"})
_written = st.sampled_from([str, str.upper, str.title, lambda text: text.translate(LOOK_ALIKES)])
_secrets = st.builds(lambda text, written: written(text), st.sampled_from(SECRETS), _written)
_nearly = st.builds(lambda text, end: text[:end], _secrets, st.integers(0, 16))
_between = st.characters(codec="ascii")
lines = st.lists(_secrets | _nearly | _between, max_size=4).map("".join)


@pytest.fixture
def json_logs(capfd: pytest.CaptureFixture[str]) -> Iterator[pytest.CaptureFixture[str]]:
    """Logs as a server writes them; afterwards as the tests found them."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    configure_logs()
    yield capfd
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"nik={NIK}", "nik=****************"),
        (f"{NIK},{NO_KK}", "****************,****************"),
        (f"x{NIK}y", "x****************y"),
        ("12345678901234567890", "****************"),
        ("\u0661" * 16, "****************"),
        ("dige\u017ft abc", "dige\u017ft ***"),
        ("123456789012345", "123456789012345"),
        ("2026-11-03T08:00:00.123456+00:00", "2026-11-03T08:00:00.123456+00:00"),
        ("01a20408-171a-7b66-b7bf-7186959f72e8", "01a20408-171a-7b66-b7bf-7186959f72e8"),
        (f"Authorization: Bearer {TOKEN}", "Authorization: ***"),
        (f"with bearer {TOKEN}.", "with bearer ***"),
        (f"token {TOKEN} end", "token lk* end"),
        ("GET /periksa/K7QFZZ2X?x=1", "GET /periksa/***?x=1"),
        ("/key/abc/def", "/key/***/def"),
        ("https://lokus.example.id/enrol#ABCDE23456", "https://lokus.example.id/enrol#***"),
        ("cookie: lokus_session=abc; x=1", "cookie: ***"),
        ("x-csrf-token=abcdef", "x-csrf-token=***"),
    ],
)
def test_the_mask_takes_secrets_and_leaves_the_rest(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_a_masked_line_stays_masked() -> None:
    line = f"Bearer {TOKEN} {NIK} /key/{TOKEN}"
    assert masked(masked(line)) == masked(line)


@settings(max_examples=500)
@given(lines)
def test_no_secret_is_missed_for_want_of_its_sign(text: str) -> None:
    assert masked(text) == _every_mask_in_turn(text)


def _every_mask_in_turn(text: str) -> str:
    text = re.sub(r"(?<!\d)\d{16}(?!\d)|\d{17,}", "****************", text)
    text = re.sub(r"lk[cdso]_[A-Za-z0-9_-]{8,}", "lk*", text)
    text = re.sub(r"(?i)\b(bearer|basic|digest)\s+[^\s\"',}]+", r"\1 ***", text)
    text = re.sub(r"(?i)(authorization|cookie|x-csrf-token)(\W{1,6})[^\"'}\n]+", r"\1\2***", text)
    return re.sub(r"(/(?:key|periksa|enrol)[/#])[^/\s?\"']+", r"\1***", text)


def test_our_lines_are_json_and_masked(json_logs: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger("x").warning("seen", nik=NIK, nested={"kk": [NO_KK]}, token=TOKEN)
    line = orjson.loads(json_logs.readouterr().err)
    assert (line["event"], line["level"]) == ("seen", "warning")
    assert line["nested"] == {"kk": ["****************"]}


@pytest.mark.parametrize("name", ["uvicorn.error", "sqlalchemy.engine", "some.library"])
def test_lines_of_libraries_are_masked_too(
    json_logs: pytest.CaptureFixture[str], name: str
) -> None:
    logging.getLogger(name).error("broken for %s with %s", NIK, TOKEN)
    written = json_logs.readouterr().err
    assert orjson.loads(written)["logger"] == name
    assert NIK not in written
    assert TOKEN not in written


def test_a_traceback_is_masked(json_logs: pytest.CaptureFixture[str]) -> None:
    try:
        int(NIK + "x")
    except ValueError:
        logging.getLogger("x").exception("failed")
        structlog.get_logger("x").exception("failed")
    written = json_logs.readouterr().err
    assert written.count("ValueError") >= 2
    assert NIK not in written


def test_uvicorn_writes_no_access_log_beside_ours(json_logs: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("uvicorn.access").info("GET /periksa/%s", TOKEN)
    assert json_logs.readouterr().err == ""


def test_a_day_at_the_server_leaves_no_secret_in_the_log(
    sqlite_server: Server, json_logs: pytest.CaptureFixture[str]
) -> None:
    server = sqlite_server
    server.account("budi")
    server.account("pusat", Role.ADMIN, "18")
    code = server.code("budi")
    enrolled = server.enrol(code, key="f" * 32, name=f"HP {NIK}").json()
    admin = server.browser("pusat")
    server.sign_in(NIK, PASSWORD)
    server.anonymous().get(f"/periksa/{code}")
    server.anonymous().get(f"/v1/records/{NIK}/history?nik={NO_KK}")
    server.anonymous().get("/v1/me", headers={"Authorization": f"Bearer {enrolled['token']}"})
    server.anonymous().post("/v1/devices", content=f'{{"{NIK}": ')
    admin.call("GET", "/v1/accounts")
    admin.call("DELETE", f"/v1/devices/{enrolled['device']}")
    out, err = json_logs.readouterr()
    lines = [orjson.loads(line) for line in err.splitlines()]
    assert len([line for line in lines if line["event"] == "request"]) == 9
    assert {"method", "path", "status", "ms", "bytes"} <= lines[-1].keys()
    cookie = admin.client.cookies["lokus_session"]
    for secret in (NIK, NO_KK, code, enrolled["token"], cookie, admin.csrf, PASSWORD, "f" * 32):
        assert secret not in out + err
