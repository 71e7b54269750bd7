"""What a form asks about each record, laid out once for all submissions of its version.

A submission answers sixty questions. What each of them feeds, in which group and as which type of
value follows from the mapping alone, so it is settled before any form has come: what is left for a
form is to look its answers up.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from api.formats.xform.answers import geopoint_of, reader_of
from api.formats.xform.mapping import Feed, FormMapping, MappedQuestion, Role
from sync.policy import FIELDS, Field, FieldClass
from sync.types import KUNJUNGAN, Json

Answers: TypeAlias = Mapping[str, str]
"""Path of a question → text, for those that the form holds: a skipped page is not in it."""
Reader: TypeAlias = Callable[[str], Json]
"""What an answer that is not blank says; None where it says nothing."""

_POINT: Final = ("lintang", "bujur", "akurasi_m")


class AskedValue(NamedTuple):
    """A question for a field of a group. Without `read` the text of its answer is the value."""

    path: str
    group: str
    name: str
    read: Reader | None


class AskedSet(NamedTuple):
    """A question for a set, or for what the phone showed of it."""

    path: str
    field: Field


class AskedPart(NamedTuple):
    """A question for something that is no field: a kind of photograph, a part of an end."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class Questions:
    """What is asked about one entity, everything in the order of the form."""

    values: list[AskedValue] = field(default_factory=list)
    chosen: list[AskedSet] = field(default_factory=list)
    shown: list[AskedSet] = field(default_factory=list)
    ends: list[AskedPart] = field(default_factory=list)
    photos: list[AskedPart] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    new_ids: list[str] = field(default_factory=list)

    def add(self, question: MappedQuestion, feed: Feed) -> None:
        path = question.path
        match feed.role:
            case Role.FIELD | Role.SHOWN:
                self._add_field(question, feed)
            case Role.LOCATION:
                self.values.extend(_of_a_point(path, feed.entity))
            case Role.PHOTO:
                self.photos.append(AskedPart(path, feed.name))
            case Role.END:
                self.ends.append(AskedPart(path, feed.name))
            case Role.ID:
                self.ids.append(path)
            case Role.NEW_ID:
                self.new_ids.append(path)
            case Role.OBSERVED | Role.STATED:
                pass  # of the whole form, and of an RT: neither is a record

    def _add_field(self, question: MappedQuestion, feed: Feed) -> None:
        known = FIELDS[feed.entity].get(feed.name)
        if known is None or known.field_class is FieldClass.SERVER:
            return
        if known.field_class is FieldClass.SET:
            into = self.chosen if feed.role is Role.FIELD else self.shown
            into.append(AskedSet(question.path, known))
        elif feed.role is Role.FIELD and question.kind == "end":
            self.values.append(AskedValue(question.path, known.group, known.name, as_told))
        elif feed.role is Role.FIELD:
            read = reader_of(known)
            self.values.append(AskedValue(question.path, known.group, known.name, read))


def as_told(text: str) -> Json:
    """When the form was finished, as the phone says it, and whatever other questions say.

    How long it took follows once its beginning is known.
    """
    return text


NOTHING_ASKED: Final = Questions()


class FormReading:
    """The questions of a mapping by what they are about."""

    def __init__(self, mapping: FormMapping) -> None:
        self.repeats = frozenset(one.path for one in mapping.repeats)
        self.begun = [q.path for q, f in mapping.fed(KUNJUNGAN, Role.FIELD) if f.name == "waktu"]
        """Questions for the moment when the visit began."""
        self.days: list[str] = []
        """Questions for the day that the form is about."""
        self._anywhere: dict[str, Questions] = {}
        self._inside: dict[tuple[str, str | None], Questions] = {}
        for question in mapping.questions:
            for feed in question.feeds:
                place = (feed.entity, question.repeat)
                self._anywhere.setdefault(feed.entity, Questions()).add(question, feed)
                self._inside.setdefault(place, Questions()).add(question, feed)
                if feed.role is Role.OBSERVED:
                    self.days.append(question.path)

    def about(self, entity: str) -> Questions:
        """What is asked about it anywhere in the form."""
        return self._anywhere.get(entity, NOTHING_ASKED)

    def asks_about(self, entity: str) -> bool:
        return entity in self._anywhere

    def inside(self, entity: str, repeat: str | None) -> Questions | None:
        """What is asked about it in each instance of a repeat, or outside of all of them."""
        return self._inside.get((entity, repeat))


def reading_of(mapping: FormMapping) -> FormReading:
    """How to read submissions of the version; made when the first one comes."""
    return mapping.once(FormReading)


def first_answer(paths: Iterable[str], answers: Answers) -> str:
    """The first answer that is none."""
    for path in paths:
        text = answers.get(path, "").strip()
        if text:
            return text
    return ""


def _of_a_point(path: str, entity: str) -> Iterable[AskedValue]:
    """One answer, three fields."""
    for name in _POINT:
        yield AskedValue(path, FIELDS[entity][name].group, name, _coordinate(name))


def _coordinate(name: str) -> Reader:
    def read(text: str) -> Json:
        point = geopoint_of(text)
        return None if point is None else getattr(point, name)

    return read
