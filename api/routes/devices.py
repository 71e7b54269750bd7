"""Devices: enrolled with a one-time code, listed and revoked by those who look after them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import JsonValue

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed, public
from api.description import ANY_PROBLEM
from api.errors import AppError
from api.schemas.accounts import (
    DEVICES_PER_REQUEST_MAX,
    AfterId,
    DeviceList,
    DeviceView,
    EnrolDevice,
    EnrolledDevice,
    Id,
    IssueCode,
    IssuedCodeView,
    LaneView,
)
from api.security import Principal
from api.services.acts import act_of
from api.services.devices import managed_devices, revoke_device
from api.services.enrolling import (
    CodeRefused,
    EnrolmentRequest,
    enrolling_of,
    enrolment_link,
)
from api.services.manifest import limits_of
from api.shell import AppShell
from models.queries.devices import ListedDevice
from sync.permission import Action

router = APIRouter(
    tags=["devices"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(bytes_max=16 * 1024))
)


@router.post("/v1/devices", status_code=201, dependencies=[public(Action.ENROL_DEVICE)])
def enrol_device(body: EnrolDevice, shell: AppShell) -> EnrolledDevice:
    """Turn a one-time code into a device token.

    Send a random `key` of 128 bits along: then the same request may be repeated within 72 hours
    when its answer got lost, and gives the same device. Without it a lost answer costs the code.
    """
    now = shell.now()
    if not shell.guesses.open_at(now):
        raise AppError("too-many-requests", retry_after_seconds=1)
    request = EnrolmentRequest(body.code, body.name, body.platform, body.key)
    with shell.database.writing() as session:
        result = enrolling_of(shell.settings, shell.randomness).enrol(session, request, now)
    if isinstance(result, CodeRefused):
        if result.is_guess:
            shell.guesses.count(now)
        raise AppError("enrolment-refused")
    return EnrolledDevice(
        device=result.device_id,
        token=result.token,
        lanes=[LaneView.model_validate(lane) for lane in result.lanes],
        limits=dict[str, JsonValue](limits_of(shell.settings)),
    )


@router.post("/v1/enrolments", status_code=201)
def issue_code(
    body: IssueCode,
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.ENROL_DEVICE_FOR_OTHERS)],
) -> IssuedCodeView:
    """A one-time code for the phone of somebody whose account the caller looks after."""
    with shell.database.writing() as session:
        act = act_of(principal, shell)
        enrolling = enrolling_of(shell.settings, shell.randomness)
        issued = enrolling.issue_code(session, body.account, act)
    return IssuedCodeView(
        code=issued.code,
        link=enrolment_link(shell.settings.public_url, issued.code),
        expires_at=issued.expires_at,
    )


@router.get("/v1/devices")
def list_devices(
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.MANAGE_DEVICES)],
    after: AfterId = "",
    limit: Annotated[int, Query(ge=1, le=DEVICES_PER_REQUEST_MAX)] = 100,
) -> DeviceList:
    """Devices of the accounts that the caller looks after, oldest first."""
    with shell.database.reading() as session:
        found = managed_devices(session, act_of(principal, shell), after=after, limit=limit + 1)
    page = found[:limit]
    return DeviceList(
        devices=[_view(device) for device in page],
        next=page[-1].id if len(found) > limit else None,
    )


@router.delete("/v1/devices/{device}", status_code=204)
def delete_device(
    device: Id,
    shell: AppShell,
    principal: Annotated[Principal, allowed(Action.MANAGE_DEVICES)],
) -> Response:
    """Revoke a device. It reads nothing more; what it still pushes goes to quarantine."""
    with shell.database.writing() as session:
        revoke_device(session, device, act_of(principal, shell))
    return Response(status_code=204)


def _view(device: ListedDevice) -> DeviceView:
    return DeviceView.model_validate(
        {
            "id": device.id,
            "account": device.account_id,
            "account_name": device.account_name,
            "role": device.role,
            "name": device.name,
            "platform": device.platform,
            "created_at": device.created_at,
            "last_seen_at": device.last_seen_at,
            "revoked_at": device.revoked_at,
            "heartbeat": device.heartbeat,
        }
    )
