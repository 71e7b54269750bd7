"""`lokus connect` against a server that really listens, on this machine."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.api.commanding import Run, commanding
from tests.connectors.bench import MAP, NO_KK, Bench
from tests.connectors.doubles import ASSET, KOBO_HOST, TOKEN, KoboDouble


@pytest.fixture
def listening() -> Iterator[tuple[KoboDouble, str]]:
    """A double of KoboToolbox behind a socket."""
    double = KoboDouble()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {**self.headers, "host": KOBO_HOST}
            headers = {name.lower(): value for name, value in headers.items()}
            url = f"http://{KOBO_HOST}{self.path}"
            answer = double.answer(httpx.Request(self.command, url, headers=headers, content=body))
            self.send_response(answer.status_code)
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_PATCH = _answer  # noqa: N815 (http.server's names)

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield double, f"http://localhost:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


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
    listening: tuple[KoboDouble, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    double, url = listening
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
    lokus: Run, listening: tuple[KoboDouble, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    double, url = listening
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
