"""Which question of a form feeds which field of which record.

A form is a list of questions with paths, a register is records with merge groups; the mapping is
what stands between them. It is made once, when a form is published (from the column `lokus` of its
survey sheet), kept with that version for ever, and read with every submission of that version.

The rules that a reader of submissions keeps:

* *A group is stated whole, or not at all.* If any question of a merge group is answered, the group
  is stated with every field of it; fields without an answer are cleared. A group of which nothing
  is answered (its page was skipped, nobody knew) says nothing.
* *A set is stated by difference.* `Role.SHOWN` holds what the phone showed when the form was
  opened. Added is what was chosen and not shown, removed is what was shown and not chosen. Without
  a `SHOWN` question, what was chosen is added and nothing removed. Both texts are read by
  `answers.elements_of`: the choice `tidak_ada` says that the set is empty.
* *Ids.* The record of an entity is the answer to its `Role.ID`; where that is empty or missing the
  record is new and has the id that the phone made (`Role.NEW_ID`). A family of a `create` form has
  the id of the instance's `meta/entity`, a visit or measurement one that follows from the instance.
* *Entities of a repeat* are read once for each of its instances, with the questions below it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar, cast

import orjson

from sync.types import Json

FORMAT: Final = 1
"""Of the stored JSON. A version of a form once published is read for ever, so this only grows."""
LOCATION: Final = "lokasi"
"""A geopoint; it states `lintang`, `bujur` and `akurasi_m` of its record together."""


class FormKind(StrEnum):
    """What a form is about, and hence which record its entity declaration names."""

    UPDATE = "update"
    """A family of the collector's list."""
    CREATE = "create"
    """A family that is on no list."""
    MEASURE = "measure"
    """A child of the list; nothing of the family is stated."""
    STATE_RT = "state-rt"
    """That the list of an RT is done. No record: it goes to the round of the RT's village."""


class Role(StrEnum):
    """What an answer is for its record."""

    FIELD = "field"
    """The value of the field `name`."""
    SHOWN = "shown"
    """What the phone showed for the set `name` before anybody changed it."""
    PHOTO = "photo"
    """The file name of a photograph; `name` is its kind, a slug of `verivali_foto`."""
    LOCATION = "location"
    """A geopoint: latitude, longitude, altitude, accuracy, separated by spaces."""
    ID = "id"
    """The id of a record that the register knows."""
    NEW_ID = "new-id"
    """The id that the phone made for a record that the register does not know yet."""
    END = "end"
    """A part of the statement that closes the record; `name` is one of `END_PARTS`."""
    OBSERVED = "observed"
    """The day that the answers are about."""
    STATED = "stated"
    """A part of what is stated of an RT; `name` is one of `RT_PARTS`."""


RT: Final = "rt"
"""What a form of the kind `STATE_RT` feeds in place of an entity: an RT in a period."""
RT_PARTS: Final = ("id", "period", "done", "note")
RT_LIST: Final = "rt_saya"
"""The list of the collector's own RTs, which is served beside those of entities."""
RT_COLUMNS: Final = ("desa", "rt", "periode", "keluarga", "belum", "dinyatakan")
"""What the list tells of each RT, beside `name` (`desa:rt`) and `label`."""
END_PARTS: Final = ("reason", "date", "number", "twin", "target", "evidence")


@dataclass(frozen=True, slots=True)
class Feed:
    """One thing that a question says about one record. `name` is empty where the role says it."""

    entity: str
    role: Role
    name: str = ""


@dataclass(frozen=True, slots=True)
class MappedQuestion:
    """A question that feeds something.

    `path` is absolute and without positions (`/data/anggota/nik`); `repeat` is the path of the
    innermost repeat around it. `kind` is the XLSForm's word: `text`, `integer`, `select_one` …
    """

    path: str
    kind: str
    feeds: tuple[Feed, ...]
    repeat: str | None = None


Feeds = tuple[tuple[MappedQuestion, Feed], ...]
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class MappedRepeat:
    """A repeat whose instances are records of one entity, children of the form's family."""

    path: str
    entity: str


