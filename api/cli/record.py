"""`lokus record show`: one record, and everything that was ever said about it."""

from collections.abc import Mapping
from typing import Annotated, Final

import typer
from sqlmodel import Session

from api.cli.office import Office, office, say, say_json, say_table
from api.errors import AppError
from api.schemas.reviewing import HistoryEntryView, RecordView
from api.services.histories import HistoryEntry, history_of
from api.services.keying_in import PAPER_SOURCE
from api.services.record_pages import RecordPage, record_page
from api.services.reviewers import Reviewer, reader_of_operator
from models.queries.auditing import AuditEntry, append
from sync.growth import NOTE_EN, FamilyGrowth
from sync.operation import is_uuid
from sync.types import Json

HISTORY_ENTRIES_MAX: Final = 10_000

app = typer.Typer(help="Records and their history.", no_args_is_help=True)


@app.callback()
def record() -> None:
    """Records and their history."""


@app.command("show")
def show(
    record: Annotated[str, typer.Argument(help="The record's id, or one merged into another.")],
    history: Annotated[
        bool, typer.Option("--history", help="Also every value that was ever entered.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Show a record in full. The reading is written to the audit chain."""
    if not is_uuid(record):
        raise AppError("value-refused", "A record's id is a UUID in lower case.")
    with office() as opened:
        reader = reader_of(opened)
        with opened.database.reading() as session:
            page, reading = record_page(session, reader, record)
            entries, *more = _history(session, reader, record) if history else ((),)
        with opened.database.writing() as session:
            append(session, page.desa, reading, *more)
    if as_json:
        told: dict[str, object] = RecordView.model_validate(page).model_dump(mode="json")
        if history:
            told["history"] = [
                HistoryEntryView.model_validate(one).model_dump(mode="json") for one in entries
            ]
        say_json(told)
        return
    _tell(page)
    if history:
        _tell_history(entries)


def reader_of(opened: Office) -> Reviewer:
    """Whoever sits at this command line, who sees everything."""
    return reader_of_operator(opened.settings, opened.clock.now(), opened.randomness)


def _history(
    session: Session, reader: Reviewer, record: str
) -> tuple[tuple[HistoryEntry, ...], AuditEntry]:
    found, reading = history_of(session, reader, record, limit=HISTORY_ENTRIES_MAX, offset=0)
    return found.entries, reading


def _tell(page: RecordPage) -> None:
    say(f"{page.entity} {page.id}")
    say(f"village {page.desa}, RT {page.rt or 'unknown'}, version {page.seq}")
    if page.alias is not None:
        say(f"merged into {page.alias}")
    if page.end is not None:
        say(f"closed: {plain(page.end)}")
    if page.review:
        say(f"under review: {', '.join(page.review)}")
    say("")
    say_table(
        ("field", "value"),
        [{"field": name, "value": plain(value)} for name, value in sorted(page.fields.items())],
    )
    if page.beneath:
        say("")
        columns = ("id", "entity", "name")
        say_table(
            columns,
            [{"id": b.id, "entity": b.entity, "name": plain(b.name)} for b in page.beneath],
        )
    if page.growth is not None and page.growth.children:
        say(f"berisiko stunting: {_at_risk(page.growth)}")
    for finding in page.findings:
        say(f"{finding.severity}: {finding.message_en} ({finding.field}, {finding.record_id})")
    for conflict in page.conflicts:
        say(f"open conflict {conflict.id} about {conflict.group}: `lokus conflict list` shows it")


def _at_risk(growth: FamilyGrowth) -> str:
    said = {True: "yes", False: "no", None: "not known"}[growth.berisiko_stunting]
    counts = f"{growth.children} up to 60 months old, {growth.judged} judged by height"
    return f"{said}; children at risk {growth.at_risk} ({counts}). {NOTE_EN}"


def _tell_history(entries: tuple[HistoryEntry, ...]) -> None:
    say("")
    columns = ("captured", "by", "operation", "outcome", "said")
    say_table(columns, [_line(entry) for entry in entries])


def _line(entry: HistoryEntry) -> dict[str, str]:
    said = {key: value for key, value in entry.sent.items() if key in _SAID}
    return {
        "captured": entry.voice.captured_at.isoformat(timespec="minutes"),
        "by": _by(entry),
        "operation": f"{entry.kind or 'unreadable'} {entry.voice.lane}:{entry.voice.seq}",
        "outcome": entry.outcome.value,
        "said": plain(said),
    }


def _by(entry: HistoryEntry) -> str:
    """Who said it; what an operator typed from a worksheet is the RT head's word, and marked."""
    name = entry.voice.account_name or entry.voice.source
    return f"{name} (on paper)" if entry.voice.source == PAPER_SOURCE else name


_SAID: Final = frozenset({"set", "add", "remove", "end", "date", "parent", "resolve", "unreadable"})


def plain(value: "Json | Mapping[str, Json]") -> str:
    """A value as people read it, and as they would type it: `name=value, name=value`."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={plain(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return "[" + ", ".join(plain(inner) for inner in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
