"""In whose name the command line decides: a decision always has an account behind it."""

from dataclasses import replace

from sqlmodel import Session

from api.errors import AppError
from api.services.reviewers import Reviewer
from models.queries import accounts, browsing
from models.queries.scoping import Sight
from models.tables.accounts import Account
from sync.permission import Action, Role, may


def deputy(
    session: Session, reader: Reviewer, desa: str, action: Action, *, by: str | None
) -> Reviewer:
    """The named account, or the supervisor who is nearest to the village.

    Nearest is whose area is the smallest that covers it; among equals the first by name. Raises
    `AppError` where nobody is found, or the account may not do it there.
    """
    if by is None:
        return _nearest(session, reader, desa, action)
    account = accounts.account_by_name(session, by.strip().lower())
    if account is None or account.disabled_at is not None:
        raise AppError("not-found", "No account of that name is active; see `lokus account list`.")
    found = _as_reviewer(session, reader, account)
    # What lies in no village is in nobody's by its code; what the account may see is asked later.
    if not found.may(action) or (desa and not _works_in(found, desa)):
        raise AppError("not-permitted", "That account may not decide about this village.")
    return found


def _nearest(session: Session, reader: Reviewer, desa: str, action: Action) -> Reviewer:
    roles = [role.value for role in Role if may(role, action)]
    candidates = browsing.active_accounts(session, roles)
    reviewers = [_as_reviewer(session, reader, account) for account in candidates]
    covering = [one for one in reviewers if _covers(one, desa)]
    if not covering:
        raise AppError(
            "not-found", "No supervisor's area covers this village: name an account with --by."
        )
    return max(covering, key=lambda one: _closeness(one, desa))


def _as_reviewer(session: Session, reader: Reviewer, account: Account) -> Reviewer:
    return replace(
        reader,
        account_id=account.id,
        role=Role(account.role),
        sight=Sight(accounts.scope_of(session, account), reader.now),
    )


def _works_in(reviewer: Reviewer, desa: str) -> bool:
    """In the whole village or in some of its RTs; what lies in which RT is asked of each deed."""
    grants = reviewer.sight.scope.grants
    return any(one.open_at(reviewer.now) and desa.startswith(one.kode_wilayah) for one in grants)


def _covers(reviewer: Reviewer, desa: str) -> bool:
    return any(desa.startswith(area) for area in reviewer.sight.whole_areas())


def _closeness(reviewer: Reviewer, desa: str) -> int:
    return max(len(area) for area in reviewer.sight.whole_areas() if desa.startswith(area))
