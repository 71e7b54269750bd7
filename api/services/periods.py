"""Periods as the office makes them: opened for an area, extended, listed."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.services.evidence import DEFAULT_PROFILE, profile_named
from api.services.reviewers import Reviewer
from models.queries import areas, auditing, periods
from models.queries.periods import StoredPeriod
from models.tables.audit import NO_VILLAGE
from sync.permission import Action, Role
from sync.signoff import Window
from sync.types import Json
from sync.values import KodeWilayah

NAME_CHARACTERS_MAX: Final = 16
_NAME_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")


@dataclass(frozen=True, slots=True)
class NewPeriod:
    """A period to be opened; `roles` are windows of their own."""

    id: str
    area: str
    window: Window
    roles: Mapping[Role, Window] = field(default_factory=dict)
    profile: str = DEFAULT_PROFILE


def moment_of(text: str, zone: tzinfo, *, end: bool = False) -> datetime:
    """A moment from a day or an RFC 3339 time. With `end` the day itself still belongs to it.

    Raises `AppError` `value-refused`.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return _instant(text, zone)
    # A day is the kabupaten's own: it begins at its midnight, not at Greenwich's.
    midnight = datetime.combine(day + timedelta(days=1) if end else day, time(), zone)
    return midnight.astimezone(UTC)


def window_of(opens: str, closes: str, zone: tzinfo) -> Window:
    """A window from two texts. Raises `AppError` `value-refused` for one that never opens."""
    window = Window(moment_of(opens, zone), moment_of(closes, zone, end=True))
    if window.opens >= window.closes:
        raise AppError("value-refused", "A window closes after it opens.")
    return window


def add_period(session: Session, reviewer: Reviewer, new: NewPeriod) -> StoredPeriod:
    """Open a period for an area. Nobody else's period of that name may touch it."""
    name, area = new.id.strip().lower(), _area(session, reviewer, new.area)
    if not 0 < len(name) <= NAME_CHARACTERS_MAX or not _NAME_CHARACTERS.issuperset(name):
        raise AppError(
            "value-refused",
            f"A period's name has up to {NAME_CHARACTERS_MAX} of a-z, 0-9, dot and hyphen, "
            "like 2026-11.",
        )
    profile = profile_named(new.profile).name
    if overlapping := periods.overlapping(session, name, area):
        raise AppError(
            "name-taken",
            f"A period {name} covers {', '.join(overlapping[:5])} already: extend that one "
            f"(`lokus period add {name} --area {overlapping[0]} … --extend`), or give this one "
            "another name.",
        )
    stored = StoredPeriod(name, area, new.window, dict(new.roles), profile, 1)
    periods.add_period(session, stored, reviewer.now)
    _note(session, reviewer, "period-added", stored)
    return stored


def extend_period(
    session: Session,
    reviewer: Reviewer,
    period: str,
    area: str,
    closes: Mapping[Role | None, datetime],
) -> StoredPeriod:
    """Close later: the whole period (`None`) or the windows of single roles.

    A window that is only extended for one role gets a window of its own from the period's.
    """
    code = _area(session, reviewer, area)
    stored = periods.period_at(session, code, period, lock=True)
    if stored is None:
        raise AppError("not-found", "No period of that name was opened for exactly that area.")
    window, roles = stored.window, dict(stored.roles)
    for role, moment in closes.items():
        old = window if role is None else roles.get(role, window)
        if moment <= old.closes:
            raise AppError("value-refused", "It closes at that time or later already.")
        later = replace(old, closes=moment)
        if role is None:
            window = later
        else:
            roles[role] = later
    changed = replace(stored, window=window, roles=roles, version=stored.version + 1)
    periods.change_windows(session, changed, reviewer.now)
    _note(session, reviewer, "period-extended", changed)
    return changed


def extend_added(
    session: Session, reviewer: Reviewer, wished: NewPeriod, *, profile: str | None
) -> StoredPeriod:
    """Extend a period by how it would be added: what closes later does, the rest is as it was.

    `profile` is the evidence that was asked for, if any was. Raises `AppError`: `not-found` for a
    period that was never opened, `value-refused` where an opening or the evidence would change, or
    nothing closes later.
    """
    name, area = wished.id.strip().lower(), _area(session, reviewer, wished.area)
    stored = periods.period_at(session, area, name, lock=True)
    if stored is None:
        # Opened in passing, a slip of the pen in the name would be a second period.
        raise AppError(
            "not-found",
            f"No period {name} was opened for exactly {area}, so none is extended. Leave --extend "
            "out to open it.",
        )
    if profile not in {None, stored.profile}:
        raise AppError("value-refused", f"Its evidence stays what it is: {stored.profile}.")
    closes: dict[Role | None, datetime] = {}
    # Roles first: who gets a window of its own gets it from the period's as it stood.
    for role, window in (*wished.roles.items(), (None, wished.window)):
        old = stored.window if role is None else stored.roles.get(role, stored.window)
        if window.opens != old.opens:
            raise AppError(
                "value-refused",
                f"An extension moves no opening: {role or 'the period'} opens "
                f"{old.opens.isoformat()}.",
            )
        if window.closes != old.closes:
            closes[role] = window.closes
    return extend_period(session, reviewer, name, area, closes or {None: wished.window.closes})


def _area(session: Session, reviewer: Reviewer, text: str) -> str:
    code = KodeWilayah.parse(text)
    known = code is not None and areas.known_codes(session, [code.code])
    if code is None or not known:
        raise AppError("area-unknown")
    held = reviewer.sight.whole_areas()
    if not reviewer.may(Action.MANAGE_PERIODS):
        raise AppError("not-permitted")
    if not any(code.code.startswith(area) for area in held):
        # The same as for an area that is not there.
        raise AppError("area-unknown")
    return code.code


def _instant(text: str, zone: tzinfo) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise AppError(
            "value-refused", "A time is a day like 2026-11-01, or one with hours as in RFC 3339."
        ) from None
    known = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    return known.astimezone(UTC)


def _note(session: Session, reviewer: Reviewer, action: str, period: StoredPeriod) -> None:
    roles: Json = {role.value: _said(window) for role, window in sorted(period.roles.items())}
    entry = reviewer.entry(
        action,
        period=period.id,
        area=period.area,
        window=_said(period.window),
        roles=roles,
        profile=period.profile,
    )
    auditing.append(session, NO_VILLAGE, entry)


def _said(window: Window) -> Json:
    return [window.opens.isoformat(), window.closes.isoformat()]


def periods_in_sight(session: Session, reviewer: Reviewer, area: str) -> list[StoredPeriod]:
    """Periods that touch an area and the reader's own, the latest first."""
    held = reviewer.sight.scope.areas(reviewer.sight.now)
    return [
        one
        for one in periods.periods(session, area or None)
        if any(one.area.startswith(own) or own.startswith(one.area) for own in held)
    ]
