"""`lokus period`: when villages verify, and who may do what until when."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import Annotated

import typer

from api.cli.office import office, say, say_json, say_table
from api.cli.record import reader_of
from api.errors import AppError
from api.schemas.rounds import PeriodView
from api.services.evidence import DEFAULT_PROFILE
from api.services.periods import (
    NewPeriod,
    add_period,
    extend_added,
    extend_period,
    moment_of,
    window_of,
)
from models.queries.periods import StoredPeriod, periods
from sync.permission import Role
from sync.signoff import Window

app = typer.Typer(help="Periods: windows of time for the villages' rounds.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The period's name, like 2026-11.")]
Area = Annotated[str, typer.Option(help="Kemendagri's code of the area.")]
Roles = Annotated[
    list[str] | None,
    typer.Option(
        "--role", metavar="ROLE=OPENS..CLOSES", help="A window of one role; several allowed."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


@app.command("add")
def add(  # noqa: PLR0913, PLR0917 (the parameters of a command are its options)
    period: Name,
    area: Area,
    opens: Annotated[str, typer.Option(help="A day, or a time as in RFC 3339.")],
    closes: Annotated[str, typer.Option(help="The last day, or the time at which it is over.")],
    role: Roles = None,
    profile: Annotated[
        str | None,
        typer.Option(
            help="Which evidence outcomes need: standar, tanpa-foto.",
            show_default=DEFAULT_PROFILE,
        ),
    ] = None,
    extends: Annotated[
        bool,
        typer.Option(
            "--extend", help="It is open already: let it, or the roles named, close later."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Open a period for an area, or with --extend let one that is open close later."""
    with office() as opened:
        zone = opened.settings.zone
        roles = dict(_role(one, zone) for one in role or ())
        window = window_of(opens, closes, zone)
        new = NewPeriod(period, area, window, roles, profile or DEFAULT_PROFILE)
        with opened.database.writing() as session:
            reader = reader_of(opened)
            if extends:
                stored = extend_added(session, reader, new, profile=profile)
            else:
                stored = add_period(session, reader, new)
    _tell([stored], as_json)


@app.command("extend")
def extend(
    period: Name,
    area: Area,
    closes: Annotated[str, typer.Option(help="The new last day, or time.")],
    role: Annotated[
        Role | None, typer.Option(help="Only for this role; else for all without an own window.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let a period close later."""
    with office() as opened:
        moment = moment_of(closes, opened.settings.zone, end=True)
        with opened.database.writing() as session:
            stored = extend_period(session, reader_of(opened), period, area, {role: moment})
    _tell([stored], as_json)


@app.command("list")
def list_periods(
    area: Annotated[str | None, typer.Option(help="Only those that touch this area.")] = None,
    as_json: AsJson = False,
) -> None:
    """All periods, the latest first."""
    with office() as opened, opened.database.reading() as session:
        found = periods(session, area)
    if as_json:
        say_json([_shown(one) for one in found])
    elif not found:
        say("No periods; `lokus period add` opens one.")
    else:
        _tell(found, as_json=False)


def _role(text: str, zone: tzinfo) -> tuple[Role, Window]:
    name, equals, rest = text.partition("=")
    opens, dots, closes = rest.partition("..")
    if not (equals and dots) or name not in set(Role):
        raise AppError("value-refused", "Say --role ROLE=OPENS..CLOSES, like petugas=…..…")
    return Role(name), window_of(opens, closes, zone)


def _tell(found: Sequence[StoredPeriod], as_json: bool) -> None:
    if as_json:
        say_json(_shown(found[0]))
        return
    rows = [
        {
            "period": one.id,
            "area": one.area,
            "opens": one.window.opens.isoformat(timespec="minutes"),
            "closes": one.window.closes.isoformat(timespec="minutes"),
            "own windows": " ".join(sorted(role.value for role in one.roles)) or "-",
            "profile": one.profile,
        }
        for one in found
    ]
    say_table(("period", "area", "opens", "closes", "own windows", "profile"), rows)


def _shown(one: StoredPeriod) -> dict[str, object]:
    return PeriodView.model_validate(one).model_dump(mode="json")
