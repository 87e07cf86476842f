"""Know turned and mirrored copies of a cutout"""

import sqlalchemy as sa
from alembic import op

from cloudchamber.data.arrays import decode
from cloudchamber.data.copies import canonical_hash

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BATCH = 500

_cutout = sa.table("cutout", sa.column("id"), sa.column("canonical_hash", sa.LargeBinary(16)))
_pixels = sa.table(
    "cutout_pixels",
    sa.column("cutout_id"),
    sa.column("dtype"),
    sa.column("shape", sa.JSON()),
    sa.column("codec"),
    sa.column("pixels"),
)


def upgrade() -> None:
    op.add_column("cutout", sa.Column("canonical_hash", sa.LargeBinary(length=16), nullable=True))
    _fill()
    op.create_index(
        op.f("ix_cutout_dataset_id_canonical_hash"), "cutout", ["dataset_id", "canonical_hash"]
    )


def _fill() -> None:
    """Of every cutout there is, a batch at a time: 10,000 take a second or two."""
    connection = op.get_bind()
    last = 0
    # A bound name of its own: "id" is the column's.
    change = (
        sa.update(_cutout)
        .where(_cutout.c.id == sa.bindparam("of"))
        .values(canonical_hash=sa.bindparam("digest"))
    )
    while True:
        rows = connection.execute(
            sa.select(_pixels)
            .where(_pixels.c.cutout_id > last)
            .order_by(_pixels.c.cutout_id)
            .limit(BATCH)
        ).all()
        if not rows:
            return
        found = [
            {
                "of": row.cutout_id,
                "digest": canonical_hash(
                    decode(row.codec, bytes(row.pixels), row.dtype, tuple(row.shape))
                ),
            }
            for row in rows
        ]
        connection.execute(change, found)
        last = rows[-1].cutout_id


def downgrade() -> None:
    op.drop_index(op.f("ix_cutout_dataset_id_canonical_hash"), "cutout")
    op.drop_column("cutout", "canonical_hash")
