"""Connectors: their forms' files, what was deleted over there, and how they were changed."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "connector_sight",
        _connector("connector_sight"),
        sa.Column("item", sa.String(120), primary_key=True),
        sa.Column("listed_at", instant()),
        sa.Column("gone_at", instant()),
    )
    op.create_index("connector_sight_listed", "connector_sight", ["connector", "listed_at"])
    op.create_table(
        "connector_file",
        _connector("connector_file"),
        sa.Column("item", sa.String(120), primary_key=True),
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("place", sa.String(500), nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("size", sa.BigInteger()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(20)),
    )
    op.create_table(
        "connector_change",
        _connector("connector_change"),
        sa.Column("n", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("what", sa.String(8), nullable=False),
        sa.Column("before", sa.Text()),
    )


def downgrade() -> None:
    for table in ("connector_change", "connector_file", "connector_sight"):
        op.drop_table(table)


def _connector(table: str) -> sa.Column[str]:
    return sa.Column(
        "connector",
        sa.String(24),
        sa.ForeignKey("connector.id", name=f"fk_{table}_connector"),
        primary_key=True,
    )
