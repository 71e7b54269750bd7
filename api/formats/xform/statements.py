"""What a filled form says about records, before anybody asked the register.

Pure: the same instance and mapping give the same statements about the same ids, so a form that is
sent again says the same thing again. The rules of reading are those of
`api.formats.xform.mapping`.
"""

import hashlib
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Final

from api.formats.xform.answers import elements_of, geopoint_of, value_of
from api.formats.xform.mapping import Feeds, FormKind, FormMapping, Role
from api.formats.xform.submission import Instance, Node
from sync.fieldvalues import PHOTO_BYTES_MAX
from sync.operation import EndReason, is_uuid
from sync.policy import FIELDS, FieldClass
from sync.types import ANGGOTA, KELUARGA, KUNJUNGAN, PENGUKURAN, GroupValue, Json

Answers = Mapping[str, str]
"""Path of a question → text, for those that the form holds: a skipped page is not in it."""

_POINT: Final = ("lintang", "bujur", "akurasi_m")
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)


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
    flat = _Flat(instance.root, frozenset(one.path for one in mapping.repeats))
    root = flat.answers
    family_id = _family_id(instance, mapping, root)
    captured = _captured(instance, mapping, root)
    members = _members(births, mapping, flat, family_id)
    visit = _visit(births, mapping, flat, photos, (family_id, captured))
    return Said(
        _family(mapping, root, family_id),
        tuple(one for one in members if one.groups or one.chosen or one.shown or one.end),
        (visit,) if visit is not None else (),
        tuple(_measurements(births, mapping, flat)),
        _observed(mapping, root),
        captured,
    )


