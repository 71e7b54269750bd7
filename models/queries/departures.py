"""People who left their family for another one: noted when it happens, because no row keeps it."""

from collections.abc import Iterable, Sequence

from sqlalchemy import BigInteger, Text, bindparam, cast, not_, select
from sqlmodel import Session

from models.queries.inserting import insert_into
from models.queries.rowsets import among, keys
from models.tables.columns import table_of
from models.tables.register import FamilyLeft, RecordRow
from sync.types import ANGGOTA, PARENT, Record

_RECORD = table_of(RecordRow)
_LEFT = table_of(FamilyLeft)


def note_departures(session: Session, desa: str, records: Sequence[Record]) -> None:
    """Note which families are left by what is about to be written, in one statement.

    Only who was ever moved can be moving now, so nearly every batch asks nothing. The highest
    number of the batch stands for all who leave in it: lists ask only what is newer than they are.
    """
    moved = [record for record in records if _was_moved(record)]
    if not moved:
        return
    family = cast(_RECORD.c.keluarga, Text)
    leaving = (
        select(
            cast(bindparam("village"), Text),
            _RECORD.c.keluarga,
            cast(bindparam("highest"), BigInteger),
        )
        .where(
            _RECORD.c.desa == bindparam("village"),
            among(session, _RECORD.c.id, "wanted"),
            not_(among(session, cast(_RECORD.c.id, Text) + " " + family, "staying")),
        )
        .group_by(_RECORD.c.keluarga)
    )
    noting = insert_into(session, _LEFT).from_select(["desa", "keluarga", "seq"], leaving)
    session.connection().execute(
        noting.on_conflict_do_update(
            index_elements=["desa", "keluarga"], set_={"seq": noting.excluded.seq}
        ),
        {
            "village": desa,
            "wanted": keys(session, [r.id for r in moved]),
            "staying": keys(session, [f"{r.id} {r.keluarga}" for r in moved]),
            "highest": max(r.seq for r in records),
        },
    )


def may_leave(records: Iterable[Record]) -> bool:
    """Could one of them leave a family with what is about to be written?"""
    return any(map(_was_moved, records))


def _was_moved(record: Record) -> bool:
    return record.entity == ANGGOTA and PARENT in record.stamps


def departures(session: Session, desas: Sequence[str]) -> dict[str, int]:
    """Family → the number at which somebody last left it, for those that somebody left."""
    statement = select(_LEFT.c.keluarga, _LEFT.c.seq).where(
        among(session, _LEFT.c.desa, "villages")
    )
    rows = session.connection().execute(statement, {"villages": keys(session, desas)})
    return {row.keluarga: int(row.seq) for row in rows}
