"""What a chunk of a list is decided upon: the families and persons that it may mean.

Three statements for a chunk, however many rows it has: who bears one of its numbers, who else is in
those families, and whom merged ones stand for. What lists said before is read for those records
only that others have spoken about as well.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import orjson
from sqlalchemy import bindparam, func, select
from sqlmodel import Session

from models.queries.records import ALIAS_CHAIN_MAX, RECORD_COLUMNS, record_of
from models.queries.rowsets import among, keys
from models.queries.scoping import in_areas
from models.sealing import vault_of
from models.tables.columns import table_of
from models.tables.register import NikClaim, RecordRow
from models.tables.sync import OperationRow
from sync.listing_matching import home_of, plain_name
from sync.listing_persons import Child
from sync.types import ANGGOTA, KELUARGA, PENGUKURAN, Json, Record

_RECORD = table_of(RecordRow)
_OPERATION = table_of(OperationRow)
_CLAIM = table_of(NikClaim)


def records_meant(
    session: Session, desa: str, numbers: Iterable[str], families: Iterable[str]
) -> list[Record]:
    """Families and persons that bear one of the numbers, and everybody in their families."""
    vault = vault_of(session)
    hashed = {vault.natural_key(number) for number in numbers}
    found = _select(session, desa, "natural_key", hashed)
    homes = {record.keluarga for record in found.values()} | set(families)
    found |= _select(session, desa, "keluarga", homes)
    for _ in range(ALIAS_CHAIN_MAX):
        missing = {r.alias for r in found.values() if r.alias is not None} - found.keys()
        if not missing:
            break
        targets = _select(session, desa, "id", {alias for alias in missing if alias})
        # Who was merged into a person of another family may have company there.
        homes = {record.keluarga for record in targets.values()} - homes
        found |= targets | _select(session, desa, "keluarga", homes)
    return list(found.values())


def _select(session: Session, desa: str, column: str, wanted: Iterable[str]) -> dict[str, Record]:
    listed = set(wanted)
    if not listed:
        return {}
    statement = select(*RECORD_COLUMNS).where(
        _RECORD.c.desa == bindparam("village"),
        _RECORD.c.entity.in_((KELUARGA, ANGGOTA)),
        among(session, _RECORD.c[column], "wanted"),
    )
    rows = session.connection().execute(
        statement, {"village": desa, "wanted": keys(session, listed)}
    )
    vault = vault_of(session)
    return {row.id: record_of(desa, row, vault) for row in rows}


def operations_of_lists(
    session: Session, desa: str, lanes: Iterable[str], records: Iterable[str]
) -> list[Mapping[str, Json]]:
    """What lists have said about the records, in order: the operations as they were made."""
    wanted = set(records)
    if not wanted:
        return []
    statement = (
        select(_OPERATION.c.body)
        .where(
            _OPERATION.c.desa == bindparam("village"),
            _OPERATION.c.lane.in_(sorted(lanes)),
            among(session, _OPERATION.c.record, "wanted"),
        )
        .order_by(_OPERATION.c.lane, _OPERATION.c.seq)
    )
    rows = session.connection().execute(
        statement, {"village": desa, "wanted": keys(session, wanted)}
    )
    vault = vault_of(session)
    return [orjson.loads(vault.open(row.body)) for row in rows]


def families_by_other_traits(
    session: Session, desa: str
) -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """Families by the id of an earlier list, and by head and address where only one has both.

    Reads every family of the village: for lists that do not know them by No KK.
    """
    statement = select(*RECORD_COLUMNS).where(
        _RECORD.c.desa == bindparam("village"), _RECORD.c.entity == KELUARGA
    )
    list_ids: dict[str, str] = {}
    homes: dict[tuple[str, str], str] = {}
    shared: Counter[tuple[str, str]] = Counter()
    vault = vault_of(session)
    for row in session.connection().execute(statement, {"village": desa}):
        record = record_of(desa, row, vault)
        list_id, home = record.fields.get("id_dtks"), home_of(record.fields)
        if isinstance(list_id, str):
            list_ids.setdefault(list_id, record.id)
        if all(home) and record.alias is None:
            homes[home] = record.id
            shared[home] += 1
    return list_ids, {home: family for home, family in homes.items() if shared[home] == 1}


def niks_elsewhere(session: Session, desa: str, niks: Iterable[str]) -> frozenset[str]:
    """Those of the numbers that somebody bears in another village, as far as it was noted."""
    vault = vault_of(session)
    hashed = {vault.natural_key(number): number for number in niks}
    if not hashed:
        return frozenset()
    statement = select(_CLAIM.c.natural_key).where(
        among(session, _CLAIM.c.natural_key, "wanted"), _CLAIM.c.desa != desa
    )
    found = session.connection().execute(statement, {"wanted": keys(session, hashed)}).scalars()
    return frozenset(hashed[key] for key in found)


def active_families(session: Session, desa: str) -> int:
    """How many families of the village are neither closed nor merged into another."""
    statement = select(func.count()).where(
        _RECORD.c.desa == desa,
        _RECORD.c.entity == KELUARGA,
        _RECORD.c.end_reason.is_(None),
        _RECORD.c.alias.is_(None),
    )
    return int(session.connection().execute(statement).scalar_one())


def bearers_in(
    session: Session, area: str, niks: Iterable[str]
) -> dict[str, dict[str, frozenset[str]]]:
    """Village of the area → NIK → records that were noted with it."""
    vault = vault_of(session)
    hashed = {vault.natural_key(number): number for number in niks}
    if not hashed:
        return {}
    statement = select(_CLAIM).where(
        among(session, _CLAIM.c.natural_key, "wanted"), in_areas(_CLAIM.c.desa, [area])
    )
    found: dict[str, dict[str, frozenset[str]]] = {}
    for row in session.connection().execute(statement, {"wanted": keys(session, hashed)}):
        of_village = found.setdefault(row.desa, {})
        number = hashed[row.natural_key]
        of_village[number] = of_village.get(number, frozenset()) | {row.record}
    return found


def children_by_name(session: Session, desa: str) -> dict[tuple[str, str], list[Child]]:
    """Everybody of the village by plain name and birth date. Reads all of them."""
    statement = select(_RECORD.c.id, _RECORD.c.doc).where(
        _RECORD.c.desa == bindparam("village"), _RECORD.c.entity == ANGGOTA
    )
    vault = vault_of(session)
    children: dict[tuple[str, str], list[Child]] = {}
    for row in session.connection().execute(statement, {"village": desa}):
        fields = orjson.loads(vault.open(row.doc))
        key = plain_name(fields.get("nama")), str(fields.get("tanggal_lahir") or "")
        if all(key):
            children.setdefault(key, []).append(
                Child(row.id, plain_name(fields.get("ibu_kandung")))
            )
    return children


def measurements_of(session: Session, desa: str, families: Iterable[str]) -> list[Record]:
    """Every measurement of these families' children, closed ones included."""
    wanted = set(families)
    if not wanted:
        return []
    statement = select(*RECORD_COLUMNS).where(
        _RECORD.c.desa == bindparam("village"),
        _RECORD.c.entity == PENGUKURAN,
        among(session, _RECORD.c.keluarga, "wanted"),
    )
    rows = session.connection().execute(
        statement, {"village": desa, "wanted": keys(session, wanted)}
    )
    vault = vault_of(session)
    return [record_of(desa, row, vault) for row in rows]


def families_of(session: Session, desa: str, records: Iterable[str]) -> set[str]:
    """The families that records hang under."""
    wanted = set(records)
    if not wanted:
        return set()
    statement = select(_RECORD.c.keluarga).where(
        _RECORD.c.desa == bindparam("village"), among(session, _RECORD.c.id, "wanted")
    )
    found = session.connection().execute(
        statement, {"village": desa, "wanted": keys(session, wanted)}
    )
    return set(found.scalars())
