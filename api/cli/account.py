"""`lokus account`: who may work with the register, and where."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from sqlmodel import Session

from api.cli.office import Office, office, say, say_json, say_table
from api.errors import AppError
from api.services.accounts import (
    NewAccount,
    add_account,
    change_areas,
    change_password,
    disable_account,
    enable_account,
    hashed,
    parse_area,
)
from api.services.pins import hashed_pin, set_pin
from models.queries import accounts
from models.queries.accounts import ACCOUNTS_PER_PAGE_MAX, Area
from models.tables.accounts import Account
from sync.permission import Role

app = typer.Typer(help="Accounts and their areas.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The account's name, as typed at the login.")]
More = Annotated[
    list[str] | None, typer.Argument(metavar="[RT]...", help="More RTs after --rt.", hidden=True)
]
Areas = Annotated[
    list[str] | None,
    typer.Option("--area", help="Kemendagri's code of an area (2, 4, 6 or 10 digits)."),
]
Rts = Annotated[
    list[str] | None,
    typer.Option("--rt", help="RT/RW like 003/001, several allowed; without it the whole area."),
]
Password = Annotated[
    str | None,
    typer.Option(help="The password. Others on this machine may see it while this runs."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


@app.command("add")
def add(  # noqa: PLR0913, PLR0917 (the parameters of a command are its options)
    name: Name,
    role: Annotated[Role, typer.Option(help="What the account is in the programme.")],
    area: Areas = None,
    rt: Rts = None,
    more: More = None,
    display_name: Annotated[str | None, typer.Option(help="The person's name.")] = None,
    password: Password = None,
    as_json: AsJson = False,
) -> None:
    """Add an account. Without a password it can own phones, but not sign in in a browser."""
    areas = _areas(area or [], rt, more)
    with office() as opened:
        act = opened.act()
        password_hash = None if password is None else hashed(password, act)
        new = NewAccount(name, role, areas, display_name, password_hash)
        with opened.database.writing() as session:
            account = add_account(session, new, act)
    _tell(account, "added", as_json)


@app.command("scope")
def scope(
    name: Name,
    area: Areas = None,
    rt: Rts = None,
    more: More = None,
    as_json: AsJson = False,
) -> None:
    """Replace the areas of an account, or with --rt alone the RTs of its one area."""
    with office() as opened, opened.database.writing() as session:
        account = _found(session, name)
        codes = area or _only_area(session, account)
        if not area and not rt:
            raise AppError("value-refused", "Say --rt 003/001 … or --area CODE, or both.")
        changed = change_areas(session, account.id, _areas(codes, rt, more), opened.act())
    _tell(changed, "has new areas; its phones hear of it with their next sync", as_json)


@app.command("disable")
def disable(name: Name, as_json: AsJson = False) -> None:
    """Disable an account: no login, no reading; unsent work may still be handed over."""
    with office() as opened, opened.database.writing() as session:
        account = disable_account(session, _found(session, name).id, opened.act())
    _tell(account, "disabled", as_json)


@app.command("enable")
def enable(name: Name, as_json: AsJson = False) -> None:
    """Take a disabling back."""
    with office() as opened, opened.database.writing() as session:
        account = enable_account(session, _found(session, name).id, opened.act())
    _tell(account, "enabled", as_json)


@app.command("password")
def password(name: Name, password: Password = None, as_json: AsJson = False) -> None:
    """Set a password, asked for on a terminal or read from standard input if not given."""
    with office() as opened:
        chosen = _asked() if password is None else password
        act = opened.act()
        password_hash = hashed(chosen, act)
        with opened.database.writing() as session:
            account = change_password(session, _found(session, name).id, password_hash, act)
    _tell(account, "has a new password and was signed out everywhere", as_json)


@app.command("pin")
def pin(name: Name, as_json: AsJson = False) -> None:
    """Set the PIN a village head signs with: asked for, or read from standard input."""
    chosen = _asked("New PIN, six digits")
    with office() as opened:
        with opened.database.reading() as session:
            account = _found(session, name)
        secret, act = opened.settings.secret, opened.act()
        pin_hash = hashed_pin(secret, account.id, chosen, opened.randomness)
        with opened.database.writing() as session:
            set_pin(session, account, pin_hash, act)
    _tell(account, "has a new PIN", as_json)


@app.command("list")
def list_accounts(area: Areas = None, as_json: AsJson = False) -> None:
    """All accounts, or with --area those that work inside an area."""
    codes = None if area is None else [parse_area(code, None).kode_wilayah for code in area]
    with office() as opened:
        listed = _all(opened, codes)
    if as_json:
        say_json([_shown(account, held) for account, held in listed])
        return
    rows = [
        {
            "name": account.name,
            "role": account.role,
            "areas": " ".join(map(_said, held)),
            "state": _state(account),
        }
        for account, held in listed
    ]
    say_table(("name", "role", "areas", "state"), rows)


def _all(opened: Office, codes: Sequence[str] | None) -> list[tuple[Account, list[Area]]]:
    listed: list[tuple[Account, list[Area]]] = []
    with opened.database.reading() as session:
        while True:
            after = listed[-1][0].name if listed else ""
            page = accounts.accounts_within(
                session, codes, after=after, limit=ACCOUNTS_PER_PAGE_MAX
            )
            held = accounts.open_areas(session, [account.id for account in page])
            listed += [(account, held.get(account.id, [])) for account in page]
            if len(page) < ACCOUNTS_PER_PAGE_MAX:
                return listed


def _shown(account: Account, held: Sequence[Area]) -> dict[str, object]:
    return {
        "id": account.id,
        "name": account.name,
        "role": account.role,
        "areas": [
            {"area": area.kode_wilayah, "rt": None if area.rts is None else sorted(area.rts)}
            for area in held
        ],
        "state": _state(account),
        "has_password": account.password_hash is not None,
        "scope_version": account.scope_version,
    }


def _state(account: Account) -> str:
    return "active" if account.disabled_at is None else "disabled"


def _said(area: Area) -> str:
    rts = "" if area.rts is None else ":" + ",".join(sorted(area.rts))
    return area.kode_wilayah + rts


def _tell(account: Account, what: str, as_json: bool) -> None:
    if as_json:
        say_json({"id": account.id, "name": account.name, "role": account.role})
    else:
        say(f"{account.name} ({account.role}) {what}")


def _found(session: Session, name: str) -> Account:
    account = accounts.account_by_name(session, name.strip().lower())
    if account is None:
        raise AppError("not-found", "No account has that name; `lokus account list` shows all.")
    return account


def _only_area(session: Session, account: Account) -> list[str]:
    held = accounts.open_areas(session, [account.id]).get(account.id, [])
    codes = sorted({area.kode_wilayah for area in held})
    if len(codes) != 1:
        raise AppError(
            "value-refused", f"{account.name} has {len(codes)} areas: say --area CODE as well."
        )
    return codes


def _areas(
    codes: Sequence[str], rt: Sequence[str] | None, more: Sequence[str] | None
) -> tuple[Area, ...]:
    """`--rt 003/001 004/001`, `--rt 003/001,004/001` and a repeated `--rt` mean the same."""
    if more and not rt:
        raise AppError("value-refused", "What follows the name is not understood without --rt.")
    if not codes:
        raise AppError("value-refused", "Say where the account works: --area CODE.")
    if rt and len(codes) > 1:
        raise AppError("value-refused", "RTs belong to one village: give --rt with one --area.")
    rts = [one for text in [*(rt or []), *(more or [])] for one in text.split(",")]
    return tuple(parse_area(code, rts or None) for code in codes)


def _asked(what: str = "New password") -> str:
    if sys.stdin.isatty():
        return str(typer.prompt(what, hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
