"""An XForm's XML, as pyxform writes it, read into what a client needs to run it.

This is the only reader of forms here; instances of forms are read elsewhere. It knows pyxform's
dialect and nothing more, because nothing else is ever published.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree as ET

_X: Final = "{http://www.w3.org/2002/xforms}"
_H: Final = "{http://www.w3.org/1999/xhtml}"
_JR: Final = "{http://openrosa.org/javarosa}"
_ENTITIES: Final = "{http://www.opendatakit.org/xforms/entities}"
_TEMPLATE: Final = f"{_JR}template"
_ITEXT: Final = re.compile(r"jr:itext\('(.+)'\)")
_LANGUAGE: Final = re.compile(r".*\(([a-z]{2,3}(?:-[A-Za-z]+)?)\)")
UNTRANSLATED: Final = "default"
_CONTROLS: Final = frozenset({"input", "select1", "select", "upload", "trigger", "range", "rank"})

Text = tuple[str, ...]
"""Parts in turn: words, an expression, words, …; an expression stands at every odd place."""
Translated = dict[str, Text]
"""Language → text."""


@dataclass(frozen=True, slots=True)
class Bind:
    """What holds for one node. Expressions are text; empty where there is none."""

    path: str
    type: str
    expressions: Mapping[str, str]
    """`relevant`, `required`, `readonly`, `constraint`, `calculate`."""
    messages: Mapping[str, Translated]
    """`constraint`, `required`."""
    preload: str
    save_to: str


@dataclass(frozen=True, slots=True)
class Action:
    """A value that is set once, when something happens: `load`, `new-repeat`, or `choose`."""

    event: str
    of: str
    """The question whose answer sets it; empty for the others."""
    path: str
    value: str


@dataclass(frozen=True, slots=True)
class Items:
    """Where a question's choices come from, and which of them are offered."""

    listed: str
    where: str
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Control:
    """Something on the screen: a question, a group of them, or a repeat."""

    kind: str
    path: str
    appearance: str
    label: Translated
    hint: Translated
    items: Items | None = None
    count: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    inside: tuple["Control", ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One choice of a list that the form brings along."""

    name: str
    label: Translated


@dataclass(frozen=True, slots=True)
class Definition:
    """A whole form."""

    title: str
    languages: tuple[str, ...]
    nodes: tuple[str, ...]
    """Every path in the order of the instance."""
    defaults: Mapping[str, str]
    """Path → what stands there from the beginning."""
    repeats: frozenset[str]
    binds: Mapping[str, Bind]
    actions: tuple[Action, ...]
    controls: tuple[Control, ...]
    choices: Mapping[str, tuple[Choice, ...]]
    files: Mapping[str, str]
    """List → the file that it is read from."""


def read_definition(xml: bytes) -> Definition:
    """The form behind an XForm that pyxform wrote."""
    return _Reader(ET.fromstring(xml)).definition()  # noqa: S314  (our own child wrote it)


class _Reader:
    def __init__(self, document: ET.Element) -> None:
        head, body = document.find(f"{_H}head"), document.find(f"{_H}body")
        assert head is not None
        assert body is not None
        model = head.find(f"{_X}model")
        assert model is not None
        self.title = head.findtext(f"{_H}title", "")
        self.model, self.body = model, body
        self.instances = model.findall(f"{_X}instance")
        self.texts = dict(self._read_texts())
        found = {language for texts in self.texts.values() for language in texts}
        declared = [_code(one.get("lang", "")) for one in model.iter(f"{_X}translation")]
        self.languages = tuple(dict.fromkeys(declared)) or (UNTRANSLATED,)
        assert found <= set(self.languages)

    def definition(self) -> Definition:
        root = self.instances[0][0]
        paths = dict(_paths(root, f"/{_local(root)}"))
        controls = tuple(self._controls(self.body))
        return Definition(
            title=self.title,
            languages=self.languages,
            nodes=tuple(paths),
            defaults={path: value for path, value in paths.items() if value},
            repeats=frozenset(_repeats(controls)),
            binds={bind.path: bind for bind in self._binds()},
            actions=tuple(self._actions()),
            controls=controls,
            choices=dict(self._choices()),
            files={
                one.get("id", ""): one.get("src", "").rsplit("/", 1)[-1]
                for one in self.instances
                if one.get("src")
            },
        )

    def _read_texts(self) -> Iterator[tuple[str, Translated]]:
        found: dict[str, Translated] = {}
        for translation in self.model.iter(f"{_X}translation"):
            language = _code(translation.get("lang", ""))
            for text in translation.findall(f"{_X}text"):
                plain = next((v for v in text.findall(f"{_X}value") if not v.get("form")), None)
                if plain is not None:
                    found.setdefault(text.get("id", ""), {})[language] = _parts(plain)
        yield from found.items()

    def _binds(self) -> Iterator[Bind]:
        for bind in self.model.findall(f"{_X}bind"):
            names = ("relevant", "required", "readonly", "constraint", "calculate")
            preload, parameter = bind.get(f"{_JR}preload", ""), bind.get(f"{_JR}preloadParams", "")
            yield Bind(
                path=bind.get("nodeset", ""),
                type=bind.get("type", "string"),
                expressions={name: bind.get(name, "").strip() for name in names if bind.get(name)},
                messages={
                    name: self._text_of(told)
                    for name in ("constraint", "required")
                    if (told := bind.get(f"{_JR}{name}Msg"))
                },
                preload=":".join(filter(None, (preload, parameter))),
                save_to=bind.get(f"{_ENTITIES}saveto", ""),
            )

    def _actions(self) -> Iterator[Action]:
        inside = {id(one): parent for parent in self.body.iter() for one in parent}
        for action in [*self.model.findall(f"{_X}setvalue"), *self.body.iter(f"{_X}setvalue")]:
            around = inside.get(id(action))
            for event in action.get("event", "").split():
                of = around.get("ref", "") if around is not None else ""
                yield Action(
                    event={
                        "odk-instance-first-load": "load",
                        "odk-new-repeat": "new-repeat",
                        "xforms-value-changed": "choose",
                    }.get(event, event),
                    of=of if event == "xforms-value-changed" else "",
                    path=action.get("ref", ""),
                    value=action.get("value", "") or (action.text or ""),
                )

    def _controls(self, around: ET.Element) -> Iterator[Control]:
        for element in around:
            kind = _local(element)
            if kind == "group":
                yield self._group(element)
            elif kind == "repeat":
                yield self._repeat(element)
            elif kind in _CONTROLS:
                yield self._question(element, kind)

    def _group(self, element: ET.Element) -> Control:
        inside = tuple(self._controls(element))
        if len(inside) == 1 and inside[0].kind == "repeat":
            # Pyxform puts each repeat into a group that bears its label.
            (repeat,) = inside
            return Control(
                "repeat",
                repeat.path,
                element.get("appearance", repeat.appearance),
                self._label(element),
                {},
                count=repeat.count,
                inside=repeat.inside,
            )
        return Control(
            "group",
            element.get("ref", ""),
            element.get("appearance", ""),
            self._label(element),
            {},
            inside=inside,
        )

    def _repeat(self, element: ET.Element) -> Control:
        return Control(
            "repeat",
            element.get("nodeset", ""),
            element.get("appearance", ""),
            {},
            {},
            count=element.get(f"{_JR}count", "").strip(),
            inside=tuple(self._controls(element)),
        )

    def _question(self, element: ET.Element, kind: str) -> Control:
        known = {"ref", "appearance"}
        return Control(
            kind,
            element.get("ref", ""),
            element.get("appearance", ""),
            self._label(element),
            self._label(element, "hint"),
            items=self._items(element),
            attributes={
                key.rsplit("}", 1)[-1]: value
                for key, value in element.attrib.items()
                if key not in known
            },
        )

    def _items(self, element: ET.Element) -> Items | None:
        found = element.find(f"{_X}itemset")
        if found is None:
            return None
        nodeset = found.get("nodeset", "")
        listed, _, where = nodeset.removeprefix("instance('").partition("')/root/item")
        value, label = found.find(f"{_X}value"), found.find(f"{_X}label")
        return Items(
            listed=listed,
            where=where.strip().removeprefix("[").removesuffix("]").strip(),
            value="name" if value is None else value.get("ref", "name"),
            label="label" if label is None else label.get("ref", "label"),
        )

    def _choices(self) -> Iterator[tuple[str, tuple[Choice, ...]]]:
        for instance in self.instances[1:]:
            items = list(instance.iter(f"{_X}item"))
            if items:
                yield instance.get("id", ""), tuple(map(self._choice, items))

    def _choice(self, item: ET.Element) -> Choice:
        name = item.findtext(f"{_X}name", "")
        itext = item.findtext(f"{_X}itextId")
        if itext is not None:
            return Choice(name, self.texts.get(itext, {}))
        return Choice(name, self._everywhere((item.findtext(f"{_X}label", ""),)))

    def _label(self, element: ET.Element, kind: str = "label") -> Translated:
        label = element.find(f"{_X}{kind}")
        if label is None:
            return {}
        if reference := label.get("ref"):
            return self._text_of(reference)
        return self._everywhere(_parts(label))

    def _text_of(self, reference: str) -> Translated:
        found = _ITEXT.fullmatch(reference.strip())
        return self.texts.get(found[1], {}) if found else self._everywhere((reference,))

    def _everywhere(self, text: Text) -> Translated:
        return dict.fromkeys(self.languages, text)


def _parts(element: ET.Element) -> Text:
    """Words and expressions in turn."""
    parts = [element.text or ""]
    for output in element:
        parts += [output.get("value", "").strip(), output.tail or ""]
    parts[0], parts[-1] = parts[0].lstrip(), parts[-1].rstrip()
    return tuple(parts)


def _paths(element: ET.Element, path: str) -> Iterator[tuple[str, str]]:
    """Every path once (a repeat stands there twice), with what stands there."""
    yield path, (element.text or "").strip()
    for child in element:
        yield from _paths(child, f"{path}/{_local(child)}")
    for attribute, value in element.attrib.items() if _local(element) == "entity" else ():
        yield f"{path}/@{attribute}", value


def _repeats(controls: tuple[Control, ...]) -> Iterator[str]:
    for control in controls:
        if control.kind == "repeat":
            yield control.path
        yield from _repeats(control.inside)


def _code(language: str) -> str:
    """`Indonesia (id)` → `id`; a language without a code stays what it is."""
    found = _LANGUAGE.fullmatch(language)
    return found[1] if found else language


def _local(element: ET.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]
