"""Keys for phones with ODK Collect: made, and shown again as a QR code."""

from typing import Annotated, Literal

from fastapi import APIRouter, Response

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.openrosa.addresses import server_url
from api.openrosa.collect_settings import code_of, picture, text_of_code, typed_url
from api.schemas.accounts import Id
from api.schemas.odk import IssueOdkKey, OdkKeyView
from api.security import Principal
from api.services.acts import act_of
from api.services.odk_keys import Credentials, issue_key, show_key
from api.shell import AppShell, Shell
from sync.permission import Action

router = APIRouter(
    tags=["devices"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(bytes_max=16 * 1024))
)

Enroller = Annotated[Principal, allowed(Action.ENROL_DEVICE_FOR_OTHERS)]
_MEDIA_TYPES = {"png": "image/png", "svg": "image/svg+xml"}


@router.post("/v1/odk-keys", status_code=201)
def post_key(body: IssueOdkKey, shell: AppShell, principal: Enroller) -> OdkKeyView:
    """A key for one phone with ODK Collect, of an account that the caller looks after.

    The phone is a device like any other: it is listed, and ends when it is revoked.
    """
    with shell.database.writing() as session:
        act = act_of(principal, shell)
        made = issue_key(session, body.account, act, shell.settings.secret, body.name)
    return _view(shell, made)


@router.get("/v1/odk-keys/{device}")
def get_key(device: Id, shell: AppShell, principal: Enroller) -> OdkKeyView:
    """The key of a phone once more, for one that was reset. The showing is on record."""
    return _view(shell, _shown(shell, principal, device))


@router.get(
    "/v1/odk-keys/{device}/code",
    responses={200: {"content": {kind: {} for kind in _MEDIA_TYPES.values()}}},
    response_class=Response,
)
def get_code(
    device: Id, shell: AppShell, principal: Enroller, form: Literal["png", "svg"] = "svg"
) -> Response:
    """The same as a picture to be scanned."""
    code = code_of(_shown(shell, principal, device), shell.settings.public_url)
    return Response(picture(code, form), media_type=_MEDIA_TYPES[form])


def _shown(shell: Shell, principal: Principal, device: str) -> Credentials:
    with shell.database.writing() as session:
        return show_key(session, device, act_of(principal, shell), shell.settings.secret)


def _view(shell: Shell, made: Credentials) -> OdkKeyView:
    public_url = shell.settings.public_url
    return OdkKeyView(
        device=made.device_id,
        server_url=server_url(public_url, made.token),
        code=text_of_code(made, public_url),
        typed_url=typed_url(public_url),
        username=made.username,
        password=made.password,
    )
