"""Where a filled form belongs: its village, its phone's lane there, and in whose name it speaks."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlmodel import Session

from api.formats.xform.mapping import FormMapping
from api.formats.xform.rt_stated import rt_stated
from api.formats.xform.statements import rt_told
from api.formats.xform.submission import Instance
from api.randomness import Randomness, new_lane_name
from api.services.pushing import Ground
from models.queries import accounts, connectors, devices, feeds, lanes
from models.queries.areas import villages_under
from models.queries.before import Before
from models.queries.entity_lists import villages_holding
from models.queries.feeds import SenderState
from models.queries.lanes import LaneOwner, StoredLane
from sync.permission import Role
from sync.push import Author
from sync.scope import Scope
from sync.types import Dot, Lane, Record

ODK_SOURCE: Final = "odk"
"""Of a phone's own lane in a village."""
SIDE_SOURCE: Final = "odk-side"
"""Of the lanes of forms that came out of order."""
CONNECTOR_LINEAGE: Final = "connector:"
"""Before a connector's id: what stands for a device where no phone sent the form."""
VILLAGE_CODE_LENGTH: Final = 10
VILLAGES_MAX: Final = 400
NO_CLOCK: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Collector:
    """Whose phone a form came from. ``since`` is when the phone was given its key."""

    device_id: str
    account_id: str
    role: Role
    scope: Scope
    revoked: bool
    since: datetime
    source: str = ODK_SOURCE
    """Of its lanes: a phone's, or the kind of a connector."""
    remembered: SenderState | None = None
    """Of one who is known from a moment ago: what has to hold still when it takes a turn."""

    def author(self, desa: str, now: datetime) -> Author:
        return Author(self.scope, self.scope.village(desa, now), self.role, self.revoked)

    def ever_covered(self, record: Record) -> bool:
        """Did one of the collector's areas, of now or earlier, ever hold the record?"""
        return any(
            grant.covers(record.desa, rt)
            for grant in self.scope.grants
            for rt in (record.rt, *record.left)
        )


class SenderChanged(Exception):
    """A sender that was remembered is no longer what it was: ask who it is, and begin again."""


class TurnNeeded(Exception):
    """Something has to be written in a village before it can be decided what becomes of a form."""


def take_turn(session: Session, desa: str, collector: Collector) -> int:
    """Take the village's turn for a collector, and return its head. Raises `SenderChanged`."""
    if collector.remembered is None:
        return feeds.take_turn(session, desa)
    found = feeds.take_turn_of_senders(session, desa, [collector.device_id])
    if found is None or found[1].get(collector.device_id) != collector.remembered:
        raise SenderChanged
    return found[0]


@dataclass(slots=True)
class Village:
    """A village in which forms are merged. ``head`` goes on with every one of them."""

    desa: str
    head: int
    now: datetime
    ground: Ground
    randomness: Randomness
    before: Before | None = None
    """What was asked about the form that has just come in; true until the first one is merged."""
    has_turn: bool = True
    """Is its turn to write held? If not, nothing may be written there (`TurnNeeded`)."""


def collector_of(session: Session, device_id: str) -> Collector | None:
    """Whose phone that is, for forms that waited here while their phone is elsewhere."""
    if device_id.startswith(CONNECTOR_LINEAGE):
        return connected_collector(session, device_id.removeprefix(CONNECTOR_LINEAGE))
    device = devices.device_by_id(session, device_id)
    account = accounts.account_by_id(session, device.account_id) if device is not None else None
    if device is None or account is None:
        return None
    return Collector(
        device.id,
        account.id,
        Role(account.role),
        accounts.scope_of(session, account),
        device.revoked_at is not None or account.disabled_at is not None,
        device.token_since,
    )


def connected_collector(session: Session, connector_id: str) -> Collector | None:
    """Another server that forms are fetched from, in the name of the account it was given.

    Its forms may be older than the connector, so no day of its own bounds their time.
    """
    connector = connectors.connector(session, connector_id)
    account = accounts.account_by_id(session, connector.account_id) if connector else None
    if connector is None or account is None:
        return None
    return Collector(
        CONNECTOR_LINEAGE + connector.id,
        account.id,
        Role(account.role),
        accounts.scope_of(session, account),
        account.disabled_at is not None,
        NO_CLOCK,
        connector.kind,
    )


