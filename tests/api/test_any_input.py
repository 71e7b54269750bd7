"""Anything at all: every batch drains, and every damaged request gets a documented answer."""

import gzip
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.hostile import send
from tests.api.world import (
    FAMILY,
    Device,
    World,
    answered,
    outcomes,
    record_id,
)

# Anything at all ----------------------------------------------------------------------------------

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=20)
    | st.sampled_from([FAMILY, record_id(2), "create", "set", "keluarga", "anggota", "2026-11-03"])
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)
KEYS = st.sampled_from(
    [
        *("seq", "kind", "entity", "id", "base", "set", "add", "remove", "parent", "end", "date"),
        *("number", "twin", "target", "evidence", "observed", "mono", "boot", "visit", "source"),
        "resolve",
    ]
)
FIELDS = st.dictionaries(
    st.sampled_from(["nama_kepala_keluarga", "rt", "rw", "program", "luas_lantai", "nik", "no_kk"]),
    VALUES,
    max_size=3,
)
OPERATIONS = (
    VALUES
    | st.dictionaries(KEYS, VALUES | FIELDS, max_size=12)
    | st.fixed_dictionaries(
        {
            "kind": st.sampled_from(["create", "set", "end", "move", "resolve"]),
            "entity": st.sampled_from(["keluarga", "anggota", "pengukuran", "kunjungan"]),
            "id": st.sampled_from([record_id(n) for n in range(1, 5)]),
            "mono": st.integers(-(2**60), 2**60),
            "boot": st.just("b") | VALUES,
            "base": st.integers(0, 5),
        },
        optional={
            "set": FIELDS,
            "add": FIELDS,
            "remove": FIELDS,
            "parent": st.sampled_from([record_id(n) for n in range(1, 5)]) | VALUES,
            "end": st.sampled_from(["pindah", "ganda", "meninggal"]) | VALUES,
            "date": st.just("2026-11-01") | VALUES,
            "twin": st.just(record_id(2)) | VALUES,
            "observed": st.just("2026-11-01") | VALUES,
            "seq": st.integers(1, 4) | VALUES,
        },
    )
)


def wire(body: object) -> bytes:
    """JSON as Python writes it: NaN, infinities and lone surrogates included."""
    return json.dumps(body).encode()


@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(OPERATIONS, min_size=1, max_size=8))
def test_any_operations_drain_in_finitely_many_requests(world: World, batch: list[Any]) -> None:
    device = world.device(f"ani{world.count('account')}")
    for place, element in enumerate(batch, start=1):
        # What a phone renumbers after a fork: its own operations, in order, without holes.
        if isinstance(element, dict) and "seq" in element:
            element["seq"] = place
    told = answered(send(device, wire(device.body(batch))))
    assert told["acked"] == len(batch)
    again = answered(send(device, wire(device.body(batch))))
    assert set(outcomes(again).values()) == {"duplicate"}
    logged = [seq for seq, _ in world.log(device.lane)]
    assert logged == list(range(1, len(logged) + 1))


@pytest.fixture
def collector(sqlite_world: World) -> Device:
    """A phone that outlives the examples of a test."""
    return sqlite_world.device("ani")


DOCUMENTED = {200, 400, 404, 409, 413, 426}


@settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    damage=st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=3)), max_size=4),
    packed=st.booleans(),
)
def test_a_damaged_request_gets_a_documented_answer(
    collector: Device, damage: list[tuple[int, bytes]], packed: bool
) -> None:
    pull = {"since": 0, "at": 0}
    ops = [collector.create(record_id(collector.last + 1))]
    body = wire(collector.body(ops, pull=pull, digest={"003/001": "0:0"}))
    body = gzip.compress(body, mtime=0) if packed else body
    for place, replacement in damage:
        start = place % len(body)
        body = body[:start] + replacement + body[start + len(replacement) :]
    headers = {"content_encoding": "gzip"} if packed else {}
    answer = send(collector, body, **headers)
    assert answer.status in DOCUMENTED, (answer, body)
    if answer.status == 200:
        collector.last = max(collector.last, answer.json()["acked"])
    else:
        assert answer.problem
        collector.last -= 1
