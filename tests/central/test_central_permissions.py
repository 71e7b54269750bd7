"""The door's own table: every route of it × every role; its tokens here, and no others."""

import pytest
from fastapi import FastAPI

from api.app import routers
from api.central.addresses import BASE
from api.dependencies import RouteRule, route_rules
from api.services.accounts import change_password, disable_account, enable_account
from api.services.programs import LENGTH
from api.settings import Settings
from models.queries import accounts
from sync.permission import ROLE_ACTIONS, Action, Role, may_read
from tests.api.office import OTHER_DESA, OTHER_RT
from tests.api.world import JSON, area
from tests.central.village import DESA, FORM, RT, TABLE, Reader, Village, refusal_of

BODIES = {"PATCH": {"reviewState": "approved"}, "POST": {"body": "Baik."}}
SESSIONS = f"{BASE}/sessions/{{token}}"


def _rules() -> list[RouteRule]:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for router in routers(Settings()):
        app.include_router(router)
    return [rule for rule in route_rules(app) if rule.path.startswith(BASE)]


RULES = _rules()
CALLS = sorted(
    (method, rule.path, rule.action)
    for rule in RULES
    for method in rule.methods
    if not rule.is_public
)


def _filled(path: str, instance: str) -> str:
    known = {
        "project": "1", "form_id": "verifikasi", "instance": instance, "version": "x",
        "name": "x", "token": "x", "path": "Submissions", "rest": "projects/1/app-users",
    }  # fmt: skip
    return path.replace("{path:path}", "{path}").replace("{rest:path}", "{rest}").format(**known)


def test_every_route_but_the_login_asks_for_a_program() -> None:
    assert [rule.path for rule in RULES if rule.is_public] == [f"{BASE}/sessions"]
    assert all(rule.own_door for rule in RULES if not rule.is_public)
    assert len(CALLS) >= 25


def test_who_reads_whole_forms_may_read_everything_that_stands_in_them() -> None:
    for role in Role:
        if Action.READ_SUBMISSIONS in ROLE_ACTIONS[role]:
            assert {may_read(role, kind) for kind in ("", "person", "specific")} == {"full"}, role


@pytest.mark.parametrize(("method", "path", "action"), CALLS)
def test_every_route_obeys_the_table_for_every_role(
    sqlite_village: Village, method: str, path: str, action: Action
) -> None:
    village = sqlite_village
    instance = village.visit()
    for role in Role:
        if role is Role.SUPERVISOR and path.endswith("/current") and method == "DELETE":
            continue
        reader = village.reader(f"peran.{role.value}", role)
        answer = reader.call(method, _filled(path, instance), BODIES.get(method))
        if action not in ROLE_ACTIONS[role]:
            assert refusal_of(answer) == 403.1, role
        elif path == SESSIONS:
            assert refusal_of(answer) == 403.1, "it is no session of this account"
        elif "{rest" in path:
            assert refusal_of(answer) == 501.1, role
        else:
            assert answer.status in {200, 404}, (role, answer)


@pytest.mark.parametrize(("method", "path", "action"), CALLS)
def test_nobody_else_is_let_in(
    sqlite_village: Village, method: str, path: str, action: Action
) -> None:
    village = sqlite_village
    field = village.field
    village.account("sari")
    signed_in = field.world.call(
        "POST", "/v1/sessions", b'{"name":"sari","password":"empat kata acak sekali"}', JSON
    )
    cookie = signed_in.headers["set-cookie"].split(";")[0]
    supervisor = field.world.device("tono", Role.SUPERVISOR, [area(DESA)])
    told = field.key.credentials
    for headers in (
        {},
        {"authorization": f"Bearer {supervisor.token}"},
        {"authorization": f"Bearer {told.token}"},
        {"authorization": f"Bearer lkc_{'A' * 43}"},
        {"authorization": "Basic c2FyaTplbXBhdCBrYXRhIGFjYWsgc2VrYWxp"},
        {"cookie": cookie, "x-csrf-token": signed_in.json()["csrf"]},
        {"authorization": f"Bearer {cookie.partition('=')[2]}"},
    ):
        answer = field.world.call(method, _filled(path, "uuid:1"), b"", headers)
        assert refusal_of(answer) == 401.2, (action, headers)
        assert answer.headers["www-authenticate"] == "Bearer"


def test_a_programs_token_opens_no_other_door(sqlite_village: Village) -> None:
    village = sqlite_village
    token = village.reader().token
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for router in routers(Settings()):
        app.include_router(router)
    others = [one for one in route_rules(app) if not one.path.startswith(BASE)]
    headers = {"authorization": f"Bearer {token}", "cookie": f"lokus_session={token}"}
    for rule in others:
        if rule.is_public:
            continue
        for method in rule.methods:
            path = rule.path.replace("{token}", token).replace("{project}", "1")
            for shown in (headers, {"cookie": f"lokus_session={token}"}):
                answer = village.field.world.call(method, path, b"", shown)
                # Pages for people send a stranger to the login.
                assert answer.status in {303, 401, 403}, (method, rule.path)


def test_a_session_ends_with_its_day_its_account_and_its_password(village: Village) -> None:
    field = village.field
    account = village.account("sari")

    def signed_in() -> Reader:
        return Reader(village, village.sign_in("sari").json()["token"])

    def ends(reader: Reader) -> None:
        assert reader.code("/central/v1/users/current") == 401.2

    reader = signed_in()
    assert reader.get("/central/v1/users/current")["email"] == "sari"
    with field.world.database.writing() as session:
        change_password(session, account, "x", field.world.act())
    ends(reader)
    other = village.account("wati")
    reader = Reader(village, village.sign_in("wati").json()["token"])
    with field.world.database.writing() as session:
        disable_account(session, other, field.world.act())
    ends(reader)
    with field.world.database.writing() as session:
        enable_account(session, other, field.world.act())
    ends(reader)
    reader = Reader(village, village.sign_in("wati").json()["token"])
    field.world.clock.advance(LENGTH)
    ends(reader)
    assert field.world.ask("SELECT count(*) FROM central_session") == [(1,)]


