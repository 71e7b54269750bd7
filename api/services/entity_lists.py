"""Entity lists: what a phone with Collect holds of the register, one CSV per list and collector.

Only families of the collector's own RTs that are neither closed nor merged into another; their
members; the last verified value of each property that a published form names, and nothing else
(data that no form shows stays here); and what a reviewer sent back, in the reviewer's words.

*The hash costs no list.* Collect asks for it with every sync and compares it as text. It follows
from how many rows are in sight and the highest number among them, village by village: every change
of a row in sight raises that number, and a row that leaves it lowers the count. Where the villages'
heads have not moved since, not even that is asked.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final
from weakref import WeakKeyDictionary

from sqlmodel import Session

from api.formats.csv_lines import EXPONENT_BELOW, EXPONENT_FROM, Cell, CsvLines
from api.formats.xform.answers import NO, YES, text_of
from api.services.corrections import corrections_of
from api.services.form_book import mapping_of
from models.queries import entity_lists, feeds
from models.queries.departures import departures
from models.queries.entity_lists import ShownRecord
from models.queries.forms import current_summaries
from models.queries.scoping import Sight
from sync.chains import Spans
from sync.policy import FIELDS, Field, FieldClass, ValueType
from sync.types import ANGGOTA, KELUARGA, Json

LAYOUT: Final = 1
"""Rises when the columns, or what stands in them, change for the same data."""
LISTS: Final[Mapping[str, str]] = {"keluarga": KELUARGA, "anggota": ANGGOTA}
"""List → the entity whose records are its rows."""
OWN_COLUMNS: Final = ("name", "label", "__version")
REMEMBERED_MAX: Final = 4096
LINES_PER_CHUNK: Final = 128
MEMBERS_SHOWN_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class ListView:
    """One list as one collector may see it now."""

    name: str
    sight: Sight
    desas: tuple[str, ...]
    properties: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return (*OWN_COLUMNS, *self.properties)


def properties_of(session: Session, name: str) -> tuple[str, ...]:
    """What any form that phones are offered reads of a list: every form is told the same."""
    wanted: set[str] = set()
    for form in current_summaries(session):
        mapping = mapping_of(session, form.form_id, form.version)
        for one in mapping.lists if mapping is not None else ():
            if one.name == name:
                wanted.update(one.properties)
    return tuple(sorted(p for p in wanted if p not in OWN_COLUMNS and not p.startswith("__")))


# The hash ------------------------------------------------------------------------------------


class _Remembered:
    """Hashes by everything that they depend on, for the villages whose heads have not moved."""

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], str] = {}
        self._lock = Lock()

    def get(self, key: tuple[object, ...]) -> str | None:
        return self._found.get(key)

    def put(self, key: tuple[object, ...], digest: str) -> None:
        with self._lock:
            if len(self._found) >= REMEMBERED_MAX:
                self._found.clear()
            self._found[key] = digest


_remembered: WeakKeyDictionary[object, _Remembered] = WeakKeyDictionary()
"""Database → what was found there."""


def hash_of(session: Session, view: ListView, epoch: str) -> str:
    """What Collect compares: another text if anything that the list shows is another."""
    heads = entity_lists.heads(session, view.desas)
    sent_back = entity_lists.corrections_extent(session, view.desas)
    key = (LAYOUT, epoch, view.name, _scope(view.sight), view.properties, tuple(heads), sent_back)
    remembered = _remembered.setdefault(session.get_bind(), _Remembered())
    known = remembered.get(key)
    if known is not None:
        return known
    extent = entity_lists.extent(session, view.sight)
    told = repr((LAYOUT, epoch, view.name, key[3], view.properties, extent, sent_back))
    digest = hashlib.md5(told.encode(), usedforsecurity=False).hexdigest()
    remembered.put(key, digest)
    return digest


def _scope(sight: Sight) -> tuple[object, ...]:
    """The areas that are open now, whatever their history."""
    return tuple(
        sorted(
            {
                (grant.kode_wilayah, tuple(sorted(grant.rts)) if grant.rts is not None else None)
                for grant in sight.scope.grants
                if grant.open_at(sight.now)
            },
            key=repr,
        )
    )


# The rows ------------------------------------------------------------------------------------


def note_spans(session: Session, desas: Sequence[str]) -> None:
    """See to it that every village's numbers fit into versions. Needs a writing transaction."""
    for desa, head in entity_lists.heads(session, desas):
        if entity_lists.spans(session, desa).due(head) is None:
            continue
        feeds.take_turn(session, desa)
        span = entity_lists.spans(session, desa).due(head)
        if span is not None:
            entity_lists.add_span(session, desa, span)


def spans_due(session: Session, desas: Sequence[str]) -> bool:
    """Is there something for `note_spans` to do? Once in the life of an epoch."""
    return any(
        entity_lists.spans(session, desa).due(head) is not None
        for desa, head in entity_lists.heads(session, desas)
    )


