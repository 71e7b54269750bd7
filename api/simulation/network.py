"""The wire between phones and the server: what it loses, cuts, doubles, delays, and overhears.

Whatever the server says passes here before it may get lost, so here it is compared with what the
phone may see, and here is written down which operations an answer that arrived has acknowledged.
"""

import gzip
import hashlib
import heapq
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import httpx
import orjson
from typing_extensions import override

from api.simulation.asgi import Answered, Sent
from api.simulation.faults import Fault
from api.simulation.history import Notes
from api.simulation.model import foreign
from api.simulation.server import Server, ServerDied

_GZIP_MAGIC: Final = b"\x1f\x8b"
_ROW_LISTS: Final = {"/v1/sync": "changes", "/v1/pull": "changes", "/v1/records": "rows",
                     "/v1/digest": "rows", "/v1/push": "changes"}  # fmt: skip
_FAREWELL: Final = frozenset({"entity", "id", "seq", "leave"})
LATE_SECONDS_MAX: Final = 20 * 24 * 3600
"""A delayed copy of a request may turn up after days, when its phone has long gone on."""

Visible = Callable[[str, str, Sequence[str]], set[str]]
"""(account, village, ids) → those of the ids that the account may see at this moment."""


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad the wire is: the share of requests that meet a fault, and which faults there are."""

    share: float
    faults: tuple[tuple[Fault, int], ...]
    """With their weights."""

    def draw(self, chance: Random) -> Fault | None:
        if not self.faults or chance.random() >= self.share:
            return None
        names, weights = zip(*self.faults, strict=True)
        drawn: Fault = chance.choices(names, weights)[0]
        return drawn


FAIR: Final = Weather(0, ())
WEIGHTS: Final[Mapping[Fault, int]] = {
    Fault.LOST_REQUESTS: 3,
    Fault.LOST_ANSWERS: 5,
    Fault.CUT_ANSWERS: 4,
    Fault.DUPLICATES: 4,
    Fault.LATE_DUPLICATES: 5,
    Fault.BUSY: 1,
    Fault.SERVER_CRASHES: 2,
}


def weather(share: float, faults: frozenset[Fault]) -> Weather:
    """Weather of those among the faults that a wire can have."""
    return Weather(share, tuple((f, w) for f, w in WEIGHTS.items() if f in faults))


@dataclass(frozen=True, slots=True, order=True)
class _Late:
    due: float
    number: int
    account: str
    sent: Sent


@dataclass(frozen=True, slots=True)
class _Overheard:
    """An answer, and what the phone learns from it if it arrives."""

    whole: Answered
    hashes: Sequence[str] = ()
    """Of the operations that it acknowledges."""
    pulled_to: tuple[str, int] | None = None
    """(village, position) of a pull that is complete with it."""


class Network:
    """All wires of a run."""

    def __init__(self, server: Server, chance: Random, notes: Notes) -> None:
        self.server = server
        self.weather = FAIR
        self.visible: Visible = lambda _account, _desa, ids: set(ids)
        self.tick = 0
        self._chance = chance
        self._trace = notes.trace
        self._counts = notes.counts
        self._history = notes.history
        self._late: list[_Late] = []

    def call(
        self, account: str, sent: Sent, reached: dict[str, int] | None = None
    ) -> httpx.Response:
        """One request of somebody. Raises what httpx raises on a bad wire.

        ``reached``: written down there is where a pull ended whose answer arrives.
        """
        fault = self.weather.draw(self._chance)
        if fault is not None:
            self._counts.add(fault)
            self._trace.note(f"wire {fault}")
        self._stop_on_the_way(fault, account, sent)
        if fault is Fault.BUSY:
            return httpx.Response(503, headers={"Retry-After": "3"})
        answer = self._processed(account, sent, dies=fault is Fault.SERVER_CRASHES)
        if fault is Fault.LATE_DUPLICATES:
            self._delay(account, sent)
        if fault is Fault.DUPLICATES:
            answer = self._processed(account, sent) or answer
        if answer is None:
            raise httpx.ReadError("the server is gone")
        if fault is Fault.LOST_ANSWERS:
            raise httpx.ReadTimeout("the answer was lost")
        if fault is Fault.CUT_ANSWERS and answer.whole.body:
            return _cut(answer.whole, self._chance.randrange(len(answer.whole.body)))
        self._history.acknowledged(answer.hashes)
        if reached is not None and answer.pulled_to is not None:
            desa, at = answer.pulled_to
            reached[desa] = at
        return _whole(answer.whole)

    def _stop_on_the_way(self, fault: Fault | None, account: str, sent: Sent) -> None:
        """Some requests never arrive, or only after their sender has given up."""
        if fault is Fault.LOST_REQUESTS:
            raise httpx.ConnectTimeout("the request was lost")
        if fault is Fault.LATE_DUPLICATES and self._chance.random() < 0.5:
            self._delay(account, sent)
            raise httpx.ReadTimeout("the request is still under way")

    def deliver_late(self, *, everything: bool = False) -> None:
        """Let delayed copies arrive whose time has come; their answers reach nobody."""
        now = self.server.clock.now().timestamp()
        while self._late and (everything or self._late[0].due <= now):
            late = heapq.heappop(self._late)
            self._counts.add("late-deliveries")
            self._trace.note(f"late {late.sent.path}")
            self._processed(late.account, late.sent)

    def _delay(self, account: str, sent: Sent) -> None:
        wait = self._chance.random() ** 4 * LATE_SECONDS_MAX
        due = self.server.clock.now().timestamp() + wait
        self.tick += 1
        heapq.heappush(self._late, _Late(due, self.tick, account, sent))

    def _processed(self, account: str, sent: Sent, *, dies: bool = False) -> _Overheard | None:
        """What the server makes of it; ``None`` if it died over it."""
        self.tick += 1
        if dies:
            database = self.server.database
            database.commits_left = self._chance.choice((1, 1, 1, 2))
            database.death = self._chance.choice(("before-commit", "after-commit", "after-commit"))
        try:
            answer = self.server.deliver(sent)
        except ServerDied:
            self._trace.note(f"{sent.method} {sent.target} the server died", unpacked(sent.body))
            return None
        self.server.database.death = None
        return self._overhear(account, sent, answer)

    def _overhear(self, account: str, sent: Sent, answer: Answered) -> _Overheard:
        asked, body = unpacked(sent.body), unpacked(answer.body)
        event = f"{account} {sent.method} {sent.target} → {answer.status}"
        self._trace.note(event, asked + b"\x1d" + body)
        self._counts.add("requests")
        if answer.status >= 500:
            self._history.breaks([f"I8 {event}: the server failed"])
        if answer.status >= 400:
            code = str(orjson.loads(body)["type"])
            self._trace.note(code)
            self._counts.add("forks" if code == "lane-forked" else code)
        if answer.status != 200:
            return _Overheard(answer)
        if sent.path.startswith("/v1/snapshots/"):
            rows = [orjson.loads(line) for line in body.splitlines()]
            self._compare(account, sent.path.rsplit("/", 1)[1], rows)
        elif sent.path in _ROW_LISTS:
            told = orjson.loads(body)
            request = json.loads(asked)
            self._compare(account, request["desa"], told.get(_ROW_LISTS[sent.path], ()))
            return self._overhear_sync(answer, request, told)
        return _Overheard(answer)

    def _overhear_sync(
        self, answer: Answered, request: dict[str, Any], told: dict[str, Any]
    ) -> _Overheard:
        """What a push or a pull says of operations, tokens and the cursor."""
        acked = told.get("acked", 0)
        hashes = [operation_hash(one) for one in request.get("ops", ()) if one["seq"] <= acked]
        self._history.taken(hashes, self.tick)
        self._counts.add("token-rotations", "token" in told)
        for entry in told.get("results", ()):
            self._counts.add("duplicates-answered", entry["outcome"] == "duplicate")
        cursor = told.get("cursor")
        if cursor is None or told.get("scope") == "changed":
            return _Overheard(answer, hashes)
        self._counts.add("paged-pulls", cursor["more"])
        pulled_to = None if cursor["more"] else (request["desa"], cursor["at"])
        return _Overheard(answer, hashes, pulled_to)

    def _compare(self, account: str, desa: str, rows: Iterable[dict[str, Any]]) -> None:
        """Whatever is told of a record lies in the scope; a farewell says nothing but its place."""
        ids = [row["id"] for row in rows if not row.get("leave")]
        talkative = [row["id"] for row in rows if row.get("leave") and row.keys() - _FAREWELL]
        if ids:
            visible = self.visible(account, desa, ids)
            self._history.breaks(list(foreign(ids, visible, account)))
        for one in talkative:
            self._history.breaks([f"I5 {account} was told of {one}, which has left"])


class Link(httpx.BaseTransport):
    """The wire of one phone: what `lokus_client` is given in place of the network."""

    def __init__(self, network: Network, account: str, *, packs: bool) -> None:
        """``packs``: this phone lets answers be gzipped, as real ones do."""
        self._network = network
        self._packs = packs
        self.account = account
        self.requests = 0
        self.reached: dict[str, int] = {}
        """Village → where its last complete pull ended."""
        self.authorization = b""
        """As the phone last showed it."""

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        headers = tuple(
            (name, value)
            for name, value in request.headers.raw
            if self._packs or name.lower() != b"accept-encoding"
        )
        shown = request.headers.get("authorization")
        self.authorization = self.authorization if shown is None else shown.encode()
        sent = Sent(request.method, request.url.raw_path.decode(), headers, request.read())
        return self._network.call(self.account, sent, self.reached)


class _Torn(httpx.SyncByteStream):
    """A body that ends in the middle, because the wire did."""

    def __init__(self, beginning: bytes) -> None:
        self._beginning = beginning

    @override
    def __iter__(self) -> Iterator[bytes]:
        if self._beginning:
            yield self._beginning
        raise httpx.ReadError("cut")


def _whole(answer: Answered) -> httpx.Response:
    stream = httpx.ByteStream(answer.body)
    return httpx.Response(answer.status, headers=answer.headers, stream=stream)


def _cut(answer: Answered, size_bytes: int) -> httpx.Response:
    stream = _Torn(answer.body[:size_bytes])
    return httpx.Response(answer.status, headers=answer.headers, stream=stream)


def operation_hash(operation: Mapping[str, object]) -> str:
    """SHA-256 over the operation without its place; our texts have one JSON form anyway."""
    bare = {key: value for key, value in operation.items() if key != "seq"}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def unpacked(body: bytes) -> bytes:
    """A body as it was before it was gzipped, if it was."""
    return gzip.decompress(body) if body.startswith(_GZIP_MAGIC) else body
