"""Frozen villages in a database: what comes back is what was signed, sealed or not."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from models.database import Database
from models.queries import frozen, musyawarahs, periods
from models.queries.frozen import FrozenNote
from models.queries.musyawarahs import Decided
from models.queries.periods import StoredPeriod
from models.sealing import SEALED_PREFIX, Vault
from sync.frozen import FrozenFamily, FrozenMember, FrozenVillage, NotFrozen, hash_of
from sync.permission import Role
from sync.signoff import Window
from tests.builders import DESA, FAMILY, NIK, NO_KK, OTHER_FAMILY

NOW = datetime(2026, 11, 20, 5, tzinfo=UTC)
MEMBER = FrozenMember("m", {"nik": NIK, "nama": "CONTOH\u2028DUA"}, was={"nik": NIK[::-1]})
VILLAGE = FrozenVillage(
    DESA,
    "2026-11",
    7,
    NOW.isoformat(),
    (FrozenFamily(FAMILY, "003/001", {"no_kk": NO_KK, "lintang": -5.0}, members=(MEMBER,)),),
)


@dataclass
class Turning:
    """A cipher that a reader of the test can undo in his head."""

    def seal(self, plain: str) -> str:
        return SEALED_PREFIX + plain[::-1]

    def open(self, sealed: str) -> str:
        return sealed.removeprefix(SEALED_PREFIX)[::-1]


def kept(database: Database, village: FrozenVillage = VILLAGE) -> str:
    body = village.body()
    digest = hash_of(body)
    note = FrozenNote(
        desa=DESA,
        period="2026-11",
        hash=digest,
        code="A" * 16,
        head=village.head,
        event=1,
        frozen_at=NOW,
        account_id=None,
        families=1,
        members=1,
        unmet={"conflict-open": 2},
    )
    with database.writing() as session:
        frozen.add_frozen(session, note, body)
    return digest


def test_what_was_frozen_comes_back_with_what_is_known_of_it(database: Database) -> None:
    digest = kept(database)
    with database.reading() as session:
        found = frozen.frozen_by_hash(session, DESA, digest)
        notes = frozen.frozen_notes(session, DESA, "2026-11")
        missing = frozen.frozen_by_hash(session, DESA, "0" * 64)
        nothing = frozen.frozen_by_code(session, "B" * 16)
    assert found is not None
    note, village = found
    assert village == VILLAGE
    assert (note.unmet, note.signed_at, note.is_current) == ({"conflict-open": 2}, None, False)
    assert (notes, missing, nothing) == ([note], None, None)


def test_numbers_are_sealed_in_the_database_and_the_hash_still_fits(database_url: str) -> None:
    sealing = Database.open(database_url, vault=Vault(b"s" * 32, Turning()))
    try:
        digest = kept(sealing)
        with sealing.reading() as session:
            found = frozen.frozen_by_hash(session, DESA, digest)
        assert found is not None
        assert found[1] == VILLAGE
        # Without the cipher the stored numbers say nothing, and are not what was signed.
        blind = Database.open(database_url, vault=Vault(b"s" * 32))
        with blind.reading() as session, pytest.raises(NotFrozen):
            frozen.frozen_by_hash(session, DESA, digest)
        blind.close()
    finally:
        sealing.close()


def test_a_village_frozen_before_numbers_were_sealed_stays_readable(database_url: str) -> None:
    plain = Database.open(database_url, vault=Vault(b"s" * 32))
    digest = kept(plain)
    plain.close()
    sealing = Database.open(database_url, vault=Vault(b"s" * 32, Turning()))
    with sealing.reading() as session:
        found = frozen.frozen_by_hash(session, DESA, digest)
    sealing.close()
    assert found is not None
    assert found[1] == VILLAGE


# Beside them ----------------------------------------------------------------------------------


def test_a_period_covers_the_villages_of_its_area_and_no_others(database: Database) -> None:
    window = Window(NOW, datetime(2026, 12, 1, tzinfo=UTC))
    stored = StoredPeriod("2026-11", "180221", window, {Role.PETUGAS: window}, "standar", 1)
    with database.writing() as session:
        periods.add_period(session, stored, NOW)
    with database.reading() as session:
        assert periods.period_of(session, DESA, "2026-11") == stored
        assert periods.period_of(session, "1802222001", "2026-11") is None
        assert periods.overlapping(session, "2026-11", "1802") == ["180221"]
        assert periods.overlapping(session, "2026-11", DESA) == ["180221"]
        assert periods.overlapping(session, "2026-11", "180222") == []
        assert periods.head_at(session, DESA, NOW) == 0


def test_a_later_decision_replaces_the_earlier_one_about_the_same_family(
    database: Database,
) -> None:
    first = Decided(FAMILY, "layak", "", NOW)
    other = Decided(OTHER_FAMILY, "ditunda", "dicari", NOW)
    with database.writing() as session:
        musyawarahs.store_decisions(session, DESA, "2026-11", [first, other])
        changed = replace(first, decision="tidak_layak", reason="mampu")
        musyawarahs.store_decisions(session, DESA, "2026-11", [changed])
    with database.reading() as session:
        found = musyawarahs.recorded(session, DESA, "2026-11").decisions
    assert found == {FAMILY: changed, OTHER_FAMILY: other}
    assert found[OTHER_FAMILY].as_frozen() == {"decision": "ditunda", "reason": "dicari"}
