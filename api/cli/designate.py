"""`lokus designate` and `lokus designations`: which villages a programme is aimed at."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Final

import typer
from sqlmodel import Session

from api.cli.office import Office, office, say, say_json, say_table
from api.cli.record import reader_of
from api.errors import AppError
from api.schemas.growth import DesignatedView, DesignationView, RevokedView
from api.services.accounts import parse_area
from api.services.acts import Act, Reach
from api.services.designating import (
    YEAR_MAX,
    YEAR_MIN,
    Revocation,
    parse_village,
    revoke,
)
from api.services.designating import designate as designate_villages
from models.queries import accounts
from models.queries.areas import area_names
from models.queries.designations import (
    DESIGNATIONS_PER_PAGE_MAX,
    Asked,
    listed_designations,
)
from models.queries.scoping import Sight
from sync.lokus import Decree, Designation, Programme
from sync.permission import Action, Role, may

DAY: Final = ["%Y-%m-%d"]

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def designate(  # noqa: PLR0913, PLR0917 (a parameter for each option)
    villages: Annotated[
        list[str], typer.Argument(metavar="KODE...", help="Codes of villages, dots allowed.")
    ],
    programme: Annotated[Programme, typer.Option(help="What they are designated for.")],
    year: Annotated[int, typer.Option(min=YEAR_MIN, max=YEAR_MAX, help="The programme's year.")],
    decree: Annotated[str | None, typer.Option(help="The decree's name and number.")] = None,
    day: Annotated[
        datetime | None, typer.Option("--date", formats=DAY, help="The decree's day.")
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=DAY, help="The last day, if the decree names one.")
    ] = None,
    revoked: Annotated[
        bool, typer.Option("--revoke", help="Take the designation back; it stays in the history.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Why it is revoked.")] = None,
    by: Annotated[
        str | None, typer.Option(metavar="ACCOUNT", help="In whose name; else the command line's.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Designate villages for a programme and year by a decree, or with --revoke take it back.

    Repeating it changes nothing; another decree replaces the earlier one, which is kept.
    """
    codes = [parse_village(code) for code in villages]
    if revoked:
        _revoke(Revocation(programme, year, reason or ""), codes, by, as_json)
        return
    if decree is None or day is None:
        raise AppError("value-refused", 'Say by which decree: --decree "SK …" --date YYYY-MM-DD.')
    last = None if until is None else until.date()
    named = Decree(programme, year, decree.strip(), day.date(), last)
    with office() as opened, opened.database.writing() as session:
        act = _act(session, opened, by)
        done = designate_villages(session, act, named, codes, today=today_of(opened))
    if as_json:
        say_json([DesignatedView.model_validate(one).model_dump(mode="json") for one in done])
        return
    rows = [{"village": one.desa, "name": one.nama, "outcome": one.outcome.value} for one in done]
    say_table(("village", "name", "outcome"), rows)


def designations(
    area: Annotated[
        str | None, typer.Option(help="Only inside this area (2, 4, 6 or 10 digits).")
    ] = None,
    programme: Annotated[Programme | None, typer.Option(help="Only of this programme.")] = None,
    year: Annotated[int | None, typer.Option(help="Only of this year.")] = None,
    closed: Annotated[
        bool, typer.Option("--all", help="Also those that were revoked or replaced.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List designated villages; with --all the whole history."""
    code = None if area is None else parse_area(area, None).kode_wilayah
    with office() as opened:
        today = today_of(opened)
        with opened.database.reading() as session:
            found = _all(session, reader_of(opened).sight, Asked(code, programme, year, closed))
            names = area_names(session, [one.desa for one in found])
    if as_json:
        say_json([DesignationView.of(one, today).model_dump(mode="json") for one in found])
        return
    if not found:
        say("No village is designated.")
        return
    columns = ("village", "name", "programme", "year", "decree", "date", "state")
    say_table(columns, [_row(one, names.get(one.desa, ""), today) for one in found])


def today_of(opened: Office) -> date:
    """The day that it is in the district."""
    return opened.clock.now().astimezone(opened.settings.zone).date()


def _revoke(revocation: Revocation, codes: Sequence[str], by: str | None, as_json: bool) -> None:
    with office() as opened, opened.database.writing() as session:
        done = revoke(session, _act(session, opened, by), revocation, codes)
    if as_json:
        say_json([RevokedView.model_validate(one).model_dump(mode="json") for one in done])
        return
    rows = [
        {
            "village": one.desa,
            "name": one.nama,
            "outcome": "was not designated" if one.designation is None else "revoked",
        }
        for one in done
    ]
    say_table(("village", "name", "outcome"), rows)


def _act(session: Session, opened: Office, by: str | None) -> Act:
    """The command line's own act, or one in the name of an account, within its areas."""
    act = opened.act()
    if by is None:
        return act
    account = accounts.account_by_name(session, by.strip().lower())
    if account is None or account.disabled_at is not None:
        raise AppError("not-found", "No account of that name is active; see `lokus account list`.")
    if not may(Role(account.role), Action.DESIGNATE):
        raise AppError("not-permitted", "An account of that role designates no villages.")
    sight = Sight(accounts.scope_of(session, account), act.now)
    reach = Reach(areas=sight.whole_areas(), roles=frozenset())
    return Act(act.now, act.randomness, reach, actor=account.id)


def _all(session: Session, sight: Sight, asked: Asked) -> list[Designation]:
    found: list[Designation] = []
    while True:
        after = (found[-1].desa, found[-1].id) if found else None
        page = listed_designations(session, sight, asked, after=after)
        found += page
        if len(page) < DESIGNATIONS_PER_PAGE_MAX:
            return found


def _row(one: Designation, name: str, today: date) -> dict[str, str]:
    decree = one.decree
    return {
        "village": one.desa,
        "name": name,
        "programme": decree.programme.value,
        "year": str(decree.year),
        "decree": decree.decree,
        "date": decree.decreed_on.isoformat(),
        "state": _state(one, today),
    }


def _state(one: Designation, today: date) -> str:
    if not one.is_open:
        return f"closed: {one.reason}"
    if one.is_in_force(today):
        until = one.decree.until
        return "in force" if until is None else f"in force until {until}"
    return f"ended {one.decree.until}"
