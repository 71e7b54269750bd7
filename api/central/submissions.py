"""Filled forms one by one: what is known of them, their bytes and files, and opinions on them."""

from collections.abc import Iterator
from typing import Annotated, Final, Literal

import orjson
from fastapi import Query, Response
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import BaseModel, Field

from api.central.addresses import FORM_BASE, SUBMISSION_BASE
from api.central.answers import JSON_MEDIA_TYPE, KEPT_BY_NOBODY, a_router, told
from api.central.holders import program
from api.central.pieces import begun, noted_table
from api.errors import AppError
from api.formats.odata.rows import zulu
from api.routes.reading import noted
from api.security import Principal
from api.services.filled_forms import (
    COMMENT_CHARACTERS_MAX,
    attached,
    comment,
    fields_of_form,
    files_of_one,
    instance_name,
    listed_form,
    mark,
    node_of,
    one_filled,
    one_version,
    read_entry,
)
from api.services.filled_tables import ROWS_PER_ANSWER_MAX
from api.services.reviewers import Reviewer, reviewer_of
from api.shell import AppShell, Shell
from api.uploads import store_of
from models.queries import filled, marks, submissions
from models.queries.filled import ROWS_PER_STEP_MAX, Asked, Cut, FilledForm, Version
from models.queries.marks import Comment
from models.queries.numbers_of_people import number_of
from sync.permission import Action
from sync.types import Json

XML_MEDIA_TYPE: Final = "application/xml; charset=utf-8"
_INERT: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "X-Content-Type-Options": "nosniff",
    **KEPT_BY_NOBODY,
}
"""Whatever a phone called the file: it is a download, and no page of ours."""

Reader = Annotated[Principal, program(Action.READ_SUBMISSIONS)]
Commenter = Annotated[Principal, program(Action.COMMENT_SUBMISSION)]
Marker = Annotated[Principal, program(Action.REVIEW_SUBMISSION)]

router = a_router()


class Marking(BaseModel):
    """What somebody thinks of a filled form; what is not said stays as it is."""

    reviewState: (  # noqa: N815 (Central's word)
        Literal["received", "edited", "hasIssues", "approved", "rejected"] | None
    ) = None


class Saying(BaseModel):
    """Words about a filled form."""

    body: str = Field(
        min_length=1, max_length=COMMENT_CHARACTERS_MAX, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
    )


