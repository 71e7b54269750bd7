"""I5 by experiment: the same questions to two servers that differ in what the phone may not see.

From one of them everything outside the phone's RTs is removed. If a single byte of an answer
changes, something outside has been told: a count, an error, a digest, a doubt.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import orjson

from api.simulation.asgi import Answered, Sent
from api.simulation.handset import Handset
from api.simulation.network import unpacked
from api.simulation.office import RTS
from api.simulation.world import World
from models.queries.whole_villages import forget_all_but, whole_register

STRANGER: Final = "0199dead-0000-7000-8000-000000000000"
"""An id that no record has."""
ASKED_MAX: Final = 4
OK: Final = 200


@dataclass(frozen=True, slots=True)
class _Asker:
    """A phone that sees a part of a village, and what its questions are about."""

    handset: Handset
    desa: str
    rts: frozenset[str]
    own: tuple[str, ...]
    foreign: tuple[str, ...]
    """Records outside its RTs."""

    def get(self, target: str) -> Sent:
        return Sent("GET", target, self._headers(), b"")

    def post(self, target: str, body: dict[str, object]) -> Sent:
        return Sent("POST", target, self._headers(), orjson.dumps({"desa": self.desa, **body}))

    def _headers(self) -> tuple[tuple[bytes, bytes], ...]:
        shown = self.handset.link.authorization
        return ((b"authorization", shown), (b"content-type", b"application/json"))


def judge_isolation(world: World, calm: Sequence[Handset]) -> None:
    """Try it with one phone that sees a part of its village."""
    askers = [asker for handset in calm if (asker := _asker(world, handset)) is not None]
    if not askers:
        return
    asker = world.chance.choice(askers)
    world.counts.add("isolations")
    world.server.keep("isolation")
    with_it = list(_answers(world, asker))
    world.server.bring_back("isolation")
    with world.server.database.writing() as session:
        forget_all_but(session, asker.desa, sorted(asker.rts))
    without = list(_answers(world, asker))
    world.server.bring_back("isolation")
    world.server.forget_files()
    for (question, one), (_, other) in zip(with_it, without, strict=True):
        if (one.status, _told(question, one)) != (other.status, _told(question, other)):
            name = asker.handset.name
            world.history.breaks([f"I5 {name}: {question.target} depends on what it may not see"])


def _told(question: Sent, answered: Answered) -> bytes:
    """What an answer says, but for positions: every change of the village moves them.

    Of work of one's own only its results are compared. It can settle whether somebody elsewhere
    bears the same No KK, and that a row is under review is for its collectors to know.
    """
    body = unpacked(answered.body)
    if answered.status != OK or question.target not in {"/v1/sync", "/v1/pull"}:
        return body
    told = orjson.loads(body)
    if question.target == "/v1/sync":
        return orjson.dumps(told["results"])
    told["cursor"].pop("at")
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS)


def _asker(world: World, handset: Handset) -> _Asker | None:
    account = handset.link.account
    for desa in handset.phone.status().villages:
        rts = world.office.rts_of(account, desa)
        if not rts:
            continue
        with world.server.database.reading() as session:
            # What was merged into another record is that record, wherever it once stood.
            rows = [row for row in whole_register(session) if row.desa == desa and not row.alias]
        own = [row.id for row in rows if row.rt in rts][:ASKED_MAX]
        foreign = [row.id for row in rows if row.rt not in rts][:ASKED_MAX]
        if own and foreign:
            return _Asker(handset, desa, rts, tuple(own), tuple(foreign))
    return None


def _answers(world: World, asker: _Asker) -> Iterator[tuple[Sent, Answered]]:
    """The same questions in the same order, with the same chance on the server's side."""
    world.server.forget_files()
    chance = world.server_chance.getstate()
    manifest = asker.get("/v1/manifest")
    told = world.server.deliver(manifest)
    yield manifest, told
    for question in _questions(asker, orjson.loads(unpacked(told.body))):
        yield question, world.server.deliver(question)
    world.server_chance.setstate(chance)


def _questions(asker: _Asker, manifest: dict[str, Any]) -> Iterator[Sent]:
    lane = [one for one in manifest["lanes"] if one["desa"] == asker.desa][-1]
    head = {"protocol": 1, "schema": 1, "epoch": manifest["epoch"], "lane": lane["lane"],
            "scope_version": manifest["scope_version"]}  # fmt: skip
    inside = min(asker.rts)
    # Who works in all RTs is asked about one that no family lives in yet.
    outside = next((rt for rt in RTS if rt not in asker.rts), "900/900")
    yield asker.post("/v1/pull", {**head, "pull": {"since": 0, "at": 0}})
    for target in ("", f"?rt={quote(inside, safe='')}", f"?rt={quote(outside, safe='')}"):
        yield asker.get(f"/v1/snapshots/{asker.desa}{target}")
    ids = [*asker.own, *asker.foreign, STRANGER]
    yield asker.post("/v1/records", {**head, "ids": ids})
    for rt in (inside, outside):
        yield asker.post("/v1/digest", {**head, "rt": rt, "digest": "0:" + "0" * 32})
        yield asker.post("/v1/digest", {**head, "rt": rt, "records": []})
    operations = list(_operations(asker))
    numbered = [{"seq": lane["last"] + n, **one} for n, one in enumerate(operations, start=1)]
    clock = {"wall": "2026-11-02T08:00:00+07:00", "mono": 9, "boot": "asks"}
    yield asker.post("/v1/sync", {**head, "clock": clock, "ops": numbered,
                                  "pull": {"since": 0, "at": 0}})  # fmt: skip


def _operations(asker: _Asker) -> Iterator[dict[str, object]]:
    """Work on records of others, which has to look like work on nothing at all."""
    clocked = {"mono": 5, "boot": "asks", "base": 0}
    for record in (*asker.foreign, STRANGER):
        edit = {**clocked, "id": record, "entity": "keluarga"}
        yield {**edit, "kind": "set", "set": {"luas_lantai": 21}}
        yield {**edit, "kind": "end", "end": "pindah", "date": "2026-11-02"}
        yield {**clocked, "id": STRANGER[:-1] + "1", "entity": "anggota", "kind": "create",
               "parent": record, "set": {}}  # fmt: skip
    for record in asker.own:
        yield {**clocked, "id": record, "entity": "anggota", "kind": "move",
               "parent": asker.foreign[0]}  # fmt: skip
