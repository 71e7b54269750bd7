"""From the readable source of a form to the rows of its XLSForm.

The TOML files under `sheets/` say what is asked; this module writes out what XLSForm needs beside
it: where the last verified value comes from, which entity property an answer is kept in, the
choices of every code list, the second half of every group. So that three forms speak of the same
register, code lists are taken from `sync.codes` and never typed.

`show = true` puts the list's value there before anybody answers. Outside of repeats that happens
once, when the family is chosen (a trigger), so that another choice brings another family's values.
Inside a repeat there is no such moment, so the value is a calculation that stops where something
stands already (`once`); whoever empties such an answer and opens the draft again finds it filled
again, which is why everything prefilled in a repeat is required or of little weight.
"""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

from sync.codes import CODELISTS, SLUGS
from sync.policy import FIELDS, FieldClass

SHEETS: Final = Path(__file__).parent / "sheets"
INDONESIAN: Final = "Indonesia (id)"
ENGLISH: Final = "English (en)"
NONE: Final = "tidak_ada"
"""The choice that says that none of a set is true; alone, never beside another."""
_NONE_LABELS: Final = ("Tidak ada", "None of these")
_ALL_RIGHT_LABELS: Final = ("Semua sudah benar", "Everything is right")
_ONLY_ALONE: Final = f"not(selected(., '{NONE}') and count-selected(.) > 1)"
_PHOTO_PIXELS_MAX: Final = 1280
"""The longer side. Village tools for SIKS-NG use the same; it reads a card and fits a weak link."""

Row: TypeAlias = Mapping[str, Any]
Cells: TypeAlias = dict[str, str]
Choice: TypeAlias = tuple[str, str, str, str]
"""List, name, Indonesian label, English label."""


@dataclass
class Form:
    """One form on its way to a workbook."""

    settings: Mapping[str, Any]
    members_kept: bool = False
    """Are members entities of their own on the phone (2025.1), or data of a repeat (2024.1)?"""
    survey: list[Cells] = field(default_factory=list)
    choices: dict[tuple[str, str], Choice] = field(default_factory=dict)
    repeats: list[str] = field(default_factory=list)
    """Of the row that is being written: the names of the repeats around it."""

    @property
    def kind(self) -> str:
        return str(self.settings["kind"])

    def offer(self, listed: str, name: str, labels: tuple[str, str]) -> None:
        self.choices.setdefault((listed, name), (listed, name, *labels))


def read_form(name: str, *, members_kept: bool = False) -> Form:
    """A form of `sheets/`, expanded. Raises `ValueError` for a row of an unknown kind."""
    source = _toml(name)
    form = Form(source["settings"], members_kept)
    for listed in form.settings["lists"]:
        form.survey.append({"type": "csv-external", "name": listed})
    for row in _rows(source, form.kind):
        if row.get("members_kept") and not members_kept:
            continue
        form.survey += _expanded(form, row)
    return form


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((SHEETS / f"{name}.toml").read_text(encoding="utf-8"))


def _rows(source: Mapping[str, Any], kind: str) -> Iterator[Row]:
    """The rows that this kind of form has, with its own variants of their cells."""
    for row in source["row"]:
        if "include" in row:
            yield from _rows(_toml(row["include"]), kind)
        elif row.get("only", kind) == kind:
            ending = f"_{kind}"
            own = {key.removesuffix(ending): row[key] for key in row if key.endswith(ending)}
            yield {**row, **own}


def _expanded(form: Form, row: Row) -> list[Cells]:
    word, _, listed = str(row["type"]).partition(" ")
    if word in _SHORT:
        return _SHORT[word](form, row, listed)
    if word == "begin_repeat":
        form.repeats.append(str(row["name"]))
    if word == "end_repeat":
        form.repeats.pop()
    if word in {"select_one", "select_multiple"}:
        _offer_codes(form, listed)
    return [_cells(form, row)]


def _yes_no(form: Form, row: Row, _listed: str) -> list[Cells]:
    form.offer("ya_tidak", "ya", ("Ya", "Yes"))
    form.offer("ya_tidak", "tidak", ("Tidak", "No"))
    return [_cells(form, {**row, "type": "select_one ya_tidak"})]


