"""A form's questions as tables: one for the form itself, one for each repeat.

Groups are objects inside a row, a repeat is a table of its own whose rows name the row that they
belong to. Names become identifiers that OData allows: what is no letter, digit or underscore
becomes an underscore.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from api.formats.xform.definition import Definition, read_definition

FORMS_KEPT_MAX: Final = 64
"""Parsed forms per process; an installation has some dozens."""
STRUCTURE: Final = "structure"
REPEAT: Final = "repeat"
TABLE: Final = "Submissions"
_NO_NAME: Final = re.compile(r"\W", re.ASCII)
_NO_BEGINNING: Final = re.compile(r"[^A-Za-z_]")


@dataclass(frozen=True, slots=True)
class Field:
    """A question, a group or a repeat. `type` is the bind's, or `structure` or `repeat`."""

    name: str
    """As OData says it."""
    xml_name: str
    path: str
    """As OData says it, from the form's root: `/group/question`."""
    type: str
    children: tuple["Field", ...] = ()

    @property
    def is_question(self) -> bool:
        return self.type not in (STRUCTURE, REPEAT)

    def child(self, name: str) -> "Field | None":
        return next((one for one in self.children if one.name == name), None)

    def walk(self) -> Iterator["Field"]:
        """Everything beneath, in the order of the form."""
        for child in self.children:
            yield child
            yield from child.walk()


@lru_cache(maxsize=FORMS_KEPT_MAX)
def fields_of(xml: bytes) -> Field:
    """The root of a published form: a structure without a name."""
    definition = read_definition(xml)
    paths = [path for path in definition.nodes if "/@" not in path]
    root = paths[0]
    inside: dict[str, list[str]] = {path: [] for path in paths}
    for path in paths[1:]:
        inside[path.rpartition("/")[0]].append(path)
    read = _Reading(definition, inside, root)
    return Field("", root.strip("/"), "", STRUCTURE, read.children(root))


def identifier(name: str) -> str:
    """A name that OData allows."""
    plain = _NO_NAME.sub("_", name)
    return f"_{plain}" if _NO_BEGINNING.match(plain) else plain


@dataclass(frozen=True, slots=True)
class _Reading:
    definition: Definition
    inside: dict[str, list[str]]
    root: str

    def children(self, path: str) -> tuple[Field, ...]:
        return tuple(self.field(one) for one in self.inside[path])

    def field(self, path: str) -> Field:
        children = self.children(path)
        bind = self.definition.binds.get(path)
        if path in self.definition.repeats:
            kind = REPEAT
        elif children:
            kind = STRUCTURE
        else:
            kind = bind.type.rpartition(":")[2] if bind is not None else "string"
        names = path.removeprefix(self.root).strip("/").split("/")
        said = "/" + "/".join(map(identifier, names))
        return Field(identifier(names[-1]), names[-1], said, kind, children)


def tables_of(root: Field) -> list[str]:
    """Names of all tables, the form's own first."""
    repeats = [one.path for one in root.walk() if one.type == REPEAT]
    return [TABLE, *(TABLE + path.replace("/", ".") for path in repeats)]


def steps_to(root: Field, table: str) -> tuple[Field, ...] | None:
    """The groups and repeats that lead to a table; none at all lead to the form's own."""
    first, *names = table.split(".")
    if first != TABLE:
        return None
    steps: list[Field] = []
    at = root
    for name in names:
        found = at.child(name)
        if found is None or found.is_question:
            return None
        steps.append(found)
        at = found
    return tuple(steps) if not steps or steps[-1].type == REPEAT else None


def pruned(field: Field, wanted: frozenset[str]) -> Field:
    """Only what was asked for: paths of questions, and of groups with all that is in them."""
    kept = (
        child if child.path in wanted else pruned(child, wanted)
        for child in field.children
        if child.path in wanted or _leads_to(child, wanted)
    )
    return replace(field, children=tuple(kept))


def _leads_to(field: Field, wanted: frozenset[str]) -> bool:
    return any(path.startswith(field.path + "/") for path in wanted)
