"""A filled form as a phone sends it: XML from a stranger, read under limits into plain values.

No document type is read (an entity that expands, or names a file, never comes into being), nesting
and size are bounded while the text is parsed, and nothing is looked up anywhere. Names are compared
without their prefixes: JavaRosa writes `orx:meta`, the web engine `meta`, both mean one thing.

Whoever refuses XML for good keeps a phone sending it for ever. So only what no form of ours could
ever be is refused (`Refused`); what merely cannot be read says so (`Unreadable`) and is kept.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from operator import attrgetter
from typing import Final
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from sync.chains import Declaration
from sync.operation import is_uuid

XML_BYTES_MAX: Final = 1024 * 1024
DEPTH_MAX: Final = 64
NODES_MAX: Final = 20_000
ID_CHARACTERS_MAX: Final = 255
VERSION_DIGITS_MAX: Final = 10
TRUE: Final = frozenset({"1", "true"})
"""JavaRosa writes the one, the web engine the other."""


class Refused(Exception):
    """No form can look like this: a document type, or more of it than a form can have."""


class Unreadable(Exception):
    """No well-formed XML, or in an encoding that nobody here knows."""


def _too_much() -> Refused:
    return Refused(f"a form has at most {NODES_MAX} elements, {DEPTH_MAX} deep")


@dataclass(frozen=True, slots=True)
class Node:
    """An element by its local name."""

    element: Element

    @property
    def name(self) -> str:
        return local_name(self.element.tag)

    @property
    def attributes(self) -> dict[str, str]:
        return {local_name(key): value for key, value in self.element.attrib.items()}

    @property
    def text(self) -> str:
        """What stands directly in it, before, between and behind its children."""
        return "".join([self.element.text or "", *(child.tail or "" for child in self.element)])

    @property
    def children(self) -> list["Node"]:
        return [Node(child) for child in self.element]

    def child(self, name: str) -> "Node | None":
        """The first of that name."""
        for one in self.element:
            if _is(one, name):
                return Node(one)
        return None

    def said(self, name: str) -> str:
        """The text of a child; empty where there is none."""
        found = self.child(name)
        return found.text.strip() if found is not None else ""


def local_name(name: str) -> str:
    """A name without its prefix."""
    return name[name.rfind(":") + 1 :]


@dataclass(frozen=True, slots=True)
class Instance:
    """What every filled form says of itself, whichever form it is."""

    form_id: str
    version: str
    instance_id: str
    """Empty where the form has none."""
    deprecated_id: str
    root: Node
    declared: Declaration | None
    """Its entity declaration, if there is one about an entity that can be a record."""
    is_encrypted: bool
    named_files: frozenset[str]
    """File names that could be meant by an answer: every text that is no sentence."""


def read_instance(raw: bytes) -> Instance:
    """Read a submission's XML. Raises `Refused` or `Unreadable`."""
    elements = _elements(raw)
    root = Node(elements[0])
    meta, attributes = root.child("meta"), root.attributes
    return Instance(
        form_id=attributes.get("id", "")[:ID_CHARACTERS_MAX],
        version=attributes.get("version", "")[:ID_CHARACTERS_MAX],
        instance_id=meta.said("instanceID")[:ID_CHARACTERS_MAX] if meta is not None else "",
        deprecated_id=meta.said("deprecatedID")[:ID_CHARACTERS_MAX] if meta is not None else "",
        root=root,
        declared=_declared(root),
        is_encrypted=attributes.get("encrypted") == "yes",
        named_files=frozenset(_short_texts(elements)),
    )


def instance_key(instance: Instance, raw: bytes, device: str) -> str:
    """The id of the instance, or one that the same content from the same phone gets again."""
    if instance.instance_id:
        return instance.instance_id
    return "sha256:" + hashlib.sha256(device.encode() + b"\n" + raw).hexdigest()


def parsed(raw: bytes) -> Node:
    """The tree of a document. Raises `Refused` or `Unreadable`."""
    return Node(_elements(raw)[0])


def _elements(raw: bytes) -> list[Element]:
    """Every element of a document in its order, the root first. Raises as `parsed` does.

    The parser calls the builder of the tree without a detour through Python: each answer of a form
    is three calls, and they were most of what reading a form costs.
    """
    if len(raw) > XML_BYTES_MAX:
        raise Refused("a form has at most 1 MiB of XML")
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    # Whoever could have too many elements is counted while they come, everybody else afterwards.
    is_suspect = raw.count(b"<") > NODES_MAX
    parser.StartElementHandler = _counting(builder) if is_suspect else builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        # What no form can be is refused, wherever it breaks off.
        _within_limits(builder.close())
        raise Unreadable(f"XML error {error.code}") from None
    except (ValueError, LookupError):
        # An encoding that the machine does not know, or knows and cannot use.
        raise Unreadable("unknown encoding") from None
    return _within_limits(builder.close())


def _within_limits(root: Element | None) -> list[Element]:
    """All elements, if there are not too many of them. Raises `Refused`."""
    elements = list(root.iter()) if root is not None else []
    # No form is deeper than it has elements with others inside.
    around = len(elements) - [*map(len, elements)].count(0)
    if len(elements) > NODES_MAX or (around >= DEPTH_MAX and _is_too_deep(elements[:1])):
        raise _too_much()
    return elements


def _is_too_deep(level: list[Element]) -> bool:
    for _ in range(DEPTH_MAX):
        level = [child for element in level for child in element]
        if not level:
            return False
    return True


def _counting(builder: TreeBuilder) -> Callable[[str, dict[str, str]], object]:
    numbers = count(1)

    def start(name: str, attributes: dict[str, str]) -> None:
        if next(numbers) > NODES_MAX:
            raise _too_much()
        builder.start(name, attributes)

    return start


def _refuse_doctype(*_: object) -> None:
    raise Refused("a form has no document type")


def _declared(root: Node) -> Declaration | None:
    """The first entity declaration outside of repeats' own; 2024.1 knows one per form."""
    entity = next(_entities(root.element), None)
    if entity is None:
        return None
    told = Node(entity).attributes
    record = told.get("id", "").strip().lower().removeprefix("uuid:")
    if not is_uuid(record):
        return None
    return Declaration(
        record=record,
        creates=told.get("create", "") in TRUE,
        updates=told.get("update", "") in TRUE,
        base=_whole(told.get("baseVersion", "")),
        trunk=_whole(told.get("trunkVersion", "")),
        branch=told.get("branchId", "").strip()[:64] or None,
    )


def _entities(element: Element) -> Iterator[Element]:
    for child in element:
        if _is(child, "meta"):
            yield from (one for one in child if _is(one, "entity"))
    for child in element:
        if len(child) and not _is(child, "meta"):
            yield from _entities(child)


def _is(element: Element, name: str) -> bool:
    tag = element.tag
    return tag == name or (tag.endswith(name) and local_name(tag) == name)


def _whole(text: str) -> int | None:
    text = text.strip()
    return (
        int(text) if text.isascii() and text.isdigit() and len(text) <= VERSION_DIGITS_MAX else None
    )


_TAIL: Final = attrgetter("tail")


def _short_texts(elements: Sequence[Element]) -> Iterator[str]:
    # Engines write nothing between elements.
    is_mixed = any(map(_TAIL, elements))
    texts = [Node(one).text if is_mixed else one.text or "" for one in elements]
    return (text.strip() for text in texts if "." in text and len(text) <= ID_CHARACTERS_MAX)
