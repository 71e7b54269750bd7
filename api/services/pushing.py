"""Bring a batch of operations into the register: load, decide, write. The caller commits.

Every change of a record comes through `store_plan`, whoever made it: a phone, a reviewer, an
import or the release of a quarantined operation.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from typing import Final

from sqlmodel import Session

from models.queries import conflicts, feeds, operations, quarantine, receipts, records
from models.queries.auditing import AuditEntry
from models.queries.batches import Noted, note_batches
from models.queries.lanes import StoredLane
from models.queries.operations import Brought
from models.queries.records import NOTHING_ASKED, Asked
from sync.batch import Incoming, Needs, needs, needs_together
from sync.clock import BatchClock, Reception
from sync.decisions import needs_of_decisions
from sync.operation import Kind, Operation
from sync.push import Author, Forked, Hole, Plan, PushView, Stored, plan_push
from sync.types import ANGGOTA, Conflict, Json, Lane, Outcome, Record, Refusal
from sync.workspace import Workspace, natural_key

RECEIPT_CHARACTERS: Final = 16
"""Base32 characters of a receipt code: 80 bits, to be read over a telephone."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the installation says about time."""

    zone: tzinfo
    campaign_start: date | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A village's turn to write, with the lane that writes."""

    desa: str
    head: int
    stored: StoredLane
    author: Author
    now: datetime
    device_id: str | None = None

    @property
    def lane(self) -> Lane:
        return self.stored.lane


def decide_batch(
    session: Session,
    turn: Turn,
    batch: Sequence[Incoming],
    ground: Ground,
    clock: BatchClock | None = None,
) -> Plan | Forked | Hole:
    """Load what the batch touches and let the core decide it."""
    fresh = [one for one in batch if one.seq is None or one.seq > turn.lane.last]
    brief = Brief(turn, batch, needs(fresh), ground, clock)
    loaded = load(session, turn.desa, fresh, brief.needs)
    view = replace(
        _view(session, brief, loaded),
        earlier=_earlier(session, turn, batch),
        lineage=_lineage(session, turn, batch),
    )
    return plan_push(view, batch)


@dataclass(frozen=True, slots=True)
class Brief:
    """A batch with everything but the records that its decision depends on."""

    turn: Turn
    batch: Sequence[Incoming]
    needs: Needs
    """Of what has not come before."""
    ground: Ground
    clock: BatchClock | None = None


def decide_together(
    session: Session, briefs: Sequence[Brief], asked: Asked
) -> list[tuple[Brief, Plan]]:
    """Load what the batches of one turn touch, and decide each after the one before it.

    None of them ever came before, and each has a lane of its own. What comes back is as if every
    batch had been stored before the next one was decided; each brief's turn begins at the head
    that the batch before it led to.
    """
    first = briefs[0].turn
    wanted = needs_together([one.needs for one in briefs])
    loaded = load(session, first.desa, [one for b in briefs for one in b.batch], wanted, asked)
    workspace = Workspace(first.desa, first.head, loaded.records, loaded.conflicts)
    decided: list[tuple[Brief, Plan]] = []
    for told in briefs:
        brief = told
        if told.turn.head != workspace.head:
            brief = replace(told, turn=replace(told.turn, head=workspace.head))
        view = _view(session, brief, loaded)
        plan = plan_push(view, brief.batch, workspace)
        assert isinstance(plan, Plan), "its lane was read under the village's turn"
        decided.append((brief, plan))
    return decided


def _view(session: Session, brief: Brief, loaded: "Loaded") -> PushView:
    """The village as a batch has to see it."""
    turn = brief.turn
    unseen = loaded.unseen(brief.needs.records, turn.author) - _created(brief.batch)
    return PushView(
        desa=turn.desa,
        head=turn.head,
        lane=turn.lane,
        author=turn.author,
        reception=Reception(
            turn.now,
            turn.lane.synced_at or turn.stored.created_at,
            brief.ground.zone,
            brief.ground.campaign_start,
        ),
        clock=brief.clock,
        records=loaded.records,
        conflicts=loaded.conflicts,
        quarantined=quarantine.quarantined_creates(
            session, turn.desa, unseen, account_id=turn.stored.account_id
        ),
    )


