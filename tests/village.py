"""A village in memory: phones push into it, plans are applied, and every push is examined.

Whatever a test is about, each push also shows that the decision is pure, that it needs no more than
`sync.batch.needs` says, that a workspace kept since the village began decides the same, that a
retry changes nothing, and that the village is consistent after it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sync.batch import Incoming, needs, read_batch
from sync.clock import BatchClock, Reception
from sync.permission import Role
from sync.push import Author, Forked, Hole, Plan, PushView, Settled, Stored, plan_push
from sync.scope import Grant, Scope, VillageScope
from sync.types import (
    PARENT,
    Conflict,
    ConflictKind,
    Json,
    Lane,
    Outcome,
    Record,
)
from sync.workspace import Workspace, natural_key
from tests.builders import DESA, Raw

BEGIN = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
"""Ten in the morning in the kabupaten's zone."""
ZONE = ZoneInfo("Asia/Jakarta")
CAMPAIGN = datetime(2026, 1, 1, tzinfo=UTC)
EVERYWHERE = VillageScope(DESA, None)


class Refused(AssertionError):
    """The push was rolled back: `Forked` or `Hole`."""

    def __init__(self, why: Forked | Hole) -> None:
        super().__init__(repr(why))
        self.why = why


@dataclass(frozen=True)
class Answer:
    """What a push was answered."""

    plan: Plan

    @property
    def entries(self) -> list[Mapping[str, Json]]:
        return [entry for _, entry in self.plan.results]

    @property
    def entry(self) -> Mapping[str, Json]:
        (entry,) = self.entries
        return entry

    @property
    def outcome(self) -> Json:
        return self.entry["outcome"]

    @property
    def outcomes(self) -> list[Json]:
        return [entry["outcome"] for entry in self.entries]

    @property
    def problem(self) -> Json:
        return self.entry.get("problem")