@dataclass(frozen=True, slots=True)
class MappedList:
    """An entity list that the form reads or writes, with every property that it names.

    A served CSV that lacks one of `properties` breaks the form: it has those, `name`, `label` and
    `__version`.
    """

    name: str
    properties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FormMapping:
    """All of it for one version of one form.

    `entity_list` is the list that the form's entity declaration updates or creates in; None for a
    form without one. `entities_version` is the specification that the form needs (`2024.1` …).
    """

    form_id: str
    version: str
    kind: FormKind
    root: str
    entity_list: str | None
    entities_version: str | None
    questions: tuple[MappedQuestion, ...]
    repeats: tuple[MappedRepeat, ...] = ()
    lists: tuple[MappedList, ...] = ()
    _fed: dict[tuple[str, Role | None], Feeds] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    """Answers of `fed`: every submission of the version asks the same dozen questions."""
    _made: dict[Callable[..., Any], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def fed(self, entity: str, role: Role | None = None) -> Feeds:
        """Questions that feed the entity, each with what it feeds, in the order of the form."""
        known = self._fed.get((entity, role))
        if known is None:
            known = self._fed[entity, role] = tuple(
                (question, feed)
                for question in self.questions
                for feed in question.feeds
                if feed.entity == entity and role in {None, feed.role}
            )
        return known

    def once(self, make: Callable[["FormMapping"], Made]) -> Made:
        """What `make` makes of the mapping, made when it is asked for first and kept with it."""
        made: Made | None = self._made.get(make)
        if made is None:
            made = self._made[make] = make(self)
        return made

    def question(self, path: str) -> MappedQuestion | None:
        return next((one for one in self.questions if one.path == path), None)

    def to_json(self) -> str:
        """As it is stored beside the form."""
        return orjson.dumps(
            {"format": FORMAT, **_plain(self)}, option=orjson.OPT_SORT_KEYS
        ).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> "FormMapping":
        """What `to_json` wrote, by this version of the program or an earlier one."""
        told: dict[str, Json] = orjson.loads(text)
        return cls(
            form_id=str(told["form_id"]),
            version=str(told["version"]),
            kind=FormKind(str(told["kind"])),
            root=str(told["root"]),
            entity_list=_text_or_none(told["entity_list"]),
            entities_version=_text_or_none(told["entities_version"]),
            questions=tuple(map(_question, _objects(told["questions"]))),
            repeats=tuple(
                MappedRepeat(str(one["path"]), str(one["entity"]))
                for one in _objects(told["repeats"])
            ),
            lists=tuple(
                MappedList(str(one["name"]), tuple(map(str, cast("list[Json]", one["properties"]))))
                for one in _objects(told["lists"])
            ),
        )


def _plain(mapping: FormMapping) -> dict[str, object]:
    return {
        "form_id": mapping.form_id,
        "version": mapping.version,
        "kind": mapping.kind.value,
        "root": mapping.root,
        "entity_list": mapping.entity_list,
        "entities_version": mapping.entities_version,
        "questions": [
            {
                "path": one.path,
                "kind": one.kind,
                "repeat": one.repeat,
                "feeds": [[feed.entity, feed.role.value, feed.name] for feed in one.feeds],
            }
            for one in mapping.questions
        ],
        "repeats": [{"path": one.path, "entity": one.entity} for one in mapping.repeats],
        "lists": [{"name": one.name, "properties": [*one.properties]} for one in mapping.lists],
    }


def _question(told: Mapping[str, Json]) -> MappedQuestion:
    feeds = cast("list[list[str]]", told["feeds"])
    return MappedQuestion(
        path=str(told["path"]),
        kind=str(told["kind"]),
        repeat=_text_or_none(told["repeat"]),
        feeds=tuple(Feed(entity, Role(role), name) for entity, role, name in feeds),
    )


def _objects(value: Json) -> list[dict[str, Json]]:
    return cast("list[dict[str, Json]]", value)


def _text_or_none(value: Json) -> str | None:
    return None if value is None else str(value)