@dataclass(frozen=True, slots=True)
class Loaded:
    """What of a village the decision of a batch looks at. The village's turn is held."""

    records: tuple[Record, ...]
    conflicts: tuple[Conflict, ...]
    named: frozenset[str]
    """Ids that the batch speaks of."""

    @property
    def unknown(self) -> frozenset[str]:
        """Those of them that the village does not know."""
        return self.named - {record.id for record in self.records}

    def unseen(self, named: frozenset[str], author: Author) -> frozenset[str]:
        """Those that are nowhere, as far as an author can see."""
        covers = author.village.covers
        return named - {r.id for r in self.records if r.id in named and covers(r.rt)}


def load(
    session: Session,
    desa: str,
    batch: Sequence[Incoming],
    wanted: Needs,
    asked: Asked = NOTHING_ASKED,
) -> Loaded:
    """Records and conflicts that the batch, which needs these, or a question of it speaks of."""
    decisions = [one.parsed for one in batch if isinstance(one.parsed, Operation)]
    decisions = [operation for operation in decisions if operation.kind is Kind.RESOLVE]
    partners = {operation.partner for operation in decisions if operation.partner is not None}
    if partners:
        wanted = replace(wanted, identity_of=wanted.identity_of | partners)
    found = records.needed_records(session, desa, wanted, asked)
    disputes = conflicts.conflicts_of(session, desa, (r.id for r in found if r.disputed))
    known = {record.id for record in found}
    if decisions:
        further = needs_of_decisions(decisions, found, disputes)
        more = [r for r in records.needed_records(session, desa, further) if r.id not in known]
        seen = {conflict.id for conflict in disputes}
        others = conflicts.conflicts_of(session, desa, (r.id for r in more if r.disputed))
        disputes += [conflict for conflict in others if conflict.id not in seen]
        found += more
    return Loaded(tuple(found), tuple(disputes), wanted.records)


def _created(batch: Iterable[Incoming]) -> set[str]:
    return {
        one.named
        for one in batch
        if one.creates and one.named and not isinstance(one.parsed, Refusal)
    }


def _earlier(session: Session, turn: Turn, batch: Sequence[Incoming]) -> dict[int, Stored]:
    again = [one.seq for one in batch if one.seq is not None and one.seq <= turn.lane.last]
    if not again:
        return {}
    return operations.earlier(session, turn.desa, turn.lane.name, min(again), max(again))


def _lineage(session: Session, turn: Turn, batch: Sequence[Incoming]) -> dict[bytes, Stored]:
    """What the device has brought before: under any of its lanes, or elsewhere in this one."""
    hashes = {one.hash for one in batch if one.seq is None or one.seq > turn.lane.last}
    if not hashes:
        return {}
    return operations.of_lineage(session, turn.desa, turn.stored.lineage, hashes)


@dataclass(frozen=True, slots=True)
class Changes:
    """What a decision changes in the register, and the feed's head before and after."""

    before: int
    head: int
    records: Sequence[Record]
    conflicts: Sequence[Conflict]


def store_changes(session: Session, desa: str, changes: Changes, now: datetime) -> None:
    """The one writer of records. The feed's numbers are taken before any record is written."""
    if changes.head > changes.before:
        feeds.raise_head(session, desa, changes.head)
    _write(session, desa, changes, now)


def _write(session: Session, desa: str, changes: Changes, now: datetime) -> None:
    records.store_records(session, desa, changes.records)
    if changes.head > changes.before:
        feeds.use_up_numbers(session, desa)
    if changes.conflicts:
        conflicts.store_conflicts(session, desa, changes.conflicts, now)


def store_plan(session: Session, turn: Turn, batch: Sequence[Incoming], plan: Plan) -> None:
    """Write everything that a plan decided."""
    store_plans(session, turn.desa, [(turn, batch, plan)])


def store_plans(
    session: Session, desa: str, plans: Sequence[tuple[Turn, Sequence[Incoming], Plan]]
) -> None:
    """Write everything that plans decided, each of them on top of the one before it."""
    written = [one for one in plans if one[2].settled]
    if not written:
        return
    note_batches(session, [noted(turn, plan) for turn, _, plan in written])
    decided = [plan for _, _, plan in written]
    disputes = {conflict.id: conflict for plan in decided for conflict in plan.conflicts}
    first, head = written[0][0], decided[-1].head
    changes = Changes(first.head, head, changed_by(decided), list(disputes.values()))
    _write(session, desa, changes, first.now)
    for turn, batch, plan in written:
        if any(one.outcome is Outcome.QUARANTINED for one in plan.settled):
            creating = {one.seq for one in plan.settled if _creates(one.seq, batch, turn.lane)}
            quarantine.set_aside(session, desa, _brought(turn, plan), plan.settled, creating)


