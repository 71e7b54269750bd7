"""The commands of `lokus round` that only look: where a village stands and what it lacks."""

from typing import Annotated

import typer

from api.cli.office import office, say, say_json, say_table
from api.cli.record import reader_of
from api.schemas.rounds import (
    CheckList,
    LateList,
    RoundView,
    VillageStandingView,
)
from api.schemas.signoff import MeetingView
from api.services.musyawarah import meeting_page
from api.services.round_checks import CULPRITS_TOLD_MAX, CheckLine, checked
from api.services.round_overview import overview
from api.services.round_pages import late_page, round_page
from models.queries.round_progress import VILLAGES_PER_PAGE_MAX
from models.queries.village_lists import LATE_SHOWN_MAX
from sync.types import Json

CULPRITS_SHOWN = 10
"""Lines on a terminal, of each check."""

Desa = Annotated[str, typer.Option(help="The village's code, ten digits.")]
PeriodName = Annotated[str, typer.Option("--period", help="The period's name, like 2026-11.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON.")]


def show(desa: Desa, period: PeriodName, as_json: AsJson = False) -> None:
    """Where a village stands: its RTs, what was frozen, the log of its round."""
    with office() as opened, opened.database.reading() as session:
        page = round_page(session, reader_of(opened), desa, period)
    if as_json:
        say_json(RoundView.model_validate(page).model_dump(mode="json"))
        return
    say(f"{desa} in {period}: {page.state}, version {page.version}")
    say_table(
        ("rt", "families", "lacking", "done", "by"),
        [
            {
                "rt": one.rt or "unknown",
                "families": str(one.families),
                "lacking": str(one.lacking),
                "done": "yes" if one.done else "no",
                "by": (one.stated_by or "-") + (" (on behalf)" if one.on_behalf else ""),
            }
            for one in page.rts
        ],
    )
    for note in page.frozen:
        what = f"signed ({note.method})" if note.is_current else "draft"
        say(f"frozen {note.frozen_at:%Y-%m-%d %H:%M} {what}: {note.hash} code {note.code}")
    for event in page.events:
        by = event.by or "-"
        why = f": {event.reason}" if event.reason else ""
        say(f"{event.n:>4}  {event.at:%Y-%m-%d %H:%M}  {event.event} by {by}{why}")


def list_rounds(
    period: PeriodName,
    area: Annotated[str, typer.Option(help="Only villages of this area.")] = "",
    as_json: AsJson = False,
) -> None:
    """Where the villages of an area stand, in numbers."""
    with office() as opened, opened.database.reading() as session:
        found = overview(
            session, reader_of(opened), period, area, after="", limit=VILLAGES_PER_PAGE_MAX
        )
    if as_json:
        views = [VillageStandingView.model_validate(one) for one in found.villages]
        say_json([view.model_dump(mode="json") for view in views])
        return
    rows = [
        {
            "desa": one.desa,
            "name": one.nama or "",
            "state": one.state,
            "families": str(one.families),
            "with outcome": str(one.done),
            "RTs done": f"{one.rts_done}/{one.rts}",
        }
        for one in found.villages
    ]
    say_table(("desa", "name", "state", "families", "with outcome", "RTs done"), rows)


def check(desa: Desa, period: PeriodName, as_json: AsJson = False) -> None:
    """What a village still lacks before its sign-off; each check names the families."""
    with office() as opened, opened.database.reading() as session:
        report = checked(session, reader_of(opened), desa, period, CULPRITS_TOLD_MAX)
    if as_json:
        say_json(CheckList.model_validate(report).model_dump(mode="json"))
        return
    say(f"{desa} in {period}: {report.state}, {report.families} families on the list")
    if report.is_ready:
        say("Every check is met.")
    for one in report.checks:
        _tell_check(one)


def agenda(desa: Desa, period: PeriodName, as_json: AsJson = False) -> None:
    """Families that the musyawarah speaks of, why, and what it decided."""
    with office() as opened, opened.database.reading() as session:
        page = meeting_page(session, reader_of(opened), desa, period)
    if as_json:
        say_json(MeetingView.model_validate(page).model_dump(mode="json"))
        return
    held = page.held_on.isoformat() if page.held_on else "not held yet"
    say(f"{desa} in {period}: {page.place or 'no place'}, {held}, {len(page.attendance)} came")
    rows = [
        {
            "family": one.family,
            "rt": one.rt or "unknown",
            "head": _text(one.name),
            "why": " ".join(one.why),
            "decision": one.decision or ("open" if one.must_be_decided else "-"),
        }
        for one in page.agenda
    ]
    say_table(("family", "rt", "head", "why", "decision"), rows)


def late(desa: Desa, period: PeriodName, as_json: AsJson = False) -> None:
    """What arrived after the village was frozen: kept, and for the next round."""
    with office() as opened, opened.database.reading() as session:
        page = late_page(session, reader_of(opened), desa, period, LATE_SHOWN_MAX)
    if as_json:
        say_json(LateList.model_validate(page).model_dump(mode="json"))
        return
    say(f"{page.total} operations came after {page.hash[:12]} was frozen.")
    rows = [
        {
            "received": f"{one.operation.received_at:%Y-%m-%d %H:%M}",
            "by": one.by or "-",
            "rt": one.operation.rt or "unknown",
            "head": _text(one.name),
            "family": one.operation.family,
            "fields": " ".join(one.operation.fields),
        }
        for one in page.operations
    ]
    say_table(("received", "by", "rt", "head", "family", "fields"), rows)


def _tell_check(one: CheckLine) -> None:
    say(f"\n{one.code.value}: {one.families} (before {one.blocks})  {one.text_en}")
    # Several people of a family, or several questions about it, are one line to go and look at.
    places = dict.fromkeys(
        (culprit.rt or "unknown", _text(culprit.name), culprit.family or "-", culprit.what)
        for culprit in one.culprits
        if culprit.family is not None or culprit.rt
    )
    columns = ("rt", "head", "family", "what")
    shown = list(places)[:CULPRITS_SHOWN]
    if shown:
        say_table(columns, [dict(zip(columns, place, strict=True)) for place in shown])
    if len(places) > len(shown):
        say(f"… and {len(places) - len(shown)} more; --json names up to {CULPRITS_TOLD_MAX}.")


def _text(name: Json) -> str:
    return name if isinstance(name, str) and name else "-"
