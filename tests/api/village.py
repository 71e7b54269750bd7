"""A village with collectors who disagree and reviewers who decide, through the real doors."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from api.services.verifying import Report, verify
from sync.permission import Role
from tests.api.calling import Answer
from tests.api.world import (
    DESA,
    FAMILY,
    JSON,
    MEMBER,
    OTHER_DESA,
    OTHER_RT,
    RT,
    Device,
    World,
    answered,
    area,
    record_id,
)

KECAMATAN = "180221"
FIRST_NIK, SECOND_NIK, THIRD_NIK = "1802210101900001", "1802210101900002", "1802210101900003"
REASON = "kartu keluarga diperlihatkan"
SOMEBODY = record_id(0xFFFF)


@dataclass
class Desk:
    """Somebody in the office, calling with a token."""

    device: Device

    @property
    def account(self) -> str:
        return self.device.account

    def get(self, target: str) -> Answer:
        return self.device.get(target)

    def read(self, target: str) -> dict[str, Any]:
        return answered(self.get(target))

    def post(self, target: str, body: object, **headers: str) -> Answer:
        sent = json.dumps(body).encode()
        return self.device.world.call("POST", target, sent, self.device.headers(**headers) | JSON)

    # Conflicts ----------------------------------------------------------------------------

    def conflicts(self, **query: str) -> list[dict[str, Any]]:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        found: list[dict[str, Any]] = self.read(f"/v1/conflicts?{asked}")["conflicts"]
        return found

    def only_conflict(self) -> dict[str, Any]:
        """The one open conflict, in full."""
        (line,) = self.conflicts()
        return self.read(f"/v1/conflicts/{line['id']}")

    def resolve(self, page: dict[str, Any], choice: str, **rest: object) -> Answer:
        body = {"choice": choice, "reason": REASON, **rest}
        summary = page["summary"]
        path = f"/v1/conflicts/{summary['id']}/resolution"
        return self.post(path, body, if_match=f'"{summary["version"]}"')

    def undo(self, conflict: str) -> Answer:
        return self.post(f"/v1/conflicts/{conflict}/undo", {"reason": REASON})

    # Quarantine ---------------------------------------------------------------------------

    def waiting(self, state: str = "waiting") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.read(f"/v1/quarantine?state={state}")["entries"]
        return found

    def release(self, entry: str) -> Answer:
        return self.post(f"/v1/quarantine/{entry}/release", {})

    # Records ------------------------------------------------------------------------------

    def merge(self, record: str, into: str) -> Answer:
        return self.post(f"/v1/records/{record}/merge", {"into": into, "reason": REASON})

    def separate(self, record: str) -> Answer:
        return self.post(f"/v1/records/{record}/separate", {"reason": REASON})

    def fields(self, record: str) -> dict[str, Any]:
        held: dict[str, Any] = self.read(f"/v1/records/{record}")["fields"]
        return held


def desk(
    world: World,
    name: str = "sari",
    role: Role = Role.SUPERVISOR,
    *,
    code: str = KECAMATAN,
    rts: tuple[str, ...] = (),
) -> Desk:
    """A new account of the office."""
    return Desk(world.device(name, role, [area(code, *rts)]))


def two_disagree(world: World, **second: object) -> tuple[Device, Device]:
    """Ani and Budi give one family different heads, neither knowing of the other."""
    ani, budi = world.device("ani"), world.device("budi")
    ani.push([ani.create(FAMILY)])
    ani.push([ani.edit(FAMILY, 1, nama_kepala_keluarga="Satu")])
    told = budi.push([budi.edit(FAMILY, 1, **(second or {"nama_kepala_keluarga": "Dua"}))])
    assert second or told["results"][0]["outcome"] == "conflict"
    return ani, budi


def a_person(device: Device, record: str, family: str, nik: str, **rest: object) -> dict[str, Any]:
    """A member with a NIK, born on a day, of a sex."""
    told = {"nik": nik, "tanggal_lahir": "1990-01-01", "jenis_kelamin": "laki_laki"} | rest
    return device.add_member(record, family, **told)


def doubled(world: World) -> Device:
    """The same NIK in two families: both are flagged."""
    ani = world.device("ani")
    other = record_id(3)
    ani.push([ani.create(FAMILY), ani.create(other)])
    ani.push([a_person(ani, MEMBER, FAMILY, FIRST_NIK)])
    told = ani.push([a_person(ani, record_id(4), other, FIRST_NIK, nama="Contoh Lain")])
    assert told["results"] == []
    return ani


def promote(world: World, account: str) -> None:
    """The account becomes a supervisor of where it is."""
    with world.database.writing() as session:
        session.connection().execute(
            text("UPDATE account SET role = :role WHERE id = :id"),
            {"role": Role.SUPERVISOR.value, "id": account},
        )


def proven(world: World) -> Report:
    """What `lokus verify` finds."""
    return verify(world.database, world.settings.secret)


def assert_sound(world: World) -> None:
    """Whatever was done leaves a register that proves itself."""
    report = proven(world)
    assert report.is_sound, report.damage


def audited(world: World, action: str) -> list[dict[str, Any]]:
    """Details of what was written down about an action, the oldest first."""
    rows = world.ask(f"SELECT detail FROM audit WHERE action = '{action}' ORDER BY chain, n")
    return [json.loads(row[0]) for row in rows]


@contextmanager
def unguarded(world: World) -> Iterator[None]:
    """Let a record be changed behind the feed's back, as somebody at a console could."""
    with world.database.writing() as session:
        connection = session.connection()
        if connection.dialect.name == "sqlite":
            connection.execute(text("DROP TRIGGER record_feed_guard_INSERT"))
            connection.execute(text("DROP TRIGGER record_feed_guard_UPDATE"))
        else:
            connection.execute(text("DROP TRIGGER record_feed_guard ON record"))
    yield


def tamper(world: World, statement: str, **values: object) -> None:
    """Change rows as no part of the server would."""
    with world.database.writing() as session:
        changed = session.connection().execute(text(statement), values)
        assert changed.rowcount, statement


__all__ = [
    "DESA", "FAMILY", "FIRST_NIK", "KECAMATAN", "MEMBER", "OTHER_DESA", "OTHER_RT", "REASON", "RT",
    "SECOND_NIK", "SOMEBODY", "THIRD_NIK", "Desk", "a_person", "assert_sound", "audited", "desk",
    "doubled", "promote", "proven", "record_id", "tamper", "two_disagree", "unguarded",
]  # fmt: skip
