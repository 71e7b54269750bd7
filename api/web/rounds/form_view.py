"""The form for one family as a page shows it: what stands, what was typed, what is wrong."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from api.services.entry_form import FORM, Question, Section, label_of
from api.services.family_form import (
    ASKED_ANEW,
    FAMILY,
    NEW_MEMBERS,
    ShownRecord,
)
from api.services.typed_values import REFUSED
from api.services.worksheets import SheetFamily, SheetMember
from api.web.language import Language
from api.web.printing.spelling import short_date
from sync.operation import is_uuid
from sync.policy import FieldClass, ValueType
from sync.types import Json

Typed = Mapping[str, str]
_NUMERIC: Final = frozenset(
    {ValueType.DIGITS16, ValueType.DIGITS3, ValueType.INTEGER, ValueType.NUMBER, ValueType.DATE}
)
_SHORT: Final = _NUMERIC - {ValueType.DIGITS16}


@dataclass(frozen=True, slots=True)
class Option:
    """One answer of a selection, or one tick."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class InputView:
    """One field on the page."""

    name: str
    label: str
    kind: str
    """``text``, ``select`` or ``ticks``."""
    value: str = ""
    options: tuple[Option, ...] = ()
    recorded: str = ""
    """What stands, where the field begins empty."""
    mistake: str = ""
    numeric: bool = False
    short: bool = False


@dataclass(frozen=True, slots=True)
class PartView:
    """A family, a member or a place for a new one: hidden facts and fields."""

    part: str
    title: str
    hidden: tuple[tuple[str, str], ...]
    inputs: tuple[InputView, ...]


@dataclass(frozen=True, slots=True)
class Painter:
    """Makes fields of one form in one language."""

    language: Language
    typed: Typed
    """What was sent, when the form is shown again; nothing the first time."""
    mistakes: Mapping[str, str]

    def section(
        self, section: Section, part: str, fields: Mapping[str, Json]
    ) -> tuple[InputView, ...]:
        """The fields of one section."""
        return tuple(self.field(question, part, fields) for question in FORM[section])

    def field(self, question: Question, part: str, fields: Mapping[str, Json]) -> InputView:
        """One field: with what was typed, else with what stands."""
        name = f"{part}.{question.name}"
        label = question.label_id if self.language is Language.ID else question.label_en
        stands = fields.get(question.name)
        if question.field.field_class is FieldClass.SET:
            return InputView(name, label, "ticks", options=self._ticks(question, name, stands))
        anew = question.name in ASKED_ANEW
        value = self.typed.get(name, "" if anew else shown_text(question, stands))
        kind = question.field.value_type
        choices = tuple(self._choices(question, value))
        return InputView(
            name,
            label,
            "select" if choices else "text",
            value,
            choices,
            recorded=self._recorded(question, stands) if anew else "",
            mistake=self.mistakes.get(name, ""),
            numeric=kind in _NUMERIC,
            short=kind in _SHORT or kind is ValueType.BOOLEAN,
        )

    def _recorded(self, question: Question, stands: Json) -> str:
        return "" if question.field.value_type is ValueType.UUID else self._said(question, stands)

    def _said(self, question: Question, value: Json) -> str:
        if self.language is Language.ID:
            return label_of(question, value)
        found = next((code.label_en for code in question.codes if code.slug == value), None)
        return found or label_of(question, value)

    def _choices(self, question: Question, value: str) -> Iterator[Option]:
        if question.field.value_type is ValueType.BOOLEAN:
            words = (("ya", "1 Ya"), ("tidak", "2 Tidak"))
            if self.language is Language.EN:
                words = (("ya", "1 Yes"), ("tidak", "2 No"))
            yield from (Option(slug, label, slug == value) for slug, label in words)
            return
        number = 0
        for number, code in enumerate(question.codes, 1):
            label = f"{number} {self._said(question, code.slug)}"
            yield Option(code.slug, label, code.slug == value)
        if question.name == "hasil":
            refused = "Menolak" if self.language is Language.ID else "Refused"
            yield Option(REFUSED, f"{number + 1} {refused}", value == REFUSED)

    def _ticks(self, question: Question, name: str, stands: Json) -> tuple[Option, ...]:
        held = stands if isinstance(stands, list) else []
        return tuple(
            Option(
                f"{name}.{code.slug}",
                f"{number} {self._said(question, code.slug)}",
                f"{name}.{code.slug}" in self.typed if self.typed else code.slug in held,
            )
            for number, code in enumerate(question.codes, 1)
        )


