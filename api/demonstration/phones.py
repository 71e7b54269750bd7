"""Simulated phones: what a collector's phone does, through the services that real phones reach.

A phone enrols with a code, pulls its area, keeps what it saw, captures operations with its own
clocks and sends them later. Only the wire is missing: requests are handed over as values.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Final

import orjson

from api.clock import SettableClock
from api.metrics import Metrics
from api.openrosa.crowds import COUNTERS, Crowds, Hall
from api.randomness import SYSTEM_RANDOMNESS, Randomness, new_id
from api.schemas.syncing import PullRequest, SyncRequest
from api.security import Principal, TokenRotation, device_principal
from api.services.acts import act_of_operator
from api.services.claiming import note_claims
from api.services.enrolling import Enrolled, EnrolmentRequest, enrolling_of
from api.services.readiness import Readiness
from api.services.submitting_ahead import AHEAD_MAX
from api.services.submitting_together import TOGETHER_MAX
from api.services.syncing import PROTOCOL, Synced, pull_only, push_and_pull
from api.settings import Settings
from api.shell import Shell
from api.throttling import GuessLimit, StrangerDelays
from models.database import Database
from models.queries.accounts import account_by_name
from models.queries.auditing import append
from sync.batch import read_batch
from sync.clock import Anchor, BatchClock
from sync.policy import SCHEMA_VERSION
from sync.pull import Cursor
from sync.types import ANGGOTA, KELUARGA, Json

_IDENTIFIER_BYTES: Final = 10
"""Ids and lane names take ten random bytes; tokens, codes and salts take another number."""


def seeded_identifiers(random: Random) -> Randomness:
    """Ids and lanes from the seed, so that two days are alike; secrets from the system."""

    def draw(size: int, /) -> bytes:
        return random.randbytes(size) if size == _IDENTIFIER_BYTES else SYSTEM_RANDOMNESS(size)

    return draw


def shell_at(settings: Settings, database: Database, begin: datetime, random: Random) -> Shell:
    """A server's shell whose clock stands where the day has got to."""
    return Shell(
        settings=settings,
        database=database,
        clock=SettableClock(begin),
        randomness=seeded_identifiers(random),
        rotation=TokenRotation(settings.secret),
        guesses=GuessLimit(),
        strangers=StrangerDelays(),
        metrics=Metrics(),
        readiness=Readiness(settings, database),
        crowds=Crowds(TOGETHER_MAX),
        hall=Hall(COUNTERS, AHEAD_MAX),
    )


def set_time(shell: Shell, moment: datetime) -> None:
    """Move the day's clock, which never runs backwards."""
    assert isinstance(shell.clock, SettableClock), "made by shell_at"
    assert moment >= shell.now(), "the phones' syncs are played in order"
    shell.clock.set(moment)


@dataclass(frozen=True, slots=True)
class Row:
    """A record as the phone last saw it."""

    entity: str
    id: str
    seq: int
    parent: str | None
    doc: Mapping[str, Json]
    ended: bool
    under_review: bool


@dataclass(slots=True)
class Boot:
    """One run of the phone: from when, and by how much its wall clock is wrong."""

    name: str
    since: datetime
    wall_error: timedelta = timedelta()

    def mono(self, moment: datetime) -> int:
        return int((moment - self.since) / timedelta(milliseconds=1))

    def anchor(self, moment: datetime) -> Anchor:
        return Anchor(moment + self.wall_error, self.mono(moment))


