"""Append to the audit chains, and prove that nobody changed them.

A chain shows every edit, removal and insertion that was not made with all of its later hashes and
its head. Somebody with full power over the database could still rewrite a chain from some entry
to its end; against that stands a head that was printed or exported before (`heads`).
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlalchemy import Connection, Row, bindparam, insert, select, type_coerce, update
from sqlalchemy.types import NullType
from sqlmodel import Session

from models.canonical import canonical_json
from models.queries.inserting import insert_missing
from models.tables.audit import Audit, AuditChain
from models.tables.columns import table_of
from sync.types import Json

BEGINNING: Final = "0" * 64
"""The hash before the first entry of every chain."""
ROWS_PER_FETCH: Final = 2000

_AUDIT = table_of(Audit)
_CHAIN = table_of(AuditChain)

_HEAD = (
    select(_CHAIN.c.n, _CHAIN.c.hash)
    .where(_CHAIN.c.chain == bindparam("chain_key"))
    .with_for_update()
)
_MOVE_HEAD = update(_CHAIN).where(_CHAIN.c.chain == bindparam("chain_key"))
_ADD = insert(_AUDIT)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What somebody did: ids in `detail`, never a person's name, NIK or No KK."""

    at: datetime
    action: str
    actor: str | None = None
    """Account id; `None` for the command line and for strangers."""
    device: str | None = None
    detail: Mapping[str, Json] = field(default_factory=dict)


def append(session: Session, chain: str, *entries: AuditEntry) -> None:
    """Append entries to a village's chain, or to `NO_VILLAGE`'s.

    Takes the lock of the chain's row until the transaction ends; a village's feed row has to be
    locked before it, always in this order. Several subjects of one act are one entry.
    """
    if not entries:
        return
    connection = session.connection()
    n, previous = _locked_head(session, connection, chain)
    rows: list[dict[str, object]] = []
    for entry in entries:
        n += 1
        row = _row(chain, n, previous, entry)
        previous = _hash(row)
        rows.append({**row, "at": entry.at, "hash": previous})
    connection.execute(_ADD, rows)
    connection.execute(_MOVE_HEAD, {"chain_key": chain, "n": n, "hash": previous})


def heads(session: Session) -> dict[str, tuple[int, str]]:
    """Every chain's length and last hash: what a print-out or an export anchors."""
    rows = session.connection().execute(select(_CHAIN.c.chain, _CHAIN.c.n, _CHAIN.c.hash))
    return {chain: (n, digest) for chain, n, digest in rows}


def verify(session: Session) -> Iterator[str]:
    """Recompute every chain; one English sentence for each thing that does not fit."""
    expected = heads(session)
    links: dict[str, _Link] = {}
    for row in _all_rows(session.connection()):
        link = links.setdefault(row.chain, _Link())
        yield from _check(row, link)
        link.n, link.hash = row.n, row.hash
    for chain in sorted(expected.keys() | links.keys()):
        link = links.get(chain, _Link())
        if expected.get(chain, (0, BEGINNING)) != (link.n, link.hash):
            yield (
                f"audit {_named(chain)}: the last entry is {link.n}, but the chain's head "
                f"{_said(expected.get(chain))}: entries at the end were removed or added"
            )


@dataclass(slots=True)
class _Link:
    n: int = 0
    hash: str = BEGINNING


def _locked_head(session: Session, connection: Connection, chain: str) -> tuple[int, str]:
    head = connection.execute(_HEAD, {"chain_key": chain}).one_or_none()
    if head is None:
        insert_missing(session, _CHAIN, [{"chain": chain, "n": 0, "hash": BEGINNING}])
        head = connection.execute(_HEAD, {"chain_key": chain}).one()
    return head.n, head.hash


def _row(chain: str, n: int, previous: str, entry: AuditEntry) -> dict[str, object]:
    return {**stated(chain, entry), "n": n, "previous": previous}


def stated(chain: str, entry: AuditEntry) -> dict[str, object]:
    """An entry's row without its place in the chain."""
    return {
        "chain": chain,
        "at": _instant(entry.at),
        "actor": entry.actor,
        "device": entry.device,
        "action": entry.action,
        "detail": canonical_json(entry.detail).decode(),
    }


def before_link(row: Mapping[str, object]) -> str:
    """The canonical JSON of a row as far as `n` and `previous`, which come last in it.

    Whoever locks the chain's head in SQL adds them there and has the text that is hashed.
    """
    return orjson.dumps(row, option=orjson.OPT_SORT_KEYS).decode().removesuffix("}")


def _hash(row: Mapping[str, object]) -> str:
    """SHA-256 of the row's canonical JSON; empty for a row that no `append` can have written.

    A row is text and one integer under ASCII keys, where orjson's sorted form is the canonical one
    and ten times as fast: a million entries are verified within a minute.
    """
    try:
        return hashlib.sha256(orjson.dumps(row, option=orjson.OPT_SORT_KEYS)).hexdigest()
    except orjson.JSONEncodeError:
        return ""


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _all_rows(connection: Connection) -> Iterator[Row[*tuple[Any, ...]]]:
    # The stored form of `at`: text that was tampered with must be reported, not fail to parse.
    at = type_coerce(_AUDIT.c.at, NullType()).label("at")
    columns = [at if column.name == "at" else column for column in _AUDIT.c]
    statement = select(*columns).order_by(_AUDIT.c.chain, _AUDIT.c.n)
    yield from connection.execute(statement.execution_options(yield_per=ROWS_PER_FETCH))


def _check(row: Row[*tuple[Any, ...]], link: _Link) -> Iterator[str]:
    where = f"audit {_named(row.chain)}, entry {row.n}"
    if row.n != link.n + 1:
        yield f"{where}: entries {link.n + 1} to {row.n - 1} are missing"
    elif row.previous != link.hash:
        yield f"{where}: it does not follow from the entry before it"
    stated = dict(row._mapping)  # noqa: SLF001 (SQLAlchemy's public name for it)
    digest = stated.pop("hash")
    if isinstance(row.at, datetime):
        stated["at"] = _instant(row.at)
    if _hash(stated) != digest:
        yield f"{where}: it was changed after it was written"


def _named(chain: str) -> str:
    return f"of village {chain}" if chain else "of the server"


def _said(head: tuple[int, str] | None) -> str:
    return "is missing" if head is None else f"says {head[0]}"
