"""Look after devices: list them, take one out of service."""

from sqlmodel import Session

from api.errors import AppError
from api.services.acts import Act
from models.queries import auditing, devices
from models.queries.devices import ListedDevice
from models.tables.audit import NO_VILLAGE


def managed_devices(
    session: Session, act: Act, *, device_id: str | None = None, after: str = "", limit: int
) -> list[ListedDevice]:
    """Devices of accounts that the act's author looks after, by id."""
    roles = None if act.reach.roles is None else sorted(act.reach.roles)
    return devices.devices_within(
        session, act.reach.areas, roles=roles, device_id=device_id, after=after, limit=limit
    )


def revoke_device(session: Session, device_id: str, act: Act) -> ListedDevice:
    """Take a device out of service: it reads nothing more, and what it pushes is set aside.

    Raises `AppError` `not-found` for a device of somebody that the author does not look after.
    """
    found = managed_devices(session, act, device_id=device_id, limit=1)
    if not found:
        raise AppError("not-found")
    device = found[0]
    if devices.revoke_device(session, device.id, act.now):
        entry = act.entry("device-revoked", device=device.id, account=device.account_id)
        auditing.append(session, NO_VILLAGE, entry)
    return device
