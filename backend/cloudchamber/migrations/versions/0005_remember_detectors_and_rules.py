"""Remember what is said about detectors, and by which rule a column was measured"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "detector",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("settings", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_detector")),
    )
    op.add_column("column", sa.Column("rule", sa.Integer(), nullable=True))


def downgrade() -> None:
    op.drop_column("column", "rule")
    op.drop_table("detector")
