"""The one form that everything from other servers is turned into before it is taken in.

A form that is not ours has questions of its own; a map says what they feed. Once they are fields,
what was filled in looks the same whatever server it came from: it is written as an instance of the
form described here and takes the same way as what a phone sends: stored for ever, merged, edited,
held, released. Its mapping follows from the register's fields alone, so it is known for ever and
needs no table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from api.formats.xform.mapping import (
    LOCATION,
    Feed,
    FormKind,
    FormMapping,
    MappedQuestion,
    MappedRepeat,
    Role,
)
from sync.policy import FIELDS, FieldClass
from sync.types import ANGGOTA, KELUARGA, KUNJUNGAN

UPDATING: Final = "sambungan-perbarui"
CREATING: Final = "sambungan-baru"
VERSION: Final = "1"
"""A version once written is read for ever; another way of writing gets another number."""
_KINDS: Final = {UPDATING: FormKind.UPDATE, CREATING: FormKind.CREATE}
_ROOT: Final = "/data"
_MEMBERS: Final = f"{_ROOT}/{ANGGOTA}"
OBSERVED: Final = "hari"
BEGUN: Final = "start"
MEMBER_ID: Final = "id"


@dataclass(frozen=True, slots=True)
class Told:
    """What was filled in, in the register's words. Texts are those of an XForm."""

    instance: str
    replaces: str | None
    family: str
    """The record's id."""
    creates: bool
    answers: Mapping[str, str]
    """Field of the family, or `lokasi`."""
    members: Sequence[Mapping[str, str]]
    """Fields of each person; `id` is a record that the register knows."""
    observed: str = ""
    begun: str = ""


def connected_mapping(form_id: str, version: str) -> FormMapping | None:
    """How to read what `instance_of` wrote; None for any other form."""
    kind = _KINDS.get(form_id)
    return _mapping(form_id, kind) if kind is not None and version == VERSION else None


def instance_of(told: Told) -> bytes:
    """The instance as bytes: the same for the same words, for ever."""
    mode = "create" if told.creates else "update"
    meta = _element("instanceID", told.instance)
    if told.replaces is not None:
        meta += _element("deprecatedID", told.replaces)
    meta += f'<entity dataset="keluarga" id={quoteattr(told.family)} {mode}="1"/>'
    parts = [
        _element(BEGUN, told.begun),
        _element(OBSERVED, told.observed),
        f"<{KUNJUNGAN}>{_element('waktu', told.begun)}</{KUNJUNGAN}>",
        _record(KELUARGA, told.answers),
        *(_record(ANGGOTA, member) for member in told.members),
        f"<meta>{meta}</meta>",
    ]
    form = CREATING if told.creates else UPDATING
    return f'<data id="{form}" version="{VERSION}">{"".join(parts)}</data>'.encode()


def fields_told(entity: str) -> frozenset[str]:
    """What a map may feed of a record."""
    named = {n for n, f in FIELDS[entity].items() if f.field_class is not FieldClass.SERVER}
    return frozenset(named | ({LOCATION} if entity == KELUARGA else {MEMBER_ID}))


@cache
def _mapping(form_id: str, kind: FormKind) -> FormMapping:
    questions = [
        *(_question(KELUARGA, name) for name in sorted(fields_told(KELUARGA) - {LOCATION})),
        MappedQuestion(
            f"{_ROOT}/{KELUARGA}/{LOCATION}", "geopoint", (Feed(KELUARGA, Role.LOCATION),)
        ),
        *(_question(ANGGOTA, name) for name in sorted(fields_told(ANGGOTA) - {MEMBER_ID})),
        MappedQuestion(f"{_MEMBERS}/{MEMBER_ID}", "text", (Feed(ANGGOTA, Role.ID),), _MEMBERS),
        _question(KUNJUNGAN, "waktu"),
        MappedQuestion(f"{_ROOT}/{OBSERVED}", "date", (Feed(KELUARGA, Role.OBSERVED),)),
    ]
    return FormMapping(
        form_id=form_id,
        version=VERSION,
        kind=kind,
        root="data",
        entity_list="keluarga",
        entities_version=None,
        questions=tuple(questions),
        repeats=(MappedRepeat(_MEMBERS, ANGGOTA),),
    )


def _question(entity: str, name: str) -> MappedQuestion:
    repeat = _MEMBERS if entity == ANGGOTA else None
    return MappedQuestion(
        f"{_ROOT}/{entity}/{name}", "text", (Feed(entity, Role.FIELD, name),), repeat
    )


def _record(entity: str, answers: Mapping[str, str]) -> str:
    inside = "".join(_element(name, answers[name]) for name in sorted(answers))
    return f"<{entity}>{inside}</{entity}>"


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(_printable(text))}</{name}>" if text else ""


def _printable(text: str) -> str:
    """Without what no XML can hold."""
    return "".join(c for c in text if c in "\t\n" or (c >= " " and not _is_no_character(ord(c))))


def _is_no_character(code: int) -> bool:
    return 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF)
