"""Tables of filled forms, written piece by piece: as many rows as there are, a few at a time.

Each step reads some hundred forms in a transaction of its own, which is closed before their XML is
parsed and long before a slow line has taken it. What comes in meanwhile is newer than where the
reading stands, so no row is told twice and none is left out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import orjson

from api.formats.odata.fields import Field
from api.formats.odata.questions import Question, Resume, token_of
from api.formats.odata.rows import Row, form_row, repeat_rows, zulu
from api.formats.xform.submission import Node
from api.services.filled_forms import attached, files_by_name, node_of, places_of
from api.shell import Shell
from models.queries.filled import (
    ROWS_PER_STEP_MAX,
    Asked,
    Cut,
    FilledForm,
    count_filled,
    files_of_many,
    filled_forms,
)
from models.queries.numbers_of_people import number_of
from models.queries.submissions import StoredFile
from sync.types import Json

ROWS_PER_ANSWER_MAX: Final = 250_000
"""Beyond them an answer ends with `@odata.nextLink`, also where no `$top` was asked for."""
CHUNK_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Table:
    """A table that somebody asked for."""

    shell: Shell
    asked: Asked
    root: Field
    question: Question
    service: str
    """The address that everything of the form is under."""
    next_link: str
    """The address of the next page but for its token."""


def told(table: Table) -> Iterator[bytes]:
    """The answer, piece by piece. The first piece comes after the first rows were read."""
    question = table.question
    limit = ROWS_PER_ANSWER_MAX if question.top is None else question.top
    limit = min(limit, ROWS_PER_ANSWER_MAX)
    footer: Row = {"@odata.context": f"{table.service}/$metadata#{question.table}"}
    if question.wants_count:
        footer["@odata.count"] = _count(table)
    piece = bytearray(b'{"value":[')
    given, last = 0, Resume()
    for row, resume in _rows(table, limit) if limit else ():
        if given == limit:
            footer["@odata.nextLink"] = table.next_link + token_of(last)
            break
        piece += b"," if given else b""
        piece += orjson.dumps(row)
        given, last = given + 1, resume
        if len(piece) >= CHUNK_BYTES:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece) + b"]," + orjson.dumps(footer)[1:]


def told_rows(
    question: Question, root: Field, one: FilledForm, files: dict[str, StoredFile]
) -> Iterator[Row]:
    """The rows that one filled form has in a table."""
    node = node_of(one.xml)
    columns = question.columns
    if not question.is_subtable:
        row: Row = {"__id": one.instance} if columns.with_id else {}
        if columns.system:
            system = _system(root, one, node, files)
            row["__system"] = {name: system[name] for name in columns.system}
        yield row | form_row(columns.root, node, one.instance, question.style)
        return
    steps = (*question.steps[:-1], columns.root)
    for found in repeat_rows(steps, node, one.instance, question.style):
        yield {
            name: value
            for name, value in found.items()
            if (columns.with_id or name != "__id")
            and (columns.with_parent or not (name.startswith("__") and name.endswith("-id")))
        }


def _rows(table: Table, limit: int) -> Iterator[tuple[Row, Resume]]:
    """Rows from where the question begins, each with where the next page would begin."""
    question = table.question
    begin = question.resume or Resume()
    first = -1 if begin.row is None else begin.row
    to_skip = question.skip if question.is_subtable else 0
    behind = begin.skip + question.skip
    for one, files in _forms(table, limit):
        rows = told_rows(question, table.root, one, files)
        if not question.is_subtable:
            behind += 1
            resume = Resume(skip=behind) if question.order else Resume(one.place)
            yield from ((row, resume) for row in rows)
            continue
        for number, row in enumerate(rows):
            if one.place == begin.place and number <= first:
                continue
            if to_skip:
                to_skip -= 1
                continue
            yield row, Resume(one.place, number)


def _forms(table: Table, limit: int) -> Iterator[tuple[FilledForm, dict[str, StoredFile]]]:
    """Filled forms in order, a step at a time."""
    question = table.question
    begin = question.resume or Resume()
    after, including = begin.place, question.is_subtable
    skip = 0 if question.is_subtable else question.skip + begin.skip
    step = ROWS_PER_STEP_MAX if question.is_subtable else min(limit + 1, ROWS_PER_STEP_MAX)
    while True:
        cut = Cut(step, skip, after, including, question.order)
        with table.shell.database.reading() as session:
            found = filled_forms(session, table.asked, cut)
            files = files_of_many(session, places_of(found))
        for one in found:
            yield one, files_by_name(files, one)
        if len(found) < step:
            return
        if question.order:
            skip += len(found)
        else:
            after, including, skip = found[-1].place, False, 0


def _count(table: Table) -> int:
    if not table.question.is_subtable:
        with table.shell.database.reading() as session:
            return count_filled(session, table.asked)
    # Only the answers say how often something repeats, so they are all read, a step at a time.
    whole = _everything(table)
    return sum(
        sum(1 for _ in told_rows(whole.question, whole.root, one, {}))
        for one, _ in _forms(whole, ROWS_PER_ANSWER_MAX)
    )


def _everything(table: Table) -> Table:
    return replace(table, question=replace(table.question, resume=None, skip=0))


def _system(
    root: Field, one: FilledForm, node: Node | None, files: dict[str, StoredFile]
) -> dict[str, Json]:
    expected = list(attached(root, node, files))
    return {
        "submissionDate": zulu(one.received_at),
        "updatedAt": zulu(one.updated_at) if one.updated_at is not None else None,
        "submitterId": str(number_of(one.account_id)),
        "submitterName": one.account_name,
        "attachmentsPresent": sum(1 for file in expected if file.file is not None),
        "attachmentsExpected": len(expected),
        "status": "notDecrypted" if node is None else None,
        "reviewState": one.review_state,
        "deviceId": one.device_id,
        "edits": one.edits,
        "formVersion": one.current_version,
        "deletedAt": None,
    }
