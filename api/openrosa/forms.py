"""What a phone fetches: the list of forms, each form, its files, and the entity lists.

Everything may be kept by the phone and has to be asked about again (`ETag`). An error is told as an
error: Collect takes a list without a form for the wish that the form be deleted.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlmodel import Session

from api.errors import AppError
from api.formats.xform.mapping import RT_LIST
from api.openrosa.addresses import BY_KEY, BY_NAME, Door, door_of
from api.openrosa.answers import (
    HEADERS,
    KEPT_BY_ITS_PHONE,
    XML_MEDIA_TYPE,
    ListedFile,
    ListedForm,
    OpenRosaRoute,
    form_list,
    integrity,
    manifest,
    xml,
)
from api.openrosa.holders import KeyHolder
from api.security import SEEN_EVERY, Principal
from api.services.entity_lists import (
    LISTS,
    ListView,
    csv_chunks,
    gone,
    hash_of,
    note_spans,
    properties_of,
    spans_due,
)
from api.services.rt_list import hash_of_rt_list, rt_list
from api.services.submitting_places import VILLAGE_CODE_LENGTH, candidate_villages
from api.shell import AppShell, Shell
from models.queries import devices
from models.queries.auditing import AuditEntry, append
from models.queries.forms import DRAFT, FormMedia, PublishedForm, current_summaries, published_form
from models.queries.scoping import Sight
from models.queries.server_state import epoch
from models.tables.audit import NO_VILLAGE
from sync.operation import is_uuid
from sync.permission import Action

ENTITY_LIST: Final = "entityList"
SPOOLED_BYTES_MAX: Final = 2 * 1024 * 1024
SENT_BYTES: Final = 128 * 1024
"""At a time: whoever compresses it lets everybody wait, and each takes a change of threads."""
IDS_PER_REQUEST_MAX: Final = 5_000
"""Collect asks about all entities in one address, 37 characters each."""

Reader = Annotated[Principal, Depends(KeyHolder(Action.PULL))]

router = APIRouter(route_class=OpenRosaRoute, include_in_schema=False)


def get_form_list(
    request: Request,
    shell: AppShell,
    reader: Reader,
    form_id: Annotated[str | None, Query(alias="formID", max_length=255)] = None,
) -> Response:
    """The forms that there are."""
    door = door_of(request, shell.settings.public_url)
    _note_contact(shell, reader)
    with shell.database.reading() as session:
        found = [one for one in current_summaries(session) if form_id in (None, one.form_id)]
    listed = [
        ListedForm(
            one.form_id,
            one.title or one.form_id,
            one.version,
            one.md5,
            door.form(one.form_id, one.version),
            door.manifest(one.form_id, one.version),
        )
        for one in found
    ]
    return _kept(request, form_list(listed).encode(), XML_MEDIA_TYPE)


def get_form(
    request: Request,
    shell: AppShell,
    _: Reader,
    form_id: str,
    version: Annotated[str | None, Query(max_length=255)] = None,
) -> Response:
    """The form's XML, byte for byte as its hash says."""
    with shell.database.reading() as session:
        form = _form(session, form_id, version)
    return _kept(request, form.xml, XML_MEDIA_TYPE, form.md5)


def get_manifest(
    request: Request,
    shell: AppShell,
    reader: Reader,
    form_id: str,
    version: Annotated[str | None, Query(max_length=255)] = None,
) -> Response:
    """The form's files and entity lists, each with the hash of what this collector may see."""
    door = door_of(request, shell.settings.public_url)
    with shell.database.reading() as session:
        form = _form(session, form_id, version)
        place = _Place(session, shell, reader, door)
        files = [_listed(place, form, one) for one in form.media]
    return _kept(request, manifest(files).encode(), XML_MEDIA_TYPE)


def get_file(
    request: Request,
    shell: AppShell,
    reader: Reader,
    form_id: str,
    name: str,
    version: Annotated[str | None, Query(max_length=255)] = None,
) -> Response:
    """One of the form's files."""
    with shell.database.reading() as session:
        form = _form(session, form_id, version)
    found = next((one for one in form.media if one.name == name), None)
    if found is None:
        raise AppError("not-found")
    if found.content is None:
        return get_entity_list(request, shell, reader, found.name.removesuffix(".csv"))
    return _kept(request, found.content, "application/octet-stream")


def get_entity_list(request: Request, shell: AppShell, reader: Reader, name: str) -> Response:
    """An entity list as this collector may see it. Every reading of it is on record."""
    if name == RT_LIST:
        return _rt_list(request, shell, reader)
    if name not in LISTS:
        raise AppError("not-found")
    with shell.database.reading() as session:
        view = _view(session, shell, reader, name)
        etag = f'"{hash_of(session, view, epoch(session))}"'
        is_held = _holds(request, etag)
        due = not is_held and spans_due(session, view.desas)
    headers = {**HEADERS, **KEPT_BY_ITS_PHONE, "ETag": etag}
    if is_held:
        return Response(status_code=304, headers=headers)
    if due:
        with shell.database.writing() as session:
            note_spans(session, view.desas)
    file = tempfile.SpooledTemporaryFile(max_size=SPOOLED_BYTES_MAX)  # noqa: SIM115 (closed once it is sent)
    # The list is made before the first byte of it leaves: a slow line must not keep a transaction.
    with shell.database.reading() as session:
        for chunk in csv_chunks(session, view):
            file.write(chunk)
    size = file.tell()
    _note_reading(shell, reader, name, etag, size)
    file.seek(0)
    return StreamingResponse(
        _sent(file), headers={**headers, "Content-Length": str(size)}, media_type="text/csv"
    )


