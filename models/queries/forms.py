"""Forms as they were published, and the one that phones are offered.

What a mapping means is for the caller, because only the shell knows forms; here it is text.
`published_form` finds drafts and closed versions, too: a submission of a version that was
closed long ago still has to be read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, cast

import orjson
from sqlalchemy import Row, bindparam, delete, select, tuple_, update
from sqlmodel import Session

from models.queries.inserting import insert_missing, insert_or_replace
from models.tables.columns import table_of
from models.tables.forms import FormFileRow, FormRow, FormVersionRow

FormState = Literal["draft", "published", "closed"]
DRAFT: Final[FormState] = "draft"
PUBLISHED: Final[FormState] = "published"
CLOSED: Final[FormState] = "closed"

_FORM = table_of(FormRow)
_VERSION = table_of(FormVersionRow)
_FILE = table_of(FormFileRow)
_SUMMARY = (
    _VERSION.c.form_id,
    _VERSION.c.version,
    _VERSION.c.state,
    _VERSION.c.kind,
    _VERSION.c.title,
    _VERSION.c.md5,
    _VERSION.c.entities_version,
    _VERSION.c.created_at,
    _VERSION.c.published_at,
    _VERSION.c.closed_at,
)
_SERVED = (
    _VERSION.c.form_id,
    _VERSION.c.version,
    _VERSION.c.state,
    _VERSION.c.title,
    _VERSION.c.md5,
    _VERSION.c.xml,
    _VERSION.c.mapping,
)
_CURRENT = (_VERSION.c.form_id == _FORM.c.form_id) & (_VERSION.c.version == _FORM.c.current)
_ONE = (_VERSION.c.form_id == bindparam("wanted_form")) & (
    _VERSION.c.version == bindparam("wanted_version")
)


@dataclass(frozen=True, slots=True)
class FormSummary:
    """One version without its contents."""

    form_id: str
    version: str
    state: FormState
    kind: str
    title: str
    md5: str
    entities_version: str | None
    created_at: datetime
    published_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class FormMedia:
    """A file that phones fetch with a form. An entity list is made for each phone, so has none."""

    name: str
    kind: Literal["entityList", "file"]
    content: bytes | None


@dataclass(frozen=True, slots=True)
class PublishedForm:
    """One version as phones get it. `mapping` is the JSON that says what it feeds."""

    form_id: str
    version: str
    state: FormState
    title: str
    md5: str
    xml: bytes
    mapping: str
    media: tuple[FormMedia, ...]


@dataclass(frozen=True, slots=True)
class NewVersion:
    """A version on its way into the table."""

    form_id: str
    version: str
    state: FormState
    kind: str
    title: str
    xml: bytes
    md5: str
    mapping: str
    compact: bytes
    source: bytes
    entities_version: str | None


def published_forms(session: Session) -> list[PublishedForm]:
    """The forms that phones are offered, by id, one version of each."""
    rows = session.connection().execute(
        select(*_SERVED).join(_FORM, _CURRENT).order_by(_VERSION.c.form_id)
    )
    return _with_media(session, rows.all())


def current_summaries(session: Session) -> list[FormSummary]:
    """The same without their contents: for lists that are asked for often."""
    rows = session.connection().execute(
        select(*_SUMMARY).join(_FORM, _CURRENT).order_by(_VERSION.c.form_id)
    )
    return [_summary(row) for row in rows]


def all_versions(session: Session, form_id: str | None = None) -> list[FormSummary]:
    """Every version, drafts and closed ones too, by id and time."""
    statement = select(*_SUMMARY).order_by(_VERSION.c.form_id, _VERSION.c.created_at)
    if form_id is not None:
        statement = statement.where(_VERSION.c.form_id == form_id)
    return [_summary(row) for row in session.connection().execute(statement)]


def published_form(
    session: Session, form_id: str, version: str | None = None
) -> PublishedForm | None:
    """One version, in whatever state; without a version the one that phones are offered."""
    if version is None:
        statement = select(*_SERVED).join(_FORM, _CURRENT).where(_VERSION.c.form_id == form_id)
        rows = session.connection().execute(statement).all()
    else:
        wanted = {"wanted_form": form_id, "wanted_version": version}
        rows = session.connection().execute(select(*_SERVED).where(_ONE), wanted).all()
    return next(iter(_with_media(session, rows)), None)


def compact_form(session: Session, form_id: str, version: str) -> tuple[FormState, bytes] | None:
    """A version as JSON, with its state."""
    wanted = {"wanted_form": form_id, "wanted_version": version}
    statement = select(_VERSION.c.state, _VERSION.c.compact).where(_ONE)
    row = session.connection().execute(statement, wanted).one_or_none()
    return None if row is None else (cast("FormState", row.state), bytes(row.compact))


def turn_to_publish(session: Session, form_id: str, now: datetime) -> str | None:
    """Lock the form until the transaction ends; the version that phones are offered."""
    insert_missing(session, _FORM, [{"form_id": form_id, "current": None, "created_at": now}])
    statement = select(_FORM.c.current).where(_FORM.c.form_id == form_id).with_for_update()
    current: str | None = session.connection().execute(statement).scalar_one()
    return current


def put_version(
    session: Session, new: NewVersion, files: Mapping[str, bytes], now: datetime
) -> None:
    """Write a version; one of that name is replaced, which is the caller's to allow.

    The caller holds the form's turn.
    """
    key = {"form_id": new.form_id, "version": new.version}
    row = {
        **key,
        "state": new.state,
        "kind": new.kind,
        "title": new.title,
        "xml": new.xml,
        "md5": new.md5,
        "mapping": new.mapping,
        "compact": new.compact,
        "source": new.source,
        "entities_version": new.entities_version,
        "created_at": now,
        "published_at": now if new.state == PUBLISHED else None,
        "closed_at": None,
    }
    insert_or_replace(session, _VERSION, [row])
    stale = delete(_FILE).where(_FILE.c.form_id == new.form_id, _FILE.c.version == new.version)
    session.connection().execute(stale)
    insert_missing(
        session, _FILE, [{**key, "name": name, "content": held} for name, held in files.items()]
    )


def offer(session: Session, form_id: str, version: str | None, now: datetime) -> None:
    """Make a version the one that phones are offered, or none; the one before it is closed."""
    connection = session.connection()
    connection.execute(
        update(_VERSION)
        .where(_VERSION.c.form_id == form_id, _VERSION.c.state == PUBLISHED)
        .where(_VERSION.c.version != (version or ""))
        .values(state=CLOSED, closed_at=now)
    )
    connection.execute(update(_FORM).where(_FORM.c.form_id == form_id).values(current=version))


def _summary(row: Row[*tuple[Any, ...]]) -> FormSummary:
    return FormSummary(**row._mapping)  # noqa: SLF001 (SQLAlchemy's public name for it)


def _with_media(session: Session, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[PublishedForm]:
    held = _files(session, [(row.form_id, row.version) for row in rows])
    return [
        PublishedForm(
            form_id=row.form_id,
            version=row.version,
            state=cast("FormState", row.state),
            title=row.title,
            md5=row.md5,
            xml=bytes(row.xml),
            mapping=row.mapping,
            media=(
                *(FormMedia(f"{name}.csv", "entityList", None) for name in _lists(row.mapping)),
                *held.get((row.form_id, row.version), ()),
            ),
        )
        for row in rows
    ]


def _lists(mapping: str) -> list[str]:
    return [one["name"] for one in orjson.loads(mapping)["lists"]]


def _files(
    session: Session, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], list[FormMedia]]:
    found: dict[tuple[str, str], list[FormMedia]] = {}
    wanted = list(keys)
    if wanted:
        place = tuple_(_FILE.c.form_id, _FILE.c.version)
        statement = select(_FILE).where(place.in_(wanted)).order_by(_FILE.c.name)
        for row in session.connection().execute(statement):
            media = FormMedia(row.name, "file", bytes(row.content))
            found.setdefault((row.form_id, row.version), []).append(media)
    return found
