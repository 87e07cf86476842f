"""Keep the detections of an exposure, and the cutouts of those that are not current"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    document = sa.JSON().with_variant(JSONB(), "postgresql")
    op.create_table(
        "detection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("exposure_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.Column("before_id", sa.Integer(), nullable=True),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("calibration", document, nullable=False),
        sa.Column("n_footprints", sa.Integer(), nullable=False),
        sa.Column("report", document, nullable=False),
        sa.ForeignKeyConstraint(
            ["exposure_id"], ["exposure.id"], name=op.f("fk_detection_exposure_id_exposure")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_detection_job_id_job")),
        sa.ForeignKeyConstraint(
            ["before_id"], ["detection.id"], name=op.f("fk_detection_before_id_detection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_detection")),
        sa.UniqueConstraint("exposure_id", "number", name=op.f("uq_detection_exposure_id_number")),
    )
    op.create_table(
        "detection_cutout",
        sa.Column("detection_id", sa.Integer(), nullable=False),
        sa.Column("cutout_id", sa.Integer(), nullable=False),
        sa.Column("x0", sa.Integer(), nullable=True),
        sa.Column("y0", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("canonical_hash", sa.LargeBinary(length=16), nullable=True),
        sa.Column("dtype", sa.String(length=10), nullable=False),
        sa.Column("shape", document, nullable=False),
        sa.Column("codec", sa.String(length=16), nullable=False),
        sa.Column("pixels", sa.LargeBinary(), nullable=False),
        sa.Column("mask", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["detection_id"], ["detection.id"],
            name=op.f("fk_detection_cutout_detection_id_detection"),
        ),
        sa.ForeignKeyConstraint(
            ["cutout_id"], ["cutout.id"], name=op.f("fk_detection_cutout_cutout_id_cutout")
        ),
        sa.PrimaryKeyConstraint("detection_id", "cutout_id", name=op.f("pk_detection_cutout")),
    )  # fmt: skip
    op.add_column("exposure", sa.Column("detection_id", sa.Integer(), nullable=True))
    op.add_column(
        "cutout", sa.Column("retired", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index(op.f("ix_cutout_dataset_id_retired"), "cutout", ["dataset_id", "retired"])


def downgrade() -> None:
    op.drop_index(op.f("ix_cutout_dataset_id_retired"), "cutout")
    op.drop_column("cutout", "retired")
    op.drop_column("exposure", "detection_id")
    op.drop_table("detection_cutout")
    op.drop_table("detection")
