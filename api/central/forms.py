"""The one project, and the forms that were ever published in it."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Response

from api.central.addresses import BASE, FORM_BASE, PROJECT_BASE
from api.central.answers import KEPT_BY_NOBODY, a_router, told
from api.central.holders import program
from api.errors import AppError
from api.formats.odata.fields import Field
from api.formats.odata.rows import zulu
from api.openrosa.addresses import PROJECT
from api.security import Principal
from api.services.filled_forms import (
    ListedForm,
    fields_of_form,
    listed_form,
    listed_forms,
    xml_of_form,
)
from api.shell import AppShell, Shell
from models.queries import installation
from models.queries.forms import FormSummary
from sync.permission import Action
from sync.types import Json

XML_MEDIA_TYPE: Final = "application/xml; charset=utf-8"
NAME: Final = "Lokus"

Reader = Annotated[Principal, program(Action.READ_SUBMISSIONS)]

router = a_router()


@router.get(f"{BASE}/projects")
def list_projects(shell: AppShell, _: Reader) -> Response:
    """The project."""
    return told([_project(shell)])


@router.get(PROJECT_BASE)
def get_project(shell: AppShell, _: Reader) -> Response:
    """The project."""
    return told(_project(shell))


@router.get(f"{PROJECT_BASE}/forms")
def list_forms(shell: AppShell, _: Reader) -> Response:
    """Every form that was ever published."""
    with shell.database.reading() as session:
        found = listed_forms(session)
    return told([_form(one, one.shown) for one in found])


@router.get(f"{FORM_BASE}.xml")
def get_form_xml(form_id: str, shell: AppShell, _: Reader) -> Response:
    """The form as phones are offered it."""
    with shell.database.reading() as session:
        xml = xml_of_form(session, listed_form(session, form_id).shown)
    return Response(xml, headers=KEPT_BY_NOBODY, media_type=XML_MEDIA_TYPE)


@router.get(FORM_BASE)
def get_form(form_id: str, shell: AppShell, _: Reader) -> Response:
    """One form."""
    with shell.database.reading() as session:
        found = listed_form(session, form_id)
    return told(_form(found, found.shown))


@router.get(f"{FORM_BASE}/versions")
def list_versions(form_id: str, shell: AppShell, _: Reader) -> Response:
    """Every version that was published, the newest first."""
    with shell.database.reading() as session:
        found = listed_form(session, form_id)
    return told([_form(found, one) for one in reversed(found.versions)])


@router.get(f"{FORM_BASE}/versions/{{version}}.xml")
def get_version_xml(form_id: str, version: str, shell: AppShell, _: Reader) -> Response:
    """One version as phones got it."""
    with shell.database.reading() as session:
        versions = listed_form(session, form_id).versions
        found = next((one for one in versions if one.version == version), None)
        if found is None:
            raise AppError("not-found")
        xml = xml_of_form(session, found)
    return Response(xml, headers=KEPT_BY_NOBODY, media_type=XML_MEDIA_TYPE)


@router.get(f"{FORM_BASE}/fields")
def list_fields(form_id: str, shell: AppShell, _: Reader) -> Response:
    """The questions, groups and repeats of a form, in its order."""
    with shell.database.reading() as session:
        root = fields_of_form(session, form_id)
    return told([_field(one) for one in root.walk()])


def _project(shell: Shell) -> dict[str, Json]:
    with shell.database.reading() as session:
        area, since = installation.widest_area(session), installation.first_account_at(session)
    return {
        "id": PROJECT,
        "name": f"{NAME} {area}" if area is not None else NAME,
        "description": None,
        "archived": None,
        "keyId": None,
        "createdAt": zulu(since or datetime.fromtimestamp(0, UTC)),
        "updatedAt": None,
        "deletedAt": None,
    }


def _form(one: ListedForm, version: FormSummary) -> dict[str, Json]:
    """A form as it is in one of its versions. What the server does not have is there as nothing."""
    published, closed = version.published_at, version.closed_at
    return {
        "projectId": PROJECT,
        "xmlFormId": version.form_id,
        "name": version.title or None,
        "version": version.version,
        "hash": version.md5,
        "state": "open" if one.is_open else "closed",
        "createdAt": zulu(one.versions[0].created_at),
        "publishedAt": zulu(published) if published is not None else None,
        "updatedAt": zulu(closed) if closed is not None else None,
        "keyId": None,
        "enketoId": None,
        "enketoOnceId": None,
        "draftToken": None,
    }


def _field(one: Field) -> dict[str, Json]:
    return {
        "name": one.name,
        "path": one.path,
        "type": one.type,
        "binary": one.type == "binary" or None,
        "selectMultiple": None,
    }
