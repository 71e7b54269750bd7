"""Records as the core decides on them: loading what a batch needs, storing what it changed."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Final

import orjson
from sqlalchemy import Column, ColumnElement, Row, String, bindparam, select, true, union_all
from sqlmodel import Session

from models.queries import rowsets
from models.queries.departures import note_departures
from models.queries.rowsets import (
    ROWS,
    asked_rows,
    found_for,
    in_slots,
    is_sqlite,
    rows_text,
    slots_for,
    slotted,
    store,
)
from models.sealing import Vault, vault_of
from models.standing import Row as StandingRow
from models.standing import Standing
from models.tables.columns import RecordId, table_of
from models.tables.register import RecordRow
from sync.batch import Needs
from sync.types import ANGGOTA, Json, Record, Stamp
from sync.workspace import natural_key

_RECORD = table_of(RecordRow)
RECORD_COLUMNS = [c for c in _RECORD.c if c.name not in ("desa", "natural_key", "created_seq")]
ALIAS_CHAIN_MAX = 8
"""Merges of merges are followed this far; a longer chain is a damaged register."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a transaction has already asked a village for, and the records that it found.

    The village's turn is held, so that asking again would bring the same.
    """

    records: tuple[Record, ...] = ()
    ids: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    """Natural keys, as they are stored."""


NOTHING_ASKED: Final = Asked()


def needed_records(
    session: Session, desa: str, needs: Needs, asked: Asked = NOTHING_ASKED
) -> list[Record]:
    """Every record that deciding a batch looks at. The village's turn must be held."""
    vault = vault_of(session)
    named_keys = natural_keys(session, needs.niks | needs.no_kks)
    found = {record.id: record for record in asked.records}
    found |= _with_aliases(session, desa, needs.records - asked.ids, named_keys - asked.keys, found)
    wanted_keys = {
        vault.natural_key(number)
        for record_id in _redirected(found, needs.identity_of)
        if (number := natural_key(found[record_id])) is not None
    } - named_keys
    twins = _bearing(session, desa, natural_key=wanted_keys)
    found |= {r.id: r for r in twins if r.id not in found}
    families = _moving_families(found.values(), needs)
    kin = _bearing(session, desa, keluarga=families)
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


def _with_aliases(
    session: Session,
    desa: str,
    ids: Collection[str],
    natural_keys: Collection[str],
    known: Mapping[str, Record],
) -> dict[str, Record]:
    """Records by id and those that aliases lead to, with whoever bears one of the natural keys."""
    found: dict[str, Record] = {}
    missing, sought = set(ids), set(natural_keys)
    missing |= {r.alias for r in known.values() if r.alias is not None and r.alias not in known}
    for _ in range(ALIAS_CHAIN_MAX):
        if not (missing or sought):
            break
        rows = _bearing(session, desa, id=missing, natural_key=sought)
        found |= {record.id: record for record in rows}
        named = [record for record in rows if record.id in missing]
        missing = {
            r.alias
            for r in named
            if r.alias is not None and r.alias not in found and r.alias not in known
        }
        sought = set()
    return found


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
    return _bearing(session, desa, id=set(ids))


def family_records(session: Session, desa: str, keluarga: str) -> list[Record]:
    """A family and everything beneath it, closed and merged rows included, in no order."""
    return _bearing(session, desa, keluarga={keluarga})


