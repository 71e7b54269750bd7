"""Who knew what: the concurrency test of the protocol.

No clock and no comparison of values takes part. A statement knows an earlier one if and only if
its phone had pulled it, or its own lane made it, or the lane it was forked from had made it.
"""

from collections.abc import Iterable
from typing import Final

from sync.types import Lane, Stamp

NOT_SHOWN: Final = 0
"""The ``seq`` of a statement that no phone was shown: a candidate.

A phone learns that a group is under review, not what was proposed. So having pulled the record
says nothing about its candidates, and only their own lanes know them.
"""


def knows(lane: Lane, lane_seq: int, base: int, stamp: Stamp) -> bool:
    """Did the operation ``lane_seq`` of ``lane``, made upon ``base``, know this statement?"""
    return NOT_SHOWN < stamp.seq <= base or _knows_author(lane, lane_seq, stamp)


def unknown_among(
    stamps: Iterable[Stamp], lane: Lane, lane_seq: int, base: int
) -> tuple[Stamp, ...]:
    """Those of the statements that the operation did not know."""
    return tuple([stamp for stamp in stamps if not knows(lane, lane_seq, base, stamp)])


def _knows_author(lane: Lane, lane_seq: int, stamp: Stamp) -> bool:
    """Own earlier operation, an ancestor's before the fork, or the same one offered again."""
    if stamp.lane == lane.name:
        return stamp.lane_seq < lane_seq
    return (
        stamp.lane_seq <= lane.known.get(stamp.lane, 0)
        or (stamp.lane, stamp.lane_seq) in lane.extra
    )
