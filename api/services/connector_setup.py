"""Add a connector, and open one for a run. Changing and removing it is `connector_changing`."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import httpx
from sqlmodel import Session

from api.connectors.addresses import AllowList, Resolver, Unreachable, place_of, system_resolver
from api.connectors.central import CENTRAL, Central
from api.connectors.central_entities import DATASETS, CentralEntities
from api.connectors.credentials import read_credentials
from api.connectors.kobo import KOBO, Kobo
from api.connectors.mapping import ConnectorMap, read_map
from api.connectors.other_server import OtherServer
from api.connectors.reaching import PinnedTransport, Reach
from api.errors import AppError
from api.services.acts import Act
from api.services.connecting import Connection
from api.services.submitting_places import connected_collector
from api.settings import Settings
from api.tokens import HOOK_MARK, digest, new_token
from models.queries import accounts, connectors
from models.queries.auditing import append
from models.queries.connectors import Connector
from models.tables.accounts import Account
from models.tables.audit import NO_VILLAGE

_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,23}")
_FORMS: Final[Mapping[str, re.Pattern[str]]] = {
    KOBO: re.compile(r"[A-Za-z0-9]{5,40}"),
    CENTRAL: re.compile(r"[0-9]{1,10}/(datasets/)?[^/\s]{1,200}"),
}


@dataclass(frozen=True, slots=True)
class NewConnector:
    """What is told of a connector when it is added."""

    id: str
    kind: str
    url: str
    form: str
    account: str
    """Its name."""
    map: str
    credentials: str
    with_hook: bool = False


@dataclass(frozen=True, slots=True)
class Added:
    """A connector that was added; the secret of its webhook is shown once."""

    connector: Connector
    map: ConnectorMap
    hook_secret: str | None


def allow_list(settings: Settings) -> AllowList:
    """The hosts that the operator lets connectors ask."""
    return AllowList.of(
        settings.connector_hosts.split(","), settings.connector_hosts_inside.split(",")
    )


def add(session: Session, new: NewConnector, allowed: AllowList, act: Act) -> Added:
    """Add a connector; nothing is asked of the other server yet. Raises `AppError`."""
    if not _ID.fullmatch(new.id):
        raise AppError(
            "value-refused", "A connector's id is 2 to 24 of a-z, 0-9 and -, such as kobo-2026."
        )
    checked_place(new.kind, new.url, new.form, allowed)
    read_credentials(new.credentials)
    mapped = read_map(new.map)
    account = account_of(session, new.account)
    secret = new_token(HOOK_MARK, act.randomness) if new.with_hook else None
    connector = Connector(
        id=new.id,
        kind=new.kind,
        url=new.url.rstrip("/"),
        form=new.form,
        account_id=account.id,
        map=new.map,
        credentials=new.credentials,
        hook_digest=digest(secret) if secret is not None else None,
        created_at=act.now,
    )
    if not connectors.add_connector(session, connector):
        raise AppError(
            "value-refused",
            f"There is a connector {new.id} already, or was: the forms of one that was removed "
            "stand under its id, which no other one gets.",
        )
    append(
        session,
        NO_VILLAGE,
        act.entry("connector-added", connector=new.id, kind=new.kind, account=account.id),
    )
    return Added(connector, mapped, secret)


def checked_place(kind: str, url: str, form: str, allowed: AllowList) -> None:
    """May that form be asked for there? Raises `AppError` `value-refused`."""
    if not _FORMS[kind].fullmatch(form):
        raise AppError(
            "value-refused",
            "That is no form: Kobo's asset uid, PROJECT/FORM, or PROJECT/datasets/LIST.",
        )
    try:
        place_of(url, allowed)
    except Unreachable as problem:
        raise AppError("value-refused", f"{problem}.") from None


def account_of(session: Session, name: str) -> Account:
    """The account that forms speak for. Raises `AppError` `not-found`."""
    account = accounts.account_by_name(session, name)
    if account is None or account.disabled_at is not None:
        raise AppError("not-found", "There is no such account; `lokus account list` shows them.")
    return account


def connector_of(session: Session, connector_id: str, kind: str) -> Connector:
    """A connector of that kind. Raises `AppError` `not-found`."""
    found = connectors.connector(session, connector_id)
    if found is None or found.kind != kind or found.removed:
        raise AppError("not-found", f"No such connector; `lokus connect {kind} list` shows them.")
    return found


def connection_of(session: Session, connector: Connector) -> Connection:
    """What a run needs to know of a connector. Raises `AppError` where its account is gone."""
    collector = connected_collector(session, connector.id)
    if collector is None or collector.revoked:
        raise AppError(
            "value-refused", "The connector's account is disabled: nobody vouches for its forms."
        )
    return Connection(connector.id, collector, read_map(connector.map), connector.readings)


@dataclass(frozen=True, slots=True)
class Network:
    """How other servers are reached; tests bring a server of their own."""

    allowed: AllowList
    resolve: Resolver = system_resolver
    inner: httpx.BaseTransport | None = None


@contextmanager
def opened_server(
    connector: Connector, mapped: ConnectorMap, network: Network
) -> Iterator[OtherServer]:
    """The other server, with the credentials that are read for this run."""
    credentials = read_credentials(connector.credentials)
    transport = PinnedTransport(network.allowed, network.resolve, network.inner)
    with Reach(connector.url, transport) as reach:
        if connector.kind == KOBO:
            yield Kobo(reach, connector.form, credentials[0], mapped.photos)
        elif f"/{DATASETS}" in connector.form:
            yield CentralEntities(reach, connector.form, credentials)
        else:
            yield Central(reach, connector.form, credentials, mapped.repeats)
