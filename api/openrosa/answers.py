"""Answers in OpenRosa's words: what Collect and KoboCollect take for one of their servers.

`X-OpenRosa-Version` and a `Content-Type` that contains `text/xml` decide whether an answer is
believed at all; `application/xml` is taken for some proxy's. Messages are shown to the collector as
they are, so they are Indonesian.
"""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

import structlog
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from typing_extensions import override

from api.errors import AppError
from api.shell import Shell
from models.database import Busy, StorageFull
from models.queries import auditing
from models.tables.audit import NO_VILLAGE

XML_MEDIA_TYPE: Final = "text/xml; charset=utf-8"
CONTENT_LENGTH_MAX: Final = 10_000_000
"""What one request should hold, as clients are told; they send more files in several."""
HEADERS: Final[Mapping[str, str]] = {
    "X-OpenRosa-Version": "1.0",
    "X-OpenRosa-Accept-Content-Length": str(CONTENT_LENGTH_MAX),
    "Content-Language": "id",
}
KEPT_BY_ITS_PHONE: Final[Mapping[str, str]] = {"Cache-Control": "private, no-cache"}
"""Collect has a cache of its own; it may keep an answer, and has to ask whether it still holds."""

_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_MESSAGE_NAMESPACE: Final = "http://openrosa.org/http/response"
_LIST_NAMESPACE: Final = "http://openrosa.org/xforms/xformsList"
_MANIFEST_NAMESPACE: Final = "http://openrosa.org/xforms/xformsManifest"

_log = structlog.get_logger("openrosa")


@dataclass(frozen=True, slots=True)
class ListedForm:
    """One line of the form list. `md5` is of the XML as it is served: the form's identity there."""

    form_id: str
    name: str
    version: str
    md5: str
    download_url: str
    manifest_url: str | None


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One line of a manifest. `kind` is `entityList`, or empty for a plain file."""

    name: str
    md5: str
    download_url: str
    kind: str = ""


def xml(body: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that passes for OpenRosa's."""
    return Response(
        (_DECLARATION + body).encode(),
        status_code=status,
        headers={**HEADERS, **(headers or {})},
        media_type=XML_MEDIA_TYPE,
    )


def message(text: str, status: int, headers: Mapping[str, str] | None = None) -> Response:
    """Words that the phone shows to whoever holds it."""
    body = f"<message>{escape(text)}</message>"
    whole = f'<OpenRosaResponse xmlns="{_MESSAGE_NAMESPACE}">{body}</OpenRosaResponse>'
    return xml(whole, status, headers)


def form_list(forms: Iterable[ListedForm]) -> str:
    """The list of forms. Each has every element: one that lacks one spoils the whole list."""
    lines = [_form(one) for one in forms]
    return f'<xforms xmlns="{_LIST_NAMESPACE}">{"".join(lines)}</xforms>'


def _form(one: ListedForm) -> str:
    told = {
        "formID": one.form_id,
        "name": one.name,
        "version": one.version,
        "hash": f"md5:{one.md5}",
        "downloadUrl": one.download_url,
    }
    if one.manifest_url is not None:
        told["manifestUrl"] = one.manifest_url
    return f"<xform>{_elements(told)}</xform>"


def manifest(files: Iterable[ListedFile]) -> str:
    """The files of a form. Four characters are stripped off each hash unread, so it says `md5:`."""
    lines = [_file(one) for one in files]
    return f'<manifest xmlns="{_MANIFEST_NAMESPACE}">{"".join(lines)}</manifest>'


def _file(one: ListedFile) -> str:
    kind = f" type={quoteattr(one.kind)}" if one.kind else ""
    told = {"filename": one.name, "hash": f"md5:{one.md5}", "downloadUrl": one.download_url}
    return f"<mediaFile{kind}>{_elements(told)}</mediaFile>"


def integrity(deleted: Mapping[str, bool]) -> str:
    """Which entities are gone; this one answer has no namespace."""
    lines = [
        f"<entity id={quoteattr(entity)}><deleted>{'true' if gone else 'false'}</deleted></entity>"
        for entity, gone in deleted.items()
    ]
    return f"<data><entities>{''.join(lines)}</entities></data>"


def _elements(told: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in told.items())


class OpenRosaRoute(APIRoute):
    """A route whose refusals are OpenRosa's, too: a problem in JSON would show as gibberish."""

    def handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Whatever answers, or raises."""
        return super().get_route_handler()

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = self.handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except AppError as error:
                if error.audit is not None:
                    await run_in_threadpool(_write_down, request.app.state.shell, error)
                return refusal(error)
            except ClientDisconnect:
                return refusal(AppError("request-timeout"))
            except Busy as error:
                _log.warning("busy", reason=error.reason)
                return refusal(AppError("busy"))
            except StorageFull:
                _log.error("storage full")
                return refusal(AppError("storage-full"))

        return answered


def refusal(error: AppError) -> Response:
    """What went wrong, for whoever holds the phone. No refusal is final to Collect."""
    return message(error.title, error.status, error.headers)


def _write_down(shell: Shell, error: AppError) -> None:
    assert error.audit is not None, "asked for by the caller"
    with shell.database.writing() as session:
        auditing.append(session, NO_VILLAGE, error.audit)
