"""The log: lanes, operations, receipts, and what had to be set aside."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant, record_id

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    _create_lanes()
    _create_operations()
    _create_quarantine()
    op.create_table(
        "receipt",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("code", sa.String(32), primary_key=True),
        sa.Column("lane", sa.String(40), nullable=False),
        sa.Column("acked", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.String(16), nullable=False),
        sa.Column("issued_at", instant(), nullable=False),
    )
    op.create_index("receipt_code", "receipt", ["code"])


def downgrade() -> None:
    for table in ("receipt", "quarantine", "operation", "lane"):
        op.drop_table(table)


def _create_lanes() -> None:
    op.create_table(
        "lane",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("lane", sa.String(40), primary_key=True),
        sa.Column("lineage", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(36)),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("durable", sa.BigInteger(), nullable=False),
        sa.Column("parent", sa.String(40)),
        sa.Column("parent_seq", sa.BigInteger()),
        sa.Column("known", sa.Text()),
        sa.Column("extra", sa.Text()),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("synced_at", instant()),
        sa.Column("forked_at", instant()),
    )
    op.create_index("lane_lineage", "lane", ["desa", "lineage"])


def _create_operations() -> None:
    op.create_table(
        "operation",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("lane", sa.String(40), primary_key=True),
        sa.Column("seq", sa.BigInteger(), primary_key=True),
        sa.Column("lineage", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(43), nullable=False),
        sa.Column("kind", sa.String(8)),
        sa.Column("record", record_id()),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("entry", sa.Text()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", instant(), nullable=False),
        sa.Column("captured_at", instant(), nullable=False),
        sa.Column("observed", sa.String(10), nullable=False),
        sa.Column("suspect", sa.Boolean(), nullable=False),
        sa.Column("account_id", sa.String(36)),
    )
    once = sa.text("outcome <> 'duplicate'")
    op.create_index(
        "operation_once",
        "operation",
        ["desa", "lineage", "hash"],
        unique=True,
        sqlite_where=once,
        postgresql_where=once,
    )
    op.create_index("operation_record", "operation", ["desa", "record"])


def _create_quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("id", record_id(), primary_key=True),
        sa.Column("lane", sa.String(40), nullable=False),
        sa.Column("lane_seq", sa.BigInteger(), nullable=False),
        sa.Column("record", record_id()),
        sa.Column("creates", sa.Boolean(), nullable=False),
        sa.Column("problem", sa.String(32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("cause", sa.String(64)),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("account_id", sa.String(36)),
        sa.Column("received_at", instant(), nullable=False),
        sa.Column("decided_at", instant()),
        sa.Column("decided_by", sa.String(36)),
        sa.Column("reason", sa.Text()),
    )
    op.create_index("quarantine_place", "quarantine", ["desa", "lane", "lane_seq"], unique=True)
    op.create_index("quarantine_record", "quarantine", ["desa", "record"])
