"""Requests with the device's token, repeated as long as that makes sense.

Two tokens may be good at once: a rotated one is used as soon as it is stored, and the old one stays
as a way back until the new one has worked, so a cut at any byte locks nobody out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TypeVar

from lokus_client.environment import Environment
from lokus_client.errors import LostAnswer, NotEnrolled, ServerBusy
from lokus_client.store import Store
from lokus_client.transport import Answer, Outgoing, Sink, Transport, json_request, refused
from lokus_client.values import JsonObject

RETRIES_MAX: Final = 2
"""Extra sends of one request; after that the session ends and the next one goes on."""
BACKOFF_S: Final = 2.0
WAIT_MAX_S: Final = 60.0
"""A server that asks for more is left alone until the next session."""
_UNAUTHORISED: Final = 401
_RANGE_NOT_SATISFIABLE: Final = 416

Result = TypeVar("Result")


@dataclass
class Traffic:
    """What one session has cost; ``last_ms`` is the time of the latest send."""

    requests: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    last_ms: int = 0


@dataclass
class Caller:
    """Sends requests for one session: the store has the tokens, the environment waits."""

    store: Store
    transport: Transport
    environment: Environment
    traffic: Traffic = field(default_factory=Traffic)

    def post(self, path: str, body: str, *, anonymous: bool = False) -> JsonObject:
        """POST a JSON text; the same bytes again after a 5xx or a lost answer."""
        outgoing = json_request("POST", path, body)
        return self._retrying(lambda: self._answered(outgoing, anonymous=anonymous).json_object())

    def get(self, path: str, **params: str) -> JsonObject:
        outgoing = Outgoing("GET", path, params=params)
        return self._retrying(lambda: self._answered(outgoing).json_object())

    def get_if_changed(self, path: str, etag: str | None) -> Answer:
        """Status 304 and no body if what the server has is still ``etag``."""
        outgoing = Outgoing("GET", path, headers={"If-None-Match": etag} if etag else {})
        return self._retrying(lambda: self._answered(outgoing))

    def download(self, path: str, **params: str) -> tuple[bytes, Answer]:
        """The raw bytes of a file; a download that broke off goes on where it stopped."""
        sink = Sink()

        def attempt() -> Answer:
            outgoing = Outgoing("GET", path, params=params, headers=sink.headers())
            answer = self._with_token(outgoing, sink)
            if answer.status == _RANGE_NOT_SATISFIABLE:
                sink.start_again()
                raise LostAnswer("the download has to start again")
            return _usable(answer)

        answer = self._retrying(attempt)
        return bytes(sink.content), answer

    def _answered(self, outgoing: Outgoing, *, anonymous: bool = False) -> Answer:
        return _usable(self._send(outgoing, None) if anonymous else self._with_token(outgoing))

    def _retrying(self, attempt: Callable[[], Result]) -> Result:
        for tried in range(RETRIES_MAX):
            try:
                return attempt()
            except LostAnswer:
                wait_s = BACKOFF_S * 2**tried * (0.5 + self.environment.fraction())
            except ServerBusy as busy:
                if busy.retry_after_s > WAIT_MAX_S:
                    raise
                # Whole villages were sent away at once: they must not come back at once.
                wait_s = busy.retry_after_s * (1 + 0.25 * self.environment.fraction())
            self.environment.sleep(wait_s)
        return attempt()

    def _with_token(self, outgoing: Outgoing, sink: Sink | None = None) -> Answer:
        token, successor = self.store.fact_text("token"), self.store.fact_text("token_next")
        if token is None:
            raise NotEnrolled
        if successor is None:
            return self._send(outgoing, token, sink)
        answer = self._send(outgoing, successor, sink)
        if answer.status == _UNAUTHORISED:
            answer = self._send(outgoing, token, sink)
            if answer.status != _UNAUTHORISED and answer.status < 500:
                self._keep_token(token)
        elif answer.status < 500:
            self._keep_token(successor)
        return answer

    def _keep_token(self, token: str) -> None:
        with self.store.writing("token"):
            self.store.remember(token=token, token_next=None)

    def _send(self, outgoing: Outgoing, token: str | None, sink: Sink | None = None) -> Answer:
        self.traffic.requests += 1
        self.traffic.bytes_up += len(outgoing.content)
        started_ms = self.environment.mono_ms()
        answer = self.transport.send(outgoing, token, sink)
        self.traffic.last_ms = self.environment.mono_ms() - started_ms
        self.traffic.bytes_down += answer.wire_bytes
        return answer


def _usable(answer: Answer) -> Answer:
    error = refused(answer)
    if error is not None:
        raise error
    return answer
