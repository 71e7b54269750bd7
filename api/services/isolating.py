"""A batch that the server cannot take, in parts: what nobody can merge must not stop a phone.

Whatever is wrong with an operation is found while it is read or decided, so a failure beyond that
is a mistake of ours. A phone would offer the same bytes for ever. So the batch is tried once more
and then halved, until the one operation that fails alone is set aside as `internal`; all others
take their places before and after it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Protocol

import structlog

from api.errors import AppError
from api.services.syncing import Synced
from models.database import Busy, StorageFull
from sync.batch import Incoming
from sync.types import Problem, Record, Refusal

INTERNAL: Final = Refusal(Problem.INTERNAL, "the server could not take this; it is kept")

_EXPECTED = (AppError, Busy, StorageFull)
_log = structlog.get_logger("sync")


class Attempt(Protocol):
    """One transaction for a batch or a part of it; committed when it returns."""

    def __call__(self, batch: Sequence[Incoming], /, *, in_parts: bool) -> Synced:
        """``in_parts``: the answer is of no interest, so nothing needs to be pulled for it."""
        ...


def push_through(attempt: Attempt, batch: Sequence[Incoming]) -> Synced:
    """The answer to the whole batch, whatever it took to get it in.

    Raises what `attempt` does where no operation can be the reason. After a batch went in by
    parts, its answer calls every operation a duplicate and tells the original outcome.
    """
    for _ in range(2):
        try:
            return attempt(batch, in_parts=False)
        except _EXPECTED:
            raise
        except Exception as error:  # noqa: BLE001 (a mistake of ours may be of any kind)
            _log.error("batch failed", operations=len(batch), kind=type(error).__qualname__)
    niks = _push_parts(attempt, batch)
    synced = attempt(batch, in_parts=False)
    return replace(synced, niks=(*niks, *synced.niks))


def _push_parts(attempt: Attempt, batch: Sequence[Incoming]) -> tuple[Record, ...]:
    """Commit the batch in ever smaller parts, in order; returns the persons that changed."""
    try:
        return attempt(batch, in_parts=True).niks
    except _EXPECTED:
        raise
    except Exception:  # noqa: BLE001 (as above, and logged there)
        if len(batch) > 1:
            middle = len(batch) // 2
            before = _push_parts(attempt, batch[:middle])
            return before + _push_parts(attempt, batch[middle:])
    (one,) = batch
    _log.error("operation set aside", seq=one.seq)
    return attempt([replace(one, parsed=INTERNAL)], in_parts=True).niks
