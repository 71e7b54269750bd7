"""One-time codes: issued, tried, used once, repeated by whoever lost the answer."""

from datetime import datetime

from sqlalchemy import bindparam, insert, select, update
from sqlmodel import Session

from models.tables.accounts import Enrolment
from models.tables.columns import table_of

_ENROLMENT = table_of(Enrolment)

_BY_CODE = (
    select(_ENROLMENT).where(_ENROLMENT.c.code_digest == bindparam("digest")).with_for_update()
)


def add_enrolment(session: Session, enrolment: Enrolment) -> None:
    """Insert a code's digest."""
    session.connection().execute(insert(_ENROLMENT), [enrolment.model_dump()])


def enrolment_by_code(session: Session, code_digest: str) -> Enrolment | None:
    """The enrolment of a code, locked: two requests with one code take turns."""
    row = session.connection().execute(_BY_CODE, {"digest": code_digest}).mappings().one_or_none()
    return None if row is None else Enrolment(**row)


def use_enrolment(
    session: Session, enrolment_id: str, *, device_id: str, key_digest: str | None, now: datetime
) -> None:
    """The code became a device and will not become another."""
    session.connection().execute(
        update(_ENROLMENT)
        .where(_ENROLMENT.c.id == enrolment_id)
        .values(used_at=now, device_id=device_id, key_digest=key_digest)
    )


def count_try(session: Session, code_head: str, now: datetime) -> int:
    """A wrong code came whose beginning is right: count it against those it may have meant."""
    result = session.connection().execute(
        update(_ENROLMENT)
        .where(
            _ENROLMENT.c.code_head == code_head,
            _ENROLMENT.c.used_at.is_(None),
            _ENROLMENT.c.expires_at > now,
        )
        .values(tries=_ENROLMENT.c.tries + 1)
    )
    return result.rowcount
