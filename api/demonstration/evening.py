"""The evening of the field day: the supervisor of the kecamatan settles one of the questions."""

from datetime import datetime
from typing import Final

from api.demonstration.phones import set_time
from api.services.reviewers import Reviewer, ground_of
from api.services.reviewing import Resolution, resolve
from api.shell import Shell
from models.queries.accounts import account_by_name, scope_of
from models.queries.conflicts import CONFLICTS_PER_PAGE_MAX, listed
from models.queries.scoping import Sight
from sync.permission import Role
from sync.types import Conflict, ConflictState

SETTLED_GROUP: Final = "tanggal_lahir"
REASON: Final = "Sesuai akta kelahiran yang diperlihatkan keluarga."


def settle(shell: Shell, supervisor: str, desa: str, moment: datetime) -> None:
    """Two birth dates were stated of one child; the one of the certificate is taken."""
    set_time(shell, moment)
    with shell.database.writing() as session:
        account = account_by_name(session, supervisor)
        assert account is not None, "an account of the demonstration"
        sight = Sight(scope_of(session, account), moment)
        reviewer = Reviewer(
            account.id, Role(account.role), sight, ground_of(shell.settings), shell.randomness
        )
        open_ones, _ = listed(
            session, sight, state=ConflictState.OPEN, limit=CONFLICTS_PER_PAGE_MAX, desa=desa
        )
        question = _about(SETTLED_GROUP, [found.conflict for found in open_ones])
        stated = question.candidates[0].stamp
        answer = Resolution("candidate", REASON, candidate=(stated.lane, stated.lane_seq))
        resolve(session, reviewer, question.id, question.version, answer)


def _about(group: str, conflicts: list[Conflict]) -> Conflict:
    return next(conflict for conflict in conflicts if conflict.group == group)
