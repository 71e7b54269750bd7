"""Families and persons as entity lists show them: one pass over the rows of somebody's RTs."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

import orjson
from sqlalchemy import (
    Text,
    bindparam,
    case,
    cast,
    func,
    insert,
    or_,
    select,
)
from sqlmodel import Session

from models.queries.rowsets import among, keys
from models.queries.scoping import Sight, in_sight
from models.sealing import vault_of
from models.standing import Standing
from models.tables.columns import table_of
from models.tables.register import Feed, RecordRow
from models.tables.submissions import HeldRow, SubmissionRow, VersionSpan
from models.tables.sync import QuarantineRow
from sync.chains import Span, Spans
from sync.types import ANGGOTA, KELUARGA, Json

ROWS_PER_FETCH: Final = 500
_RECORD = table_of(RecordRow)
_FEED = table_of(Feed)
_SPAN = table_of(VersionSpan)
_HELD = table_of(HeldRow)
_SUBMISSION = table_of(SubmissionRow)
_QUARANTINE = table_of(QuarantineRow)
# Ids come as the text that they are shown as, and stamps only where somebody looks at them: both
# are most of what a row costs, and a list has many thousand rows.
_TEXT_ID = {n: cast(_RECORD.c[n], Text).label(n) for n in ("id", "keluarga")}
_SHOWN = [
    _RECORD.c.desa,
    _TEXT_ID["id"],
    _RECORD.c.entity,
    _TEXT_ID["keluarga"],
    _RECORD.c.seq,
    case((_RECORD.c.review.is_not(None), _RECORD.c.stamps)).label("stamps"),
    or_(_RECORD.c.end_reason.is_not(None), _RECORD.c.alias.is_not(None)).label("is_over"),
    _RECORD.c.review,
]
_LISTED = (KELUARGA, ANGGOTA)
_UNREAD: Final[Mapping[str, Json]] = MappingProxyType({})


class ShownRecord(NamedTuple):
    """A family or person without what only the merge needs. ``seen`` is its last visible change."""

    desa: str
    id: str
    entity: str
    keluarga: str
    seen: int
    fields: Mapping[str, Json]
    is_active: bool
    review: tuple[str, ...]


def villages_holding(session: Session, record: str, desas: Sequence[str]) -> list[str]:
    """Which of these villages have a record of that id."""
    statement = select(_RECORD.c.desa).where(
        among(session, _RECORD.c.desa, "villages"), _RECORD.c.id == bindparam("wanted")
    )
    rows = session.connection().execute(
        statement, {"villages": keys(session, desas), "wanted": record}
    )
    return sorted(rows.scalars())


def heads(session: Session, desas: Sequence[str]) -> list[tuple[str, int]]:
    """(village, head) of these villages, in order: unchanged heads mean that nothing changed."""
    statement = select(_FEED.c.desa, _FEED.c.head).where(among(session, _FEED.c.desa, "villages"))
    rows = session.connection().execute(statement, {"villages": keys(session, desas)})
    return sorted((row.desa, int(row.head)) for row in rows)


def extent(session: Session, sight: Sight) -> list[tuple[str, int, int]]:
    """Of each village, how many rows are in sight, and the highest number among them.

    Any change of a row in sight raises its village's number, and whatever leaves it lowers the
    count. Villages count for themselves: the highest number of all says nothing about the others.
    """
    statement = (
        select(_RECORD.c.desa, func.count().label("shown"), func.max(_RECORD.c.seq).label("seq"))
        .where(_RECORD.c.entity.in_(_LISTED), in_sight(_RECORD.c.desa, _RECORD.c.rt, sight))
        .group_by(_RECORD.c.desa)
    )
    rows = session.connection().execute(statement)
    return sorted((row.desa, int(row.shown), int(row.seq)) for row in rows)


def corrections_extent(session: Session, desas: Sequence[str]) -> tuple[int, str]:
    """How much reviewers have sent back in these villages, and when last."""
    villages = {"villages": keys(session, desas)}
    held = select(func.count(), func.max(_HELD.c.decided_at)).where(
        among(session, _HELD.c.desa, "villages"), _HELD.c.state == "rejected"
    )
    quarantined = select(func.count(), func.max(_QUARANTINE.c.decided_at)).where(
        among(session, _QUARANTINE.c.desa, "villages"), _QUARANTINE.c.state == "rejected"
    )
    connection = session.connection()
    one, other = (
        connection.execute(held, villages).one(),
        connection.execute(quarantined, villages).one(),
    )
    return int(one[0]) + int(other[0]), f"{one[1] or ''} {other[1] or ''}"


def shown_records(
    session: Session, sight: Sight, entities: Collection[str]
) -> Iterator[list[ShownRecord]]:
    """Families with their persons, family by family, those that ended or were merged included.

    Only records of ``entities`` come with their fields: documents are most of what is sorted, sent
    and read here, and a list of families shows nobody else's.
    """
    opened = vault_of(session).open
    doc = case((_RECORD.c.entity.in_(sorted(entities)), _RECORD.c.doc)).label("doc")
    # Each account has areas of its own, so the statement stands for this list alone.
    statement = Standing(
        select(*_SHOWN, doc)
        .where(_RECORD.c.entity.in_(_LISTED), in_sight(_RECORD.c.desa, _RECORD.c.rt, sight))
        .order_by(_RECORD.c.desa, _RECORD.c.rt, _RECORD.c.keluarga, _RECORD.c.entity.desc())
    )
    family: list[ShownRecord] = []
    root = ""
    # By place and in one loop: a list has many thousand rows, and each look or call is one more.
    for desa, record, entity, keluarga, seq, stamps, is_over, review, stored in statement.stream(
        session, {}, ROWS_PER_FETCH
    ):
        if keluarga != root:
            if family:
                yield family
            family, root = [], keluarga
        seen = seq if review is None else _last_stated(stamps)
        fields = orjson.loads(opened(stored)) if stored is not None else _UNREAD
        waiting = tuple(orjson.loads(review)) if review else ()
        shown = ShownRecord(desa, record, entity, keluarga, seen, fields, not is_over, waiting)
        family.append(shown)
    if family:
        yield family


def _last_stated(stored: str) -> int:
    """The last number at which the record's values changed.

    While a question is open, its opening is no change: Collect keeps the collector's own value as
    long as the server's version does not pass it, and shows the decision once there is one.
    """
    stamps = orjson.loads(stored)
    stated = [stamps["c"][0]]
    stated += [s[0] for listed in stamps.get("g", {}).values() for s in listed]
    for elements in stamps.get("e", {}).values():
        stated += [s[0] for listed in elements.values() for s in listed]
    return int(max(stated))


def present_ids(session: Session, sight: Sight, entity: str, ids: Sequence[str]) -> set[str]:
    """Which of these records are on the lists of this account now."""
    # The feeds list the villages that there are, so that each of them is asked by its key.
    statement = (
        select(_RECORD.c.id)
        .join(_FEED, _FEED.c.desa == _RECORD.c.desa)
        .where(
            among(session, _RECORD.c.id, "wanted"),
            _RECORD.c.entity == entity,
            _RECORD.c.alias.is_(None),
            _RECORD.c.end_reason.is_(None),
            in_sight(_RECORD.c.desa, _RECORD.c.rt, sight),
        )
    )
    rows = session.connection().execute(statement, {"wanted": keys(session, ids)})
    return set(rows.scalars())


def known_ids(session: Session, desas: Sequence[str], ids: Sequence[str]) -> set[str]:
    """Which of these records the villages have at all."""
    statement = select(_RECORD.c.id).where(
        among(session, _RECORD.c.desa, "villages"), among(session, _RECORD.c.id, "wanted")
    )
    rows = session.connection().execute(
        statement, {"villages": keys(session, desas), "wanted": keys(session, ids)}
    )
    return set(rows.scalars())


def spans(session: Session, desa: str) -> Spans:
    """How the village's numbers become versions."""
    statement = (
        select(_SPAN.c.since_seq, _SPAN.c.since_version)
        .where(_SPAN.c.desa == bindparam("village"))
        .order_by(_SPAN.c.since_seq)
    )
    rows = session.connection().execute(statement, {"village": desa})
    return Spans(tuple(Span(int(row.since_seq), int(row.since_version)) for row in rows))


def add_span(session: Session, desa: str, span: Span) -> None:
    """Note from where on versions are counted anew. The village's turn is held."""
    session.connection().execute(
        insert(_SPAN).values(desa=desa, since_seq=span.since_seq, since_version=span.since_version)
    )
