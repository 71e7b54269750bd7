"""Files out, answers back and tasks, for the office: plain pages, forms, no JavaScript."""

from collections.abc import Callable, Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.dependencies import SESSION_COOKIE, allowed
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.formats.exports.results import shipped_words
from api.routes.exports import answered, checked_report
from api.schemas.exports import ReportView, TakenView
from api.schemas.reviewing import RecordId
from api.security import Principal
from api.services import exporting, tasks
from api.services.exporting import STATES, AskedExport, Place
from api.services.exporting_pages import export_view, taken_view
from api.services.exporting_villages import AskedVillages
from api.services.results import answers_in
from api.services.reviewers import Reviewer, reviewer_of
from api.shell import AppShell, Shell
from api.tokens import csrf_token
from api.web.exports.form_route import FormRoute, Sent, SentForm
from api.web.language import Speaking
from api.web.office import SignInFirst
from api.web.rendering import kept, page
from models.queries.areas import area_names
from models.queries.exports import WantedExports, listed_exports, report_of
from models.queries.tasks import StoredTask, WantedTasks, listed_tasks
from sync.permission import Action

EXPORTS: Final = "/kantor/ekspor"
TASKS: Final = "/kantor/tugas"
EXPORTS_SHOWN_MAX: Final = 25
TASKS_SHOWN_MAX: Final = 100
PROBLEMS_SHOWN_MAX: Final = 100
CODE_LENGTH: Final = 10

pages = APIRouter(tags=["pages"], responses=ANY_PROBLEM, route_class=SignInFirst)
forms = APIRouter(tags=["pages"], responses=ANY_PROBLEM, route_class=FormRoute)

Exporter = Annotated[Principal, allowed(Action.EXPORT)]
Recorder = Annotated[Principal, allowed(Action.RECORD_RESULT)]
TaskReader = Annotated[Principal, allowed(Action.READ_TASKS)]


@pages.get(EXPORTS, include_in_schema=False)
def exports_page(
    request: Request, shell: AppShell, principal: Exporter, language: Speaking
) -> Response:
    """What was exported, and the form for the next."""
    return page(request, "exports.html", language, _list_values(request, shell, principal))


@forms.post(EXPORTS, include_in_schema=False)
def ask_by_form(
    request: Request, shell: AppShell, principal: Exporter, language: Speaking, sent: SentForm
) -> Response:
    """Make files, or show the report that comes before them."""
    place = Place(shell.database, shell.settings, reviewer_of(principal, shell))
    try:
        asked = _asked(shell, sent)
        if sent.get("langkah") == "periksa":
            report = checked_report(place, asked)
            values = _list_values(request, shell, principal, sent, report=report)
            return page(request, "exports.html", language, values)
        with exporting.made(place, asked) as made:
            for desa in made.desas:
                with shell.database.writing() as session:
                    exporting.note_village(session, place.reviewer, made, desa)
    except AppError as refusal:
        values = _list_values(request, shell, principal, sent, refusal=refusal)
        return page(request, "exports.html", language, values, status=refusal.status)
    return RedirectResponse(f"{EXPORTS}/{made.id}{kept(request, language)}", status_code=303)


@pages.get(EXPORTS + "/{export}", include_in_schema=False)
def export_page(
    export: RecordId, request: Request, shell: AppShell, principal: Exporter, language: Speaking
) -> Response:
    """One export: its files, its report, how far it came, and what was answered."""
    values = _export_values(request, shell, principal, export)
    return page(request, "export.html", language, values)


@forms.post(EXPORTS + "/{export}/status", include_in_schema=False)
def move_by_form(
    export: RecordId,
    request: Request,
    shell: AppShell,
    principal: Recorder,
    language: Speaking,
    sent: SentForm,
) -> Response:
    """Say how far the files came."""
    reviewer = reviewer_of(principal, shell)

    def move() -> None:
        with shell.database.writing() as session:
            exporting.move(session, reviewer, export, sent.get("status"), sent.get("catatan"))

    return _done(request, shell, principal, export, move, language)


@forms.post(EXPORTS + "/{export}/hasil", include_in_schema=False)
def answer_by_form(
    export: RecordId,
    request: Request,
    shell: AppShell,
    principal: Recorder,
    language: Speaking,
    sent: SentForm,
) -> Response:
    """Read the ministry's file back, and show what it changed."""
    try:
        answers = answers_in(sent.file, shipped_words())
        taken = taken_view(answered(shell, principal, export, answers))
        values = _export_values(request, shell, principal, export, taken=taken)
    except AppError as refusal:
        if refusal.code == "not-found":
            raise
        values = _export_values(request, shell, principal, export, refusal=refusal)
        return page(request, "export.html", language, values, status=refusal.status)
    return page(request, "export.html", language, values)


