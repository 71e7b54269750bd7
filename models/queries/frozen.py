"""Frozen villages: written once, read back whole, and only if they are what was signed.

Every reading recomputes the hash, so whoever prints or exports a signed village prints and exports
the bytes that were signed, or nothing.
"""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import ColumnElement, Row, and_, insert, select
from sqlmodel import Session

from models.sealing import SEALED_PREFIX, Vault, vault_of
from models.tables.columns import table_of
from models.tables.rounds import FrozenVillageRow, RoundRow, Signature
from sync.canonical import canonical_json
from sync.frozen import FrozenVillage, NotFrozen, hash_of, thaw

DRAFTS_SHOWN_MAX: Final = 100
PACKED: Final = 6
"""gzip's level: 9 costs three times as much for a hundredth of the bytes."""

_FROZEN = table_of(FrozenVillageRow)
_SIGNATURE = table_of(Signature)
_ROUND = table_of(RoundRow)
_NOTED = [column for column in _FROZEN.c if column.name != "body"]
_WITH_SIGNATURE = _FROZEN.outerjoin(
    _SIGNATURE,
    and_(_SIGNATURE.c.desa == _FROZEN.c.desa, _SIGNATURE.c.hash == _FROZEN.c.hash),
).outerjoin(_ROUND, and_(_ROUND.c.desa == _FROZEN.c.desa, _ROUND.c.period == _FROZEN.c.period))
_SIGNED_COLUMNS = (
    _SIGNATURE.c.signed_at,
    _SIGNATURE.c.method,
    _SIGNATURE.c.scan,
    _SIGNATURE.c.account_id.label("signed_by"),
    _ROUND.c.state,
    _ROUND.c.signed_hash,
)


@dataclass(frozen=True, slots=True)
class FrozenNote:
    """What is known of a frozen village without opening it; nobody's name is in it."""

    desa: str
    period: str
    hash: str
    code: str
    head: int
    event: int
    frozen_at: datetime
    account_id: str | None
    families: int
    members: int
    unmet: Mapping[str, int]
    """Checks that were not met when it was frozen → how many families each names."""
    signed_at: datetime | None = None
    method: str | None = None
    """`pin` or `kertas`; nothing for a draft."""
    scan: str | None = None
    signed_by: str | None = None
    state: str | None = None
    """Of the round, now."""
    is_current: bool = False
    """Is it what the village stands by now? A round that was opened again stands by nothing."""


@dataclass(frozen=True, slots=True)
class SignedVillage:
    """A village as it was signed, and what everybody may know about the signature."""

    village: FrozenVillage
    hash: str
    signed_at: datetime
    method: str
    """`pin` or `kertas`."""
    code: str
    """For /periksa."""
    state: str
    """Of the round, now."""


@dataclass(frozen=True, slots=True)
class SignatureNote:
    """One signature as it is stored; `mac` is over everything else."""

    desa: str
    hash: str
    period: str
    method: str
    signed_at: datetime
    account_id: str | None
    event: int
    scan: str | None
    mac: str


def frozen_village(session: Session, desa: str, period: str) -> SignedVillage | None:
    """What the village signed and still stands by; nothing while no signature holds.

    Raises `NotFrozen` where the stored bytes are not those that were signed.
    """
    condition = and_(
        _FROZEN.c.desa == desa,
        _FROZEN.c.period == period,
        _FROZEN.c.hash == _ROUND.c.signed_hash,
    )
    row = _one(session, condition)
    if row is None or row.signed_at is None:
        return None
    village = _thawed(row, vault_of(session))
    return SignedVillage(village, row.hash, row.signed_at, row.method, row.code, row.state)


def frozen_by_hash(
    session: Session, desa: str, digest: str
) -> tuple[FrozenNote, FrozenVillage] | None:
    """A frozen village, draft or signed, by its hash. Raises `NotFrozen`."""
    row = _one(session, and_(_FROZEN.c.desa == desa, _FROZEN.c.hash == digest))
    return None if row is None else (_note(row), _thawed(row, vault_of(session)))


def frozen_note(session: Session, desa: str, digest: str) -> FrozenNote | None:
    """What is known of a frozen village, without its body."""
    statement = select(*_NOTED, *_SIGNED_COLUMNS).select_from(_WITH_SIGNATURE)
    statement = statement.where(_FROZEN.c.desa == desa, _FROZEN.c.hash == digest)
    row = session.connection().execute(statement).one_or_none()
    return None if row is None else _note(row)


def frozen_by_code(session: Session, code: str) -> FrozenNote | None:
    """What a code of /periksa stands for, or nothing."""
    statement = (
        select(*_NOTED, *_SIGNED_COLUMNS)
        .select_from(_WITH_SIGNATURE)
        .where(_FROZEN.c.code == code)
        .limit(1)
    )
    row = session.connection().execute(statement).one_or_none()
    return None if row is None else _note(row)


