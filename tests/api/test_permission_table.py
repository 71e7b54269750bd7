"""Every route × role × area, generated from the routes themselves.

A new route is in here the moment it exists. It fails without a rule, for a role that its action
does not list, for strangers, and where an answer depends on what lies outside the caller's area.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI

from api.app import routers
from api.dependencies import RouteRule, RouteWithoutRule, allowed, public, route_rules
from api.security import Principal
from api.settings import Settings
from migrations import runner
from models.database import Database
from models.queries import accounts
from sync.permission import PUBLIC_ACTIONS, ROLE_ACTIONS, Action, Role
from tests.api.server import (
    DESA,
    ELSEWHERE,
    NEIGHBOUR,
    Browser,
    Phone,
    Server,
    a_server,
    problem_of,
)

NOBODY = "00000000-0000-7000-8000-000000000000"


def all_rules() -> list[RouteRule]:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for router in routers(Settings()):
        app.include_router(router)
    return route_rules(app)


CALLS = sorted(
    (method, rule.path, rule.action, rule.is_public)
    for rule in all_rules()
    for method in rule.methods
    # The doors for Collect and for Central's clients ask in their own words, and have tables of
    # their own: tests/openrosa/test_odk_permissions.py, tests/central/test_central_permissions.py.
    if not rule.own_door
)
GUARDED = [(method, path, action) for method, path, action, is_public in CALLS if not is_public]
OPEN = [(method, path) for method, path, _, is_public in CALLS if is_public]

# What stands for a parameter of a path: a thing that nobody has, in the form that it has.
UNKNOWN: Mapping[str, str] = {"desa": ELSEWHERE, "code": "AAAAAAAAAAAAAAAA"}


def filled(path: str, known: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: known.get(found[1], NOBODY), path)


@dataclass
class Staff:
    """A server with a phone of every role in the village, in a neighbour's, and of nobody's area.

    One for all tests of this module: none of them changes what another one asks about.
    """

    server: Server
    own: dict[Role, Phone]
    arealess: dict[Role, Phone]
    real: dict[str, str]
    """Ids of a phone elsewhere, by parameter."""


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Staff]:
    folder = tmp_path_factory.mktemp("staff")
    url = f"sqlite:///{folder / 'lokus.db'}"
    runner.upgrade(url)
    database = Database.open(url, pool_size=8)
    server = a_server(database, folder, url)
    elsewhere = _phone(server, Role.PETUGAS, ELSEWHERE)
    account = server.accounts[f"petugas.{ELSEWHERE}"].id
    lane = server.enrol(server.code(f"petugas.{ELSEWHERE}")).json()["lanes"][0]["lane"]
    own = {role: _phone(server, role, DESA) for role in Role}
    arealess = {role: _phone(server, role, NEIGHBOUR) for role in Role}
    with database.writing() as session:
        for role in Role:
            closed = server.accounts[f"{role.value}.{NEIGHBOUR}"].id
            accounts.replace_areas(session, closed, (), (), server.clock.now())
    real = {"account": account, "device": elsewhere.id, "desa": ELSEWHERE, "lane": lane}
    yield Staff(server, own, arealess, real)
    database.close()


@pytest.fixture(scope="module")
def browsers(staff: Staff) -> dict[Role, Browser]:
    return {role: staff.server.browser(f"{role.value}.{DESA}") for role in Role}


def _phone(server: Server, role: Role, area: str) -> Phone:
    name = f"{role.value}.{area}"
    server.account(name, role, area)
    return server.phone(name)


def test_the_routes_of_phones_and_of_the_office_are_all_checked() -> None:
    paths = {path for _, path, *_ in CALLS}
    assert {"/v1/sync", "/v1/push", "/v1/pull", "/v1/devices", "/v1/accounts"} <= paths
    assert len(GUARDED) >= 10
    assert len(OPEN) >= 5


def test_a_route_without_a_rule_fails() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/silent")
    def silent() -> None:
        """Says nothing about who may call it."""

    with pytest.raises(RouteWithoutRule, match="/silent"):
        route_rules(app)


def test_a_route_with_two_rules_fails() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/torn", dependencies=[public(Action.READ_HEALTH)])
    def torn(_: Annotated[Principal, allowed(Action.SYNC)]) -> None:
        """Cannot decide."""

    with pytest.raises(RouteWithoutRule, match="/torn"):
        route_rules(app)


def test_a_rule_hidden_in_another_dependency_does_not_count() -> None:
    def nested(principal: Annotated[Principal, allowed(Action.SYNC)]) -> Principal:
        return principal

    router = APIRouter()

    @router.get("/nested")
    def route(_: Annotated[Principal, Depends(nested)]) -> None:
        """Its rule cannot be read off the route."""

    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(router)
    with pytest.raises(RouteWithoutRule, match="/nested"):
        route_rules(app)


def test_the_files_of_a_mounted_application_have_no_rule() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.mount("/files", FastAPI(openapi_url=None))
    with pytest.raises(RouteWithoutRule, match="/files"):
        route_rules(app)


def test_only_what_the_table_calls_public_can_be_public() -> None:
    for action in set(Action) - PUBLIC_ACTIONS:
        with pytest.raises(ValueError, match="not public"):
            public(action)


@pytest.mark.parametrize(("method", "path", "action"), GUARDED)
def test_strangers_are_asked_who_they_are(
    staff: Staff, method: str, path: str, action: Action
) -> None:
    for token in (None, "Bearer x", f"Bearer lkd_{'A' * 43}", "Basic eDp5"):
        headers = {} if token is None else {"Authorization": token}
        answer = staff.server.anonymous().request(
            method, filled(path, UNKNOWN), headers=headers, json={}
        )
        assert answer.status_code == 401, action
        if method != "HEAD":
            assert problem_of(answer)["type"] == "unauthorised"


@pytest.mark.parametrize(("method", "path"), OPEN)
def test_public_routes_ask_nobody(staff: Staff, method: str, path: str) -> None:
    answer = staff.server.anonymous().request(method, filled(path, UNKNOWN), json={})
    assert answer.status_code not in {401, 403}
    assert answer.status_code < 500


@pytest.mark.parametrize(("method", "path", "action"), GUARDED)
def test_every_route_obeys_the_table_for_every_role(
    staff: Staff, method: str, path: str, action: Action
) -> None:
    for role, phone in staff.own.items():
        answer = phone.call(method, filled(path, UNKNOWN), {})
        assert answer.status_code < 500, (role, answer.text)
        if action in ROLE_ACTIONS[role]:
            # A device has no session to close; everything else is open to who may.
            assert answer.status_code not in {401, 403} or action is Action.LOG_OUT, answer.text
        else:
            assert problem_of(answer)["type"] == "not-permitted", role


@pytest.mark.parametrize(
    ("method", "path", "action"), [one for one in GUARDED if one[2] is not Action.LOG_OUT]
)
def test_a_session_is_held_to_the_same_table(
    browsers: dict[Role, Browser], method: str, path: str, action: Action
) -> None:
    for role, browser in browsers.items():
        answer = browser.call(method, filled(path, UNKNOWN), {})
        assert answer.status_code < 500, (role, answer.text)
        assert answer.status_code != 401, role
        if action not in ROLE_ACTIONS[role]:
            assert problem_of(answer)["type"] == "not-permitted", role


@pytest.mark.parametrize(("method", "path", "action"), GUARDED)
def test_a_session_changes_nothing_without_its_csrf_token(
    browsers: dict[Role, Browser], method: str, path: str, action: Action
) -> None:
    if method in {"GET", "HEAD"}:
        return
    for browser in browsers.values():
        answer = browser.client.request(method, filled(path, UNKNOWN), json={})
        assert problem_of(answer)["type"] == "csrf-missing", action


@pytest.mark.parametrize(("method", "path", "action"), GUARDED)
def test_a_revoked_device_can_only_hand_over_its_work(
    revoked: Phone, method: str, path: str, action: Action
) -> None:
    answer = revoked.call(method, filled(path, UNKNOWN), {})
    if action is Action.SYNC:
        assert answer.status_code not in {401, 403}
    else:
        assert problem_of(answer)["type"] == "device-revoked"


@pytest.fixture(scope="module")
def revoked(staff: Staff) -> Phone:
    """A phone of an account that may do everything, until it was disabled."""
    phone = _phone(staff.server, Role.ADMIN, "18")
    with staff.server.database.writing() as session:
        account = staff.server.accounts["admin.18"].id
        accounts.set_disabled(session, account, staff.server.clock.now())
    return phone


@pytest.mark.parametrize(("method", "path", "action"), [one for one in GUARDED if "{" in one[1]])
def test_what_lies_outside_the_area_looks_like_what_is_not_there(
    staff: Staff, method: str, path: str, action: Action
) -> None:
    absent = {"desa": "9999999999", "lane": "nobodyslane23456"}
    for role in (role for role in Role if action in ROLE_ACTIONS[role]):
        for phone in (staff.own[role], staff.arealess[role]):
            there = phone.call(method, filled(path, staff.real), {})
            missing = phone.call(method, filled(path, absent), {})
            assert (there.status_code, there.text) == (missing.status_code, missing.text), role


@pytest.mark.parametrize(("method", "path", "action"), GUARDED)
def test_who_has_no_area_gets_nothing_and_breaks_nothing(
    staff: Staff, method: str, path: str, action: Action
) -> None:
    for role in (role for role in Role if action in ROLE_ACTIONS[role]):
        answer = staff.arealess[role].call(method, filled(path, {"desa": DESA}), {})
        assert answer.status_code < 500, answer.text
        assert f"petugas.{DESA}" not in answer.text
