"""Published forms, their versions, and the files that they bring along."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "form",
        sa.Column("form_id", sa.String(64), primary_key=True),
        sa.Column("current", sa.String(32)),
        sa.Column("created_at", instant(), nullable=False),
    )
    op.create_table(
        "form_version",
        sa.Column("form_id", sa.String(64), primary_key=True),
        sa.Column("version", sa.String(32), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("md5", sa.String(32), nullable=False),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("compact", sa.LargeBinary(), nullable=False),
        sa.Column("source", sa.LargeBinary(), nullable=False),
        sa.Column("entities_version", sa.String(16)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("published_at", instant()),
        sa.Column("closed_at", instant()),
    )
    op.create_table(
        "form_file",
        sa.Column("form_id", sa.String(64), primary_key=True),
        sa.Column("version", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(200), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )


def downgrade() -> None:
    for table in ("form_file", "form_version", "form"):
        op.drop_table(table)
