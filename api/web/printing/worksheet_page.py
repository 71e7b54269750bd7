"""The worksheet of an RT as pages: a block for each family, never broken where it fits on a page.

Every height below is that of the style sheet's; what can wrap is measured. Short, a family of four
takes a third of a page; in full, with house, assets and criteria, most of one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from api.services.entry_form import FORM, Question, Section, label_of, number_of
from api.services.worksheets import SheetFamily, SheetMember, Worksheet
from api.web.printing.measuring import lines_of
from api.web.printing.paginating import Block, Frame, Group, paginate
from api.web.printing.papers import CONTENT_MM, LINE_MM, SMALL_PT, Paper, Sheet, part, printed
from api.web.printing.spelling import period_name, short_date
from sync.policy import ValueType
from sync.types import Json

BLANK_FAMILIES: Final = 2
BLANK_MEMBERS: Final = 5
TEMPLATE: Final = "worksheet.html"

_OUTCOME_MM: Final = 3 * 5.6
_CORRECTIONS_MM: Final = 2 * 6.4
_REMARK_MM: Final = 6.4
_GAP_MM: Final = 3.0
_MEMBERS_HEAD_MM: Final = 2 * LINE_MM + 1.4
_BLANK_MEMBER_MM: Final = 2 * LINE_MM + 1.4
_SIGNATURES_MM: Final = 36 + 2 * 3 + 2 * LINE_MM
_NAME_MM: Final = 44.0
_BORN_MM: Final = 34.0
_KIN_MM: Final = 36.0
_HEALTH_MM: Final = 15.2
_HERE_MM: Final = 9.0
_WHO_MM: Final = 110.0
_CARD_MM: Final = 58.0
_THIRD_MM: Final = 51.0
_NAME_PT: Final = 10.0


@dataclass(frozen=True, slots=True)
class Look:
    """How the worksheet is wanted."""

    paper: Paper = Paper.A4
    full: bool = False
    """With house, assets and criteria."""
    printed_at: str = ""
    """As it stands at the foot of each page."""


def worksheet_html(sheet: Worksheet, look: Look) -> str:
    """The worksheet as one HTML file."""
    families = sheet.open_families
    people = sum(len(_present(family)) for family in families)
    groups = [Group((_intro(sheet, len(families), people),))]
    groups += [_family(family, look) for family in families]
    if not families:
        groups.append(Group((_fixed("nobody", 10.0, sheet),)))
    groups += _proposals(look)
    groups += _legends(look)
    groups.append(Group((_fixed("signatures", _SIGNATURES_MM, sheet),)))
    place = sheet.place.title
    period = f", {period_name(sheet.period)}" if sheet.period else ""
    shown = Sheet(
        title=f"Lembar kerja RT {sheet.rt.rstrip('/')} {place}{period}",
        head=part(TEMPLATE, "head", sheet, ""),
        foot=f"Dicetak {look.printed_at} · Lokus" if look.printed_at else "Lokus",
        paper=look.paper,
    )
    return printed(shown, paginate(groups, look.paper.room_mm))


def _fixed(macro: str, height: float, *values: object) -> Block:
    return Block(part(TEMPLATE, macro, *values), height)


def _intro(sheet: Worksheet, count: int, people: int) -> Block:
    return _fixed("intro", 4 * LINE_MM + 3, sheet, count, people)


# A family ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Head:
    """The four lines of a family's head."""

    name: str
    address: str
    no_kk: str
    programmes: str

    @property
    def height(self) -> float:
        left = lines_of(self.name, _WHO_MM, _NAME_PT, bold=True) * 4.2
        left += lines_of(self.address, _WHO_MM, SMALL_PT) * LINE_MM
        right = LINE_MM + lines_of(self.programmes, _CARD_MM, SMALL_PT) * LINE_MM
        return max(left, right, 2 * LINE_MM) + 2.6


def _family(family: SheetFamily, look: Look) -> Group:
    head = _head_of(family)
    blocks = [
        Block(part(TEMPLATE, "family_head", family, head), head.height),
        _fixed("outcome", _OUTCOME_MM, _answers(family)),
        _fixed("corrections", _CORRECTIONS_MM, False),
    ]
    present = _present(family)
    frame = _members_frame()
    blocks += [_member(number, one, frame) for number, one in enumerate(present, 1)]
    added = part(TEMPLATE, "blank_member", len(present) + 1)
    blocks.append(Block(added, _BLANK_MEMBER_MM, frame))
    if look.full:
        blocks += _house(family)
    blocks += [_fixed("remark", _REMARK_MM), _fixed("gap", _GAP_MM)]
    again = _fixed("continued", 2 * LINE_MM + 2, family)
    return Group(tuple(blocks), again)