def _rt_list(request: Request, shell: Shell, reader: Principal) -> Response:
    """The collector's own RTs: numbers and nobody's names, so no reading of it is on record."""
    with shell.database.reading() as session:
        content = _rts(session, shell, reader)
    return _kept(request, content, "text/csv")


def _rts(session: Session, shell: Shell, reader: Principal) -> bytes:
    now = shell.now()
    desas = candidate_villages(session, reader.scope, now)
    return rt_list(session, Sight(reader.scope, now), reader.role, desas)


def get_integrity(
    shell: AppShell,
    reader: Reader,
    name: str,
    ids: Annotated[str, Query(alias="id")] = "",
) -> Response:
    """Which of the phone's entities are gone, or not its user's any more."""
    if name not in LISTS:
        raise AppError("not-found")
    asked = list(dict.fromkeys(one for one in ids.split(",") if one))[:IDS_PER_REQUEST_MAX]
    with shell.database.reading() as session:
        view = _view(session, shell, reader, name)
        known = [one for one in asked if is_uuid(one)]
        deleted = gone(session, view, known)
    return xml(integrity({one: deleted.get(one, False) for one in asked}))


for _base in (BY_KEY, BY_NAME):
    for _path, _door in (
        ("/formList", get_form_list),
        ("/forms/{form_id}.xml", get_form),
        ("/forms/{form_id}/manifest", get_manifest),
        ("/forms/{form_id}/attachments/{name}", get_file),
        ("/datasets/{name}.csv", get_entity_list),
        ("/datasets/{name}/integrity", get_integrity),
    ):
        router.add_api_route(_base + _path, _door, methods=["GET"])


def _form(session: Session, form_id: str, version: str | None) -> PublishedForm:
    form = published_form(session, form_id, version)
    if form is None or form.state == DRAFT:
        raise AppError("not-found")
    return form


@dataclass(frozen=True, slots=True)
class _Place:
    """Who asks for a manifest, and through which door."""

    session: Session
    shell: Shell
    reader: Principal
    door: Door


def _listed(place: _Place, form: PublishedForm, media: FormMedia) -> ListedFile:
    door, name = place.door, media.name
    if media.kind == ENTITY_LIST:
        listed = name.removesuffix(".csv")
        if listed == RT_LIST:
            content = _rts(place.session, place.shell, place.reader)
            return ListedFile(name, hash_of_rt_list(content), door.entity_list(listed))
        view = _view(place.session, place.shell, place.reader, listed)
        digest = hash_of(place.session, view, epoch(place.session))
        return ListedFile(name, digest, door.entity_list(listed), ENTITY_LIST)
    digest = hashlib.md5(media.content or b"", usedforsecurity=False).hexdigest()
    return ListedFile(name, digest, door.file(form.form_id, form.version, name))


def _view(session: Session, shell: Shell, reader: Principal, name: str) -> ListView:
    now = shell.now()
    desas = tuple(candidate_villages(session, reader.scope, now))
    properties = properties_of(session, name)
    return ListView(name, Sight(reader.scope, now), desas, properties)


def _kept(request: Request, body: bytes, media_type: str, digest: str | None = None) -> Response:
    """An answer with the hash of its bytes, or word that the phone holds it already."""
    etag = f'"{digest or hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
    headers = {**HEADERS, **KEPT_BY_ITS_PHONE, "ETag": etag}
    if _holds(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def _holds(request: Request, etag: str) -> bool:
    told = request.headers.get("if-none-match", "")
    return any(one.strip().removeprefix("W/") == etag for one in told.split(","))


def _sent(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(SENT_BYTES):
            yield chunk


def _note_contact(shell: Shell, reader: Principal) -> None:
    token, now = reader.token, shell.now()
    if token is None or reader.device_id is None:
        return
    if token.last_seen_at is None or now - token.last_seen_at >= SEEN_EVERY:
        with shell.database.writing() as session:
            devices.mark_seen(session, reader.device_id, now)


def _note_reading(shell: Shell, reader: Principal, name: str, etag: str, size: int) -> None:
    """Who took which list. The list's hash says up to which change."""
    entry = AuditEntry(
        at=shell.now(),
        action="entity-list",
        actor=reader.account_id,
        device=reader.device_id,
        detail={"list": name, "hash": etag.strip('"'), "bytes": size},
    )
    areas = reader.scope.areas(shell.now())
    chain = areas[0] if len(areas) == 1 and len(areas[0]) == VILLAGE_CODE_LENGTH else NO_VILLAGE
    with shell.database.writing() as session:
        append(session, chain, entry)
