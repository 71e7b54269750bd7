"""`lokus conflict`: questions for a person, listed and answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

import orjson
import typer
from sqlmodel import Session

from api.cli.office import Office, office, say, say_json, say_table
from api.cli.record import plain, reader_of
from api.errors import AppError
from api.schemas.reviewing import ConflictView
from api.services.claiming import note_claims
from api.services.conflict_pages import ClaimPage, ConflictPage, conflict_page, listed_conflicts
from api.services.deputies import deputy
from api.services.reviewers import Reviewer
from api.services.reviewing import Resolution, resolve
from models.queries.auditing import AuditEntry, append
from models.queries.conflicts import CONFLICTS_PER_PAGE_MAX
from sync.operation import is_uuid
from sync.permission import Action
from sync.policy import FIELDS, ValueType
from sync.types import ConflictState, Json

REASON_DEFAULT: Final = "decided at the command line"
SHOWN_MAX: Final = 100
"""On a terminal, if nobody says another number; a program is given all."""
_READ_AS_JSON: Final = frozenset({ValueType.BOOLEAN, ValueType.INTEGER, ValueType.NUMBER})

app = typer.Typer(help="Questions that only a person can answer.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


class Choice(StrEnum):
    """What is to be the value."""

    CURRENT = "current"
    CANDIDATE = "candidate"
    VALUE = "value"


@app.command("list")
def list_conflicts(
    desa: Annotated[str | None, typer.Option(help="Only those of this village.")] = None,
    decided: Annotated[
        bool, typer.Option("--all", help="Also those that were decided or withdrawn.")
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, help=f"Only the latest so many; {SHOWN_MAX} as text.")
    ] = None,
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Show NIK and No KK whole, not the last digits.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Open conflicts with what stands and what is proposed, the latest at the end."""
    wanted = _Wanted(desa, None if decided else ConflictState.OPEN, numbers_masked=not numbers)
    pages, total = _pages(wanted, limit or (None if as_json else SHOWN_MAX))
    if as_json:
        say_json([ConflictView.model_validate(page).model_dump(mode="json") for page in pages])
        return
    if not pages:
        say("No open conflicts." if not decided else "No conflicts.")
    if len(pages) < total:
        say(f"{total - len(pages)} older ones are not shown, see --limit and --desa.\n")
    for page in pages:
        _tell(page)


@app.command("resolve")
def resolve_conflict(  # noqa: PLR0913, PLR0917  (a parameter for each option)
    conflict: Annotated[str, typer.Argument(help="The conflict's id.")],
    choose: Annotated[Choice, typer.Option(help="Keep what stands, take a proposal, or neither.")],
    candidate: Annotated[
        int | None, typer.Option(min=1, help="Which proposal, by its number in the list.")
    ] = None,
    value: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=VALUE", help="A field of the new value.")
    ] = None,
    by: Annotated[
        str | None, typer.Option(metavar="ACCOUNT", help="Who decides; else the supervisor.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; it stays in the history.")] = REASON_DEFAULT,
    as_json: AsJson = False,
) -> None:
    """Settle a conflict in the name of a supervisor of the village."""
    with office() as opened:
        page = _page(opened, conflict)
        answer = Resolution(
            choose.value,
            reason,
            _dot(page, candidate) if choose is Choice.CANDIDATE else None,
            _typed(page, value or []) if choose is Choice.VALUE else None,
        )
        with opened.database.writing() as session:
            reviewer = _reviewer(opened, session, page.summary.desa, by)
            version = page.summary.version
            decided = resolve(session, reviewer, page.summary.id, version, answer)
        with opened.database.writing() as session:
            note_claims(session, decided.niks)
    settled = {"conflict": conflict, "state": ConflictState.RESOLVED.value, "at": decided.at}
    if as_json:
        say_json(settled)
    else:
        say(f"Conflict {conflict} is resolved; phones learn it with their next sync.")


