"""Change a connector, or end it. What its forms said stays, whatever becomes of the connector.

Another address or other credentials are the same forms. Another form is another list: what came
from the one before it is kept aside, and its forms are edited no more. Another map says what comes
from now on, or, where it is asked for, all forms once more: as edits, which say only what differs.
"""

from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from api.connectors.addresses import AllowList
from api.connectors.credentials import read_credentials
from api.connectors.mapping import ConnectorMap, read_map
from api.errors import AppError
from api.services.acts import Act
from api.services.connector_setup import account_of, checked_place, connector_of
from api.tokens import HOOK_MARK, digest, new_token
from models.queries import connector_changes
from models.queries.auditing import append
from models.queries.connector_changes import ANEW, CHANGED, FORM, REMOVED
from models.queries.connectors import Connector
from models.tables.audit import NO_VILLAGE
from sync.types import ANGGOTA, Json

_NO_CREDENTIALS: Final = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be otherwise; what is None stays."""

    url: str | None = None
    form: str | None = None
    account: str | None = None
    """Its name."""
    map: str | None = None
    credentials: str | None = None
    with_new_hook: bool = False
    without_hook: bool = False
    reads_anew: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """What was changed, in words, and the new secret of its webhook, which is shown once."""

    connector: Connector
    map: ConnectorMap
    what: tuple[str, ...]
    hook_secret: str | None


def change(
    session: Session, connector: Connector, wished: Changes, allowed: AllowList, act: Act
) -> Changed:
    """Change a connector; nothing is asked of the other server yet. Raises `AppError`."""
    _between_runs(connector, act)
    new, secret = _columns(session, connector, wished, act)
    checked_place(connector.kind, new.get("url") or connector.url, _form(connector, new), allowed)
    if wished.credentials is not None:
        read_credentials(wished.credentials)
    mapped = read_map(new.get("map") or connector.map)
    what = tuple(sorted("hook" if name == "hook_digest" else name for name in new))
    if wished.reads_anew:
        _may_be_read_anew(connector, mapped)
        what += ("anew",)
    if not what:
        raise AppError("value-refused", "Say what is to be changed; `--help` shows what can be.")
    connector_changes.change_connector(session, connector.id, new)
    _note(session, connector, new, wished, act)
    detail: list[Json] = list(what)
    append(session, NO_VILLAGE, act.entry("connector-changed", connector=connector.id, what=detail))
    return Changed(connector_of(session, connector.id, connector.kind), mapped, what, secret)


def remove(session: Session, connector: Connector, act: Act) -> None:
    """End a connector. Its forms, their bytes and what is held of them stay. Raises `AppError`."""
    _between_runs(connector, act)
    before = {"url": connector.url, "form": connector.form}
    connector_changes.note_change(session, connector.id, REMOVED, act.now, before)
    ended = {"credentials": _NO_CREDENTIALS, "hook_digest": None}
    connector_changes.change_connector(session, connector.id, ended)
    append(session, NO_VILLAGE, act.entry("connector-removed", connector=connector.id))


def _between_runs(connector: Connector, act: Act) -> None:
    if connector.running_until is not None and connector.running_until > act.now:
        raise AppError(
            "value-refused", f"{connector.id} is being run; wait until that run is over."
        )


def _columns(
    session: Session, connector: Connector, wished: Changes, act: Act
) -> tuple[dict[str, str | None], str | None]:
    """The columns that really change, and the new secret if there is one."""
    told: dict[str, str | None] = {
        "url": wished.url.rstrip("/") if wished.url is not None else None,
        "form": wished.form,
        "account_id": account_of(session, wished.account).id if wished.account else None,
        "map": wished.map,
        "credentials": wished.credentials,
    }
    new: dict[str, str | None] = {
        name: value
        for name, value in told.items()
        if value is not None and value != getattr(connector, name)
    }
    secret = new_token(HOOK_MARK, act.randomness) if wished.with_new_hook else None
    if secret is not None:
        new["hook_digest"] = digest(secret)
    elif wished.without_hook and connector.hook_digest is not None:
        new["hook_digest"] = None
    return new, secret


def _form(connector: Connector, new: dict[str, str | None]) -> str:
    return new.get("form") or connector.form


def _may_be_read_anew(connector: Connector, mapped: ConnectorMap) -> None:
    """An edit that names no persons takes those back that the form had brought."""
    earlier = read_map(connector.map)
    fed = any(one.entity == ANGGOTA for one in earlier.feeds)
    if fed and mapped.members != earlier.members:
        raise AppError(
            "value-refused",
            "The forms cannot be read anew: the new map finds persons elsewhere than the one "
            "before, and those that came in would count as taken back. Change the map without "
            "--anew; it then says what comes from now on.",
        )


def _note(
    session: Session,
    connector: Connector,
    new: dict[str, str | None],
    wished: Changes,
    act: Act,
) -> None:
    told = {"url": connector.url, "form": connector.form, "map": connector.map}
    before = {name: value for name, value in told.items() if name in new}
    what = FORM if "form" in new else ANEW if wished.reads_anew else CHANGED
    number = connector_changes.note_change(session, connector.id, what, act.now, before)
    if what == FORM:
        connector_changes.set_items_aside(session, connector.id, number)
    elif what == ANEW:
        connector_changes.ask_anew(session, connector.id)
