"""Each filled form writes two index entries less.

Nobody looks for submissions by their state: what waits has tables of its own. And most records have
no natural key that somebody could look for.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.drop_index("submission_state", "submission")
    op.drop_index("record_natural_key", "record")
    op.create_index(
        "record_natural_key",
        "record",
        ["desa", "natural_key"],
        sqlite_where=sa.text("natural_key IS NOT NULL"),
        postgresql_where=sa.text("natural_key IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("record_natural_key", "record")
    op.create_index("record_natural_key", "record", ["desa", "natural_key"])
    op.create_index("submission_state", "submission", ["desa", "state", "received_at"])