def _head_of(family: SheetFamily) -> _Head:
    fields = family.fields
    address = ", ".join(text for text in (_text(fields, "alamat"), _text(fields, "dusun")) if text)
    received = _labels(Section.PROGRAMMES, fields, "program")
    proposed = _labels(Section.PROGRAMMES, fields, "program_diusulkan")
    parts = [
        f"menerima {received}" if received else "",
        f"diusulkan {proposed}" if proposed else "",
    ]
    desil = fields.get("desil_nasional")
    parts.append(f"desil {desil}" if desil is not None else "")
    return _Head(
        family.name or "(tanpa nama)",
        address or "(tanpa alamat)",
        _text(fields, "no_kk") or "kosong",
        "; ".join(filter(None, parts)),
    )


def _answers(family: SheetFamily) -> Mapping[str, object]:
    """Numbered answers; nothing is crossed, because each round asks anew."""
    by_name = {question.name: question for question in FORM[Section.OUTCOME]}

    def numbered(name: str) -> list[tuple[int, str, bool]]:
        codes = by_name[name].codes
        return [(n, _short(code.label_id), False) for n, code in enumerate(codes, 1)]

    outcomes = numbered("hasil")
    outcomes.append((len(outcomes) + 1, "Menolak", False))
    said = label_of(by_name["hasil"], family.fields.get("hasil"))
    means = label_of(by_name["kemampuan"], family.fields.get("kemampuan"))
    last = ", ".join(text.lower() for text in (said, _short(means)) if text)
    return {
        "hasil": outcomes,
        "alasan": numbered("hasil_alasan"),
        "mampu": numbered("kemampuan"),
        "last": last,
    }


_SHORT: Final = {
    "Alamat tidak ada di desa/kelurahan setempat": "Alamat tidak ada",
    "Ya, mampu": "Ya",
    "Tidak mampu": "Tidak",
    "Tidak tinggal bersama keluarga/pindah ke wilayah lain": "pindah",
    "Tidak tinggal bersama keluarga/pindah ke luar negeri": "luar negeri",
    "Tinggal bersama keluarga": "tinggal",
    "Belum ditentukan": "–",
}
"""Labels that are sentences, for where there is little room."""


def _short(label: str) -> str:
    return _SHORT.get(label, label)


# Its people ----------------------------------------------------------------------------------


def _present(family: SheetFamily) -> tuple[SheetMember, ...]:
    return tuple(one for one in family.members if one.end is None)


def _members_frame() -> Frame:
    opening = part(TEMPLATE, "members_open")
    return Frame(opening, part(TEMPLATE, "members_close"), _MEMBERS_HEAD_MM)


@dataclass(frozen=True, slots=True)
class _Cells:
    """A person's row."""

    name: str
    nik: str
    born: str
    mother: str
    sex: str
    kin: str
    health: tuple[str, ...]
    here: str

    @property
    def height(self) -> float:
        lines = max(
            1 + lines_of(self.name, _NAME_MM, SMALL_PT),
            lines_of(self.born, _BORN_MM, SMALL_PT)
            + (lines_of(f"ibu: {self.mother}", _BORN_MM, SMALL_PT) if self.mother else 0),
            lines_of(self.kin, _KIN_MM, SMALL_PT),
            sum(lines_of(one, _HEALTH_MM, SMALL_PT) for one in self.health),
            2 + lines_of(self.here, _HERE_MM, 7) - 1,
        )
        return max(lines, 2) * LINE_MM + 1.6


def _member(number: int, person: SheetMember, frame: Frame) -> Block:
    fields = person.fields
    asked = {question.name: question for question in FORM[Section.MEMBER]}

    def said(name: str) -> str:
        return label_of(asked[name], fields.get(name))

    born = ", ".join(
        filter(None, (_text(fields, "tempat_lahir"), short_date(fields.get("tanggal_lahir"))))
    )
    health = [f"hamil: {said('hamil').lower()}"] if fields.get("hamil") is not None else []
    health += [said("disabilitas")] if fields.get("disabilitas") else []
    cells = _Cells(
        _text(fields, "nama") or "(tanpa nama)",
        _text(fields, "nik") or "NIK kosong",
        born or "–",
        _text(fields, "ibu_kandung"),
        {"laki_laki": "L", "perempuan": "P"}.get(str(fields.get("jenis_kelamin")), ""),
        ", ".join(filter(None, map(said, ("hubungan_keluarga", "status_kawin", "pekerjaan")))),
        tuple(health),
        _short(said("keberadaan")),
    )
    return Block(part(TEMPLATE, "member", number, cells), cells.height, frame)


