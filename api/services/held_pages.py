"""What is held, for whoever reviews: a list without answers, and one form as it came."""

from dataclasses import dataclass

from sqlmodel import Session

from api.errors import AppError
from api.services.reviewers import Reviewer
from models.queries import browsing, holding, submissions
from models.queries.auditing import AuditEntry
from models.queries.holding import HeldLine
from models.queries.submissions import StoredFile


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line with the name of whose phone it came from."""

    line: HeldLine
    account_name: str | None


@dataclass(frozen=True, slots=True)
class HeldPage:
    """One form that waits, with its bytes and files."""

    line: ShownLine
    xml: bytes
    files: tuple[StoredFile, ...]


def listed_held(
    session: Session,
    reviewer: Reviewer,
    *,
    state: str | None,
    desa: str | None,
    limit: int,
    offset: int = 0,
) -> tuple[list[ShownLine], int]:
    """A page of what waits in the reviewer's area, the oldest first."""
    found, total = holding.held_lines(
        session, reviewer.sight, state=state, desa=desa, limit=limit, offset=offset
    )
    return _named(session, found), total


def held_page(
    session: Session, reviewer: Reviewer, submission_id: str
) -> tuple[HeldPage, AuditEntry]:
    """One form as it came, and the entry that says who read it. Raises `AppError` `not-found`."""
    line = holding.held_line(session, reviewer.sight, submission_id)
    if line is None:
        raise AppError("not-found")
    stored = line.submission
    raw = submissions.xml_of(session, stored.desa, stored.id)
    files = submissions.files_of(session, stored.desa, stored.id)
    (shown,) = _named(session, [line])
    entry = reviewer.entry("held-read", submission=stored.id)
    return HeldPage(shown, raw, tuple(files)), entry


def _named(session: Session, lines: list[HeldLine]) -> list[ShownLine]:
    ids = {one.submission.account_id for one in lines if one.submission.account_id is not None}
    names = browsing.account_names(session, ids)
    return [ShownLine(one, names.get(one.submission.account_id or "")) for one in lines]
