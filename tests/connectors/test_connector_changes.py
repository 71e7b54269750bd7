"""A connector is changed or ends; what its forms said stays."""

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.commanding import Run, commanding
from tests.api.village import desk
from tests.connectors.bench import MAP, NO_KK, OTHER_NO_KK, Bench
from tests.connectors.doubles import ASSET, KOBO_HOST, TOKEN, KoboDouble
from tests.connectors.listening import listening
from tests.connectors.test_connect_command import adding

RUN = ("connect", "kobo", "run", "kobo-desa")
CHANGE = ("connect", "kobo", "change", "kobo-desa")
STATUS = ("connect", "kobo", "status", "kobo-desa")


@pytest.fixture
def lokus(
    sqlite_bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    monkeypatch.setenv("LOKUS_CONNECTOR_HOSTS_INSIDE", "localhost")
    return commanding(sqlite_bench.world, monkeypatch, capsys)


@pytest.fixture
def kobo(lokus: Run, tmp_path: Path) -> Iterator[KoboDouble]:
    """A double that a connector is added to, with one form that came in."""
    double = KoboDouble()
    double.add(1, kk__nomor=NO_KK, rumah__lantai="2")
    with listening(double.answer, KOBO_HOST) as url:
        lokus(*adding(tmp_path, url), "--hook")
        assert lokus(*RUN, "--json").json["taken"] == {"merged": 1}
        yield double


def test_a_server_that_moved_is_asked_at_its_new_address_for_what_is_new(
    kobo: KoboDouble, lokus: Run
) -> None:
    kobo.add(2, kk__nomor=NO_KK)
    with listening(kobo.answer, KOBO_HOST) as moved:
        changed = lokus(*CHANGE, "--url", moved)
        assert changed.code == 0, changed.err
        assert "changed url; what came in stays" in changed.out
        told = lokus(*RUN, "--json").json
    assert (told["listed"], told["taken"]) == (2, {"merged": 1})


def test_a_number_that_another_server_gives_to_another_form_is_no_edit(
    kobo: KoboDouble, lokus: Run, sqlite_bench: Bench
) -> None:
    del kobo
    other = KoboDouble()
    told = {"kk__kepala": "SITI", "kk__rt": "003", "kk__rw": "001", "rumah__luas": 30}
    one = other.add(1, kk__nomor=OTHER_NO_KK, **told)
    one["_uuid"] = "0b0a0000-0000-4000-8000-0000000000ff"
    one["meta/rootUuid"] = one["meta/instanceID"] = f"uuid:{one['_uuid']}"
    with listening(other.answer, KOBO_HOST) as url:
        lokus(*CHANGE, "--url", url)
        assert lokus(*RUN, "--json").json["taken"] == {"merged": 1}
    assert sqlite_bench.families() == 2
    assert sqlite_bench.document()["no_kk"] != OTHER_NO_KK
    assert sqlite_bench.document()["jenis_lantai_terluas"] == "keramik"


def test_another_token_is_read_from_where_it_lies_now(
    kobo: KoboDouble, lokus: Run, tmp_path: Path, sqlite_bench: Bench
) -> None:
    del kobo
    (tmp_path / "token").write_text("0000")
    assert "refuses the token" in lokus(*RUN).err
    fresh = tmp_path / "fresh"
    fresh.touch(0o600)
    fresh.write_text(TOKEN)
    assert lokus(*CHANGE, "--token-file", str(fresh)).code == 0
    assert lokus(*RUN).code == 0
    (told,) = sqlite_bench.world.ask("SELECT detail FROM audit WHERE action = 'connector-changed'")
    assert TOKEN not in str(told)
    assert str(fresh) not in str(told)


def test_a_token_is_never_typed_into_a_command_line(kobo: KoboDouble, lokus: Run) -> None:
    del kobo
    refused = lokus(*CHANGE, "--token", TOKEN)
    assert refused.code == 2
    assert "No such option" in refused.err


def test_a_host_on_no_list_is_refused_and_nothing_changed(kobo: KoboDouble, lokus: Run) -> None:
    del kobo
    refused = lokus(*CHANGE, "--url", "https://evil.example", "--no-hook")
    assert refused.code == 1
    assert "LOKUS_CONNECTOR_HOSTS" in refused.err
    assert lokus(*STATUS, "--json").json["takes_hooks"] is True


def test_another_map_is_for_what_comes_from_now_on(
    kobo: KoboDouble, lokus: Run, tmp_path: Path, sqlite_bench: Bench
) -> None:
    wider = tmp_path / "wider.toml"
    wider.write_text(MAP.replace('"rumah/luas" = "keluarga.luas_lantai"\n', ""))
    kobo.documents[1]["rumah/luas"] = 60
    kobo.add(2, kk__nomor=NO_KK, rumah__luas=60)
    assert lokus(*CHANGE, "--map", str(wider)).code == 0
    assert lokus(*RUN, "--json").json["taken"] == {"merged": 1}
    assert sqlite_bench.document()["luas_lantai"] == 24
    assert desk(sqlite_bench.world).conflicts() == []


def test_a_form_that_is_named_again_after_its_map_changed_says_what_it_said(
    kobo: KoboDouble, lokus: Run, tmp_path: Path, sqlite_bench: Bench
) -> None:
    del kobo
    narrow = tmp_path / "narrow.toml"
    narrow.write_text(MAP.replace('2 = "keramik"', '2 = "tanah"'))
    assert lokus(*CHANGE, "--map", str(narrow)).code == 0
    with sqlite_bench.world.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE connector_item SET due = 1")
    assert lokus(*RUN, "--json").json["repeated"] == 1
    assert sqlite_bench.document()["jenis_lantai_terluas"] == "keramik"
    assert sqlite_bench.world.count("submission") == 1


def test_read_anew_all_forms_say_what_differs_by_the_new_map(
    kobo: KoboDouble, lokus: Run, tmp_path: Path, sqlite_bench: Bench
) -> None:
    del kobo
    corrected = tmp_path / "corrected.toml"
    corrected.write_text(MAP.replace('2 = "keramik"', '2 = "tanah"'))
    changed = lokus(*CHANGE, "--map", str(corrected), "--anew")
    assert "reads all forms again" in changed.out
    assert lokus(*RUN, "--json").json["taken"] == {"merged": 1}
    assert sqlite_bench.document()["jenis_lantai_terluas"] == "tanah"
    assert desk(sqlite_bench.world).conflicts() == []
    assert lokus(*RUN, "--json").json["taken"] == {}


def test_a_map_that_would_take_persons_back_is_not_read_anew(
    kobo: KoboDouble, lokus: Run, tmp_path: Path
) -> None:
    del kobo
    without = tmp_path / "without.toml"
    lines = [one for one in MAP.splitlines() if "anggota" not in one]
    without.write_text("\n".join(lines))
    refused = lokus(*CHANGE, "--map", str(without), "--anew")
    assert refused.code == 1
    assert "taken back" in refused.err
    assert lokus(*CHANGE, "--map", str(without)).code == 0


def test_another_form_begins_its_own_list_and_the_earlier_one_s_stays(
    kobo: KoboDouble, lokus: Run, sqlite_bench: Bench
) -> None:
    other = "zZzZzZzZzZzZzZzZzZzZzZ"
    answer = kobo.answer
    kobo.documents.clear()
    # The other form's submissions have numbers of their own.
    kobo.add(1, kk__nomor=OTHER_NO_KK, kk__kepala="SITI", kk__rt="003", kk__rw="001")
    one = kobo.documents[1]
    one["_uuid"] = "0b0a0000-0000-4000-8000-0000000000ff"
    one["meta/rootUuid"] = one["meta/instanceID"] = f"uuid:{one['_uuid']}"

    def renamed(request: httpx.Request) -> httpx.Response:
        url = request.url.copy_with(path=request.url.path.replace(other, ASSET))
        return answer(httpx.Request(request.method, url, headers=request.headers))

    with listening(renamed, KOBO_HOST) as url:
        assert lokus(*CHANGE, "--url", url, "--form", other).code == 0
        told = lokus(*RUN, "--json").json
    assert (told["taken"], told["gone"]) == ({"merged": 1}, 0)
    assert sqlite_bench.families() == 2
    assert sqlite_bench.document()["jenis_lantai_terluas"] == "keramik"
    assert len(sqlite_bench.items()) == 2
    assert lokus(*STATUS, "--json").json["forms"] == {"merged": 2}


def test_a_removed_connector_asks_nothing_and_what_it_brought_stays(
    kobo: KoboDouble, lokus: Run, sqlite_bench: Bench, tmp_path: Path
) -> None:
    before = (sqlite_bench.world.count("operation"), sqlite_bench.world.count("submission"))
    removed = lokus("connect", "kobo", "remove", "kobo-desa")
    assert "that stay: 1." in removed.out
    asked = len(kobo.requests)
    assert "No such connector" in lokus(*RUN).err
    assert len(kobo.requests) == asked
    assert lokus("connect", "kobo", "list", "--json").json == []
    after = (sqlite_bench.world.count("operation"), sqlite_bench.world.count("submission"))
    assert after == before
    # Its id is not given again: the lanes of its forms bear it.
    assert "was removed" in lokus(*adding(tmp_path, "http://localhost:1")).err
    hook = json.dumps({"_id": 7}).encode()
    headers = {"content-type": "application/json", "x-lokus-secret": "lkh_x"}
    told = sqlite_bench.world.call("POST", "/v1/connectors/kobo-desa/hook", hook, headers)
    assert told.status == 404


def test_what_is_held_of_a_removed_connector_is_still_let_in(
    sqlite_bench: Bench, lokus: Run
) -> None:
    bench = sqlite_bench
    bench.kobo.add(1, kk__nomor=OTHER_NO_KK, kk__kepala="SITI", kk__rt="003", kk__rw="001")
    bench.connect(text=f'unknown = "hold"\n{MAP}')
    assert dict(bench.run().states) == {"held": 1}
    assert lokus("connect", "kobo", "remove", "kobo").code == 0
    ((held,),) = bench.world.ask("SELECT submission FROM held")
    assert desk(bench.world).post(f"/v1/held/{held}/release", {}).status == 200


def test_a_new_secret_of_a_webhook_ends_the_old_one(
    kobo: KoboDouble, lokus: Run, sqlite_bench: Bench
) -> None:
    del kobo
    fresh = lokus(*CHANGE, "--new-hook", "--json").json["secret"]

    def call(secret: str) -> int:
        headers = {"content-type": "application/json", "x-lokus-secret": secret}
        path = "/v1/connectors/kobo-desa/hook"
        return sqlite_bench.world.call("POST", path, b'{"_id": 7}', headers).status

    assert call(fresh) == 202
    assert lokus(*CHANGE, "--no-hook").code == 0
    assert call(fresh) == 404


def test_a_connector_is_not_changed_while_it_runs(
    kobo: KoboDouble, lokus: Run, sqlite_bench: Bench
) -> None:
    del kobo
    with sqlite_bench.world.database.writing() as session:
        session.connection().exec_driver_sql(
            "UPDATE connector SET running_until = '9999-01-01T00:00:00.000000+00:00'"
        )
    for asked in ((*CHANGE, "--no-hook"), ("connect", "kobo", "remove", "kobo-desa")):
        refused = lokus(*asked)
        assert refused.code == 1
        assert "is being run" in refused.err


def test_a_change_of_nothing_says_so(kobo: KoboDouble, lokus: Run) -> None:
    del kobo
    assert "Say what is to be changed" in lokus(*CHANGE).err
