"""The command line: accounts, codes, devices, areas, and errors that say what to do next."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import from_environment
from api.cli import main
from models.database import Database
from models.queries import accounts, auditing
from tests.api.commanding import Run, command_line
from tests.api.server import DESA, NEIGHBOUR

AREAS = f"kode,nama\n18,Lampung\n1802,Tengah\n180217,Way\n{DESA},Satu\n{NEIGHBOUR},Dua\n"


@pytest.fixture
def run_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], Run]:
    """Makes what runs `lokus …` in this process on a database."""

    def on(url: str) -> Run:
        return command_line(tmp_path / "var", url, monkeypatch, capsys)

    return on


@pytest.fixture
def run(run_on: Callable[[str], Run], sqlite_url: str) -> Run:
    return run_on(sqlite_url)


@pytest.fixture
def ready(run: Run, tmp_path: Path) -> Run:
    """A migrated SQLite database with five areas."""
    return prepared(run, tmp_path)


@pytest.fixture
def ready_everywhere(run_on: Callable[[str], Run], database_url: str, tmp_path: Path) -> Run:
    """The same; the test runs on both databases."""
    return prepared(run_on(database_url), tmp_path)


def prepared(run: Run, folder: Path) -> Run:
    table = folder / "wilayah.csv"
    table.write_text("\ufeff" + AREAS, encoding="utf-8")
    assert run("migrate").code == 0
    assert run("wilayah", "load", str(table)).code == 0
    return run


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database.open(url, pool_size=2)
    yield database
    database.close()


def test_help_names_every_command(run: Run) -> None:
    shown = run("--help")
    words = ("serve", "migrate", "wilayah", "account", "enrol", "device", "doctor", "epoch")
    assert all(word in shown.out for word in words)


@pytest.mark.parametrize(
    "command",
    ["serve", "migrate", "wilayah load", "account add", "account scope", "enrol", "device revoke"],
)
def test_every_command_explains_itself(run: Run, command: str) -> None:
    shown = run(*command.split(), "--help")
    assert shown.code == 0
    assert "Usage" in shown.out


def test_migrating_twice_changes_nothing(run: Run) -> None:
    run("migrate")
    assert "nothing to do" in run("migrate").out


@pytest.mark.parametrize(
    "rts",
    [
        ("--rt", "003/001", "004/001"),
        ("--rt", "3/1,4/1"),
        ("--rt", "003/001", "--rt", "004/001"),
    ],
)
def test_rts_may_be_written_in_three_ways(ready: Run, rts: tuple[str, ...]) -> None:
    added = ready("account", "add", "budi", "--role", "petugas", "--area", "18.02.17.2001", *rts)
    assert added.code == 0, added.err
    (account,) = ready("account", "list", "--json").json
    assert account["areas"] == [{"area": DESA, "rt": ["003/001", "004/001"]}]


def test_scope_with_rts_alone_keeps_the_village(ready: Run) -> None:
    ready("account", "add", "budi", "--role", "petugas", "--area", DESA, "--rt", "003/001")
    assert ready("account", "scope", "budi", "--rt", "005/001").code == 0
    (account,) = ready("account", "list", "--json").json
    assert account["areas"] == [{"area": DESA, "rt": ["005/001"]}]
    assert account["scope_version"] == 2


def test_scope_with_an_area_gives_all_of_it(ready: Run) -> None:
    ready("account", "add", "budi", "--role", "petugas", "--area", DESA, "--rt", "003/001")
    ready("account", "scope", "budi", "--area", NEIGHBOUR)
    (account,) = ready("account", "list", "--json").json
    assert account["areas"] == [{"area": NEIGHBOUR, "rt": None}]


def test_a_given_password_is_never_asked_for(
    ready: Run, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    ready("account", "add", "ani", "--role", "admin", "--area", "18", "--password", "kata sandi 1")
    assert ready("account", "password", "ani", "--password", "kata sandi 2").code == 0
    with opened(sqlite_url) as database, database.reading() as session:
        account = accounts.account_by_name(session, "ani")
    assert account is not None
    assert account.password_hash is not None


def test_a_password_may_come_from_a_pipe(ready: Run) -> None:
    ready("account", "add", "ani", "--role", "admin", "--area", "18")
    assert ready("account", "password", "ani", typed="kata sandi panjang\n").code == 0


def test_disabling_shows_in_the_list(ready: Run) -> None:
    ready("account", "add", "budi", "--role", "petugas", "--area", DESA)
    ready("account", "disable", "budi")
    assert ready("account", "list", "--json").json[0]["state"] == "disabled"
    ready("account", "enable", "budi")
    assert "active" in ready("account", "list").out


def test_a_code_enrols_a_phone_that_is_then_listed_and_revoked(ready_everywhere: Run) -> None:
    ready = ready_everywhere
    ready("account", "add", "budi", "--role", "petugas", "--area", DESA)
    issued = ready("enrol", "budi", "--json").json
    assert issued["link"].endswith(f"/enrol#{issued['code']}")
    body = {"code": issued["code"], "name": "HP", "platform": "x"}
    client = TestClient(from_environment())
    answer = client.post("/v1/devices", json=body)
    assert answer.status_code == 201, answer.text
    (device,) = ready("device", "list", "--json").json
    assert (device["account"], device["state"]) == ("budi", "active")
    assert ready("device", "revoke", device["id"]).code == 0
    assert ready("device", "list", "--account", "budi", "--json").json[0]["state"] == "revoked"
    assert ready("device", "list", "--account", "nobody", "--json").json == []
    client.app.state.shell.database.close()  # type: ignore[attr-defined]  # a FastAPI application


def test_a_code_is_drawn_for_the_terminal_and_for_files(ready: Run, tmp_path: Path) -> None:
    ready("account", "add", "budi", "--role", "petugas", "--area", DESA)
    png, svg = tmp_path / "code.png", tmp_path / "code.svg"
    shown = ready("enrol", "budi", "--png", str(png), "--svg", str(svg))
    assert "█" in shown.out
    assert "/enrol#" in shown.out
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "<svg" in svg.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("account", "add", "b", "--role", "petugas", "--area", DESA), "2 to 64"),
        (("account", "add", "budi", "--role", "petugas", "--area", "99"), "wilayah load"),
        (("account", "add", "budi", "--role", "petugas"), "--area"),
        (("account", "add", "budi", "--role", "petugas", "--area", DESA, "003/001"), "--rt"),
        (("account", "disable", "nobody"), "account list"),
        (("account", "scope", "nobody", "--rt", "1/1"), "account list"),
        (("account", "add", "x1", "--role", "admin", "--area", "18", "--password", "x"), "8 to"),
        (("enrol", "nobody"), "account list"),
        (("device", "revoke", "nothing"), "no such thing"),
    ],
)
def test_errors_teach_on_standard_error(ready: Run, arguments: tuple[str, ...], hint: str) -> None:
    ran = ready(*arguments)
    assert ran.code == 1
    assert ran.out == ""
    assert ran.err.startswith("lokus: ")
    assert hint in ran.err
    assert len(ran.err.splitlines()) == 1


def test_an_unknown_role_names_those_that_exist(ready: Run) -> None:
    ran = ready("account", "add", "budi", "--role", "raja", "--area", DESA)
    assert ran.code == 2
    assert "kepala_desa" in ran.err


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a,b\n1,2\n", "name the columns"),
        ("kode,nama\n18,Lampung\n180,Salah\n", "line 3"),
        ("kode,nama\n", "none was found"),
        ("kode,nama\n7301,Jauh\n", "lack their parent"),
    ],
)
def test_a_table_of_areas_that_cannot_be_read_changes_nothing(
    ready: Run, tmp_path: Path, text: str, hint: str
) -> None:
    table = tmp_path / "broken.csv"
    table.write_text(text, encoding="utf-8")
    ran = ready("wilayah", "load", str(table))
    assert ran.code == 1
    assert hint in ran.err


def test_a_new_epoch_is_another_one(ready: Run) -> None:
    begun = ready("epoch", "new", "--json").json
    assert begun["before"] != begun["epoch"]
    assert begun["epoch"] in ready("epoch", "new").out


def test_everything_done_here_is_in_an_unbroken_chain(
    ready_everywhere: Run, database_url: str
) -> None:
    ready = ready_everywhere
    ready("account", "add", "budi", "--role", "petugas", "--area", DESA)
    ready("account", "scope", "budi", "--area", NEIGHBOUR)
    ready("enrol", "budi")
    ready("epoch", "new")
    with opened(database_url) as database, database.reading() as session:
        assert list(auditing.verify(session)) == []
        assert auditing.heads(session)[""][0] == 5


def test_serving_refuses_several_workers_on_sqlite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOKUS_DATA_DIR", str(tmp_path))
    with pytest.raises(SystemExit):
        main(["serve", "--workers", "2"])
    assert "PostgreSQL" in capsys.readouterr().err


def test_serving_refuses_a_database_that_was_not_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOKUS_DATA_DIR", str(tmp_path))
    with pytest.raises(SystemExit):
        main(["serve"])
    assert "lokus migrate" in capsys.readouterr().err


def test_a_database_without_tables_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOKUS_DATA_DIR", str(tmp_path))
    with pytest.raises(SystemExit):
        main(["account", "list"])
    assert "lokus migrate" in capsys.readouterr().err


def test_a_misspelt_setting_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOKUS_DATABSE_URL", "x")
    with pytest.raises(SystemExit):
        main(["doctor"])
    assert "LOKUS_DATABASE_URL" in capsys.readouterr().err
