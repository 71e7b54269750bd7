"""`lokus quarantine`: operations that could not be merged, listed and decided."""

from collections.abc import Sequence
from typing import Annotated

import typer

from api.cli.office import Office, office, say_json, say_table
from api.cli.record import reader_of
from api.errors import AppError
from api.services.claiming import note_claims
from api.services.deputies import deputy
from api.services.quarantine_pages import QuarantineLine, listed_quarantine
from api.services.releasing import (
    RELEASED_AT_ONCE_MAX,
    ReleaseOutcome,
    ReleaseResult,
    reject,
    release,
    waiting_villages,
)
from models.queries import quarantine
from models.queries.quarantine import QUARANTINE_PER_PAGE_MAX, WAITING
from sync.operation import is_uuid
from sync.permission import Action

app = typer.Typer(help="Operations that wait for a decision.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]
By = Annotated[
    str | None, typer.Option(metavar="ACCOUNT", help="Who decides; else the supervisor.")
]
ENTRIES_PER_COMMAND_MAX = 100_000


@app.command("list")
def list_quarantine(
    desa: Annotated[str | None, typer.Option(help="Only those of this village.")] = None,
    decided: Annotated[
        bool, typer.Option("--all", help="Also those that were released or rejected.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """What waits, the oldest first."""
    with office() as opened:
        shown = [_shown(line) for line in _lines(opened, desa, None if decided else WAITING)]
    if as_json:
        say_json(shown)
        return
    columns = ("id", "desa", "account", "problem", "detail", "cause", "state", "received_at")
    say_table(columns, [{key: str(row[key] or "") for key in columns} for row in shown])


@app.command("release")
def release_entries(
    entries: Annotated[list[str] | None, typer.Argument(help="Ids of entries.")] = None,
    device: Annotated[
        str | None, typer.Option(help="All that this revoked device had still to hand over.")
    ] = None,
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Let operations in, with those that depend on them.

    What still cannot be merged goes on waiting, with the reason of today.
    """
    if bool(entries) == bool(device):
        raise AppError("value-refused", "Say the ids of entries, or --device ID.")
    with office() as opened:
        villages = _of_device(opened, device, by) if device else _chosen(opened, entries or [])
        results: list[ReleaseResult] = []
        for desa, ids in villages.items():
            for start in range(0, len(ids), RELEASED_AT_ONCE_MAX):
                chunk = ids[start : start + RELEASED_AT_ONCE_MAX]
                results += _release(opened, desa, chunk, by).results
    _tell(results, as_json)


@app.command("reject")
def reject_entry(
    entry: Annotated[str, typer.Argument(help="The entry's id.")],
    reason: Annotated[str, typer.Option(help="Why; it stays with the entry.")],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Decide that an operation is not merged, and with it what depends on it."""
    with office() as opened:
        (desa,) = _chosen(opened, [entry])
        with opened.database.writing() as session:
            reviewer = deputy(session, reader_of(opened), desa, Action.DECIDE_QUARANTINE, by=by)
            outcome = reject(session, reviewer, entry, reason)
    _tell(outcome.results, as_json)


def _release(opened: Office, desa: str, ids: Sequence[str], by: str | None) -> ReleaseOutcome:
    with opened.database.writing() as session:
        reviewer = deputy(session, reader_of(opened), desa, Action.DECIDE_QUARANTINE, by=by)
        outcome = release(session, reviewer, desa, ids)
    with opened.database.writing() as session:
        note_claims(session, outcome.niks)
    return outcome


def _chosen(opened: Office, entries: Sequence[str]) -> dict[str, list[str]]:
    """Village → entries of it."""
    villages: dict[str, list[str]] = {}
    with opened.database.reading() as session:
        for entry_id in dict.fromkeys(entries):
            found = (
                quarantine.one(session, reader_of(opened).sight, entry_id)
                if is_uuid(entry_id)
                else None
            )
            if found is None:
                raise AppError(
                    "not-found", "There is no such entry; `lokus quarantine list` shows all."
                )
            villages.setdefault(found.desa, []).append(found.id)
    return villages


def _of_device(opened: Office, device: str, by: str | None) -> dict[str, list[str]]:
    with opened.database.reading() as session:
        found = quarantine.villages_waiting(session, device)
        if not found:
            raise AppError("not-found", "Nothing waits of such a device.")
        villages: dict[str, list[str]] = {}
        for desa in found:
            reader = reader_of(opened)
            reviewer = deputy(session, reader, desa, Action.DECIDE_QUARANTINE, by=by)
            waiting = waiting_villages(session, reviewer, device, ENTRIES_PER_COMMAND_MAX)
            villages[desa] = waiting.get(desa, [])
    return villages


def _lines(opened: Office, desa: str | None, state: str | None) -> list[QuarantineLine]:
    lines: list[QuarantineLine] = []
    with opened.database.reading() as session:
        while True:
            found, total = listed_quarantine(
                session,
                reader_of(opened),
                state=state,
                desa=desa,
                limit=QUARANTINE_PER_PAGE_MAX,
                offset=len(lines),
            )
            lines += found
            if not found or len(lines) >= total:
                return lines


def _shown(line: QuarantineLine) -> dict[str, object]:
    entry = line.entry
    return {
        "id": entry.id,
        "desa": entry.desa,
        "lane": entry.lane,
        "seq": entry.lane_seq,
        "record": entry.record,
        "account": line.account_name,
        "problem": entry.problem,
        "detail": entry.detail,
        "cause": entry.cause,
        "state": entry.state,
        "reason": entry.reason,
        "received_at": entry.received_at.isoformat(timespec="seconds"),
    }


def _tell(results: Sequence[ReleaseResult], as_json: bool) -> None:
    shown = [
        {
            "id": one.id,
            "operation": f"{one.lane}:{one.lane_seq}",
            "state": one.state,
            "outcome": str(one.answer["outcome"]),
            "problem": str(one.answer.get("problem") or ""),
        }
        for one in results
    ]
    if as_json:
        say_json(shown)
    else:
        say_table(("id", "operation", "state", "outcome", "problem"), shown)
