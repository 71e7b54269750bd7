"""The double's doors: the calls of the protocol page over ``httpx.Request``."""

import base64
import gzip
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping

import httpx
from lokus_client.digest import fingerprint
from typing_extensions import override

from tests.clients.double import FIELDS, Device, Double, Lane, Object, Raw, Refused, lenient
from tests.clients.doubled_reading import changed_since, digests, row_of, rows_after, visible

JSON = {"Content-Type": "application/json"}


class Routes:
    """Answers requests out of a ``Double``."""

    def __init__(self, double: Double) -> None:
        self.double = double
        self.snapshots: dict[str, bytes] = {}
        self.receipts: set[str] = set()
        self.operations_max = 500
        self.schema = 1
        self.boasts_of: int | None = None

    def answer(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._routed(request)
        except Refused as refused:
            body = {
                "type": refused.code, "status": refused.status, "title": refused.code,
                "detail": "", "retry": "after-change", **refused.extra,
            }  # fmt: skip
            return httpx.Response(
                refused.status,
                content=json.dumps(body).encode(),
                headers={"Content-Type": "application/problem+json"},
            )

    def _routed(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/v1/devices":
            return reply(self._enrol(body_of(request)), 201)
        if path.startswith("/periksa/"):
            known = path.removeprefix("/periksa/") in self.receipts
            return httpx.Response(200 if known else 404, text="")
        device = self._device(request)
        if request.method == "GET":
            return self._read(device, request)
        body = body_of(request)
        if not isinstance(body, dict):
            raise Refused(400, "malformed-request")
        calls: Mapping[str, Callable[[Device, Object], Object]] = {
            "/v1/sync": self._sync,
            "/v1/push": self._push,
            "/v1/pull": self._pull,
            "/v1/records": self._records,
            "/v1/digest": self._digest,
            "/v1/lanes": self._new_lane,
        }
        if path not in calls:
            raise Refused(404, "not-found")
        return reply(calls[path](device, body))

    def _device(self, request: httpx.Request) -> Device:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        for device in self.double.state.devices.values():
            if token in device.tokens:
                if token == device.tokens[-1]:
                    device.tokens = [token]
                return device
        raise Refused(401, "unauthorised")

    def _enrol(self, body: Raw) -> Object:
        state = self.double.state
        if body["code"] not in state.codes:
            raise Refused(403, "code-unknown")
        scope, key, name = state.codes[body["code"]]
        if name is not None and (key is None or key != body.get("key")):
            raise Refused(403, "code-used")
        if name is None:
            device = Device(self.double.name("device"), [], scope)
            state.devices[device.name] = device
            for desa in scope:
                self.double.new_lane(device, desa)
        else:
            device = state.devices[name]
        state.codes[body["code"]] = (scope, body.get("key"), device.name)
        device.tokens.append(self.double.name("token"))
        return {
            "device": device.name,
            "token": device.tokens[-1],
            "lanes": self._lanes(device),
            "limits": {},
        }

    def _lanes(self, device: Device) -> list[Object]:
        lanes = ((desa, self.double.state.lanes[device.lanes[desa]]) for desa in device.scope)
        return [
            {"lane": lane.name, "desa": desa, "rt": device.scope[desa], "last": len(lane.entries)}
            for desa, lane in lanes
        ]

    # --- reads -----------------------------------------------------------------------------------

    def _read(self, device: Device, request: httpx.Request) -> httpx.Response:
        if device.is_revoked:
            raise Refused(403, "device-revoked")
        path = request.url.path
        if path == "/v1/manifest":
            return self._manifest(device, request)
        if path.startswith("/v1/snapshots/"):
            return self._snapshot(device, request)
        if path.startswith("/v1/lanes/") and path.endswith("/outcomes"):
            lane = self.double.state.lanes.get(path.split("/")[3])
            if lane is None or lane.lineage != device.name:
                raise Refused(404, "not-found")
            after = int(request.url.params.get("after", "0"))
            entries = enumerate(lane.entries, start=1)
            results = [{"seq": seq, **entry} for seq, (_, entry) in entries if seq > after]
            return reply({"results": results, "next": None})
        raise Refused(404, "not-found")

    def _manifest(self, device: Device, request: httpx.Request) -> httpx.Response:
        names = ("entity", "field", "group", "class", "type")
        body = {
            "epoch": self.double.state.epoch,
            "protocol": {"min": 1, "max": 1},
            "schema": self.schema,
            "scope_version": device.scope_version,
            "scope": device.scope,
            "server_time": self.double.now,
            "timezone": "Asia/Jakarta",
            "fields": [dict(zip(names, row, strict=True)) for row in FIELDS],
            "limits": {},
            "lanes": self._lanes(device),
        }
        etag = f'"{hashlib.sha256(json.dumps(body).encode()).hexdigest()[:12]}"'
        if request.headers.get("If-None-Match") == etag:
            return httpx.Response(304, headers={"ETag": etag})
        return reply(body, headers={"ETag": etag})

    def _snapshot(self, device: Device, request: httpx.Request) -> httpx.Response:
        desa, rt = request.url.path.rpartition("/")[2], request.url.params.get("rt")
        if desa not in device.scope:
            raise Refused(404, "not-found")
        village = self.double.village(desa)
        rows = [
            row_of(record, -1)
            for record in village.records.values()
            if visible(self.double, device, desa, record) and rt in (None, village.rt(record))
        ]
        content = gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode(), mtime=0)
        etag = f'"{hashlib.sha256(content).hexdigest()[:12]}"'
        headers = {
            "ETag": etag, "Sync-At": str(village.head), "Accept-Ranges": "bytes",
            "Content-Type": "application/x-ndjson", "Content-Encoding": "gzip",
        }  # fmt: skip
        if request.headers.get("If-None-Match") == etag:
            return httpx.Response(304, headers={"ETag": etag})
        asked = request.headers.get("Range", "")
        if asked and request.headers.get("If-Range", etag) == etag:
            start = int(asked.removeprefix("bytes=").partition("-")[0])
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            return raw(206, content[start:], headers)
        return raw(200, content, headers)

    # --- the sync calls --------------------------------------------------------------------------

    def _checked(self, device: Device, body: Object) -> Lane:
        state = self.double.state
        if body.get("protocol") != 1:
            raise Refused(426, "protocol-too-old", min=1, max=1)
        if body.get("schema", 1) > self.schema:
            raise Refused(409, "schema-unknown")
        if body.get("epoch") != state.epoch:
            raise Refused(409, "epoch-changed", epoch=state.epoch)
        lane = state.lanes.get(str(body.get("lane")))
        if lane is None or lane.lineage != device.name or lane.desa != body.get("desa"):
            raise Refused(404, "not-found")
        return lane

    def pushed(self, device: Device, body: Object, lane: Lane) -> Object:
        operations = body.get("ops", [])
        if len(operations) > self.operations_max:
            limits = {"operations_per_push": self.operations_max}
            raise Refused(413, "payload-too-large", limits=limits)
        results = self.double.push(device, lane, operations)
        lane = self.double.state.lanes[lane.name]
        head = self.double.village(lane.desa).head
        told = f"{lane.name}|{len(lane.entries)}|{head}|{self.double.state.epoch}"
        receipt = base64.b32encode(hashlib.sha256(told.encode()).digest()[:10]).decode()
        self.receipts.add(receipt)
        answer: Object = {
            "epoch": self.double.state.epoch,
            "server_time": self.double.now,
            "acked": self.boasts_of or len(lane.entries),
            "durable": lane.durable,
            "at": head,
            "results": results,
            "receipt": receipt,
            "next_sync_after": 900,
        }
        if self.double.rotates_tokens:
            device.tokens = [device.tokens[0], self.double.name("token")]
            answer["token"] = device.tokens[-1]
        return answer

    def _push(self, device: Device, body: Object) -> Object:
        answer = self.pushed(device, body, self._checked(device, body))
        changed = body.get("scope_version") != device.scope_version
        return {**answer, "scope": "changed"} if changed else answer

    def _sync(self, device: Device, body: Object) -> Object:
        lane = self._checked(device, body)
        if device.is_revoked:
            raise Refused(403, "device-revoked")
        self._check_cursor(lane.desa, body)
        verdict = self._compared(device, lane.desa, body)
        answer = self.pushed(device, body, lane)
        if body.get("scope_version") != device.scope_version:
            cursor = {**body["pull"], "more": False}
            return {**answer, "scope": "changed", "changes": [], "cursor": cursor}
        return {**answer, **self._page(device, lane.desa, body["pull"]), "digest_ok": verdict}

    def _check_cursor(self, desa: str, body: Object) -> None:
        if body["pull"]["at"] > self.double.village(desa).head:
            raise Refused(409, "cursor-ahead")

    def _compared(self, device: Device, desa: str, body: Object) -> Raw:
        verdicts: list[bool | None] = []
        present = digests(self.double, device, desa)
        for rt, digest in body.get("digest", {}).items():
            if changed_since(self.double, desa, rt, body["pull"]["at"]):
                verdicts.append(None)
            else:
                verdicts.append(present.get(rt, f"0:{0:032x}") == digest)
        if False in verdicts:
            return False
        return None if None in verdicts else True

    def _pull(self, device: Device, body: Object) -> Object:
        lane = self._checked(device, body)
        if device.is_revoked:
            raise Refused(403, "device-revoked")
        if body.get("scope_version") != device.scope_version:
            raise Refused(409, "scope-changed")
        self._check_cursor(lane.desa, body)
        epoch, now = self.double.state.epoch, self.double.now
        return {"epoch": epoch, "server_time": now, **self._page(device, lane.desa, body["pull"])}

    def _page(self, device: Device, desa: str, pull: Object) -> Object:
        since, at = pull["since"], pull["at"]
        rows = rows_after(self.double, device, desa, since, at)
        page: list[Object] = []
        size = 0
        for row in rows:
            size += len(json.dumps(row))
            if page and size > pull.get("max_bytes", 32768):
                break
            page.append(row)
        more = len(page) < len(rows)
        reached = page[-1]["seq"] if more else self.double.village(desa).head
        cursor = {"since": since, "at": reached, "more": more}
        return {"changes": page, "cursor": cursor}

    # --- repair ----------------------------------------------------------------------------------

    def _records(self, device: Device, body: Object) -> Object:
        if len(body["ids"]) > 100:
            raise Refused(413, "payload-too-large")
        found = [self.double.village(body["desa"]).records.get(id_) for id_ in body["ids"]]
        rows = [
            row_of(record, -1)
            for record in found
            if record is not None and visible(self.double, device, body["desa"], record)
        ]
        return {"rows": rows}

    def _digest(self, device: Device, body: Object) -> Object:
        desa, rt = body["desa"], body["rt"]
        village = self.double.village(desa)
        here = {
            fingerprint(record.id, record.seq): record
            for record in village.records.values()
            if village.rt(record) == rt and visible(self.double, device, desa, record)
        }
        if "records" not in body:
            ok = digests(self.double, device, desa).get(rt, f"0:{0:032x}") == body["digest"]
            return {"ok": ok, "rows": []}
        told = set(body["records"])
        rows = [row_of(here[mark], -1) for mark in here if mark not in told]
        unknown = sorted(told - set(here))
        return {"ok": not rows and not unknown, "rows": rows, "unknown": unknown}

    def _new_lane(self, device: Device, body: Object) -> Object:
        parent = body.get("parent")
        if parent is not None and parent["lane"] not in self.double.state.lanes:
            raise Refused(404, "not-found")
        lane = self.double.new_lane(device, body["desa"])
        return {
            "lane": lane.name, "desa": lane.desa, "rt": device.scope.get(lane.desa), "last": 0,
        }  # fmt: skip


def body_of(request: httpx.Request) -> Raw:
    content = request.read()
    if request.headers.get("Content-Encoding") == "gzip":
        content = gzip.decompress(content)
    try:
        return lenient(content.decode())
    except ValueError:
        raise Refused(400, "malformed-request") from None


def reply(
    body: Object, status: int = 200, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    content = gzip.compress(json.dumps(body).encode(), mtime=0)
    return raw(status, content, {**JSON, "Content-Encoding": "gzip", **(headers or {})})


class Whole(httpx.SyncByteStream):
    """A body that has not been decoded, as the network would hand it over."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    @override
    def __iter__(self) -> Iterator[bytes]:
        yield self.content


def raw(status: int, content: bytes, headers: Mapping[str, str]) -> httpx.Response:
    told = {**headers, "Content-Length": str(len(content))}
    return httpx.Response(status, stream=Whole(content), headers=told)
