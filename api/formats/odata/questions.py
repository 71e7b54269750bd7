"""The query options of an OData request, read into values."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import orjson

from api.formats.odata.fields import REPEAT, TABLE, Field, pruned, steps_to
from api.formats.odata.filters import parse_filter, property_named
from api.formats.odata.refusals import BadQuestion
from api.formats.odata.rows import Style, parent_key
from models.queries.filled import Place
from models.queries.filled_filters import Filter, Property
from sync.operation import is_uuid

NUMBER_DIGITS_MAX: Final = 9
RESUME_CHARACTERS_MAX: Final = 300
RESUME_BEGINNING: Final = "01"
SYSTEM: Final = (
    "submissionDate", "updatedAt", "submitterId", "submitterName", "attachmentsPresent",
    "attachmentsExpected", "status", "reviewState", "deviceId", "edits", "formVersion",
    "deletedAt",
)  # fmt: skip
"""What the server knows of a filled form, in Central's order."""
_ORDERS: Final[Mapping[str, bool]] = {"": False, "asc": False, "desc": True}
"""Word → does it descend?"""


@dataclass(frozen=True, slots=True)
class Resume:
    """Where the next page begins: behind a filled form, or behind a row of its repeat."""

    place: Place | None = None
    row: int | None = None
    skip: int = 0
    """Where somebody chose the order, so many rows are behind us."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What of a row was asked for."""

    root: Field
    """Its questions; of a repeat's table the last step."""
    system: tuple[str, ...]
    with_id: bool = True
    with_parent: bool = True


@dataclass(frozen=True, slots=True)
class Question:
    """One request for a table."""

    table: str
    steps: tuple[Field, ...]
    columns: Columns
    style: Style
    where: Filter | None
    order: tuple[tuple[Property, bool], ...]
    top: int | None
    skip: int
    resume: Resume | None
    wants_count: bool

    @property
    def is_subtable(self) -> bool:
        return bool(self.steps)


def read_question(
    root: Field, table: str, options: Mapping[str, str], now: datetime
) -> Question | None:
    """The question; nothing where the form has no such table. Raises `BadQuestion`."""
    steps = steps_to(root, table)
    if steps is None:
        return None
    expand, select = options.get("$expand"), options.get("$select")
    if expand is not None and expand != "*":
        raise BadQuestion(
            "501.6", 'Of $expand only "$expand=*" is supported, which expands every repeat.'
        )
    if expand is not None and select is not None:
        raise BadQuestion("501.11", "$select and $expand cannot be used together.")
    text = options.get("$filter")
    where = parse_filter(text, now, subtable=bool(steps)) if text is not None else None
    order = _order(options.get("$orderby"))
    if order and steps:
        raise BadQuestion("501.1", "$orderby is supported for the table Submissions alone.")
    token = options.get("$skiptoken")
    resume = _resumed(token) if token is not None else None
    top = _number(options, "$top")
    return Question(
        table=table,
        steps=steps,
        columns=_columns(root, steps, select),
        style=Style(expand is not None, _is_true(options, "$wkt")),
        where=where,
        order=order,
        top=top,
        skip=0 if resume is not None else _number(options, "$skip") or 0,
        resume=resume,
        wants_count=_is_true(options, "$count"),
    )


def token_of(resume: Resume) -> str:
    """A `$skiptoken`: opaque to whoever gets it, and without anything of a form's answers."""
    place = resume.place
    told = {
        "at": place.at.astimezone(UTC).isoformat() if place is not None else None,
        "id": place.id if place is not None else None,
        "row": resume.row,
        "skip": resume.skip,
    }
    return RESUME_BEGINNING + base64.urlsafe_b64encode(orjson.dumps(told)).rstrip(b"=").decode()


def _resumed(token: str) -> Resume:
    refusal = BadQuestion("400.35", "That is no $skiptoken of this server.")
    if not token.startswith(RESUME_BEGINNING) or len(token) > RESUME_CHARACTERS_MAX:
        raise refusal
    packed = token.removeprefix(RESUME_BEGINNING)
    try:
        told = orjson.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
        place = None
        if told["at"] is not None:
            at = datetime.fromisoformat(told["at"])
            if at.tzinfo is None or not is_uuid(told["id"]):
                raise refusal
            place = Place(at.astimezone(UTC), told["id"])
        row, skip = told["row"], told["skip"]
    except (KeyError, OverflowError, TypeError, ValueError):
        raise refusal from None
    if not (row is None or type(row) is int) or type(skip) is not int or not 0 <= skip < 10**9:
        raise refusal
    return Resume(place, row, skip)


def _number(options: Mapping[str, str], name: str) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX):
        raise BadQuestion("400.11", f"{name} has to be a whole number of rows, from 0 on.")
    return int(text)


def _is_true(options: Mapping[str, str], name: str) -> bool:
    # Python's clients write True.
    return options.get(name, "").lower() == "true"


def _order(text: str | None) -> tuple[tuple[Property, bool], ...]:
    if text is None:
        return ()
    ordered: list[tuple[Property, bool]] = []
    for part in text.split(","):
        name, _, word = part.strip().partition(" ")
        found, descends = property_named(name), _ORDERS.get(word.strip().lower())
        if found is None or descends is None or found is Property.SUBMITTER_ID:
            allowed = ", ".join(one for one in Property if one is not Property.SUBMITTER_ID)
            raise BadQuestion("501.5", f"$orderby takes {allowed}, each with asc or desc.")
        ordered.append((found, descends))
    return tuple(ordered)


def _columns(root: Field, steps: tuple[Field, ...], select: str | None) -> Columns:
    field = steps[-1] if steps else root
    if select is None or select.strip() == "*":
        return Columns(field, () if steps else SYSTEM)
    names = frozenset(one.strip() for one in select.split(",") if one.strip())
    own = {one for one in names if one.startswith("__")}
    parent = parent_key(steps) if steps else None
    system = tuple(
        one for one in SYSTEM if not steps and ("__system" in own or f"__system/{one}" in own)
    )
    for name in own - {"__id", "__system", parent, *(f"__system/{one}" for one in SYSTEM)}:
        raise _no_property(name)
    wanted = frozenset(_wanted(field, name) for name in names - own)
    return Columns(pruned(field, wanted), system, "__id" in own, parent in own)


def _wanted(field: Field, name: str) -> str:
    at = field
    for part in name.split("/"):
        found = at.child(part)
        if found is None or (at is not field and at.type == REPEAT):
            raise _no_property(name)
        at = found
    if at.type == REPEAT:
        raise BadQuestion("400.24", "$select cannot name a repeat; ask for its own table.")
    return at.path


def _no_property(_name: str) -> BadQuestion:
    return BadQuestion("400.23", "$select names a property that this table does not have.")


__all__ = ["SYSTEM", "TABLE", "Columns", "Question", "Resume", "read_question", "token_of"]
