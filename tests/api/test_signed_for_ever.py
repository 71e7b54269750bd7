"""What was signed is never changed: not by a statement, and not unseen by somebody with power."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from api.services.proofs.evidence import Damage
from tests.api.rounds import Village, village_in_a_period
from tests.api.village import assert_sound, proven, tamper


@pytest.fixture
def village(database_url: str, tmp_path: Path) -> Iterator[Village]:
    with village_in_a_period(database_url, tmp_path / "data") as found:
        yield found


def test_no_statement_changes_what_was_signed(village: Village) -> None:
    village.signed()
    for table in ("frozen_village", "signature", "round_event"):
        for change in (f"UPDATE {table} SET period = '2099-01'", f"DELETE FROM {table}"):
            with pytest.raises(DatabaseError, match=r"written once|P0001"):
                tamper(village.world, change)
    assert_sound(village.world)


TAMPERING: list[tuple[str, str, dict[str, object]]] = [
    ("frozen", "UPDATE frozen_village SET code = 'AAAAAAAAAAAAAAAA'", {}),
    ("frozen", "UPDATE frozen_village SET head = head + 1", {}),
    ("frozen", "UPDATE frozen_village SET body = :body", {"body": gzip.compress(b"lain\n")}),
    ("signature", "UPDATE signature SET method = 'kertas'", {}),
    ("round", "UPDATE round_event SET reason = 'lain' WHERE n = 3", {}),
    ("round", "UPDATE round SET state = 'diekspor'", {}),
    ("round", "UPDATE round_event SET state = 'disahkan' WHERE n = 2", {}),
    ("round", "DELETE FROM round_event WHERE n = 2", {}),
    ("round", "DELETE FROM signature", {}),
    ("round", "UPDATE round SET signed_hash = NULL", {}),
]


def test_whoever_goes_round_the_guard_is_found_out(village: Village) -> None:
    village.signed()
    unguard(village)
    known: set[Damage] = set()
    for check, statement, values in TAMPERING:
        tamper(village.world, statement, **values)
        found = set(proven(village.world).damage)
        assert check in {one.check for one in found - known}, statement
        known = found


def unguard(village: Village) -> None:
    """Take the triggers down, as somebody with full power over the database can."""
    with village.world.database.writing() as session:
        connection = session.connection()
        for table in ("frozen_village", "signature", "round_event"):
            if connection.dialect.name == "sqlite":
                for event in ("UPDATE", "DELETE"):
                    connection.execute(text(f"DROP TRIGGER {table}_written_once_{event}"))
            else:
                connection.execute(text(f"DROP TRIGGER {table}_written_once ON {table}"))
