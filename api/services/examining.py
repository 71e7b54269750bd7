"""Settings that would lose data or leak it, found before they do: what `lokus doctor` looks at."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from sqlmodel import Session

from api.passwords import DEMONSTRATION_PASSWORD, password_matches
from api.settings import Settings
from migrations import runner
from models.database import Database
from models.engines import database_url
from models.queries import accounts, durability, server_state
from models.queries.durability import PostgresqlSettings, SqliteSettings

DISK_FREE_BYTES_MIN: Final = 1024**3
CLOCK_APART_MAX: Final = timedelta(seconds=30)
EARLIEST_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""No server of this version can have run before this day."""
PASSWORDS_TRIED_MAX: Final = 50
_SQLITE_FULL: Final = 2
_LOCAL_HOSTS: Final = frozenset({"127.0.0.1", "::1", "localhost"})

Level = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was found and, unless it is `ok`, what to do."""

    check: str
    level: Level
    text: str


def examine(
    settings: Settings, database: Database, now: datetime, environment: Mapping[str, str]
) -> Iterator[Finding]:
    """Every check. Needs a database that can be opened; tables may be missing."""
    yield examine_secret(settings.secret_file)
    yield examine_public_url(settings.public_url)
    yield examine_disk(shutil.disk_usage(settings.data_dir).free)
    yield from examine_database(settings, database, now, environment)
    waiting = runner.pending(settings.database_url)
    if waiting:
        yield Finding(
            "migrations",
            "problem",
            f"{len(waiting)} revisions are pending: make a backup, then run `lokus migrate`",
        )
        return
    yield Finding("migrations", "ok", "the schema is this version's")
    with database.reading() as session:
        yield examine_epoch(server_state.state(session, server_state.EPOCH))
        yield examine_history(durability.latest_audit_at(session), now)
        yield examine_passwords(session)


def examine_database(
    settings: Settings, database: Database, now: datetime, environment: Mapping[str, str]
) -> Iterator[Finding]:
    """What the database promises, and who could read it on the way or on the disk."""
    if database.dialect == "sqlite":
        with database.writing() as session:
            yield examine_sqlite(durability.sqlite_settings(session))
        path = Path(database_url(settings.database_url).database or "")
        yield examine_file_mode("database file", path)
        yield examine_workers(environment)
        return
    with database.writing() as session:
        stated = durability.postgresql_settings(session)
    yield from examine_postgresql(stated)
    yield examine_clocks(stated.now, now)


def examine_secret(path: Path) -> Finding:
    """The secret signs receipts and protects codes."""
    if not path.exists():
        return Finding("secret", "warning", f"{path} will be made when it is first needed")
    return examine_file_mode("secret", path)


def examine_file_mode(check: str, path: Path) -> Finding:
    """Only the server's own user may read it."""
    if path.stat().st_mode & 0o077 and path.parent.stat().st_mode & 0o077:
        return Finding(check, "problem", f"others can read {path}: run `chmod 600 {path}`")
    return Finding(check, "ok", f"only its owner can read {path}")


def examine_public_url(url: str) -> Finding:
    """Tokens and families' data must not cross a network in the clear."""
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname in _LOCAL_HOSTS:
        return Finding("public URL", "ok", url)
    return Finding(
        "public URL",
        "problem",
        f"phones would send tokens unencrypted to {url}: put TLS in front and say https",
    )


def examine_disk(free_bytes: int) -> Finding:
    """A full disk refuses every push."""
    text = f"{free_bytes // 1024**2} MiB free"
    if free_bytes >= DISK_FREE_BYTES_MIN:
        return Finding("disk", "ok", text)
    return Finding("disk", "problem", f"{text}: make room, pushes are refused when it is full")


def examine_sqlite(stated: SqliteSettings) -> Finding:
    """Below FULL a committed transaction may vanish on power loss after it was acknowledged."""
    if stated.synchronous < _SQLITE_FULL or stated.journal_mode != "wal":
        return Finding(
            "SQLite",
            "problem",
            f"journal_mode {stated.journal_mode}, synchronous {stated.synchronous}: acknowledged "
            "work may vanish on power loss; Lokus sets wal and FULL, so something overrides it",
        )
    if not stated.foreign_keys:
        return Finding("SQLite", "problem", "foreign_keys is off: something overrides it")
    return Finding("SQLite", "ok", "journal_mode wal, synchronous full")


def examine_postgresql(stated: PostgresqlSettings) -> Iterator[Finding]:
    """What is acknowledged must be on disk, and nobody in between may read it."""
    off = [name for name in ("fsync", "full_page_writes") if not getattr(stated, name)]
    if stated.synchronous_commit == "off":
        off.append("synchronous_commit")
    if off:
        yield Finding(
            "PostgreSQL",
            "problem",
            f"{', '.join(off)} off: acknowledged work is lost in a crash; switch it on in "
            "postgresql.conf",
        )
    else:
        yield Finding("PostgreSQL", "ok", "fsync, full_page_writes and synchronous_commit are on")
    if stated.standby_names and not stated.standbys_connected:
        yield Finding(
            "standby",
            "problem",
            f"commits wait for a standby and none is connected ({stated.commits_waiting} waiting): "
            "bring one back, or empty synchronous_standby_names",
        )
    if not stated.data_checksums:
        yield Finding(
            "checksums",
            "warning",
            "data checksums are off, so a decaying disk goes unnoticed: see pg_checksums --enable",
        )
    if not (stated.encrypted or stated.local):
        yield Finding(
            "connection",
            "problem",
            "the connection to the database crosses a network unencrypted: add sslmode=verify-full",
        )


def examine_clocks(theirs: datetime, ours: datetime) -> Finding:
    """Day of observation and lifetime of tokens are reckoned by our clock."""
    if abs(theirs - ours) > CLOCK_APART_MAX:
        apart = int(abs(theirs - ours).total_seconds())
        return Finding("clock", "problem", f"{apart} s apart from the database's: synchronise both")
    return Finding("clock", "ok", "agrees with the database's")


def examine_history(latest: datetime | None, now: datetime) -> Finding:
    """A clock that was set back makes new work look older than what it builds on."""
    if now < EARLIEST_NOW or (latest is not None and now < latest - CLOCK_APART_MAX):
        return Finding(
            "time",
            "problem",
            f"it is {now:%Y-%m-%d %H:%M} UTC here, earlier than what was already written: set the "
            "clock",
        )
    return Finding("time", "ok", f"{now:%Y-%m-%d %H:%M} UTC")


def examine_workers(environment: Mapping[str, str]) -> Finding:
    """SQLite has one writer; several processes would fight for it."""
    if environment.get("WEB_CONCURRENCY", "1") not in {"", "1"}:
        return Finding("workers", "problem", "WEB_CONCURRENCY asks for several: unset it on SQLite")
    return Finding("workers", "ok", "one process, as SQLite needs")


def examine_epoch(epoch: str | None) -> Finding:
    """Without an epoch no cursor can be trusted."""
    if epoch is None:
        return Finding("epoch", "problem", "the database has none: run `lokus migrate`")
    return Finding("epoch", "ok", epoch)


def examine_passwords(session: Session) -> Finding:
    """The demonstration's password is printed on its page."""
    for stored in accounts.password_hashes(session, PASSWORDS_TRIED_MAX):
        if password_matches(DEMONSTRATION_PASSWORD, stored):
            return Finding(
                "passwords",
                "problem",
                "an account still has the demonstration's password: run `lokus account password`, "
                "or disable it",
            )
    return Finding("passwords", "ok", "nobody has the demonstration's")
