"""Cases for what is computed from bytes: canonical JSON, hashes, digests, clocks."""

import base64
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sync.canonical import canonical_json, operation_hash
from sync.clock import Reception, capture, parse_clock
from sync.digest import digest, row_prefix
from sync.types import Json

VALUES: dict[str, Json] = {
    "an empty object": {},
    "keys in order of UTF-16 units": {"\u20ac": 1, "\r": 2, "\U0001f600": 3, "\ufb33": 4, "a": 5},
    "nothing is normalised": ["e\u0301", "\u00e9"],
    "control characters and quotes": '\b\t\n\f\r"\\/\u0001\u007f\u2028',
    "integral numbers lose their fraction": [54.0, -0.0, 1e20, 100.0],
    "large and small numbers": [1e21, 1e-6, 1e-7, 123456789012345680000.0, 5e-324, 1.5e-9],
    "shortest digits": [4.5, -5.123, 0.1, 1234.5678, 1.7976931348623157e308],
    "integers beyond double precision": [2**53, 2**60],
    "literals": [None, True, False],
    "nested": {"b": [{"d": 1, "c": [[]]}], "a": {"z": {}, "y": ""}},
}

FAMILY = "01990000-0000-7000-8000-000000000001"
OPERATIONS: dict[str, dict[str, Json]] = {
    "an edit": {
        "seq": 412, "kind": "set", "entity": "keluarga", "id": FAMILY, "base": 18231,
        "set": {"jenis_lantai_terluas": "keramik", "luas_lantai": 54},
        "add": {"program": ["pkh"]}, "remove": {}, "observed": "2026-11-03",
        "mono": 91822114, "boot": "b7",
    },
    "the same edit at another place": {
        "boot": "b7", "mono": 91822114, "observed": "2026-11-03", "remove": {},
        "add": {"program": ["pkh"]},
        "set": {"luas_lantai": 54.0, "jenis_lantai_terluas": "keramik"},
        "base": 18231, "id": FAMILY, "entity": "keluarga", "kind": "set", "seq": 7,
    },
    "another moment is another operation": {
        "seq": 412, "kind": "set", "entity": "keluarga", "id": FAMILY, "base": 18231,
        "set": {"jenis_lantai_terluas": "keramik", "luas_lantai": 54},
        "add": {"program": ["pkh"]}, "remove": {}, "observed": "2026-11-03",
        "mono": 91822115, "boot": "b7",
    },
    "unknown keys count": {
        "seq": 1, "kind": "set", "entity": "keluarga", "id": FAMILY, "base": 0,
        "set": {"dusun": "Sukamaju \u2013 Timur"}, "mono": 1, "boot": "b", "later": {"a": [1]},
    },
}  # fmt: skip


def canonical_cases() -> list[dict[str, Json]]:
    """`{name, value, canonical}`: the text of `value`, in UTF-8 when hashed."""
    return [
        {"name": name, "value": value, "canonical": canonical_json(value).decode()}
        for name, value in VALUES.items()
    ]


def hashing_cases() -> list[dict[str, Json]]:
    """`{name, operation, sha256}`: over every key but `seq`."""
    return [
        {"name": name, "operation": operation, "sha256": operation_hash(operation).hex()}
        for name, operation in OPERATIONS.items()
    ]


def digest_cases() -> list[dict[str, Json]]:
    """`{name, rows: [[id, seq]], digest, entries}`: entries are the lines of a repair list."""
    rows = [(f"01990000-0000-7000-8000-{number:012x}", 1000 + number * 7) for number in range(5)]
    sets = {
        "no rows": [],
        "one row": rows[:1],
        "five rows": rows,
        "in another order": rows[::-1],
        "one row changed": [*rows[:4], (rows[4][0], rows[4][1] + 1)],
        "a large sequence": [(rows[0][0], 2**53 - 1)],
    }
    return [
        {
            "name": name,
            "rows": [[record, seq] for record, seq in listed],
            "digest": digest(listed),
            "entries": [base64.b64encode(row_prefix(*row)).decode() for row in listed],
        }
        for name, listed in sets.items()
    ]


def clock_cases() -> list[dict[str, Json]]:
    """`{name, clock, received_at, last_sync, zone, operation, captured_at, observed, suspect}`."""
    received = datetime(2026, 11, 3, 11, 2, 11, tzinfo=UTC)
    last_sync = received - timedelta(days=5)
    reception = Reception(received, last_sync, ZoneInfo("Asia/Jakarta"))
    wall = "2026-11-03T18:02:11+07:00"
    clock: dict[str, Json] = {
        "wall": wall,
        "mono": 91_900_000,
        "boot": "b7",
        "boots": {
            "b7": {"wall": wall, "mono": 91_900_000},
            "b6": {"wall": "2026-11-01T08:00:00+07:00", "mono": 5_000},
            "ahead": {"wall": "2036-11-03T18:02:11+07:00", "mono": 0},
        },
    }
    operations: dict[str, dict[str, Json]] = {
        "the boot of the batch": {"mono": 91_822_114, "boot": "b7"},
        "an earlier boot": {"mono": 65_000, "boot": "b6"},
        "a boot whose clock is ten years ahead": {"mono": 1_000, "boot": "ahead"},
        "a boot without an anchor": {"mono": 1_000, "boot": "b1"},
        "a day that is stated": {"mono": 91_822_114, "boot": "b7", "observed": "2026-11-01"},
        "a day after the day of receipt": {"mono": 1, "boot": "b7", "observed": "2026-11-04"},
    }
    cases: list[dict[str, Json]] = []
    for name, operation in operations.items():
        mono, boot, observed = (operation.get(key) for key in ("mono", "boot", "observed"))
        captured = capture(
            parse_clock(clock),
            reception,
            mono=mono if isinstance(mono, int) else None,
            boot=boot if isinstance(boot, str) else None,
            observed=observed if isinstance(observed, str) else None,
        )
        cases.append(
            {
                "name": name,
                "clock": clock,
                "received_at": received.isoformat(),
                "last_sync": last_sync.isoformat(),
                "zone": "Asia/Jakarta",
                "operation": operation,
                "captured_at": captured.at.isoformat(),
                "observed": captured.observed,
                "suspect": captured.is_suspect,
            }
        )
    return cases
