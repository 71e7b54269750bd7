"""A filled form's XML as rows: numbers as numbers, places as GeoJSON or WKT, the rest as it stands.

Whatever a phone wrote that does not fit its question's type is told as nothing, never as an error:
one odd answer must not hide a whole table. What was really written is in the XML.
"""

import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote
from xml.etree.ElementTree import Element

from api.formats.odata.fields import REPEAT, STRUCTURE, TABLE, Field
from api.formats.xform.submission import Node
from sync.types import Json

ROW_ID_CHARACTERS: Final = 40
INTEGER_DIGITS_MAX: Final = 18
POINTS_MAX: Final = 10_000
_INTEGER: Final = re.compile(r"[+-]?\d+")
_SHORT_ZONE: Final = re.compile(r"[+-]\d\d$")
_EMPTY: Final = Node(Element(""))

Row = dict[str, Json]
Point = tuple[list[float], float | None]
"""Longitude, latitude and perhaps altitude; accuracy."""


@dataclass(frozen=True, slots=True)
class Style:
    """How rows are told."""

    expand: bool = False
    """Repeats inside of the row that they belong to."""
    wkt: bool = False


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where in a filled form we stand."""

    instance: str
    steps: tuple[tuple[str, int | None], ...] = ()
    """Names on the way, each repeat with its number."""

    def into(self, name: str, number: int | None = None) -> "_Spot":
        return _Spot(self.instance, (*self.steps, (name, number)))

    @property
    def last_repeat(self) -> "_Spot":
        """The row that everything here belongs to."""
        for length in range(len(self.steps), 0, -1):
            if self.steps[length - 1][1] is not None:
                return _Spot(self.instance, self.steps[:length])
        return _Spot(self.instance)

    @property
    def row_id(self) -> str:
        """The first version's id for the form itself; for a repeat one that stays the same."""
        if not self.steps:
            return self.instance
        told = "\0".join(f"{name}\0{number}" for name, number in self.steps)
        digest = hashlib.sha256(f"{self.instance}\0{told}".encode())
        return digest.hexdigest()[:ROW_ID_CHARACTERS]

    @property
    def link(self) -> str:
        """The address of a table beneath, as seen from the service's root."""
        parts = [f"{TABLE}('{quote(self.instance, safe='')}')"]
        for index, (name, number) in enumerate(self.steps):
            here = _Spot(self.instance, self.steps[: index + 1])
            parts.append(name if number is None else f"{name}('{here.row_id}')")
        return "/".join(parts)


def zulu(moment: datetime) -> str:
    """A time of the server, to the microsecond: who asks for what is later gets nothing twice."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def form_row(root: Field, node: Node | None, instance: str, style: Style) -> Row:
    """The form's own row, without what the server knows of it. Nothing readable: all is nothing."""
    return _row(root, node or _EMPTY, _Spot(instance), style)


def repeat_rows(
    steps: Sequence[Field], node: Node | None, instance: str, style: Style
) -> Iterator[Row]:
    """The rows of one repeat, each with its own id and its parent's."""
    if node is not None:
        yield from _repeated(steps, node, _Spot(instance), style)


def named_files(root: Field, node: Node | None) -> Iterator[str]:
    """Files that the answers name: photographs, recordings, an audit."""
    if node is None:
        return
    for field in root.children:
        for child in node.children:
            if child.name == field.xml_name:
                if field.type == "binary" and child.text.strip():
                    yield child.text.strip()
                yield from named_files(field, child)


def parent_key(steps: Sequence[Field]) -> str:
    """What the id of the row above is called: `__Submissions-id`, `__Submissions-visit-id`."""
    names = [TABLE]
    for length in range(len(steps) - 1, 0, -1):
        if steps[length - 1].type == REPEAT:
            names += [one.name for one in steps[:length]]
            break
    return f"__{'-'.join(names)}-id"


