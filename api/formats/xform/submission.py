"""A filled form as a phone sends it: XML from a stranger, read under limits into plain values.

No document type is read (an entity that expands, or names a file, never comes into being), nesting
and size are bounded while the text is parsed, and nothing is looked up anywhere. Names are compared
without their prefixes: JavaRosa writes `orx:meta`, the web engine `meta`, both mean one thing.

Whoever refuses XML for good keeps a phone sending it for ever. So only what no form of ours could
ever be is refused (`Refused`); what merely cannot be read says so (`Unreadable`) and is kept.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
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


@dataclass(slots=True)
class Node:
    """An element by its local name. `text` is what stands directly in it."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    children: list["Node"] = field(default_factory=list)

    def child(self, name: str) -> "Node | None":
        return next((one for one in self.children if one.name == name), None)

    def said(self, name: str) -> str:
        """The text of a child; empty where there is none."""
        found = self.child(name)
        return found.text.strip() if found is not None else ""


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
    root = parsed(raw)
    meta = root.child("meta")
    return Instance(
        form_id=root.attributes.get("id", "")[:ID_CHARACTERS_MAX],
        version=root.attributes.get("version", "")[:ID_CHARACTERS_MAX],
        instance_id=meta.said("instanceID")[:ID_CHARACTERS_MAX] if meta is not None else "",
        deprecated_id=meta.said("deprecatedID")[:ID_CHARACTERS_MAX] if meta is not None else "",
        root=root,
        declared=_declared(root),
        is_encrypted=root.attributes.get("encrypted") == "yes",
        named_files=frozenset(_short_texts(root)),
    )


def instance_key(instance: Instance, raw: bytes, device: str) -> str:
    """The id of the instance, or one that the same content from the same phone gets again."""
    if instance.instance_id:
        return instance.instance_id
    return "sha256:" + hashlib.sha256(device.encode() + b"\n" + raw).hexdigest()


def parsed(raw: bytes) -> Node:
    """The tree of a document. Raises `Refused` or `Unreadable`."""
    if len(raw) > XML_BYTES_MAX:
        raise Refused("a form has at most 1 MiB of XML")
    builder = _Builder()
    try:
        builder.parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise Unreadable(f"XML error {error.code}") from None
    except (ValueError, LookupError):
        # An encoding that the machine does not know, or knows and cannot use.
        raise Unreadable("unknown encoding") from None
    assert builder.root is not None, "a well-formed document has a root"
    return builder.root


class _Builder:
    """Builds the tree while expat reads, and counts."""

    def __init__(self) -> None:
        self.root: Node | None = None
        self._open: list[Node] = []
        self._nodes = 0
        self.parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = lambda _name, close=self._open.pop: close()
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._nodes += 1
        if self._nodes > NODES_MAX or len(self._open) >= DEPTH_MAX:
            raise Refused(f"a form has at most {NODES_MAX} elements, {DEPTH_MAX} deep")
        if attributes:
            attributes = {_local(key): value for key, value in attributes.items()}
        node = Node(_local(name) if ":" in name else name, attributes)
        if self._open:
            self._open[-1].children.append(node)
        else:
            self.root = node
        self._open.append(node)

    def _text(self, text: str) -> None:
        self._open[-1].text += text

    def _doctype(self, *_: object) -> None:
        raise Refused("a form has no document type")


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _declared(root: Node) -> Declaration | None:
    """The first entity declaration outside of repeats' own; 2024.1 knows one per form."""
    entity = next(_entities(root), None)
    if entity is None:
        return None
    record = entity.attributes.get("id", "").strip().lower().removeprefix("uuid:")
    if not is_uuid(record):
        return None
    return Declaration(
        record=record,
        creates=entity.attributes.get("create", "") in TRUE,
        updates=entity.attributes.get("update", "") in TRUE,
        base=_whole(entity.attributes.get("baseVersion", "")),
        trunk=_whole(entity.attributes.get("trunkVersion", "")),
        branch=entity.attributes.get("branchId", "").strip()[:64] or None,
    )


def _entities(node: Node) -> Iterator[Node]:
    for child in node.children:
        if child.name == "meta":
            yield from (one for one in child.children if one.name == "entity")
    for child in node.children:
        if child.name != "meta" and child.children:
            yield from _entities(child)


def _whole(text: str) -> int | None:
    text = text.strip()
    return (
        int(text) if text.isascii() and text.isdigit() and len(text) <= VERSION_DIGITS_MAX else None
    )


def _short_texts(root: Node) -> Iterator[str]:
    todo = [root]
    while todo:
        node = todo.pop()
        todo += node.children
        text = node.text
        if text and "." in text and len(text) <= ID_CHARACTERS_MAX:
            yield text.strip()
