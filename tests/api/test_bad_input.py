"""Whatever is sent: a documented problem or a quarantined operation, nothing lost, no 500."""

import json

import pytest

from tests.api.hostile import SYNC, edit, send, with_operation
from tests.api.world import (
    DESA,
    FAMILY,
    World,
    answered,
    area,
    outcomes,
    record_id,
    refused,
)

# Bodies that are no request --------------------------------------------------------------------

LANE = '"lane":"nobody","desa":"1802212001"'


NO_REQUESTS = [
    b"",
    b" ",
    b"{",
    b"nonsense",
    b"[]",
    b"null",
    b"7",
    b'"text"',
    b"{}",
    b"\xff\xfe",
    b'{"lane":"a\xff"}',
    b"\xef\xbb\xbf{}",
    "{}".encode("utf-16"),
    b"[" * 100_000,
    b'{"ops":' + b"[" * 5000 + b"]" * 5000 + b"}",
    f"{{{LANE},".encode(),
    f'{{{LANE},"ops":{{}}}}'.encode(),
    f'{{{LANE},"ops":7}}'.encode(),
    f'{{{LANE},"ops":"[]"}}'.encode(),
    b'{"desa":"1802212001"}',
    b'{"lane":"nobody"}',
    b'{"lane":7,"desa":"1802212001"}',
    b'{"lane":"","desa":"1802212001"}',
    b'{"lane":"a\\u0000b","desa":"1802212001"}',
    b'{"lane":"a\\ud800","desa":"1802212001"}',
    b'{"lane":"' + b"a" * 41 + b'","desa":"1802212001"}',
    b'{"lane":"nobody","desa":1802212001}',
    b'{"lane":"nobody","desa":"18022120011"}',
    b'{"lane":"nobody","desa":"180221200\\u0000"}',
    '{"lane":"nobody","desa":"180221200\u0661"}'.encode(),  # a digit, but no ASCII
    f'{{{LANE},"epoch":7}}'.encode(),
    f'{{{LANE},"protocol":"1"}}'.encode(),
    f'{{{LANE},"protocol":1.5}}'.encode(),
    f'{{{LANE},"protocol":true}}'.encode(),
    f'{{{LANE},"scope_version":-1}}'.encode(),
    f'{{{LANE},"pull":7}}'.encode(),
    f'{{{LANE},"pull":{{"since":-1,"at":0}}}}'.encode(),
    f'{{{LANE},"pull":{{"since":2,"at":1}}}}'.encode(),
    f'{{{LANE},"pull":{{"since":0.0,"at":0}}}}'.encode(),
    f'{{{LANE},"pull":{{"since":0,"at":9007199254740992}}}}'.encode(),
    f'{{{LANE},"pull":{{"since":0,"at":1e999}}}}'.encode(),
    f'{{{LANE},"pull":{{"since":NaN,"at":0}}}}'.encode(),
    f'{{{LANE},"pull":{{"max_bytes":"all"}}}}'.encode(),
    f'{{{LANE},"digest":[]}}'.encode(),
    f'{{{LANE},"digest":{{"003/001":7}}}}'.encode(),
    f'{{{LANE},"digest":{json.dumps({str(n): "" for n in range(65)})}}}'.encode(),
]


def test_what_is_no_request_is_refused_as_malformed(sqlite_world: World) -> None:
    ani = sqlite_world.device("ani")
    for body in NO_REQUESTS:
        for path in (SYNC, "/v1/push", "/v1/pull"):
            refused(send(ani, body, path), 400, "malformed-request")
    ani.push([ani.create(FAMILY)])
    assert sqlite_world.count("operation") == 1


@pytest.mark.parametrize(
    "clock", [7, [], {"boot": 7, "mono": 1}, {"boot": "b", "mono": 1e300}, {"boots": {"b": 7}}]
)
def test_a_clock_that_nobody_can_read_costs_trust_and_nothing_else(
    sqlite_world: World, clock: object
) -> None:
    ani = sqlite_world.device("ani")
    assert ani.push([ani.create(FAMILY)], clock=clock)["results"] == []
    assert sqlite_world.ask("SELECT suspect FROM operation") == [(1,)]


def test_unknown_keys_of_a_batch_are_ignored_and_of_two_equal_keys_the_last_counts(
    world: World,
) -> None:
    ani = world.device("ani")
    body = json.dumps(ani.body([ani.create(FAMILY)]) | {f"x{n}": n for n in range(2000)})
    told = answered(send(ani, body.replace("{", '{"lane":"nobody","ops":7,', 1).encode()))
    assert (told["acked"], told["results"]) == (1, [])


# Operations that cannot be merged ----------------------------------------------------------------