def frozen_notes(session: Session, desa: str, period: str) -> list[FrozenNote]:
    """Everything that was frozen in a round, the latest first."""
    statement = (
        select(*_NOTED, *_SIGNED_COLUMNS)
        .select_from(_WITH_SIGNATURE)
        .where(_FROZEN.c.desa == desa, _FROZEN.c.period == period)
        .order_by(_FROZEN.c.frozen_at.desc(), _FROZEN.c.event.desc())
        .limit(DRAFTS_SHOWN_MAX)
    )
    return [_note(row) for row in session.connection().execute(statement)]


def add_frozen(session: Session, note: FrozenNote, body: bytes) -> None:
    """Keep a frozen village. There is no way to change it afterwards."""
    session.connection().execute(
        insert(_FROZEN).values(
            desa=note.desa,
            hash=note.hash,
            period=note.period,
            code=note.code,
            head=note.head,
            event=note.event,
            frozen_at=note.frozen_at,
            account_id=note.account_id,
            families=note.families,
            members=note.members,
            unmet=orjson.dumps(dict(note.unmet)).decode(),
            body=_packed(body, vault_of(session)),
        )
    )


def add_signature(session: Session, signature: SignatureNote) -> None:
    """Keep a signature. There is no way to change it afterwards."""
    session.connection().execute(
        insert(_SIGNATURE).values(
            desa=signature.desa,
            hash=signature.hash,
            period=signature.period,
            method=signature.method,
            signed_at=signature.signed_at,
            account_id=signature.account_id,
            event=signature.event,
            scan=signature.scan,
            mac=signature.mac,
        )
    )


def signatures(session: Session, desa: str) -> list[SignatureNote]:
    """Every signature of a village, those that no longer hold included."""
    statement = select(_SIGNATURE).where(_SIGNATURE.c.desa == desa).order_by(_SIGNATURE.c.signed_at)
    return [SignatureNote(**row) for row in session.connection().execute(statement).mappings()]


def frozen_hashes(session: Session, desa: str) -> list[str]:
    """Hashes of everything that was ever frozen in a village."""
    statement = select(_FROZEN.c.hash).where(_FROZEN.c.desa == desa).order_by(_FROZEN.c.hash)
    return list(session.connection().execute(statement).scalars())


def signed_head(session: Session, desa: str) -> int | None:
    """The furthest position of the feed that a signature of the village still stands for."""
    statement = (
        select(_FROZEN.c.head)
        .select_from(_WITH_SIGNATURE)
        .where(_FROZEN.c.desa == desa, _FROZEN.c.hash == _ROUND.c.signed_hash)
        .order_by(_FROZEN.c.head.desc())
        .limit(1)
    )
    return session.connection().execute(statement).scalar_one_or_none()


def _one(session: Session, condition: ColumnElement[bool]) -> Row[*tuple[Any, ...]] | None:
    statement = select(*_FROZEN.c, *_SIGNED_COLUMNS).select_from(_WITH_SIGNATURE).where(condition)
    return session.connection().execute(statement).one_or_none()


def _note(row: Row[*tuple[Any, ...]]) -> FrozenNote:
    return FrozenNote(
        row.desa,
        row.period,
        row.hash,
        row.code,
        row.head,
        row.event,
        row.frozen_at,
        row.account_id,
        row.families,
        row.members,
        orjson.loads(row.unmet),
        row.signed_at,
        row.method,
        row.scan,
        row.signed_by,
        row.state,
        row.signed_at is not None and row.signed_hash == row.hash,
    )


def _packed(body: bytes, vault: Vault) -> bytes:
    lines = (vault.seal(line) for line in body.decode().split("\n")[:-1])
    return gzip.compress("".join(line + "\n" for line in lines).encode(), PACKED, mtime=0)


def _thawed(row: Row[*tuple[Any, ...]], vault: Vault) -> FrozenVillage:
    try:
        stored = gzip.decompress(row.body).decode()
        body = b"".join(_opened(line, vault) + b"\n" for line in stored.split("\n")[:-1])
    except (OSError, EOFError, ValueError) as error:
        raise NotFrozen("the stored bytes cannot be unpacked") from error
    return thaw(body, row.hash)


def _opened(line: str, vault: Vault) -> bytes:
    """A sealed number changes a line's form; once opened, the canonical form is the old one."""
    if SEALED_PREFIX not in line:
        return line.encode()
    return canonical_json(orjson.loads(vault.open(line)))


__all__ = [
    "FrozenNote", "NotFrozen", "SignatureNote", "SignedVillage", "add_frozen", "add_signature",
    "frozen_by_code", "frozen_by_hash", "frozen_hashes", "frozen_note", "frozen_notes",
    "frozen_village", "hash_of", "signatures", "signed_head",
]  # fmt: skip
