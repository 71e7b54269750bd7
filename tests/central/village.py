"""A village whose filled forms are read: the real server on a socket, readers, and phones."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import uvicorn

from api.services.accounts import NewAccount, add_account, hashed
from models.queries.accounts import Area
from sync.permission import Role
from tests.api.calling import Answer
from tests.api.office import DESA, RT
from tests.api.world import JSON, area
from tests.openrosa.field import Field, Key, the_field
from tests.openrosa.forms import Form, publish, visit_form

PASSWORD = "empat kata acak sekali"
VERSION = "2026110102"
FORM = "/central/v1/projects/1/forms/verifikasi"
TABLE = f"{FORM}.svc/Submissions"
PHOTO = b"\xff\xd8\xff\xe0 rumah"

_hashes: dict[str, str] = {}


def readable_form() -> Form:
    """The visit to a family as pyxform would write it: groups, a repeat, every type of answer."""
    binds = {
        "keluarga": "string", "nama_kepala_keluarga": "string", "lantai": "string", "luas": "int",
        "hari": "date", "mulai": "dateTime", "lokasi": "geopoint", "program": "string",
        "foto_rumah": "binary", "jarak": "decimal", "jalan": "geotrace", "pagar": "geoshape",
        "blok/catatan-lain": "string", "blok/kode": "int", "anggota/nama": "string",
        "anggota/umur": "int", "anggota/sakit/nama": "string", "meta/instanceID": "string",
    }  # fmt: skip
    listed = "".join(f'<bind nodeset="/data/{p}" type="{t}"/>' for p, t in binds.items())
    nodes = (
        "<keluarga/><nama_kepala_keluarga/><lantai/><luas/><hari/><mulai/><lokasi/><program/>"
        "<foto_rumah/><jarak/><jalan/><pagar/><blok><catatan-lain/><kode/></blok>"
        "<anggota><nama/><umur/><sakit><nama/></sakit></anggota><meta><instanceID/></meta>"
    )
    body = (
        '<group ref="/data/anggota"><repeat nodeset="/data/anggota">'
        '<input ref="/data/anggota/nama"/>'
        '<group ref="/data/anggota/sakit"><repeat nodeset="/data/anggota/sakit">'
        '<input ref="/data/anggota/sakit/nama"/></repeat></group></repeat></group>'
    )
    xml = (
        '<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">'
        "<h:head><h:title>Verifikasi</h:title><model><instance>"
        f'<data id="verifikasi" version="{VERSION}">{nodes}</data></instance>{listed}</model>'
        f"</h:head><h:body>{body}</h:body></h:html>"
    )
    form = visit_form().of_version(VERSION)
    return replace(form, xml=xml.encode())


@dataclass
class Reader:
    """A program that has signed in, asking in this process."""

    village: "Village"
    token: str

    def call(self, method: str, path: str, body: object = None, **options: object) -> Answer:
        headers = {"authorization": f"Bearer {self.token}"}
        raw = b""
        if body is not None:
            headers |= JSON
            raw = orjson.dumps(body)
        return self.village.field.world.call(method, path + _query(options), raw, headers)

    def get(self, path: str, **options: object) -> Any:  # noqa: ANN401 (JSON)
        answer = self.call("GET", path, **options)
        assert answer.status == 200, answer
        return orjson.loads(answer.body)

    def rows(self, **options: object) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(TABLE, **options)["value"]
        return found

    def ids(self, **options: object) -> list[str]:
        return [row["__id"] for row in self.rows(**options)]

    def code(self, path: str, **options: object) -> float:
        """The number of a refusal, which has to be complete."""
        return refusal_of(self.call("GET", path, **options))


@dataclass
class Village:
    """A field with a form whose answers can be read, and people who read them."""

    field: Field
    form: Form
    url: str

    @property
    def world(self) -> Any:  # noqa: ANN401 (the field's)
        return self.field.world

    def account(self, name: str, role: Role = Role.SUPERVISOR, *areas: Area) -> str:
        """Somebody with a password."""
        act = self.field.world.act()
        if PASSWORD not in _hashes:
            _hashes[PASSWORD] = hashed(PASSWORD, act)
        held = areas or (area(DESA),)
        new = NewAccount(name, role, held, password_hash=_hashes[PASSWORD])
        with self.field.world.database.writing() as session:
            return add_account(session, new, act).id

    def sign_in(self, name: str, password: str = PASSWORD) -> Answer:
        body = orjson.dumps({"email": name, "password": password})
        return self.field.world.call("POST", "/central/v1/sessions", body, JSON)

    def reader(self, name: str = "sari", role: Role = Role.SUPERVISOR, *areas: Area) -> Reader:
        self.account(name, role, *areas)
        answer = self.sign_in(name)
        assert answer.status == 200, answer
        return Reader(self, answer.json()["token"])

    def visit(
        self,
        answers: Mapping[str, str] | None = None,
        *,
        key: Key | None = None,
        files: Mapping[str, bytes] | None = None,
        **more: Any,  # noqa: ANN401 (what `instance` takes)
    ) -> str:
        """A visit that a phone sends, a minute after what came before; the id of its instance."""
        name: str = more.pop("instance_id", None) or self.field.instance_id()
        self.field.world.clock.advance(timedelta(minutes=1))
        base = self.field.key.version() if "base" not in more else more.pop("base")
        xml = self.field.visited(answers or {}, instance_id=name, form=self.form, base=base, **more)
        answer = (key or self.field.key).post(xml, files)
        assert answer.status in {201, 202}, answer
        return name


def refusal_of(answer: Answer) -> float:
    """The number of a refusal in Central's form."""
    assert answer.headers["content-type"] == "application/json", answer
    body = answer.json()
    assert set(body) == {"message", "code", "details"}
    assert int(body["code"]) == answer.status
    return float(body["code"])


def _query(options: Mapping[str, object]) -> str:
    told = {name.replace("_", "$", 1): str(value) for name, value in options.items()}
    return "?" + urlencode(told, quote_via=quote) if told else ""


@contextmanager
def the_village(url: str, folder: Path, **settings: object) -> Iterator[Village]:
    """A village in this process, closed at the end."""
    with the_field(url, folder, **settings) as field:
        form = readable_form()
        field.world.clock.advance(timedelta(minutes=1))
        publish(field.world.database, form, field.world.clock.now())
        yield Village(field, form, field.world.settings.public_url)


@contextmanager
def served(url: str, folder: Path) -> Iterator[Village]:
    """The same behind a socket of this machine."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
        port = listening.getsockname()[1]
        with the_village(url, folder, public_url=f"http://127.0.0.1:{port}") as village:
            config = uvicorn.Config(
                village.field.world.app, log_config=None, access_log=False, ws="none"
            )
            server = uvicorn.Server(config)
            thread = Thread(target=server.run, kwargs={"sockets": [listening]})
            thread.start()
            try:
                yield village
            finally:
                server.should_exit = True
                thread.join()


__all__ = ["DESA", "PHOTO", "RT", "Reader", "Village", "refusal_of", "served", "the_village"]
