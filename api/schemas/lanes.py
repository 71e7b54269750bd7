"""What phones send beside their batches: lanes to open, rows to repair, digests to compare."""

import base64
import binascii
import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from api.errors import AppError
from sync.digest import PREFIX_BYTES
from sync.operation import is_uuid

RECORDS_PER_DIGEST_MAX = 20_000
_TWELVE_BYTES = 2 * PREFIX_BYTES

RT_PATTERN = r"^([0-9]{3}/([0-9]{3})?)?$"
"""``003/001``; ``003/`` without an RW; empty for rows that no RT is known of."""

Desa = Annotated[str, Field(pattern=r"^[0-9]{10}$", description="Kemendagri code without dots")]
LaneName = Annotated[str, Field(pattern=r"^[!-~]{1,40}$")]


def is_rt(text: str) -> bool:
    """Could this be the RT of a row?"""
    return re.fullmatch(RT_PATTERN, text) is not None


class Head(BaseModel):
    """What a request about one village may say of its sender; unknown keys are ignored."""

    desa: Desa
    epoch: Annotated[str | None, Field(max_length=40)] = None
    scope_version: Annotated[int | None, Field(ge=0)] = None


class LaneParent(BaseModel):
    """The lane that was written before, and its last operation seen acknowledged."""

    lane: LaneName
    seq: Annotated[int, Field(ge=0, le=2**53 - 1)]


class LaneRequest(Head):
    """Ask for a new incarnation; without `parent` for one that continues nothing."""

    parent: LaneParent | None = None


class OpenedLane(BaseModel):
    """A lane as the manifest lists it."""

    lane: str
    desa: str
    rt: list[str] | None
    last: int


class RecordsRequest(Head):
    """Whole records, for repair."""

    ids: Annotated[list[str], Field(max_length=100)]

    def wanted(self) -> list[str]:
        """The ids that are ids; what is none names no record."""
        return [record_id for record_id in self.ids if is_uuid(record_id)]


class DigestRequest(Head):
    """Compare one RT: its digest, and on mismatch twelve bytes per row held (base64)."""

    rt: Annotated[str, Field(pattern=RT_PATTERN)]
    at: Annotated[int | None, Field(ge=0, le=2**53 - 1)] = None
    digest: Annotated[str | None, Field(max_length=64)] = None
    records: Annotated[list[str] | None, Field(max_length=RECORDS_PER_DIGEST_MAX)] = None

    def prefixes(self) -> Sequence[bytes] | None:
        """The list decoded. Raises `AppError` ``malformed-request``."""
        if self.records is None:
            return None
        try:
            decoded = [base64.b64decode(text, validate=True) for text in self.records]
        except (binascii.Error, ValueError):
            raise AppError("malformed-request", errors=["records"]) from None
        if any(len(prefix) != _TWELVE_BYTES for prefix in decoded):
            raise AppError("malformed-request", errors=["records"])
        return decoded


class Outcomes(BaseModel):
    """Stored answers of a lane; `next` is where to go on, absent at the end."""

    results: list[dict[str, JsonValue]]
    next: int | None = None
