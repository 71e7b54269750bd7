"""Answers of any length: their first piece before anything is said, and who asked on record."""

from collections.abc import Iterator
from itertools import chain

from api.security import Principal
from api.services.submitting_places import VILLAGE_CODE_LENGTH
from api.shell import Shell
from models.queries.auditing import AuditEntry, append
from models.tables.audit import NO_VILLAGE


def begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces, the first one made by now: what is refused has to be told by a status."""
    return chain([next(pieces)], pieces)


def noted_table(shell: Shell, reader: Principal, form_id: str, table: str) -> None:
    """Put on record who reads which table, before the first row of it leaves."""
    entry = AuditEntry(
        at=shell.now(),
        action="submissions-read",
        actor=reader.account_id,
        detail={"form": form_id, "table": table},
    )
    areas = reader.scope.areas(shell.now())
    alone = len(areas) == 1 and len(areas[0]) == VILLAGE_CODE_LENGTH
    with shell.database.writing() as session:
        append(session, areas[0] if alone else NO_VILLAGE, entry)
