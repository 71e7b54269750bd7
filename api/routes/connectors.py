"""Where another server says that a form is new there. It is a hint: the next run fetches it.

KoboToolbox sends nothing again after a 4xx or a lost connection, and signs nothing. So whatever
bears the secret is answered 202 at once, and what it says about the form is not believed but asked.
"""

from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Depends, Header, Path, Request, Response

from api.bodies import BodyLimits, bounded
from api.connectors.kobo import hinted
from api.dependencies import public
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.shell import AppShell
from api.tokens import digest, same
from models.queries import connectors
from models.queries.auditing import AuditEntry, append
from models.tables.audit import NO_VILLAGE
from sync.permission import Action
from sync.types import Json

HOOK_BYTES_MAX: Final = 2 * 2**20
_NOBODY: Final = "0" * 64

router = APIRouter(
    tags=["connectors"],
    responses=ANY_PROBLEM,
    route_class=bounded(BodyLimits(bytes_max=HOOK_BYTES_MAX)),
)

ConnectorId = Annotated[str, Path(min_length=1, max_length=64)]
Secret = Annotated[str, Header(alias="X-Lokus-Secret", max_length=200)]


async def _read(request: Request) -> bytes:
    return await request.body()


Body = Annotated[bytes, Depends(_read)]


@router.post(
    "/v1/connectors/{connector}/hook",
    status_code=202,
    dependencies=[public(Action.HINT_CONNECTOR)],
    response_class=Response,
)
def post_hook(connector: ConnectorId, shell: AppShell, raw: Body, secret: Secret = "") -> Response:
    """Note that a submission is new on the other server. The secret is the connector's own."""
    with shell.database.reading() as session:
        found = connectors.connector(session, connector)
    expected = found.hook_digest if found is not None else None
    if not same(digest(secret), expected or _NOBODY) or found is None:
        raise AppError("not-found")
    item = hinted(_document(raw))
    if item is not None:
        now = shell.now()
        told = AuditEntry(now, "connector-hint", detail={"connector": found.id, "item": item})
        with shell.database.writing() as session:
            connectors.hint(session, found.id, item, now)
            append(session, NO_VILLAGE, told)
    return Response(status_code=202)


def _document(raw: bytes) -> Json:
    """What cannot be read is no hint; the list will show the form all the same."""
    try:
        told: Json = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    return told
