"""`GET /v1/forms…`: one form for Collect and for every other client."""

import hashlib
from pathlib import Path

import pytest

from api.services.publishing import publish
from models.database import Database
from sync.permission import Role
from tests.api.server import Server, a_server, problem_of
from tests.odk.conftest import Examined

FORM = "pengukuran_balita"


@pytest.fixture
def server(database: Database, database_url: str, tmp_path: Path) -> Server:
    return a_server(database, tmp_path / "data", database_url)


def put(server: Server, examined: Examined, *, draft: bool = False) -> str:
    with server.database.writing() as session:
        return publish(session, examined(FORM), {}, server.act(), draft=draft).version


def test_a_published_form_is_listed_and_served_as_json_and_xml(
    server: Server, examined: Examined
) -> None:
    version = put(server, examined)
    server.account("ani")
    phone = server.phone("ani")
    (listed,) = phone.call("GET", "/v1/forms").json()["forms"]
    assert (listed["id"], listed["version"], listed["kind"]) == (FORM, version, "measure")
    (offered,) = phone.call("GET", "/v1/manifest").json()["forms"]
    assert offered == {key: listed[key] for key in ("id", "version", "title", "kind", "md5")}
    form = phone.call("GET", f"/v1/forms/{FORM}/{version}.json")
    assert form.content == examined(FORM).compact
    assert form.headers["content-type"] == "application/json"
    assert "immutable" in form.headers["cache-control"]
    xml = phone.call("GET", f"/v1/forms/{FORM}/{version}.xml")
    assert hashlib.md5(xml.content, usedforsecurity=False).hexdigest() == listed["md5"]
    assert xml.headers["content-type"].startswith("text/xml")


def test_whoever_has_it_hears_so(server: Server, examined: Examined) -> None:
    version = put(server, examined)
    server.account("ani")
    phone = server.phone("ani")
    path = f"/v1/forms/{FORM}/{version}.json"
    tag = phone.call("GET", path).headers["etag"]
    headers = {"Authorization": f"Bearer {phone.token}", "If-None-Match": tag}
    answer = server.anonymous().get(path, headers=headers)
    assert (answer.status_code, answer.content) == (304, b"")


def test_every_role_reads_forms_and_nobody_reads_drafts(server: Server, examined: Examined) -> None:
    version = put(server, examined, draft=True)
    for role in Role:
        server.account(f"orang-{role}", role)
        phone = server.phone(f"orang-{role}")
        assert phone.call("GET", "/v1/forms").json() == {"forms": []}
        for ending in ("json", "xml"):
            answer = phone.call("GET", f"/v1/forms/{FORM}/{version}.{ending}")
            assert problem_of(answer)["type"] == "not-found"
    assert server.anonymous().get("/v1/forms").status_code == 401


def test_a_form_that_does_not_exist_is_not_found(server: Server) -> None:
    server.account("ani")
    answer = server.phone("ani").call("GET", "/v1/forms/lain/1.json")
    assert problem_of(answer)["type"] == "not-found"
