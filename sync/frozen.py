"""A village as it was signed: plain values, one canonical form, one hash.

What the village head signs, what is printed and what is exported are the same bytes: a header line
and one line for each family in the order of RT and id, RFC 8785 each. The hash over them stands on
the berita acara; whoever changes one value of one person changes the hash. Nothing here looks at
the live register, so an export made years later reads what was signed then.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from sync.canonical import canonical_json
from sync.types import NO_FIELDS, Json

FORMAT: Final = 1
"""Of the lines; a later form gets the next number and this one stays readable."""


class NotFrozen(ValueError):
    """Bytes that are no frozen village, or not the one that their hash names."""


@dataclass(frozen=True, slots=True)
class FrozenChild:
    """A row beneath a person or a family: a `pengukuran` or a `kunjungan`."""

    id: str
    doc: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class FrozenMember:
    """One person. `end` is the closing statement (`{"end": "meninggal", "date": …}`), if any."""

    id: str
    doc: Mapping[str, Json]
    end: Mapping[str, Json] | None = None
    listed: bool = False
    """Did the person come with a list of the government? Else somebody in the field added them."""
    was: Mapping[str, Json] = field(default_factory=lambda: NO_FIELDS)
    """What the list said where the village found something else; identity fields only."""
    twin_open: bool = False
    """Shares a NIK with another record and nobody has decided: exported in no final file."""
    measurements: tuple[FrozenChild, ...] = ()


@dataclass(frozen=True, slots=True)
class FrozenFamily:
    """One family with everything beneath it; aliases and rows entered by mistake are left out."""

    id: str
    rt: str
    """`"003/001"`."""
    doc: Mapping[str, Json]
    end: Mapping[str, Json] | None = None
    listed: bool = False
    was: Mapping[str, Json] = field(default_factory=lambda: NO_FIELDS)
    decision: Mapping[str, Json] | None = None
    """What the musyawarah decided about a disputed family: `{"decision": …, "reason": …}`."""
    members: tuple[FrozenMember, ...] = ()
    visits: tuple[FrozenChild, ...] = ()


@dataclass(frozen=True, slots=True)
class FrozenVillage:
    """A village in a period, as of position `head` of its feed."""

    desa: str
    period: str
    """`"2026-11"`."""
    head: int
    frozen_at: str
    """RFC 3339 with offset."""
    families: tuple[FrozenFamily, ...] = ()

    def lines(self) -> Iterator[bytes]:
        """The canonical lines, without line ends: the header, then a family each."""
        yield canonical_json(
            {
                "format": FORMAT,
                "desa": self.desa,
                "period": self.period,
                "head": self.head,
                "frozen_at": self.frozen_at,
                "families": len(self.families),
            }
        )
        for family in sorted(self.families, key=lambda one: (one.rt, one.id)):
            yield canonical_json(_told(family))

    def body(self) -> bytes:
        """All lines, each ended by a line feed."""
        return b"".join(line + b"\n" for line in self.lines())


def hash_of(body: bytes) -> str:
    """The hash of a frozen village: SHA-256 of its body, lower-case hex."""
    return hashlib.sha256(body).hexdigest()


def thaw(body: bytes, expected_hash: str | None = None) -> FrozenVillage:
    """The village that a body holds.

    Raises `NotFrozen` where the bytes are no such body, or their hash is not the expected one.
    """
    if expected_hash is not None and hash_of(body) != expected_hash:
        raise NotFrozen("the bytes are not those that were signed")
    try:
        header, *families = [json.loads(line) for line in body.splitlines()]
        if header["format"] != FORMAT or header["families"] != len(families):
            raise NotFrozen("the header does not fit the families below it")
        return FrozenVillage(
            header["desa"],
            header["period"],
            header["head"],
            header["frozen_at"],
            tuple(map(_family, families)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NotFrozen("the bytes are no frozen village") from error


def _told(one: "FrozenFamily | FrozenMember | FrozenChild") -> dict[str, Json]:
    """As JSON; parts that are empty are left out, so that parts added later change no old hash."""
    told: dict[str, Json] = {}
    for part in fields(one):
        value = getattr(one, part.name)
        if isinstance(value, tuple):
            value = [_told(row) for row in value]
        elif isinstance(value, Mapping):
            value = dict(value)
        if value not in (None, False, [], {}):
            told[part.name] = value
    return told


def _family(raw: dict[str, Any]) -> FrozenFamily:
    members = tuple(map(_member, raw.get("members", ())))
    visits = tuple(map(_child, raw.get("visits", ())))
    known = {"doc": {}, **{k: v for k, v in raw.items() if k not in ("members", "visits")}}
    return FrozenFamily(**known, members=members, visits=visits)


def _member(raw: dict[str, Any]) -> FrozenMember:
    measurements = tuple(map(_child, raw.get("measurements", ())))
    known = {"doc": {}, **{k: v for k, v in raw.items() if k != "measurements"}}
    return FrozenMember(**known, measurements=measurements)


def _child(raw: dict[str, Any]) -> FrozenChild:
    return FrozenChild(raw["id"], raw.get("doc", {}))
