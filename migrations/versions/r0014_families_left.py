"""When somebody left a family for another one: lists show fewer people of it from then on."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import record_id

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "family_left",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("keluarga", record_id(), primary_key=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("family_left")
