"""Phones for the state machine: an outbox, a copy, and the recoveries that the protocol asks for.

What they do follows the protocol's page and nothing of ours. Every answer is checked on the spot: a
batch is acknowledged as a whole, an answer once given stays, a complete pull brings everything.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from typing_extensions import override

from models.queries.whole_villages import StoredRow, whole_register
from tests.api.calling import Answer
from tests.api.copies import Copy
from tests.api.device import Device, Operation, answered
from tests.api.world import World
from tests.end_to_end.sending import hash_of

TRIES_MAX = 4
"""Refusals in a row that a phone puts right: epoch, scope, and what they bring to light."""
OPERATIONS_MAX = 500


@dataclass
class PlacedCopy(Copy):
    """A copy that also remembers where an alias stands; it counts in the digest of that RT."""

    places: dict[str, str] = field(default_factory=dict)

    @override
    def take(self, rows: Iterable[Mapping[str, Any]]) -> None:
        told = list(rows)
        self.places |= {row["id"]: row["rt"] for row in told if "alias" in row}
        super().take(told)

    @override
    def rt_of(self, row: Mapping[str, Any]) -> str:
        return self.places[row["id"]] if "alias" in row else super().rt_of(row)


@dataclass
class Handset:
    """One phone. `held` is all that it ever captured, `waiting` what nobody acknowledged yet.

    `rts` are its account's at the office, all of the village where there are none.
    """

    world: World
    device: Device
    epoch: str
    rts: frozenset[str] | None
    copy: PlacedCopy = field(default_factory=PlacedCopy)
    held: list[Operation] = field(default_factory=list)
    waiting: list[Operation] = field(default_factory=list)
    acked_to: int = 0
    outcomes: dict[str, str] = field(default_factory=dict)
    """Hash of what was acknowledged → what it was answered first."""

    def capture(self, operation: Operation) -> None:
        self.held.append(operation)
        self.waiting.append(operation)

    def base(self, record: str) -> int:
        row = self.copy.rows.get(record)
        return 0 if row is None else int(row["seq"])

    def known(self, entity: str) -> list[str]:
        """Records that its owner can work on, in the order of ids."""
        rows = self.copy.rows.values()
        shown = {row["id"] for row in rows if row["entity"] == entity and "alias" not in row}
        own = {one["id"] for one in self.waiting if one["entity"] == entity}
        return sorted(shown | own)

    # Sessions -----------------------------------------------------------------------------

    def sync(
        self, operations: int = OPERATIONS_MAX, *, loses_answer: bool = False, **limits: int
    ) -> dict[str, Any]:
        """Offer a batch and take the first page; put right what is refused on the way."""
        for _ in range(TRIES_MAX):
            batch = self.waiting[:operations]
            answer = self._exchange(batch, loses_answer=loses_answer, **limits)
            if answer.status == 409:
                self._recover(answer)
                continue
            told = answered(answer)
            self._acknowledged(batch, told)
            if told.get("scope") != "changed":
                assert told.get("digest_ok") is not False, told
                self._take_page(told)
                return told
            self._take_new_scope()
        raise AssertionError("the phone was refused again and again")

    def pull(self, **limits: int) -> None:
        """One more page, from where the copy stands."""
        answer = self.device.post("/v1/pull", self._body(pull=self._cursor() | limits))
        if answer.status == 409:
            self._recover(answer)
        else:
            self._take_page(answered(answer))

    def finish(self) -> None:
        """Offer everything and pull to the end."""
        self.sync()
        while self.waiting or self.copy.since != self.copy.at:
            self.sync()

    def agree(self) -> None:
        """Nobody has anything more to say: every digest can be compared, and is the same."""
        verdict = self.sync().get("digest_ok")
        assert verdict is True or not self.copy.rows, verdict

    def _exchange(self, batch: Sequence[Operation], *, loses_answer: bool, **limits: int) -> Answer:
        extra: dict[str, object] = {"pull": self._cursor() | limits}
        if self.copy.since == self.copy.at > 0:
            extra["digest"] = self.copy.digests()
        body = self._body(batch, **extra)
        answer = self.device.post("/v1/sync", body)
        if answer.status != 200 or not loses_answer:
            return answer
        # The same bytes again: I2 and the stored answers.
        repeated = self.device.post("/v1/sync", body)
        results = answered(repeated)["results"]
        assert {one["outcome"] for one in results} <= {"duplicate"}
        assert first_outcomes(batch, repeated.json()) == first_outcomes(batch, answer.json())
        assert len(results) == len(batch)
        return repeated

    def _body(self, batch: Sequence[Operation] | None = None, **keys: object) -> dict[str, Any]:
        return self.device.body(batch, epoch=self.epoch, **keys)

    def _cursor(self) -> dict[str, int]:
        return {"since": self.copy.since, "at": self.copy.at}

    def _acknowledged(self, batch: Sequence[Operation], told: dict[str, Any]) -> None:
        if not batch:
            return
        assert told["acked"] >= batch[-1]["seq"], told
        for operation, outcome in zip(batch, first_outcomes(batch, told), strict=True):
            first = self.outcomes.setdefault(hash_of(operation), outcome)
            # Only a person changes an answer, by letting something out of quarantine.
            assert first in {outcome, "quarantined"}, (first, outcome)
        self.acked_to = max(self.acked_to, int(batch[-1]["seq"]))
        self.waiting = self.waiting[len(batch) :]

    def _take_page(self, told: dict[str, Any]) -> None:
        is_last = self.copy.take_page(told)
        assert not self.copy.missing
        if is_last:
            self.assert_copy_is_whole()

    # Recoveries ---------------------------------------------------------------------------

    def fork(self, repeats: int) -> None:
        """A new lane behind the last acknowledged operation; some are offered once more in it."""
        parent = {"lane": self.device.lane, "seq": self.acked_to}
        answer = self.device.post("/v1/lanes", {"desa": self.device.desa, "parent": parent})
        assert answer.status == 201, answer
        done = self.held[: len(self.held) - len(self.waiting)]
        again = [*done[max(0, len(done) - repeats) :], *self.waiting]
        renumbered = [one | {"seq": seq} for seq, one in enumerate(again, start=1)]
        self.device.lanes, self.device.last = [answer.json()], len(again)
        self.waiting, self.acked_to = renumbered, 0

    def _recover(self, answer: Answer) -> None:
        match answer.problem:
            case "epoch-changed":
                # The copy is gone, and everything that is held is offered again.
                self.epoch = self._manifest()["epoch"]
                self.copy = PlacedCopy()
                self.fork(repeats=len(self.held))
            case "scope-changed":
                self._take_new_scope()
            case refusal:
                raise AssertionError((refusal, answer.body))

    def _take_new_scope(self) -> None:
        """Other RTs: begin with a snapshot of what may be seen now."""
        self._manifest()
        self.copy = PlacedCopy()
        self.copy.load(self.device, f"/v1/snapshots/{self.device.desa}")
        self.assert_copy_is_whole()

    def _manifest(self) -> dict[str, Any]:
        lane = self.device.lane
        told = self.device.manifest()
        # A device keeps to its newest lane; those before it are listed, too.
        self.device.lanes = [one for one in self.device.lanes if one["lane"] == lane]
        return told

    # What has to be true ------------------------------------------------------------------

    def assert_copy_is_whole(self) -> None:
        """I3, I5 and I7: the copy is what the server has in this scope, no more and no less."""
        with self.world.database.reading() as session:
            stored = [row for row in whole_register(session) if row.desa == self.device.desa]
        seen = [row for row in stored if self.rts is None or row.rt in self.rts]
        assert self.copy.rows == {row.id: _told(row) for row in seen}


def first_outcomes(batch: Sequence[Operation], told: Mapping[str, Any]) -> list[str]:
    """What each of a batch was answered the first time; what is not listed was applied."""
    listed = {one["seq"]: one.get("original", one["outcome"]) for one in told["results"]}
    return [listed.get(one["seq"], "applied") for one in batch]


def _told(row: StoredRow) -> dict[str, Any]:
    """A row as it has to stand in a copy."""
    told: dict[str, Any] = {"entity": row.entity, "id": row.id, "seq": row.seq}
    if row.alias is not None:
        return told | {"alias": row.alias}
    if row.ended is not None:
        told["end"] = row.ended
    if row.review:
        told["review"] = row.review
    return told | {"doc": row.doc, "parent": row.parent}