@router.get(f"{FORM_BASE}/submissions")
def list_submissions(
    form_id: str,
    shell: AppShell,
    reader: Reader,
    limit: Annotated[int, Query(ge=0, le=ROWS_PER_ANSWER_MAX)] = ROWS_PER_ANSWER_MAX,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Response:
    """What is known of each filled form, the newest first, without its answers."""
    reviewer = reviewer_of(reader, shell)
    with shell.database.reading() as session:
        listed_form(session, form_id)
    asked = Asked(form_id, reviewer.sight)
    noted_table(shell, reader, form_id, "submissions")
    pieces = begun(_listed(shell, asked, limit, offset))
    return StreamingResponse(pieces, headers=KEPT_BY_NOBODY, media_type=JSON_MEDIA_TYPE)


@router.get(f"{SUBMISSION_BASE}.xml")
def get_xml(form_id: str, instance: str, shell: AppShell, reader: Reader) -> Response:
    """The present version as it came, byte for byte. The reading is on record."""
    one = _read(shell, reader, form_id, instance)
    return Response(one.xml, headers=KEPT_BY_NOBODY, media_type=XML_MEDIA_TYPE)


@router.get(SUBMISSION_BASE)
def get_submission(form_id: str, instance: str, shell: AppShell, reader: Reader) -> Response:
    """What is known of one filled form. What it calls itself may be a name: it is on record."""
    one = _read(shell, reader, form_id, instance)
    return told(_submission(one) | {"instanceName": instance_name(node_of(one.xml))})


@router.get(f"{SUBMISSION_BASE}/versions")
def list_versions(form_id: str, instance: str, shell: AppShell, reader: Reader) -> Response:
    """Every version of one filled form, the newest first."""
    with shell.database.reading() as session:
        one = one_filled(session, reviewer_of(reader, shell), form_id, instance)
        versions = filled.versions_of(session, one)
    return told(
        [_version(version, is_current=version.id == one.current_id) for version in versions]
    )


@router.get(f"{SUBMISSION_BASE}/versions/{{version}}.xml")
def get_version_xml(
    form_id: str, instance: str, version: str, shell: AppShell, reader: Reader
) -> Response:
    """One version as it came. The reading is on record."""
    reviewer = reviewer_of(reader, shell)
    with shell.database.reading() as session:
        one, found = one_version(session, reviewer, form_id, instance, version)
        xml = submissions.xml_of(session, one.desa, found.id)
    noted(shell, one.desa, read_entry(reviewer, one))
    return Response(xml, headers=KEPT_BY_NOBODY, media_type=XML_MEDIA_TYPE)


@router.get(f"{SUBMISSION_BASE}/attachments")
def list_attachments(form_id: str, instance: str, shell: AppShell, reader: Reader) -> Response:
    """Files that came with a filled form, and those that it names and that did not come."""
    with shell.database.reading() as session:
        root = fields_of_form(session, form_id)
        one = one_filled(session, reviewer_of(reader, shell), form_id, instance)
        files = files_of_one(session, one)
    found = attached(root, node_of(one.xml), files)
    return told([{"name": file.name, "exists": file.file is not None} for file in found])


@router.get(f"{SUBMISSION_BASE}/attachments/{{name}}")
def get_attachment(
    form_id: str, instance: str, name: str, shell: AppShell, reader: Reader
) -> Response:
    """One file, as a download. The reading is on record."""
    reviewer, store = reviewer_of(reader, shell), store_of(shell)
    with shell.database.reading() as session:
        one = one_filled(session, reviewer, form_id, instance)
        held = files_of_one(session, one).get(name)
    if held is None or not store.has(held.sha256):
        raise AppError("not-found")
    noted(shell, one.desa, reviewer.entry("file-read", sha256=held.sha256))
    return FileResponse(
        store.path_of(held.sha256),
        media_type="application/octet-stream",
        filename=held.name,
        headers=_INERT,
    )


@router.patch(SUBMISSION_BASE)
def patch_submission(
    form_id: str, instance: str, body: Marking, shell: AppShell, marker: Marker
) -> Response:
    """Mark a filled form. The register stays as it is, whatever the mark says."""
    reviewer = reviewer_of(marker, shell)
    with shell.database.writing() as session:
        one = one_filled(session, reviewer, form_id, instance)
        if "reviewState" in body.model_fields_set:
            state = None if body.reviewState == "received" else body.reviewState
            mark(session, reviewer, one, state)
            one = one_filled(session, reviewer, form_id, instance)
    return told(_submission(one))


@router.get(f"{SUBMISSION_BASE}/comments")
def list_comments(form_id: str, instance: str, shell: AppShell, reader: Reader) -> Response:
    """What was said about a filled form, the newest first."""
    with shell.database.reading() as session:
        one = one_filled(session, reviewer_of(reader, shell), form_id, instance)
        said = marks.comments_on(session, one.desa, one.id)
    return told([_comment(one) for one in said])


@router.post(f"{SUBMISSION_BASE}/comments")
def post_comment(
    form_id: str, instance: str, body: Saying, shell: AppShell, commenter: Commenter
) -> Response:
    """Say something about a filled form."""
    reviewer = reviewer_of(commenter, shell)
    with shell.database.writing() as session:
        one = one_filled(session, reviewer, form_id, instance)
        said = comment(session, reviewer, one, body.body)
    return told(_comment(said))


def _read(shell: Shell, reader: Principal, form_id: str, instance: str) -> FilledForm:
    reviewer: Reviewer = reviewer_of(reader, shell)
    with shell.database.reading() as session:
        one = one_filled(session, reviewer, form_id, instance)
    noted(shell, one.desa, read_entry(reviewer, one))
    return one


def _listed(shell: Shell, asked: Asked, limit: int, offset: int) -> Iterator[bytes]:
    """A list of any length, some hundred at a time, without a transaction open in between."""
    cut, left, separator = Cut(ROWS_PER_STEP_MAX, offset, with_xml=False), limit, b"["
    while left > 0:
        with shell.database.reading() as session:
            found = filled.filled_forms(session, asked, cut)[:left]
        if not found:
            break
        yield separator + b",".join(orjson.dumps(_submission(one)) for one in found)
        left, separator = left - len(found), b","
        cut = Cut(ROWS_PER_STEP_MAX, after=found[-1].place, with_xml=False)
    yield b"[]" if separator == b"[" else b"]"


def _submission(one: FilledForm) -> dict[str, Json]:
    return {
        "instanceId": one.instance,
        "submitterId": number_of(one.account_id),
        "deviceId": one.device_id,
        "userAgent": one.agent or None,
        "reviewState": one.review_state,
        "createdAt": zulu(one.received_at),
        "updatedAt": zulu(one.updated_at) if one.updated_at is not None else None,
        "deletedAt": None,
        "currentVersion": {
            "instanceId": one.current_instance,
            "current": True,
            "formVersion": one.current_version,
        },
    }


def _version(one: Version, *, is_current: bool) -> dict[str, Json]:
    return {
        "instanceId": one.instance,
        "submitterId": number_of(one.account_id),
        "deviceId": one.device_id,
        "userAgent": one.agent or None,
        "formVersion": one.form_version,
        "createdAt": zulu(one.received_at),
        "current": is_current,
    }


def _comment(one: Comment) -> dict[str, Json]:
    return {
        "body": one.body,
        "actorId": number_of(one.account_id),
        "createdAt": zulu(one.created_at),
    }
