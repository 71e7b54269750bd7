"""A filled form as a phone sends it: XML from a stranger, read under limits into plain values.

No document type is read (an entity that expands, or names a file, never comes into being), nesting
and size are bounded while the text is parsed, and nothing is looked up anywhere. Names are compared
without their prefixes: JavaRosa writes `orx:meta`, the web engine `meta`, both mean one thing.

Whoever refuses XML for good keeps a phone sending it for ever. So only what no form of ours could
ever be is refused (`Refused`); what merely cannot be read says so (`Unreadable`) and is kept.
"""

import hashlib
from collections.abc import Iterator, Sequence
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
        for one in self.children:
            if one.name == name:
                return one
        return None

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
    nodes = _nodes(raw)
    root = nodes[0]
    meta = root.child("meta")
    return Instance(
        form_id=root.attributes.get("id", "")[:ID_CHARACTERS_MAX],
        version=root.attributes.get("version", "")[:ID_CHARACTERS_MAX],
        instance_id=meta.said("instanceID")[:ID_CHARACTERS_MAX] if meta is not None else "",
        deprecated_id=meta.said("deprecatedID")[:ID_CHARACTERS_MAX] if meta is not None else "",
        root=root,
        declared=_declared(root),
        is_encrypted=root.attributes.get("encrypted") == "yes",
        named_files=frozenset(_short_texts(nodes)),
    )


def instance_key(instance: Instance, raw: bytes, device: str) -> str:
    """The id of the instance, or one that the same content from the same phone gets again."""
    if instance.instance_id:
        return instance.instance_id
    return "sha256:" + hashlib.sha256(device.encode() + b"\n" + raw).hexdigest()


def parsed(raw: bytes) -> Node:
    """The tree of a document. Raises `Refused` or `Unreadable`."""
    return _nodes(raw)[0]


def _nodes(raw: bytes) -> list[Node]:
    """Every element of a document in its order, the root first. Raises as `parsed` does."""
    if len(raw) > XML_BYTES_MAX:
        raise Refused("a form has at most 1 MiB of XML")
    nodes: list[Node] = []
    parser = _parser(nodes)
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise Unreadable(f"XML error {error.code}") from None
    except (ValueError, LookupError):
        # An encoding that the machine does not know, or knows and cannot use.
        raise Unreadable("unknown encoding") from None
    assert nodes, "a well-formed document has a root"
    return nodes


def _parser(nodes: list[Node]) -> expat.XMLParserType:
    """A parser that puts the tree together while it reads, counts, and leaves it in `nodes`.

    Functions over shared names and no methods of an object: each answer of a form calls all three
    of them, and they are most of what reading a form costs.
    """
    here = Node("", {})
    around: list[Node] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal here
        if len(nodes) >= NODES_MAX or len(around) >= DEPTH_MAX:
            raise Refused(f"a form has at most {NODES_MAX} elements, {DEPTH_MAX} deep")
        if attributes:
            attributes = {_local(key): value for key, value in attributes.items()}
        node = Node(_local(name) if ":" in name else name, attributes, "", [])
        nodes.append(node)
        here.children.append(node)
        around.append(here)
        here = node

    def end(_name: str) -> None:
        nonlocal here
        here = around.pop()

    def text(text: str) -> None:
        here.text += text

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    return parser


def _refuse_doctype(*_: object) -> None:
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


def _short_texts(nodes: Sequence[Node]) -> Iterator[str]:
    for node in nodes:
        text = node.text
        if "." in text and len(text) <= ID_CHARACTERS_MAX:
            yield text.strip()
