"""The cells of an XLSForm as questions: each with its row, its path, and the repeats around it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from api.formats.xform.faults import FormFault, FormRefused, whole_form

HEADER_ROWS: Final = 1
TARGETS_COLUMN: Final = "lokus"
_ALIASES: Final = {
    "relevance": "relevant",
    "calculate": "calculation",
    "bind::relevant": "relevant",
    "bind::constraint": "constraint",
    "bind::calculate": "calculation",
    "bind::required": "required",
    "bind::readonly": "read_only",
    "readonly": "read_only",
    "control::appearance": "appearance",
    "command": "type",
    "tag": "name",
    "value": "name",
    "list": "list_name",
    "dataset": "list_name",
    "bind::entities:saveto": "save_to",
}
_WORDS: Final = {
    "begin group": "begin_group",
    "end group": "end_group",
    "begin repeat": "begin_repeat",
    "end repeat": "end_repeat",
    "select one": "select_one",
    "select multiple": "select_multiple",
    "select all that apply from": "select_multiple",
    "select one from": "select_one",
    "select_one_external": "select_one_external",
    "photo": "image",
    "int": "integer",
    "string": "text",
    "location": "geopoint",
    "gps": "geopoint",
}
_BLOCKS: Final = {"begin_group": "end_group", "begin_repeat": "end_repeat"}
_NO_NODE: Final = frozenset({"csv-external", "xml-external"})


@dataclass(frozen=True, slots=True)
class SurveyRow:
    """One row that makes a node: a question, a group, a repeat, or what the phone notes itself.

    `kind` is the type's word (`select_one`), `listed` what stands behind it (a list, or a file).
    """

    row: int
    kind: str
    listed: str
    name: str
    path: str
    repeat: str | None
    cells: Mapping[str, str]

    def fault(self, column: str, english: str, indonesian: str) -> FormFault:
        return FormFault("survey", self.row, column, english, indonesian)


@dataclass(frozen=True, slots=True)
class EntityRow:
    """One row of the sheet `entities`."""

    row: int
    listed: str
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Survey:
    """A whole workbook."""

    rows: tuple[SurveyRow, ...]
    choices: Mapping[str, tuple[str, ...]]
    """List → its choices' names."""
    settings: Mapping[str, str]
    entities: tuple[EntityRow, ...]

    def named(self, name: str) -> SurveyRow | None:
        return next((row for row in self.rows if row.name == name), None)

    def repeats(self) -> Iterator[SurveyRow]:
        return (row for row in self.rows if row.kind == "begin_repeat")


def read_survey(sheets: Mapping[str, Sequence[Mapping[str, str]]]) -> Survey:
    """The workbook's cells, with paths. Raises `FormRefused` if the blocks do not close."""
    settings = next(iter(_tidied(sheets.get("settings", ()))), {})
    root = settings.get("name") or "data"
    choices: dict[str, list[str]] = {}
    for cells in _tidied(sheets.get("choices", ())):
        if cells.get("list_name") and cells.get("name"):
            choices.setdefault(cells["list_name"], []).append(cells["name"])
    return Survey(
        rows=tuple(_rows([*_tidied(sheets.get("survey", ()))], f"/{root}")),
        choices={listed: tuple(names) for listed, names in choices.items()},
        settings=settings,
        entities=tuple(
            EntityRow(number + HEADER_ROWS, cells.get("list_name", ""), cells)
            for number, cells in enumerate(_tidied(sheets.get("entities", ())), 1)
            if cells
        ),
    )


def _tidied(rows: Sequence[Mapping[str, str]]) -> Iterator[dict[str, str]]:
    for row in rows:
        yield {_column(header): value for header, value in row.items() if value.strip()}


def _column(header: str) -> str:
    plain = header.strip()
    lower = re.sub(r"\s+", "_", plain.lower()) if "::" not in plain else plain
    return _ALIASES.get(lower, lower)


def _kind(text: str) -> tuple[str, str]:
    """`select_one lantai` → `select_one`, `lantai`; older spellings included."""
    plain = " ".join(text.split())
    for old, new in _WORDS.items():
        if plain == old or plain.startswith(f"{old} "):
            return new, plain.removeprefix(old).strip()
    word, _, rest = plain.partition(" ")
    return word, rest.removesuffix(" or_other").strip()


def _rows(rows: Sequence[Mapping[str, str]], root: str) -> Iterator[SurveyRow]:
    blocks: list[tuple[str, str, str | None]] = []  # what closes it, its path, its repeat
    for number, cells in enumerate(rows, 1 + HEADER_ROWS):
        kind, listed = _kind(cells.get("type", ""))
        if kind in _BLOCKS.values():
            if not blocks or blocks.pop()[0] != kind:
                raise FormRefused(
                    [
                        FormFault(
                            "survey",
                            number,
                            "type",
                            f"{kind} closes nothing that is open: match it with its begin row",
                            f"{kind} tidak menutup apa pun: cocokkan dengan baris begin-nya",
                        )
                    ]
                )
            continue
        if not kind or kind in _NO_NODE:
            continue
        around, repeat = blocks[-1][1:] if blocks else (root, None)
        name = cells.get("name", "")
        path = f"{around}/{name}"
        yield SurveyRow(number, kind, listed, name, path, repeat, cells)
        if kind in _BLOCKS:
            blocks.append((_BLOCKS[kind], path, path if kind == "begin_repeat" else repeat))
    if blocks:
        raise whole_form(
            f"{blocks[-1][1]} is never closed: add its {blocks[-1][0]} row",
            f"{blocks[-1][1]} tidak ditutup: tambahkan baris {blocks[-1][0]}",
        )
