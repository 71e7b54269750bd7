"""A phone's server copy, kept by the rules of the protocol page and by nothing of ours.

A row counts iff its seq is higher than the stored one; `doc` replaces, `set` changes whole groups,
`alias` and `leave` drop. What is left over is what the tests compare.
"""

import gzip
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.api.device import Device, answered

Row = Mapping[str, Any]


@dataclass
class Copy:
    """Rows of one village by id, and those that a `set` named without the copy having them."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    since: int = 0
    at: int = 0

    def take(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._take(row)

    def _take(self, row: Row) -> None:
        held = self.rows.get(row["id"])
        if held is not None and row["seq"] <= held["seq"]:
            return
        if row.get("leave"):
            self.rows.pop(row["id"], None)
            self.missing.discard(row["id"])
            return
        told = {key: row[key] for key in ("entity", "id", "seq")}
        if "alias" in row:
            self.rows[row["id"]] = told | {"alias": row["alias"]}
            return
        told |= {key: row[key] for key in ("end", "review") if key in row}
        if "doc" in row:
            told |= {"doc": dict(row["doc"]), "parent": row.get("parent")}
        elif held is None or "doc" not in held:
            self.missing.add(row["id"])
            return
        else:
            told["doc"] = {
                key: value for key, value in (held["doc"] | row["set"]).items() if value is not None
            }
            told["parent"] = row.get("parent", held["parent"])
        self.missing.discard(row["id"])
        self.rows[row["id"]] = told

    def follow(self, device: Device, **limits: int) -> int:
        """Pull until nothing is left; returns the number of pages."""
        pages = 0
        while True:
            told = device.pull(self.since, self.at, **limits)
            pages += 1
            if self.take_page(told):
                return pages

    def take_page(self, told: Row) -> bool:
        """Take an answer's rows and cursor; is it the last page?"""
        cursor = told["cursor"]
        assert cursor["since"] == self.since
        assert cursor["at"] >= self.at
        self.take(told["changes"])
        self.at = cursor["at"]
        if not cursor["more"]:
            self.since = self.at
        return not cursor["more"]

    def load(self, device: Device, target: str) -> None:
        """Begin with a snapshot."""
        answer = device.get(target)
        assert answer.status == 200, answer
        lines = gzip.decompress(answer.wire).splitlines()
        self.take(json.loads(line) for line in lines)
        self.since = self.at = int(answer.headers["sync-at"])

    def mend(self, device: Device) -> None:
        """Ask for the rows that are missing."""
        body = {"desa": device.desa, "ids": sorted(self.missing)}
        self.take(answered(device.post("/v1/records", body))["rows"])
        assert not self.missing

    # What is compared ---------------------------------------------------------------------

    def digests(self) -> dict[str, str]:
        """RT → digest over everything in it, as section 3 has it."""
        sums: dict[str, list[int]] = {}
        for row in self.rows.values():
            raw = bytes.fromhex(row["id"].replace("-", "")) + row["seq"].to_bytes(8, "big")
            number = int.from_bytes(hashlib.sha256(raw).digest()[:16], "big")
            sums.setdefault(self.rt_of(row), []).append(number)
        return {rt: f"{len(n)}:{sum(n) % 2**128:032x}" for rt, n in sums.items()}

    def rt_of(self, row: Row) -> str:
        """A row's RT is its family's."""
        above = row.get("alias") or row.get("parent")
        if above is not None:
            return self.rt_of(self.rows[above])
        rt = row["doc"].get("rt")
        return f"{rt}/{row['doc'].get('rw', '')}" if rt else ""


def whole_copy(device: Device) -> Copy:
    """What a phone that has nothing yet is given by pulling."""
    copy = Copy()
    copy.follow(device)
    return copy
