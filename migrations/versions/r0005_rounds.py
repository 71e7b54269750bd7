"""Rounds: periods, a village's state in each, its musyawarah, what was frozen and signed."""

import sqlalchemy as sa
from alembic import op

from migrations import written_once
from migrations.columns import instant, record_id

revision: str = "0005"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

TABLES = (
    "period",
    "round",
    "round_event",
    "rt_done",
    "finding_reason",
    "musyawarah",
    "musyawarah_decision",
    "frozen_village",
    "signature",
    "account_pin",
)
WRITTEN_ONCE = ("round_event", "frozen_village", "signature")


def upgrade() -> None:
    _create_periods()
    _create_rounds()
    _create_verification()
    _create_musyawarah()
    _create_signed()
    written_once.put_up(WRITTEN_ONCE)


def downgrade() -> None:
    written_once.take_down(WRITTEN_ONCE)
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_periods() -> None:
    op.create_table(
        "period",
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("area", sa.String(10), primary_key=True),
        sa.Column("opens_at", instant(), nullable=False),
        sa.Column("closes_at", instant(), nullable=False),
        sa.Column("windows", sa.Text(), nullable=False),
        sa.Column("profile", sa.String(32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("changed_at", instant(), nullable=False),
    )
    op.create_table(
        "account_pin",
        sa.Column("account_id", sa.String(36), primary_key=True),
        sa.Column("pin_hash", sa.String(), nullable=False),
        sa.Column("set_at", instant(), nullable=False),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        sa.Column("next_try_at", instant()),
    )


def _create_rounds() -> None:
    op.create_table(
        "round",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("period", sa.String(16), primary_key=True),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_head", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", instant(), nullable=False),
        sa.Column("changed_at", instant(), nullable=False),
        sa.Column("signed_hash", sa.String(64)),
        sa.Column("unlocked_until", instant()),
    )
    op.create_table(
        "round_event",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("period", sa.String(16), primary_key=True),
        sa.Column("n", sa.Integer(), primary_key=True),
        sa.Column("event", sa.String(24), nullable=False),
        sa.Column("state_before", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("account_id", sa.String(36)),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )


def _create_verification() -> None:
    op.create_table(
        "rt_done",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("period", sa.String(16), primary_key=True),
        sa.Column("rt", sa.String(16), primary_key=True),
        sa.Column("stated_at", instant(), nullable=False),
        sa.Column("account_id", sa.String(36)),
        sa.Column("on_behalf", sa.Boolean(), nullable=False),
        sa.Column("families", sa.Integer(), nullable=False),
        sa.Column("lacking", sa.Integer(), nullable=False),
        sa.Column("head", sa.BigInteger(), nullable=False),
        sa.Column("withdrawn_at", instant()),
    )
    op.create_table(
        "finding_reason",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("period", sa.String(16), primary_key=True),
        sa.Column("record", record_id(), primary_key=True),
        sa.Column("code", sa.String(32), primary_key=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("account_id", sa.String(36)),
    )


def _create_musyawarah() -> None:
    op.create_table(
        "musyawarah",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("period", sa.String(16), primary_key=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("held_on", sa.Date()),
        sa.Column("attendance", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("changed_at", instant(), nullable=False),
        sa.Column("account_id", sa.String(36)),
    )
    op.create_table(
        "musyawarah_decision",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("period", sa.String(16), primary_key=True),
        sa.Column("family", record_id(), primary_key=True),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", instant(), nullable=False),
        sa.Column("account_id", sa.String(36)),
    )


def _create_signed() -> None:
    op.create_table(
        "frozen_village",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("period", sa.String(16), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("head", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Integer(), nullable=False),
        sa.Column("frozen_at", instant(), nullable=False),
        sa.Column("account_id", sa.String(36)),
        sa.Column("families", sa.Integer(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("unmet", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    )
    op.create_index("frozen_village_code", "frozen_village", ["code"])
    op.create_index("frozen_village_period", "frozen_village", ["desa", "period", "frozen_at"])
    op.create_table(
        "signature",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("period", sa.String(16), nullable=False),
        sa.Column("method", sa.String(8), nullable=False),
        sa.Column("signed_at", instant(), nullable=False),
        sa.Column("account_id", sa.String(36)),
        sa.Column("event", sa.Integer(), nullable=False),
        sa.Column("scan", sa.String(64)),
        sa.Column("mac", sa.String(64), nullable=False),
    )
