"""What reading in ODK Central's words adds: sign-ins of programs, marks and comments of reviewers.

A mark says what somebody thinks of a filled form. What the form said in the register is there
whatever its mark is.
"""

from datetime import datetime
from typing import ClassVar

from sqlalchemy import Index, Text
from sqlmodel import Field, SQLModel

from models.tables.accounts import DIGEST_SIZE
from models.tables.columns import RecordId, UtcDateTime


class CentralSession(SQLModel, table=True):
    """One signed-in program. Its token is valid at the door for Central's words, nowhere else."""

    __tablename__ = "central_session"

    token_digest: str = Field(primary_key=True, max_length=DIGEST_SIZE)
    account_id: str = Field(foreign_key="account.id", index=True, max_length=36)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(index=True, sa_type=UtcDateTime)


class SubmissionReview(SQLModel, table=True):
    """The mark that a filled form bears now; its history is in the audit chain."""

    __tablename__ = "submission_review"

    desa: str = Field(primary_key=True, max_length=10)
    submission: str = Field(primary_key=True, sa_type=RecordId)
    """The first version's row; edits of it bear no marks of their own."""
    state: str | None = Field(default=None, max_length=12)
    """`edited`, `hasIssues`, `approved`, `rejected`, or nothing: received."""
    at: datetime = Field(sa_type=UtcDateTime)
    account_id: str = Field(max_length=36)


class SubmissionComment(SQLModel, table=True):
    """Words about a filled form. Never changed, never deleted."""

    __tablename__ = "submission_comment"
    __table_args__: ClassVar = (
        Index("submission_comment_place", "desa", "submission", "created_at"),
    )

    desa: str = Field(primary_key=True, max_length=10)
    id: str = Field(primary_key=True, sa_type=RecordId)
    submission: str = Field(sa_type=RecordId)
    body: str = Field(sa_type=Text)
    account_id: str = Field(max_length=36)
    created_at: datetime = Field(sa_type=UtcDateTime)
