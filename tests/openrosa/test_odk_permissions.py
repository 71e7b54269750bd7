"""The door's own table: every route of it × every role, with an own, a foreign and no key."""

import pytest
from fastapi import FastAPI

from api.app import routers
from api.dependencies import RouteRule, route_rules
from api.openrosa.addresses import BY_KEY, BY_NAME
from api.settings import Settings
from sync.permission import ROLE_ACTIONS, Action, Role
from tests.api.office import DESA, OTHER_DESA
from tests.api.world import area
from tests.openrosa.collect import multipart
from tests.openrosa.field import FAMILY, Field, Key

UNKNOWN = "lko_" + "A" * 43


def _rules() -> list[RouteRule]:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    for router in routers(Settings()):
        app.include_router(router)
    # Programs have a door of their own, with a table in tests/central.
    ours = (BY_KEY, BY_NAME)
    return [rule for rule in route_rules(app) if rule.own_door and rule.path.startswith(ours)]


CALLS = sorted((method, rule.path, rule.action) for rule in _rules() for method in rule.methods)


def _ask(field: Field, key: Key, method: str, path: str, token: str | None = None) -> int:
    shown = token or key.credentials.token
    known = {"token": shown, "project": "1", "form_id": "verifikasi", "name": "keluarga"}
    body, kind = multipart(b"<data id='x'><meta><instanceID>uuid:1</instanceID></meta></data>", {})
    sent = (body, {"content-type": kind}) if method == "POST" else (b"", {})
    return field.world.call(method, path.format(**known), *sent).status


def test_the_door_has_its_routes_twice_by_key_and_by_name() -> None:
    paths = {path for _, path, _ in CALLS}
    assert len(paths) == 14
    assert all(path.startswith(("/v1/key/{token}/", "/v1/odk/")) for path in paths)
    assert {action for *_, action in CALLS} == {Action.PULL, Action.SYNC}


@pytest.mark.parametrize(("method", "path", "action"), CALLS)
def test_every_route_obeys_the_table_for_every_role(
    sqlite_field: Field, method: str, path: str, action: Action
) -> None:
    field = sqlite_field
    if "{token}" not in path:
        assert _ask(field, field.key, method, path) == 401
        return
    for role in Role:
        key = field.phone(f"peran.{role.value}", role, [area(DESA)])
        status = _ask(field, key, method, path)
        if action in ROLE_ACTIONS[role]:
            assert status in {200, 201, 202, 204, 404}, role
        else:
            assert status == 403, role
    assert _ask(field, field.key, method, path, UNKNOWN) == 403


def test_another_village_shows_nothing_of_this_one(field: Field) -> None:
    stranger = field.phone("dudi", areas=[area(OTHER_DESA)])
    for name in ("keluarga", "anggota"):
        assert stranger.entity_list(name) == {}
    answer = stranger.get(f"/datasets/keluarga/integrity?id={FAMILY}")
    assert b"<deleted>false</deleted>" in answer.body
    assert field.key.get("/formList").body != b""
