"""Areas, accounts with their devices and sessions, the audit chains, facts about the server."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant, json_or_null

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

TABLES = (
    "wilayah",
    "server_state",
    "audit_chain",
    "audit",
    "account",
    "account_area",
    "device",
    "enrolment",
    "session",
)


def upgrade() -> None:
    _create_areas_and_audit()
    _create_accounts()
    _create_devices()
    _create_sessions()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def _create_areas_and_audit() -> None:
    op.create_table(
        "wilayah",
        sa.Column("kode", sa.String(10), primary_key=True),
        sa.Column("nama", sa.String(), nullable=False),
        sa.Column("tingkat", sa.String(), nullable=False),
        sa.Column("induk", sa.String(10), index=True),
        sa.Column("kode_bps", sa.String()),
        sa.Column("nama_lain", sa.String()),
    )
    op.create_table(
        "server_state",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("value", sa.String(), nullable=False),
    )
    op.create_table(
        "audit_chain",
        sa.Column("chain", sa.String(10), primary_key=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("chain", sa.String(10), primary_key=True),
        sa.Column("n", sa.Integer(), primary_key=True),
        sa.Column("at", instant(), nullable=False),
        sa.Column("actor", sa.String(36), index=True),
        sa.Column("device", sa.String(36)),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )


def _create_accounts() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False, unique=True),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("role", sa.String(32), nullable=False),
        sa.Column("password_hash", sa.String()),
        sa.Column("disabled_at", instant()),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("scope_version", sa.Integer(), nullable=False),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        sa.Column("next_try_at", instant()),
    )
    op.create_table(
        "account_area",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column(
            "account_id", sa.String(36), sa.ForeignKey("account.id"), nullable=False, index=True
        ),
        sa.Column("kode_wilayah", sa.String(10), nullable=False, index=True),
        sa.Column("rts", json_or_null()),
        sa.Column("since", instant(), nullable=False),
        sa.Column("until", instant()),
    )


def _create_devices() -> None:
    op.create_table(
        "device",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column(
            "account_id", sa.String(36), sa.ForeignKey("account.id"), nullable=False, index=True
        ),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("platform", sa.String(200), nullable=False),
        sa.Column("token_digest", sa.String(64), nullable=False, unique=True),
        sa.Column("token_since", instant(), nullable=False),
        sa.Column("next_token_digest", sa.String(64), unique=True),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("last_seen_at", instant()),
        sa.Column("revoked_at", instant()),
        sa.Column("heartbeat", json_or_null()),
    )
    op.create_table(
        "enrolment",
        sa.Column("id", sa.String(36), primary_key=True),
        sa.Column(
            "account_id", sa.String(36), sa.ForeignKey("account.id"), nullable=False, index=True
        ),
        sa.Column("code_head", sa.String(8), nullable=False, index=True),
        sa.Column("code_digest", sa.String(64), nullable=False, unique=True),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False),
        sa.Column("used_at", instant()),
        sa.Column("device_id", sa.String(36)),
        sa.Column("key_digest", sa.String(64)),
        sa.Column("tries", sa.Integer(), nullable=False),
    )


def _create_sessions() -> None:
    op.create_table(
        "session",
        sa.Column("token_digest", sa.String(64), primary_key=True),
        sa.Column("csrf_digest", sa.String(64), nullable=False),
        sa.Column(
            "account_id", sa.String(36), sa.ForeignKey("account.id"), nullable=False, index=True
        ),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("expires_at", instant(), nullable=False, index=True),
    )
