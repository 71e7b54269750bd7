"""What the tests of hostile input send: bodies as bytes, whatever JSON would allow."""

import json

from tests.api.calling import Answer
from tests.api.world import (
    Device,
    record_id,
)

SYNC = "/v1/sync"
JSON = {"content-type": "application/json"}
MEBIBYTE = 1024 * 1024


def send(device: Device, body: bytes, path: str = SYNC, **headers: str) -> Answer:
    return device.world.call("POST", path, body, device.headers(**headers) | JSON)


def with_operation(device: Device, text: str, number: int) -> bytes:
    """A request whose second operation is this text, between two good ones on new records."""
    home, other = record_id(1000 + 2 * number), record_id(1001 + 2 * number)
    first = json.dumps(device.create(home))
    last = json.dumps(device.create(other) | {"seq": 3})
    device.last = 3
    text = text.replace(record_id(1), home)
    head = json.dumps(device.body())[:-1]
    return f'{head},"ops":[{first},{text},{last}]}}'.encode("utf-8", "surrogatepass")


def edit(value: str, *, field: str = "nama_kepala_keluarga", key: str = "set") -> str:
    """An edit with that JSON text as its value, as it stands in a body."""
    return (
        f'{{"seq":2,"kind":"set","entity":"keluarga","id":"{record_id(1)}","base":0,"mono":1,'
        f'"boot":"b","{key}":{{"{field}":{value}}}}}'
    )
