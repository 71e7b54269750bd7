"""Ids and digests, checked against their definitions."""

import base64
import hashlib
import uuid

from lokus_client.digest import EMPTY, digest_text, fingerprint
from lokus_client.ids import uuid7

ROWS = [
    ("0199a0a0-0000-7000-8000-000000000001", 18240),
    ("0199a0a0-0000-7000-8000-000000000002", 1),
    ("0199a0a0-ffff-7000-8000-000000000003", 2**40),
]


def by_definition(record: str, seq: int) -> bytes:
    return hashlib.sha256(uuid.UUID(record).bytes + seq.to_bytes(8, "big")).digest()


def test_an_empty_rt_has_a_digest_too() -> None:
    assert digest_text([]) == EMPTY == "0:" + "0" * 32


def test_a_digest_is_count_and_sum_of_half_hashes() -> None:
    total = sum(int.from_bytes(by_definition(*row)[:16], "big") for row in ROWS) % 2**128
    assert digest_text(ROWS) == f"3:{total:032x}"
    assert digest_text(reversed(ROWS)) == digest_text(ROWS)


def test_a_digest_changes_with_every_seq() -> None:
    assert digest_text([(ROWS[0][0], ROWS[0][1] + 1), *ROWS[1:]]) != digest_text(ROWS)


def test_a_fingerprint_is_six_bytes_of_the_id_and_six_of_the_hash() -> None:
    record, seq = ROWS[0]
    twelve = base64.b64decode(fingerprint(record, seq), validate=True)
    assert twelve == uuid.UUID(record).bytes[:6] + by_definition(record, seq)[:6]
    assert len(fingerprint(record, seq)) == 16


def test_an_id_is_a_uuid_of_version_7_that_carries_its_time() -> None:
    made = uuid.UUID(uuid7(1_760_000_000_000, bytes(range(10))))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert int(made) >> 80 == 1_760_000_000_000
    assert uuid7(0, b"\xff" * 10) == "00000000-0000-7fff-bfff-ffffffffffff"
