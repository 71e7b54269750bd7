"""Lists on their way to PostgreSQL, written as it keeps them.

The driver writes an array as one text in which each element is quoted; PostgreSQL takes that apart
and unquotes it. Forms are long, and both cost more than all else that becomes of their bytes.
"""

from collections.abc import Sequence
from struct import pack

import psycopg
from psycopg.adapt import Dumper
from psycopg.pq import Format
from typing_extensions import override

_BYTEA, _TEXT, _BYTEA_ARRAY, _TEXT_ARRAY = 17, 25, 1001, 1009
"""PostgreSQL's numbers for these types."""


class Blobs(list[bytes]):
    """A parameter of type bytea[], without NULL."""


class Texts(list[str]):
    """A parameter of type text[], without NULL."""


def register(connection: psycopg.Connection) -> None:
    """Let a connection know how `Blobs` and `Texts` travel."""
    connection.adapters.register_dumper(Blobs, _BlobsDumper)
    connection.adapters.register_dumper(Texts, _TextsDumper)


class _BlobsDumper(Dumper):
    format = Format.BINARY
    oid = _BYTEA_ARRAY

    @override
    def dump(self, obj: Blobs) -> bytes:
        return _array(_BYTEA, obj)


class _TextsDumper(Dumper):
    format = Format.BINARY
    oid = _TEXT_ARRAY

    @override
    def dump(self, obj: Texts) -> bytes:
        return _array(_TEXT, [one.encode() for one in obj])


def _array(kind: int, listed: Sequence[bytes]) -> bytes:
    """Dimensions, no NULL, type; length and beginning; each element behind its length.

    https://github.com/postgres/postgres/blob/REL_16_STABLE/src/backend/utils/adt/arrayfuncs.c
    """
    if not listed:
        return pack("!iiI", 0, 0, kind)
    head = pack("!iiIii", 1, 0, kind, len(listed), 1)
    return b"".join((head, *(part for one in listed for part in (pack("!i", len(one)), one))))
