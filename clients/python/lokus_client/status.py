"""What this phone can say about itself, and about what became of its work."""

import json
from dataclasses import asdict, dataclass
from typing import Final

from lokus_client import agreement, copies, outbox, rt_done, troubles, villages
from lokus_client.agreement import Agreement
from lokus_client.calling import Traffic
from lokus_client.rt_done import RtStatement
from lokus_client.session import Tally
from lokus_client.store import Store
from lokus_client.troubles import Trouble
from lokus_client.values import Json, JsonObject

LOG_ENTRIES_MAX: Final = 200


@dataclass(frozen=True)
class Receipt:
    """The server's word that a lane is committed up to ``acked``.

    ``code`` is verified at ``/periksa/{code}`` of the server, by anybody, without names.
    """

    lane: str
    acked: int
    at: int
    epoch: str
    code: str
    noted: str


@dataclass(frozen=True)
class Review:
    """A record that waits for a reviewer; ``own`` are this phone's unsettled proposals for it."""

    entity: str
    record: str
    groups: tuple[str, ...]
    own: tuple[Trouble, ...]


@dataclass(frozen=True)
class SyncReport:
    """How a session ended.

    ``code`` is ``ok`` or a stable reason: ``offline``, ``busy``, ``unauthorised``,
    ``device-revoked``, ``cursor-ahead``, ``protocol-too-old`` … ``requests`` and bytes are those
    of the whole session, ``rows`` changes of the copy.
    """

    started: str
    code: str
    detail: str
    sent: int
    acked: int
    rows: int
    requests: int
    bytes_up: int
    bytes_down: int
    unsent: int

    @property
    def is_complete(self) -> bool:
        return self.code == "ok"


@dataclass(frozen=True)
class Status:
    """The phone at this moment.

    ``unsent``: not acknowledged. ``acked``: committed by the server, still kept here.
    ``durable``: covered by a backup, counted over the life of this store. ``lost_values``: edits
    that a later observation or an earlier decision has set aside.
    """

    is_enrolled: bool
    server: str | None
    device: str | None
    epoch: str | None
    is_revoked: bool
    villages: tuple[str, ...]
    records: int
    unsent: int
    acked: int
    durable: int
    under_review: tuple[Review, ...]
    quarantined: tuple[Trouble, ...]
    lost_values: tuple[Trouble, ...]
    agreements: tuple[Agreement, ...]
    last_receipt: Receipt | None
    last_sync: SyncReport | None
    last_complete_sync: str | None
    rt_statements: tuple[RtStatement, ...] = ()


def status(store: Store) -> Status:
    """What the store says of itself."""
    counted = outbox.counts(store)
    quarantined = troubles.every(store, troubles.QUARANTINED)
    quiet = (troubles.QUARANTINED, troubles.CONFLICT)
    log = sync_log(store)
    return Status(
        is_enrolled=store.fact("token") is not None,
        server=store.fact_text("server"),
        device=store.fact_text("device"),
        epoch=store.fact_text("epoch"),
        is_revoked=store.fact("is_revoked") is True,
        villages=tuple(v.desa for v in villages.every(store) if v.in_scope),
        records=store.number("SELECT count(*) FROM rows WHERE alias IS NULL"),
        unsent=counted.get("pending", 0) + counted.get("sent", 0),
        acked=counted.get("acked", 0),
        durable=store.fact_number("durable_total"),
        under_review=tuple(_reviews(store)),
        quarantined=tuple(quarantined),
        lost_values=tuple(t for t in troubles.every(store) if t.outcome not in quiet),
        agreements=tuple(_agreements(store)),
        last_receipt=next(iter(receipts(store, 1)), None),
        last_sync=log[-1] if log else None,
        last_complete_sync=store.fact_text("last_complete_sync"),
        rt_statements=tuple(rt_done.every(store)),
    )


def receipts(store: Store, count: int) -> list[Receipt]:
    """The latest receipts, newest first."""
    found = store.all(
        "SELECT lane, acked, at, epoch, receipt, noted FROM receipts ORDER BY n DESC LIMIT ?",
        (count,),
    )
    return [Receipt(*row) for row in found]


def _reviews(store: Store) -> list[Review]:
    """From the copy's marks, and from conflicts whose record the pull has not brought back yet."""
    marked = copies.groups_under_review(store)
    awaited = {operation.hash for operation in outbox.in_overlay(store)}
    own: dict[str, list[Trouble]] = {}
    for trouble in troubles.every(store, troubles.CONFLICT):
        record = copies.target(store, trouble.record)
        disputed = marked.get(record, ())
        if trouble.hash in awaited or set(trouble.groups or disputed) & set(disputed):
            own.setdefault(record, []).append(trouble)
    reviews: list[Review] = []
    for record in sorted({*marked, *own}):
        row, mine = copies.find(store, record), tuple(own.get(record, ()))
        entity = row.entity if row is not None else mine[0].entity
        groups = marked.get(record) or tuple(sorted({g for t in mine for g in t.groups}))
        reviews.append(Review(entity, record, groups, mine))
    return reviews


def _agreements(store: Store) -> list[Agreement]:
    """One line per RT held, also for those that were never compared."""
    known = {(a.desa, a.rt): a for a in agreement.every(store)}
    found: list[Agreement] = []
    for village in villages.every(store):
        for rt in agreement.rows_by_rt(store, village) if village.in_scope else ():
            never = Agreement(village.desa, rt, agreement.NOT_COMPARABLE, 0, "")
            found.append(known.get((village.desa, rt), never))
    return found


def log_sync(
    store: Store, started: str, ended: tuple[str, str], tally: Tally, traffic: Traffic
) -> SyncReport:
    """Enter a session in the log, which holds counters and codes but nobody's data."""
    report = SyncReport(
        started, ended[0], ended[1], tally.sent, tally.acked, tally.rows, traffic.requests,
        traffic.bytes_up, traffic.bytes_down, outbox.unsent(store),
    )  # fmt: skip
    entry = json.dumps({key: value for key, value in asdict(report).items() if key != "started"})
    with store.writing("sync-log"):
        store.run("INSERT INTO sync_log (started, entry) VALUES (?, ?)", (started, entry))
        store.run(
            "DELETE FROM sync_log WHERE n <= (SELECT max(n) FROM sync_log) - ?", (LOG_ENTRIES_MAX,)
        )
        if report.is_complete:
            store.remember(last_complete_sync=started)
    return report


def sync_log(store: Store) -> list[SyncReport]:
    """The sessions of this store, oldest first, at most ``LOG_ENTRIES_MAX``."""
    found = store.all("SELECT started, entry FROM sync_log ORDER BY n")
    return [SyncReport(started=row["started"], **json.loads(row["entry"])) for row in found]


def as_json(value: Status | SyncReport) -> JsonObject:
    """For ``--json``."""
    plain: Json = json.loads(json.dumps(asdict(value)))
    assert isinstance(plain, dict)
    return plain
