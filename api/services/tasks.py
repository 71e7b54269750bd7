"""What the ministry sent back, for the RT head whose families it is about."""

from sqlmodel import Session

from api.errors import AppError
from api.services.reviewers import Reviewer
from models.queries import tasks
from models.queries.auditing import append
from models.queries.tasks import StoredTask


def close(session: Session, reviewer: Reviewer, task: str, note: str) -> StoredTask:
    """Say that a task is done. Raises `AppError`: `not-found`, `already-decided`."""
    found = tasks.task_in_sight(session, reviewer.sight, task)
    if found is None:
        raise AppError("not-found")
    closed = tasks.close_task(session, found, at=reviewer.now, by=reviewer.account_id, note=note)
    if not closed:
        raise AppError("already-decided")
    append(session, found.desa, reviewer.entry("task-closed", task=found.id))
    again = tasks.task_in_sight(session, reviewer.sight, task)
    assert again is not None, "it was there a moment ago"
    return again
