"""Keep what was subtracted from an exposure, its noise, and which of its pixels are saturated"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "exposure_plane",
        sa.Column("exposure_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=16), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("dtype", sa.String(length=10), nullable=False),
        sa.Column("codec", sa.String(length=16), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["exposure_id"], ["exposure.id"], name=op.f("fk_exposure_plane_exposure_id_exposure")
        ),
        sa.PrimaryKeyConstraint("exposure_id", "name", "row", name=op.f("pk_exposure_plane")),
    )


def downgrade() -> None:
    op.drop_table("exposure_plane")
