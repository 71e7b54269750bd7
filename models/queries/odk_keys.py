"""Keys of phones with ODK Collect: written at enrolment, found by the name that was typed."""

from dataclasses import dataclass

from sqlalchemy import bindparam, insert, select
from sqlmodel import Session

from models.tables.accounts import Device
from models.tables.columns import table_of
from models.tables.submissions import OdkKey

_KEY = table_of(OdkKey)
_DEVICE = table_of(Device)
_COLUMNS = (_KEY.c.device_id, _KEY.c.username, _KEY.c.salt, _DEVICE.c.token_digest)
_JOINED = select(*_COLUMNS).join(_DEVICE, _DEVICE.c.id == _KEY.c.device_id)
_BY_NAME = _JOINED.where(_KEY.c.username == bindparam("typed"))
_BY_DEVICE = _JOINED.where(_KEY.c.device_id == bindparam("device"))


@dataclass(frozen=True, slots=True)
class KnownKey:
    """One key, with the digest of the token that its device is found by."""

    device_id: str
    username: str
    salt: str
    token_digest: str


def add_key(session: Session, key: OdkKey) -> None:
    """Insert a key; its device is there already."""
    session.connection().execute(insert(_KEY), [key.model_dump()])


def key_by_username(session: Session, username: str) -> KnownKey | None:
    """The key that was typed with this name."""
    row = session.connection().execute(_BY_NAME, {"typed": username}).one_or_none()
    return KnownKey(*row) if row is not None else None


def key_of_device(session: Session, device_id: str) -> KnownKey | None:
    """The key of a device, if it is one with ODK Collect."""
    row = session.connection().execute(_BY_DEVICE, {"device": device_id}).one_or_none()
    return KnownKey(*row) if row is not None else None
