"""`lokus connect` against a server that really listens, on this machine."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.connectors import reaching
from tests.api.commanding import Run, commanding
from tests.api.office import DESA
from tests.connectors.bench import FAMILY, MAP, NO_KK, Bench
from tests.connectors.doubles import ASSET, KOBO_HOST, TOKEN, KoboDouble
from tests.connectors.listening import listening


@pytest.fixture
def kobo() -> Iterator[tuple[KoboDouble, str]]:
    """A double of KoboToolbox behind a socket."""
    double = KoboDouble()
    with listening(double.answer, KOBO_HOST) as url:
        yield double, url


@pytest.fixture
def lokus(
    sqlite_bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    return commanding(sqlite_bench.world, monkeypatch, capsys)


def adding(folder: Path, url: str) -> list[str]:
    mapped, secrets = folder / "map.toml", folder / "token"
    mapped.write_text(MAP)
    secrets.touch(0o600)
    secrets.write_text(TOKEN)
    given = ["--url", url, "--form", ASSET, "--account", "dinsos"]
    files = ["--map", str(mapped), "--token-file", str(secrets)]
    return ["connect", "kobo", "add", "kobo-desa", *given, *files]


def test_a_form_is_added_tried_run_and_looked_at(
    sqlite_bench: Bench,
    lokus: Run,
    kobo: tuple[KoboDouble, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    double, url = kobo
    monkeypatch.setenv("LOKUS_CONNECTOR_HOSTS_INSIDE", "localhost")
    double.add(1, kk__nomor=NO_KK, rumah__lantai="2")
    added = lokus(*adding(tmp_path, url), "--hook")
    assert added.code == 0, added.err
    assert "X-Lokus-Secret: lkh_" in added.out
    assert TOKEN not in added.out
    tried = lokus("connect", "kobo", "run", "kobo-desa", "--dry-run")
    assert tried.code == 0, tried.err
    assert "1: merged, the family" in tried.out
    assert sqlite_bench.world.count("submission") == 0
    assert lokus("connect", "kobo", "run", "kobo-desa", "--json").json["taken"] == {"merged": 1}
    assert sqlite_bench.document()["jenis_lantai_terluas"] == "keramik"
    assert "1 merged" in lokus("connect", "kobo", "status", "kobo-desa").out
    (line,) = lokus("connect", "kobo", "list", "--json").json
    assert (line["id"], line["problem"]) == ("kobo-desa", None)
    assert lokus("connect", "central", "list", "--json").json == []


def test_a_host_on_no_list_is_refused_before_anything_is_asked(lokus: Run, tmp_path: Path) -> None:
    refused = lokus(*adding(tmp_path, "https://169.254.169.254"))
    assert refused.code == 1
    assert "LOKUS_CONNECTOR_HOSTS" in refused.err


def test_a_host_that_was_taken_off_the_list_is_asked_no_more(
    lokus: Run, kobo: tuple[KoboDouble, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    double, url = kobo
    monkeypatch.setenv("LOKUS_CONNECTOR_HOSTS_INSIDE", "localhost")
    lokus(*adding(tmp_path, url))
    monkeypatch.delenv("LOKUS_CONNECTOR_HOSTS_INSIDE")
    ran = lokus("connect", "kobo", "run", "kobo-desa")
    assert ran.code == 1
    assert "is on no list" in ran.err
    assert double.requests == []


def test_one_connector_is_run_by_one_at_a_time(
    sqlite_bench: Bench, lokus: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOKUS_CONNECTOR_HOSTS", KOBO_HOST)
    assert lokus(*adding(tmp_path, f"https://{KOBO_HOST}")).code == 0
    assert "already" in lokus(*adding(tmp_path, f"https://{KOBO_HOST}")).err
    with sqlite_bench.world.database.writing() as session:
        session.connection().exec_driver_sql(
            "UPDATE connector SET running_until = '9999-01-01T00:00:00.000000+00:00'"
        )
    ran = lokus("connect", "kobo", "run", "kobo-desa")
    assert ran.code == 1
    assert "somebody else" in ran.err


def test_files_and_what_is_gone_stand_in_the_status(
    lokus: Run, kobo: tuple[KoboDouble, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    double, url = kobo
    monkeypatch.setenv("LOKUS_CONNECTOR_HOSTS_INSIDE", "localhost")
    for number in (1, 2):
        double.add(number, kk__nomor=NO_KK, rumah__foto="depan.jpg")
        double.attach(number, "rumah/foto", b"\xff\xd8\xff\xe0 a house")
    lokus(*adding(tmp_path, url))
    ran = lokus("connect", "kobo", "run", "kobo-desa")
    assert "Files fetched: 2." in ran.out
    del double.documents[2]
    ran = lokus("connect", "kobo", "run", "kobo-desa")
    assert "Not there any more: 1;" in ran.out
    told = lokus("connect", "kobo", "status", "kobo-desa").out
    assert "2 files kept" in told
    assert f"2: the family {FAMILY} in {DESA}, noticed " in told
    shown = lokus("connect", "kobo", "status", "kobo-desa", "--json").json
    assert (shown["files"], shown["gone"][0]["item"]) == ({"kept": 2}, "2")


def test_an_answer_without_an_end_ends_the_run_with_a_clear_word(
    lokus: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOKUS_CONNECTOR_HOSTS_INSIDE", "localhost")
    huge = httpx.Response(200, content=b" " * (reaching.ANSWER_BYTES_MAX + 1))
    with listening(lambda _request: huge, KOBO_HOST) as url:
        lokus(*adding(tmp_path, url))
        ran = lokus("connect", "kobo", "run", "kobo-desa")
    assert ran.code == 1
    assert "more than 5 MiB" in ran.err
    assert "What was taken in stays" in ran.err


def test_no_proxy_of_the_environment_is_asked(
    lokus: Run, kobo: tuple[KoboDouble, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    double, url = kobo
    asked: list[httpx.Request] = []

    def proxy(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(502)

    monkeypatch.setenv("LOKUS_CONNECTOR_HOSTS_INSIDE", "localhost")
    lokus(*adding(tmp_path, url))
    with listening(proxy, "proxy.example") as there:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
            monkeypatch.setenv(name, there)
        assert lokus("connect", "kobo", "run", "kobo-desa").code == 0
    assert asked == []
    assert double.requests != []
