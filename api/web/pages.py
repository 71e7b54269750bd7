"""What anybody may open: the first page, the check of a receipt, how to enrol a phone."""

import re
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from api.dependencies import public
from api.description import ANY_PROBLEM
from api.errors import PROBLEM_MEDIA_TYPE, AppError
from api.passwords import DEMONSTRATION_PASSWORD
from api.services.pushing import RECEIPT_CHARACTERS
from api.shell import AppShell, Shell
from api.web import village_check
from api.web.demonstration import Numbers
from api.web.language import Language, Speaking
from api.web.printing.papers import grouped_in_fours
from api.web.rendering import STYLE, STYLE_NAME, kept, page
from models.queries.areas import area_names
from models.queries.receipts import IssuedReceipt, receipt_by_code
from sync.permission import Action

router = APIRouter(tags=["pages"], responses=ANY_PROBLEM)

DEMONSTRATION_ACCOUNT: Final = "supervisor.anaktuha"
KEPT_FOR_EVER: Final = "public, max-age=31536000, immutable"
TYPED_MAX: Final = 40

_RECEIPT: Final = re.compile(rf"[A-Z2-7]{{{RECEIPT_CHARACTERS}}}")
# Base32 has no 0, 1 and 8, because people write them for these.
_MISREAD: Final = str.maketrans({"0": "O", "1": "I", "8": "B", " ": "", "-": ""})
_RECEIPT_SCHEMA: Final = {
    "type": "object",
    "required": ["valid", "acked", "at", "issued_at", "desa", "epoch"],
    "properties": {
        "valid": {"const": True},
        "acked": {"type": "integer"},
        "at": {"type": "integer"},
        "issued_at": {"type": "string", "format": "date-time"},
        "desa": {"type": "string"},
        "epoch": {"type": "string"},
    },
}
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "A receipt (operations up to `acked` of its lane are stored), or what a "
        "berita acara was printed from.",
        "content": {
            "application/json": {"schema": {"oneOf": [_RECEIPT_SCHEMA, village_check.SCHEMA]}},
            "text/html": {"schema": {"type": "string"}},
        },
    },
    404: {
        "description": "No such receipt or berita acara was issued.",
        "content": {
            PROBLEM_MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
            "text/html": {"schema": {"type": "string"}},
        },
    },
}


@router.get("/", dependencies=[public(Action.READ_HOME)], include_in_schema=False)
def home(request: Request, shell: AppShell, language: Speaking) -> HTMLResponse:
    """What runs here, and what to try."""
    values = {
        "numbers": _numbers(request).of(shell.database, shell.now()),
        "public_url": shell.settings.public_url,
        "account": DEMONSTRATION_ACCOUNT,
        "password": DEMONSTRATION_PASSWORD,
    }
    return page(request, "home.html", language, values)


@router.get("/enrol", dependencies=[public(Action.READ_HOME)], include_in_schema=False)
async def enrolling(request: Request, shell: AppShell, language: Speaking) -> HTMLResponse:
    """Where an enrolment link leads. Its code stays in the browser, behind the `#`."""
    settings = shell.settings
    values = {
        "public_url": settings.public_url,
        "hours": settings.enrolment_hours,
        "tries": settings.enrolment_tries_max,
    }
    return page(request, "enrol.html", language, values)


@router.get("/periksa", dependencies=[public(Action.VERIFY_RECEIPT)], include_in_schema=False)
async def ask_for_receipt(
    request: Request,
    language: Speaking,
    kode: Annotated[str, Query(max_length=TYPED_MAX)] = "",
) -> Response:
    """A form for a receipt's code; with `kode`, on to its page."""
    typed = _typed(kode)
    if typed:
        return RedirectResponse(f"/periksa/{typed}{kept(request, language)}", status_code=303)
    return page(request, "receipt.html", language, {"receipt": None, "asked": False})


@router.get(
    "/periksa/{code}",
    dependencies=[public(Action.VERIFY_RECEIPT)],
    response_class=Response,
    responses=_ANSWERS,
)
def check_receipt(code: str, request: Request, shell: AppShell, language: Speaking) -> Response:
    """Was this receipt or berita acara issued, and what does it confirm? Never tells names.

    A page for people; JSON for whoever accepts `application/json`.
    """
    found = _receipt(shell, _typed(code))
    if found is None and _RECEIPT.fullmatch(_typed(code)):
        village = village_check.checked_village(shell, _typed(code))
        if village is not None:
            return _village_page(request, language, village)
    if _wants_json(request):
        if found is None:
            raise AppError("not-found", "This server has given out nothing with that code.")
        return Response(_as_json(found[0]), media_type="application/json")
    if found is None:
        values: dict[str, object] = {"receipt": None, "asked": True}
        return page(request, "receipt.html", language, values, status=404)
    receipt, name = found
    values = {"receipt": receipt, "code": _typed(code), "village": name}
    return page(request, "receipt.html", language, values)


def _village_page(
    request: Request, language: Language, found: village_check.CheckedVillage
) -> Response:
    if _wants_json(request):
        return Response(found.as_json(), media_type="application/json")
    values = {"found": found, "hash": grouped_in_fours(found.hash)}
    return page(request, "village_check.html", language, values)


@router.get("/static/{name}", dependencies=[public(Action.READ_HOME)], include_in_schema=False)
async def static(name: str) -> Response:
    """The style sheet, under a name that changes with it."""
    if name != STYLE_NAME:
        raise AppError("not-found")
    return Response(STYLE, media_type="text/css", headers={"Cache-Control": KEPT_FOR_EVER})


def _numbers(request: Request) -> Numbers:
    state = request.app.state
    if not hasattr(state, "numbers"):
        state.numbers = Numbers()
    numbers: Numbers = state.numbers
    return numbers


def _typed(code: str) -> str:
    """The code as it was issued, whatever case, spaces and hyphens it was typed with."""
    plain = code.upper().translate(_MISREAD)
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())


def _receipt(shell: Shell, code: str) -> tuple[IssuedReceipt, str] | None:
    if not _RECEIPT.fullmatch(code):
        return None
    with shell.database.reading() as session:
        receipt = receipt_by_code(session, code)
        if receipt is None:
            return None
        return receipt, area_names(session, [receipt.desa]).get(receipt.desa, receipt.desa)


def _wants_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def _as_json(receipt: IssuedReceipt) -> bytes:
    return orjson.dumps(
        {
            "valid": True,
            "acked": receipt.acked,
            "at": receipt.at,
            "issued_at": receipt.issued_at,
            "desa": receipt.desa,
            "epoch": receipt.epoch,
        }
    )
