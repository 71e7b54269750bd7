"""Freezing what a person did into one operation.

An operation is finished in one step: stamped with the phone's clock, written in canonical form and
stored. From then on its bytes never change; only its place in the lane may.
"""

from dataclasses import dataclass
from typing import Final

from lokus_client import clocks, outbox, shown, villages
from lokus_client.canonical import canonical_text
from lokus_client.environment import Environment
from lokus_client.errors import InvalidEdit
from lokus_client.fieldtable import FieldTable
from lokus_client.ids import RANDOM_BYTES, uuid7
from lokus_client.overlay import RecordView
from lokus_client.store import Store
from lokus_client.values import JsonObject

OPERATION_BYTES_MAX: Final = 128 * 1024
"""Half a push: whatever is frozen can also be sent."""


@dataclass(frozen=True)
class Queued:
    """An operation that is now safe on this phone.

    ``id`` is the record's; ``seq`` may change if the lane has to be opened anew, ``hash`` never
    does.
    """

    id: str
    desa: str
    lane: str
    seq: int
    hash: str


@dataclass(frozen=True)
class Capture:
    """Everything that freezing needs to know of the phone."""

    store: Store
    environment: Environment
    fields: FieldTable
    zone_name: str | None

    def new_id(self) -> str:
        return uuid7(self.environment.unix_ms(), self.environment.random(RANDOM_BYTES))

    def view(self, record: str) -> RecordView:
        """The record as shown, aliases followed. Raises ``UnknownRecord``."""
        return shown.view(self.store, self.fields, record)

    def freeze(self, desa: str, operation: JsonObject, *, observed: str | None = None) -> Queued:
        """Stamp, store and queue; ``operation`` has kind, entity, id, base and its own keys."""
        with self.store.writing("capture"):
            day = observed or clocks.local_day(self.store, self.environment, self.zone_name)
            stamped: JsonObject = {
                **operation,
                "mono": clocks.tick(self.store, self.environment),
                "boot": self.environment.boot,
            }
            if day is not None:
                stamped["observed"] = day
            return self.freeze_raw(desa, stamped)

    def freeze_raw(self, desa: str, operation: JsonObject) -> Queued:
        """Queue an operation exactly as given, less ``seq``."""
        body = canonical_text({key: value for key, value in operation.items() if key != "seq"})
        if len(body.encode()) > OPERATION_BYTES_MAX:
            raise InvalidEdit(f"one operation holds at most {OPERATION_BYTES_MAX} bytes")
        if villages.find(self.store, desa) is None:
            raise InvalidEdit(f"this phone does not work in village {desa}")
        kind, entity, record = (str(operation.get(key, "")) for key in ("kind", "entity", "id"))
        with self.store.writing("capture"):
            held = outbox.append(self.store, desa, kind, entity, record, body)
        return Queued(record, desa, held.lane, held.seq, held.hash)
