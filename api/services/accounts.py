"""Add accounts, change where they may work, disable them: by the office or the command line.

Every function runs inside the caller's writing transaction, appends one audit entry, and raises
`AppError` before it has changed anything.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.passwords import PasswordTooShort, hash_password
from api.services.acts import Act
from models.queries import accounts, areas, auditing, sessions
from models.queries.accounts import Area
from models.tables.accounts import Account
from models.tables.audit import NO_VILLAGE
from sync.permission import Role
from sync.types import Json
from sync.values import KodeWilayah, Level, Rt

AREAS_PER_ACCOUNT_MAX: Final = 50
RTS_PER_AREA_MAX: Final = 200

_NAME = re.compile(r"(?!.*[0-9]{16})[a-z0-9][a-z0-9._-]{1,63}")


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an account begins with; `password_hash` comes from `hashed`.

    Without a password an account can only own devices.
    """

    name: str
    role: Role
    areas: tuple[Area, ...]
    display_name: str | None = None
    password_hash: str | None = None


def parse_area(kode_wilayah: str, rts: Sequence[str] | None) -> Area:
    """An area as people write it (`18.02.21.2001`, RTs as `3/1`). Raises `AppError`."""
    code = KodeWilayah.parse(kode_wilayah)
    if code is None:
        raise AppError(
            "area-unknown", "An area is Kemendagri's code: 2, 4, 6 or 10 digits, dots allowed."
        )
    if rts is None:
        return Area(code.code)
    if code.level is not Level.DESA:
        raise AppError("value-refused", "RTs belong to a village: its code has 10 digits.")
    parsed = [Rt.parse(rt) for rt in rts if rt.strip()]
    if not parsed or None in parsed or len(parsed) > RTS_PER_AREA_MAX:
        raise AppError(
            "value-refused",
            f"An RT is written RT/RW, like 003/001; an area takes 1 to {RTS_PER_AREA_MAX} of them.",
        )
    return Area(code.code, frozenset(rt.text for rt in parsed if rt is not None))


def add_account(session: Session, new: NewAccount, act: Act) -> Account:
    """Create an account whose name is free, in areas that the act's author looks after."""
    name = new.name.strip().lower()
    if not _NAME.fullmatch(name):
        raise AppError(
            "value-refused",
            "An account's name has 2 to 64 of a-z, 0-9, dot, hyphen and underscore, begins with a "
            "letter or digit, and is no NIK.",
        )
    _require_reach(act, new.role, new.areas)
    _require_areas(session, new.areas)
    account = Account(
        id=act.new_id(),
        name=name,
        display_name=new.display_name or name,
        role=new.role.value,
        password_hash=new.password_hash,
        created_at=act.now,
        scope_version=0,
    )
    if not accounts.add_account(session, account):
        raise AppError("name-taken")
    accounts.replace_areas(session, account.id, new.areas, _ids(act, new.areas), act.now)
    account.scope_version += 1
    _note(session, act, "account-added", account.id, role=new.role.value, areas=_said(new.areas))
    return account


def change_areas(
    session: Session, account_id: str, new_areas: tuple[Area, ...], act: Act
) -> Account:
    """Replace the open areas of an account; its phones learn it with their next sync."""
    account = managed_account(session, account_id, act)
    _require_reach(act, Role(account.role), new_areas)
    _require_areas(session, new_areas)
    if accounts.replace_areas(session, account.id, new_areas, _ids(act, new_areas), act.now):
        _note(session, act, "account-areas-changed", account.id, areas=_said(new_areas))
    return account


def disable_account(session: Session, account_id: str, act: Act) -> Account:
    """Sign somebody out everywhere for good; their phones may still hand over unsent work."""
    account = managed_account(session, account_id, act)
    if account.disabled_at is None:
        accounts.set_disabled(session, account.id, act.now)
        sessions.end_sessions_of(session, account.id)
        _note(session, act, "account-disabled", account.id)
    return account


def enable_account(session: Session, account_id: str, act: Act) -> Account:
    """Take a disabling back."""
    account = managed_account(session, account_id, act)
    if account.disabled_at is not None:
        accounts.set_disabled(session, account.id, None)
        _note(session, act, "account-enabled", account.id)
    return account


def change_password(session: Session, account_id: str, password_hash: str, act: Act) -> Account:
    """Set a password and sign the account out of all browsers. The hash comes from `hashed`."""
    account = managed_account(session, account_id, act)
    accounts.set_password(session, account.id, password_hash)
    sessions.end_sessions_of(session, account.id)
    _note(session, act, "account-password-changed", account.id)
    return account


def hashed(password: str, act: Act) -> str:
    """Hash a password: slow by design, so call it before the transaction begins.

    Raises `AppError` `value-refused` for one that is too short or too long.
    """
    try:
        return hash_password(password, act.randomness)
    except PasswordTooShort as error:
        raise AppError("value-refused", str(error)) from None


def managed_account(session: Session, account_id: str, act: Act) -> Account:
    """The account, locked, if the act's author looks after it; `not-found` otherwise."""
    account = accounts.account_by_id(session, account_id, lock=True)
    if account is None or not act.reach.manages(account.role):
        raise AppError("not-found")
    held = accounts.open_areas(session, [account.id]).get(account.id, [])
    if not act.reach.covers(held):
        raise AppError("not-found")
    return account


def _require_reach(act: Act, role: Role, wanted: Sequence[Area]) -> None:
    if not act.reach.manages(role) or not act.reach.covers(wanted):
        raise AppError(
            "not-permitted",
            "This account looks after certain roles inside its own areas only.",
            audit=act.entry("refused", code="not-permitted", tried="account-change"),
        )


def _require_areas(session: Session, wanted: Sequence[Area]) -> None:
    if not 1 <= len(wanted) <= AREAS_PER_ACCOUNT_MAX:
        raise AppError("value-refused", f"An account has 1 to {AREAS_PER_ACCOUNT_MAX} areas.")
    codes = {area.kode_wilayah for area in wanted}
    if unknown := sorted(codes - areas.known_codes(session, codes)):
        raise AppError(
            "area-unknown",
            f"The table of areas has no {', '.join(unknown)}: `lokus wilayah load FILE.csv` "
            "loads one, and a typing error is more likely.",
        )


def _ids(act: Act, wanted: Sequence[Area]) -> list[str]:
    return [act.new_id() for _ in wanted]


def _said(wanted: Sequence[Area]) -> Json:
    return [
        {"area": area.kode_wilayah, "rts": None if area.rts is None else [*sorted(area.rts)]}
        for area in wanted
    ]


def _note(session: Session, act: Act, action: str, account_id: str, **detail: Json) -> None:
    auditing.append(session, NO_VILLAGE, act.entry(action, account=account_id, **detail))