def _bearing(session: Session, desa: str, **wanted: Collection[str]) -> list[Record]:
    """Records that bear one of the wanted values in one of the named columns."""
    shape = tuple((name, slots_for(len(values))) for name, values in wanted.items() if values)
    if not shape:
        return []
    bound: dict[str, object] = {"village": desa}
    for name, slots in shape:
        if slots is None:
            bound[name] = rowsets.keys(session, wanted[name])
        else:
            bound |= slotted(name, sorted(wanted[name]))
    vault = vault_of(session)
    rows = _question(shape, sqlite=is_sqlite(session)).rows(session, bound)
    found = {row.id: row for row in rows}
    return [record_of(desa, row, vault) for row in found.values()]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to ask a village for: families with everybody in them, records, and natural keys."""

    families: frozenset[str] = frozenset()
    ids: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()
    """As they are stored."""

    def __bool__(self) -> bool:
        return bool(self.families or self.ids or self.keys)

    def without(self, asked: Asked) -> "Wanted":
        """What of it has not been asked for."""
        return Wanted(self.families, self.ids - asked.ids, self.keys - asked.keys)

    def told(self, desa: str) -> Iterator[dict[str, str]]:
        for name, values in (("family", self.families), ("id", self.ids), ("key", self.keys)):
            yield from ({"desa": desa, name: value} for value in sorted(values))


def natural_keys(session: Session, numbers: Iterable[str]) -> frozenset[str]:
    """NIK and No KK as they are stored."""
    vault = vault_of(session)
    return frozenset(vault.natural_key(number) for number in numbers)


def asked_of(session: Session, desa: str, wanted: Wanted) -> Asked:
    """Ask one village."""
    others = wanted.ids - wanted.families
    found = _bearing(session, desa, keluarga=wanted.families, id=others, natural_key=wanted.keys)
    return Asked(tuple(found), wanted.families | wanted.ids, wanted.keys)


def asked_everywhere(
    session: Session, wanted: Mapping[str, Wanted], known: Mapping[str, Asked]
) -> dict[str, Asked]:
    """Ask villages for what is wanted and not known yet, in one statement (PostgreSQL).

    What comes back is all that each of them was asked for so far.
    """
    missing = {desa: one.without(known.get(desa, NOTHING_ASKED)) for desa, one in wanted.items()}
    said = [told for desa, one in missing.items() for told in one.told(desa)]
    rows = _EVERYWHERE.rows(session, {ROWS: rows_text(said)}) if said else []
    vault = vault_of(session)
    found: dict[str, dict[str, StandingRow]] = {}
    for row in rows:
        found.setdefault(row.desa, {})[row.id] = row
    asked = dict(known)
    for desa, one in missing.items():
        before = known.get(desa, NOTHING_ASKED)
        here = {record.id for record in before.records}
        new = (row for row in found.get(desa, {}).values() if row.id not in here)
        asked[desa] = Asked(
            (*before.records, *(record_of(desa, row, vault) for row in new)),
            before.ids | one.families | one.ids,
            before.keys | one.keys,
        )
    return asked


def wanted_by(session: Session, needs: Needs) -> Wanted:
    """What `needed_records` begins with."""
    keys = natural_keys(session, needs.niks | needs.no_kks)
    return Wanted(ids=frozenset(needs.records), keys=keys)


def _everywhere() -> Standing:
    asked = asked_rows(desa=String(), family=RecordId(), id=RecordId(), key=String())
    columns = select(_RECORD.c.desa, *RECORD_COLUMNS).where(_RECORD.c.desa == asked.c.desa)
    matches = (
        _RECORD.c.keluarga == asked.c.family,
        _RECORD.c.id == asked.c.id,
        _RECORD.c.natural_key == asked.c.key,
    )
    questions = [found_for(asked, columns.where(one)) for one in matches]
    found = union_all(*(select(*one.c).select_from(asked.join(one, true())) for one in questions))
    return Standing(found, is_frequent=True)


_EVERYWHERE: Final = _everywhere()


# One question for each column, and not one with OR: for that PostgreSQL would read all rows of a
# village, as long as it has not counted them and takes them for few.
@lru_cache(maxsize=256)
def _question(shape: tuple[tuple[str, int | None], ...], *, sqlite: bool) -> Standing:
    village = _RECORD.c.desa == bindparam("village")
    questions = [
        select(*RECORD_COLUMNS).where(village, _one_of(_RECORD.c[name], slots, sqlite=sqlite))
        for name, slots in shape
    ]
    return Standing(union_all(*questions) if len(questions) > 1 else questions[0])


def _one_of(target: Column[str], slots: int | None, *, sqlite: bool) -> ColumnElement[bool]:
    if slots is None:
        return rowsets.in_any(target, target.name, sqlite=sqlite)
    return in_slots(target, target.name, slots)


def record_of(desa: str, row: Row[tuple[object, ...]] | StandingRow, vault: Vault) -> Record:
    """A stored row as the core's record."""
    stamps = orjson.loads(row.stamps)
    return Record(
        desa,
        row.id,
        row.entity,
        row.parent,
        row.keluarga,
        row.rt,
        row.seq,
        Stamp(*stamps["c"]),
        orjson.loads(vault.open(row.doc)),
        _stamps_of(stamps["g"]) if "g" in stamps else {},
        {group: _stamps_of(listed) for group, listed in stamps.get("e", {}).items()},
        row.rt_since,
        orjson.loads(row.left_rts) if row.left_rts else {},
        orjson.loads(row.end_body) if row.end_body else None,
        row.alias,
        tuple(orjson.loads(row.review)) if row.review else (),
        bool(row.disputed),
        orjson.loads(vault.open(row.merged)) if row.merged else None,
    )


def _stamps_of(stored: Mapping[str, list[list[Json]]]) -> dict[str, tuple[Stamp, ...]]:
    """Stamps by group, or by element. A form leaves the same on forty groups, which share them."""
    stamps: dict[str, tuple[Stamp, ...]] = {}
    last: list[list[Json]] = []
    shared: tuple[Stamp, ...] = ()
    for name, listed in stored.items():
        if listed != last:
            last, shared = listed, tuple(map(Stamp._make, listed))
        stamps[name] = shared
    return stamps


def store_records(session: Session, desa: str, records: Sequence[Record]) -> None:
    """Write changed records. Their numbers must have been taken from the feed before."""
    note_departures(session, desa, records)
    store(session, _RECORD, desa, record_rows(vault_of(session), records))


def record_rows(vault: Vault, records: Sequence[Record]) -> list[dict[str, object]]:
    """Records as rows that travel together (`models.queries.rowsets.bound_rows`)."""
    return [_row_of(record, vault) for record in records]


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
        "stamps": _stamps_text(record),
        "end_reason": end.get("end") if end is not None else None,
        "end_body": _json(end) if end is not None else None,
        "alias": record.alias,
        "merged": vault.seal(_json(record.merged)) if record.merged is not None else None,
        "review": _json(list(record.review)) if record.review else None,
        "disputed": record.disputed,
    }


def _stamps_text(record: Record) -> str:
    stamps: dict[str, object] = {"c": record.created}
    if record.stamps:
        stamps["g"] = _plain_stamps(record.stamps)
    if record.elements:
        stamps["e"] = record.elements
    return orjson.dumps(stamps, default=_PLAIN).decode()


def _plain_stamps(stamps: Mapping[str, tuple[Stamp, ...]]) -> dict[str, object]:
    """The inverse of `_stamps_of`: what groups share is told once."""
    plain: dict[str, object] = {}
    last: tuple[Stamp, ...] = ()
    shared: object = ()
    for group, own in stamps.items():
        if own is not last:
            last, shared = own, [tuple(stamp) for stamp in own]
        plain[group] = shared
    return plain


_PLAIN: Final = itemgetter(*range(len(Stamp._fields)))
"""A stamp as the tuple that JSON has a word for; orjson asks for one that is named."""


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
