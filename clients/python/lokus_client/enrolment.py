"""Becoming a device of the server: a one-time code against a token.

A random key is stored before the request leaves. If the answer is lost, the same code with the same
key gives the same device once more, so a bad link at the wrong moment costs nobody a new code.
"""

import hashlib
from typing import Final
from urllib.parse import parse_qs, urlsplit

from lokus_client import copies, outbox, villages
from lokus_client.calling import Caller
from lokus_client.errors import LostAnswer
from lokus_client.manifest import as_text
from lokus_client.values import JsonObject, objects, text
from lokus_client.villages import AssignedLane, read_lane

KEY_BYTES: Final = 16


def read_code(given: str) -> tuple[str | None, str]:
    """``(server, code)`` of what a person typed or scanned.

    A link ``https://…/enrol#CODE`` or ``…?code=CODE`` names its server; a bare code does not.
    Blanks and dashes that people put into codes do not count.
    """
    parts = urlsplit(given.strip())
    if parts.scheme not in ("http", "https") or not parts.netloc:
        return None, _plain(given)
    code = parts.fragment or parse_qs(parts.query).get("code", [""])[0]
    prefix = parts.path.rsplit("/enrol", 1)[0].rstrip("/") if "/enrol" in parts.path else ""
    return f"{parts.scheme}://{parts.netloc}{prefix}", _plain(code.removeprefix("code="))


def _plain(code: str) -> str:
    return "".join(code.split()).replace("-", "").upper()


def enrol(caller: Caller, code: str, name: str, platform: str) -> None:
    """Get a device and its token. Raises ``ExchangeFailed``; then simply try again.

    A store that was enrolled before keeps its work: what was not acknowledged moves into the new
    device's lanes; the copy is loaded anew, because the new account may see other areas.
    """
    body: JsonObject = {
        "code": code, "name": name, "platform": platform, "key": _key_for(caller, code),
    }  # fmt: skip
    answer = caller.post("/v1/devices", as_text(body), anonymous=True)
    device, token = text(answer, "device"), text(answer, "token")
    if not device or not token:
        raise LostAnswer("the answer names no device")
    lanes = [lane for raw in objects(answer, "lanes") if (lane := read_lane(raw)) is not None]
    with caller.store.writing("enrolled"):
        for known in villages.every(caller.store):
            copies.drop_village(caller.store, known.desa)
            villages.forget_copy(caller.store, known.desa)
        villages.out_of_scope(caller.store, [])
        for desa in {lane.desa: None for lane in lanes}:
            _take_lane(caller, [lane for lane in lanes if lane.desa == desa])
        caller.store.remember(device=device, token=token, token_next=None, is_revoked=False)


def _key_for(caller: Caller, code: str) -> str:
    """32 hex digits, the same for every try with the same code. The code itself is not stored."""
    mark = hashlib.sha256(code.encode("utf-8")).hexdigest()
    begun = caller.store.fact("enrolment")
    if isinstance(begun, dict) and text(begun, "code") == mark:
        return text(begun, "key") or ""
    key = caller.environment.random(KEY_BYTES).hex()
    with caller.store.writing("enrolment"):
        caller.store.remember(enrolment={"code": mark, "key": key})
    return key


def _take_lane(caller: Caller, listed: list[AssignedLane]) -> None:
    """Go on in the lane that this phone knows, or begin in the newest, which is listed last."""
    newest = listed[-1]
    known = villages.find(caller.store, newest.desa)
    villages.assign(caller.store, newest)
    if known is not None and known.lane not in {lane.lane for lane in listed}:
        following = outbox.renumber(caller.store, newest.desa, newest.lane)
        villages.replace_lane(caller.store, newest.desa, newest.lane, following)
