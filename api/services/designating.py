"""Designate villages for a programme and year, and take it back: by the district's team.

Runs inside the caller's writing transaction and appends one audit entry for the whole act. Nothing
is written before every village was found, and nothing at all where nothing changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.services.acts import Act
from models.queries import designations
from models.queries.auditing import append
from models.tables.audit import NO_VILLAGE
from sync.lokus import Decree, DesignatedAs, Designation, Programme, outcome_of
from sync.values import KodeWilayah, Level

VILLAGES_PER_ACT_MAX: Final = 500
YEAR_MIN: Final = 2015
YEAR_MAX: Final = 2100
DECREE_CHARACTERS_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class DesignatedVillage:
    """What became of one village."""

    desa: str
    nama: str
    outcome: DesignatedAs
    designation: str
    """Id of the one that is open now."""


@dataclass(frozen=True, slots=True)
class RevokedVillage:
    """A village whose designation was closed; None where there was none to close."""

    desa: str
    nama: str
    designation: str | None


def designate(
    session: Session, act: Act, decree: Decree, villages: Sequence[str], *, today: date
) -> list[DesignatedVillage]:
    """Designate villages by one decree; a village that it had already stays as it is.

    Another decree's designation of the same programme and year is closed and kept. Raises
    `AppError`.
    """
    _check(decree, today)
    names = _reached(session, act, villages)
    present = designations.open_designations(session, decree.programme, decree.year, names)
    outcomes = {desa: outcome_of(present.get(desa), decree) for desa in names}
    replaced = [present[desa] for desa, one in outcomes.items() if one is DesignatedAs.REPLACED]
    reason = f"replaced by: {decree.decree}"
    designations.close_designations(session, replaced, act.now, act.actor, reason)
    added = [
        Designation(desa, act.new_id(), decree, act.now, act.actor)
        for desa, one in outcomes.items()
        if one is not DesignatedAs.SAME
    ]
    designations.add_designations(session, added)
    _note(session, act, "villages-designated", decree.programme, decree.year, added)
    standing = {**{desa: one.id for desa, one in present.items()}, **{a.desa: a.id for a in added}}
    return [
        DesignatedVillage(desa, nama, outcomes[desa], standing[desa])
        for desa, nama in names.items()
    ]


@dataclass(frozen=True, slots=True)
class Revocation:
    """What is taken back, and why."""

    programme: Programme
    year: int
    reason: str


def revoke(
    session: Session, act: Act, revocation: Revocation, villages: Sequence[str]
) -> list[RevokedVillage]:
    """Close the open designations of these villages; they stay in the history. `AppError`."""
    if not revocation.reason.strip():
        raise AppError("value-refused", "Say why it is revoked: the reason stays in the history.")
    names = _reached(session, act, villages)
    programme, year = revocation.programme, revocation.year
    present = designations.open_designations(session, programme, year, names)
    closing = list(present.values())
    designations.close_designations(session, closing, act.now, act.actor, revocation.reason.strip())
    _note(session, act, "designations-revoked", programme, year, closing)
    return [
        RevokedVillage(desa, nama, present[desa].id if desa in present else None)
        for desa, nama in names.items()
    ]


def parse_village(text: str) -> str:
    """A village's code as people write it, `18.02.21.2001`. Raises `AppError`."""
    code = KodeWilayah.parse(text)
    if code is None or code.level is not Level.DESA:
        raise AppError("area-unknown", "A village is Kemendagri's code of 10 digits, dots allowed.")
    return code.code


def _check(decree: Decree, today: date) -> None:
    if not YEAR_MIN <= decree.year <= YEAR_MAX:
        raise AppError("value-refused", f"A year lies between {YEAR_MIN} and {YEAR_MAX}.")
    name = decree.decree
    if not name or len(name) > DECREE_CHARACTERS_MAX or not name.isprintable():
        raise AppError(
            "value-refused",
            f"Name the decree in one line of at most {DECREE_CHARACTERS_MAX} characters.",
        )
    if decree.decreed_on > today:
        raise AppError("value-refused", "The decree's date has not come yet: correct the date.")
    if decree.until is not None and decree.until < decree.decreed_on:
        raise AppError("value-refused", "The last day lies before the day of the decree.")


def _reached(session: Session, act: Act, villages: Sequence[str]) -> dict[str, str]:
    """Code → name, locked. What lies out of reach is answered like what does not exist."""
    codes = sorted({parse_village(code) for code in villages})
    if not 1 <= len(codes) <= VILLAGES_PER_ACT_MAX:
        raise AppError("value-refused", f"Name 1 to {VILLAGES_PER_ACT_MAX} villages at a time.")
    reach = act.reach.areas
    inside = [
        code for code in codes if reach is None or any(code.startswith(area) for area in reach)
    ]
    names = designations.locked_villages(session, inside)
    if missing := [code for code in codes if code not in names]:
        raise AppError(
            "not-found",
            f"No village in the area of this account has the code {', '.join(missing)}: correct "
            "it, or load the table of areas. Nothing was changed.",
        )
    return names


def _note(
    session: Session,
    act: Act,
    action: str,
    programme: Programme,
    year: int,
    changed: Sequence[Designation],
) -> None:
    if changed:
        entry = act.entry(
            action,
            programme=programme.value,
            year=year,
            villages=[one.desa for one in changed],
            designations=[one.id for one in changed],
        )
        append(session, NO_VILLAGE, entry)
