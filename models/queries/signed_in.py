"""Who is behind a token that lasts for a while: one question, whichever kind of token it is."""

from sqlalchemy import Column, Select, Table, and_, bindparam, select

from models.tables.accounts import Account, AccountArea
from models.tables.columns import table_of

_ACCOUNT = table_of(Account)
_AREA = table_of(AccountArea)


def account_by_token(tokens: Table, *own: Column[str]) -> Select[tuple[object, ...]]:
    """The account of the row whose token has the ``digest``, a line for each of its areas.

    Nothing where it expired before ``now``, or where the account was disabled. ``own`` are columns
    of the row itself that are wanted as well.
    """
    return (
        select(
            tokens.c.account_id,
            *own,
            _ACCOUNT.c.name,
            _ACCOUNT.c.role,
            _ACCOUNT.c.scope_version,
            _AREA.c.kode_wilayah,
            _AREA.c.rts,
            _AREA.c.since,
            _AREA.c.until,
        )
        .select_from(
            tokens.join(_ACCOUNT, _ACCOUNT.c.id == tokens.c.account_id).outerjoin(
                _AREA, _AREA.c.account_id == _ACCOUNT.c.id
            )
        )
        .where(
            and_(
                tokens.c.token_digest == bindparam("digest"),
                tokens.c.expires_at > bindparam("now"),
                _ACCOUNT.c.disabled_at.is_(None),
            )
        )
        .order_by(_AREA.c.since, _AREA.c.kode_wilayah)
    )