def shown_text(question: Question, value: Json) -> str:
    """A stored value as it stands in its field."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ya" if value else "tidak"
    if question.field.value_type is ValueType.DATE:
        return short_date(value)
    return str(value)


def hidden_record(part: str, record: ShownRecord) -> tuple[tuple[str, str], ...]:
    """What the form says about what it showed."""
    return (
        (f"{part}.id", record.id),
        (f"{part}.seq", str(record.seq)),
        (f"{part}.shown", orjson.dumps(dict(record.fields)).decode()),
    )


def shown_records(form: Typed) -> dict[str, ShownRecord]:
    """The records that a form showed, as it says itself; what cannot be read is left out."""
    found: dict[str, ShownRecord] = {}
    for name in form:
        part, _, what = name.partition(".")
        if what != "shown":
            continue
        record, seq = form.get(f"{part}.id", ""), form.get(f"{part}.seq", "")
        try:
            fields = orjson.loads(form[name])
        except orjson.JSONDecodeError:
            continue
        if is_uuid(record) and seq.isascii() and seq.isdecimal() and isinstance(fields, dict):
            found[part] = ShownRecord(record, int(seq[:16]), fields)
    return found


def on_form(sections: Iterable[Section], fields: Mapping[str, Json]) -> dict[str, Json]:
    """The part of a record that the form shows."""
    names = {question.name for section in sections for question in FORM[section]}
    return {name: value for name, value in fields.items() if name in names}


def member_parts(
    painter: Painter, members: Sequence[SheetMember], shown: Mapping[str, ShownRecord]
) -> Iterator[PartView]:
    """A part for each member who is there, in the order of the worksheet."""
    present = [member for member in members if member.end is None]
    for place, member in enumerate(present):
        part = f"m{place}"
        record = shown.get(part) or ShownRecord(
            member.id, member.seq, on_form([Section.MEMBER], member.fields)
        )
        inputs = painter.section(Section.MEMBER, part, record.fields)
        extra = tuple(
            InputView(
                f"{part}.{name}",
                label,
                "text",
                painter.typed.get(f"{part}.{name}", ""),
                mistake=painter.mistakes.get(f"{part}.{name}", ""),
                short=True,
                numeric=name == "tanggal",
            )
            for name, label in _death(painter.language)
        )
        title = str(record.fields.get("nama") or "–")
        yield PartView(part, title, hidden_record(part, record), (*inputs, *extra))


def _death(language: Language) -> tuple[tuple[str, str], ...]:
    if language is Language.ID:
        return (("tanggal", "Tanggal meninggal"), ("nomor", "Nomor akta/surat kematian"))
    return (("tanggal", "Day of death"), ("nomor", "Number of the death certificate"))


def new_parts(painter: Painter, ids: Sequence[str], count: int = NEW_MEMBERS) -> Iterator[PartView]:
    """Empty parts for people who are not on the list."""
    for place in range(count):
        part = f"n{place}"
        record = painter.typed.get(f"{part}.id", ids[place])
        inputs = painter.section(Section.MEMBER, part, {})
        yield PartView(part, f"+{place + 1}", ((f"{part}.id", record),), inputs)


def family_record(family: SheetFamily, shown: Mapping[str, ShownRecord]) -> ShownRecord:
    """The family as the form shows it; when shown again, as it was shown first."""
    sections = [section for section in Section if section is not Section.MEMBER]
    return shown.get(FAMILY) or ShownRecord(family.id, family.seq, on_form(sections, family.fields))
