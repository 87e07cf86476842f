"""Create every table"""

import sqlalchemy as sa
from alembic import op

from cloudchamber.data.base import BigInt, JsonDocument, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "label",
        sa.Column("dataset_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("annotator_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ordinal", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=True),
        sa.Column("dubious", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("event_id", BigInt, nullable=False),
        sa.PrimaryKeyConstraint("dataset_id", "annotator_id", "ordinal", name=op.f("pk_label")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "label_event",
        sa.Column("id", BigInt, nullable=False),
        sa.Column("action_id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("class_id", sa.Integer(), nullable=True),
        sa.Column("previous_class_id", sa.Integer(), nullable=True),
        sa.Column("dubious", sa.Boolean(), nullable=False),
        sa.Column("previous_dubious", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("previous_note", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_event")),
    )
    with op.batch_alter_table("label_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_label_event_action_id"), ["action_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_label_event_dataset_id_ordinal"), ["dataset_id", "ordinal"], unique=False
        )

    op.create_table(
        "label_set",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_set")),
        sa.UniqueConstraint("name", name=op.f("uq_label_set_name")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("name", name=op.f("uq_person_name")),
    )
    op.create_table(
        "upload",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("size", BigInt, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("received", BigInt, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    op.create_table(
        "dataset",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("label_set_id", sa.Integer(), nullable=False),
        sa.Column("n_cutouts", sa.Integer(), nullable=False),
        sa.Column("active_model_id", sa.Integer(), nullable=True),
        sa.Column("active_map_job_id", sa.Integer(), nullable=True),
        sa.Column("settings", JsonDocument, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["label_set_id"], ["label_set.id"], name=op.f("fk_dataset_label_set_id_label_set")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
    )
    with op.batch_alter_table("dataset", schema=None) as batch_op:
        batch_op.create_index(
            "uq_dataset_live_name",
            ["name"],
            unique=True,
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.create_table(
        "label_class",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("label_set_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("key", sa.String(length=1), nullable=False),
        sa.Column("colour", sa.String(length=7), nullable=False),
        sa.Column("caption", sa.String(length=200), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("deleted_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["label_set_id"], ["label_set.id"], name=op.f("fk_label_class_label_set_id_label_set")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_class")),
    )
    op.create_table(
        "upload_chunk",
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("offset", BigInt, autoincrement=False, nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"],
            ["upload.id"],
            name=op.f("fk_upload_chunk_upload_id_upload"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("upload_id", "offset", name=op.f("pk_upload_chunk")),
    )
    op.create_table(
        "dataset_revision",
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_dataset_revision_dataset_id_dataset")
        ),
        sa.PrimaryKeyConstraint("dataset_id", "topic", name=op.f("pk_dataset_revision")),
    )
    op.create_table(
        "exposure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("file_name", sa.String(length=300), nullable=False),
        sa.Column("hdu", sa.Integer(), nullable=False),
        sa.Column("plane", sa.Integer(), nullable=True),
        sa.Column("header", JsonDocument, nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("dtype", sa.String(length=10), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("calibration", JsonDocument, nullable=False),
        sa.Column("n_footprints", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_exposure_dataset_id_dataset")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exposure")),
        sa.UniqueConstraint("dataset_id", "ordinal", name=op.f("uq_exposure_dataset_id_ordinal")),
    )
    op.create_table(
        "job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=True),
        sa.Column("params", JsonDocument, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("queue", sa.String(length=16), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=True),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column("rung_at", sa.Double(), nullable=True),
        sa.Column("progress", JsonDocument, nullable=False),
        sa.Column("curve", JsonDocument, nullable=True),
        sa.Column("result", JsonDocument, nullable=True),
        sa.Column("error", JsonDocument, nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("created_by", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"], ["person.id"], name=op.f("fk_job_created_by_person")
        ),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_job_dataset_id_dataset")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["job.id"], name=op.f("fk_job_parent_id_job")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("key", name=op.f("uq_job_key")),
    )
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.create_index(
            "ix_job_dataset_id_revision", ["dataset_id", "revision"], unique=False
        )
        batch_op.create_index("ix_job_state_queue", ["state", "queue"], unique=False)

    op.create_table(
        "label_action",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("annotator_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("how", sa.String(length=16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("undo_of", sa.Integer(), nullable=True),
        sa.Column("redo_of", sa.Integer(), nullable=True),
        sa.Column("undo_head", sa.Integer(), nullable=True),
        sa.Column("redo_head", sa.Integer(), nullable=True),
        sa.Column("below", sa.Integer(), nullable=True),
        sa.Column("context", JsonDocument, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["annotator_id"], ["person.id"], name=op.f("fk_label_action_annotator_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_label_action_dataset_id_dataset")
        ),
        sa.ForeignKeyConstraint(
            ["redo_of"], ["label_action.id"], name=op.f("fk_label_action_redo_of_label_action")
        ),
        sa.ForeignKeyConstraint(
            ["undo_of"], ["label_action.id"], name=op.f("fk_label_action_undo_of_label_action")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_action")),
        sa.UniqueConstraint("annotator_id", "key", name=op.f("uq_label_action_annotator_id_key")),
    )
    with op.batch_alter_table("label_action", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_label_action_dataset_id_annotator_id_id"),
            ["dataset_id", "annotator_id", "id"],
            unique=False,
        )

    op.create_table(
        "cutout",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("exposure_id", sa.Integer(), nullable=True),
        sa.Column("x0", sa.Integer(), nullable=True),
        sa.Column("y0", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("dtype", sa.String(length=10), nullable=False),
        sa.Column("flags", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(length=16), nullable=False),
        sa.Column("duplicate_of", sa.Integer(), nullable=True),
        sa.Column("source_group", sa.String(length=300), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_cutout_dataset_id_dataset")
        ),
        sa.ForeignKeyConstraint(
            ["exposure_id"], ["exposure.id"], name=op.f("fk_cutout_exposure_id_exposure")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cutout")),
        sa.UniqueConstraint("dataset_id", "name", name=op.f("uq_cutout_dataset_id_name")),
        sa.UniqueConstraint("dataset_id", "ordinal", name=op.f("uq_cutout_dataset_id_ordinal")),
    )
    with op.batch_alter_table("cutout", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_cutout_dataset_id_content_hash"),
            ["dataset_id", "content_hash"],
            unique=False,
        )
        batch_op.create_index(batch_op.f("ix_cutout_exposure_id"), ["exposure_id"], unique=False)

    op.create_table(
        "exposure_tile",
        sa.Column("exposure_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("ty", sa.Integer(), nullable=False),
        sa.Column("tx", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("dtype", sa.String(length=10), nullable=False),
        sa.Column("codec", sa.String(length=16), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["exposure_id"], ["exposure.id"], name=op.f("fk_exposure_tile_exposure_id_exposure")
        ),
        sa.PrimaryKeyConstraint("exposure_id", "level", "ty", "tx", name=op.f("pk_exposure_tile")),
    )
    op.create_table(
        "import_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("n_cutouts", sa.Integer(), nullable=False),
        sa.Column("n_duplicates", sa.Integer(), nullable=False),
        sa.Column("detail", JsonDocument, nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_import_file_dataset_id_dataset")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_import_file_job_id_job")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_file")),
    )
    with op.batch_alter_table("import_file", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_import_file_job_id"), ["job_id"], unique=False)
        batch_op.create_index("ix_import_file_job_id_state", ["job_id", "state"], unique=False)

    op.create_table(
        "job_checkpoint",
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_checkpoint_job_id_job")),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_checkpoint")),
    )
    op.create_table(
        "model_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("architecture", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("config", JsonDocument, nullable=False),
        sa.Column("classes", JsonDocument, nullable=False),
        sa.Column("metrics", JsonDocument, nullable=False),
        sa.Column("curves", JsonDocument, nullable=False),
        sa.Column("label_snapshot", sa.LargeBinary(), nullable=False),
        sa.Column("label_snapshot_hash", sa.String(length=64), nullable=False),
        sa.Column("label_action_id", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("versions", JsonDocument, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=100), nullable=True),
        sa.Column("job_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_model_version_dataset_id_dataset")
        ),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_model_version_job_id_job")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_version")),
        sa.UniqueConstraint(
            "dataset_id", "number", name=op.f("uq_model_version_dataset_id_number")
        ),
    )
    op.create_table(
        "column",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=60), nullable=False),
        sa.Column("group", sa.String(length=20), nullable=False),
        sa.Column("dtype", sa.String(length=10), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("categories", JsonDocument, nullable=True),
        sa.Column("producer_job_id", sa.Integer(), nullable=True),
        sa.Column("model_version_id", sa.Integer(), nullable=True),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_column_dataset_id_dataset")
        ),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_version.id"],
            name=op.f("fk_column_model_version_id_model_version"),
        ),
        sa.ForeignKeyConstraint(
            ["producer_job_id"], ["job.id"], name=op.f("fk_column_producer_job_id_job")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_column")),
        sa.UniqueConstraint(
            "dataset_id", "name", "owner", name=op.f("uq_column_dataset_id_name_owner")
        ),
    )
    op.create_table(
        "cutout_pixels",
        sa.Column("cutout_id", sa.Integer(), nullable=False),
        sa.Column("dtype", sa.String(length=10), nullable=False),
        sa.Column("shape", JsonDocument, nullable=False),
        sa.Column("codec", sa.String(length=16), nullable=False),
        sa.Column("pixels", sa.LargeBinary(), nullable=False),
        sa.Column("mask", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["cutout_id"], ["cutout.id"], name=op.f("fk_cutout_pixels_cutout_id_cutout")
        ),
        sa.PrimaryKeyConstraint("cutout_id", name=op.f("pk_cutout_pixels")),
    )
    op.create_table(
        "model_weights",
        sa.Column("model_version_id", sa.Integer(), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_version_id"],
            ["model_version.id"],
            name=op.f("fk_model_weights_model_version_id_model_version"),
        ),
        sa.PrimaryKeyConstraint("model_version_id", name=op.f("pk_model_weights")),
    )
    op.create_table(
        "column_chunk",
        sa.Column("column_id", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), nullable=False),
        sa.Column("stop", sa.Integer(), nullable=False),
        sa.Column("codec", sa.String(length=16), nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["column_id"], ["column.id"], name=op.f("fk_column_chunk_column_id_column")
        ),
        sa.PrimaryKeyConstraint("column_id", "start", name=op.f("pk_column_chunk")),
    )
    _refuse_changes()


APPEND_ONLY = ("label_action", "label_event")


def _refuse_changes() -> None:
    """Label actions and events are never changed or removed: the database itself refuses."""
    dialect = op.get_bind().dialect.name
    if dialect == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
        )
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            name = f"{table}_refuses_{verb.lower()}"
            if dialect == "postgresql":
                op.execute(
                    f"CREATE TRIGGER {name} BEFORE {verb} ON {table} "
                    "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
                )
            else:
                op.execute(
                    f"CREATE TRIGGER {name} BEFORE {verb} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
                )
        if dialect == "postgresql":
            op.execute(
                f"CREATE TRIGGER {table}_refuses_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )


def downgrade() -> None:
    op.drop_table("column_chunk")
    op.drop_table("model_weights")
    op.drop_table("cutout_pixels")
    op.drop_table("column")
    op.drop_table("model_version")
    op.drop_table("job_checkpoint")
    with op.batch_alter_table("import_file", schema=None) as batch_op:
        batch_op.drop_index("ix_import_file_job_id_state")
        batch_op.drop_index(batch_op.f("ix_import_file_job_id"))

    op.drop_table("import_file")
    op.drop_table("exposure_tile")
    with op.batch_alter_table("cutout", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cutout_exposure_id"))
        batch_op.drop_index(batch_op.f("ix_cutout_dataset_id_content_hash"))

    op.drop_table("cutout")
    with op.batch_alter_table("label_action", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_label_action_dataset_id_annotator_id_id"))

    op.drop_table("label_action")
    with op.batch_alter_table("job", schema=None) as batch_op:
        batch_op.drop_index("ix_job_state_queue")
        batch_op.drop_index("ix_job_dataset_id_revision")

    op.drop_table("job")
    op.drop_table("exposure")
    op.drop_table("dataset_revision")
    op.drop_table("upload_chunk")
    op.drop_table("label_class")
    with op.batch_alter_table("dataset", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_dataset_live_name",
            sqlite_where=sa.text("deleted_at IS NULL"),
            postgresql_where=sa.text("deleted_at IS NULL"),
        )

    op.drop_table("dataset")
    op.drop_table("upload")
    op.drop_table("person")
    op.drop_table("label_set")
    with op.batch_alter_table("label_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_label_event_dataset_id_ordinal"))
        batch_op.drop_index(batch_op.f("ix_label_event_action_id"))

    op.drop_table("label_event")
    op.drop_table("label")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")
