"""Each check of the doctor finds what it is there for, and is quiet about what is sound."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from api.passwords import DEMONSTRATION_PASSWORD
from api.services import examining
from api.services.accounts import NewAccount, add_account, hashed
from api.services.examining import Finding, examine
from models.queries import durability
from models.queries.accounts import Area
from models.queries.durability import PostgresqlSettings, SqliteSettings
from sync.permission import Role
from tests.api.server import BEGIN, Server

SQLITE = SqliteSettings(journal_mode="wal", synchronous=2, foreign_keys=True)
POSTGRESQL = PostgresqlSettings(
    fsync=True,
    synchronous_commit="on",
    full_page_writes=True,
    data_checksums=True,
    standby_names="",
    standbys_connected=0,
    commits_waiting=0,
    encrypted=False,
    local=True,
    now=BEGIN,
)


def found(server: Server) -> dict[str, Finding]:
    server.settings.data_dir.mkdir(parents=True, exist_ok=True)
    assert server.settings.secret
    findings = examine(server.settings, server.database, server.clock.now(), {})
    return {finding.check: finding for finding in findings}


def test_a_sound_sqlite_server_has_no_problem(sqlite_server: Server, tmp_path: Path) -> None:
    (tmp_path / "lokus.db").chmod(0o600)
    problems = [one for one in found(sqlite_server).values() if one.level == "problem"]
    assert problems == []


def test_both_databases_are_asked_for_what_they_promise(server: Server) -> None:
    checks = found(server)
    assert {"secret", "public URL", "disk", "migrations", "epoch", "time"} <= checks.keys()
    assert ("SQLite" in checks) != ("PostgreSQL" in checks)


def test_a_test_database_that_does_not_flush_is_found(server: Server) -> None:
    if server.database.dialect == "postgresql":
        assert "fsync" in found(server)["PostgreSQL"].text
    else:
        with server.database.writing() as session:
            assert durability.sqlite_settings(session) == SQLITE


@pytest.mark.parametrize(
    "stated",
    [
        replace(SQLITE, synchronous=1),
        replace(SQLITE, synchronous=0),
        replace(SQLITE, journal_mode="delete"),
        replace(SQLITE, foreign_keys=False),
    ],
)
def test_sqlite_settings_that_lose_data(stated: SqliteSettings) -> None:
    assert examining.examine_sqlite(stated).level == "problem"
    assert examining.examine_sqlite(SQLITE).level == "ok"


@pytest.mark.parametrize(
    ("stated", "check"),
    [
        (replace(POSTGRESQL, fsync=False), "PostgreSQL"),
        (replace(POSTGRESQL, full_page_writes=False), "PostgreSQL"),
        (replace(POSTGRESQL, synchronous_commit="off"), "PostgreSQL"),
        (replace(POSTGRESQL, standby_names="s1", commits_waiting=3), "standby"),
        (replace(POSTGRESQL, local=False), "connection"),
    ],
)
def test_postgresql_settings_that_lose_or_leak(stated: PostgresqlSettings, check: str) -> None:
    problems = [one for one in examining.examine_postgresql(stated) if one.level == "problem"]
    assert [one.check for one in problems] == [check]
    assert all(one.level == "ok" for one in examining.examine_postgresql(POSTGRESQL))


def test_a_standby_that_is_there_is_no_problem() -> None:
    stated = replace(POSTGRESQL, standby_names="s1", standbys_connected=1)
    assert all(one.level == "ok" for one in examining.examine_postgresql(stated))


def test_missing_checksums_are_worth_a_warning() -> None:
    stated = replace(POSTGRESQL, data_checksums=False)
    assert [one.level for one in examining.examine_postgresql(stated)] == ["ok", "warning"]


def test_an_encrypted_connection_may_be_far() -> None:
    stated = replace(POSTGRESQL, local=False, encrypted=True)
    assert all(one.level == "ok" for one in examining.examine_postgresql(stated))


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("http://lokus.example.id", "problem"),
        ("http://10.0.0.5:8000", "problem"),
        ("https://lokus.example.id", "ok"),
        ("http://127.0.0.1:8000", "ok"),
        ("http://localhost", "ok"),
    ],
)
def test_an_address_without_tls_is_for_this_machine_only(url: str, level: str) -> None:
    assert examining.examine_public_url(url).level == level


@pytest.mark.parametrize(
    ("file_mode", "folder_mode", "level"),
    [
        (0o600, 0o755, "ok"),
        (0o644, 0o755, "problem"),
        (0o640, 0o750, "problem"),
        (0o644, 0o700, "ok"),
    ],
)
def test_a_secret_that_others_can_read(
    tmp_path: Path, file_mode: int, folder_mode: int, level: str
) -> None:
    secret = tmp_path / "inner" / "secret"
    secret.parent.mkdir()
    secret.write_text("x")
    secret.chmod(file_mode)
    secret.parent.chmod(folder_mode)
    assert examining.examine_secret(secret).level == level


def test_a_secret_that_is_not_there_yet(tmp_path: Path) -> None:
    assert examining.examine_secret(tmp_path / "secret").level == "warning"


def test_a_full_disk() -> None:
    assert examining.examine_disk(100 * 1024 * 1024).level == "problem"
    assert examining.examine_disk(10 * 1024**3).level == "ok"


def test_clocks_that_disagree() -> None:
    assert examining.examine_clocks(BEGIN, BEGIN + timedelta(seconds=31)).level == "problem"
    assert examining.examine_clocks(BEGIN, BEGIN - timedelta(seconds=29)).level == "ok"


def test_a_clock_that_was_set_back() -> None:
    assert examining.examine_history(BEGIN, BEGIN - timedelta(hours=1)).level == "problem"
    assert examining.examine_history(None, BEGIN.replace(year=2016)).level == "problem"
    assert examining.examine_history(BEGIN, BEGIN).level == "ok"


def test_several_workers_on_sqlite() -> None:
    assert examining.examine_workers({"WEB_CONCURRENCY": "4"}).level == "problem"
    assert examining.examine_workers({"WEB_CONCURRENCY": "1"}).level == "ok"
    assert examining.examine_workers({}).level == "ok"


def test_a_database_without_an_epoch() -> None:
    assert examining.examine_epoch(None).level == "problem"
    assert examining.examine_epoch("k3f9").level == "ok"


def test_a_demonstration_password_that_was_left(sqlite_server: Server) -> None:
    server = sqlite_server
    server.account("ani", Role.ADMIN, "18")
    assert found(server)["passwords"].level == "ok"
    act = server.act()
    stored = hashed(DEMONSTRATION_PASSWORD, act)
    with server.database.writing() as session:
        add_account(session, NewAccount("demo", Role.ADMIN, (Area("18"),), None, stored), act)
    assert found(server)["passwords"].level == "problem"


def test_the_latest_entry_tells_what_time_it_was(server: Server) -> None:
    server.account("ani")
    with server.database.reading() as session:
        assert durability.latest_audit_at(session) == BEGIN