def rt_told(instance: Instance, mapping: FormMapping) -> tuple[tuple[str, ...], str | None]:
    """Where a form belongs: the records that it names, and the RT (``003/001``) that it says."""
    flat = _Flat(instance.root, frozenset(one.path for one in mapping.repeats))
    named = [_family_id(instance, mapping, flat.answers)]
    named.append(id_of(_first(mapping.fed(ANGGOTA), flat.answers, Role.ID)))
    told = {
        feed.name: flat.answers.get(question.path, "").strip()
        for question, feed in mapping.fed(KELUARGA, Role.FIELD)
        if feed.name in {"rt", "rw"}
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


class _Flat:
    """The answers of an instance, those inside of repeats apart."""

    def __init__(self, root: Node, repeats: frozenset[str]) -> None:
        self.answers: dict[str, str] = {}
        self.rows: list[_Row] = []
        self._repeats = repeats
        self._counts = dict.fromkeys(repeats, 0)
        for child in root.children:
            if child.name != "meta":
                self._walk(child, f"/{root.name}/{child.name}", self.answers)

    def _walk(self, node: Node, path: str, into: dict[str, str]) -> None:
        if path in self._repeats:
            self._counts[path] += 1
            row = _Row(path, self._counts[path], {})
            self.rows.append(row)
            into = row.answers
        if node.children:
            for child in node.children:
                self._walk(child, f"{path}/{child.name}", into)
        else:
            into.setdefault(path, node.text)


def _first(feeds: Feeds, answers: Answers, role: Role) -> str:
    """The first answer that is none."""
    told = (answers.get(q.path, "").strip() for q, feed in feeds if feed.role is role)
    return next((text for text in told if text), "")


def id_of(text: str) -> str | None:
    """The id that an answer names, if it is one."""
    plain = text.strip().lower().removeprefix("uuid:")
    return plain if is_uuid(plain) else None


def _family_id(instance: Instance, mapping: FormMapping, root: Answers) -> str | None:
    feeds = mapping.fed(KELUARGA)
    told = id_of(_first(feeds, root, Role.ID))
    declared = instance.declared.record if instance.declared is not None else None
    if mapping.kind is FormKind.MEASURE:
        return told
    return told or declared or id_of(_first(feeds, root, Role.NEW_ID))


def _family(mapping: FormMapping, root: Answers, family_id: str | None) -> Statement | None:
    if mapping.kind is FormKind.MEASURE or family_id is None:
        return None
    feeds = mapping.fed(KELUARGA)
    is_new = mapping.kind is FormKind.CREATE
    return replace(_stated(KELUARGA, family_id, feeds, root), is_new=is_new)


def _members(
    births: Births, mapping: FormMapping, flat: _Flat, parent: str | None
) -> Iterator[Statement]:
    """One for each instance of their repeat, and one for what the form asks outside."""
    feeds = mapping.fed(ANGGOTA)
    outside = tuple((q, f) for q, f in feeds if q.repeat is None)
    if outside and (known := id_of(_first(outside, flat.answers, Role.ID))) is not None:
        yield _stated(ANGGOTA, known, outside, flat.answers)
    for row in flat.rows:
        inside = tuple((q, f) for q, f in feeds if q.repeat == row.path)
        if not inside:
            continue
        known = id_of(_first(inside, row.answers, Role.ID))
        fresh = id_of(_first(inside, row.answers, Role.NEW_ID))
        record = known or fresh or derived_id(births.people, f"{row.path}[{row.place}]")
        stated = _stated(ANGGOTA, record, inside, row.answers)
        yield replace(stated, parent=parent, is_new=known is None)


def _stated(entity: str, record: str, feeds: Feeds, answers: Answers) -> Statement:
    groups: dict[str, GroupValue] = {}
    chosen: dict[str, tuple[str, ...]] = {}
    shown: dict[str, tuple[str, ...]] = {}
    for question, feed in feeds:
        text = answers.get(question.path)
        if text is None:
            continue
        if feed.role is Role.LOCATION:
            _add_point(entity, groups, text)
            continue
        known = FIELDS[entity].get(feed.name) if feed.role in (Role.FIELD, Role.SHOWN) else None
        if known is None or known.field_class is FieldClass.SERVER:
            continue
        if known.field_class is FieldClass.SET:
            (chosen if feed.role is Role.FIELD else shown)[feed.name] = elements_of(known, text)
        elif feed.role is Role.FIELD and question.kind == "end":
            # When the form was finished; how long it took follows once its beginning is known.
            groups.setdefault(known.group, {})[feed.name] = text
        elif feed.role is Role.FIELD and (value := value_of(known, text)) is not None:
            groups.setdefault(known.group, {}).setdefault(feed.name, value)
    end = _end(feeds, answers)
    return Statement(entity, record, None, groups, chosen, shown, end)


def _add_point(entity: str, groups: dict[str, GroupValue], text: str) -> None:
    point = geopoint_of(text)
    if point is None:
        return
    for name in _POINT:
        value = getattr(point, name)
        if value is not None:
            groups.setdefault(FIELDS[entity][name].group, {}).setdefault(name, value)


def _end(feeds: Feeds, answers: Answers) -> Mapping[str, Json] | None:
    parts = {
        feed.name: answers[question.path].strip()
        for question, feed in feeds
        if feed.role is Role.END and answers.get(question.path, "").strip()
    }
    if parts.get("reason") not in set(EndReason):
        return None
    return {("end" if name == "reason" else name): text for name, text in parts.items()}


# Visits and measurements ---------------------------------------------------------------------


def _visit(
    births: Births,
    mapping: FormMapping,
    flat: _Flat,
    photos: Mapping[str, Photo],
    about: tuple[str | None, datetime | None],
) -> Statement | None:
    family_id, captured = about
    feeds = mapping.fed(KUNJUNGAN)
    if family_id is None or not feeds:
        return None
    stated = _stated(KUNJUNGAN, derived_id(births.visits, "kunjungan"), feeds, flat.answers)
    values: GroupValue = {k: v for group in stated.groups.values() for k, v in group.items()}
    taken = captured.isoformat() if captured is not None else None
    pictures: list[Json] = [
        {"jenis": kind, "sha256": photo.sha256, "size": photo.size, "waktu": taken}
        for kind, photo in _pictures(feeds, flat, photos)
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
    return replace(stated, parent=family_id, groups=_single(values), is_new=True)


def _pictures(
    feeds: Feeds, flat: _Flat, photos: Mapping[str, Photo]
) -> Iterator[tuple[str, Photo]]:
    """Photographs that came, with their kinds, in the order of the form; each once."""
    told = [(feed.name, question.path) for question, feed in feeds if feed.role is Role.PHOTO]
    seen: set[str] = set()
    for answers in (flat.answers, *(row.answers for row in flat.rows)):
        for kind, path in told:
            photo = photos.get(answers.get(path, "").strip())
            if photo is None or not 0 < photo.size <= PHOTO_BYTES_MAX:
                continue
            if photo.sha256 not in seen:
                seen.add(photo.sha256)
                yield kind, photo


def _measurements(births: Births, mapping: FormMapping, flat: _Flat) -> Iterator[Statement]:
    feeds = mapping.fed(PENGUKURAN)
    children = mapping.fed(ANGGOTA)
    if not feeds:
        return
    places = [("", 1, flat.answers), *((row.path, row.place, row.answers) for row in flat.rows)]
    for path, place, answers in places:
        inside = tuple((q, f) for q, f in feeds if (q.repeat or "") == path)
        stated = _stated(
            PENGUKURAN, derived_id(births.visits, f"pengukuran {path}[{place}]"), inside, answers
        )
        child = _first(children, answers, Role.ID) or _first(children, flat.answers, Role.ID)
        parent = id_of(child) or id_of(_first(children, answers, Role.NEW_ID))
        if stated.groups and parent is not None:
            yield replace(stated, parent=parent, is_new=True)


def _single(values: GroupValue) -> dict[str, GroupValue]:
    """Fields of a record that is written once, each a group of its own."""
    return {name: {name: value} for name, value in values.items()}


def _seconds(begun: datetime | None, finished: str) -> int | None:
    moment = _moment(finished)
    if begun is None or moment is None:
        return None
    return max(0, round((moment - begun).total_seconds()))


# Time ----------------------------------------------------------------------------------------


def _observed(mapping: FormMapping, root: Answers) -> str | None:
    """The day that the form is about, where it says one."""
    told = (
        root.get(question.path, "").strip()[:10]
        for question in mapping.questions
        for feed in question.feeds
        if feed.role is Role.OBSERVED
    )
    for text in told:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            continue
    return None


def _captured(instance: Instance, mapping: FormMapping, root: Answers) -> datetime | None:
    """When the form was filled, by the phone's own clock."""
    told = [
        root.get(question.path, "")
        for question, feed in mapping.fed(KUNJUNGAN, Role.FIELD)
        if feed.name == "waktu"
    ]
    for text in (*told, *(instance.root.said(name) for name in ("start", "end"))):
        moment = _moment(text)
        if moment is not None:
            return moment
    return None


def _moment(text: str) -> datetime | None:
    """A time with its offset, if it is one that a phone of today can have."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is not None and moment > _EARLIEST else None
