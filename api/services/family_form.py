"""From a filled-in form to operations: what was typed where it differs from what was shown.

Pure: values come in, operations and mistakes go out. Three rules:

* A field that was left as it was shown states nothing. The form carries what it showed, because the
  register may have moved on meanwhile: comparing with the present would turn every such field into
  a statement that nobody made.
* What became of the family and who is there is asked anew in every round, so these begin empty, and
  an answer is stated even if it is the one that stands.
* A group is stated as a whole. Its fields that are not on the form keep what the register has.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeAlias

from api.services.entry_form import FAMILY_SECTIONS, FORM, Question, Section
from api.services.typed_values import REFUSED, Mistake, read_day, read_value
from sync.fieldvalues import NAME_CHARACTERS_MAX, TEXT_CHARACTERS_MAX
from sync.policy import GROUPS, FieldClass
from sync.types import ANGGOTA, KELUARGA, KUNJUNGAN, Json

MEMBERS_MAX: Final = 40
NEW_MEMBERS: Final = 6
FAMILY: Final = "f"
DAY: Final = "hari"
REMARK: Final = "catatan"
REST_PRESENT: Final = "sisanya"
"""Ticked: whoever has no answer about presence lives with the family."""
LAST_FIELD: Final = "akhir"
"""Stands at the end of the form: without it something was cut off."""
ASKED_ANEW: Final = frozenset(
    {"hasil", "hasil_alasan", "hasil_kembaran", "kemampuan", "alasan_tidak_layak", "keberadaan"}
)
FORM_NAME: Final = "lembar-kerja"
PRESENT: Final = "tinggal_bersama_keluarga"
DEAD: Final = "meninggal"

_VISITS: Final[Mapping[str, str]] = {
    "ditemukan": "selesai",
    "usulan_baru": "selesai",
    "tidak_ditemukan": "tidak_ditemukan",
    "data_ganda": "data_ganda",
    REFUSED: REFUSED,
}

Form: TypeAlias = Mapping[str, str]
Operation: TypeAlias = dict[str, Json]


@dataclass(frozen=True, slots=True)
class Household:
    """What the register holds of the family now; `members` by id."""

    id: str
    fields: Mapping[str, Json]
    members: Mapping[str, Mapping[str, Json]]
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Circumstance:
    """What the form does not say: today, whose RT it is, and which family the twin is."""

    today: date
    offset: str
    """Of the district's time, `+07:00`."""
    rt: str
    twin: str | None = None


@dataclass(slots=True)
class Filled:
    """What a form says: operations, each with the part of the form it comes from, and mistakes."""

    day: str | None = None
    operations: list[Operation] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    mistakes: dict[str, str] = field(default_factory=dict)
    """Name of the form's field → code of the sentence."""

    def add(self, part: str, operation: Operation) -> None:
        self.operations.append(operation)
        self.parts.append(part)


def filled(form: Form, household: Household, around: Circumstance, shown: "Shown") -> Filled:
    """Read a form. Nothing is lost: what cannot be read is named and stays in the form."""
    found = Filled()
    if LAST_FIELD not in form:
        found.mistakes[FAMILY] = "cut-off"
        return found
    found.day = _day_of_visit(form, around, found)
    _read_family(form, household, around, shown, found)
    _read_visit(form, household, around, found)
    for part in _parts(form, "m"):
        _read_member(part, form, household, shown, found)
    for part in _parts(form, "n"):
        _read_new_member(part, form, household, found)
    return found


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """A record as the form showed it."""

    id: str
    seq: int
    fields: Mapping[str, Json]


Shown: TypeAlias = Mapping[str, ShownRecord]
"""Part of the form (`f`, `m0` …) → the record that it showed."""


# The family ----------------------------------------------------------------------------------


def _read_family(
    form: Form, household: Household, around: Circumstance, shown: Shown, found: Filled
) -> None:
    questions = [q for section in FAMILY_SECTIONS for q in FORM[section]]
    before = shown.get(FAMILY, ShownRecord(household.id, 0, {}))
    said = _Said(FAMILY, form, before.fields, found)
    typed = {q.name: said.scalar(q) for q in questions if not _is_set(q)}
    _judge_outcome(typed, form, around, found)
    sets = {q.name: said.elements(q) for q in questions if _is_set(q)}
    if household.is_new:
        _create_family(typed, sets, household, around, found)
        return
    operation = _statement(KELUARGA, before, household.fields, _Statements(typed, sets, found))
    if operation is not None:
        found.add(FAMILY, operation)


