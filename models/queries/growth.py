"""Children whose growth is followed, with everything that was measured of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import orjson
from sqlalchemy import bindparam, select, true
from sqlmodel import Session

from models.queries.documents import day, raw_value
from models.queries.ranking import is_young, still_here
from models.queries.rowsets import among, keys
from models.queries.scoping import Sight, in_rts, in_sight
from models.sealing import vault_of
from models.tables.columns import table_of
from models.tables.register import RecordRow
from sync.types import KELUARGA, PENGUKURAN, Json

CHILDREN_PER_VILLAGE_MAX: Final = 20_000
"""Far beyond any village; a list is filtered and paged after it was judged."""

_RECORD = table_of(RecordRow)
_CHILD = _RECORD.alias("child")
_FAMILY = _RECORD.alias("family")


@dataclass(frozen=True, slots=True)
class ChildRow:
    """A young person on record, and the head of the family."""

    id: str
    rt: str
    keluarga: str
    doc: Mapping[str, Json]
    head: Json


def young_children(
    session: Session, sight: Sight, desa: str, rt: str | None, today: date
) -> list[ChildRow]:
    """Persons of a village who may be children of up to 60 months, by RT and id.

    Birth dates are compared as text: ask `sync.growth.is_followed` about each.
    """
    statement = (
        select(
            _CHILD.c.id, _CHILD.c.rt, _CHILD.c.keluarga, _CHILD.c.doc, _FAMILY.c.doc.label("home")
        )
        .join(_FAMILY, (_FAMILY.c.desa == _CHILD.c.desa) & (_FAMILY.c.id == _CHILD.c.keluarga))
        .where(
            _CHILD.c.desa == desa,
            is_young(session, _CHILD, today),
            in_sight(_CHILD.c.desa, _CHILD.c.rt, sight),
            true() if rt is None else in_rts(_CHILD.c.rt, [rt]),
            _FAMILY.c.entity == KELUARGA,
            _FAMILY.c.alias.is_(None),
            still_here(session, _FAMILY),
        )
        .order_by(_CHILD.c.rt, _CHILD.c.id)
        .limit(CHILDREN_PER_VILLAGE_MAX)
    )
    vault = vault_of(session)
    return [
        ChildRow(
            row.id,
            row.rt,
            row.keluarga,
            orjson.loads(vault.open(row.doc)),
            orjson.loads(vault.open(row.home)).get("nama_kepala_keluarga"),
        )
        for row in session.connection().execute(statement)
    ]


def measurements_of(
    session: Session, desa: str, children: Collection[str]
) -> dict[str, Sequence[Mapping[str, Json]]]:
    """Child → what was measured of it, the oldest first; nothing for who never was."""
    statement = (
        select(_RECORD.c.parent, _RECORD.c.doc)
        .where(
            _RECORD.c.desa == bindparam("village"),
            _RECORD.c.entity == PENGUKURAN,
            _RECORD.c.alias.is_(None),
            _RECORD.c.end_reason.is_(None),
            among(session, _RECORD.c.parent, "wanted"),
        )
        .order_by(day(raw_value(session, _RECORD.c.doc, "tanggal")), _RECORD.c.created_seq)
    )
    wanted = {"village": desa, "wanted": keys(session, children)}
    found: dict[str, list[Mapping[str, Json]]] = {}
    for row in session.connection().execute(statement, wanted):
        found.setdefault(row.parent, []).append(orjson.loads(row.doc))
    return dict(found)
