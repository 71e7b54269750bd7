"""Give families their RT: what somebody of the office knows and the government's list does not say.

An ordinary change of each family's address, in the account's own lane of the village, through the
same engine as everything else: it is in the history, and phones of the RT receive the family with
their next sync.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlmodel import Session

from api.errors import AppError
from api.services.own_lanes import own_lane
from api.services.pushing import Turn, decide_batch, store_plan
from api.services.reviewers import Reviewer
from models.queries import feeds, placing, records
from models.queries.auditing import append
from models.queries.placing import RtCount
from sync.batch import OPERATIONS_PER_PUSH_MAX, read_batch
from sync.operation import Kind
from sync.placing import placed
from sync.push import Author, Plan
from sync.scope import VillageScope
from sync.types import KELUARGA, Json, Outcome, Record

OFFICE_SOURCE: Final = "office"
FAMILIES_PER_REQUEST_MAX: Final = OPERATIONS_PER_PUSH_MAX


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of the families that were named."""

    placed: int
    same: int
    """Stood in that RT already."""
    unknown: tuple[str, ...]
    """No open family of the village in the account's area."""
    disputed: tuple[str, ...]
    """Somebody else states another address: a reviewer is asked."""
    at: int


@dataclass(frozen=True, slots=True)
class FamilyLine:
    """A family as somebody looks for it in a street."""

    id: str
    nama_kepala_keluarga: str
    alamat: str
    dusun: str


def counted_rts(session: Session, reviewer: Reviewer, desa: str) -> Sequence[RtCount]:
    """The village's RTs with their families. Raises `not-found` outside the area."""
    _require_in_area(reviewer, desa)
    return placing.rts_of(session, reviewer.sight, desa)


def families_of_rt(
    session: Session, reviewer: Reviewer, desa: str, rt: str = "", part: str = ""
) -> list[FamilyLine]:
    """Families of an RT, or of none, by dusun, address and name; `part` occurs in one of these.

    Raises `AppError` ``not-found`` outside the area.
    """
    _require_in_area(reviewer, desa)
    lines = map(_line, placing.open_families(session, reviewer.sight, desa, rt))
    wanted = part.casefold()
    found = [line for line in lines if any(wanted in text.casefold() for text in _texts(line))]
    return sorted(found, key=lambda line: (*_texts(line), line.id))


def place_families(
    session: Session, reviewer: Reviewer, desa: str, rt: str, families: Sequence[str]
) -> Placed:
    """Put families into an RT (`"003/001"`, `"003/"` without RW), at most 500 at a time.

    Raises `AppError` ``not-found`` outside the area, ``value-refused`` for too many.
    """
    if len(families) > FAMILIES_PER_REQUEST_MAX:
        raise AppError(
            "value-refused", f"At most {FAMILIES_PER_REQUEST_MAX} families at a time are placed."
        )
    _require_in_area(reviewer, desa)
    head = feeds.take_turn(session, desa)
    named = dict.fromkeys(families)
    found = {r.id: r for r in records.records_by_id(session, desa, named) if _takes(reviewer, r)}
    moving = [found[one] for one in named if one in found and found[one].rt != rt]
    outcomes, at = _move(session, reviewer, moving, rt, head) if moving else ({}, head)
    disputed = tuple(one for one, outcome in outcomes.items() if outcome is Outcome.CONFLICT)
    done = len(moving) - len(disputed)
    entry = reviewer.entry("families-placed", rt=rt, placed=done, disputed=len(disputed), at=at)
    append(session, desa, entry)
    return Placed(
        placed=done,
        same=len(found) - len(moving),
        unknown=tuple(one for one in named if one not in found),
        disputed=disputed,
        at=at,
    )


def _require_in_area(reviewer: Reviewer, desa: str) -> None:
    """Families without an RT lie in whole areas only, so whoever places them has the village."""
    if not any(desa.startswith(area) for area in reviewer.sight.whole_areas()):
        raise AppError("not-found")


def _takes(reviewer: Reviewer, record: Record) -> bool:
    is_open = record.entity == KELUARGA and record.alias is None and record.end is None
    return is_open and reviewer.sight.covers(record.desa, record.rt)


def _move(
    session: Session, reviewer: Reviewer, moving: Sequence[Record], rt: str, head: int
) -> tuple[dict[str, Outcome], int]:
    desa = moving[0].desa
    stored = own_lane(session, reviewer, desa, OFFICE_SOURCE)
    batch = read_batch(list(_operations(reviewer, moving, rt, stored.lane.last)), server_lane=True)
    office = Author(reviewer.sight.scope, VillageScope(desa, None))
    turn = Turn(desa, head, stored, office, reviewer.now, reviewer.device_id)
    plan = decide_batch(session, turn, batch, reviewer.ground)
    assert isinstance(plan, Plan), "the lane was read under the village's turn"
    store_plan(session, turn, batch, plan)
    outcomes = [settled.outcome for settled in plan.settled]
    return {one.id: told for one, told in zip(moving, outcomes, strict=True)}, plan.head


def _operations(
    reviewer: Reviewer, moving: Sequence[Record], rt: str, last: int
) -> Iterator[dict[str, Json]]:
    for seq, record in enumerate(moving, last + 1):
        yield {
            "seq": seq,
            "kind": Kind.SET.value,
            "entity": KELUARGA,
            "id": record.id,
            "base": record.seq,
            "set": placed(record.fields, rt),
            # The place in the lane keeps two moves of one family from being one operation.
            "source": {"by": reviewer.account_id, "at": reviewer.now.isoformat(), "n": seq},
        }


def _line(record: Record) -> FamilyLine:
    def text(field: str) -> str:
        value = record.fields.get(field)
        return value if isinstance(value, str) else ""

    return FamilyLine(record.id, text("nama_kepala_keluarga"), text("alamat"), text("dusun"))


def _texts(line: FamilyLine) -> tuple[str, str, str]:
    return line.dusun, line.alamat, line.nama_kepala_keluarga
