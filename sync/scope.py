"""Which families may this account see: a pure question about areas and neighbourhoods.

An area is Kemendagri's code without dots (2, 4, 6 or 10 digits), so an area covers another
if and only if its code is a prefix. A collector's grant also names RTs, written ``"003/001"``
(RT/RW). Grants are never deleted: a closed one still tells what an account was allowed to see
at the time when a family was visited, which may be weeks before the phone finds a signal.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

SCOPE_STALE_MAX = timedelta(days=14)
"""How long after its capture an operation for a lost RT is still merged."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One area of one account, open from ``since`` until ``until`` (``None``: still open)."""

    kode_wilayah: str
    rts: frozenset[str] | None
    """``None``: every RT of the area."""
    since: datetime
    until: datetime | None = None

    def covers(self, desa: str, rt: str) -> bool:
        return desa.startswith(self.kode_wilayah) and (self.rts is None or rt in self.rts)

    def open_at(self, moment: datetime) -> bool:
        return self.since <= moment and (self.until is None or moment < self.until)


@dataclass(frozen=True, slots=True)
class VillageScope:
    """What an account may see of one village. ``rts=None``: all of it; empty: nothing."""

    desa: str
    rts: frozenset[str] | None

    def covers(self, rt: str) -> bool:
        return self.rts is None or rt in self.rts


@dataclass(frozen=True, slots=True)
class Scope:
    """All grants of an account, past and present."""

    grants: tuple[Grant, ...]
    version: int = 0

    def village(self, desa: str, now: datetime) -> VillageScope:
        """The present scope inside one village."""
        rts: set[str] = set()
        for grant in self.grants:
            if not grant.open_at(now) or not desa.startswith(grant.kode_wilayah):
                continue
            if grant.rts is None:
                return VillageScope(desa, None)
            rts |= grant.rts
        return VillageScope(desa, frozenset(rts))

    def areas(self, now: datetime) -> tuple[str, ...]:
        """Codes of the areas that are open now, each once, in order."""
        return tuple(sorted({grant.kode_wilayah for grant in self.grants if grant.open_at(now)}))

    def touches(self, desa: str, now: datetime) -> bool:
        """Is any part of this village (or area) inside the scope?"""
        return any(g.open_at(now) and desa.startswith(g.kode_wilayah) for g in self.grants)

    def covered_at(self, desa: str, rt: str, moment: datetime) -> bool:
        """Was this neighbourhood inside the scope at that moment?"""
        return any(g.covers(desa, rt) and g.open_at(moment) for g in self.grants)