def _offer_codes(form: Form, listed: str) -> None:
    for code in CODELISTS[listed].codes:
        form.offer(listed, code.slug, (code.label_id, code.label_en))


def _cells(form: Form, row: Row) -> Cells:
    """One row of the survey sheet."""
    cells = {"type": str(row["type"])}
    for column, key in _COLUMNS.items():
        if key in row:
            value = row[key]
            cells[column] = ("yes" if value else "no") if isinstance(value, bool) else str(value)
    if row.get("show") and form.kind == "update":
        cells |= _prefilled(form, row["shown"] if "shown" in row else _shown(form, row))
    if kept := _kept(form, row):
        cells["save_to"] = kept
    return cells


_COLUMNS: Final = {
    "name": "name",
    f"label::{INDONESIAN}": "id",
    f"label::{ENGLISH}": "en",
    f"hint::{INDONESIAN}": "hint_id",
    f"hint::{ENGLISH}": "hint_en",
    "required": "required",
    "relevant": "relevant",
    "constraint": "constraint",
    f"constraint_message::{INDONESIAN}": "message_id",
    f"constraint_message::{ENGLISH}": "message_en",
    "calculation": "calculation",
    "trigger": "trigger",
    "default": "default",
    "choice_filter": "choice_filter",
    "repeat_count": "repeat_count",
    "appearance": "appearance",
    "parameters": "parameters",
    "save_to": "save_to",
    "lokus": "lokus",
}


def _field_of(row: Row) -> tuple[str, str] | None:
    """Entity and field that the row's first target names."""
    entity, dot, name = str(row.get("lokus", "")).partition(" ")[0].partition(".")
    return (entity, name) if dot and name in FIELDS.get(entity, {}) else None


def listed_value(form: Form, name: str) -> str:
    """Where the last verified value of a field stands: in the family's row or the member's."""
    listed, of = ("anggota", "id_anggota") if form.repeats else ("keluarga", "keluarga")
    return f"instance('{listed}')/root/item[name = ${{{of}}}]/{name}"


def _shown(form: Form, row: Row) -> str:
    target = _field_of(row)
    assert target is not None, f"{row['name']} shows no field"
    value = listed_value(form, target[1])
    # A day that comes as text is compared as text, and no text is before today.
    return f"if({value} = '', '', date({value}))" if row["type"] == "date" else value


def _prefilled(form: Form, expression: str) -> Cells:
    if form.repeats:
        return {"calculation": f"once({expression})"}
    return {"calculation": expression, "trigger": "${keluarga}"}


def _kept(form: Form, row: Row) -> str:
    """The entity property in which the phone keeps an answer for its next visit."""
    target = _field_of(row)
    if target is None or form.kind not in {"update", "create"} or row.get("keep") is False:
        return ""
    entity, name = target
    if entity == "keluarga":
        return f"keluarga#{name}" if form.members_kept else name
    return f"anggota#{name}" if entity == "anggota" and form.members_kept else ""


def _set(form: Form, row: Row, listed: str) -> list[Cells]:
    """A set: what was shown beside what was chosen, and a way to say that it is empty."""
    target = _field_of(row)
    assert target is not None
    assert FIELDS[target[0]][target[1]].field_class is FieldClass.SET
    _offer_codes(form, listed)
    own_none = NONE in SLUGS[listed]
    if not own_none:
        form.offer(listed, NONE, _NONE_LABELS)
    name = row["name"]
    choice = {
        "type": f"select_multiple {listed}",
        "constraint": _ONLY_ALONE,
        "message_id": "Pilih 'Tidak ada' sendirian, atau hapus tandanya.",
        "message_en": "Choose 'none' alone, or take its mark away.",
    }
    rows: list[Cells] = []
    shown = f"${{{name}_tampil}}"
    if form.kind == "update":
        calculation = listed_value(form, target[1])
        if form.repeats:
            calculation = f"if(${{id_anggota}} = '', '', {calculation})"
        rows.append(
            {
                "type": "calculate",
                "name": f"{name}_tampil",
                "calculation": calculation,
                "lokus": f"{target[0]}.{target[1]}:shown",
            }
            | ({"relevant": str(row["relevant"])} if "relevant" in row else {})
        )
    # A trigger runs before calculations that hang on the same answer are sure to have run.
    value = _or_none(form, shown if form.repeats else listed_value(form, target[1]))
    rows.append(_cells(form, {**row, **choice, "keep": False, "shown": value}))
    if kept := _kept(form, row):
        calculation = f"if(selected(${{{name}}}, '{NONE}'), '', ${{{name}}})"
        if own_none:
            calculation = f"${{{name}}}"
        rows.append(
            {
                "type": "calculate",
                "name": f"{name}_simpan",
                "calculation": calculation,
                "save_to": kept,
            }
        )
    return rows