def candidate_villages(session: Session, scope: Scope, now: datetime) -> list[str]:
    """Villages that a form of this account may speak about, those of the past included."""
    found: dict[str, None] = {}
    for grant in sorted(scope.grants, key=lambda one: (not one.open_at(now), one.kode_wilayah)):
        if len(grant.kode_wilayah) == VILLAGE_CODE_LENGTH:
            found[grant.kode_wilayah] = None
        elif len(found) < VILLAGES_MAX:
            under = villages_under(session, grant.kode_wilayah, VILLAGES_MAX - len(found))
            found |= dict.fromkeys(under)
    return list(found)


def only_village(scope: Scope) -> str | None:
    """The village of an account that never had another area: all of its forms belong there."""
    codes = {grant.kode_wilayah for grant in scope.grants}
    code = next(iter(codes)) if len(codes) == 1 else ""
    return code if len(code) == VILLAGE_CODE_LENGTH else None


def village_of(session: Session, candidates: list[str], scope: Scope, told: "Told") -> str | None:
    """The village that a form speaks about; nothing where that cannot be told."""
    if told.desa is not None:
        return told.desa if told.desa in candidates else None
    if len(candidates) == 1:
        return candidates[0]
    for record in told.records:
        found = villages_holding(session, record, candidates)
        if found:
            return found[0]
    if told.rt is None:
        return None
    covering = [
        desa
        for desa in candidates
        if any(grant.covers(desa, told.rt) for grant in scope.grants if grant.rts is not None)
    ]
    return covering[0] if len(covering) == 1 else None


@dataclass(frozen=True, slots=True)
class Told:
    """What of a form says where it belongs: records that it names, and the RT of a new family."""

    records: tuple[str, ...] = ()
    rt: str | None = None
    desa: str | None = None
    """The village itself, where the form names it."""


def told_by(instance: Instance, mapping: FormMapping | None) -> Told:
    """What a form says of where it belongs, as far as it can be read."""
    named = (instance.declared.record,) if instance.declared is not None else ()
    if mapping is None:
        return Told(named)
    if (stated := rt_stated(instance, mapping)) is not None:
        return Told(desa=stated.desa)
    records, rt = rt_told(instance, mapping)
    return Told((*named, *records), rt)


def phones_lane(session: Session, village: Village, collector: Collector) -> StoredLane:
    """The phone's own lane in a village, opened with its first form. Raises `TurnNeeded`."""
    held = lanes.lane_of(session, village.desa, collector.device_id, source=collector.source)
    if held is not None:
        return held
    owner = LaneOwner(collector.device_id, collector.account_id, collector.source)
    return _opened(session, village, owner)


def lane_that_knows(
    session: Session, village: Village, collector: Collector, dots: frozenset[Dot]
) -> StoredLane:
    """A lane for one form that came out of order: it knows these operations and no others.

    Raises `TurnNeeded`.
    """
    owner = LaneOwner(collector.device_id, collector.account_id, SIDE_SOURCE)
    return _opened(session, village, owner, dots)


def _opened(
    session: Session, village: Village, owner: LaneOwner, dots: frozenset[Dot] = frozenset()
) -> StoredLane:
    if not village.has_turn:
        raise TurnNeeded
    name = new_lane_name(village.randomness)
    lanes.open_lane(session, Lane(name, village.desa, 0, extra=dots), owner, village.now)
    opened = lanes.lane(session, village.desa, name)
    assert opened is not None, "it was opened just now"
    return opened


def without_order(stored: StoredLane) -> StoredLane:
    """Forms of one phone come in any order, so the last one says nothing about the next one's time.

    A phone's operations are older than its last sync only if its clock is wrong; its forms may be.
    """
    return stored._replace(created_at=NO_CLOCK, lane=stored.lane._replace(synced_at=None))
