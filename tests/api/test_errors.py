"""Every refusal is a complete problem with a stable code, and repeats nothing that was sent."""

import pytest
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient

from api.errors import ERROR_CODES, AppError
from api.problems import ProblemAnswers, UnexpectedErrors
from models.database import Busy, Database, StorageFull
from models.queries import auditing
from models.queries.auditing import AuditEntry
from tests.api.server import BEGIN, Server, problem_of

NIK = "1802172501990001"

# The codes that clients are written against; a renamed one breaks phones in the field.
PUBLISHED = {
    "epoch-changed": (409, "after-change"),
    "lane-forked": (409, "after-change"),
    "lane-hole": (409, "after-change"),
    "scope-changed": (409, "after-change"),
    "cursor-ahead": (409, "after-change"),
    "protocol-too-old": (426, "after-change"),
    "schema-unknown": (409, "after-change"),
    "payload-too-large": (413, "after-change"),
    "too-many-requests": (429, "same"),
    "busy": (503, "same"),
    "device-revoked": (403, "never"),
    "unauthorised": (401, "after-change"),
    "not-found": (404, "never"),
    "malformed-request": (400, "never"),
    "internal": (500, "same"),
    "storage-full": (507, "same"),
}


@pytest.mark.parametrize("code", PUBLISHED)
def test_published_codes_keep_their_meaning(code: str) -> None:
    row = ERROR_CODES[code]
    assert (row.status, row.retry) == PUBLISHED[code]


@pytest.mark.parametrize("code", ERROR_CODES)
def test_every_code_has_a_status_that_says_error_and_two_texts(code: str) -> None:
    row = ERROR_CODES[code]
    assert 400 <= row.status < 600
    assert row.title.endswith(".")
    assert row.detail.endswith(".")
    assert row.title != row.detail


def test_an_extra_member_never_hides_a_standard_one() -> None:
    body = AppError("lane-forked", incarnation="i", last=7, status=200).body()
    assert body["status"] == 409
    assert (body["incarnation"], body["last"]) == ("i", 7)


def test_an_unknown_code_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        AppError("no-such-code")


def a_failing_app(database: Database, raised: Exception) -> TestClient:
    app = FastAPI()

    @app.get("/fails")
    def fails() -> None:
        raise raised

    answers = ProblemAnswers(database, lambda size: bytes([128] * size))
    answers.register(app)
    app.add_middleware(UnexpectedErrors, answers=answers)
    return TestClient(app, raise_server_exceptions=True)


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (Busy("lock timeout"), 503, "busy"),
        (StorageFull(), 507, "storage-full"),
        (RuntimeError(f"Budi {NIK}"), 500, "internal"),
        (HTTPException(418), 500, "internal"),
        (HTTPException(404), 404, "not-found"),
        (AppError("lane-hole", last=3), 409, "lane-hole"),
    ],
)
def test_whatever_is_raised_becomes_a_problem(
    sqlite_database: Database, raised: Exception, status: int, code: str
) -> None:
    answer = a_failing_app(sqlite_database, raised).get("/fails")
    assert (answer.status_code, problem_of(answer)["type"]) == (status, code)
    assert NIK not in answer.text
    assert "Budi" not in answer.text


def test_an_unexpected_error_is_found_in_the_log_by_its_reference(
    sqlite_database: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    answer = a_failing_app(sqlite_database, RuntimeError(f"Budi {NIK}")).get("/fails")
    out, err = capfd.readouterr()
    assert problem_of(answer)["reference"] in out + err
    assert "RuntimeError" in out + err
    assert "Budi" not in out + err


def test_who_is_turned_away_together_does_not_come_back_together(sqlite_database: Database) -> None:
    waits = set()
    for byte in (0, 85, 170, 255):
        answers = ProblemAnswers(sqlite_database, lambda size, byte=byte: bytes([byte] * size))
        waits.add(int(answers.answer(AppError("busy")).headers["retry-after"]))
    assert waits == {5, 7, 8, 10}


def test_a_refusal_is_written_down_although_its_transaction_was_rolled_back(
    sqlite_database: Database,
) -> None:
    entry = AuditEntry(at=BEGIN, action="refused", actor="somebody")
    answer = a_failing_app(sqlite_database, AppError("not-permitted", audit=entry)).get("/fails")
    assert answer.status_code == 403
    with sqlite_database.reading() as session:
        assert auditing.heads(session)[""][0] == 1


def test_an_unknown_address_looks_like_a_thing_that_is_not_there(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("pusat", area="18")
    phone = server.phone("pusat")
    answers = [server.anonymous().get("/nowhere"), phone.call("GET", "/v1/nowhere/1")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


def test_an_unknown_method_says_which_are_known(sqlite_server: Server) -> None:
    answer = sqlite_server.anonymous().patch("/v1/devices")
    assert problem_of(answer)["type"] == "method-not-allowed"
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    "body",
    [
        f'{{"name": "x", "password": "y", "{NIK}": 1}}',
        f'{{"name": {{"{NIK}": 1}}, "password": "y"}}',
        f'{{"name": "x", "password": ["{NIK}"]}}',
        f'"{NIK}"',
        f"{{{NIK}",
        '{"name": "x"}',
        "null",
        "[]",
        "",
    ],
)
def test_a_malformed_request_is_told_where_and_never_what(sqlite_server: Server, body: str) -> None:
    answer = sqlite_server.anonymous().post(
        "/v1/sessions", content=body, headers={"Content-Type": "application/json"}
    )
    assert problem_of(answer)["type"] == "malformed-request"
    assert NIK not in answer.text


def test_pages_and_data_carry_their_guards(sqlite_server: Server) -> None:
    page = sqlite_server.anonymous().get("/docs")
    data = sqlite_server.anonymous().get("/v1/me")
    for answer in (page, data):
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert data.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in data.headers["content-security-policy"]


def test_the_documentation_needs_nothing_from_elsewhere(sqlite_server: Server) -> None:
    page = sqlite_server.anonymous().get("/docs").text
    assert "<script" not in page
    assert "http://" not in page
    assert "https://" not in page
    assert all(code in page for code in PUBLISHED)


def test_the_description_names_the_rule_of_every_route(sqlite_server: Server) -> None:
    description = sqlite_server.anonymous().get("/openapi.json").json()
    for path, operations in description["paths"].items():
        for operation in operations.values():
            assert operation["x-lokus-action"], path
            assert "422" not in operation["responses"], path
            assert "default" in operation["responses"], path


def test_answers_are_compressed_when_they_are_worth_it(sqlite_server: Server) -> None:
    client = sqlite_server.anonymous()
    assert client.get("/openapi.json").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in client.get("/health/live").headers
    plain = client.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
