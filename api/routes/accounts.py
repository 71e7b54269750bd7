"""Accounts: listed, added, moved to other areas, disabled by the office."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.bodies import BodyLimits, bounded
from api.dependencies import allowed
from api.description import ANY_PROBLEM
from api.routes.sessions import area_views
from api.schemas.accounts import (
    ACCOUNTS_PER_REQUEST_MAX,
    AccountList,
    AccountView,
    AddAccount,
    AfterName,
    AreaRequest,
    ChangeAreas,
    ChangePassword,
    Id,
)
from api.security import Principal
from api.services.accounts import (
    NewAccount,
    add_account,
    change_areas,
    change_password,
    disable_account,
    enable_account,
    hashed,
    parse_area,
)
from api.services.acts import act_of
from api.shell import AppShell, Shell
from models.queries import accounts, areas
from models.queries.accounts import Area
from models.tables.accounts import Account
from sync.permission import Action, Role

router = APIRouter(
    tags=["accounts"], responses=ANY_PROBLEM, route_class=bounded(BodyLimits(bytes_max=64 * 1024))
)

Manager = Annotated[Principal, allowed(Action.MANAGE_ACCOUNTS)]


@router.get("/v1/accounts")
def list_accounts(
    shell: AppShell,
    principal: Manager,
    after: AfterName = "",
    limit: Annotated[int, Query(ge=1, le=ACCOUNTS_PER_REQUEST_MAX)] = 100,
) -> AccountList:
    """Accounts whose areas all lie inside the caller's, by name."""
    reach = act_of(principal, shell).reach
    with shell.database.reading() as session:
        found = accounts.accounts_within(session, reach.areas, after=after, limit=limit + 1)
    page = found[:limit]
    return AccountList(
        accounts=_views(shell, page), next=page[-1].name if len(found) > limit else None
    )


@router.post("/v1/accounts", status_code=201)
def post_account(body: AddAccount, shell: AppShell, principal: Manager) -> AccountView:
    """Add an account. Without a password it can own devices but not sign in."""
    act = act_of(principal, shell)
    new = NewAccount(
        name=body.name,
        role=body.role,
        areas=_areas(body.areas),
        display_name=body.display_name,
        password_hash=None if body.password is None else hashed(body.password, act),
    )
    with shell.database.writing() as session:
        account = add_account(session, new, act)
    return _views(shell, [account])[0]


@router.put("/v1/accounts/{account}/areas")
def put_areas(account: Id, body: ChangeAreas, shell: AppShell, principal: Manager) -> AccountView:
    """Replace the areas of an account; its phones hear of it with their next sync."""
    with shell.database.writing() as session:
        changed = change_areas(session, account, _areas(body.areas), act_of(principal, shell))
    return _view_of(shell, changed.id)


@router.put("/v1/accounts/{account}/password", status_code=204)
def put_password(
    account: Id, body: ChangePassword, shell: AppShell, principal: Manager
) -> Response:
    """Set a password; signs the account out of all browsers."""
    act = act_of(principal, shell)
    password_hash = hashed(body.password, act)
    with shell.database.writing() as session:
        change_password(session, account, password_hash, act)
    return Response(status_code=204)


@router.post("/v1/accounts/{account}/disable")
def disable(account: Id, shell: AppShell, principal: Manager) -> AccountView:
    """Disable an account; its phones may still hand over unsent work, into quarantine."""
    with shell.database.writing() as session:
        changed = disable_account(session, account, act_of(principal, shell))
    return _view_of(shell, changed.id)


@router.post("/v1/accounts/{account}/enable")
def enable(account: Id, shell: AppShell, principal: Manager) -> AccountView:
    """Take a disabling back."""
    with shell.database.writing() as session:
        changed = enable_account(session, account, act_of(principal, shell))
    return _view_of(shell, changed.id)


def _areas(requested: Sequence[AreaRequest]) -> tuple[Area, ...]:
    return tuple(parse_area(one.area, one.rt) for one in requested)


def _view_of(shell: Shell, account_id: str) -> AccountView:
    with shell.database.reading() as session:
        account = accounts.account_by_id(session, account_id)
    assert account is not None  # accounts are never deleted
    return _views(shell, [account])[0]


def _views(shell: Shell, found: Sequence[Account]) -> list[AccountView]:
    with shell.database.reading() as session:
        held = accounts.open_areas(session, [account.id for account in found])
        codes = {area.kode_wilayah for areas_held in held.values() for area in areas_held}
        names = areas.area_names(session, codes)
    return [
        AccountView(
            id=account.id,
            name=account.name,
            display_name=account.display_name,
            role=Role(account.role),
            areas=area_views(held.get(account.id, []), names),
            scope_version=account.scope_version,
            has_password=account.password_hash is not None,
            created_at=account.created_at,
            disabled_at=account.disabled_at,
        )
        for account in found
    ]
