"""Every village counts its turns: who decided without one sees whether anybody had one meanwhile.

And the index of edits leaves out what is none, which is nearly everything.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column(
        "feed", sa.Column("turns", sa.BigInteger(), nullable=False, server_default=sa.text("0"))
    )
    op.drop_index("submission_replaces", "submission")
    op.create_index(
        "submission_replaces",
        "submission",
        ["desa", "replaces"],
        sqlite_where=sa.text("replaces IS NOT NULL"),
        postgresql_where=sa.text("replaces IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("submission_replaces", "submission")
    op.create_index("submission_replaces", "submission", ["desa", "replaces"])
    op.drop_column("feed", "turns")
