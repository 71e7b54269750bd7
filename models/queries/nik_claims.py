"""Who bears a NIK in which village, without the number: the one list that crosses villages.

It is written after a village's own transaction and only ever grows. A claim says where to look,
not what is true now: whoever bears the NIK no longer is recognised by a look at the record.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, func, select
from sqlmodel import Session

from models.queries.inserting import insert_missing
from models.queries.rowsets import among, keys
from models.queries.scoping import in_areas
from models.sealing import vault_of
from models.tables.columns import table_of
from models.tables.register import NikClaim
from sync.types import Record
from sync.workspace import natural_key

SHARED_PER_PAGE_MAX: Final = 200

_CLAIM = table_of(NikClaim)


@dataclass(frozen=True, slots=True)
class NikBearer:
    """One record that bore a NIK when it was last noted."""

    natural_key: str
    desa: str
    record: str


def add_claims(session: Session, records: Iterable[Record]) -> None:
    """Note the NIK that each of these persons bears."""
    vault = vault_of(session)
    rows = [
        {"natural_key": vault.natural_key(number), "desa": record.desa, "record": record.id}
        for record in records
        if (number := natural_key(record)) is not None
    ]
    insert_missing(session, _CLAIM, rows)


def shared_between_villages(
    session: Session, areas: Sequence[str], *, limit: int, offset: int = 0
) -> list[list[NikBearer]]:
    """NIKs that were noted in more than one village of the areas, each with its bearers."""
    inside = in_areas(_CLAIM.c.desa, areas)
    shared = (
        select(_CLAIM.c.natural_key)
        .where(inside)
        .group_by(_CLAIM.c.natural_key)
        .having(func.count(_CLAIM.c.desa.distinct()) > 1)
        .order_by(_CLAIM.c.natural_key)
        .limit(min(limit, SHARED_PER_PAGE_MAX))
        .offset(offset)
    )
    connection = session.connection()
    wanted = list(connection.execute(shared).scalars())
    groups: dict[str, list[NikBearer]] = {key: [] for key in wanted}
    rows = connection.execute(
        select(_CLAIM)
        .where(among(session, _CLAIM.c.natural_key, "wanted"), inside)
        .order_by(_CLAIM.c.natural_key, _CLAIM.c.desa, _CLAIM.c.record),
        {"wanted": keys(session, wanted)},
    )
    for row in rows:
        groups[row.natural_key].append(NikBearer(row.natural_key, row.desa, row.record))
    return list(groups.values())


def claimed(session: Session, desa: str, natural_keys: Iterable[str]) -> set[tuple[str, str]]:
    """Which (key, record) of a village are noted, for these keys."""
    rows = session.connection().execute(
        select(_CLAIM.c.natural_key, _CLAIM.c.record).where(
            _CLAIM.c.desa == bindparam("village"),
            among(session, _CLAIM.c.natural_key, "wanted"),
        ),
        {"village": desa, "wanted": keys(session, set(natural_keys))},
    )
    return {(row.natural_key, row.record) for row in rows}
