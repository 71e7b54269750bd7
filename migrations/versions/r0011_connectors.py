"""Other servers that forms are fetched from: KoboToolbox and ODK Central."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant, record_id

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "connector",
        sa.Column("id", sa.String(24), primary_key=True),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("url", sa.String(500), nullable=False),
        sa.Column("form", sa.String(255), nullable=False),
        sa.Column(
            "account_id",
            sa.String(36),
            sa.ForeignKey("account.id", name="fk_connector_account_id"),
            nullable=False,
        ),
        sa.Column("map", sa.Text(), nullable=False),
        sa.Column("credentials", sa.String(500), nullable=False),
        sa.Column("hook_digest", sa.String(64)),
        sa.Column("cursor", sa.Text()),
        sa.Column("running_until", instant()),
        sa.Column("ran_at", instant()),
        sa.Column("problem", sa.String(500)),
        sa.Column("created_at", instant(), nullable=False),
    )
    op.create_table(
        "connector_item",
        sa.Column(
            "connector",
            sa.String(24),
            sa.ForeignKey("connector.id", name="fk_connector_item_connector"),
            primary_key=True,
        ),
        sa.Column("item", sa.String(120), primary_key=True),
        sa.Column("root", sa.String(120)),
        sa.Column("due", sa.Boolean(), nullable=False),
        sa.Column("listed", sa.String(120)),
        sa.Column("version", sa.String(120)),
        sa.Column("document", sa.LargeBinary()),
        sa.Column("instance", sa.String(255)),
        sa.Column("desa", sa.String(10)),
        sa.Column("submission", record_id()),
        sa.Column("record", record_id()),
        sa.Column("creates", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("judged", sa.Boolean(), nullable=False),
        sa.Column("remote_state", sa.String(40)),
        sa.Column("told_state", sa.String(40)),
        sa.Column("seen_at", instant(), nullable=False),
    )
    op.create_index("connector_item_due", "connector_item", ["connector", "due"])
    op.create_index("connector_item_root", "connector_item", ["connector", "root"])


def downgrade() -> None:
    for table in ("connector_item", "connector"):
        op.drop_table(table)