def _judge_outcome(
    typed: dict[str, "Json | _Unsaid"], form: Form, around: Circumstance, found: Filled
) -> None:
    """The outcome with what belongs to it; what belongs to another outcome is not stated."""
    outcome = form.get(f"{FAMILY}.hasil", "")
    typed["hasil_kembaran"] = around.twin if outcome == "data_ganda" else UNSAID
    if outcome == REFUSED:
        typed["hasil"] = UNSAID
        found.mistakes.pop(f"{FAMILY}.hasil", None)
    if outcome != "tidak_ditemukan":
        typed["hasil_alasan"] = UNSAID
    elif typed["hasil_alasan"] is UNSAID:
        found.mistakes[f"{FAMILY}.hasil_alasan"] = "reason-missing"
    if outcome == "data_ganda" and around.twin is None:
        found.mistakes[f"{FAMILY}.hasil_kembaran"] = "twin-missing"


def _create_family(
    typed: Mapping[str, "Json | _Unsaid"],
    sets: Mapping[str, tuple[list[str], list[str]]],
    household: Household,
    around: Circumstance,
    found: Filled,
) -> None:
    values: dict[str, Json] = {
        name: value
        for name, value in typed.items()
        if not isinstance(value, _Unsaid) and value is not None
    }
    if not values.get("nama_kepala_keluarga"):
        found.mistakes[f"{FAMILY}.nama_kepala_keluarga"] = "name-missing"
    rt, _, rw = around.rt.partition("/")
    values |= {"rt": rt, "hasil": "usulan_baru"} | ({"rw": rw} if rw else {})
    values |= {name: list[Json](added) for name, (added, _) in sets.items() if added}
    found.add(FAMILY, {"kind": "create", "entity": KELUARGA, "id": household.id, "set": values})


def _read_visit(form: Form, household: Household, around: Circumstance, found: Filled) -> None:
    """A visit is noted where an outcome was: it is what a refusal is told by."""
    outcome = "usulan_baru" if household.is_new else form.get(f"{FAMILY}.hasil", "")
    visit = form.get("visit", "")
    if outcome not in _VISITS or not visit:
        return
    day = found.day or around.today.isoformat()
    values: dict[str, Json] = {
        "waktu": f"{day}T12:00:00{around.offset}",
        "hasil": _VISITS[outcome],
        "formulir": FORM_NAME,
    }
    remark = " ".join(form.get(REMARK, "").split())[:TEXT_CHARACTERS_MAX]
    if remark:
        values["catatan"] = remark
    operation: Operation = {
        "kind": "create",
        "entity": KUNJUNGAN,
        "id": visit,
        "parent": household.id,
        "set": values,
    }
    found.add(FAMILY, operation)


# Its people ----------------------------------------------------------------------------------


def _read_member(part: str, form: Form, household: Household, shown: Shown, found: Filled) -> None:
    before = shown.get(part)
    if before is None or before.id not in household.members:
        found.mistakes[f"{part}.nama"] = "gone"
        return
    said = _Said(part, form, before.fields, found)
    questions = FORM[Section.MEMBER]
    typed = {q.name: said.scalar(q) for q in questions if not _is_set(q)}
    sets = {q.name: said.elements(q) for q in questions if _is_set(q)}
    presence = typed["keberadaan"]
    if presence is UNSAID and form.get(REST_PRESENT):
        typed["keberadaan"] = PRESENT
    if presence == DEAD:
        typed["keberadaan"] = UNSAID
    current = household.members[before.id]
    operation = _statement(ANGGOTA, before, current, _Statements(typed, sets, found))
    if operation is not None:
        found.add(part, operation)
    if presence == DEAD:
        _read_death(part, form, before, found)


def _read_death(part: str, form: Form, before: ShownRecord, found: Filled) -> None:
    try:
        died = read_day(form.get(f"{part}.tanggal", ""))
    except Mistake as mistake:
        found.mistakes[f"{part}.tanggal"] = mistake.code
        return
    if died is None:
        found.mistakes[f"{part}.tanggal"] = "death-undated"
        return
    number = " ".join(form.get(f"{part}.nomor", "").split())[:NAME_CHARACTERS_MAX]
    operation: Operation = {
        "kind": "end",
        "entity": ANGGOTA,
        "id": before.id,
        "base": before.seq,
        "end": DEAD,
        "date": died,
    }
    found.add(part, operation | ({"number": number} if number else {}))


