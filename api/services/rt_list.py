"""The list of a collector's own RTs, for the form that states one as done.

One CSV per collector, a line per RT: its number, the period that is open for the collector, how
many families are on the list and how many of them lack an outcome, and whether it is stated
already. These are numbers of a moment, to be looked at before one states something; what counts is
noted with the statement. It is no entity list: nothing is kept in it on the phone.
"""

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from typing import Final

from sqlmodel import Session

from api.formats.xform.mapping import RT_COLUMNS
from api.services.freezing import standing
from models.queries import periods, rounds
from models.queries.areas import area_names
from models.queries.periods import StoredPeriod
from models.queries.round_progress import rt_progress
from models.queries.scoping import Sight
from sync.permission import Role

VILLAGES_MAX: Final = 20
"""Of one list; whoever looks after more villages states RTs at a desk."""
RTS_MAX: Final = 500
PERIODS_MAX: Final = 20


def rt_list(session: Session, sight: Sight, role: Role, desas: Sequence[str]) -> bytes:
    """The list as it is now."""
    here = [desa for desa in desas if sight.scope.touches(desa, sight.now)][:VILLAGES_MAX]
    names = area_names(session, here) if len(here) > 1 else {}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("name", "label", *RT_COLUMNS))
    written = 0
    for desa in here:
        for line in _lines(session, sight, role, desa, names.get(desa) or ""):
            if written < RTS_MAX:
                writer.writerow(line)
                written += 1
    return out.getvalue().encode()


def hash_of_rt_list(content: bytes) -> str:
    """What Collect compares."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _lines(
    session: Session, sight: Sight, role: Role, desa: str, village: str
) -> Iterator[tuple[str, ...]]:
    period = _open_period(session, sight, role, desa)
    opened = standing(session, desa, period.id)[1].opened_head if period is not None else 0
    stated = rounds.rts_stated(session, desa, period.id) if period is not None else {}
    for one in rt_progress(session, sight, desa, opened):
        if not one.rt:
            continue
        lacking = str(one.families - one.done) if period is not None else ""
        said = stated.get(one.rt)
        is_stated = said is not None and said.withdrawn_at is None
        told = f"{one.families} keluarga" + (f", {lacking} belum ada hasil" if lacking else "")
        yield (
            f"{desa}:{one.rt}",
            f"RT {one.rt}{f' {village}' if village else ''}: {told}",
            desa,
            one.rt,
            period.id if period is not None else "",
            str(one.families),
            lacking,
            said.stated_at.date().isoformat() if said is not None and is_stated else "",
        )


def _open_period(session: Session, sight: Sight, role: Role, desa: str) -> StoredPeriod | None:
    """The period that is open for the role now; of several the one that opened last."""
    found = periods.covering(session, [desa], PERIODS_MAX)
    windows = ((one, one.roles.get(role, one.window)) for one in found)
    return next((one for one, window in windows if window.covers(sight.now)), None)
