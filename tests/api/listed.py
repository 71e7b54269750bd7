"""A list of the government in a village of a test, and children who are measured there."""

from collections.abc import Sequence
from itertools import count
from typing import Any

from api.services.pushing import Turn, decide_batch, store_plan
from api.services.reviewers import ground_of
from models.queries import feeds, lanes
from models.queries.lanes import LaneOwner
from sync.batch import read_batch
from sync.push import Author, Plan
from sync.scope import Scope, VillageScope
from sync.types import Json, Lane, Outcome
from tests.api.office import DESA, RT, Office
from tests.builders import Raw, a_family, a_measurement, a_person, an_id

LANE = "importlane234567"
SHORT, TALL = 74.0, 82.0
"""Of a boy of 18 months, lying: -2 standard deviations are 76.9 cm, the median 82.3."""
A_BOY: dict[str, Json] = {"jenis_kelamin": "laki_laki", "tanggal_lahir": "2025-05-03"}
MEASURED_ON = "2026-10-20"

_numbers = count(0x1000)


def new_id() -> str:
    """An id that no test has used."""
    return an_id(next(_numbers))


def put(office: Office, operations: Sequence[Raw], desa: str = DESA) -> None:
    """Operations of the village's import lane; the core decides them, and all must be applied."""
    now = office.watch.now()
    with office.database.writing() as session:
        head = feeds.take_turn(session, desa)
        stored = lanes.lane_for_push(session, desa, LANE)
        if stored is None:
            owner = LaneOwner(lineage="import:test", account_id=None, source="import")
            lanes.open_lane(session, Lane(LANE, desa, 0), owner, now)
            stored = lanes.lane_for_push(session, desa, LANE)
        assert stored is not None
        day: dict[str, Any] = {"observed": now.date().isoformat(), "source": {"list": "test"}}
        last = stored.lane.last
        based = [raw if raw["kind"] == "create" else {"base": head, **raw} for raw in operations]
        numbered = [{"seq": last + n, **day, **raw} for n, raw in enumerate(based, 1)]
        batch = read_batch(numbered, server_lane=True)
        turn = Turn(desa, head, stored, Author(Scope(()), VillageScope(desa, None)), now)
        plan = decide_batch(session, turn, batch, ground_of(office.settings))
        assert isinstance(plan, Plan)
        outcomes = {one.outcome for one in plan.settled}
        assert outcomes <= {Outcome.APPLIED, Outcome.NO_OP}, plan.settled
        store_plan(session, turn, batch, plan)


def listed_family(people: int = 2, *, rt: str = RT, **fields: Json) -> list[Raw]:
    """A family of the list with so many members. Its id is that of the first operation."""
    family = new_id()
    number, rw = rt.split("/")
    members = [a_person(new_id(), family=family, nama=f"Warga {n}") for n in range(people)]
    return [a_family(family, rt=number, rw=rw, **fields), *members]


def poor_family(people: int = 2) -> list[Raw]:
    return listed_family(people, desil_nasional=1)


def measured_boy(
    family: str, *heights: float, child: str | None = None, **fields: Json
) -> list[Raw]:
    """A boy of 18 months, measured on consecutive days up to `MEASURED_ON`."""
    child = child or new_id()
    born: Raw = a_person(child, family=family, **(A_BOY | {"nama": "Anak Contoh"} | fields))
    days = [f"2026-10-{20 - ago:02}" for ago in reversed(range(len(heights)))]
    return [born, *(measurement(child, day, cm) for day, cm in zip(days, heights, strict=True))]


def measurement(child: str, day: str, cm: float | None = None, **fields: Json) -> Raw:
    """Lying, 10.5 kg, unless said otherwise."""
    told: dict[str, Json] = {"tanggal": day, "berat_kg": 10.5, "cara_ukur": "terlentang"}
    height: dict[str, Json] = {} if cm is None else {"tinggi_cm": cm}
    return a_measurement(new_id(), person=child, **(told | height | fields))