def _repeated(steps: Sequence[Field], node: Node, spot: _Spot, style: Style) -> Iterator[Row]:
    step, *rest = steps
    number = 0
    for child in node.children:
        if child.name != step.xml_name:
            continue
        here = spot.into(step.name, number if step.type == REPEAT else None)
        number += 1
        if rest:
            yield from _repeated(rest, child, here, style)
        else:
            parent = spot.last_repeat
            names = [TABLE, *(name for name, _ in parent.steps)]
            yield {
                "__id": here.row_id,
                f"__{'-'.join(names)}-id": parent.row_id,
                **_row(step, child, here, style),
            }


def _row(field: Field, node: Node, spot: _Spot, style: Style) -> Row:
    row: Row = {}
    for child in field.children:
        if child.type == STRUCTURE:
            inner = node.child(child.xml_name) or _EMPTY
            row[child.name] = _row(child, inner, spot.into(child.name), style)
        elif child.type == REPEAT:
            row[f"{child.name}@odata.navigationLink"] = spot.into(child.name).link
            if style.expand:
                row[child.name] = _inline(child, node, spot, style)
        else:
            found = node.child(child.xml_name)
            row[child.name] = _value(child.type, found.text if found is not None else "", style)
    return row


def _inline(field: Field, node: Node, spot: _Spot, style: Style) -> list[Json]:
    rows: list[Json] = []
    for child in node.children:
        if child.name == field.xml_name:
            here = spot.into(field.name, len(rows))
            rows.append({"__id": here.row_id, **_row(field, child, here, style)})
    return rows


def _value(kind: str, text: str, style: Style) -> Json:
    if not text:
        return None
    match kind:
        case "int":
            told: Json = _integer(text)
        case "decimal":
            told = _number(text)
        case "geopoint":
            told = _place(text, style)
        case "geotrace" | "geoshape":
            told = _places(kind, text, style)
        case "dateTime":
            told = _time(text)
        case _:
            told = text
    return told


def _time(text: str) -> str:
    """JavaRosa writes the zone +07 where others want +07:00."""
    trimmed = text.strip()
    return f"{trimmed}:00" if _SHORT_ZONE.search(trimmed[10:]) else trimmed


def _integer(text: str) -> int | None:
    trimmed = text.strip()
    if not _INTEGER.fullmatch(trimmed) or len(trimmed) > INTEGER_DIGITS_MAX:
        return None
    return int(trimmed)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _point(text: str) -> Point | None:
    numbers = [_number(one) for one in text.split()]
    if len(numbers) < 2 or numbers[0] is None or numbers[1] is None:
        return None
    place = [numbers[1], numbers[0]]
    if len(numbers) > 2 and numbers[2] is not None:
        place.append(numbers[2])
    return place, numbers[3] if len(numbers) > 3 else None


def _place(text: str, style: Style) -> Json:
    point = _point(text)
    if point is None:
        return None
    place, accuracy = point
    if style.wkt:
        return f"POINT ({_spaced(place)})"
    told: Row = {"type": "Point", "coordinates": list[Json](place)}
    if accuracy is not None:
        told["properties"] = {"accuracy": accuracy}
    return told


def _places(kind: str, text: str, style: Style) -> Json:
    points = [_point(one) for one in text.split(";")[:POINTS_MAX] if one.strip()]
    known = [point for point in points if point is not None]
    if not known:
        return None
    if style.wkt:
        listed = ",".join(_spaced(place) for place, _ in known)
        return f"LINESTRING ({listed})" if kind == "geotrace" else f"POLYGON (({listed}))"
    line: list[Json] = [list[Json](place) for place, _ in known]
    told: Row = (
        {"type": "LineString", "coordinates": line}
        if kind == "geotrace"
        else {"type": "Polygon", "coordinates": [line]}
    )
    accuracies: list[Json] = [accuracy for _, accuracy in known]
    if any(one is not None for one in accuracies):
        told["properties"] = {"accuracies": accuracies}
    return told


def _spaced(place: Sequence[float]) -> str:
    return " ".join(str(int(one)) if one == int(one) else repr(one) for one in place)
