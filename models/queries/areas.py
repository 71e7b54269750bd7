"""The tree of areas: loading it, naming it, walking down to villages."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from sqlalchemy import bindparam, func, select
from sqlmodel import Session

from models.queries.inserting import insert_or_replace
from models.tables.areas import Wilayah
from models.tables.columns import table_of

VILLAGE_CODE_LENGTH: Final = 10
AREAS_PER_STATEMENT: Final = 500

_AREA = table_of(Wilayah)


def load_areas(session: Session, areas: Sequence[Mapping[str, str | None]]) -> None:
    """Insert or replace areas; each mapping has every column of `Wilayah`."""
    for start in range(0, len(areas), AREAS_PER_STATEMENT):
        insert_or_replace(session, _AREA, areas[start : start + AREAS_PER_STATEMENT])


def known_codes(session: Session, codes: Iterable[str]) -> set[str]:
    """Which of these codes are areas of the table."""
    statement = select(_AREA.c.kode).where(_AREA.c.kode.in_(sorted(set(codes))))
    return set(session.connection().execute(statement).scalars())


def area_names(session: Session, codes: Iterable[str]) -> dict[str, str]:
    """Code → name, for those that the table knows."""
    statement = select(_AREA.c.kode, _AREA.c.nama).where(_AREA.c.kode.in_(sorted(set(codes))))
    return {row.kode: row.nama for row in session.connection().execute(statement)}


def villages_under(session: Session, kode_wilayah: str, limit: int) -> list[str]:
    """Codes of the villages inside an area, the area itself included, in order of code."""
    statement = (
        select(_AREA.c.kode)
        .where(
            _AREA.c.kode.startswith(bindparam("area"), autoescape=False),
            func.length(_AREA.c.kode) == VILLAGE_CODE_LENGTH,
        )
        .order_by(_AREA.c.kode)
        .limit(limit)
    )
    return list(session.connection().execute(statement, {"area": kode_wilayah}).scalars())


def area_count(session: Session) -> int:
    """How many areas the table holds."""
    return session.connection().execute(select(func.count()).select_from(_AREA)).scalar_one()


def areas_like(
    session: Session, kode_wilayah: str
) -> list[tuple[str, str, str | None, str | None]]:
    """(code, name, BPS code, other names) of every area of the province that an area lies in."""
    statement = select(_AREA.c.kode, _AREA.c.nama, _AREA.c.kode_bps, _AREA.c.nama_lain).where(
        func.substr(_AREA.c.kode, 1, 2) == kode_wilayah[:2]
    )
    rows = session.connection().execute(statement)
    return [(row.kode, row.nama, row.kode_bps, row.nama_lain) for row in rows]
