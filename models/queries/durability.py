"""What the database itself says about keeping its promises."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlmodel import Session

from models.tables.audit import Audit
from models.tables.columns import table_of

_AUDIT = table_of(Audit)


@dataclass(frozen=True, slots=True)
class SqliteSettings:
    """PRAGMAs of the connection that writes."""

    journal_mode: str
    synchronous: int
    """0 off, 1 normal, 2 full, 3 extra."""
    foreign_keys: bool


@dataclass(frozen=True, slots=True)
class PostgresqlSettings:
    """Settings of the server as this session has them."""

    fsync: bool
    synchronous_commit: str
    full_page_writes: bool
    data_checksums: bool
    standby_names: str
    standbys_connected: int
    """Standbys that confirm commits."""
    commits_waiting: int
    """Sessions that wait for a standby right now."""
    encrypted: bool
    local: bool
    """The server is on this machine, so that nobody in between can listen."""
    now: datetime


def sqlite_settings(session: Session) -> SqliteSettings:
    """PRAGMAs as they are in force; ask in a writing transaction."""
    connection = session.connection()
    return SqliteSettings(
        journal_mode=str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()),
        synchronous=int(connection.exec_driver_sql("PRAGMA synchronous").scalar_one()),
        foreign_keys=bool(connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one()),
    )


_POSTGRESQL = text(
    """
    SELECT current_setting('fsync') = 'on' AS fsync,
           current_setting('synchronous_commit') AS synchronous_commit,
           current_setting('full_page_writes') = 'on' AS full_page_writes,
           current_setting('data_checksums') = 'on' AS data_checksums,
           current_setting('synchronous_standby_names') AS standby_names,
           (SELECT count(*) FROM pg_stat_replication
             WHERE sync_state IN ('sync', 'quorum')) AS standbys_connected,
           (SELECT count(*) FROM pg_stat_activity
             WHERE wait_event_type = 'IPC' AND wait_event = 'SyncRep') AS commits_waiting,
           coalesce((SELECT ssl FROM pg_stat_ssl
             WHERE pid = pg_backend_pid()), false) AS encrypted,
           inet_client_addr() IS NULL
             OR inet_client_addr() = inet_server_addr()
             OR inet_client_addr() << inet '127.0.0.0/8' AS local,
           clock_timestamp() AS now
    """
)


def postgresql_settings(session: Session) -> PostgresqlSettings:
    """Settings as they are in force for a writing transaction."""
    row = session.connection().execute(_POSTGRESQL).mappings().one()
    return PostgresqlSettings(**row)


def latest_audit_at(session: Session) -> datetime | None:
    """When the last thing was written down, by the clock of then."""
    return session.connection().execute(select(func.max(_AUDIT.c.at))).scalar_one_or_none()