def _fix(form: Form, row: Row, listed: str) -> list[Cells]:
    """Which of what is shown is wrong? It feeds nothing; it opens the questions that do."""
    form.offer(listed, NONE, _ALL_RIGHT_LABELS)
    for name, *labels in row["options"]:
        form.offer(listed, name, (labels[0], labels[1]))
    own = {
        "type": f"select_multiple {listed}",
        "constraint": _ONLY_ALONE,
        "message_id": "Pilih 'Semua sudah benar' sendirian, atau hapus tandanya.",
        "message_en": "Choose 'Everything is right' alone, or take its mark away.",
    }
    return [_cells(form, {**row, **own})]


def _many(form: Form, row: Row, listed: str) -> list[Cells]:
    """One tap for each field that is true, instead of one page for each field.

    `each`: yes or no; `count`: how many; `degrees`: how much, on a code list. What was not tapped
    is stated too: no, 0, or the list's word for no difficulty.
    """
    word = str(row["type"]).partition(" ")[0]
    choices = f"{row['name']}_pilihan" if word == "degrees" else listed
    fix = {key: row[key] for key in row if key not in {"relevant", "show", "type"}}
    rows = _fix(form, {**fix, **_many_shown(form, row, word)}, choices)
    form.choices[choices, NONE] = (choices, NONE, *_NONE_LABELS)
    rows[0][f"constraint_message::{INDONESIAN}"] = (
        "Pilih 'Tidak ada' sendirian, atau hapus tandanya."
    )
    rows[0][f"constraint_message::{ENGLISH}"] = "Choose 'none' alone, or take its mark away."
    details: list[Cells] = []
    for name, *labels in row["options"]:
        chosen = f"selected(${{{row['name']}}}, '{name}')"
        if word != "each":
            detail = _detail(form, row, word, listed, (name, labels[0], labels[1]))
            details.append(detail | {"relevant": chosen})
    for name, *_ in row["options"]:
        said = {"each": "'ya'"}.get(word, f"${{{name}_isi}}")
        otherwise = {"each": "'tidak'", "count": "0"}.get(word, f"'{row.get('none')}'")
        calculation = f"if(selected(${{{row['name']}}}, '{name}'), {said}, {otherwise})"
        cell = {"type": "calculate", "name": name, "calculation": calculation}
        rows.append(_cells(form, {**cell, "lokus": f"{row['entity']}.{name}"}))
    group = _cells(form, {"type": "begin_group", "name": f"{row['name']}_rinci", **_titles(row)})
    if "relevant" in row:
        group["relevant"] = str(row["relevant"])
    if details:
        page = {"type": "begin_group", "name": f"{row['name']}_lembar", "appearance": "field-list"}
        some = f"${{{row['name']}}} != '' and not(selected(${{{row['name']}}}, '{NONE}'))"
        details = [_cells(form, {**page, **_titles(row), "relevant": some}), *details]
        details.append({"type": "end_group"})
    return [group, rows[0], *details, *rows[1:], {"type": "end_group"}]


def _titles(row: Row) -> dict[str, str]:
    return {"id": str(row["id"]), "en": str(row["en"])}


