"""A batch of operations as it came, read before any lane is locked or any row is loaded.

Reading gives every element its place in the lane, its hash and its parsed form, and says which
records the merge will have to see. An element that cannot be read keeps its place: it will be
quarantined there, and the lane moves on.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from sync.canonical import SAFE_INTEGER_MAX, NotCanonical, canonical_json
from sync.operation import Kind, Operation, is_uuid, parse_operation
from sync.types import Problem, Refusal
from sync.workspace import IDENTITY_GROUPS

OPERATIONS_PER_PUSH_MAX: Final = 500
Canonical: TypeAlias = Callable[[object], bytes]
"""Writes canonical JSON, or raises `NotCanonical`."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """One element of ``ops``: ``seq`` is ``None`` where only the lane's end can give it one."""

    seq: int | None
    hash: bytes
    body: str
    """Canonical JSON without ``seq``; for what has none, ``{"unreadable": "as it looked"}``."""
    parsed: Operation | Refusal
    named: str | None = None
    """The record that even an unreadable operation names: later ones may depend on it."""
    creates: bool = False


def read_batch(
    elements: Sequence[object], *, server_lane: bool = False, canonical: Canonical = canonical_json
) -> tuple[Incoming, ...]:
    """Read ``ops`` in order. Never raises: what cannot be read says so in ``parsed``.

    ``canonical`` may be anything that does what `canonical_json` does.
    """
    return tuple(
        _read(element, seq, canonical, server_lane=server_lane)
        for element, seq in zip(elements, _places(elements), strict=True)
    )


def _places(elements: Sequence[object]) -> list[int | None]:
    """Where each element belongs: one without a readable ``seq`` follows its predecessor.

    Those before the first readable one are counted backwards from it, so that the same batch sent
    again finds them at the same places.
    """
    given = [_seq_of(element) for element in elements]
    first, known = next(((i, seq) for i, seq in enumerate(given) if seq is not None), (0, None))
    if known is None:
        return given
    places: list[int | None] = []
    place = known - first - 1
    for seq in given:
        place = seq if seq is not None else place + 1
        places.append(place)
    return places


def _seq_of(element: object) -> int | None:
    seq = element.get("seq") if isinstance(element, dict) else None
    return seq if type(seq) is int and 0 < seq <= SAFE_INTEGER_MAX else None


def _read(element: object, seq: int | None, canonical: Canonical, *, server_lane: bool) -> Incoming:
    if not isinstance(element, dict):
        return _unreadable(element, seq, Refusal(Problem.MALFORMED, "an operation is an object"))
    bare = {key: value for key, value in element.items() if key != "seq"}
    record, creates = bare.get("id"), bare.get("kind") == Kind.CREATE
    named = record if is_uuid(record) else None
    try:
        body = canonical(bare)
    except NotCanonical as problem:
        return _unreadable(bare, seq, Refusal(Problem.MALFORMED, str(problem)), named, creates)
    parsed = (
        parse_operation(bare, seq, server_lane=server_lane)
        if seq is not None and _seq_of(element) == seq
        else Refusal(Problem.MALFORMED, "seq is a positive integer")
    )
    return Incoming(seq, hashlib.sha256(body).digest(), body.decode(), parsed, named, creates)


def _unreadable(
    element: object,
    seq: int | None,
    refusal: Refusal,
    named: str | None = None,
    creates: bool = False,
) -> Incoming:
    """Keep what was sent as text that can be stored anywhere and hashed again alike."""
    body = canonical_json({"unreadable": rendering(element)})
    return Incoming(seq, hashlib.sha256(body).digest(), body.decode(), refusal, named, creates)


def rendering(value: object) -> str:
    """JSON-like ASCII text of anything a JSON parser returns, however deep or odd.

    Equal values have equal renderings and different values different ones.
    """
    written: list[str] = []
    # What is still to be written, last first: text as it is, or a value in a tuple of its own.
    todo: list[str | tuple[object]] = [(value,)]
    while todo:
        item = todo.pop()
        if isinstance(item, str):
            written.append(item)
            continue
        (inner,) = item
        if isinstance(inner, dict):
            members = [
                (f"{json.dumps(str(key))}:", (inner[key],)) for key in sorted(inner, key=str)
            ]
            todo += _enclosed("{", members, "}")
        elif isinstance(inner, list):
            todo += _enclosed("[", [("", (element,)) for element in inner], "]")
        elif isinstance(inner, int) and abs(inner) > SAFE_INTEGER_MAX:
            # Python refuses to write integers of many thousand decimal digits, but not these.
            written.append(hex(inner))
        else:
            written.append(json.dumps(inner, default=lambda odd: type(odd).__name__))
    return "".join(written)


def _enclosed(
    opening: str, members: Sequence[tuple[str, tuple[object]]], closing: str
) -> list[str | tuple[object]]:
    todo: list[str | tuple[object]] = [closing]
    for index, (name, value) in enumerate(reversed(members)):
        todo += ["," if index else "", value, name]
    return [*todo, opening]


@dataclass(frozen=True, slots=True)
class Needs:
    """What has to be loaded before the batch can be decided.

    Records that are aliases bring those that they lead to, and records that were ever disputed
    bring their conflicts. The conflict that a `resolve` settles or undoes names further records:
    its twin, and the families that its candidates propose.
    """

    records: frozenset[str]
    """Targets, parents and merge partners."""
    kin_of: frozenset[str]
    """Families and persons whose rows beneath may move with them."""
    niks: frozenset[str]
    """Whoever bears one of these may turn out to be one person; their kin is needed as well."""
    no_kks: frozenset[str]
    identity_of: frozenset[str]
    """Records whose present NIK or No KK matters because the batch may change who shares it."""


def needs_together(listed: Sequence[Needs]) -> Needs:
    """What has to be loaded before any of several batches can be decided."""
    if len(listed) == 1:
        return listed[0]
    return Needs(
        records=frozenset[str]().union(*(one.records for one in listed)),
        kin_of=frozenset[str]().union(*(one.kin_of for one in listed)),
        niks=frozenset[str]().union(*(one.niks for one in listed)),
        no_kks=frozenset[str]().union(*(one.no_kks for one in listed)),
        identity_of=frozenset[str]().union(*(one.identity_of for one in listed)),
    )


def needs(batch: Iterable[Incoming]) -> Needs:
    """Collect, over the whole batch, the ids and natural keys that the merge looks at."""
    records: set[str] = set()
    kin: set[str] = set()
    identity: set[str] = set()
    keys: dict[str, set[str]] = {"nik": set(), "no_kk": set()}
    for incoming in batch:
        if incoming.named is not None:
            records.add(incoming.named)
        operation = incoming.parsed
        if isinstance(operation, Refusal):
            continue
        records.update(other for other in (operation.parent, operation.partner) if other)
        settles = operation.kind in (Kind.MOVE, Kind.RESOLVE)
        tells_identity = not IDENTITY_GROUPS.isdisjoint(operation.assign)
        if settles or tells_identity or "alamat" in operation.assign:
            kin.add(operation.id)
        if settles or tells_identity or operation.kind is Kind.END:
            identity.add(operation.id)
        for group, found in keys.items():
            number = operation.assign.get(group, {}).get(group)
            if isinstance(number, str):
                found.add(number)
    return Needs(
        records=frozenset(records),
        kin_of=frozenset(kin),
        niks=frozenset(keys["nik"]),
        no_kks=frozenset(keys["no_kk"]),
        identity_of=frozenset(identity),
    )