def _read_new_member(part: str, form: Form, household: Household, found: Filled) -> None:
    said = _Said(part, form, {}, found)
    questions = FORM[Section.MEMBER]
    typed = {q.name: said.scalar(q) for q in questions if not _is_set(q)}
    values: dict[str, Json] = {
        name: value for name, value in typed.items() if not isinstance(value, _Unsaid)
    }
    values = {name: value for name, value in values.items() if value is not None}
    for question in questions:
        if _is_set(question) and (added := said.elements(question)[0]):
            values[question.name] = list[Json](added)
    if not values:
        return
    if not values.get("nama"):
        found.mistakes[f"{part}.nama"] = "name-missing"
        return
    values.setdefault("keberadaan", PRESENT)
    operation: Operation = {
        "kind": "create",
        "entity": ANGGOTA,
        "id": form.get(f"{part}.id", ""),
        "parent": household.id,
        "set": values,
    }
    found.add(part, operation)


# Values --------------------------------------------------------------------------------------


class _Unsaid:
    """Nothing was said about the field; another thing than that it is empty."""


UNSAID: Final = _Unsaid()


@dataclass(frozen=True, slots=True)
class _Said:
    """One part of a form, read field by field."""

    part: str
    form: Form
    shown: Mapping[str, Json]
    found: Filled

    def scalar(self, question: Question) -> "Json | _Unsaid":
        """What was typed, if it says something."""
        name = f"{self.part}.{question.name}"
        if name not in self.form:
            return UNSAID
        try:
            value = read_value(question, self.form[name])
        except Mistake as mistake:
            # What stands is not judged again: a malformed number came with a list.
            if self.form[name].strip() != str(self.shown.get(question.name) or ""):
                self.found.mistakes[name] = mistake.code
            return UNSAID
        if question.name in ASKED_ANEW:
            return UNSAID if value is None else value
        return UNSAID if value == self.shown.get(question.name) else value

    def elements(self, question: Question) -> tuple[list[str], list[str]]:
        """Elements that were ticked, and those whose tick was taken away."""
        held = self.shown.get(question.name)
        before = {str(one) for one in held} if isinstance(held, list) else set()
        slugs = [code.slug for code in question.codes]
        now = {slug for slug in slugs if f"{self.part}.{question.name}.{slug}" in self.form}
        return sorted(now - before), sorted((before & set(slugs)) - now)


@dataclass(frozen=True, slots=True)
class _Statements:
    scalars: Mapping[str, "Json | _Unsaid"]
    sets: Mapping[str, tuple[list[str], list[str]]]
    found: Filled


def _statement(
    entity: str, before: ShownRecord, current: Mapping[str, Json], said: _Statements
) -> Operation | None:
    """One `set` of everything that was said about a record; None where nothing was."""
    values: dict[str, Json] = {}
    for group in GROUPS[entity].values():
        typed = {n: said.scalars.get(n, UNSAID) for n in group.fields}
        if all(value is UNSAID for value in typed.values()):
            continue
        anew = not ASKED_ANEW.isdisjoint(group.fields)
        for name, value in typed.items():
            kept = None if anew else current.get(name)
            values[name] = kept if isinstance(value, _Unsaid) else value
    add: dict[str, Json] = {n: list[Json](a) for n, (a, _) in said.sets.items() if a}
    remove: dict[str, Json] = {n: list[Json](r) for n, (_, r) in said.sets.items() if r}
    parts = {"set": values, "add": add, "remove": remove}
    stated: dict[str, Json] = {name: part for name, part in parts.items() if part}
    if not stated:
        return None
    return {"kind": "set", "entity": entity, "id": before.id, "base": before.seq, **stated}


def _day_of_visit(form: Form, around: Circumstance, found: Filled) -> str | None:
    try:
        day = read_day(form.get(DAY, ""))
    except Mistake as mistake:
        found.mistakes[DAY] = mistake.code
        return None
    if day is not None and day > around.today.isoformat():
        found.mistakes[DAY] = "day-ahead"
    return day


def _parts(form: Form, letter: str) -> Iterable[str]:
    """`m0`, `m1` … as far as the form has them."""
    for number in range(MEMBERS_MAX):
        part = f"{letter}{number}"
        if f"{part}.id" in form:
            yield part


def _is_set(question: Question) -> bool:
    return question.field.field_class is FieldClass.SET