def changed_by(plans: Sequence[Plan]) -> list[Record]:
    """What several plans change, once, as the last of them leaves it."""
    return list({record.id: record for plan in plans for record in plan.records}.values())


def waits_for_a_person(plan: Plan) -> bool:
    """Does it ask a question, or set something aside?"""
    return bool(plan.conflicts) or any(
        one.outcome in (Outcome.CONFLICT, Outcome.QUARANTINED) for one in plan.settled
    )


def _brought(turn: Turn, plan: Plan) -> Brought:
    return Brought(turn.lane.name, turn.stored.lineage, turn.stored.account_id, turn.now, plan.head)


def noted(turn: Turn, plan: Plan) -> Noted:
    """A plan as what a batch leaves beside its records."""
    return Noted(plan.lane, _brought(turn, plan), plan.settled, _audit_entry(turn, plan))


def _creates(seq: int, batch: Sequence[Incoming], lane: Lane) -> bool:
    return any(one.creates and (one.seq or lane.last + 1) == seq for one in batch)


def _audit_entry(turn: Turn, plan: Plan) -> AuditEntry:
    """One entry for a batch; the digest over its hashes shows any operation that is missing."""
    outcomes: dict[str, int] = {}
    combined = hashlib.sha256()
    for one in plan.settled:
        outcome = str(one.entry["outcome"])
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        combined.update(one.hash)
    return AuditEntry(
        at=turn.now,
        action="push",
        actor=turn.stored.account_id,
        device=turn.device_id,
        detail={
            "lane": turn.lane.name,
            "first": plan.settled[0].seq,
            "last": plan.settled[-1].seq,
            "at": plan.head,
            "outcomes": {**outcomes},
            "operations": combined.hexdigest(),
        },
    )


def changed_niks(plan: Plan) -> tuple[Record, ...]:
    """Persons of the plan whose NIK may now be borne in another village as well."""
    if not any(one.operation is not None and "nik" in one.operation.assign for one in plan.settled):
        return ()
    return bearers(plan.records)


def repeated_niks(
    session: Session, desa: str, batch: Sequence[Incoming], plan: Plan
) -> tuple[Record, ...]:
    """Persons whose NIK came again: a server that died after the first time noted nothing."""
    again = {seq for seq, entry in plan.results if entry["outcome"] == Outcome.DUPLICATE}
    named = {
        one.named
        for one in batch
        if one.seq in again
        and one.named is not None
        and isinstance(one.parsed, Operation)
        and "nik" in one.parsed.assign
    }
    return bearers(records.records_by_id(session, desa, named)) if named else ()


def bearers(changed: Iterable[Record]) -> tuple[Record, ...]:
    """Persons with a NIK that could identify them."""
    return tuple(
        record for record in changed if record.entity == ANGGOTA and natural_key(record) is not None
    )


def receipt_for(
    session: Session, secret: bytes, turn: Turn, acked: int, at: int, epoch: str
) -> str:
    """A code that proves these operations were committed; the same ones get the same code."""
    code = receipt_code(secret, turn.lane.name, acked=acked, at=at, epoch=epoch)
    receipts.note_receipt(
        session,
        code,
        receipts.IssuedReceipt(turn.desa, turn.lane.name, acked, at, epoch, turn.now),
    )
    return code


def receipt_code(secret: bytes, lane: str, *, acked: int, at: int, epoch: str) -> str:
    """The code of a receipt; only who has the secret can make one."""
    text = "\n".join((lane, str(acked), str(at), epoch))
    mac = hmac.new(secret, b"lokus receipt\n" + text.encode(), hashlib.sha256).digest()
    return base64.b32encode(mac).decode()[:RECEIPT_CHARACTERS]


def told_results(
    results: Iterable[tuple[int, Mapping[str, Json]]],
) -> list[dict[str, Json]]:
    """Answers that say more than ``applied``, which is what silence means."""
    return [{"seq": seq, **entry} for seq, entry in results if entry["outcome"] != Outcome.APPLIED]
