"""Prove everything that a database can prove about itself, village by village.

Each village is read in one transaction and judged after it, so a running server is not held up,
and what it commits meanwhile is no contradiction.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from api.services.proofs.evidence import Damage, Evidence, evidence_of
from api.services.proofs.of_conflicts import conflicts_are_logged, reviews_fit
from api.services.proofs.of_log import (
    answers_fit,
    bodies_are_unchanged,
    lanes_are_dense,
    operations_are_once,
    positions_rise,
    quarantine_fits,
    receipts_hold,
)
from api.services.proofs.of_records import (
    aliases_lead,
    columns_repeat,
    feed_fits,
    stamps_are_logged,
    tree_holds,
)
from api.services.proofs.of_replay import register_follows_from_log
from api.services.proofs.of_rounds import rounds_hold
from models.database import Database
from models.queries import auditing, nik_claims
from models.queries.rounds import villages_with_rounds
from models.queries.verifying import StoredVillage, stored_village, villages
from sync.types import ANGGOTA

DAMAGE_TOLD_MAX: Final = 1000
"""Of one village; more of the same helps nobody."""

PROOFS: Final = (
    feed_fits,
    lanes_are_dense,
    positions_rise,
    bodies_are_unchanged,
    answers_fit,
    operations_are_once,
    quarantine_fits,
    columns_repeat,
    tree_holds,
    aliases_lead,
    stamps_are_logged,
    conflicts_are_logged,
    reviews_fit,
    register_follows_from_log,
)


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and everything that is wrong."""

    villages: int
    records: int
    operations: int
    damage: tuple[Damage, ...]

    @property
    def is_sound(self) -> bool:
        return not self.damage


def verify(database: Database, secret: bytes) -> Report:
    """Recompute every invariant. ``secret`` is the installation's, for receipts."""
    damage: list[Damage] = []
    records = operations = 0
    with database.reading() as session:
        desas = villages(session)
    for desa in desas:
        with database.reading() as session:
            village = stored_village(session, desa)
        records += len(village.records)
        operations += len(village.operations)
        evidence = evidence_of(village)
        found = [*evidence.broken, *_proven(evidence, secret), *_unclaimed(database, village)]
        damage += found[:DAMAGE_TOLD_MAX]
    damage += _rounds(database, secret)
    with database.reading() as session:
        damage += (Damage("audit", "", "audit", said) for said in auditing.verify(session))
    return Report(len(desas), records, operations, tuple(damage))


def _rounds(database: Database, secret: bytes) -> Iterator[Damage]:
    """Logs of rounds, frozen villages and their signatures, village by village."""
    with database.reading() as session:
        desas = villages_with_rounds(session)
    for desa in desas:
        with database.reading() as session:
            yield from rounds_hold(session, desa, secret)


def _proven(evidence: Evidence, secret: bytes) -> Iterator[Damage]:
    for proof in PROOFS:
        try:
            yield from proof(evidence)
        except Exception as error:  # noqa: BLE001 (whatever makes a proof stumble is damage)
            said = f"it could not be completed ({type(error).__name__})"
            yield evidence.damage("proof", proof.__name__, said)
    yield from receipts_hold(evidence, secret)


def _unclaimed(database: Database, village: StoredVillage) -> Iterator[Damage]:
    """Every person with a NIK is noted in the list that crosses villages."""
    wanted = {
        (key, stored.record.id)
        for stored in village.records.values()
        if stored.record.entity == ANGGOTA
        and stored.record.end is None
        and stored.record.alias is None
        and (key := stored.natural_key_expected) is not None
    }
    # A claim is written after the push that made it: this look comes later than the other.
    with database.reading() as session:
        noted = nik_claims.claimed(session, village.desa, {key for key, _ in wanted})
    for _, record_id in sorted(wanted - noted):
        yield Damage(
            "nik-claim",
            village.desa,
            f"record {record_id}",
            "its NIK is not noted for other villages: `lokus verify --complete-claims` does it",
        )
