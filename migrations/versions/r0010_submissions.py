"""Filled forms from ODK Collect and KoboCollect: keys, submissions, their files, what is held."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant, record_id

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "odk_key",
        sa.Column(
            "device_id",
            sa.String(36),
            sa.ForeignKey("device.id", name="fk_odk_key_device_id"),
            primary_key=True,
        ),
        sa.Column("username", sa.String(80), nullable=False),
        sa.Column("salt", sa.String(32), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.UniqueConstraint("username", name="uq_odk_key_username"),
    )
    _create_submissions()
    _create_held()
    op.create_table(
        "version_span",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("since_seq", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("since_version", sa.BigInteger(), nullable=False),
    )


def downgrade() -> None:
    for table in ("version_span", "held", "submission_file", "submission", "odk_key"):
        op.drop_table(table)


def _create_submissions() -> None:
    op.create_table(
        "submission",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("id", record_id(), primary_key=True),
        sa.Column("instance", sa.String(255), nullable=False),
        sa.Column("replaces", sa.String(255)),
        sa.Column("form_id", sa.String(255), nullable=False),
        sa.Column("form_version", sa.String(255), nullable=False),
        sa.Column("device_id", sa.String(36)),
        sa.Column("account_id", sa.String(36)),
        sa.Column("agent", sa.String(200), nullable=False),
        sa.Column("xml", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("problem", sa.String(32)),
        sa.Column("record", record_id()),
        sa.Column("branch", sa.String(64)),
        sa.Column("base_version", sa.BigInteger()),
        sa.Column("trunk_version", sa.BigInteger()),
        sa.Column("lane", sa.String(40)),
        sa.Column("first_seq", sa.BigInteger()),
        sa.Column("last_seq", sa.BigInteger()),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("visit", record_id()),
        sa.Column("received_at", instant(), nullable=False),
    )
    op.create_index("submission_instance", "submission", ["desa", "instance"])
    op.create_index("submission_replaces", "submission", ["desa", "replaces"])
    chain = ["desa", "record", "branch", "base_version"]
    op.create_index("submission_chain", "submission", chain)
    op.create_index("submission_state", "submission", ["desa", "state", "received_at"])
    op.create_table(
        "submission_file",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("submission", record_id(), primary_key=True),
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("received_at", instant(), nullable=False),
    )


def _create_held() -> None:
    op.create_table(
        "held",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("submission", record_id(), primary_key=True),
        sa.Column("reason", sa.String(16), nullable=False),
        sa.Column("awaits", sa.String(320), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("since", instant(), nullable=False),
        sa.Column("decided_at", instant()),
        sa.Column("decided_by", sa.String(36)),
        sa.Column("words", sa.Text()),
    )
    op.create_index("held_awaits", "held", ["desa", "awaits"])
    op.create_index("held_state", "held", ["desa", "state", "since"])
