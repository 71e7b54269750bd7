"""Rows as the server sends them, rows as the phone holds them, and how one becomes the other.

A row is applied iff its seq is above the stored one; that single rule makes pages, duplicates and
overlaps harmless in any order. Pure: the caller loads before and stores after.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from lokus_client.fieldtable import FieldTable
from lokus_client.values import Json, JsonObject, integer, is_true, text, texts


@dataclass(frozen=True, slots=True)
class SentRow:
    """One row of a page, a snapshot or a repair. ``doc`` is whole, ``assigned`` whole groups."""

    entity: str
    id: str
    seq: int
    doc: JsonObject | None = None
    assigned: JsonObject | None = None
    leaves: bool = False
    ended: str | None = None
    alias: str | None = None
    review: tuple[str, ...] = ()
    parent: str | None = None
    rt: str | None = None


@dataclass(frozen=True, slots=True)
class CopyRow:
    """One record of the server copy. An alias keeps only its place: it still counts in digests."""

    entity: str
    id: str
    desa: str
    seq: int
    doc: JsonObject
    ended: str | None = None
    alias: str | None = None
    review: tuple[str, ...] = ()
    parent: str | None = None
    rt: str | None = None


@dataclass(frozen=True, slots=True)
class Departed:
    """The row left the scope at ``seq``."""

    id: str
    seq: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A change of a record that the phone does not hold: ask for the whole of it."""

    id: str


Step: TypeAlias = "CopyRow | Departed | Missing | None"


def read_row(raw: Mapping[str, Json]) -> SentRow | None:
    """A row from JSON; ``None`` for what has no id and seq (a later server's invention)."""
    entity, record, seq = text(raw, "entity"), text(raw, "id"), integer(raw, "seq", -1)
    if not entity or not record or seq < 0:
        return None
    doc, assigned = raw.get("doc"), raw.get("set")
    doc = dict(doc) if isinstance(doc, dict) else None
    assigned = dict(assigned) if isinstance(assigned, dict) else None
    inner = doc if doc is not None else assigned or {}
    inner_parent = inner.pop("parent", None)
    parent = text(raw, "parent") or (inner_parent if isinstance(inner_parent, str) else None)
    end = raw.get("end")
    return SentRow(
        entity, record, seq, doc, assigned, is_true(raw, "leave"),
        ended=text(end, "end") if isinstance(end, dict) else text(raw, "end"),
        alias=text(raw, "alias"), review=texts(raw.get("review")), parent=parent,
        rt=text(raw, "rt"),
    )  # fmt: skip


def next_step(
    row: SentRow,
    held: CopyRow | None,
    departed_at: int | None,
    *,
    desa: str,
    fields: FieldTable,
    repairs: bool = False,
) -> Step:
    """What a row does to the copy; ``None`` = nothing.

    ``repairs``: the row answers a question about the present, so it also replaces a copy of the
    same or a higher seq (which only an undeclared restore leaves behind).
    """
    if not (_is_news(row, held, departed_at) or (repairs and _differs(row, held))):
        return None
    if row.leaves:
        return Departed(row.id, row.seq)
    if row.alias is not None:
        return _as_alias(row, held, desa)
    if row.doc is not None:
        return _new_copy(row, desa, {k: v for k, v in row.doc.items() if v is not None})
    if held is None or held.alias is not None:
        return Missing(row.id)
    return _patched(row, held, fields)


def _is_news(row: SentRow, held: CopyRow | None, departed_at: int | None) -> bool:
    if held is not None:
        return row.seq > held.seq
    # Equal counts here: a row leaves one RT and enters a newly assigned one at the same seq.
    return departed_at is None or row.seq >= departed_at


def _differs(row: SentRow, held: CopyRow | None) -> bool:
    """Does the copy lack the row, or hold another state of it?"""
    return held is None or row.seq != held.seq


def _as_alias(row: SentRow, held: CopyRow | None, desa: str) -> CopyRow:
    bare = CopyRow(
        row.entity, row.id, desa, row.seq, {}, alias=row.alias, parent=row.parent, rt=row.rt
    )
    if held is None:
        return bare
    return replace(bare, parent=row.parent or held.parent, rt=row.rt or held.rt)


def _new_copy(row: SentRow, desa: str, doc: JsonObject) -> CopyRow:
    return CopyRow(
        row.entity, row.id, desa, row.seq, doc, row.ended, None, row.review, row.parent,
        row.rt or own_rt(row.entity, doc),
    )  # fmt: skip


def _patched(row: SentRow, held: CopyRow, fields: FieldTable) -> CopyRow:
    assigned = row.assigned or {}
    cleared = {s for name in assigned for s in fields.siblings(row.entity, name)}
    doc = {name: value for name, value in held.doc.items() if name not in cleared}
    doc.update({name: value for name, value in assigned.items() if value is not None})
    return replace(
        _new_copy(row, held.desa, doc),
        parent=row.parent or held.parent,
        rt=row.rt or own_rt(row.entity, doc),
    )


def own_rt(entity: str, doc: Mapping[str, Json]) -> str | None:
    """``RRR/WWW`` of a family; members and visits live in the RT of theirs."""
    return rt_text(doc) if entity == "keluarga" else None


def rt_text(doc: Mapping[str, Json]) -> str:
    """``RRR/WWW`` of an address; without RW it ends in the stroke, without RT it is empty."""
    rt = text(doc, "rt")
    return f"{rt}/{text(doc, 'rw') or ''}" if rt else ""
