"""`lokus verify`: a busy village proves itself, and every kind of damage is named."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from api.services.claiming import complete_claims
from api.services.epochs import HEADS_RAISED_BY, new_epoch
from api.services.reviewers import EVERYWHERE
from api.services.verifying import Report, verify
from migrations import runner
from models.database import Database
from models.queries.scoping import Sight
from models.sealing import Vault
from sync.replay import HEAD_GAP
from tests.api.village import (
    DESA,
    FAMILY,
    FIRST_NIK,
    MEMBER,
    a_person,
    assert_sound,
    desk,
    proven,
    record_id,
)
from tests.api.world import NOON, World, area, serving

SECOND, THIRD, FOURTH, WAITING = (record_id(n) for n in (3, 4, 5, 6))


def a_busy_village(world: World) -> None:
    """Everything that leaves traces: conflicts, ends, doubles, moves, quarantine, forks."""
    ani, budi = world.device("ani"), world.device("budi", areas=[area(DESA)])
    sari = desk(world)
    ani.push([ani.create(FAMILY, luas_lantai=30), ani.create(SECOND), ani.create(THIRD)])
    ani.push([a_person(ani, MEMBER, FAMILY, FIRST_NIK), a_person(ani, FOURTH, SECOND, FIRST_NIK)])
    ani.push([ani.edit(FAMILY, 1, nama_kepala_keluarga="Satu")])
    program = budi.op("set", "keluarga", FAMILY, base=1, add={"program": ["pkh"]})
    budi.push([program, budi.edit(FAMILY, 1, nama_kepala_keluarga="Dua", luas_lantai=40)])
    flag = next(c for c in sari.conflicts() if c["kind"] == "identity-duplicate")
    sari.resolve(sari.read(f"/v1/conflicts/{flag['id']}"), "candidate")
    sari.merge(THIRD, SECOND)
    ani.push([ani.edit(THIRD, 3, luas_lantai=50)])
    ani.push([ani.op("move", "anggota", MEMBER, base=12, parent=SECOND)])
    ani.push([ani.create(WAITING, rt="009"), ani.add_member(record_id(7), WAITING)])
    sari.release(sari.waiting()[0]["id"])
    budi.push([budi.edit(WAITING, 0, atap2="seng"), 17])
    budi.last += 1
    ani.push([ani.op("end", "keluarga", SECOND, base=3, end="pindah", date="2026-11-01")])
    lane = ani.post("/v1/lanes", {"desa": DESA, "parent": {"lane": ani.lane, "seq": 3}}).json()
    repeated = {"mono": 1, "boot": "b", "seq": 1, "kind": "set", "entity": "keluarga"}
    again = {**repeated, "id": FAMILY, "base": 1, "set": {"luas_lantai": 61}}
    ani.push([again], lane=lane["lane"])
    ani.push([again | {"seq": 2}], lane=lane["lane"])
    ani.push([ani.edit(FAMILY, 0, rt="008", rw="001")])


def test_a_busy_village_proves_itself(world: World) -> None:
    a_busy_village(world)
    report = proven(world)
    assert report.damage == ()
    assert (report.villages, report.records) == (2, 7)


def test_an_empty_database_proves_itself(world: World) -> None:
    assert proven(world) == Report(0, 0, 0, ())


def test_the_gap_of_a_new_epoch_is_no_damage(world: World) -> None:
    assert HEADS_RAISED_BY == HEAD_GAP
    ani = world.device("ani")
    ani.push([ani.create(FAMILY)])
    with world.database.writing() as session:
        new_epoch(session, world.act())
    assert_sound(world)
    ani.push([ani.edit(FAMILY, 1, luas_lantai=40)], epoch=world.epoch)
    assert_sound(world)


def test_claims_that_a_killed_server_left_out_are_completed(world: World) -> None:
    ani = world.device("ani")
    ani.push([ani.create(FAMILY), a_person(ani, MEMBER, FAMILY, FIRST_NIK)])
    with world.database.writing() as session:
        session.connection().execute(text("DELETE FROM nik_claim"))
    (damage,) = proven(world).damage
    assert (damage.check, damage.subject) == ("nik-claim", f"record {MEMBER}")
    with world.database.writing() as session:
        assert complete_claims(session, Sight(EVERYWHERE, NOON), DESA) == 1
    assert_sound(world)


def test_a_phone_that_repeats_itself_completes_them_as_well(world: World) -> None:
    """The server died between the commit and its note; the phone got no answer and sends again."""
    ani = world.device("ani")
    batch = [ani.create(FAMILY), a_person(ani, MEMBER, FAMILY, FIRST_NIK)]
    ani.push(batch)
    with world.database.writing() as session:
        session.connection().execute(text("DELETE FROM nik_claim"))
    ani.push(batch)
    assert_sound(world)


# Every kind of damage ------------------------------------------------------------------------


@dataclass(frozen=True)
class Village:
    """A busy village in a file that is closed, to be damaged in copies."""

    file: Path
    secret: bytes


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Village:
    folder = tmp_path_factory.mktemp("busy")
    url = f"sqlite:///{folder / 'lokus.db'}"
    runner.upgrade(url)
    with serving(url, folder) as world:
        a_busy_village(world)
        secret = world.settings.secret
    return Village(folder / "lokus.db", secret)


@pytest.fixture
def opened(busy: Village, tmp_path: Path) -> Iterator[Database]:
    """A copy without the trigger that guards records."""
    copy = shutil.copy(busy.file, tmp_path / "lokus.db")
    database = Database.open(f"sqlite:///{copy}", vault=Vault(busy.secret))
    with database.writing() as session:
        for event in ("INSERT", "UPDATE"):
            session.connection().execute(text(f"DROP TRIGGER record_feed_guard_{event}"))
    yield database
    database.close()


FIELD = "json_set(doc, '$.luas_lantai', 99)"
STAMP = "json_set(stamps, '$.g.luas_lantai[0][1]', 'nobody')"
OTHER_STAMP = "json_set(stamps, '$.g.luas_lantai[0][2]', 1)"
FIRST_LANE = "(SELECT lane FROM operation WHERE record = :family ORDER BY at LIMIT 1)"
FLAG = "(SELECT id FROM conflict WHERE kind = 'identity-duplicate')"
OPEN = "(SELECT id FROM conflict WHERE state = 'open' AND kind = 'value')"
UNDECIDED = "json_set(body, '$.decision.lane', 'nobody')"
APPLIED = "outcome = 'applied', entry = NULL"
LOST = "outcome = 'policy-lost', entry = '{\"outcome\":\"policy-lost\"}'"

DAMAGE = [
    ("feed", "UPDATE feed SET head = head - 1 WHERE desa = :desa"),
    ("feed", "UPDATE feed SET head = head + 7 WHERE desa = :desa"),
    ("feed", "DELETE FROM feed WHERE desa = :desa"),
    ("lane", "UPDATE lane SET last = last + 1 WHERE lane = " + FIRST_LANE),
    ("lane", f"DELETE FROM operation WHERE seq = 2 AND lane = {FIRST_LANE}"),
    ("lane", f"DELETE FROM lane WHERE lane = {FIRST_LANE}"),
    ("position", f"UPDATE operation SET at = at + 500 WHERE seq = 1 AND lane = {FIRST_LANE}"),
    ("position", f"UPDATE operation SET at = 0 WHERE seq = 5 AND lane = {FIRST_LANE}"),
    ("hash", "UPDATE operation SET body = replace(body, '30', '31') WHERE record = :family"),
    ("hash", "UPDATE operation SET record = :second WHERE record = :family"),
    ("hash", "UPDATE operation SET kind = 'move' WHERE kind = 'set'"),
    ("outcome", "UPDATE operation SET outcome = 'lost' WHERE outcome = 'conflict'"),
    ("outcome", "UPDATE operation SET outcome = 'no-op' WHERE outcome = 'conflict'"),
    ("outcome", "UPDATE operation SET entry = '{' WHERE outcome = 'conflict'"),
    ("outcome", f"UPDATE operation SET {APPLIED} WHERE outcome = 'quarantined'"),
    ("once", "UPDATE operation SET outcome = 'duplicate', entry = NULL WHERE outcome = 'conflict'"),
    ("quarantine", "DELETE FROM quarantine WHERE state = 'waiting'"),
    ("quarantine", "UPDATE quarantine SET state = 'released'"),
    ("quarantine", "UPDATE quarantine SET state = 'gone' WHERE state = 'waiting'"),
    ("quarantine", "UPDATE quarantine SET lane_seq = lane_seq + 900"),
    ("receipt", "UPDATE receipt SET acked = acked - 1 WHERE acked > 1"),
    ("receipt", "UPDATE receipt SET lane = 'nobody'"),
    ("columns", "UPDATE record SET created_seq = created_seq + 1 WHERE id = :family"),
    ("columns", "UPDATE record SET end_reason = 'salah' WHERE id = :second"),
    ("natural-key", "UPDATE record SET natural_key = 'x' WHERE id = :member"),
    ("tree", "UPDATE record SET keluarga = :nobody WHERE id = :member"),
    ("tree", "UPDATE record SET parent = :family WHERE id = :member"),
    ("rt", "UPDATE record SET rt = '001/001' WHERE id = :member"),
    ("rt", "UPDATE record SET doc = json_set(doc, '$.rt', '001') WHERE id = :family"),
    ("alias", "UPDATE record SET alias = :nobody WHERE id = :third"),
    ("alias", "UPDATE record SET alias = :third WHERE id = :second"),
    ("stamp", f"UPDATE record SET doc = {FIELD} WHERE id = :family"),
    ("stamp", f"UPDATE record SET stamps = {STAMP} WHERE id = :family"),
    ("stamp", "UPDATE record SET doc = json_set(doc, '$.program[1]', 'bpnt') WHERE id = :family"),
    ("stamp", "UPDATE record SET stamps = json_set(stamps, '$.c[2]', 90) WHERE id = :family"),
    ("stamp", "UPDATE record SET doc = json_set(doc, '$.atap2', 'seng') WHERE id = :family"),
    ("stamp", f"UPDATE record SET stamps = {OTHER_STAMP} WHERE id = :family"),
    ("conflict", f"UPDATE conflict SET body = replace(body, 'Dua', 'Dwi') WHERE id = {OPEN}"),
    ("conflict", f"UPDATE conflict SET body = '{{\"candidates\":[]}}' WHERE id = {OPEN}"),
    ("conflict", f"UPDATE conflict SET record = :nobody WHERE id = {FLAG}"),
    ("conflict", f"UPDATE conflict SET reopens = :nobody WHERE id = {FLAG}"),
    ("conflict", f"UPDATE conflict SET body = {UNDECIDED} WHERE id = {FLAG}"),
    ("review", "UPDATE record SET review = NULL WHERE id = :family"),
    ("review", "UPDATE record SET disputed = 0 WHERE id = :family"),
    ("replay", "DELETE FROM record WHERE id = :member"),
    ("replay", f"DELETE FROM conflict WHERE id = {FLAG}"),
    ("replay", "UPDATE record SET left_rts = NULL WHERE left_rts IS NOT NULL"),
    ("replay", f"UPDATE conflict SET version = 7 WHERE id = {OPEN}"),
    ("replay", f"UPDATE operation SET {LOST} WHERE outcome = 'conflict'"),
    ("nik-claim", "DELETE FROM nik_claim WHERE record = :member"),
    ("audit", "UPDATE audit SET detail = '{}' WHERE action = 'records-merged'"),
    ("audit", "DELETE FROM audit WHERE action = 'records-merged'"),
    ("unreadable", "UPDATE record SET doc = '{' WHERE id = :family"),
    ("unreadable", "UPDATE conflict SET body = '[]'"),
    ("unreadable", f"UPDATE lane SET extra = '[1]' WHERE lane = {FIRST_LANE}"),
]  # fmt: skip
NAMES = {
    "desa": DESA, "family": FAMILY, "second": SECOND, "third": THIRD, "member": MEMBER,
    "nobody": record_id(0xDEAD),
}  # fmt: skip


def test_the_copy_is_sound_before_it_is_damaged(opened: Database, busy: Village) -> None:
    assert verify(opened, busy.secret).is_sound


@pytest.mark.parametrize(("check", "statement"), DAMAGE)
def test_damage_is_named(opened: Database, busy: Village, check: str, statement: str) -> None:
    with opened.writing() as session:
        wanted = {name: value for name, value in NAMES.items() if f":{name}" in statement}
        assert session.connection().execute(text(statement), wanted).rowcount, "nothing changed"
    report = verify(opened, busy.secret)
    assert check in {damage.check for damage in report.damage}, report.damage
    assert "proof" not in {damage.check for damage in report.damage}, report.damage
    assert FIRST_NIK not in str(report)


def test_damage_that_makes_a_proof_stumble_is_damage(opened: Database, busy: Village) -> None:
    with opened.writing() as session:
        session.connection().execute(text("UPDATE record SET entity = 'rumah'"))
    found = {(damage.check, damage.subject) for damage in verify(opened, busy.secret).damage}
    assert ("proof", "stamps_are_logged") in found


def test_receipts_of_another_installation_are_found(opened: Database) -> None:
    assert {damage.check for damage in verify(opened, b"another").damage} == {"receipt"}
