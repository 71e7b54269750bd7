"""A form's tables in OData's words: its own, and one for each of its repeats."""

import re
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import quote, urlencode

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from api.central.addresses import FORM_BASE, service_url
from api.central.answers import JSON_MEDIA_TYPE, KEPT_BY_NOBODY, a_router, told
from api.central.holders import program
from api.central.pieces import begun, noted_table
from api.errors import AppError
from api.formats.odata.fields import Field, tables_of
from api.formats.odata.questions import Question, read_question
from api.formats.odata.refusals import BadQuestion
from api.formats.odata.rows import Row, parent_key
from api.routes.reading import noted
from api.security import Principal
from api.services.filled_forms import fields_of_form, files_of_one, one_filled, read_entry
from api.services.filled_tables import Table, told_rows
from api.services.filled_tables import told as told_table
from api.services.reviewers import Reviewer, reviewer_of
from api.shell import AppShell, Shell
from models.queries.filled import Asked
from sync.permission import Action
from sync.types import Json

METADATA: Final = "$metadata"
STEPS_MAX: Final = 20
_STEP: Final = re.compile(r"([^('/]+)(?:\('([^'/]+)'\))?")

Reader = Annotated[Principal, program(Action.READ_SUBMISSIONS)]

router = a_router()


@router.get(f"{FORM_BASE}.svc")
def get_service(form_id: str, shell: AppShell, _: Reader) -> Response:
    """Which tables a form has."""
    with shell.database.reading() as session:
        root = fields_of_form(session, form_id)
    service = service_url(shell.settings.public_url, form_id)
    tables = [{"name": name, "kind": "EntitySet", "url": name} for name in tables_of(root)]
    return told({"@odata.context": f"{service}/{METADATA}", "value": tables})


@router.get(f"{FORM_BASE}.svc/{{path:path}}")
def get_table(
    request: Request, form_id: str, path: str, shell: AppShell, reader: Reader
) -> Response:
    """A table, or what of it belongs to one filled form. The reading is on record."""
    if path == METADATA:
        raise BadQuestion("501.1", "This server does not describe its tables as EDMX.")
    with shell.database.reading() as session:
        root = fields_of_form(session, form_id)
    way = _way(path)
    question = read_question(root, way.table, dict(request.query_params), shell.now())
    if question is None:
        raise AppError("not-found")
    service = service_url(shell.settings.public_url, form_id)
    reviewer = reviewer_of(reader, shell)
    if way.instance is not None:
        rows = _of_one(shell, reviewer, form_id, _Single(root, question, way))
        return told(_answer(service, question, rows))
    asked = Asked(form_id, reviewer.sight, question.where)
    table = Table(shell, asked, root, question, service, _next_link(request, service, question))
    noted_table(shell, reader, form_id, question.table)
    pieces = begun(told_table(table))
    return StreamingResponse(pieces, headers=KEPT_BY_NOBODY, media_type=JSON_MEDIA_TYPE)


@dataclass(frozen=True, slots=True)
class _Way:
    """`Submissions('uuid:1')/visit('ab12')/member`: names, and which rows of them are meant."""

    names: tuple[str, ...]
    keys: tuple[str | None, ...]

    @property
    def table(self) -> str:
        return ".".join(self.names)

    @property
    def instance(self) -> str | None:
        return self.keys[0]

    @property
    def row(self) -> str | None:
        """Of the repeat around the table, where one of its rows is named."""
        return next((key for key in reversed(self.keys[1:]) if key is not None), None)


@dataclass(frozen=True, slots=True)
class _Single:
    """What was asked for of one filled form."""

    root: Field
    question: Question
    way: _Way


def _way(path: str) -> _Way:
    found = [_STEP.fullmatch(part) for part in path.split("/")[:STEPS_MAX]]
    steps = [step for step in found if step is not None]
    if len(steps) != len(found):
        raise AppError("not-found")
    return _Way(tuple(step[1] for step in steps), tuple(step[2] for step in steps))


def _of_one(shell: Shell, reviewer: Reviewer, form_id: str, single: _Single) -> list[Row]:
    question, way = single.question, single.way
    assert way.instance is not None, "asked by the caller"
    with shell.database.reading() as session:
        one = one_filled(session, reviewer, form_id, way.instance)
        files = files_of_one(session, one)
    noted(shell, one.desa, read_entry(reviewer, one))
    rows = list(told_rows(question, single.root, one, files))
    if way.row is not None:
        around = parent_key(question.steps)
        rows = [row for row in rows if row.get(around) == way.row]
    return rows


def _answer(service: str, question: Question, rows: list[Row]) -> Row:
    end = None if question.top is None else question.skip + question.top
    answer: Row = {"value": list[Json](rows[question.skip : end])}
    answer["@odata.context"] = f"{service}/{METADATA}#{question.table}"
    if question.wants_count:
        answer["@odata.count"] = len(rows)
    return answer


def _next_link(request: Request, service: str, question: Question) -> str:
    kept = [
        (name, value)
        for name, value in request.query_params.items()
        if name not in ("$skip", "$skiptoken")
    ]
    options = urlencode([*kept, ("$skiptoken", "")])
    return f"{service}/{quote(question.table)}?{options}"
