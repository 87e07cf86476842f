"""Know cutouts by their paths, say what became of every part, and look before an import"""

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from cloudchamber.data.base import JsonDocument
from cloudchamber.data.names import stem_of, without_suffix

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ROWS = 10_000


def upgrade() -> None:
    with op.batch_alter_table("exposure") as table:
        table.add_column(sa.Column("path", sa.Text(), nullable=True))
        table.alter_column("name", existing_type=sa.String(300), type_=sa.Text())
        table.alter_column("file_name", existing_type=sa.String(300), type_=sa.Text())
    with op.batch_alter_table("cutout") as table:
        table.add_column(sa.Column("path", sa.Text(), nullable=True))
        table.add_column(sa.Column("stem", sa.Text(), nullable=True))
        table.alter_column("name", existing_type=sa.String(500), type_=sa.Text())
        table.alter_column("source_group", existing_type=sa.String(300), type_=sa.Text())
        table.drop_constraint("uq_cutout_dataset_id_name", type_="unique")
    _fill_paths()
    _fill_accounts()
    with op.batch_alter_table("exposure") as table:
        table.alter_column("path", existing_type=sa.Text(), nullable=False)
        table.create_unique_constraint("uq_exposure_dataset_id_path", ["dataset_id", "path"])
    with op.batch_alter_table("cutout") as table:
        table.alter_column("path", existing_type=sa.Text(), nullable=False)
        table.alter_column("stem", existing_type=sa.Text(), nullable=False)
        table.create_unique_constraint("uq_cutout_dataset_id_path", ["dataset_id", "path"])
        table.create_index("ix_cutout_dataset_id_stem", ["dataset_id", "stem"], unique=False)
    op.create_table(
        "look_preview",
        sa.Column("job_id", sa.Integer(), nullable=False),
        sa.Column("exposure", sa.LargeBinary(), nullable=True),
        sa.Column("crops", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_look_preview_job_id_job")),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_look_preview")),
    )


def downgrade() -> None:
    op.drop_table("look_preview")
    with op.batch_alter_table("cutout") as table:
        table.drop_index("ix_cutout_dataset_id_stem")
        table.drop_constraint("uq_cutout_dataset_id_path", type_="unique")
        table.drop_column("stem")
        table.drop_column("path")
        table.create_unique_constraint("uq_cutout_dataset_id_name", ["dataset_id", "name"])
    with op.batch_alter_table("exposure") as table:
        table.drop_constraint("uq_exposure_dataset_id_path", type_="unique")
        table.drop_column("path")


def _fill_paths() -> None:
    """What is there keeps its name as its path: the folders of earlier imports were not kept."""
    exposures: dict[int, str] = {}
    names: dict[int, str] = {}
    taken: set[tuple[int, str]] = set()
    for row in _rows("SELECT id, dataset_id, name, file_name FROM exposure"):
        stem = without_suffix(row.file_name.rpartition("/")[2])
        part = row.name[len(stem) :] if row.name.startswith(stem) else None
        path = row.name if part is None else row.file_name + part
        path = row.name if (row.dataset_id, path) in taken else path
        taken.add((row.dataset_id, path))
        exposures[row.id], names[row.id] = path, row.name
    _update("UPDATE exposure SET path = :path WHERE id = :id", exposures.items(), ("id", "path"))
    values = []
    for row in _rows("SELECT id, name, exposure_id FROM cutout"):
        path = row.name
        if row.exposure_id is not None and path.startswith(names[row.exposure_id] + ":"):
            path = exposures[row.exposure_id] + path[len(names[row.exposure_id]) :]
        values.append((row.id, path, stem_of(path)))
        if len(values) >= ROWS:
            _set_paths(values)
            values = []
    _set_paths(values)


def _set_paths(values: list[tuple[int, str, str]]) -> None:
    _update(
        "UPDATE cutout SET path = :path, stem = :stem WHERE id = :id",
        values,
        ("id", "path", "stem"),
    )


def _fill_accounts() -> None:
    """Reports of earlier imports in today's words."""
    change = sa.text("UPDATE import_file SET state = :state, detail = :detail WHERE id = :id")
    change = change.bindparams(sa.bindparam("detail", type_=JsonDocument))
    for row in _rows("SELECT id, state, detail FROM import_file"):
        old = json.loads(row.detail) if isinstance(row.detail, str) else row.detail or {}
        refused = old.get("refused_parts", [])
        account: dict[str, Any] = {
            "exposures": old.get("exposures", 0),
            "parts": [{"name": "", "state": "refused", "reason": reason} for reason in refused],
        }
        if old.get("role") is not None:
            account["taken_for"] = old["role"]
        if old.get("rows") is not None:
            account["tables"] = [{"role": old["role"], "rows": {"given": old["rows"]}}]
        state = {"imported": "in", "duplicate": "ignored"}.get(row.state, row.state)
        op.get_bind().execute(change, {"id": row.id, "state": state, "detail": account})


def _rows(query: str) -> Iterator[Any]:
    yield from op.get_bind().execute(sa.text(query + " ORDER BY id")).fetchall()


def _update(statement: str, values: Any, names: tuple[str, ...]) -> None:
    rows = [dict(zip(names, value, strict=True)) for value in values]
    if rows:
        op.get_bind().execute(sa.text(statement), rows)
