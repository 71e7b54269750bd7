"""What the installation is called, and since when it is there."""

from datetime import datetime

from sqlalchemy import func, select
from sqlmodel import Session

from models.tables.accounts import Account
from models.tables.areas import Wilayah
from models.tables.columns import table_of

_ACCOUNT = table_of(Account)
_AREA = table_of(Wilayah)


def widest_area(session: Session) -> str | None:
    """The name of the widest area that is loaded."""
    statement = select(_AREA.c.nama).order_by(func.length(_AREA.c.kode), _AREA.c.kode).limit(1)
    found: str | None = session.connection().execute(statement).scalar_one_or_none()
    return found


def first_account_at(session: Session) -> datetime | None:
    """When the first account was made."""
    found: datetime | None = (
        session.connection().execute(select(func.min(_ACCOUNT.c.created_at))).scalar_one()
    )
    return found
