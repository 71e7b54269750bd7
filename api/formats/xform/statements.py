"""What a filled form says about records, before anybody asked the register.

Pure: the same instance and mapping give the same statements about the same ids, so a form that is
sent again says the same thing again. The rules of reading are those of
`api.formats.xform.mapping`.
"""

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final, TypeAlias
from xml.etree.ElementTree import Element

from api.formats.xform.answers import elements_of
from api.formats.xform.mapping import FormKind, FormMapping
from api.formats.xform.reading import (
    Answers,
    AskedPart,
    AskedSet,
    FormReading,
    Questions,
    as_told,
    first_answer,
    reading_of,
)
from api.formats.xform.submission import TRUE, Instance, Node, local_name
from sync.fieldvalues import PHOTO_BYTES_MAX
from sync.operation import EndReason, is_uuid
from sync.types import ANGGOTA, KELUARGA, KUNJUNGAN, PENGUKURAN, GroupValue, Json

_MEMBERS: Final = "anggota"
"""The entity list of members."""
_END_REASONS: Final = frozenset(EndReason)
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_Sets: TypeAlias = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Photo:
    """A photograph that came with the form."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Statement:
    """What is said about one record, before it is known whether the record is there."""

    entity: str
    id: str
    parent: str | None = None
    groups: Mapping[str, GroupValue] = field(default_factory=dict)
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    end: Mapping[str, Json] | None = None
    is_new: bool = False
    """Does the form say that the register does not know it?"""

    @property
    def nik(self) -> str | None:
        told = self.groups.get("nik", {}).get("nik")
        return told if isinstance(told, str) else None


@dataclass(frozen=True, slots=True)
class Said:
    """Everything that a form says, in the order in which it is to be merged."""

    family: Statement | None
    members: tuple[Statement, ...]
    visits: tuple[Statement, ...]
    measurements: tuple[Statement, ...]
    observed: str | None
    captured: datetime | None


@dataclass(frozen=True, slots=True)
class Births:
    """What the ids of records follow from that were born in a form.

    A person is who they are through every edit of the form, a visit is what one instance tells.
    """

    people: str
    visits: str


def said_by(
    instance: Instance, mapping: FormMapping, photos: Mapping[str, Photo], births: Births
) -> Said:
    """Read an instance with the mapping of its form's version.

    ``photos`` are the files that have come, by name; one that has not come is not named.
    """
    reading = reading_of(mapping)
    flat = _Flat(instance.root, reading.repeats)
    root = flat.answers
    family_id = _family_id(instance, mapping.kind, reading, root)
    captured = _captured(instance, reading, root)
    members = _members(births, reading, flat, family_id)
    visit = _visit(births, mapping, flat, photos, (family_id, captured))
    return Said(
        _family(mapping.kind, reading, root, family_id),
        tuple(one for one in members if one.groups or one.chosen or one.shown or one.end),
        (visit,) if visit is not None else (),
        tuple(_measurements(births, reading, flat)),
        _observed(reading, root),
        captured,
    )


def rt_told(instance: Instance, mapping: FormMapping) -> tuple[tuple[str, ...], str | None]:
    """Where a form belongs: the records that it names, and the RT (``003/001``) that it says."""
    reading = reading_of(mapping)
    answers = _Flat(instance.root, reading.repeats).answers
    named = [_family_id(instance, mapping.kind, reading, answers)]
    named.append(id_of(first_answer(reading.about(ANGGOTA).ids, answers)))
    told = {
        asked.name: answers.get(asked.path, "").strip()
        for asked in reading.about(KELUARGA).values
        if asked.name in {"rt", "rw"}
    }
    rt = f"{told['rt']}/{told.get('rw', '')}" if told.get("rt") else None
    return tuple(one for one in named if one is not None), rt


def answers_of(instance: Instance) -> Answers:
    """Everything that a form without repeats says."""
    return _Flat(instance.root, frozenset()).answers


def derived_id(instance_id: str, what: str) -> str:
    """The id of something born in a submission: the same for the same instance, for ever."""
    digest = hashlib.sha256(f"{instance_id}\n{what}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=5))


# Reading -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    """One instance of a repeat; `place` counts from 1, as JavaRosa does."""

    path: str
    place: int
    answers: dict[str, str]
    entity: Node | None = None
    """Its own entity declaration, which a form of 2025.1 has for each member."""


class _Flat:
    """The answers of an instance, those inside of repeats apart."""

    def __init__(self, root: Node, repeats: frozenset[str]) -> None:
        self.answers: dict[str, str] = {}
        self.rows: list[_Row] = []
        self._repeats = repeats
        self._counts = dict.fromkeys(repeats, 0)
        asked = [child for child in root.element if local_name(child.tag) != "meta"]
        self._walk(asked, f"/{root.name}", self.answers)

    def _walk(self, elements: Iterable[Element], above: str, answers: dict[str, str]) -> None:
        for element in elements:
            name, into = element.tag, answers
            path = f"{above}/{local_name(name) if ':' in name else name}"
            if path in self._repeats:
                self._counts[path] += 1
                row = _Row(path, self._counts[path], {}, _entity_of(Node(element)))
                self.rows.append(row)
                into = row.answers
            if len(element):
                self._walk(element, path, into)
            elif path not in into:
                into[path] = element.text or ""


def _entity_of(node: Node) -> Node | None:
    meta = node.child("meta")
    return meta.child("entity") if meta is not None else None


def id_of(text: str) -> str | None:
    """The id that an answer names, if it is one."""
    plain = text.strip().lower().removeprefix("uuid:")
    return plain if is_uuid(plain) else None


def _family_id(
    instance: Instance, kind: FormKind, reading: FormReading, root: Answers
) -> str | None:
    asked = reading.about(KELUARGA)
    told = id_of(first_answer(asked.ids, root))
    declared = instance.declared.record if instance.declared is not None else None
    if kind is FormKind.MEASURE:
        return told
    return told or declared or id_of(first_answer(asked.new_ids, root))


def _family(
    kind: FormKind, reading: FormReading, root: Answers, family_id: str | None
) -> Statement | None:
    if kind is FormKind.MEASURE or family_id is None:
        return None
    told = _told(reading.about(KELUARGA), root)
    return Statement(KELUARGA, family_id, None, *told, is_new=kind is FormKind.CREATE)


def _members(
    births: Births, reading: FormReading, flat: _Flat, parent: str | None
) -> Iterator[Statement]:
    """One for each instance of their repeat, and one for what the form asks outside."""
    outside = reading.inside(ANGGOTA, None)
    if outside is not None:
        known = id_of(first_answer(outside.ids, flat.answers))
        if known is not None:
            yield Statement(ANGGOTA, known, None, *_told(outside, flat.answers))
    for row in flat.rows:
        inside = reading.inside(ANGGOTA, row.path)
        if inside is None:
            continue
        known = id_of(first_answer(inside.ids, row.answers))
        fresh = id_of(first_answer(inside.new_ids, row.answers))
        entity = row.entity.attributes if row.entity is not None else {}
        # What the phone calls somebody in its list is who its next form speaks of.
        kept = id_of(entity.get("id", "")) if entity.get("dataset") == _MEMBERS else None
        record = known or kept or fresh or derived_id(births.people, f"{row.path}[{row.place}]")
        is_listed = kept is not None and entity.get("create") not in TRUE
        is_new = known is None and not is_listed
        yield Statement(ANGGOTA, record, parent, *_told(inside, row.answers), is_new=is_new)


def _told(
    asked: Questions, answers: Answers
) -> tuple[dict[str, GroupValue], _Sets, _Sets, Mapping[str, Json] | None]:
    """What a statement says: its groups, what was chosen, what was shown, and its end."""
    groups: dict[str, GroupValue] = {}
    for path, group, name, read in asked.values:
        text = answers.get(path)
        if text is None:
            continue
        if read is as_told:
            groups.setdefault(group, {})[name] = text
            continue
        if not text or text.isspace():
            continue
        value = text if read is None else read(text)
        if value is None:
            continue
        fields = groups.get(group)
        if fields is None:
            groups[group] = {name: value}
        elif name not in fields:
            fields[name] = value
    return groups, _sets(asked.chosen, answers), _sets(asked.shown, answers), _end(asked, answers)


def _sets(asked: Sequence[AskedSet], answers: Answers) -> _Sets:
    return {
        known.name: elements_of(known, answers[path]) for path, known in asked if path in answers
    }


def _end(asked: Questions, answers: Answers) -> Mapping[str, Json] | None:
    parts: dict[str, Json] = {}
    for path, name in asked.ends:
        text = answers.get(path, "").strip()
        if text:
            parts["end" if name == "reason" else name] = text
    return parts if parts.get("end") in _END_REASONS else None


# Visits and measurements ---------------------------------------------------------------------


def _visit(
    births: Births,
    mapping: FormMapping,
    flat: _Flat,
    photos: Mapping[str, Photo],
    about: tuple[str | None, datetime | None],
) -> Statement | None:
    family_id, captured = about
    reading = reading_of(mapping)
    if family_id is None or not reading.asks_about(KUNJUNGAN):
        return None
    asked = reading.about(KUNJUNGAN)
    groups, chosen, shown, end = _told(asked, flat.answers)
    values: GroupValue = {k: v for group in groups.values() for k, v in group.items()}
    taken = captured.isoformat() if captured is not None else None
    pictures: list[Json] = [
        {"jenis": kind, "sha256": photo.sha256, "size": photo.size, "waktu": taken}
        for kind, photo in _pictures(asked.photos, flat, photos)
        if taken is not None
    ]
    if pictures:
        values["foto"] = pictures
    if taken is not None:
        values.setdefault("waktu", taken)
    if isinstance(finished := values.get("durasi_s"), str):
        seconds = _seconds(captured, finished)
        values = {k: v for k, v in values.items() if k != "durasi_s"}
        values |= {"durasi_s": seconds} if seconds is not None else {}
    values |= {"formulir": mapping.form_id, "versi": mapping.version}
    record = derived_id(births.visits, "kunjungan")
    told = (_single(values), chosen, shown, end)
    return Statement(KUNJUNGAN, record, family_id, *told, is_new=True)


def _pictures(
    asked: Sequence[AskedPart], flat: _Flat, photos: Mapping[str, Photo]
) -> Iterator[tuple[str, Photo]]:
    """Photographs that came, with their kinds, in the order of the form; each once."""
    if not photos:
        return
    seen: set[str] = set()
    for answers in (flat.answers, *(row.answers for row in flat.rows)):
        for path, kind in asked:
            photo = photos.get(answers.get(path, "").strip())
            if photo is None or not 0 < photo.size <= PHOTO_BYTES_MAX:
                continue
            if photo.sha256 not in seen:
                seen.add(photo.sha256)
                yield kind, photo


def _measurements(births: Births, reading: FormReading, flat: _Flat) -> Iterator[Statement]:
    if not reading.asks_about(PENGUKURAN):
        return
    children = reading.about(ANGGOTA)
    places = [("", 1, flat.answers), *((row.path, row.place, row.answers) for row in flat.rows)]
    for path, place, answers in places:
        asked = reading.inside(PENGUKURAN, path or None)
        child = first_answer(children.ids, answers) or first_answer(children.ids, flat.answers)
        parent = id_of(child) or id_of(first_answer(children.new_ids, answers))
        if asked is None or parent is None:
            continue
        told = _told(asked, answers)
        groups, *_ = told
        if groups:
            record = derived_id(births.visits, f"pengukuran {path}[{place}]")
            yield Statement(PENGUKURAN, record, parent, *told, is_new=True)


def _single(values: GroupValue) -> dict[str, GroupValue]:
    """Fields of a record that is written once, each a group of its own."""
    return {name: {name: value} for name, value in values.items()}


def _seconds(begun: datetime | None, finished: str) -> int | None:
    moment = _moment(finished)
    if begun is None or moment is None:
        return None
    return max(0, round((moment - begun).total_seconds()))


# Time ----------------------------------------------------------------------------------------


def _observed(reading: FormReading, root: Answers) -> str | None:
    """The day that the form is about, where it says one."""
    for path in reading.days:
        try:
            return date.fromisoformat(root.get(path, "").strip()[:10]).isoformat()
        except ValueError:
            continue
    return None


def _captured(instance: Instance, reading: FormReading, root: Answers) -> datetime | None:
    """When the form was filled, by the phone's own clock."""
    for path in reading.begun:
        moment = _moment(root.get(path, ""))
        if moment is not None:
            return moment
    return _moment(instance.root.said("start")) or _moment(instance.root.said("end"))


def _moment(text: str) -> datetime | None:
    """A time with its offset, if it is one that a phone of today can have."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and moment > _EARLIEST else None
