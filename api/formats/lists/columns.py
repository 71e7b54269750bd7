"""One column of one file, made ready: which cell, which field, which conversion.

A list has twenty million cells, and most of them are one of a few answers. So everything that can
be known about a column is worked out once, and answers that repeat are looked up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from api.formats.lists import cells
from api.formats.lists.cells import NOTHING, DayOrder, Reading
from api.formats.lists.codes import CodeBook, Meaning, code_book, code_of, label_key
from api.formats.lists.layouts import Column, Layout
from sync.codes import SLUGS
from sync.policy import FIELDS, Field, FieldClass, ValueType
from sync.types import ANGGOTA, KELUARGA, PENGUKURAN, Json

MEMO_ENTRIES_MAX: Final = 5_000
"""Answers that a column remembers; one with more different answers is no list of answers."""
MEMO_CHARACTERS_MAX: Final = 100
CODE_CHARACTERS_MAX: Final = 100
YES_NO: Final = "ya_tidak"
DECILES: Final = 10

Convert = Callable[[str], Reading]

_PLAIN: Final = {
    ("daftar", "id"), ("daftar", "bagian"), ("akhir", "number"), ("padan", "respon"),
    ("hasil", "kecamatan"), ("hasil", "desa"), ("hasil", "hasil"), ("hasil", "padan"),
    ("hasil", "nama"), ("hasil", "keterangan"), ("ortu", "nama"),
}  # fmt: skip
"""Targets that are no field of the register, and hold text."""
_NUMBERS: Final = {("padan", "no_kk"), ("hasil", "nik")}
_CODED: Final = {("akhir", "end"), ("hasil", "program")}
_DAYS: Final = {("akhir", "date")}


class UnknownTarget(ValueError):
    """A layout names a field or a code list that does not exist."""


@dataclass(slots=True)
class ReadyColumn:
    """A column of a file, ready to read its cell."""

    header: str
    owner: str
    field: str
    place: int
    convert: Convert
    memo: dict[str, Reading] | None
    """None where answers hardly repeat."""
    is_set: bool = False
    """Several columns add to one set."""
    is_any: bool = False
    """One yes among several columns is a yes."""

    def read(self, text: str) -> Reading:
        """What the cell says."""
        if self.memo is None:
            return self.convert(text)
        found = self.memo.get(text)
        if found is None:
            found = self.convert(text)
            if len(self.memo) < MEMO_ENTRIES_MAX and len(text) <= MEMO_CHARACTERS_MAX:
                self.memo[text] = found
        return found


def field_of(column: Column, persons: Mapping[str, Mapping[str, str]]) -> Field | None:
    """The register's field that a column feeds; None for the few other targets.

    Raises `UnknownTarget`.
    """
    target = (column.owner, column.field)
    if target in _PLAIN | _NUMBERS | _CODED | _DAYS:
        return None
    entity = ANGGOTA if column.owner == ANGGOTA or column.owner in persons else column.owner
    if entity not in (KELUARGA, ANGGOTA, PENGUKURAN) or column.field not in FIELDS[entity]:
        raise UnknownTarget(f"{column.header}: {column.owner}.{column.field}")
    return FIELDS[entity][column.field]


def ready_column(
    column: Column,
    place: int,
    layout: Layout,
    *,
    from_workbook: bool = False,
    office_codes: Mapping[str, str] | None = None,
) -> ReadyColumn:
    """Make a column ready. `office_codes` (code → label) go before the published ones."""
    field = field_of(column, layout.persons)
    is_set = field is not None and field.field_class is FieldClass.SET
    convert = _conversion(column, field, layout.days, from_workbook, office_codes)
    repeats = field is None or field.value_type not in (
        ValueType.DIGITS16, ValueType.NAME, ValueType.TEXT,
    )  # fmt: skip
    return ReadyColumn(
        header=column.header,
        owner=column.owner,
        field=column.field,
        place=place,
        convert=convert,
        memo={} if repeats else None,
        is_set=is_set,
        is_any=field is not None and field.value_type is ValueType.BOOLEAN,
    )


def _conversion(
    column: Column,
    field: Field | None,
    days: DayOrder,
    from_workbook: bool,
    office_codes: Mapping[str, str] | None,
) -> Convert:
    target = (column.owner, column.field)
    is_day = target in _DAYS or (field is not None and field.value_type is ValueType.DATE)
    if is_day:
        return partial(cells.day, order=days, from_workbook=from_workbook)
    if target in _NUMBERS:
        return cells.number_of_a_person
    if field is None and target not in _CODED:
        return identifier
    is_coded = field is None or field.value_type in (ValueType.CODE, ValueType.BOOLEAN)
    if field is None or is_coded or column.codes or column.element:
        return _coded(column, field, office_codes)
    return _by_type(field)


def _by_type(field: Field) -> Convert:
    if field.value_type is ValueType.INTEGER:
        return partial(_counted, highest=DECILES if field.name.startswith("desil_") else None)
    if field.value_type is ValueType.TEXT and field.name.startswith(("id_", "kode_", "rt_", "rw_")):
        return identifier
    return _CONVERSIONS[field.value_type]


def _counted(text: str, *, highest: int | None) -> Reading:
    said = cells.count(text)
    if not isinstance(said.value, int):
        return said
    if highest is None:
        return said if said.value >= 0 else Reading(None, "bad-number")
    if said.value == 0:
        return NOTHING
    return said if 1 <= said.value <= highest else Reading(None, "bad-number")


def identifier(text: str) -> Reading:
    """Text that programs may have taken for a number: `1234.0` is `1234`."""
    said = cells.free_text(text)
    if isinstance(said.value, str) and said.value.endswith(".0") and said.value[:-2].isdecimal():
        return Reading(said.value[:-2])
    return said


def _coded(column: Column, field: Field | None, office: Mapping[str, str] | None) -> Convert:
    is_yes_no = bool(column.element) or (field and field.value_type is ValueType.BOOLEAN)
    own = field.codelist if field is not None and not column.element else None
    name = column.codes or (YES_NO if is_yes_no else own or "")
    try:
        book = code_book(name)
    except KeyError as error:
        raise UnknownTarget(f"{column.header}: codes {name}") from error
    if office:
        book = book.with_codes(office)
    if column.own_codes:
        book = _written_by_hand(column, book)
    allowed = SLUGS[own] if own else None
    return partial(_answer, column=column, field=field, book=book, allowed=allowed)


def _written_by_hand(column: Column, book: CodeBook) -> CodeBook:
    said = {key: Meaning((str(slug).lower(),)) for key, slug in column.own_codes.items()}
    by_code = {code_of(key): meaning for key, meaning in said.items()}
    return CodeBook(by_code, {**book.by_label, **{label_key(k): m for k, m in said.items()}})


def _answer(
    text: str,
    *,
    column: Column,
    field: Field | None,
    book: CodeBook,
    allowed: frozenset[str] | None,
) -> Reading:
    said = book.meaning(text)
    if said is None:
        if cells.is_blank(text):
            return NOTHING
        said = _several(text, book) if field and field.field_class is FieldClass.SET else None
    kept = cells.in_one_line(text)[:CODE_CHARACTERS_MAX]
    if said is None or (allowed is not None and not allowed.issuperset(said.slugs)):
        return Reading(None, "unknown-code", kept)
    problem = "assumed-order" if said.assumed else ""
    if allowed is not None and not said.slugs and field and field.field_class is not FieldClass.SET:
        problem = "no-equivalent"
    return Reading(_value(said.slugs, column, field), problem, kept)


def _several(text: str, book: CodeBook) -> Meaning | None:
    """A set in one cell, `PDFSK; PDMTL`."""
    said = [book.meaning(part) for part in text.replace(",", ";").split(";") if part.strip()]
    if not said or any(one is None for one in said):
        return None
    slugs = [slug for one in said if one is not None for slug in one.slugs]
    return Meaning(tuple(dict.fromkeys(slugs)))


def _value(slugs: tuple[str, ...], column: Column, field: Field | None) -> Json:
    if not slugs:
        return None
    if column.element:
        return [column.element] if slugs[0] == "true" else None
    if field is not None and field.value_type is ValueType.BOOLEAN:
        return slugs[0] == "true"
    if field is not None and field.field_class is FieldClass.SET:
        return [*sorted(slugs)]
    return slugs[0]


_CONVERSIONS: Final[Mapping[ValueType, Convert]] = {
    ValueType.DIGITS16: cells.number_of_a_person,
    ValueType.DIGITS3: cells.three_digits,
    ValueType.NAME: cells.name,
    ValueType.TEXT: cells.free_text,
    ValueType.NUMBER: cells.figure,
}
