"""Spread the register over a Citus cluster: a village is the unit, and never split.

Everything of a village is distributed by its code and co-located, so each statement of push and
pull runs on the one node that holds the village. What every village needs to read (areas,
accounts, facts about the server) is copied to every node. Claims of NIKs are spread by the number.

Citus refuses triggers on distributed tables, so the feed guard and those of what is written once
are taken down there; they are belts beside the braces and carry no logic.
"""

from typing import Final

from sqlalchemy import Connection, text

from models.engines import database_url, open_for_migration

REFERENCE_TABLES: Final = (
    "wilayah",
    "server_state",
    "account",
    "account_area",
    "device",
    "enrolment",
    "session",
    "list_import",
    "period",
    "account_pin",
    "form",
    "form_version",
    "form_file",
    "odk_key",
    "connector",
    "connector_item",
    "central_session",
    "connector_sight",
    "connector_file",
    "connector_change",
)
VILLAGE_TABLES: Final = {
    "feed": "desa",
    "record": "desa",
    "family_left": "desa",
    "lane": "desa",
    "operation": "desa",
    "conflict": "desa",
    "quarantine": "desa",
    "receipt": "desa",
    "blob": "desa",
    "round": "desa",
    "round_event": "desa",
    "rt_done": "desa",
    "finding_reason": "desa",
    "musyawarah": "desa",
    "musyawarah_decision": "desa",
    "frozen_village": "desa",
    "signature": "desa",
    "export": "desa",
    "export_result": "desa",
    "task": "desa",
    "designation": "desa",
    "submission": "desa",
    "submission_file": "desa",
    "held": "desa",
    "version_span": "desa",
    "submission_review": "desa",
    "submission_comment": "desa",
    "audit_chain": "chain",
    "audit": "chain",
}
"""Table → its column with the village's code. All share their shards with `feed`."""
NUMBER_TABLES: Final = {"nik_claim": "natural_key"}

_GUARD = (
    "DROP TRIGGER IF EXISTS record_feed_guard ON record",
    "DROP FUNCTION IF EXISTS record_needs_a_number()",
)
_WRITTEN_ONCE = (
    "DROP TRIGGER IF EXISTS round_event_written_once ON round_event",
    "DROP TRIGGER IF EXISTS frozen_village_written_once ON frozen_village",
    "DROP TRIGGER IF EXISTS signature_written_once ON signature",
    "DROP FUNCTION IF EXISTS row_is_written_once()",
)


class NotACluster(Exception):
    """The database is no PostgreSQL with the Citus extension; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(
            "distribution needs PostgreSQL with the Citus extension: run CREATE EXTENSION citus "
            "on the coordinator and add its workers first"
        )


def distribute(url: str) -> list[str]:
    """Distribute every table that is not yet; the statements that were run.

    Raises `NotACluster`. The schema has to be at its newest revision.
    """
    engine = open_for_migration(database_url(url))
    try:
        with engine.begin() as connection:
            if not _is_cluster(connection):
                raise NotACluster
            places = text("SELECT logicalrelid::text FROM pg_dist_partition")
            run = statements(set(connection.execute(places).scalars()))
            for statement in run:
                connection.execute(text(statement))
            return run
    finally:
        engine.dispose()


def statements(distributed: set[str]) -> list[str]:
    """What makes a plain schema a distributed one, given the tables that already are."""
    listed: list[str] = []
    if "record" not in distributed:
        listed += _GUARD
    if "frozen_village" not in distributed:
        listed += _WRITTEN_ONCE
    listed += [
        f"SELECT create_reference_table('{table}')"
        for table in REFERENCE_TABLES
        if table not in distributed
    ]
    for table, column in VILLAGE_TABLES.items():
        if table not in distributed:
            where = "" if table == "feed" else ", colocate_with => 'feed'"
            listed.append(f"SELECT create_distributed_table('{table}', '{column}'{where})")
    listed += [
        f"SELECT create_distributed_table('{table}', '{column}', colocate_with => 'none')"
        for table, column in NUMBER_TABLES.items()
        if table not in distributed
    ]
    return listed


def _is_cluster(connection: Connection) -> bool:
    if connection.dialect.name != "postgresql":
        return False
    found = connection.execute(text("SELECT 1 FROM pg_extension WHERE extname = 'citus'"))
    return found.first() is not None
