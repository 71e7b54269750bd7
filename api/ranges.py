"""Byte ranges (RFC 9110, section 14): taking up a download where the line broke off.

Only the one form that helps a phone is served, ``bytes=N-`` and ``bytes=N-M``; anything else gets
the whole, which is always a right answer.
"""

import re
from dataclasses import dataclass, replace
from typing import Annotated, Final

from fastapi import Header, Response

from api.errors import AppError

_BYTES: Final = re.compile(r"bytes=(\d{1,15})-(\d{1,15})?")


@dataclass(frozen=True, slots=True)
class Range:
    """What part is asked for (``first`` to ``last``, both included), and of which version."""

    first: int | None = None
    last: int | None = None
    etag: str | None = None

    def only_for(self, etag: str) -> "Range":
        """The range holds for one version; of any other the whole is sent."""
        return self if self.etag in (None, etag) else replace(self, first=None, last=None)

    def answer(self, body: bytes, headers: dict[str, str]) -> Response:
        """The part with 206, or the whole with 200. Raises `AppError` ``range-unsatisfiable``."""
        if self.first is None:
            return Response(body, headers=headers)
        if self.first >= len(body):
            raise AppError("range-unsatisfiable", headers={"Content-Range": f"bytes */{len(body)}"})
        last = min(self.last if self.last is not None else len(body) - 1, len(body) - 1)
        headers = {**headers, "Content-Range": f"bytes {self.first}-{last}/{len(body)}"}
        return Response(body[self.first : last + 1], status_code=206, headers=headers)


NO_RANGE: Final = Range()


async def range_of(
    range_header: Annotated[str | None, Header(alias="Range")] = None,
    if_range: Annotated[str | None, Header()] = None,
) -> Range:
    """The range of a request. `If-Range` names the version that the part must belong to.

    Without a range that is served it means nothing: the whole is sent as it is now.
    """
    match = _BYTES.fullmatch(range_header.strip()) if range_header else None
    if match is None:
        return NO_RANGE
    first, last = int(match[1]), int(match[2]) if match[2] else None
    if last is not None and last < first:
        return NO_RANGE
    return Range(first, last, if_range.strip().strip('"') if if_range else None)
