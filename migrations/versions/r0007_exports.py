"""Files out: what was exported, what the ministry answered, and the tasks that follow."""

import sqlalchemy as sa
from alembic import op

from migrations.columns import instant, record_id

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    _create_exports()
    _create_results()
    _create_tasks()


def downgrade() -> None:
    for table in ("task", "export_result", "export"):
        op.drop_table(table)


def _create_exports() -> None:
    op.create_table(
        "export",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("id", record_id(), primary_key=True),
        sa.Column("period", sa.String(16), nullable=False),
        sa.Column("profile", sa.String(40), nullable=False),
        sa.Column("profile_version", sa.String(20), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("for_excel", sa.Boolean(), nullable=False),
        sa.Column("draft", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("snapshot", sa.String(64), nullable=False),
        sa.Column("villages", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("problems", sa.Integer(), nullable=False),
        sa.Column("files", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("receipt", sa.String(32)),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("created_by", sa.String(36)),
        sa.Column("changed_at", instant(), nullable=False),
        sa.Column("changed_by", sa.String(36)),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("taken", sa.Text(), nullable=False),
    )
    op.create_index("export_id", "export", ["id"])
    op.create_index("export_period", "export", ["desa", "period", "created_at"])


def _create_results() -> None:
    op.create_table(
        "export_result",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("export", record_id(), primary_key=True),
        sa.Column("n", sa.Integer(), primary_key=True),
        sa.Column("natural_key", sa.String(32), nullable=False),
        sa.Column("record", record_id(), nullable=False),
        sa.Column("keluarga", record_id(), nullable=False),
        sa.Column("rt", sa.String(16), nullable=False),
        sa.Column("program", sa.String(16), nullable=False),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("body", sa.Text()),
        sa.Column("answer_hash", sa.String(64)),
        sa.Column("answered_at", instant()),
    )
    op.create_index("export_result_number", "export_result", ["desa", "export", "natural_key"])


def _create_tasks() -> None:
    op.create_table(
        "task",
        sa.Column("desa", sa.String(10), primary_key=True),
        sa.Column("id", record_id(), primary_key=True),
        sa.Column("rt", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("keluarga", record_id(), nullable=False),
        sa.Column("record", record_id(), nullable=False),
        sa.Column("export", record_id(), nullable=False),
        sa.Column("program", sa.String(16), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("created_at", instant(), nullable=False),
        sa.Column("closed_at", instant()),
        sa.Column("closed_by", sa.String(36)),
        sa.Column("note", sa.Text(), nullable=False),
    )
    op.create_index("task_open", "task", ["desa", "state", "rt"])
