"""The one form that everything from other servers is turned into before it is taken in.

A form that is not ours has questions of its own; a map says what they feed. Once they are fields,
what was filled in looks the same whatever server it came from: it is written as an instance of the
form described here and takes the same way as what a phone sends: stored for ever, merged, edited,
held, released. Its mapping follows from the register's fields alone, so it is known for ever and
needs no table.

What says nothing of a visit, a photograph or a measurement is written as version 1, as ever: the
same words have to give the same bytes, whichever version of the program writes them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from api.formats.xform.mapping import (
    END_PARTS,
    LOCATION,
    Feed,
    FormKind,
    FormMapping,
    MappedQuestion,
    MappedRepeat,
    Role,
)
from sync.codes import SLUGS
from sync.policy import FIELDS, FieldClass
from sync.types import ANGGOTA, KELUARGA, KUNJUNGAN, PENGUKURAN

UPDATING: Final = "sambungan-perbarui"
CREATING: Final = "sambungan-baru"
VERSION: Final = "1"
"""A version once written is read for ever; another way of writing gets another number."""
WITH_VISIT: Final = "2"
"""Also says how a visit ended, what was photographed, who left and which child was measured."""
_KINDS: Final = {UPDATING: FormKind.UPDATE, CREATING: FormKind.CREATE}
_ROOT: Final = "/data"
_MEMBERS: Final = f"{_ROOT}/{ANGGOTA}"
OBSERVED: Final = "hari"
BEGUN: Final = "start"
MEMBER_ID: Final = "id"
CHILD: Final = "anak"
"""Of a measurement: which child it is of."""
END: Final = "end"
"""Of a person: `end:reason` and its other parts, for who died, moved away or is here by mistake."""
PHOTO: Final = "foto"
PHOTO_KINDS: Final = SLUGS["verivali_foto"]
_PHOTOS: Final = f"{_ROOT}/{KUNJUNGAN}/{PHOTO}"
_MEASURED: Final = f"{_ROOT}/{PENGUKURAN}"
_VISIT_FIELDS: Final = frozenset({"hasil", "responden", "catatan"})
"""Of a visit, besides its place: its time is the form's, the rest is not for a form to say."""


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
    visit: Mapping[str, str] = field(default_factory=dict)
    """Field of the visit, or `lokasi`."""
    photos: Mapping[str, str] = field(default_factory=dict)
    """Kind of photograph → the file's name."""
    measured: Sequence[Mapping[str, str]] = ()
    """Fields of each measurement; `anak` is the child's record."""

    @property
    def version(self) -> str:
        ends = any(name.startswith(f"{END}:") for member in self.members for name in member)
        return WITH_VISIT if self.visit or self.photos or self.measured or ends else VERSION


def connected_mapping(form_id: str, version: str) -> FormMapping | None:
    """How to read what `instance_of` wrote; None for any other form."""
    kind = _KINDS.get(form_id)
    if kind is None or version not in (VERSION, WITH_VISIT):
        return None
    return _mapping(form_id, kind, version)


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
        _visit(told),
        _record(KELUARGA, told.answers),
        *(_record(ANGGOTA, member) for member in told.members),
        *(_record(PENGUKURAN, one) for one in told.measured),
        f"<meta>{meta}</meta>",
    ]
    form = CREATING if told.creates else UPDATING
    return f'<data id="{form}" version="{told.version}">{"".join(parts)}</data>'.encode()


def fields_told(entity: str) -> frozenset[str]:
    """What a map may feed of a record."""
    if entity == KUNJUNGAN:
        return _VISIT_FIELDS | {LOCATION, *(f"{PHOTO}:{kind}" for kind in PHOTO_KINDS)}
    named = {n for n, f in FIELDS[entity].items() if f.field_class is not FieldClass.SERVER}
    if entity == ANGGOTA:
        named |= {f"{END}:{part}" for part in END_PARTS}
    besides = {KELUARGA: LOCATION, ANGGOTA: MEMBER_ID, PENGUKURAN: CHILD}
    return frozenset(named | {besides[entity]})


