"""Files that belong to a village: which there are. Their bytes lie beside the database."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant

revision: str = "0006"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "blob",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(32), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("created_by", sa.String(36)),
    )


def downgrade() -> None:
    op.drop_table("blob")
