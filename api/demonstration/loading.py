"""Fill an empty database with the generated district, through the same door as everything else.

Every family and every person is a `create` operation of its village's import lane, decided by the
core and stored by the service that stores pushes: what the demonstration shows is what a real
list would look like. Ids, lanes and rows follow from the seed alone, so two loads give the same
documents, and a load that was interrupted goes on at the lane's end.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from random import Random
from typing import Final

from sqlmodel import Session

from api.demonstration.accounts import Person
from api.demonstration.families import Demonstration
from api.demonstration.records import Family, Member
from api.demonstration.stage import SEED_KEY, Stage, reach, stage_of
from api.demonstration.wilayah import Area as DistrictArea
from api.passwords import DEMONSTRATION_PASSWORD, hash_password
from api.randomness import SYSTEM_RANDOMNESS, new_lane_name
from api.services.accounts import NewAccount, add_account
from api.services.acts import act_of_operator
from api.services.claiming import note_claims
from api.services.importing import IMPORT_LINEAGE, IMPORT_SOURCE, lists_author
from api.services.loading_areas import AreaRow, load_areas
from api.services.pushing import Ground, Turn, changed_niks, decide_batch, store_plan
from models.database import Database
from models.queries import feeds, lanes
from models.queries.accounts import Area
from models.queries.lanes import LaneOwner, StoredLane
from models.queries.server_state import set_state
from sync.batch import OPERATIONS_PER_PUSH_MAX, read_batch
from sync.permission import Role
from sync.push import Plan
from sync.types import ANGGOTA, KELUARGA, Json, Lane, Record
from sync.values import KodeWilayah

LIST_NAME: Final = "dtsen-2026-demonstration"
STORY_DESA: Final = "1802212010"
STORY_RT: Final = "003/001"
STORY_COLLECTORS: Final = ("petugas.tanjungharapan.003", "pendata.tanjungharapan.003")
"""The head of an RT and a helper, who go to the same houses: the story that the README tells."""

Progress = Callable[[int], None]
"""Told how many more operations are in the register."""


@dataclass(frozen=True, slots=True)
class Loading:
    """Where the district goes, and when it is said to have come."""

    database: Database
    demonstration: Demonstration
    ground: Ground
    now: datetime


def load(loading: Loading, progress: Progress = lambda _: None) -> None:
    """Load areas, accounts and the list into a migrated database that is empty, or was begun."""
    with loading.database.writing() as session:
        if stage_of(session) is None:
            _begin(session, loading)
    listed = _listed(loading.demonstration)
    for village in loading.demonstration.villages:
        _load_village(loading, village.kode, listed[village.kode], progress)
    with loading.database.writing() as session:
        reach(session, Stage.LOADED)


def operation_count(demonstration: Demonstration) -> int:
    """How many operations a load consists of."""
    return sum(1 + len(family.members) for family in demonstration.families)


def story_helper(head_of_rt: Person) -> Person:
    """A second collector in the RTs of the first."""
    return Person(
        account=STORY_COLLECTORS[1],
        name="Ratna Permata",
        role=Role.PETUGAS,
        title=head_of_rt.title.replace("ketua", "pendata"),
        area=head_of_rt.area,
        rts=head_of_rt.rts,
    )


def _begin(session: Session, loading: Loading) -> None:
    """Areas, accounts, and the note that this is a demonstration: all of it or nothing."""
    demonstration = loading.demonstration
    act = act_of_operator(loading.now, _seeded(f"{demonstration.seed}/accounts").randbytes)
    load_areas(session, [_area_row(area) for area in demonstration.areas], act)
    # Hashing is slow by design, and the password is no secret: one hash serves all.
    password_hash = hash_password(DEMONSTRATION_PASSWORD, SYSTEM_RANDOMNESS)
    helpers = [story_helper(one) for one in demonstration.people if one.account in STORY_COLLECTORS]
    for person in (*demonstration.people, *helpers):
        rts = None if person.rts is None else frozenset(person.rts)
        held = (Area(person.area, rts),)
        new = NewAccount(person.account, person.role, held, person.name, password_hash)
        add_account(session, new, act)
    set_state(session, SEED_KEY, str(demonstration.seed))
    reach(session, Stage.LOADING)


def _area_row(area: DistrictArea) -> AreaRow:
    code = KodeWilayah.parse(area.kode)
    assert code is not None, "the demonstration's areas have sound codes"
    other_names = "; ".join(area.nama_lain) or None
    return AreaRow(code, area.nama, area.tingkat, area.kode_bps or None, other_names)


def _listed(demonstration: Demonstration) -> Mapping[str, list[dict[str, Json]]]:
    """Village → its operations without places, in the order of the list."""
    listed: defaultdict[str, list[dict[str, Json]]] = defaultdict(list)
    row = 0
    for family in demonstration.families:
        people_and_house: tuple[Family | Member, ...] = (family, *family.members)
        for one in people_and_house:
            row += 1
            listed[family.desa].append(_create(family, one, row, demonstration.day))
    return listed


def _create(family: Family, one: Family | Member, row: int, day: date) -> dict[str, Json]:
    operation: dict[str, Json] = {
        "kind": "create",
        "entity": KELUARGA if one is family else ANGGOTA,
        "id": one.id,
        "set": dict(one.set),
        "observed": day.isoformat(),
        "source": {"list": LIST_NAME, "row": row},
    }
    return operation if one is family else operation | {"parent": family.id}


def _load_village(
    loading: Loading, desa: str, listed: Sequence[dict[str, Json]], progress: Progress
) -> None:
    name = new_lane_name(_seeded(f"{loading.demonstration.seed}/{desa}/lane").randbytes)
    niks: list[Record] = []
    with loading.database.writing() as session:
        feeds.take_turn(session, desa)
        done = _import_lane(session, desa, name, loading.now).lane.last
    progress(done)
    for chunk in _chunks(listed, done):
        batch = read_batch(chunk, server_lane=True)
        with loading.database.writing() as session:
            head = feeds.take_turn(session, desa)
            lane = _import_lane(session, desa, name, loading.now)
            turn = Turn(desa, head, lane, lists_author(desa), loading.now)
            plan = decide_batch(session, turn, batch, loading.ground)
            assert isinstance(plan, Plan), "the import lane has one writer"
            store_plan(session, turn, batch, plan)
        niks += changed_niks(plan)
        progress(len(chunk))
    with loading.database.writing() as session:
        note_claims(session, niks)


def _import_lane(session: Session, desa: str, name: str, now: datetime) -> StoredLane:
    """The village's import lane, opened if it is not there yet."""
    stored = lanes.lane_for_push(session, desa, name)
    if stored is None:
        owner = LaneOwner(lineage=IMPORT_LINEAGE, account_id=None, source=IMPORT_SOURCE)
        lanes.open_lane(session, Lane(name, desa, 0), owner, now)
        stored = lanes.lane_for_push(session, desa, name)
    assert stored is not None, "it was opened a moment ago"
    return stored


def _chunks(listed: Sequence[dict[str, Json]], done: int) -> Iterator[list[dict[str, Json]]]:
    """The operations after the first `done`, with their places, as many as one push may carry."""
    for start in range(done, len(listed), OPERATIONS_PER_PUSH_MAX):
        chunk = listed[start : start + OPERATIONS_PER_PUSH_MAX]
        yield [{"seq": seq, **one} for seq, one in enumerate(chunk, start + 1)]


def _seeded(text: str) -> Random:
    return Random(text)  # noqa: S311  # repeatable on purpose; nothing secret is drawn from it
