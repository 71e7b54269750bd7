"""What a list has to say about a record that the register knows already.

A list is a lane like any other, with three habits of its own. It has pulled nothing: it knows what
lists said before it and nothing that anybody else said, so where the field has stated a group it
can only propose. It vouches for no day, so no measurement of a house that somebody stood in gives
way to it. And it repeats itself: month after month it says what it said before, long after the
field has answered. Only what it says *newly* is worth an operation, hence a person's time:

* what agrees with the register is not said again;
* nor what the list has already proposed, while the question is open;
* nor what a reviewer has seen and decided against;
* nor what this very list has said before, whatever became of it. A newer list that still says so
  may ask once.

Sets have no questions: a list adds what it has never named, and what somebody has taken out since
stays out. Deaths need no list either: where anybody in the field has said whether a person is
there, lists are silent about it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sync.policy import FIELDS, GROUPS, FieldClass
from sync.types import Conflict, ConflictKind, ConflictState, GroupValue, Json, Record

_GROUP_OF: Final[Mapping[str, Mapping[str, str]]] = {
    entity: {name: known.group for name, known in fields.items()}
    for entity, fields in FIELDS.items()
}
_CLASS_OF: Final[Mapping[str, Mapping[str, FieldClass]]] = {
    entity: {name: group.field_class for name, group in groups.items()}
    for entity, groups in GROUPS.items()
}
_SAID_WHOLE: Final = frozenset({"nik", "no_kk", "hasil", "kemampuan", "kehamilan", "lokasi"})
"""Groups whose further fields explain the first: a NIK does not keep the reason why it was missing.

In the others a list that lacks a column says nothing about it: an address without an RT leaves the
family in its RT.
"""
ELEMENTS: Final = "elements"
"""In a `Word` about a set: everything that lists ever named."""


class Word(NamedTuple):
    """What lists last said about a group, and which list it was."""

    value: GroupValue
    issue: str


@dataclass(frozen=True, slots=True)
class Speaker:
    """A list, as one who speaks in a village. ``issue`` tells it from the next edition."""

    lanes: frozenset[str]
    """The village's lanes of lists."""
    issue: str


@dataclass(frozen=True, slots=True)
class Heard:
    """A record, every question about it, and what lists have said of it."""

    record: Record
    conflicts: Sequence[Conflict] = ()
    said: Mapping[str, Word] = field(default_factory=dict)


@dataclass(slots=True)
class Speech:
    """What is worth saying; nothing, if everything is known.

    ``assign`` and ``add`` are said by somebody who has pulled nothing. ``owned`` are groups that
    only lists and the office write, where the office was last: there a list simply has the word.
    """

    assign: dict[str, Json] = field(default_factory=dict)
    add: dict[str, list[Json]] = field(default_factory=dict)
    owned: dict[str, Json] = field(default_factory=dict)
    is_proposal: bool = False

    def __bool__(self) -> bool:
        return bool(self.assign or self.add or self.owned)


def speech(speaker: Speaker, heard: Heard, fields: Mapping[str, Json]) -> Speech:
    """What the list says newly about the record. Fields without a value say nothing."""
    said, record = Speech(), heard.record
    classes = _CLASS_OF[record.entity]
    for group, value in stated_groups(record.entity, fields).items():
        kind = classes[group]
        if record.end is not None and kind is not FieldClass.SERVER:
            # A list never reopens what was closed; it does not even ask.
            continue
        if kind is FieldClass.SET:
            missing = _missing(speaker, heard, group, value)
            if missing:
                said.add[group] = missing
        else:
            _say(speaker, heard, group, value, said)
    return said


def stated_groups(entity: str, fields: Mapping[str, Json]) -> dict[str, GroupValue]:
    """The fields that have a value, by group."""
    groups: dict[str, GroupValue] = {}
    of = _GROUP_OF[entity]
    for name, value in fields.items():
        if value is not None:
            groups.setdefault(of[name], {})[name] = value
    return groups


def agrees(value: Mapping[str, Json], listed: GroupValue) -> bool:
    """Does a group's value say what the list says? On what the list lacks it says nothing."""
    return all(value.get(name) == said for name, said in listed.items())


def _say(speaker: Speaker, heard: Heard, group: str, listed: GroupValue, said: Speech) -> None:
    record = heard.record
    is_known = agrees(record.fields, listed)
    if is_known and not record.disputed:
        return
    is_lists = _is_lists(speaker, record, group)
    whole = _whole(record, group, listed)
    if is_known:
        # Agreeing with the field takes back what lists had proposed, and the question with it.
        # Two rows about one person may disagree in every edition: that is not coming round.
        if not is_lists and _proposal(speaker, heard, group) is not None:
            said.assign |= whole
        return
    if is_lists:
        said.assign |= whole
        return
    kind = _CLASS_OF[record.entity][group]
    if kind is FieldClass.SERVER:
        said.owned |= whole
    elif kind is not FieldClass.MONOTONE and _is_new(speaker, heard, group, listed):
        said.assign |= whole
        said.is_proposal = True