BAD_OPERATIONS = {
    "NaN": (edit("NaN"), "malformed"),
    "infinity": (edit("1e999", field="luas_lantai"), "malformed"),
    "minus infinity": (edit("-Infinity", field="luas_lantai"), "malformed"),
    "lone surrogate": (edit('"a\\ud800b"'), "malformed"),
    "lone surrogate in a key": (edit("1", field="a\\udfff"), "malformed"),
    "surrogate bytes": (edit('"\ud800"'), "malformed"),
    "five thousand digits": (edit("9" * 5000, field="luas_lantai"), "malformed"),
    "a number beyond doubles": (edit("9" * 400, field="luas_lantai"), "malformed"),
    "five hundred levels": (edit("[" * 500 + "]" * 500), "malformed"),
    "five hundred levels and NaN": (edit("[" * 150 + "NaN" + "]" * 150), "malformed"),
    "brackets in a text beside NaN": (
        edit(f'"{"[" * 300}","luas_lantai":NaN'),
        "malformed",
    ),
    "NUL": (edit('"a\\u0000b"'), "bad-value"),
    "NUL in a key": (edit("1", field="a\\u0000b"), "unknown-field"),
    "control characters": (edit('"a\\tb\\u001b[31m"'), "bad-value"),
    "a name of 100 KB": (edit(f'"{"a" * 100_000}"'), "bad-value"),
    "a number where a name belongs": (edit("7"), "bad-value"),
    "an unknown field": (edit("1", field="atap2"), "unknown-field"),
    "a field of the office": (edit("1", field="desil_nasional"), "server-owned"),
    "an unknown code": (edit('"emas"', field="jenis_lantai_terluas"), "unknown-code"),
    "a set that is assigned": (edit('["pkh"]', field="program"), "kind-mismatch"),
    "no set": (edit('["a"]', field="nama_kepala_keluarga", key="add"), "kind-mismatch"),
    "an unknown key": (edit("1", key="sets"), "unknown-key"),
    "no kind": ('{"seq":2}', "unknown-kind"),
    "an unknown kind": ('{"seq":2,"kind":"delete"}', "unknown-kind"),
    "a kind of objects": ('{"seq":2,"kind":{}}', "unknown-kind"),
    "a reviewer's word": (
        edit("1", key="resolve").replace('"set","entity"', '"resolve","entity"'),
        "not-permitted",
    ),
    "an id in capitals": (edit('"a"').replace('"id":"0', '"id":"A'), "malformed"),
    "an id of SQL": (edit('"a"').replace(record_id(1), "1' OR '1'='1"), "malformed"),
    "a base of text": (edit('"a"').replace('"base":0', '"base":"0"'), "malformed"),
    "a base beyond integers": (
        edit('"a"').replace('"base":0', f'"base":{2**53}'),
        "malformed",
    ),
    "no mono": (edit('"a"').replace('"mono":1,', ""), "malformed"),
    "a boot without end": (edit('"a"').replace('"b"', f'"{"b" * 300}"'), "malformed"),
    "an observed day that is none": (
        edit('"a"').replace('"mono"', '"observed":"2026-02-30","mono"'),
        "malformed",
    ),
    "not an object": ("[[]]", "malformed"),
    "a text": ('"operation"', "malformed"),
    "null": ("null", "malformed"),
}


def test_one_operation_is_set_aside_and_its_neighbours_are_not(world: World) -> None:
    for number, (name, (text, problem)) in enumerate(BAD_OPERATIONS.items()):
        ani = world.device(f"ani{number}")
        body = with_operation(ani, text, number)
        told = answered(send(ani, body))
        assert outcomes(told) == {2: "quarantined"}, name
        (result,) = told["results"]
        assert (result["problem"], told["acked"]) == (problem, 3), name
        again = answered(send(ani, body))
        assert outcomes(again) == {1: "duplicate", 2: "duplicate", 3: "duplicate"}
        assert world.log(ani.lane) == [(1, "applied"), (2, "quarantined"), (3, "applied")]
    kept = world.ask(
        "SELECT o.body, q.detail FROM operation o JOIN quarantine q "
        "ON q.lane = o.lane AND q.lane_seq = o.seq"
    )
    assert len(kept) == len(BAD_OPERATIONS)
    for stored, detail in kept:
        assert json.loads(stored) is not None
        assert len(detail) < 200


def test_odd_but_harmless_text_comes_back_as_it_was_written(world: World) -> None:
    # Whoever shows it isolates it; nothing is normalised, because the hash is over what was sent.
    ani = world.device("ani")
    names = [
        "\u202egnp.exe",
        "a\u200bb",
        "e\u0301",
        "\u00e9",
        "\U0001f600",
        "\ufb33",
        "' OR 1=1 --",
    ]
    ani.push([ani.create(record_id(n), nama_kepala_keluarga=name) for n, name in enumerate(names)])
    told = [row["doc"]["nama_kepala_keluarga"] for row in ani.pull()["changes"]]
    assert told == names
    ((hashes,),) = world.ask("SELECT count(DISTINCT hash) FROM operation")
    assert hashes == len(names)


def test_what_two_operations_look_like_is_kept_apart(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(record_id(1))])
    odd = [edit(value).replace('"seq":2,', "") for value in ("NaN", '"a\\ud800"', '"a\\ud801"')]
    head = json.dumps(ani.body())[:-1]
    body = f'{head},"ops":[{json.dumps({"seq": 2})},{",".join(odd)}]}}'.encode()
    assert answered(send(ani, body))["acked"] == 5
    ((hashes,),) = world.ask("SELECT count(DISTINCT hash) FROM operation")
    assert hashes == 5


def test_records_of_others_and_records_of_nobody_are_alike(world: World) -> None:
    ani = world.device("ani")
    budi = world.device("budi", areas=[area(DESA, "004/001")])
    budi.push([budi.create(FAMILY, rt="004")])
    absent = record_id(9)
    results: list[list[dict[str, object]]] = []
    for target in (FAMILY, absent):
        told = ani.push(
            [
                ani.edit(target, 0, luas_lantai=1),
                ani.add_member(record_id(50 + len(results)), target),
                ani.op("end", "keluarga", target, base=0, end="salah", date="2026-11-01"),
            ]
        )["results"]
        results.append([{k: v for k, v in one.items() if k != "seq"} for one in told])
    assert results[0] == results[1]
    assert {one["problem"] for one in results[0]} == {"record-unknown", "parent-unknown"}
