"""Reading in ODK Central's words: programs' sessions, marks and comments on filled forms."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant, record_id

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "central_session",
        sa.Column("token_digest", sa.String(64), primary_key=True),
        sa.Column(
            "account_id",
            sa.String(36),
            sa.ForeignKey("account.id", name="fk_central_session_account_id"),
            nullable=False,
        ),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
    )
    op.create_index("ix_central_session_account_id", "central_session", ["account_id"])
    op.create_index("ix_central_session_expires_at", "central_session", ["expires_at"])
    op.create_table(
        "submission_review",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("submission", record_id(), primary_key=True),
        sa.Column("state", sa.String(12)),
        sa.Column("at", instant(), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
    )
    op.create_table(
        "submission_comment",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("id", record_id(), primary_key=True),
        sa.Column("submission", record_id(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("account_id", sa.String(36), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
    )
    op.create_index(
        "submission_comment_place", "submission_comment", ["desa", "submission", "created_at"]
    )
    op.create_index("submission_form", "submission", ["form_id", "received_at", "id"])
    edits = sa.text("replaces IS NOT NULL")
    op.create_index(
        "submission_form_edits",
        "submission",
        ["form_id"],
        sqlite_where=edits,
        postgresql_where=edits,
    )


def downgrade() -> None:
    for index in ("submission_form_edits", "submission_form"):
        op.drop_index(index, table_name="submission")
    for table in ("submission_comment", "submission_review", "central_session"):
        op.drop_table(table)
