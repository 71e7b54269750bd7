"""Records as the core decides on them: loading what a batch needs, storing what it changed."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import orjson
from sqlalchemy import ColumnElement, Executable, Row, bindparam, select
from sqlmodel import Session

from models.queries.departures import note_departures
from models.queries.rowsets import among, keys, store
from models.sealing import Vault, vault_of
from models.tables.columns import table_of
from models.tables.register import RecordRow
from sync.batch import Needs
from sync.types import ANGGOTA, Record, Stamp
from sync.workspace import natural_key

_RECORD = table_of(RecordRow)
RECORD_COLUMNS = [c for c in _RECORD.c if c.name not in ("desa", "natural_key", "created_seq")]
ALIAS_CHAIN_MAX = 8
"""Merges of merges are followed this far; a longer chain is a damaged register."""


def needed_records(session: Session, desa: str, needs: Needs) -> list[Record]:
    """Every record that deciding a batch looks at. The village's turn must be held."""
    found = {r.id: r for r in _with_aliases(session, desa, needs.records)}
    vault = vault_of(session)
    wanted_keys = {vault.natural_key(number) for number in needs.niks | needs.no_kks}
    wanted_keys |= {
        vault.natural_key(number)
        for record_id in _redirected(found, needs.identity_of)
        if (number := natural_key(found[record_id])) is not None
    }
    if wanted_keys:
        twins = _select(session, desa, among(session, _RECORD.c.natural_key, "wanted"), wanted_keys)
        found |= {r.id: r for r in twins if r.id not in found}
    families = _moving_families(found.values(), needs)
    if families:
        kin = _select(session, desa, among(session, _RECORD.c.keluarga, "wanted"), families)
        found |= {r.id: r for r in kin if r.id not in found}
    return list(found.values())


def _redirected(found: Mapping[str, Record], ids: Iterable[str]) -> set[str]:
    """Those that are there, and the records that aliases among them lead to."""
    reached: set[str] = set()
    ahead = [record_id for record_id in ids if record_id in found]
    while ahead:
        record_id = ahead.pop()
        reached.add(record_id)
        alias = found[record_id].alias
        if alias is not None and alias in found and alias not in reached:
            ahead.append(alias)
    return reached


def _with_aliases(session: Session, desa: str, ids: Iterable[str]) -> list[Record]:
    found: dict[str, Record] = {}
    missing = set(ids)
    for _ in range(ALIAS_CHAIN_MAX):
        if not missing:
            break
        rows = _select(session, desa, among(session, _RECORD.c.id, "wanted"), missing)
        found |= {record.id: record for record in rows}
        missing = {r.alias for r in rows if r.alias is not None and r.alias not in found}
    return list(found.values())


def _moving_families(found: Iterable[Record], needs: Needs) -> set[str]:
    """Families whose rows may move, or be re-hung, with a record of this batch."""
    listed = list(found)
    known = {record.id: record for record in listed}
    moving = {record_id for record_id in needs.kin_of if record_id in known}
    moving |= {alias for r in moving if (alias := known[r].alias) is not None and alias in known}
    bearers: dict[str, list[Record]] = {}
    for record in listed:
        if record.entity == ANGGOTA and (number := natural_key(record)) is not None:
            bearers.setdefault(number, []).append(record)
    # Whoever shares a NIK may turn out to be one person, whose measurements then move together.
    moving |= {r.id for shared in bearers.values() if len(shared) > 1 for r in shared}
    return {known[record_id].keluarga for record_id in moving}


def records_by_id(session: Session, desa: str, ids: Iterable[str]) -> list[Record]:
    """Records of one village by id, in no particular order."""
    wanted = set(ids)
    if not wanted:
        return []
    return _select(session, desa, among(session, _RECORD.c.id, "wanted"), wanted)


def family_records(session: Session, desa: str, keluarga: str) -> list[Record]:
    """A family and everything beneath it, closed and merged rows included, in no order."""
    return _select(session, desa, among(session, _RECORD.c.keluarga, "wanted"), {keluarga})


def _select(
    session: Session, desa: str, condition: ColumnElement[bool], wanted: Iterable[str]
) -> list[Record]:
    vault = vault_of(session)
    rows = session.connection().execute(
        _selecting(condition), {"village": desa, "wanted": keys(session, wanted)}
    )
    return [record_of(desa, row, vault) for row in rows]


@lru_cache(maxsize=16)
def _selecting(condition: ColumnElement[bool]) -> Executable:
    return select(*RECORD_COLUMNS).where(_RECORD.c.desa == bindparam("village"), condition)


def record_of(desa: str, row: Row[tuple[object, ...]], vault: Vault) -> Record:
    """A stored row as the core's record."""
    stamps = orjson.loads(row.stamps)
    return Record(
        desa=desa,
        id=row.id,
        entity=row.entity,
        parent=row.parent,
        keluarga=row.keluarga,
        rt=row.rt,
        seq=row.seq,
        created=Stamp(*stamps["c"]),
        fields=orjson.loads(vault.open(row.doc)),
        stamps={g: tuple(Stamp(*s) for s in listed) for g, listed in stamps.get("g", {}).items()},
        elements={
            group: {e: tuple(Stamp(*s) for s in listed) for e, listed in elements.items()}
            for group, elements in stamps.get("e", {}).items()
        },
        rt_since=row.rt_since,
        left=orjson.loads(row.left_rts) if row.left_rts else {},
        end=orjson.loads(row.end_body) if row.end_body else None,
        alias=row.alias,
        review=tuple(orjson.loads(row.review)) if row.review else (),
        disputed=bool(row.disputed),
        merged=orjson.loads(vault.open(row.merged)) if row.merged else None,
    )


def store_records(session: Session, desa: str, records: Sequence[Record]) -> None:
    """Write changed records. Their numbers must have been taken from the feed before."""
    note_departures(session, desa, records)
    vault = vault_of(session)
    store(session, _RECORD, desa, [_row_of(record, vault) for record in records])


def _row_of(record: Record, vault: Vault) -> dict[str, object]:
    number = natural_key(record)
    end = record.end
    return {
        "id": record.id,
        "entity": record.entity,
        "parent": record.parent,
        "keluarga": record.keluarga,
        "rt": record.rt,
        "seq": record.seq,
        "created_seq": record.created.seq,
        "rt_since": record.rt_since,
        "left_rts": _json(record.left) if record.left else None,
        "natural_key": vault.natural_key(number) if number is not None else None,
        "doc": vault.seal(_json(record.fields)),
        "stamps": _json(_stamps(record)),
        "end_reason": end.get("end") if end is not None else None,
        "end_body": _json(end) if end is not None else None,
        "alias": record.alias,
        "merged": vault.seal(_json(record.merged)) if record.merged is not None else None,
        "review": _json(list(record.review)) if record.review else None,
        "disputed": record.disputed,
    }


def _stamps(record: Record) -> dict[str, object]:
    stamps: dict[str, object] = {"c": list(record.created)}
    if record.stamps:
        stamps["g"] = {g: [list(s) for s in listed] for g, listed in record.stamps.items()}
    if record.elements:
        stamps["e"] = {
            group: {e: [list(s) for s in listed] for e, listed in elements.items()}
            for group, elements in record.elements.items()
        }
    return stamps


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