@dataclass
class Village:
    """Records, conflicts, lanes and the log of one village."""

    now: datetime = BEGIN
    head: int = 0
    records: dict[str, Record] = field(default_factory=dict)
    conflicts: dict[str, Conflict] = field(default_factory=dict)
    lanes: dict[str, Lane] = field(default_factory=dict)
    log: dict[tuple[str, int], Settled] = field(default_factory=dict)
    lineages: dict[str, dict[bytes, Stored]] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    """Record → ``lane:seq`` of the `create` in quarantine that would have made it."""
    is_examined: bool = True
    kept: Workspace = field(default_factory=lambda: Workspace(DESA, 0, (), ()))
    """What is decided without ever loading anything, as one transaction does with many batches."""

    def phone(self, name: str, *, role: Role = Role.PETUGAS, rts: Iterable[str] = ()) -> "Phone":
        """A collector's phone. Without ``rts`` its area is the whole village."""
        grant = Grant(DESA, frozenset(rts) or None, CAMPAIGN)
        return Phone(self, name, role=role, scope=Scope((grant,)))

    def office(self, name: str = "office") -> "Phone":
        """A lane of the server: imports, forms, reviewers."""
        return Phone(self, name, role=None, scope=Scope(()))

    def copy(self) -> "Village":
        """The same village, whose further history is its own. Not examined any more."""
        return Village(
            self.now,
            self.head,
            dict(self.records),
            dict(self.conflicts),
            dict(self.lanes),
            dict(self.log),
            {device: dict(known) for device, known in self.lineages.items()},
            dict(self.waiting),
            is_examined=False,
        )

    def later(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    def record(self, record_id: str) -> Record:
        return self.records[record_id]

    def fields(self, record_id: str) -> Mapping[str, Json]:
        return self.records[record_id].fields

    def open_conflicts(self, kind: ConflictKind | None = None) -> list[Conflict]:
        return [c for c in self.conflicts.values() if c.is_open and kind in (None, c.kind)]

    @property
    def question(self) -> Conflict:
        """The only open conflict."""
        (conflict,) = self.open_conflicts()
        return conflict

    @property
    def proposals(self) -> list[dict[str, Json]]:
        """What the only open conflict proposes."""
        return [candidate.value for candidate in self.question.candidates]

    def decide(self, phone: "Phone", batch: tuple[Incoming, ...]) -> Plan:
        """Plan a push, examine the plan and carry it out."""
        view = self.view(phone, self.records.values(), self.conflicts.values())
        plan = plan_push(view, batch)
        if not isinstance(plan, Plan):
            raise Refused(plan)
        if self.is_examined:
            assert plan == plan_push(view, batch), "the same view and batch give the same plan"
            loaded = self.loaded(batch)
            assert plan == plan_push(self.view(phone, *loaded), batch), "needs() says all"
            assert plan == plan_push(view, batch, self.kept), "a kept workspace knows what changed"
            _examine(self, plan)
        self._carry_out(phone, plan)
        creating = {one.hash for one in batch if one.creates}
        for one in plan.settled:
            if one.outcome is Outcome.QUARANTINED and one.record and one.hash in creating:
                self.waiting.setdefault(one.record, f"{phone.name}:{one.seq}")
        if self.is_examined:
            self._examine_state()
            self._retry(phone, batch, plan)
        return plan

    def view(
        self,
        phone: "Phone",
        records: Iterable[Record],
        conflicts: Iterable[Conflict],
    ) -> PushView:
        """The village as a batch of the phone has to see it."""
        lane = self.lanes.setdefault(phone.name, Lane(phone.name, DESA, 0))
        return PushView(
            desa=DESA,
            head=self.head,
            lane=lane,
            author=Author(
                phone.scope, phone.area, phone.role, phone.is_revoked, vouches=phone.vouches
            ),
            reception=Reception(self.now, phone.synced_at, ZONE, CAMPAIGN.date()),
            clock=BatchClock(phone.boot, phone.mono),
            records=list(records),
            conflicts=list(conflicts),
            quarantined=self.waiting,
            earlier={
                seq: _stored(one) for (name, seq), one in self.log.items() if name == phone.name
            },
            lineage=self.lineages.get(phone.device, {}),
        )

    def loaded(self, batch: Sequence[Incoming]) -> tuple[list[Record], list[Conflict]]:
        """What a database would be asked for."""
        needed = needs(batch)
        found = self._with_aliases(needed.records)
        numbers = needed.niks | needed.no_kks
        numbers |= {
            number
            for record in self._with_aliases(needed.identity_of).values()
            if (number := natural_key(record)) is not None
        }
        bearers = {r.id: r for r in self.records.values() if natural_key(r) in numbers}
        moving = self._with_aliases(needed.kin_of) | bearers
        families = {record.keluarga for record in moving.values()}
        found |= bearers | {r.id: r for r in self.records.values() if r.keluarga in families}
        for one in batch:
            question = getattr(one.parsed, "resolve", {}).get("conflict")
            if question in self.conflicts:
                found |= self._with_aliases(_named_in(self.conflicts[question]))
        conflicts = [
            conflict
            for conflict in self.conflicts.values()
            if conflict.record in found or conflict.twin in found
        ]
        return list(found.values()), conflicts

    def _with_aliases(self, ids: Iterable[str]) -> dict[str, Record]:
        found: dict[str, Record] = {}
        todo = list(ids)
        while todo:
            record = self.records.get(todo.pop())
            if record is not None and record.id not in found:
                found[record.id] = record
                todo += [record.alias] if record.alias is not None else []
        return found

    def _carry_out(self, phone: "Phone", plan: Plan) -> None:
        self.head = plan.head
        self.lanes[phone.name] = plan.lane
        self.records.update({record.id: record for record in plan.records})
        self.conflicts.update({conflict.id: conflict for conflict in plan.conflicts})
        for one in plan.settled:
            self.log[phone.name, one.seq] = one
            if one.outcome is not Outcome.DUPLICATE:
                lineage = self.lineages.setdefault(phone.device, {})
                lineage[one.hash] = Stored(phone.name, one.seq, one.hash, one.entry)

    def _retry(self, phone: "Phone", batch: tuple[Incoming, ...], plan: Plan) -> None:
        if any(incoming.seq is None for incoming in batch):
            return
        everything = self.records.values(), self.conflicts.values()
        again = plan_push(self.view(phone, *everything), batch)
        assert isinstance(again, Plan), "a retry is no fork"
        written = (*again.records, *again.conflicts, *again.settled)
        assert not written, "a retry changes nothing"
        assert (again.head, again.lane) == (plan.head, plan.lane)
        first = {seq: entry.get("original", entry["outcome"]) for seq, entry in plan.results}
        assert all(entry["outcome"] == "duplicate" for _, entry in again.results)
        assert {seq: entry["original"] for seq, entry in again.results} == first

    def _examine_state(self) -> None:
        named: dict[str, set[str]] = {}
        for conflict in self.open_conflicts():
            assert conflict.candidates, "an open question has something to ask"
            for record_id in filter(None, (conflict.record, conflict.twin)):
                named.setdefault(record_id, set()).add(conflict.group)
            if conflict.kind is ConflictKind.VALUE and conflict.group in self.fields(
                conflict.record
            ):
                shown = self.fields(conflict.record)[conflict.group]
                assert all(c.value.get(conflict.group) != shown for c in conflict.candidates)
        for record in self.records.values():
            assert record.review == tuple(sorted(named.get(record.id, ())))
            for group, elements in record.elements.items():
                assert record.fields.get(group, []) == sorted(elements)
                assert all(elements.values())
            if record.alias is None and record.keluarga != record.id:
                assert record.rt == self.records[record.keluarga].rt


@dataclass
class Phone:
    """One lane of a village, with the server copy of its phone."""

    village: Village
    name: str
    role: Role | None
    scope: Scope
    device: str = ""
    boot: str = "boot"
    is_revoked: bool = False
    vouches: bool = True
    """A lane of lists vouches for no day."""
    copy: dict[str, int] = field(default_factory=dict)
    outbox: list[Raw] = field(default_factory=list)
    synced_at: datetime = CAMPAIGN
    captured: int = 0

    def __post_init__(self) -> None:
        self.device = self.device or self.name

    @property
    def area(self) -> VillageScope:
        return self.scope.village(DESA, self.village.now)

    @property
    def mono(self) -> int:
        return int((self.village.now - BEGIN).total_seconds() * 1000) + 10**9

    def pull(self) -> "Phone":
        """See the village as it is: later captures are made upon that."""
        self.copy = {record.id: record.seq for record in self.village.records.values()}
        return self

    def capture(self, *operations: Raw, day: str | None = None, suspect: bool = False) -> "Phone":
        """Write operations down without sending them. ``suspect``: no clock vouches for the day."""
        for operation in operations:
            raw: Raw = {"base": self.copy.get(str(operation["id"]), 0), **operation}
            if day is not None:
                raw["observed"] = day
            if self.role is None:
                raw.setdefault("source", {"lane": self.name, "n": self.captured})
            else:
                # Milliseconds apart, for no two operations are captured in the same moment.
                mono = self.mono - 10**6 + self.captured
                raw |= {"mono": mono, "boot": "another boot" if suspect else self.boot}
            self.captured += 1
            last = self.village.lanes.get(self.name, Lane(self.name, DESA, 0)).last
            self.outbox.append({"seq": last + len(self.outbox) + 1, **raw})
        return self

    def push(self, *operations: Raw, day: str | None = None, suspect: bool = False) -> Answer:
        """Capture operations and send everything that waits."""
        self.capture(*operations, day=day, suspect=suspect)
        sent, self.outbox = self.outbox, []
        return self.send(*sent)

    def send(self, *elements: object) -> Answer:
        """Send elements of ``ops`` as they are."""
        batch = read_batch(elements, server_lane=self.role is None)
        return Answer(self.village.decide(self, batch))

    def resolve(self, record: str, **decision: Json) -> Answer:
        """A reviewer's decision about a record."""
        entity = self.village.records[record].entity if record in self.village.records else ""
        return self.push(
            {"kind": "resolve", "entity": entity, "id": record, "resolve": {**decision}}
        )

    def settle(self, conflict: Conflict, choice: str, **more: Json) -> Answer:
        """Answer the question of a conflict as it stands."""
        return self.resolve(
            conflict.record,
            conflict=conflict.id,
            version=conflict.version,
            choice=choice,
            reason="asked at the door",
            **more,
        )


def _stored(one: Settled) -> Stored:
    return Stored("", one.seq, one.hash, one.entry)


def _named_in(conflict: Conflict) -> set[str]:
    parents = {str(c.value.get("parent")) for c in conflict.candidates if c.group == PARENT}
    return parents | ({conflict.twin} if conflict.twin is not None else set())


def _examine(village: Village, plan: Plan) -> None:
    numbers = [record.seq for record in plan.records]
    assert numbers == list(range(village.head + 1, plan.head + 1)), "each change, one number"
    for record in plan.records:
        stamps = [stamp for listed in record.stamps.values() for stamp in listed]
        assert all(stamp.seq <= record.seq for stamp in stamps)
    for conflict in plan.conflicts:
        earlier = village.conflicts.get(conflict.id)
        assert conflict.version > (earlier.version if earlier is not None else 0)
        assert conflict.record in {record.id for record in plan.records}
    for one in plan.settled:
        assert one.outcome in Outcome, "every operation has one outcome"
