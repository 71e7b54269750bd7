"""Marks and comments of reviewers on filled forms. None of them touches the register."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select
from sqlmodel import Session

from models.queries.inserting import insert_or_replace
from models.tables.central import SubmissionComment, SubmissionReview
from models.tables.columns import table_of

COMMENTS_LISTED_MAX: Final = 1000

_REVIEW = table_of(SubmissionReview)
_COMMENT = table_of(SubmissionComment)


@dataclass(frozen=True, slots=True)
class Mark:
    """What somebody thinks of a filled form."""

    desa: str
    submission: str
    state: str | None
    at: datetime
    account_id: str


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said about a filled form."""

    desa: str
    id: str
    submission: str
    body: str
    account_id: str
    created_at: datetime


def put_mark(session: Session, mark: Mark) -> None:
    """Set the mark; the one before it is in the audit chain."""
    row = {name: getattr(mark, name) for name in Mark.__dataclass_fields__}
    insert_or_replace(session, _REVIEW, [row])


def add_comment(session: Session, comment: Comment) -> None:
    """Keep a comment for ever."""
    row = {name: getattr(comment, name) for name in Comment.__dataclass_fields__}
    session.connection().execute(insert(_COMMENT), [row])


def comments_on(session: Session, desa: str, submission: str) -> Sequence[Comment]:
    """Comments on one filled form, the newest first."""
    statement = (
        select(*(_COMMENT.c[name] for name in Comment.__dataclass_fields__))
        .where(_COMMENT.c.desa == desa, _COMMENT.c.submission == submission)
        .order_by(_COMMENT.c.created_at.desc(), _COMMENT.c.id.desc())
        .limit(COMMENTS_LISTED_MAX)
    )
    return [Comment(*row) for row in session.connection().execute(statement)]
