"""What can go wrong, as types. Nothing here ever means that captured work was thrown away.

``Mistake`` and below: the caller asked for something impossible; nothing was stored.
``ExchangeFailed`` and below: the link or the server did not let a request through; what was
captured is still held, and the next ``sync`` goes on where this one stopped.
"""

from collections.abc import Mapping

from lokus_client.values import Json


class LokusError(Exception):
    """Every error that this package raises on purpose."""


class Mistake(LokusError):
    """The call cannot be carried out as asked; nothing was stored."""


class NotEnrolled(Mistake):
    """The store belongs to no device yet."""

    def __init__(self) -> None:
        super().__init__("this store is not enrolled: run enrol with a code first")


class UnknownRecord(Mistake):
    """No record of that id is on this phone, neither as a copy nor as pending work."""


class InvalidEdit(Mistake):
    """A field, a kind or a value that no operation can carry."""


class NotCanonical(Mistake):
    """The value has no canonical JSON form: NaN, infinity, lone surrogate, foreign type."""


class StoreFailed(LokusError):
    """The phone's storage refused: full, locked or damaged. What was stored before still is."""


class StoreTooNew(LokusError):
    """The store was written by a later version of this package; it is left as it is."""


class ExchangeFailed(LokusError):
    """A request did not end in a usable answer. ``code`` is stable and fit for a log."""

    code = "failed"


class LostAnswer(ExchangeFailed):
    """No answer, half an answer or a 5xx: nothing is known, nothing was acknowledged."""

    code = "offline"


class Unreachable(LostAnswer):
    """There was not even a connection, so nothing was sent."""


class ServerBusy(ExchangeFailed):
    """503 or 429: the server asks to come back after ``retry_after_s`` seconds."""

    code = "busy"

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"the server is busy; it asks to wait {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s


class ServerProblem(ExchangeFailed):
    """An RFC 9457 problem: ``code`` is its ``type``, ``extra`` its further members."""

    def __init__(self, status: int, code: str, detail: str, extra: Mapping[str, Json]) -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.status = status
        self.code = code
        self.detail = detail
        self.extra = extra


class NoProgress(ExchangeFailed):
    """The server answers, but in a way that would repeat for ever; the session ends here."""

    code = "no-progress"