def csv_chunks(session: Session, view: ListView) -> Iterator[bytes]:
    """The list, family by family. Every row has every column: a short one ends Collect's import."""
    spans = {desa: entity_lists.spans(session, desa) for desa in view.desas}
    sent_back = corrections_of(session, view.sight, view.desas)
    left = departures(session, view.desas)
    columns = _columns(LISTS[view.name], view.properties)
    rows_of = _family_row if view.name == "keluarga" else _member_rows
    line = CsvLines(len(view.columns)).line
    lines = [line(view.columns)]
    for family in entity_lists.shown_records(session, view.sight, _entities_read(view)):
        head = family[0]
        if head.entity != KELUARGA or not head.is_active:
            continue
        words = sent_back.about(family)
        # A family's row carries its members' names, so its version covers their changes as well,
        # and that somebody is not among them any more.
        seen = max([one.seen for one in family])
        if left:
            seen = max(seen, left.get(head.id, 0))
        version = spans.get(head.desa, _NO_SPANS).version_of(seen, words.count)
        lines += map(line, rows_of(family, columns, version, words.text))
        if len(lines) >= LINES_PER_CHUNK:
            yield _joined(lines)
            lines.clear()
    yield _joined(lines)


def _entities_read(view: ListView) -> tuple[str, ...]:
    """Whose fields the rows show: their own, and members' names where a form asks for them."""
    if "nama_anggota" in view.properties:
        return (KELUARGA, ANGGOTA)
    return (LISTS[view.name],)


def _joined(lines: list[bytes]) -> bytes:
    return b"\n".join([*lines, b""])


_HEAD: Final = "nama_kepala_keluarga"
_NO_SPANS: Final = Spans()


@dataclass(frozen=True, slots=True)
class _Columns:
    """The properties of a list in order, and the places whose values are put in other words.

    A list has a million cells, and most hold a slug or a number, which stand as they are.
    """

    names: tuple[str, ...]
    derived: tuple[tuple[int, str], ...]
    """What follows from other records, or is no field."""
    truths: tuple[int, ...]
    texts: tuple[int, ...]
    """Free text: a row of the list is one line."""
    worded: tuple[tuple[int, Field], ...]
    """Sets."""
    numbers: tuple[int, ...]
    """Those that may have decimals."""


def _columns(entity: str, names: tuple[str, ...]) -> _Columns:
    fields = [(place, name, FIELDS[entity].get(name)) for place, name in enumerate(names)]
    known = [(place, field) for place, _, field in fields if field is not None]
    truths = [place for place, field in known if field.value_type is ValueType.BOOLEAN]
    texts = [place for place, field in known if field.value_type is ValueType.TEXT]
    worded = [(place, field) for place, field in known if _holds_a_list(field)]
    numbers = [place for place, field in known if field.value_type is ValueType.NUMBER]
    derived = [(place, name) for place, name, field in fields if field is None]
    return _Columns(
        names, tuple(derived), tuple(truths), tuple(texts), tuple(worded), tuple(numbers)
    )


def _holds_a_list(field: Field) -> bool:
    return field.field_class is FieldClass.SET or field.value_type is ValueType.PHOTOS


def _family_row(
    family: Sequence[ShownRecord], columns: _Columns, version: int, words: str
) -> list[list[Cell]]:
    head = family[0]
    derived = {"perlu_perbaikan": words}
    if columns.derived:
        people = [one for one in family[1:] if one.entity == ANGGOTA and one.is_active]
        names = [_line(one.fields.get("nama")) for one in people[:MEMBERS_SHOWN_MAX]]
        derived["nama_anggota"] = "; ".join([name for name in names if name])
        derived["id_anggota"] = " ".join([one.id for one in people])
        derived["jumlah_tercatat"] = str(len(people))
    label = _line(head.fields.get(_HEAD)) or head.id
    return [[head.id, label, version, *_values(columns, head.fields, derived)]]


def _member_rows(
    family: Sequence[ShownRecord], columns: _Columns, version: int, words: str
) -> list[list[Cell]]:
    derived = {"keluarga": family[0].id, "perlu_perbaikan": words}
    return [
        [
            one.id,
            _line(one.fields.get("nama")) or one.id,
            version,
            *_values(columns, one.fields, derived),
        ]
        for one in family[1:]
        if one.entity == ANGGOTA and one.is_active
    ]


def _line(value: Json) -> str:
    if not isinstance(value, str):
        return ""
    # Nearly all text is one line already, and looking costs less than joining it anew.
    is_one = value.isprintable() and "  " not in value and value.strip() == value
    return value if is_one else " ".join(value.split())


def _values(
    columns: _Columns, fields: Mapping[str, Json], derived: Mapping[str, str]
) -> list[Cell]:
    values: list[Cell] = [*map(fields.get, columns.names)]
    for place in columns.truths:
        value = values[place]
        if value is not None:
            values[place] = YES if value else NO
    for place in columns.texts:
        value = values[place]
        if value is not None:
            values[place] = _line(value)
    for place, field in columns.worded:
        value = values[place]
        if value is not None:
            values[place] = text_of(field, value)
    for place in columns.numbers:
        value = values[place]
        if isinstance(value, float) and not EXPONENT_BELOW <= abs(value) < EXPONENT_FROM:
            values[place] = str(value)
    for place, name in columns.derived:
        values[place] = derived.get(name, "")
    return values


def gone(session: Session, view: ListView, ids: Sequence[str]) -> dict[str, bool]:
    """Which of these entities are not on the list any more: closed, merged, or out of the area.

    What was born on the phone and has not come here yet is not gone: it was never here.
    """
    present = entity_lists.present_ids(session, view.sight, LISTS[view.name], ids)
    known = entity_lists.known_ids(session, view.desas, ids)
    return {one: one in known and one not in present for one in ids}
