"""A webhook is a hint: it is answered at once, believed nothing, and fetched by the next run."""

import json

from tests.connectors.bench import NO_KK, Bench

HOOK = "/v1/connectors/kobo/hook"


def call(bench: Bench, secret: str, body: bytes, path: str = HOOK) -> int:
    headers = {"content-type": "application/json", "x-lokus-secret": secret}
    return bench.world.call("POST", path, body, headers).status


def test_a_hint_makes_the_next_run_fetch_that_form(bench: Bench) -> None:
    secret = bench.connect(hook=True).hook_secret or ""
    bench.kobo.add(7, kk__nomor=NO_KK, rumah__lantai="2")
    # What the body says about the house is not believed.
    body = json.dumps({"_id": 7, "rumah/lantai": "1"}).encode()
    assert call(bench, secret, body) == 202
    assert bench.items() == {"7": "due"}
    assert bench.world.ask("SELECT action FROM audit WHERE action = 'connector-hint'") != []
    assert dict(bench.run().states) == {"merged": 1}
    assert bench.document()["jenis_lantai_terluas"] == "keramik"


def test_the_same_hint_twice_is_one_form(bench: Bench) -> None:
    secret = bench.connect(hook=True).hook_secret or ""
    bench.kobo.add(7, kk__nomor=NO_KK, rumah__lantai="2")
    for _ in range(3):
        assert call(bench, secret, b'{"_id": 7}') == 202
    bench.run()
    assert call(bench, secret, b'{"_id": 7}') == 202
    bench.run()
    assert bench.world.count("submission") == 1


def test_without_the_secret_nobody_learns_whether_there_is_a_connector(
    sqlite_bench: Bench,
) -> None:
    secret = sqlite_bench.connect(hook=True).hook_secret or ""
    assert call(sqlite_bench, "", b'{"_id": 7}') == 404
    assert call(sqlite_bench, secret[:-1], b'{"_id": 7}') == 404
    assert call(sqlite_bench, secret, b'{"_id": 7}', "/v1/connectors/lain/hook") == 404
    assert sqlite_bench.items() == {}


def test_a_connector_without_a_hook_takes_none(sqlite_bench: Bench) -> None:
    sqlite_bench.connect()
    assert call(sqlite_bench, "", b'{"_id": 7}') == 404


def test_a_body_that_says_nothing_useful_is_answered_all_the_same(sqlite_bench: Bench) -> None:
    secret = sqlite_bench.connect(hook=True).hook_secret or ""
    for body in (b"", b"{", b"[]", b'{"_id": "x"}', b'{"_id": -1}', b'{"_id": 1e400}', b"\xff"):
        assert call(sqlite_bench, secret, body) == 202
    assert sqlite_bench.items() == {}


def test_a_hint_about_a_form_that_is_not_there_ends_there(sqlite_bench: Bench) -> None:
    secret = sqlite_bench.connect(hook=True).hook_secret or ""
    assert call(sqlite_bench, secret, b'{"_id": 404}') == 202
    assert sqlite_bench.run().gone == 1
    assert sqlite_bench.run().gone == 0