def _many_shown(form: Form, row: Row, word: str) -> dict[str, Any]:
    tests = {"each": "{} = 'ya'", "count": "{} > 0"}
    test = tests.get(word, f"{{0}} != '' and {{0}} != '{row.get('none')}'")
    parts = [
        f"if({test.format(listed_value(form, name))}, '{name} ', '')" for name, *_ in row["options"]
    ]
    shown = _or_none(form, f"concat({', '.join(parts)})")
    return {"show": row.get("show", False), "shown": shown}


def _or_none(form: Form, value: str) -> str:
    """An empty set is shown as none where somebody has been before; else it has to be asked."""
    visited = listed_value(form, "keberadaan" if form.repeats else "hasil")
    return f"if({value} != '', {value}, if({visited} != '', '{NONE}', ''))"


def _detail(form: Form, row: Row, word: str, listed: str, option: tuple[str, str, str]) -> Cells:
    """The question that one tap opens."""
    name, label_id, label_en = option
    cells: dict[str, Any] = {
        "name": f"{name}_isi",
        "required": True,
        "show": True,
        "shown": listed_value(form, name),
    }
    if word == "count":
        cells |= {
            "type": "integer",
            "id": f"{label_id}: berapa ekor?",
            "en": f"{label_en}: how many?",
            "constraint": ". >= 1 and . <= 10000",
            "message_id": "Tulis jumlah ekornya, paling sedikit 1.",
            "message_en": "Write how many, at least 1.",
        }
    else:
        _offer_codes(form, listed)
        cells |= {
            "type": f"select_one {listed}",
            "id": f"{label_id}: {str(row['level_id']).lower()}?",
            "en": f"{label_en}: {str(row['level_en']).lower()}?",
        }
    return _cells(form, cells)


def _number16(form: Form, row: Row, _listed: str) -> list[Cells]:
    """A number of 16 digits, or why it is not one: a strange number warns and is kept."""
    name, what = row["name"], row["what"]
    whole = f"regex(${{{name}}}, '^[0-9]{{16}}$')"
    number = {
        "type": "text",
        "appearance": "numbers",
        "constraint": "string-length(.) <= 32",
        "message_id": f"{what} paling banyak 32 angka. {what} yang benar terdiri atas 16 angka.",
        "message_en": f"{what} has at most 32 digits; a right one has 16.",
    }
    warning = {
        "type": "note",
        "name": f"{name}_periksa",
        "id": f"{what} biasanya 16 angka. Periksa kartunya. Jika di kartu memang begitu, "
        "lanjutkan dan tulis alasannya.",
        "en": f"{what} usually has 16 digits. Check the card. If the card says so, go on and "
        "write why.",
        "relevant": f"${{{name}}} != '' and not({whole})",
    }
    reason = {
        "type": "text",
        "name": row["reason"],
        "id": f"Mengapa {what} kosong atau bukan 16 angka?",
        "en": f"Why is {what} empty or not of 16 digits?",
        "relevant": f"not({whole})",
        "required": True,
        "lokus": f"{str(row['lokus']).partition('.')[0]}.{row['reason']}",
    }
    return [_cells(form, each) for each in ({**row, **number}, warning, reason)]


def _photos(form: Form, _row: Row, _listed: str) -> list[Cells]:
    """One photograph of each kind, none of them required."""
    return [
        _cells(
            form,
            {
                "type": "image",
                "name": f"foto_{code.slug}",
                "id": code.label_id,
                "en": code.label_en,
                "parameters": f"max-pixels={_PHOTO_PIXELS_MAX}",
                "lokus": f"kunjungan.foto:{code.slug}",
            },
        )
        for code in CODELISTS["verivali_foto"].codes
    ]


_SHORT: Final[Mapping[str, Callable[[Form, Row, str], list[Cells]]]] = {
    "yes_no": _yes_no,
    "set": _set,
    "fix": _fix,
    "each": _many,
    "count": _many,
    "degrees": _many,
    "number16": _number16,
    "photos": _photos,
}
"""Words of the sources that stand for several rows of XLSForm."""
