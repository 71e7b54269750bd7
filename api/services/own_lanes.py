"""The lane in which somebody of the office writes in a village, opened on first use."""

from sqlmodel import Session

from api.randomness import new_lane_name
from api.services.reviewers import Reviewer
from models.queries import lanes
from models.queries.lanes import LaneOwner, StoredLane
from sync.types import Lane


def own_lane(
    session: Session, writer: Reviewer, desa: str, source: str, *, of: str | None = None
) -> StoredLane:
    """An account's one lane of that `source` (`review`, `office`, `paper` …), locked for writing.

    It is the writer's own, or that of the account `of` in whose name they write.
    """
    account_id = of or writer.account_id
    lineage = f"{source}:{account_id}"
    held = lanes.lane_of(session, desa, lineage)
    if held is None:
        name = new_lane_name(writer.randomness)
        owner = LaneOwner(lineage, account_id, source)
        lanes.open_lane(session, Lane(name, desa, 0), owner, writer.now)
    else:
        name = held.lane.name
    locked = lanes.lane_for_push(session, desa, name)
    assert locked is not None, "lanes are never deleted"
    return locked
