"""The server copy: every row as the server sent it, nothing of the phone's own."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lokus_client.fieldtable import FieldTable
from lokus_client.rows import CopyRow, Departed, Missing, SentRow, next_step
from lokus_client.store import Row, Store, Value
from lokus_client.values import Json, texts

_ALIAS_HOPS_MAX: Final = 20


@dataclass(frozen=True)
class Place:
    """Where a row stands: enough for digests, without its content."""

    id: str
    seq: int
    rt: str | None


def apply(
    store: Store, desa: str, rows: Sequence[SentRow], fields: FieldTable, *, repairs: bool = False
) -> int:
    """Take rows of one answer into the copy; the number that changed something.

    Rows that speak of a record the phone lacks are noted in ``missing``.
    """
    ids = json.dumps([row.id for row in rows])
    held = {row.id: row for row in _by_ids(store, ids)}
    departed = {
        str(row["id"]): int(row["seq"])
        for row in store.all(
            "SELECT id, seq FROM departed WHERE id IN (SELECT value FROM json_each(?))", (ids,)
        )
    }
    missing: set[str] = set()
    changed: set[str] = set()
    for row in rows:
        step = next_step(
            row, held.get(row.id), departed.get(row.id), desa=desa, fields=fields, repairs=repairs
        )
        match step:
            case None:
                continue
            case Missing():
                missing.add(row.id)
                continue
            case Departed():
                held.pop(row.id, None)
                departed[row.id] = step.seq
            case CopyRow():
                held[row.id] = step
                departed.pop(row.id, None)
        missing.discard(row.id)
        changed.add(row.id)
    _save(store, desa, changed, held, departed)
    store.run_many(
        "INSERT OR IGNORE INTO missing (id, desa) VALUES (?, ?)", [(id_, desa) for id_ in missing]
    )
    return len(changed)


def _save(
    store: Store,
    desa: str,
    changed: Iterable[str],
    held: Mapping[str, CopyRow],
    departed: Mapping[str, int],
) -> None:
    ids = json.dumps(sorted(changed))
    present = [held[id_] for id_ in sorted(changed) if id_ in held]
    gone = [(id_, desa, departed[id_]) for id_ in sorted(changed) if id_ in departed]
    store.run("DELETE FROM departed WHERE id IN (SELECT value FROM json_each(?))", (ids,))
    store.run("DELETE FROM missing WHERE id IN (SELECT value FROM json_each(?))", (ids,))
    store.run_many(
        "INSERT OR REPLACE INTO rows (id, entity, desa, seq, doc, review, ended, alias, parent, rt)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        map(_columns, present),
    )
    store.run_many("DELETE FROM rows WHERE id = ?", [(id_,) for id_, _, _ in gone])
    store.run_many("INSERT INTO departed (id, desa, seq) VALUES (?, ?, ?)", gone)


def _columns(row: CopyRow) -> tuple[Value, ...]:
    return (
        row.id, row.entity, row.desa, row.seq, json.dumps(row.doc, ensure_ascii=False),
        json.dumps(row.review), row.ended, row.alias, row.parent, row.rt,
    )  # fmt: skip


def _copy_row(row: Row) -> CopyRow:
    return CopyRow(
        row["entity"], row["id"], row["desa"], row["seq"], json.loads(row["doc"]), row["ended"],
        row["alias"], texts(json.loads(row["review"])), row["parent"], row["rt"],
    )  # fmt: skip


def _by_ids(store: Store, ids: str) -> Iterator[CopyRow]:
    found = store.all("SELECT * FROM rows WHERE id IN (SELECT value FROM json_each(?))", (ids,))
    return map(_copy_row, found)


def find(store: Store, record: str) -> CopyRow | None:
    """The row of that id, an alias included."""
    row = store.one("SELECT * FROM rows WHERE id = ?", (record,))
    return None if row is None else _copy_row(row)


def everything(store: Store, desa: str | None = None) -> list[CopyRow]:
    """The whole copy in the order of ids (of one village, if named)."""
    found = store.all("SELECT * FROM rows WHERE ? IS NULL OR desa = ? ORDER BY id", (desa, desa))
    return [_copy_row(row) for row in found]


def target(store: Store, record: str) -> str:
    """Follow aliases: the id that operations on ``record`` have to go to."""
    for _ in range(_ALIAS_HOPS_MAX):
        row = store.one("SELECT alias FROM rows WHERE id = ? AND alias IS NOT NULL", (record,))
        if row is None:
            return record
        record = row["alias"]
    return record


def aliases_of(store: Store, record: str) -> list[str]:
    """The ids that ``record`` has swallowed, directly or by way of another."""
    found = store.all(
        "WITH RECURSIVE swallowed (id) AS (SELECT id FROM rows WHERE alias = ?"
        " UNION SELECT rows.id FROM rows JOIN swallowed ON rows.alias = swallowed.id)"
        " SELECT id FROM swallowed ORDER BY id",
        (record,),
    )
    return [str(row["id"]) for row in found]


def places(store: Store, desa: str) -> list[Place]:
    """Id, seq and RT of every row of the village.

    A member stands in its family's RT, a measurement in its member's; an alias that never was
    here as a record stands where its target does.
    """
    rows = {str(row["id"]): row for row in store.all(
        "SELECT id, seq, parent, alias, rt FROM rows WHERE desa = ?", (desa,)
    )}  # fmt: skip
    return [Place(id_, row["seq"], _rt(rows, row)) for id_, row in rows.items()]


def _rt(rows: Mapping[str, Row], row: Row) -> str | None:
    for _ in range(_ALIAS_HOPS_MAX):
        if row["rt"] is not None:
            return str(row["rt"])
        onward = rows.get(row["parent"] or row["alias"] or "")
        if onward is None:
            return None
        row = onward
    return None


def drop_outside(store: Store, desa: str, rts: Sequence[str]) -> int:
    """Forget the rows of every RT that is not listed; the number dropped.

    They did not leave, the phone's assignment did: nothing is kept in ``departed``.
    """
    lost = [place.id for place in places(store, desa) if place.rt not in rts]
    store.run_many("DELETE FROM rows WHERE id = ?", [(id_,) for id_ in lost])
    return len(lost)


def drop_village(store: Store, desa: str) -> None:
    """Forget all rows of a village, and all that was known about them."""
    store.run("DELETE FROM rows WHERE desa = ?", (desa,))
    store.run("DELETE FROM departed WHERE desa = ?", (desa,))
    store.run("DELETE FROM missing WHERE desa = ?", (desa,))
    store.run("DELETE FROM agreements WHERE desa = ?", (desa,))


def drop(store: Store, ids: Sequence[str]) -> None:
    """Forget rows that the server did not confirm."""
    store.run_many("DELETE FROM rows WHERE id = ?", [(id_,) for id_ in ids])


def missing(store: Store, desa: str) -> list[str]:
    """Ids that have to be asked for, in the order of ids."""
    found = store.all("SELECT id FROM missing WHERE desa = ? ORDER BY id", (desa,))
    return [str(row["id"]) for row in found]


def nothing_missing(store: Store, ids: Sequence[str]) -> None:
    """The server was asked for these; what it did not send is outside this phone's scope."""
    store.run_many("DELETE FROM missing WHERE id = ?", [(id_,) for id_ in ids])


def groups_under_review(store: Store, desa: str | None = None) -> dict[str, tuple[str, ...]]:
    """Record id → its groups that wait for a reviewer."""
    found = store.all(
        "SELECT id, review FROM rows WHERE review <> '[]' AND (? IS NULL OR desa = ?)", (desa, desa)
    )
    return {str(row["id"]): texts(_loads(row["review"])) for row in found}


def _loads(value: str) -> Json:
    loaded: Json = json.loads(value)
    return loaded