# Its house -----------------------------------------------------------------------------------


def _house(family: SheetFamily) -> Iterator[Block]:
    fields = family.fields
    yield _grid("three", FORM[Section.HOUSE], fields, 3)
    yield _grid("six", FORM[Section.ASSETS], fields, 6)
    (question,) = FORM[Section.CRITERIA]
    held = fields.get(question.name)
    values = [
        (number, "Y" if isinstance(held, list) and code.slug in held else "")
        for number, code in enumerate(question.codes, 1)
    ]
    yield _fixed("criteria", 4.8 + 1.2, question.short, values)


def _grid(
    kind: str, questions: tuple[Question, ...], fields: Mapping[str, Json], columns: int
) -> Block:
    items = [
        (question.short, _answer(question, fields.get(question.name))) for question in questions
    ]
    room = _THIRD_MM if columns == 3 else CONTENT_MM / columns - 11
    height = 1.2
    for start in range(0, len(items), columns):
        row = items[start : start + columns]
        wraps = max(lines_of(f"{label} {value}", room, SMALL_PT, bold=True) for label, value in row)
        height += max(wraps * LINE_MM, 4.8)
    return Block(part(TEMPLATE, "grid", kind, items), height)


def _answer(question: Question, value: Json) -> str:
    if question.field.value_type is ValueType.BOOLEAN:
        return {True: "Y", False: "T"}.get(value, "") if isinstance(value, bool) else ""
    number = number_of(question, value)
    return f"{number} {label_of(question, value)}" if number else label_of(question, value)


# Proposals and the meaning of numbers --------------------------------------------------------


def _proposals(look: Look) -> Iterator[Group]:
    for number in range(BLANK_FAMILIES):
        family = SheetFamily(0, "", 0, {}, None, ())
        head = _Head("…………………………………………………………", "Alamat:", "…", "")
        frame = _members_frame()
        blank = Block(part(TEMPLATE, "blank_member", ""), _BLANK_MEMBER_MM, frame)
        blocks = [
            Block(part(TEMPLATE, "family_head", family, head), head.height),
            _fixed("corrections", _CORRECTIONS_MM, True),
            *([blank] * BLANK_MEMBERS),
        ]
        if look.full:
            blocks += _house(family)
        blocks += [_fixed("remark", _REMARK_MM), _fixed("gap", _GAP_MM)]
        if number == 0:
            blocks.insert(0, _fixed("proposals_head", 5 + 2 * LINE_MM + 1))
        yield Group(tuple(blocks))


def _legends(look: Look) -> Iterator[Group]:
    sections = [Section.OUTCOME, Section.MEMBER]
    sections += [Section.HOUSE, Section.CRITERIA] if look.full else []
    blocks = [_fixed("legend_head", 6.0)]
    listed: set[str] = set()
    for section in sections:
        for question in FORM[section]:
            codelist = question.field.codelist
            if codelist is None or codelist in listed or question.name in _CHECKED:
                continue
            listed.add(codelist)
            blocks.append(_legend(question))
    yield Group(tuple(blocks[:3]))
    for block in blocks[3:]:
        yield Group((block,))


_CHECKED: Final = frozenset({"hasil", "hasil_alasan", "kemampuan"})
"""Their answers stand beside their boxes."""


def _legend(question: Question) -> Block:
    answers = [(number, code.label_id) for number, code in enumerate(question.codes, 1)]
    text = f"{question.label_id}: " + " ".join(f"{n} {label};" for n, label in answers)
    height = lines_of(text, CONTENT_MM, SMALL_PT, bold=True) * LINE_MM + 0.8
    return Block(part(TEMPLATE, "legend", question.label_id, answers), height)


def _labels(section: Section, fields: Mapping[str, Json], name: str) -> str:
    (question,) = (one for one in FORM[section] if one.name == name)
    held = fields.get(name)
    sources = {code.slug: code.source_code or code.label_id for code in question.codes}
    return (
        ", ".join(sources.get(str(one), str(one)) for one in held) if isinstance(held, list) else ""
    )


def _text(fields: Mapping[str, Json], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
