"""Keep the logs of hyperparameter studies"""

import sqlalchemy as sa
from alembic import op

from cloudchamber.data.base import BigInt, JsonDocument

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_log",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("study", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("entry", JsonDocument, nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_search_log_dataset_id_dataset")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_log")),
        sa.UniqueConstraint(
            "dataset_id", "study", "number", name=op.f("uq_search_log_dataset_id_study_number")
        ),
    )


def downgrade() -> None:
    op.drop_table("search_log")
