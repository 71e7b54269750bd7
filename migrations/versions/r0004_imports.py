"""Lists on their way in."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant, record_id

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "list_import",
        sa.Column("id", record_id(), primary_key=True),
        sa.Column("area", sa.String(10), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("account_id", sa.String(36)),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("source", sa.Text()),
        sa.Column("preview", sa.Text()),
        sa.Column("report", sa.Text()),
        sa.Column("rows_done", sa.BigInteger(), nullable=False),
        sa.Column("rows_all", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.Text()),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("changed_at", instant(), nullable=False),
        sa.Column("finished_at", instant()),
    )
    op.create_index("list_import_state", "list_import", ["state", "changed_at"])


def downgrade() -> None:
    op.drop_table("list_import")