@dataclass(slots=True)
class FieldPhone:
    """One phone in one village. `enrol` comes first; captures may be made between two syncs."""

    shell: Shell
    account: str
    desa: str
    random: Random
    boots: list[Boot] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    outbox: list[dict[str, Json]] = field(default_factory=list)
    receipt: str | None = None
    results: list[dict[str, Json]] = field(default_factory=list)
    _token: str = ""
    _lane: str = ""
    _last: int = 0
    _cursor: Cursor = field(default_factory=lambda: Cursor(0, 0))
    _anchors: dict[str, Anchor] = field(default_factory=dict)

    def enrol(self, moment: datetime, model: str) -> None:
        """Issue a code for the account, redeem it, and pull the area for the first time."""
        shell = self.shell
        set_time(shell, moment)
        enrolling = enrolling_of(shell.settings, shell.randomness)
        with shell.database.writing() as session:
            account = account_by_name(session, self.account)
            assert account is not None, "an account of the demonstration"
            act = act_of_operator(moment, shell.randomness)
            code = enrolling.issue_code(session, account.id, act).code
            request = EnrolmentRequest(code, f"HP {account.display_name}", model)
            enrolled = enrolling.enrol(session, request, moment)
            assert isinstance(enrolled, Enrolled), "the code was issued a moment ago"
        self._token = enrolled.token
        self._lane = next(str(one["lane"]) for one in enrolled.lanes if one["desa"] == self.desa)
        self.restart(moment - timedelta(hours=1))
        self.sync(moment)

    def restart(self, moment: datetime, wall_error: timedelta = timedelta()) -> None:
        """The phone is switched on again, with its clock off by `wall_error`."""
        self.boots.append(Boot(f"b{len(self.boots) + 1}", moment, wall_error))

    def families(self) -> list[Row]:
        """Open families of which nobody asks anything, by id."""
        return self._sound(row for row in self.rows.values() if row.entity == KELUARGA)

    def members(self, family: Row) -> list[Row]:
        """People of a family who are neither gone nor in question, by id."""
        return self._sound(
            row for row in self.rows.values() if row.parent == family.id and row.entity == ANGGOTA
        )

    def capture(
        self,
        moment: datetime,
        kind: str,
        entity: str,
        record: str | None = None,
        **keys: Json,
    ) -> str:
        """Note one operation in the outbox; the id of its record."""
        boot = next(boot for boot in reversed(self.boots) if boot.since <= moment)
        self._anchors.setdefault(boot.name, boot.anchor(moment))
        record = record or new_id(moment, self.random.randbytes)
        self._last += 1
        seen = self.rows.get(record)
        operation: dict[str, Json] = {
            "seq": self._last,
            "kind": kind,
            "entity": entity,
            "id": record,
            "base": seen.seq if seen is not None else 0,
            "observed": self._today(boot, moment),
            "mono": boot.mono(moment),
            "boot": boot.name,
        }
        self.outbox.append(operation | keys)
        return record

    def sync(self, moment: datetime) -> None:
        """Send what the outbox holds, and pull to the end."""
        set_time(self.shell, moment)
        if self.outbox:
            self._take(self._push(self._request(moment)))
            self.outbox.clear()
        while self._take(self._pull(self._request(moment))):
            pass

    def _today(self, boot: Boot, moment: datetime) -> str:
        """The local day, as the phone's own clock has it."""
        wall = moment + boot.wall_error
        return wall.astimezone(self.shell.settings.zone).date().isoformat()

    def _sound(self, rows: Iterable[Row]) -> list[Row]:
        return sorted(
            (row for row in rows if not (row.ended or row.under_review)), key=lambda row: row.id
        )

    def _request(self, moment: datetime) -> SyncRequest:
        boot = self.boots[-1]
        anchors = {**self._anchors, boot.name: boot.anchor(moment)}
        return SyncRequest(
            protocol=PROTOCOL,
            schema=SCHEMA_VERSION,
            epoch=None,
            lane=self._lane,
            desa=self.desa,
            scope_version=None,
            clock=BatchClock(boot.name, boot.mono(moment), anchors),
            operations=tuple(self.outbox),
            pull=PullRequest(self._cursor),
        )

    def _principal(self) -> Principal:
        with self.shell.database.reading() as session:
            principal = device_principal(session, self._token)
        assert principal is not None, "the phone is enrolled"
        return principal

    def _push(self, request: SyncRequest) -> Synced:
        shell, principal = self.shell, self._principal()
        batch = read_batch(request.operations)
        with shell.database.writing() as session:
            synced = push_and_pull(session, shell, principal, request, batch)
        if synced.niks:
            with shell.database.writing() as session:
                note_claims(session, synced.niks)
        return synced

    def _pull(self, request: SyncRequest) -> Synced:
        shell, principal = self.shell, self._principal()
        with shell.database.reading() as session:
            synced = pull_only(session, shell, principal, request)
        if synced.audit is not None:
            with shell.database.writing() as session:
                append(session, self.desa, synced.audit)
        return synced

    def _take(self, synced: Synced) -> bool:
        """Keep what an answer tells; is there more to pull?"""
        answer = orjson.loads(orjson.dumps(synced.answer))
        self.receipt = answer.get("receipt", self.receipt)
        self.results += answer.get("results", [])
        for told in answer["changes"]:
            self._see(told)
        at, more = int(answer["cursor"]["at"]), bool(answer["cursor"]["more"])
        self._cursor = Cursor(self._cursor.since if more else at, at)
        return more

    def _see(self, told: Mapping[str, Json]) -> None:
        record, seen = str(told["id"]), self.rows.get(str(told["id"]))
        if told.get("leave") or told.get("alias"):
            self.rows.pop(record, None)
            return
        doc = told.get("doc")
        if not isinstance(doc, dict):
            changes = told["set"]
            assert isinstance(changes, dict), "a row is told whole or by its changes"
            stated = {**(seen.doc if seen is not None else {}), **changes}
            doc = {name: value for name, value in stated.items() if value is not None}
        parent = told.get("parent", seen.parent if seen is not None else None)
        seq = told["seq"]
        assert isinstance(seq, int), "every row has its number"
        self.rows[record] = Row(
            entity=str(told["entity"]),
            id=record,
            seq=seq,
            parent=parent if isinstance(parent, str) else None,
            doc=doc,
            ended="end" in told,
            under_review="review" in told,
        )