def test_signing_out_ends_that_session_and_nobody_elses(sqlite_village: Village) -> None:
    village = sqlite_village
    sari, wati = village.reader("sari"), village.reader("wati")
    second = Reader(village, village.sign_in("sari").json()["token"])
    assert refusal_of(wati.call("DELETE", f"{BASE}/sessions/{sari.token}")) == 403.1
    assert sari.call("DELETE", f"{BASE}/sessions/{second.token}").json() == {"success": True}
    assert second.code(f"{BASE}/users/current") == 401.2
    assert sari.call("DELETE", f"{BASE}/sessions/current").status == 200
    assert sari.code(f"{BASE}/users/current") == 401.2
    assert wati.get(f"{BASE}/users/current")["displayName"] == "wati"


def test_wrong_passwords_have_to_wait_as_at_every_login(sqlite_village: Village) -> None:
    village = sqlite_village
    village.account("sari")
    for _ in range(3):
        assert refusal_of(village.sign_in("sari", "salah")) == 401.2
        assert refusal_of(village.sign_in("nobody", "salah")) == 401.2
    for name in ("sari", "nobody"):
        answer = village.sign_in(name)
        assert refusal_of(answer) == 429.1
        assert int(answer.headers["retry-after"]) >= 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"email":"sari"}', b'{"email":1}'])
def test_a_login_that_lacks_something_says_so(sqlite_village: Village, body: bytes) -> None:
    answer = sqlite_village.field.world.call("POST", f"{BASE}/sessions", body, JSON)
    assert refusal_of(answer) == 400.3


def test_who_covers_another_village_sees_nothing_of_this_one(village: Village) -> None:
    instance = village.visit({"lantai": "tanah"}, files={"a.jpg": b"x"})
    elsewhere = village.reader("sari", Role.SUPERVISOR, area(OTHER_DESA))
    here = village.reader("tono")
    assert here.ids() == [instance]
    assert elsewhere.rows() == []
    assert elsewhere.get(TABLE, _count="true", _top=0)["@odata.count"] == 0
    assert elsewhere.get(f"{FORM}/submissions") == []
    own, absent = f"{FORM}/submissions/{instance}", f"{FORM}/submissions/uuid:nobody"
    for path, body in (
        ("", None), (".xml", None), ("/comments", None), ("/comments", {"body": "x"}),
        ("/attachments", None), ("/attachments/a.jpg", None), ("/versions", None),
    ):  # fmt: skip
        method = "GET" if body is None else "POST"
        there = elsewhere.call(method, own + path, body)
        missing = elsewhere.call(method, absent + path, body)
        assert (there.status, there.body) == (missing.status, missing.body)
        assert refusal_of(there) == 404.1
    assert refusal_of(elsewhere.call("PATCH", own, {"reviewState": "approved"})) == 404.1
    assert elsewhere.code(f"{TABLE}('{instance}')") == 404.1
    assert here.rows()[0]["__system"]["reviewState"] is None


def test_who_is_limited_to_rts_sees_their_families_alone(village: Village) -> None:
    instance = village.visit()
    assert village.reader("sari", Role.OPERATOR_DESA, area(DESA, RT)).ids() == [instance]
    other = village.reader("tono", Role.OPERATOR_DESA, area(DESA, OTHER_RT))
    assert other.ids() == []
    assert other.get(TABLE, _count="true")["@odata.count"] == 0
    assert other.code(f"{FORM}/submissions/{instance}") == 404.1


def test_who_has_no_area_sees_nothing(sqlite_village: Village) -> None:
    village = sqlite_village
    village.visit()
    account = village.account("sari")
    with village.field.world.database.writing() as session:
        accounts.replace_areas(session, account, (), (), village.field.world.clock.now())
    reader = Reader(village, village.sign_in("sari").json()["token"])
    assert reader.ids() == []
    assert reader.get(f"{FORM}/submissions") == []


def test_what_lies_in_no_village_lies_in_nobodys_area(village: Village) -> None:
    lost = b"<data id='verifikasi' version='2026110102'><meta><instanceID>uuid:lost</instanceID>"
    lost += b"</meta></data>"
    wanderer = village.field.phone("kelana", areas=[area(DESA), area(OTHER_DESA)])
    assert wanderer.post(lost).status == 202
    assert village.reader("sari").ids() == []
    assert village.reader("tono", Role.SUPERVISOR, area("18")).ids() == []


def test_reading_marking_and_signing_in_are_on_record(sqlite_village: Village) -> None:
    village = sqlite_village
    instance = village.visit()
    reader = village.reader()
    reader.rows()
    reader.call("GET", f"{FORM}/submissions/{instance}.xml")
    reader.call("PATCH", f"{FORM}/submissions/{instance}", {"reviewState": "rejected"})
    reader.call("POST", f"{FORM}/submissions/{instance}/comments", {"body": "rahasia"})
    found = village.world.ask("SELECT chain, action, detail FROM audit ORDER BY at, chain, n")
    acts = {action: (chain, detail) for chain, action, detail in found}
    assert acts["signed-in"] == ("", '{"door":"central"}')
    assert acts["submissions-read"] == (DESA, '{"form":"verifikasi","table":"Submissions"}')
    assert {acts[act][0] for act in ("submission-read", "submission-commented")} == {DESA}
    assert '"state":"rejected"' in acts["submission-marked"][1]
    assert "rahasia" not in str(found)