def _whole(record: Record, group: str, listed: GroupValue) -> GroupValue:
    """The group as an operation states it: fields that are not named would be cleared."""
    if group in _SAID_WHOLE:
        return listed
    kept = {
        name: value
        for name in GROUPS[record.entity][group].fields
        if (value := record.fields.get(name)) is not None
    }
    return {**kept, **listed}


def _is_lists(speaker: Speaker, record: Record, group: str) -> bool:
    """Does the group hold what lists said, and nothing that anybody else stands behind?"""
    stamps = record.stamps.get(group)
    if stamps is None:
        # Nobody has spoken since it was created. A group without a value was never mentioned.
        names = GROUPS[record.entity][group].fields
        is_empty = all(record.fields.get(name) is None for name in names)
        return is_empty or record.created.lane in speaker.lanes
    return all(stamp.lane in speaker.lanes for stamp in stamps)


def _is_new(speaker: Speaker, heard: Heard, group: str, listed: GroupValue) -> bool:
    """Is it worth asking a person about?"""
    proposal = _proposal(speaker, heard, group)
    if proposal is not None and agrees(proposal, listed):
        return False
    if _was_judged(speaker, heard, group, listed):
        return False
    word = heard.said.get(group)
    return word is None or word.issue != speaker.issue or not agrees(word.value, listed)


def _proposal(speaker: Speaker, heard: Heard, group: str) -> GroupValue | None:
    """What lists propose in the group's open question."""
    for conflict in _about(heard, group):
        if conflict.is_open:
            for candidate in conflict.candidates:
                if candidate.stamp.lane in speaker.lanes:
                    return candidate.value
    return None


def _was_judged(speaker: Speaker, heard: Heard, group: str, listed: GroupValue) -> bool:
    """Has a reviewer seen this and decided otherwise?

    What others said counts while the decision stands: the merge would not ask again either.
    """
    stamps = heard.record.stamps.get(group)
    for conflict in _about(heard, group):
        decision = conflict.decision
        if decision is None or conflict.state is not ConflictState.RESOLVED:
            continue
        stands = stamps is not None and stamps[0].dot == (decision.lane, decision.lane_seq)
        if any(
            (stands or claim.stamp.lane in speaker.lanes) and agrees(claim.value, listed)
            for claim in decision.judged
        ):
            return True
    return False


def _about(heard: Heard, group: str) -> Iterable[Conflict]:
    return (
        conflict
        for conflict in heard.conflicts
        if conflict.kind is ConflictKind.VALUE
        and (conflict.record, conflict.group) == (heard.record.id, group)
    )


def _missing(speaker: Speaker, heard: Heard, group: str, listed: GroupValue) -> list[Json]:
    """Elements that the list names, that are not there, and that nobody has taken out."""
    record, named = heard.record, listed[group]
    assert isinstance(named, list), "a set's value"
    present = record.fields.get(group)
    held = present if isinstance(present, list) else []
    missing = [element for element in named if element not in held]
    stamps = record.stamps.get(group, ())
    if missing and any(stamp.lane not in speaker.lanes for stamp in stamps):
        word = heard.said.get(group)
        earlier = word.value.get(ELEMENTS) if word is not None else None
        taken_out = earlier if isinstance(earlier, list) else []
        missing = [element for element in missing if element not in taken_out]
    return missing


def is_touched(record: Record, lanes: frozenset[str]) -> bool:
    """Has anybody but lists spoken about the record?"""
    return record.created.lane not in lanes or any(
        stamp.lane not in lanes for stamps in record.stamps.values() for stamp in stamps
    )


def last_words(operations: Iterable[Mapping[str, Json]]) -> dict[str, dict[str, Word]]:
    """Record → group → what lists last said, from the bodies of their operations in order."""
    words: dict[str, dict[str, Word]] = {}
    for body in operations:
        entity, record, issue = str(body["entity"]), str(body["id"]), issue_of(body.get("source"))
        of_record = words.setdefault(record, {})
        stated = body.get("set")
        fields = stated if isinstance(stated, dict) else {}
        for group, value in stated_groups(entity, fields).items():
            if _CLASS_OF[entity][group] is FieldClass.SET:
                _name_elements(of_record, group, value[group], issue)
            else:
                of_record[group] = Word(value, issue)
        added = body.get("add")
        for group, elements in added.items() if isinstance(added, dict) else ():
            _name_elements(of_record, group, elements, issue)
    return words


def _name_elements(words: dict[str, Word], group: str, elements: Json, issue: str) -> None:
    earlier = words[group].value[ELEMENTS] if group in words else []
    before = earlier if isinstance(earlier, list) else []
    named = elements if isinstance(elements, list) else []
    words[group] = Word({ELEMENTS: [*before, *(e for e in named if e not in before)]}, issue)


def issue_of(source: Json) -> str:
    """Which edition of which list an operation's ``source`` names."""
    if not isinstance(source, dict):
        return ""
    return " ".join(str(source.get(part) or "") for part in ("list", "instrument", "version"))