def _reviewer(opened: Office, session: Session, desa: str, by: str | None) -> Reviewer:
    return deputy(
        session,
        reader_of(opened),
        desa,
        Action.RESOLVE_CONFLICT,
        by=by,
    )


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which conflicts, and how much of them."""

    desa: str | None
    state: ConflictState | None
    numbers_masked: bool


def _pages(wanted: _Wanted, limit: int | None) -> tuple[list[ConflictPage], int]:
    """The latest conflicts, and how many there are in all."""
    desa, state = wanted.desa, wanted.state
    pages: list[ConflictPage] = []
    with office() as opened:
        reader = reader_of(opened)
        with opened.database.reading() as session:
            _, total = listed_conflicts(session, reader, state=state, desa=desa, limit=1, offset=0)
        first = max(0, total - limit) if limit is not None else 0
        while first + len(pages) < total:
            with opened.database.reading() as session:
                found, total = listed_conflicts(
                    session,
                    reader,
                    state=state,
                    desa=desa,
                    limit=CONFLICTS_PER_PAGE_MAX,
                    offset=first + len(pages),
                )
            if not found:
                break
            ids = [one.id for one in found]
            pages += _full(opened, ids, numbers_masked=wanted.numbers_masked)
    return pages, total


def _full(
    opened: Office, conflicts: Sequence[str], *, numbers_masked: bool = False
) -> list[ConflictPage]:
    """Conflicts in full; the reading is written to the audit chains."""
    pages: list[ConflictPage] = []
    readings: dict[str, list[AuditEntry]] = {}
    with opened.database.reading() as session:
        for conflict in conflicts:
            page, reading = conflict_page(
                session, reader_of(opened), conflict, numbers_masked=numbers_masked
            )
            pages.append(page)
            readings.setdefault(page.summary.desa, []).append(reading)
    for desa, entries in readings.items():
        with opened.database.writing() as session:
            append(session, desa, *entries)
    return pages


def _page(opened: Office, conflict: str) -> ConflictPage:
    if not is_uuid(conflict):
        raise AppError(
            "value-refused", "A conflict's id is a UUID; `lokus conflict list` shows it."
        )
    (page,) = _full(opened, [conflict])
    return page


def _dot(page: ConflictPage, number: int | None) -> tuple[str, int] | None:
    if number is None:
        return None
    if number > len(page.candidates):
        raise AppError("value-refused", f"There are {len(page.candidates)} candidates.")
    chosen = page.candidates[number - 1]
    return (chosen.lane, chosen.lane_seq)


def _typed(page: ConflictPage, given: Sequence[str]) -> Mapping[str, Json]:
    """`FIELD=VALUE …` as a value of the group; an empty value clears the field."""
    typed: dict[str, Json] = {}
    fields = FIELDS[page.summary.entity]
    for one in given:
        name, equals, text = one.partition("=")
        if not equals or name not in fields:
            raise AppError("value-refused", "Say --value FIELD=VALUE with a field of the group.")
        typed[name] = None if text == "" else _read(text, fields[name].value_type)
    if not typed:
        raise AppError("value-refused", "--choose value needs at least one --value FIELD=VALUE.")
    return typed


def _read(text: str, kind: ValueType) -> Json:
    if kind not in _READ_AS_JSON:
        return text
    try:
        read: Json = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return read


def _tell(page: ConflictPage) -> None:
    summary = page.summary
    about = f"{summary.kind.value} about {summary.group} of {summary.entity} {summary.record}"
    say(f"{summary.id}  {summary.state.value}  {about}")
    say(f"  village {summary.desa}, RT {summary.rt or 'unknown'}: {page.name or 'no name'}")
    if summary.twin is not None:
        say(f"  may be the same as {summary.twin}: {page.twin_name or 'no name'}")
    rows = [_row("current", claim) for claim in page.current]
    rows += [_row(str(number), claim) for number, claim in enumerate(page.candidates, 1)]
    say_table(("choice", "value", "by", "observed", "remark"), rows)
    if page.origin is not None:
        say(f"  both started from {_shown(page.origin.value)}")
    if page.decision is not None:
        say(f"  decided: {page.decision.choice} ({page.decision.reason})")
    say("")


def _row(choice: str, claim: ClaimPage) -> dict[str, str]:
    voice = claim.voice
    remarks = []
    if voice is not None and voice.clock_suspect:
        remarks.append("clock suspect")
    if voice is not None and voice.device_forked:
        remarks.append("device forked")
    return {
        "choice": choice,
        "value": _shown(claim.value),
        "by": (voice.account_name or voice.source) if voice is not None else "unknown",
        "observed": voice.observed if voice is not None else "",
        "remark": ", ".join(remarks),
    }


def _shown(value: Mapping[str, Json]) -> str:
    if not value:
        return "nothing"
    return plain(value)
