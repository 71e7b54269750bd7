"""The register: the villages' feeds, records with their guard, claims of NIKs, conflicts."""

import sqlalchemy as sa
from alembic import op

from migrations import feed_guard
from migrations.columns import instant, record_id

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "feed",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("head", sa.BigInteger(), nullable=False),
        sa.Column("previous", sa.BigInteger(), nullable=False),
    )
    _create_records()
    _create_conflicts()
    op.create_table(
        "nik_claim",
        sa.Column("natural_key", sa.String(32), primary_key=True),
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("record", record_id(), primary_key=True),
    )
    feed_guard.put_up()


def downgrade() -> None:
    feed_guard.take_down()
    for table in ("nik_claim", "conflict", "record", "feed"):
        op.drop_table(table)


def _create_records() -> None:
    op.create_table(
        "record",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("id", record_id(), primary_key=True),
        sa.Column("entity", sa.String(10), nullable=False),
        sa.Column("parent", record_id()),
        sa.Column("keluarga", record_id(), nullable=False),
        sa.Column("rt", sa.String(16), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("created_seq", sa.BigInteger(), nullable=False),
        sa.Column("rt_since", sa.BigInteger(), nullable=False),
        sa.Column("left_rts", sa.Text()),
        sa.Column("natural_key", sa.String(32)),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.Column("stamps", sa.Text(), nullable=False),
        sa.Column("end_reason", sa.String(16)),
        sa.Column("end_body", sa.Text()),
        sa.Column("alias", record_id()),
        sa.Column("merged", sa.Text()),
        sa.Column("review", sa.Text()),
        sa.Column("disputed", sa.Boolean(), nullable=False),
    )
    op.create_index("record_feed", "record", ["desa", "seq"], unique=True)
    op.create_index("record_under", "record", ["desa", "keluarga"])
    op.create_index("record_natural_key", "record", ["desa", "natural_key"])


def _create_conflicts() -> None:
    op.create_table(
        "conflict",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("id", record_id(), primary_key=True),
        sa.Column("record", record_id(), nullable=False),
        sa.Column("twin", record_id()),
        sa.Column("group_name", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("reopens", record_id()),
        sa.Column("opened_at", instant(), nullable=False),
        sa.Column("changed_at", instant(), nullable=False),
    )
    op.create_index("conflict_record", "conflict", ["desa", "record"])
    op.create_index("conflict_twin", "conflict", ["desa", "twin"])
    op.create_index("conflict_state", "conflict", ["desa", "state", "opened_at"])