@pages.get(TASKS, include_in_schema=False)
def tasks_page(
    request: Request, shell: AppShell, principal: TaskReader, language: Speaking
) -> Response:
    """What the ministry sent back, RT by RT."""
    with shell.database.reading() as session:
        sight = reviewer_of(principal, shell).sight
        found, total = listed_tasks(session, sight, WantedTasks(), limit=TASKS_SHOWN_MAX)
        names = area_names(session, {one.desa for one in found})
    shown = [_task(one, names) for one in found]
    values = {**_frame(request), "tasks": shown, "total": total, "path": TASKS}
    return page(request, "tasks.html", language, values)


@forms.post(TASKS + "/{task}/selesai", include_in_schema=False)
def close_by_form(
    task: RecordId,
    request: Request,
    shell: AppShell,
    principal: TaskReader,
    language: Speaking,
    sent: SentForm,
) -> Response:
    """Say that a task is done; if somebody else has said so, nothing more happens."""
    try:
        with shell.database.writing() as session:
            reviewer = reviewer_of(principal, shell)
            tasks.close(session, reviewer, task, sent.get("catatan")[:500])
    except AppError as refusal:
        if refusal.code != "already-decided":
            raise
    return RedirectResponse(TASKS + kept(request, language), status_code=303)


def _done(
    request: Request,
    shell: Shell,
    principal: Principal,
    export: str,
    act: Callable[[], None],
    language: Speaking,
) -> Response:
    """Do it and show the export; with a refusal, the page says why."""
    try:
        act()
    except AppError as refusal:
        if refusal.code == "not-found":
            raise
        values = _export_values(request, shell, principal, export, refusal=refusal)
        return page(request, "export.html", language, values, status=refusal.status)
    return RedirectResponse(f"{EXPORTS}/{export}{kept(request, language)}", status_code=303)


def _asked(shell: Shell, sent: Sent) -> AskedExport:
    """What the form asks for: a village's code, or that of an area."""
    code = sent.get("wilayah").replace(".", "")
    is_village = len(code) == CODE_LENGTH
    villages = AskedVillages(
        sent.get("periode").lower(),
        (code,) if is_village else (),
        "" if is_village else code,
        draft=bool(sent.get("draf")),
    )
    profile = exporting.profile_named(shell.settings, sent.get("profil"))
    return AskedExport(profile, villages, for_excel=bool(sent.get("excel")))


def _frame(request: Request) -> dict[str, object]:
    return {"signed_in": True, "form": csrf_token(request.cookies.get(SESSION_COOKIE, ""))}


def _list_values(
    request: Request,
    shell: Shell,
    principal: Principal,
    sent: Sent | None = None,
    *,
    report: ReportView | None = None,
    refusal: AppError | None = None,
) -> dict[str, object]:
    with shell.database.reading() as session:
        reviewer = reviewer_of(principal, shell)
        found, total = listed_exports(
            session, reviewer.sight, WantedExports(), limit=EXPORTS_SHOWN_MAX
        )
        names = area_names(session, {one.desa for one in found})
    known = exporting.profiles(shell.settings).values()
    return {
        **_frame(request),
        "profiles": [one.profile for one in known],
        "exports": found,
        "names": names,
        "total": total,
        "sent": sent or Sent({"wilayah": _own_village(reviewer)}),
        "report": report,
        "problems": report.problems[:PROBLEMS_SHOWN_MAX] if report else [],
        "refusal": refusal,
        "path": EXPORTS,
    }


def _own_village(reviewer: Reviewer) -> str:
    """The one area of an operator is what they ask for; nobody types ten digits for nothing."""
    held = reviewer.sight.whole_areas()
    return held[0] if len(held) == 1 else ""


def _export_values(
    request: Request,
    shell: Shell,
    principal: Principal,
    export: str,
    *,
    taken: TakenView | None = None,
    refusal: AppError | None = None,
) -> dict[str, object]:
    with shell.database.reading() as session:
        reviewer = reviewer_of(principal, shell)
        parts = exporting.found_export(session, reviewer, export)
        view = export_view(session, parts)
        problems = report_of(session, reviewer.sight, export)
        names = area_names(session, [one.desa for one in parts])
    return {
        **_frame(request),
        "export": view,
        "names": names,
        "problems": problems[:PROBLEMS_SHOWN_MAX],
        "problems_total": len(problems),
        "next_states": sorted(STATES[view.state]),
        "taken": taken,
        "refusal": refusal,
        "path": f"{EXPORTS}/{export}",
    }


def _task(task: StoredTask, names: Mapping[str, str]) -> Mapping[str, object]:
    return {
        "id": task.id,
        "village": names.get(task.desa, task.desa),
        "rt": task.rt,
        "program": task.program,
        "keluarga": task.keluarga,
        "words": task.words,
        "since": task.created_at,
    }
