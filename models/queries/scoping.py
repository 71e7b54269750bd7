"""The only place where an area becomes a condition of a query. Whatever lists rows goes through."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, false, or_, true

from sync.scope import Scope

VILLAGE_CODE_LENGTH: Final = 10


def in_areas(desa: ColumnElement[str], areas: Sequence[str]) -> ColumnElement[bool]:
    """Villages that one of the areas covers: a code covers whatever begins with it.

    No area, no rows. The empty code covers the whole country.
    """
    if not areas:
        return false()
    if "" in areas:
        return true()
    return or_(*(_within(desa, area) for area in areas))


def _within(desa: ColumnElement[str], area: str) -> ColumnElement[bool]:
    """A range rather than LIKE: it uses the key's index, and digits sort alike everywhere."""
    return desa.between(area.ljust(VILLAGE_CODE_LENGTH, "0"), area.ljust(VILLAGE_CODE_LENGTH, "9"))


def in_rts(rt: ColumnElement[str], rts: Sequence[str] | None) -> ColumnElement[bool]:
    """Rows of these RTs; ``None``: of all."""
    return true() if rts is None else rt.in_(list(rts))


@dataclass(frozen=True, slots=True)
class Sight:
    """What an account may see at one moment."""

    scope: Scope
    now: datetime

    def covers(self, desa: str, rt: str) -> bool:
        """Does a row of this RT lie inside?"""
        return self.scope.covered_at(desa, rt, self.now)

    def whole_areas(self) -> tuple[str, ...]:
        """Areas that are seen with all of their RTs."""
        open_now = (grant for grant in self.scope.grants if grant.open_at(self.now))
        return tuple(sorted({grant.kode_wilayah for grant in open_now if grant.rts is None}))


def in_sight(desa: ColumnElement[str], rt: ColumnElement[str], sight: Sight) -> ColumnElement[bool]:
    """Rows that an account may see: inside its areas, and where it is limited in its RTs.

    A row without an RT lies in whole areas only.
    """
    limited = [
        and_(in_areas(desa, [grant.kode_wilayah]), in_rts(rt, sorted(grant.rts)))
        for grant in sight.scope.grants
        if grant.rts is not None and grant.open_at(sight.now)
    ]
    return or_(in_areas(desa, sight.whole_areas()), *limited)
