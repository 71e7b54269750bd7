"""The field: a served village, its families, and phones with Collect that belong to collectors."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from api.openrosa.addresses import BY_NAME, server_url
from api.services.odk_keys import Credentials, issue_key
from models.queries.accounts import Area
from sync.permission import Role
from tests.api.calling import Answer, Request
from tests.api.device import FAMILY, MEMBER, Device, record_id
from tests.api.office import DESA, RT
from tests.api.world import World, area, serving
from tests.openrosa.collect import COLLECT, Collect, Profile, multipart
from tests.openrosa.forms import (
    BEGUN,
    Entity,
    Form,
    instance,
    measuring_form,
    new_family_form,
    publish,
    visit_form,
)

DESA_AREA = (area(DESA),)
BRANCH = "b1a9c0de-0000-4000-8000-000000000001"
NIK = "1802215203910001"
TODAY = "2026-11-03"


@dataclass
class Key:
    """A phone's key, and the bare requests that can be made with it."""

    world: World
    credentials: Credentials

    @property
    def url(self) -> str:
        return server_url(self.world.settings.public_url, self.credentials.token)

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    def get(self, target: str, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.world.call("GET", self.path + target, b"", named)

    def post(
        self, xml: bytes, files: Mapping[str, bytes] | None = None, *, is_last: bool = True
    ) -> Answer:
        sent = self.sending(xml, files, is_last=is_last)
        # No two requests come in one moment.
        self.world.clock.advance(timedelta(seconds=1))
        return self.world.call(sent.method, sent.target, sent.body, sent.headers)

    def sending(
        self, xml: bytes, files: Mapping[str, bytes] | None = None, *, is_last: bool = True
    ) -> Request:
        """A form on its way."""
        body, kind = multipart(xml, files or {}, is_last=is_last)
        size = str(len(body))
        headers = {"content-type": kind, "user-agent": COLLECT.agent, "content-length": size}
        return Request("POST", self.path + "/submission", body, headers)

    def entity_list(self, name: str) -> dict[str, dict[str, str]]:
        answer = self.get(f"/datasets/{name}.csv")
        assert answer.status == 200, answer
        rows = csv.DictReader(io.StringIO(answer.body.decode()))
        return {row["name"]: row for row in rows}

    def version(self, record: str = FAMILY) -> int:
        return int(self.entity_list("keluarga")[record]["__version"])


@dataclass
class Field:
    """A village with a family on its list, one collector, and that collector's phone."""

    world: World
    key: Key
    budi: Device
    """A phone with the app of our own, for what others do meanwhile."""
    visit: Form
    new_family: Form
    measuring: Form
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def phone_of(self, account: str) -> Key:
        """Another phone of an account."""
        with self.world.database.writing() as session:
            act, secret = self.world.act(), self.world.settings.secret
            return Key(self.world, issue_key(session, account, act, secret, "ODK Collect"))

    def phone(
        self, name: str, role: Role = Role.PETUGAS, areas: Sequence[Area] | None = None
    ) -> Key:
        return self.phone_of(self.world.account(name, role, areas))

    def collect(self, key: Key | None = None, profile: Profile = COLLECT) -> Collect:
        """The application on a phone that scanned its code."""
        return Collect(self.world.call, (key or self.key).url, profile)

    def typed_collect(self, key: Key | None = None) -> Collect:
        """The application on a phone whose address, name and password were typed."""
        told = (key or self.key).credentials
        base = self.world.settings.public_url + BY_NAME
        return Collect(
            self.world.call, base, COLLECT, username=told.username, password=told.password
        )

    def at_once(self, *sent: Request) -> list[Answer]:
        """Forms of several phones that come in one moment."""
        self.world.clock.advance(timedelta(seconds=1))
        return self.world.caller.at_once(sent)

    def instance_id(self) -> str:
        return f"uuid:0d0a0000-0000-4000-8000-{next(self._numbers):012x}"

    def visited(
        self,
        answers: Mapping[str, str],
        *,
        base: int | None = None,
        trunk: int | None = None,
        branch: str = BRANCH,
        record: str = FAMILY,
        **more: Any,  # noqa: ANN401 (what `instance` takes)
    ) -> bytes:
        """A visit to a family of the list; the phone was shown `trunk`, or `base` alone."""
        shown = trunk if trunk is not None else base
        entity = Entity(record, update=True, base=base, trunk=shown, branch=branch)
        told = {"mulai": BEGUN, "keluarga": record, "hari": TODAY, **answers}
        name = more.pop("instance_id", None) or self.instance_id()
        form = more.pop("form", self.visit)
        return instance(form, name, told, entity=entity, **more)

    def proposed(self, record: str, answers: Mapping[str, str], **more: Any) -> bytes:  # noqa: ANN401 (what `instance` takes)
        """A new family."""
        rt, rw = RT.split("/")
        told = {"rt": rt, "rw": rw, "mulai": BEGUN, "hari": TODAY, **answers}
        name = more.pop("instance_id", None) or self.instance_id()
        return instance(self.new_family, name, told, entity=Entity(record, create=True), **more)

    def measured(self, child: str, weight: str, **more: Any) -> bytes:  # noqa: ANN401 (what `instance` takes)
        """A child that a midwife has weighed."""
        told = {"anak": child, "tanggal": TODAY, "berat": weight, "tinggi": "74.5"}
        told |= {"cara": "terlentang", "hari": TODAY}
        name = more.pop("instance_id", None) or self.instance_id()
        return instance(self.measuring, name, told, **more)

    # What the register says -------------------------------------------------------------------

    def document(self, record: str = FAMILY) -> dict[str, Any]:
        ((text,),) = self.world.ask(f"SELECT doc FROM record WHERE id = '{record}'")
        told: dict[str, Any] = orjson.loads(text)
        return told

    def documents(self, entity: str) -> list[dict[str, Any]]:
        rows = self.world.ask(f"SELECT doc FROM record WHERE entity = '{entity}' ORDER BY seq")
        return [orjson.loads(text) for (text,) in rows]

    def states(self) -> list[str]:
        rows = self.world.ask("SELECT state FROM submission ORDER BY received_at, id")
        return [state for (state,) in rows]


def child_of(opened: Field) -> str:
    """A child under five in the family on the list."""
    child = record_id(77)
    born = {"nama": "DEWI", "tanggal_lahir": "2025-02-01", "nik": "1802216102250001"}
    opened.budi.sync([opened.budi.add_member(child, FAMILY, **born)])
    return child


@contextmanager
def the_field(url: str, folder: Path, **settings: object) -> Iterator[Field]:
    """A field, closed at the end."""
    with serving(url, folder, **settings) as world:
        forms = (visit_form(), new_family_form(), measuring_form())
        for form in forms:
            publish(world.database, form, world.clock.now())
        ani = world.account("ani")
        budi = world.device("budi")
        budi.sync(
            [
                budi.create(
                    FAMILY,
                    nama_kepala_keluarga="SUPARMAN",
                    jenis_lantai_terluas="tanah",
                    luas_lantai=24,
                ),
                budi.add_member(MEMBER, FAMILY, nama="SUPARMAN", nik=NIK),
            ]
        )
        opened = Field(world, _nobody(world), budi, *forms)
        opened.key = opened.phone_of(ani)
        yield opened


def _nobody(world: World) -> Key:
    return Key(world, Credentials("", "", "", "", "", ""))


__all__ = ["FAMILY", "MEMBER", "NIK", "RT", "Field", "Key", "record_id", "the_field"]
