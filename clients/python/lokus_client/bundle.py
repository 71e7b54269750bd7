"""The outbox as a file, for the day when a phone never finds a link again.

JSON lines: a header, then every operation that is not yet durable, in the order in which it was
made. The file holds personal data in the clear; it is written for its owner's eyes only.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from lokus_client import outbox
from lokus_client.canonical import body_hash, canonical_text
from lokus_client.capturing import Capture
from lokus_client.errors import InvalidEdit
from lokus_client.manifest import as_text
from lokus_client.values import Json, JsonObject, integer, mapping, text

FORMAT: Final = "lokus-outbox"
VERSION: Final = 1
_FILE_MODE: Final = 0o600


def export(capture: Capture, path: Path) -> int:
    """Write the bundle; the number of operations in it. An existing file is replaced whole."""
    store = capture.store
    held = [op for op in outbox.everything(store) if op.state != "durable"]
    header: JsonObject = {
        "format": FORMAT, "version": VERSION, "device": store.fact("device"),
        "epoch": store.fact("epoch"), "exported": capture.environment.now_text(),
        "operations": len(held),
    }  # fmt: skip
    lines = [as_text(header)]
    for op in held:
        line: JsonObject = {
            "desa": op.desa, "lane": op.lane, "seq": op.seq, "state": op.state,
            "hash": op.hash, "op": op.operation(),
        }  # fmt: skip
        lines.append(canonical_text(line))
    _write_whole(path, "\n".join(lines) + "\n")
    return len(held)


def _write_whole(path: Path, content: str) -> None:
    """Half a bundle would look like a whole one: write beside it, then put it in place."""
    beside = path.with_name(path.name + ".part")
    descriptor = os.open(beside, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, _FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def take_in(capture: Capture, path: Path) -> int:
    """Queue the operations of a bundle that this store does not hold yet; their number.

    They keep bytes and hash, so a server that has some of them already says so. Raises
    ``InvalidEdit`` for a file that is no whole bundle, before anything is queued.
    """
    lines = list(_lines(path))
    if not lines or text(lines[0], "format") != FORMAT or integer(lines[0], "version") != VERSION:
        raise InvalidEdit("this file is no outbox of this version")
    entries = [(text(line, "desa") or "", mapping(line, "op"), line) for line in lines[1:]]
    if len(entries) != integer(lines[0], "operations", -1):
        raise InvalidEdit("the bundle is cut: operations are lacking")
    for _, operation, line in entries:
        if body_hash(canonical_text(operation)) != text(line, "hash"):
            raise InvalidEdit("the bundle is damaged: an operation is not what was exported")
    taken = 0
    with capture.store.writing("import-outbox"):
        for desa, operation, line in entries:
            if not outbox.holds(capture.store, str(line["hash"])):
                capture.freeze_raw(desa, operation)
                taken += 1
    return taken


def _lines(path: Path) -> Iterator[JsonObject]:
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            value: Json = json.loads(line)
        except ValueError:
            raise InvalidEdit("the bundle is not readable") from None
        if isinstance(value, dict):
            yield value
