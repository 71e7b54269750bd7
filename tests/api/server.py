"""A whole server in one process: people, areas, a clock that stands still, seeded chance."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from fastapi import FastAPI
from httpx2 import Response
from starlette.testclient import TestClient

from api.app import create_app
from api.clock import SettableClock
from api.randomness import Randomness
from api.services.accounts import NewAccount, add_account, hashed
from api.services.acts import Act, act_of_operator
from api.services.enrolling import enrolling_of
from api.services.epochs import begin_epoch
from api.settings import Settings
from models.database import Database
from models.queries.accounts import Area
from models.queries.areas import load_areas
from models.tables.accounts import Account
from sync.permission import Role

BEGIN = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
PASSWORD = "empat kata acak sekali"

KABUPATEN = "1802"
KECAMATAN = "180217"
DESA = "1802172001"
NEIGHBOUR = "1802172002"
ELSEWHERE = "1804052001"
RT = "003/001"
_AREAS = ("18", KABUPATEN, KECAMATAN, DESA, NEIGHBOUR, "1804", "180405", ELSEWHERE)

# argon2 is slow on purpose; all people of all tests share one password and so one hash.
_hashes: dict[str, str] = {}


@dataclass
class Browser:
    """Somebody signed in."""

    client: TestClient
    csrf: str

    def call(self, method: str, path: str, json: object = None) -> Response:
        headers = {"X-CSRF-Token": self.csrf}
        return self.client.request(method, path, headers=headers, json=json)


@dataclass
class Phone:
    """An enrolled device."""

    server: "Server"
    id: str
    token: str

    def call(self, method: str, path: str, json: object = None) -> Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.server.anonymous().request(method, path, headers=headers, json=json)


@dataclass
class Server:
    """The application and direct access to what it stands on."""

    app: FastAPI
    database: Database
    clock: SettableClock
    settings: Settings
    randomness: Randomness
    accounts: dict[str, Account] = field(default_factory=dict)

    def anonymous(self) -> TestClient:
        """A client that nobody has signed in with."""
        return TestClient(self.app, raise_server_exceptions=True)

    def act(self) -> Act:
        return act_of_operator(self.clock.now(), self.randomness)

    def account(
        self,
        name: str,
        role: Role = Role.PETUGAS,
        area: str = DESA,
        rts: frozenset[str] | None = None,
    ) -> Account:
        """An account with everybody's password."""
        act = self.act()
        if PASSWORD not in _hashes:
            _hashes[PASSWORD] = hashed(PASSWORD, act)
        new = NewAccount(name, role, (Area(area, rts),), password_hash=_hashes[PASSWORD])
        with self.database.writing() as session:
            self.accounts[name] = add_account(session, new, act)
        return self.accounts[name]

    def code(self, name: str) -> str:
        """A fresh enrolment code for an account."""
        enrolling = enrolling_of(self.settings, self.randomness)
        with self.database.writing() as session:
            return enrolling.issue_code(session, self.accounts[name].id, self.act()).code

    def enrol(self, code: str, key: str | None = None, name: str = "HP Budi") -> Response:
        body = {"code": code, "name": name, "platform": "android"}
        if key is not None:
            body["key"] = key
        return self.anonymous().post("/v1/devices", json=body)

    def phone(self, name: str) -> Phone:
        """A phone of an account, enrolled through the door."""
        answer = self.enrol(self.code(name))
        assert answer.status_code == 201, answer.text
        return Phone(self, answer.json()["device"], answer.json()["token"])

    def sign_in(self, name: str, password: str = PASSWORD) -> Response:
        return self.anonymous().post("/v1/sessions", json={"name": name, "password": password})

    def browser(self, name: str) -> Browser:
        """A browser in which an account is signed in."""
        client = self.anonymous()
        answer = client.post("/v1/sessions", json={"name": name, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        return Browser(client, answer.json()["csrf"])


def a_server(
    database: Database, data_dir: Path, url: str, public_url: str = "http://127.0.0.1:8000"
) -> Server:
    """A server over a migrated database, with eight areas and nobody in them."""
    settings = Settings(data_dir=data_dir, database_url=url, public_url=public_url)
    clock = SettableClock(BEGIN)
    randomness = Random(1).randbytes
    with database.writing() as session:
        begin_epoch(session, randomness)
        load_areas(session, [_area(code) for code in _AREAS])
    app = create_app(settings, database=database, clock=clock, randomness=randomness)
    return Server(app, database, clock, settings, randomness)


def problem_of(answer: Response) -> Mapping[str, Any]:
    """The problem of a refusal, after checking that it is a complete one."""
    assert answer.headers["content-type"] == "application/problem+json"
    problem: Mapping[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "retry"} <= problem.keys()
    assert problem["status"] == answer.status_code
    return problem


def _area(code: str) -> dict[str, str | None]:
    return {
        "kode": code,
        "nama": f"Wilayah {code}",
        "tingkat": "desa",
        "induk": None,
        "kode_bps": None,
        "nama_lain": None,
    }
