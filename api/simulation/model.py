"""The promises, stated once more and on their own: what a run's history must look like.

Nothing here knows how the engine works. A history goes in (what people stated and had been shown,
what phones were told, what the log holds, what lies on phones and server in the end), sentences
about broken promises come out. The numbers are those of the protocol's invariants.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from api.simulation.evidence import Captures, Element, Logged, Statement

MERGED = frozenset({"applied", "no-op", "conflict"})
"""Outcomes of a statement that takes part in what a group says now."""


def lost_acknowledged(acked: Iterable[str], logged: Iterable[Logged]) -> Iterator[str]:
    """I1, at any moment of an epoch: whatever was acknowledged is in the log."""
    present = {one.hash for one in logged}
    for one in sorted(set(acked) - present):
        yield f"I1 acknowledged and not in the log: {one}"


def lost_in_the_end(captures: Captures, logged: Sequence[Logged]) -> Iterator[str]:
    """I1 and I8, once everything has drained: whatever some phone kept has arrived."""
    present = {one.hash for one in logged}
    for one in captures.expected():
        if one not in present:
            told = "I1 acknowledged" if one in captures.acked else "I8 never acknowledged"
            yield f"{told}, kept by its phone, and not in the log: {one}"


def told_falsely(logged: Iterable[Logged]) -> Iterator[str]:
    """I4: the log keeps every operation as it was entered."""
    for one in logged:
        if one.hash != one.body_hash:
            yield f"I4 the log's body of {one.lane}:{one.seq} is not what was entered"


def repeated(logged: Iterable[Logged]) -> Iterator[str]:
    """I2: per device and operation one line that took effect."""
    counted = Counter(
        (one.lineage, one.desa, one.hash) for one in logged if one.outcome != "duplicate"
    )
    for (lineage, _, hash_), times in counted.items():
        if times > 1:
            yield f"I2 {hash_} of device {lineage} took effect {times} times"


def holes(logged: Iterable[Logged], ends: Mapping[str, int], captures: Captures) -> Iterator[str]:
    """I6: a lane is 1, 2, 3 … to its end, and each life's work stands in it in order."""
    lanes: defaultdict[str, list[Logged]] = defaultdict(list)
    for one in logged:
        lanes[one.lane].append(one)
    for name, end in ends.items():
        lane = sorted(lanes[name], key=lambda one: one.seq)
        if [one.seq for one in lane] != list(range(1, end + 1)):
            yield f"I6 lane {name} ends at {end} and holds {[one.seq for one in lane]}"
        latest: dict[int, int] = {}
        for one in lane:
            life, position = captures.life.get(one.hash, (0, 0))
            if one.hash in captures.life and latest.get(life, 0) >= position:
                yield f"I6 lane {name} holds {one.seq} out of the order of its making"
            latest[life] = max(position, latest.get(life, 0))


def unlike(held: Mapping[str, str], projected: Mapping[str, str], phone: str) -> Iterator[str]:
    """I3: a phone's copy is the server's rows of its scope. Both: id → canonical text."""
    for one in sorted(held.keys() | projected.keys()):
        if held.get(one) != projected.get(one):
            yield f"I3 {phone} holds {held.get(one)} where the server has {projected.get(one)}"


def undelivered(
    held: Mapping[str, int], rows: Mapping[str, int], since: int, phone: str
) -> Iterator[str]:
    """I7: after a complete pull up to ``since`` no older row of the scope is missing or stale.

    Both: id → seq; what changed after ``since`` may or may not have come already.
    """
    for one, seq in rows.items():
        if seq <= since and held.get(one) != seq:
            yield f"I7 {phone} pulled to {since} and holds {one} at {held.get(one)}, not {seq}"
    for one in held.keys() - rows.keys():
        if held[one] <= since:
            yield f"I7 {phone} pulled to {since} and still holds {one}, which is not its own"


def foreign(told: Collection[str], visible: Collection[str], phone: str) -> Iterator[str]:
    """I5: rows of an answer whose records lie outside the phone's scope at that moment."""
    for one in sorted(set(told) - set(visible)):
        yield f"I5 {phone} was sent {one}, which lies outside its scope"


def live_claims(
    statements: Iterable[Statement],
    outcomes: Mapping[str, Logged],
    shown: Mapping[tuple[str, str], Collection[str]],
    *,
    exactly: bool,
) -> Iterator[str]:
    """I4: what a group says, questions included, is what nobody knew when they said otherwise.

    ``shown``: (record, group) → the current value and every candidate of its open conflict. Not
    ``exactly``: a restore may have made the server forget who knew what, so it may ask too much,
    but never too little.
    """
    by_place: defaultdict[tuple[str, str], list[Statement]] = defaultdict(list)
    for one in _knowing_all(statements):
        logged = outcomes.get(one.hash)
        if logged is not None and logged.of(one.group) in MERGED:
            by_place[one.record, one.group].append(one)
    for place in sorted(by_place.keys() & shown.keys()):
        stated, found = by_place[place], set(shown[place])
        known = frozenset[str]().union(*(one.knew for one in stated))
        live = {one.value for one in stated} - known
        if missing := sorted(live - found):
            yield f"I4 {place}: {missing} was overwritten by somebody who had not seen it"
        if exactly and (extra := sorted(found - live)):
            yield f"I4 {place}: a question about {extra}, which its successor had seen"


def _knowing_all(statements: Iterable[Statement]) -> Iterator[Statement]:
    """Who knew a value knew what its author had known, even where a restore undid that value."""
    knew: dict[str, frozenset[str]] = {}
    for one in statements:
        knew[one.value] = one.knew.union(*(knew.get(value, ()) for value in one.knew))
        yield replace(one, knew=knew[one.value])


def lost_elements(
    elements: Iterable[Element],
    outcomes: Mapping[str, Logged],
    present: Mapping[tuple[str, str], Collection[str]],
) -> Iterator[str]:
    """I4 for sets: what was added stays until somebody who may have known of it takes it out."""
    merged = [
        one for one in elements if (e := outcomes.get(one.hash)) and e.of(one.group) in MERGED
    ]
    removals: defaultdict[tuple[str, str, str], set[str]] = defaultdict(set)
    for one in merged:
        if not one.added:
            removals[one.record, one.group, one.element] |= one.knew
    for one in merged:
        place = (one.record, one.group)
        known = one.hash in removals[*place, one.element]
        if one.added and not known and one.element not in present.get(place, {one.element}):
            yield f"I4 {place}: {one.element} vanished though nobody who knew took it out"


def chatter(requests: int, villages: int, phone: str) -> Iterator[str]:
    """I9: with nothing to say, one request a village."""
    if requests > villages:
        yield f"I9 {phone} sends {requests} requests for {villages} villages after all is calm"