@cache
def _mapping(form_id: str, kind: FormKind, version: str) -> FormMapping:
    questions = [
        *(_question(KELUARGA, name) for name in sorted(fields_told(KELUARGA) - {LOCATION})),
        MappedQuestion(
            f"{_ROOT}/{KELUARGA}/{LOCATION}", "geopoint", (Feed(KELUARGA, Role.LOCATION),)
        ),
        *(
            _question(ANGGOTA, name)
            for name in sorted(fields_told(ANGGOTA) - {MEMBER_ID})
            if ":" not in name
        ),
        MappedQuestion(f"{_MEMBERS}/{MEMBER_ID}", "text", (Feed(ANGGOTA, Role.ID),), _MEMBERS),
        _question(KUNJUNGAN, "waktu"),
        MappedQuestion(f"{_ROOT}/{OBSERVED}", "date", (Feed(KELUARGA, Role.OBSERVED),)),
    ]
    repeats = [MappedRepeat(_MEMBERS, ANGGOTA)]
    if version != VERSION:
        questions += _of_visits()
        repeats.append(MappedRepeat(_MEASURED, PENGUKURAN))
    return FormMapping(
        form_id=form_id,
        version=version,
        kind=kind,
        root="data",
        entity_list="keluarga",
        entities_version=None,
        questions=tuple(questions),
        repeats=tuple(repeats),
    )


def _of_visits() -> list[MappedQuestion]:
    """What version 2 says beyond version 1."""
    return [
        *(_question(KUNJUNGAN, name) for name in sorted(_VISIT_FIELDS)),
        MappedQuestion(
            f"{_ROOT}/{KUNJUNGAN}/{LOCATION}", "geopoint", (Feed(KUNJUNGAN, Role.LOCATION),)
        ),
        *(
            MappedQuestion(f"{_PHOTOS}/{kind}", "image", (Feed(KUNJUNGAN, Role.PHOTO, kind),))
            for kind in sorted(PHOTO_KINDS)
        ),
        *(
            MappedQuestion(
                f"{_MEMBERS}/{END}/{part}", "text", (Feed(ANGGOTA, Role.END, part),), _MEMBERS
            )
            for part in END_PARTS
        ),
        MappedQuestion(f"{_MEASURED}/{CHILD}", "text", (Feed(ANGGOTA, Role.ID),), _MEASURED),
        *(_question(PENGUKURAN, name) for name in sorted(fields_told(PENGUKURAN) - {CHILD})),
    ]


def _question(entity: str, name: str) -> MappedQuestion:
    repeat = {ANGGOTA: _MEMBERS, PENGUKURAN: _MEASURED}.get(entity)
    return MappedQuestion(
        f"{_ROOT}/{entity}/{name}", "text", (Feed(entity, Role.FIELD, name),), repeat
    )


def _visit(told: Told) -> str:
    photos = {f"{PHOTO}:{kind}": name for kind, name in told.photos.items()}
    begun = {"waktu": told.begun}
    return _record(KUNJUNGAN, begun, told.visit, photos)


def _record(entity: str, *said: Mapping[str, str]) -> str:
    """An element for each answer; `a:b` is b within a."""
    inside = ""
    groups: dict[str, str] = {}
    for answers in said:
        for name in sorted(answers):
            group, _, part = name.partition(":")
            if part:
                groups[group] = groups.get(group, "") + _element(part, answers[name])
            else:
                inside += _element(name, answers[name])
    inside += "".join(f"<{name}>{parts}</{name}>" for name, parts in groups.items())
    return f"<{entity}>{inside}</{entity}>"


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(_printable(text))}</{name}>" if text else ""


def _printable(text: str) -> str:
    """Without what no XML can hold."""
    return "".join(c for c in text if c in "\t\n" or (c >= " " and not _is_no_character(ord(c))))


def _is_no_character(code: int) -> bool:
    return 0xD800 <= code <= 0xDFFF or code in (0xFFFE, 0xFFFF)
