"""The command line against a server on a real socket."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from lokus_client.conformance import RULES

from tests.clients.doubled_routes import Routes
from tests.clients.test_cli import Terminal
from tests.clients.world import DESA, RT, World


class Door(BaseHTTPRequestHandler):
    """Hands what comes over a socket to the double."""

    routes: Routes
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        request = httpx.Request(
            self.command,
            f"http://127.0.0.1{self.path}",
            headers=list(self.headers.items()),
            content=content,
        )
        response = self.routes.answer(request)
        is_plain = response.is_stream_consumed
        body = response.content if is_plain else b"".join(response.iter_raw())
        self.send_response(response.status_code)
        for name, value in response.headers.items():
            if name != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer  # noqa: N815  # the names that http.server looks for

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # as inherited
        """Say nothing."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def address(world: World) -> Iterator[str]:
    """The double's address."""
    door = type("OpenDoor", (Door,), {"routes": world.routes})
    server = ThreadingHTTPServer(("127.0.0.1", 0), door)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_two_phones_meet_over_a_socket(world: World, address: str, tmp_path: Path) -> None:
    ani, budi = Terminal(tmp_path / "ani.db"), Terminal(tmp_path / "budi.db")
    link = f"{address}/enrol#{world.double.invite({DESA: [RT]})}"
    assert "terdaftar" in ani.run("enrol", link, "--name", "Ponsel Ani")
    assert "1 diterima" not in ani.run("sync")
    ani.run("add-family", "nama_kepala_keluarga=Suryani", "rt=3", "rw=1")
    assert "1 diterima server" in ani.run("sync")
    budi.run("enrol", world.double.invite({DESA: [RT]}), "--server", address)
    report = json.loads(budi.run("sync", "--json"))
    assert (report["code"], report["rows"]) == ("ok", 1)
    assert "Suryani" in budi.run("list")
    home = json.loads(ani.run("list", "--json"))[0]["id"]
    for terminal in (ani, budi):
        terminal.run("edit", home, f"nama_kepala_keluarga={terminal.store.stem}")
        assert "cocok" in (terminal.run("sync") + terminal.run("status"))
    shown = budi.run("status")
    assert "Sedang ditinjau (1)" in shown
    assert "isian Anda: budi" in shown
    assert "!" in budi.run("show", home)


def test_without_a_server_the_work_stays(world: World, address: str, tmp_path: Path) -> None:
    phone = Terminal(tmp_path / "ani.db")
    phone.run("enrol", f"{address}/enrol#{world.double.invite({DESA: [RT]})}")
    phone.run("sync")
    phone.run("add-family", "nama_kepala_keluarga=Suryani", "rt=3", "rw=1")
    world.device_of(phone.store).is_revoked = True
    shown = phone.run("sync", exit_code=1)
    assert "akses ponsel ini dicabut" in shown
    assert "Akses ponsel ini dicabut" in phone.run("status")
    assert "Tidak dapat" in phone.run("enrol", "SALAH", exit_code=1)


def test_a_server_is_checked_rule_by_rule(world: World, address: str, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path / "none.db")
    code = world.double.invite({DESA: [RT]})
    verdicts = json.loads(terminal.run("conformance", address, "--code", code, "--json"))
    assert len(verdicts) == len(RULES)
    assert [verdict["rule"] for verdict in verdicts if not verdict["passed"]] == []
    shown = terminal.run("conformance", address, "--code", code, "--lang", "en", exit_code=1)
    assert "FAIL" in shown
    assert f"of {len(RULES)} rules pass" in shown
