"""`lokus held`: filled forms that are not in the register yet, listed and decided."""

from collections.abc import Sequence
from typing import Annotated

import typer

from api.cli.office import Office, office, say, say_json, say_table
from api.cli.record import reader_of
from api.errors import AppError
from api.services.claiming import note_claims
from api.services.deputies import deputy
from api.services.held_pages import ShownLine, listed_held
from api.services.holding import HeldDecision, reject, release
from models.queries import holding
from models.queries.holding import HELD_PER_PAGE_MAX
from models.queries.submissions import WAITING
from sync.permission import Action

app = typer.Typer(
    help="Forms from ODK Collect that wait for another one, or could not be merged.",
    no_args_is_help=True,
)

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
By = Annotated[
    str | None, typer.Option(metavar="ACCOUNT", help="Who decides; else the supervisor.")
]
LINES_PER_COMMAND_MAX = 100_000


@app.command("list")
def list_held(
    desa: Annotated[str | None, typer.Option(help="Only those of this village.")] = None,
    decided: Annotated[
        bool, typer.Option("--all", help="Also those that were released or rejected.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What waits, and for what, the oldest first."""
    with office() as opened:
        shown = [_shown(one) for one in _lines(opened, desa, None if decided else WAITING)]
    if as_json:
        say_json(shown)
        return
    columns = ("id", "desa", "rt", "account", "form", "reason", "awaits", "state", "since")
    say_table(columns, [{key: str(row[key] or "") for key in columns} for row in shown])


@app.command("release")
def release_held(
    held: Annotated[list[str], typer.Argument(help="Ids of forms.")],
    desa: Annotated[
        str | None, typer.Option(help="The village of forms that do not say one.")
    ] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Let forms in without what they wait for; what waited for them follows."""
    with office() as opened:
        _tell([_decide(opened, one, by, desa=desa) for one in held], as_json)


@app.command("reject")
def reject_held(
    held: Annotated[str, typer.Argument(help="The form's id.")],
    reason: Annotated[str, typer.Option(help="Why; its collector reads it.")],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Decide that a form is not merged. Its bytes are kept."""
    with office() as opened:
        _tell([_decide(opened, held, by, reason=reason)], as_json)


def _decide(
    opened: Office,
    held: str,
    by: str | None,
    *,
    reason: str | None = None,
    desa: str | None = None,
) -> HeldDecision:
    with opened.database.writing() as session:
        reader = reader_of(opened)
        line = holding.held_line(session, reader.sight, held)
        if line is None:
            raise AppError("not-found", "No form of that id waits; see `lokus held list`.")
        where = line.held.desa or desa or ""
        reviewer = deputy(session, reader, where, Action.DECIDE_QUARANTINE, by=by)
        if reason is not None:
            return reject(session, reviewer, held, reason)
        decided = release(session, reviewer, held, desa)
    if decided.niks:
        with opened.database.writing() as session:
            note_claims(session, decided.niks)
    return decided


def _lines(opened: Office, desa: str | None, state: str | None) -> list[ShownLine]:
    lines: list[ShownLine] = []
    with opened.database.reading() as session:
        for offset in range(0, LINES_PER_COMMAND_MAX, HELD_PER_PAGE_MAX):
            page, total = listed_held(
                session,
                reader_of(opened),
                state=state,
                desa=desa,
                limit=HELD_PER_PAGE_MAX,
                offset=offset,
            )
            lines += page
            if len(lines) >= total:
                break
    return lines


def _shown(one: ShownLine) -> dict[str, object]:
    held, stored = one.line.held, one.line.submission
    return {
        "id": held.submission,
        "desa": held.desa,
        "rt": one.line.rt,
        "account": one.account_name,
        "form": f"{stored.form_id} {stored.form_version}",
        "instance": stored.instance,
        "record": stored.record,
        "reason": held.reason,
        "awaits": held.awaits,
        "state": held.state,
        "since": held.since.isoformat(),
        "words": held.words,
    }


def _tell(decided: Sequence[HeldDecision], as_json: bool) -> None:
    if as_json:
        say_json(
            [
                {
                    "id": one.submission,
                    "state": one.state,
                    "to_be_judged": one.to_be_judged,
                    "followed": one.followed,
                }
                for one in decided
            ]
        )
        return
    for one in decided:
        more = f", {one.followed} followed" if one.followed else ""
        judged = f", {one.to_be_judged} to be judged" if one.to_be_judged else ""
        say(f"{one.submission} is {one.state}{judged}{more}.")
