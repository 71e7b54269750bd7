"""A filled form of another server, flat: the same whether it came as JSON or as XML."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from api.formats.xform.submission import Node
from models.queries.connector_files import Wanted
from sync.types import Json

ROWS_MAX: Final = 200
"""Of a repeat; a family has no more members."""
FILES_MAX: Final = 100
"""Of a form; more are left where they are."""
FILE_NAME_CHARACTERS_MAX: Final = 255
_CONTROL: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


@dataclass(frozen=True, slots=True)
class Filled:
    """What somebody filled in over there.

    `item` is its name there through all edits, `version` differs with each edit; `listed` is what
    the list calls that version, where the form itself says it. `answers` are texts by path
    (`group/question`), those in repeats left out; `rows` are a repeat's instances, with the same
    full paths.
    """

    item: str
    version: str
    raw: bytes
    answers: Mapping[str, str]
    rows: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    submitted: str = ""
    root: str | None = None
    listed: str | None = None
    files: tuple[Wanted, ...] = ()


def file_name(text: str) -> str:
    """A name that can be stored and shown anywhere; it never becomes a path."""
    return _CONTROL.sub("\ufffd", text).strip()[:FILE_NAME_CHARACTERS_MAX]


def flat_json(
    document: Mapping[str, Json],
) -> tuple[dict[str, str], dict[str, list[dict[str, str]]]]:
    """Kobo's flavour: groups are in the keys, a repeat is an array of such objects."""
    answers: dict[str, str] = {}
    rows: dict[str, list[dict[str, str]]] = {}
    for key, value in document.items():
        if isinstance(value, list):
            told = [flat_json(one)[0] for one in value[:ROWS_MAX] if isinstance(one, dict)]
            if told and not key.startswith("_"):
                rows[key] = told
        elif isinstance(value, bool):
            answers[key] = "true" if value else "false"
        elif isinstance(value, str | int | float):
            answers[key] = str(value)
    return answers, rows


def flat_xml(
    root: Node, repeats: Sequence[str]
) -> tuple[dict[str, str], dict[str, list[dict[str, str]]]]:
    """An instance of any form; which elements are repeats is the map's to say."""
    answers: dict[str, str] = {}
    rows: dict[str, list[dict[str, str]]] = {}
    for path, node in _below(root, "", frozenset(repeats)):
        if path in repeats:
            found = rows.setdefault(path, [])
            if len(found) < ROWS_MAX:
                inside = _below(node, path, frozenset())
                found.append({p: n.text for p, n in inside if not n.children})
        elif not node.children:
            answers.setdefault(path, node.text)
    return answers, rows


def _below(node: Node, path: str, stops: frozenset[str]) -> Iterator[tuple[str, Node]]:
    for child in node.children:
        if child.name == "meta":
            continue
        here = f"{path}/{child.name}" if path else child.name
        yield here, child
        if here not in stops:
            yield from _below(child, here, stops)
