"""Villages that programmes are aimed at, by year and decree."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant, record_id

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "designation",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("id", record_id(), primary_key=True),
        sa.Column("programme", sa.String(32), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("decree", sa.Text(), nullable=False),
        sa.Column("decreed_on", sa.String(10), nullable=False),
        sa.Column("until", sa.String(10)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("account_id", sa.String(36)),
        sa.Column("closed_at", instant()),
        sa.Column("closed_by", sa.String(36)),
        sa.Column("reason", sa.Text()),
    )
    is_open = sa.text("closed_at IS NULL")
    op.create_index(
        "designation_open",
        "designation",
        ["desa", "programme", "year"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def downgrade() -> None:
    op.drop_table("designation")
