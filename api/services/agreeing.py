"""Find out whether a phone holds what the server holds of an RT, and what to mend."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson
from sqlmodel import Session

from api.services.pulling import row_bytes
from models.queries import pulling
from sync.digest import PREFIX_BYTES, differing, digest
from sync.pull import Delivery
from sync.scope import VillageScope

REPAIRS_PER_ANSWER_MAX: Final = 500
"""Rows that one answer brings; the next comparison finds the rest."""


@dataclass(frozen=True, slots=True)
class Compared:
    """``ok`` is ``None`` where rows have changed that the phone cannot know yet."""

    ok: bool | None
    digest: str
    rows: tuple[orjson.Fragment, ...] = ()
    ids: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """Entries of the phone's list, base64, that name no row of this RT."""


def compare_rt(
    session: Session,
    scope: VillageScope,
    rt: str,
    *,
    told: str | None,
    at: int | None,
    held: Sequence[bytes] | None,
) -> Compared:
    """Compare one RT and bring the rows that differ from ``held`` (twelve bytes a row)."""
    versions = pulling.versions_of_rts(session, scope.desa, (rt,))[rt]
    present = digest(versions)
    if held is None:
        if at is not None and pulling.changed_rts(session, scope.desa, (rt,), at):
            return Compared(None, present)
        return Compared(None if told is None else told == present, present)
    ids, surplus = differing(versions, held)
    rows = repair_rows(session, scope, ids[:REPAIRS_PER_ANSWER_MAX])
    unknown = tuple(
        base64.b64encode(entry).decode() for entry in held if entry[:PREFIX_BYTES] in surplus
    )
    agrees = not ids and not surplus
    return Compared(agrees, present, tuple(f for _, f in rows), tuple(i for i, _ in rows), unknown)


def repair_rows(
    session: Session, scope: VillageScope, ids: Sequence[str]
) -> list[tuple[str, orjson.Fragment]]:
    """Whole current rows of those ids that lie in the scope."""
    return [
        (
            row.id,
            orjson.Fragment(
                row_bytes(row, Delivery.ALIAS if row.place.alias else Delivery.DOC, since=0)
            ),
        )
        for row in pulling.whole_rows(session, scope, ids)
    ]
