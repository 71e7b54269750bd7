"""Facts about the server as a whole."""

from typing import Final

from sqlalchemy import bindparam, select
from sqlmodel import Session

from models.queries.inserting import insert_missing, insert_or_replace
from models.tables.columns import table_of
from models.tables.server_state import ServerState

EPOCH: Final = "epoch"
FIRST_HEAD: Final = "first-head"
"""Where the feed of a village begins in which nobody has written yet."""

_STATE = table_of(ServerState)
_VALUE = select(_STATE.c.value).where(_STATE.c.key == bindparam("state_key"))


class EpochMissing(Exception):
    """The database was never given an epoch, so no cursor could be trusted."""

    def __init__(self) -> None:
        super().__init__("the database has no epoch yet: run `lokus migrate`")


def state(session: Session, key: str) -> str | None:
    """The value of a fact, or nothing."""
    return session.connection().execute(_VALUE, {"state_key": key}).scalar_one_or_none()


def epoch(session: Session) -> str:
    """The present epoch; every cursor that a phone holds names one. Raises `EpochMissing`."""
    value = state(session, EPOCH)
    if value is None:
        raise EpochMissing
    return value


def set_state(session: Session, key: str, value: str) -> None:
    """State a fact, whatever was stated before."""
    insert_or_replace(session, _STATE, [{"key": key, "value": value}])


def ensure_state(session: Session, key: str, value: str) -> None:
    """State a fact unless it was stated before."""
    insert_missing(session, _STATE, [{"key": key, "value": value}])
