"""The description keeps its word: whatever it lets people send is answered as it says.

Schemathesis makes requests from the OpenAPI document, those that fit it and those that do not, for
people and phones that may ask. Nothing breaks, answers have the form that is described, and every
refusal is a problem with its members.
"""

import copy
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import hypothesis
import pytest
from httpx2 import Response
from schemathesis import Case, GenerationMode, openapi
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient

from api.description import describe
from api.errors import ERROR_CODES
from api.services.accounts import NewAccount, add_account, hashed
from sync.permission import Role
from tests.api.village import DESA, FAMILY, KECAMATAN, SOMEBODY, desk, two_disagree
from tests.api.world import World, area, serving

EXAMPLES = 6
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
PASSWORD = "empat kata acak sekali"
BUSY = 503
REACHED = {
    "GET /v1/accounts",
    "GET /v1/conflicts/{conflict}",
    "GET /v1/quarantine/{entry}",
    "GET /v1/records/{record}",
    "GET /v1/snapshots/{desa}",
    "POST /v1/digest",
    "POST /v1/pull",
    "POST /v1/push",
    "POST /v1/records",
    "POST /v1/sync",
}
"""Some of the doors behind which somebody has to have been."""
AnyCase: TypeAlias = Case[Any]
AnyOperation: TypeAlias = APIOperation[Any, Any, Any, Any]
LOGOUT = ("DELETE", "/v1/sessions")


@dataclass(frozen=True)
class Sender:
    """Somebody who asks, in a browser or with a token."""

    client: TestClient
    role: Role
    headers: Mapping[str, str]


class House:
    """A village in which there is something of everything, and people who may ask for it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.app = world.app
        ani, _ = two_disagree(world)
        ani.push([ani.edit(FAMILY, 1, atap2="seng")])
        officer = world.device("budiman", Role.OPERATOR_DESA, [area(DESA)])
        sari = desk(world)
        self.answered: defaultdict[str, set[int]] = defaultdict(set)
        """Operation → statuses that were met."""
        self.known = {
            "conflict": sari.conflicts()[0]["id"],
            "entry": sari.waiting()[0]["id"],
            "record": FAMILY,
            "desa": DESA,
            "lane": officer.lane,
            "account": ani.account,
            "device": ani.id,
        }
        self.named = self.known | {
            "protocol": 1,
            "schema": 1,
            "epoch": world.epoch,
            "scope_version": None,
            "ids": [FAMILY],
            "into": SOMEBODY,
        }
        """What bodies call it."""
        self.anybody = Sender(TestClient(self.app), Role.PETUGAS, {})
        self.senders = [
            self._phone(officer.token, Role.OPERATOR_DESA),
            self._phone(sari.device.token, Role.SUPERVISOR),
            self._browser(Role.ADMIN),
            self._browser(Role.SUPERVISOR),
        ]

    def _phone(self, token: str, role: Role) -> Sender:
        return Sender(TestClient(self.app), role, {"authorization": f"Bearer {token}"})

    def _browser(self, role: Role) -> Sender:
        """Somebody who has signed in."""
        act = self.world.act()
        new = NewAccount(
            f"kantor-{role}", role, (area(KECAMATAN),), password_hash=hashed(PASSWORD, act)
        )
        with self.world.database.writing() as session:
            add_account(session, new, act)
        client = TestClient(self.app)
        answer = client.post("/v1/sessions", json={"name": new.name, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        return Sender(client, role, {"x-csrf-token": answer.json()["csrf"]})

    def grounded(self, case: AnyCase) -> AnyCase:
        """The same request about what really is there."""
        if isinstance(case.body, dict):
            case.body |= {key: value for key, value in self.named.items() if key in case.body}
        return case

    def senders_of(self, operation: AnyOperation) -> list[Sender]:
        """Who may do it: one with a token and one in a browser, if there are."""
        roles = operation.definition.raw.get("x-lokus-roles")
        if roles is None:
            return [self.anybody]
        able = [one for one in self.senders if one.role in roles]
        return able[:1] + able[-1:] if len(able) > 1 else able


@pytest.fixture
def house(sqlite_url: str, tmp_path: Path) -> Iterator[House]:
    with serving(sqlite_url, tmp_path / "data") as world:
        yield House(world)


def send(case: AnyCase, sender: Sender) -> Response:
    """The request that Schemathesis has thought of, with the sender's papers."""
    told = case.as_transport_kwargs(base_url="http://testserver", headers=dict(sender.headers))
    body = {"json": told["json"]} if "json" in told else {"content": told.get("data")}
    return sender.client.request(
        told["method"],
        told["url"],
        params=told.get("params"),
        headers=dict(told["headers"]),
        **body,
    )


def assert_kept(case: AnyCase, answer: Response) -> None:
    """The answer is as described; all but pages for people refuse with a problem."""
    if answer.status_code == BUSY:
        return
    case.validate_response(answer, checks=CHECKS)
    if answer.status_code >= 400 and not answer.headers["content-type"].startswith("text/html"):
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        row = ERROR_CODES[problem["type"]]
        assert (problem["status"], problem["retry"]) == (answer.status_code, row.retry)
        assert problem["title"]
        assert problem["detail"]


def examine(house: House, operation: AnyOperation, sender: Sender, mode: GenerationMode) -> None:
    """Send some requests of one operation, to what is there and to what is not."""
    anywhere = operation.as_strategy(generation_mode=mode)
    there = {one.name: house.known.get(one.name) for one in operation.path_parameters}
    cases = anywhere
    if mode is GenerationMode.POSITIVE:
        known = there if all(there.values()) else None
        cases |= operation.as_strategy(path_parameters=known).map(house.grounded)

    @hypothesis.settings(
        max_examples=EXAMPLES,
        database=None,
        derandomize=True,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(cases)
    def examined(case: AnyCase) -> None:
        answer = send(case, sender)
        house.answered[operation.label].add(answer.status_code)
        assert_kept(case, answer)

    # Where any text will do there is nothing wrong that could be sent.
    with suppress(hypothesis.errors.Unsatisfiable):
        examined()


def test_whatever_the_description_allows_is_answered_as_it_says(house: House) -> None:
    schema = openapi.from_dict(without_security(describe(house.app)))
    operations = [one.ok() for one in schema.get_all_operations() if isinstance(one, Ok)]
    assert len(operations) == len(list(schema.get_all_operations()))
    # Who has signed out cannot ask for anything any more.
    operations.sort(key=lambda one: (one.method.upper(), one.path) == LOGOUT)
    for operation in operations:
        for sender in house.senders_of(operation):
            for mode in GenerationMode:
                if mode is GenerationMode.POSITIVE or takes_something(operation):
                    examine(house, operation, sender, mode)
    answered = house.answered
    strangers = {label for label, statuses in answered.items() if 401 in statuses}
    assert strangers <= {"POST /v1/sessions", "DELETE /v1/sessions"}
    assert {label for label in answered if answered[label] & {200, 201, 204}} >= REACHED


def without_security(description: Mapping[str, Any]) -> dict[str, Any]:
    """Senders show papers of their own, none that were made up."""
    plain = copy.deepcopy(dict(description))
    plain["components"].pop("securitySchemes")
    for operations in plain["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
    return plain


def takes_something(operation: AnyOperation) -> bool:
    """Without anything to send there is nothing that could be wrong with it."""
    raw = operation.definition.raw
    return "requestBody" in raw or bool(raw.get("parameters"))
