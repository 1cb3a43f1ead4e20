"""The audit log's numbers and hashes; alerts, locks, appeals, tasks, copies, incidents."""

import sqlalchemy as sa
from alembic import op

import persistence.columns

revision = "0006"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_entry", sa.Column("xact", sa.BigInteger(), nullable=True))
    op.create_index("ix_audit_entry_xact", "audit_entry", ["xact"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("alter table audit_entry alter column xact set default pg_current_xact_id()::text::bigint")
    op.create_table(
        "audit_leaf",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=True),
        sa.Column("patient_number", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("entry_id"),
    )
    op.create_index("audit_leaf_patient", "audit_leaf", ["patient_id", "patient_number"], unique=True)
    op.create_table(
        "audit_tile",
        sa.Column("level", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "number"),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", persistence.columns.Instant(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size"),
    )
    op.execute("insert into counter (name, value) values ('audit_leaves', 0), ('audit_published', 0)")
    _rest()


def _rest() -> None:
    op.create_table(
        "account_lock",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("since", persistence.columns.Instant(), nullable=False),
        sa.Column("locked_by", sa.BigInteger(), nullable=False),
        sa.Column("until", persistence.columns.Instant(), nullable=True),
        sa.Column("lifted_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("account_lock_account", "account_lock", ["account_id", "id"], unique=False)
    op.create_table(
        "appeal",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("received_at", persistence.columns.Instant(), nullable=False),
        sa.Column("due_at", persistence.columns.Instant(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=True),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("extended_at", persistence.columns.Instant(), nullable=True),
        sa.Column("closed_at", persistence.columns.Instant(), nullable=True),
        sa.Column("closed_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("appeal_task", "appeal", ["task_id"])
    op.create_index("appeal_due", "appeal", ["state", "due_at", "id"], unique=False)
    op.create_index("appeal_patient", "appeal", ["patient_id", "id"], unique=False)
    op.create_table(
        "export_part",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("task_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("patient_id", "id"),
    )
    op.create_index("export_part_task", "export_part", ["patient_id", "task_id", "number"], unique=True)
    op.create_table(
        "incident",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("discovered_at", persistence.columns.Instant(), nullable=False),
        sa.Column("notice_due_at", persistence.columns.Instant(), nullable=False),
        sa.Column("inquiry_due_at", persistence.columns.Instant(), nullable=False),
        sa.Column("notice_at", persistence.columns.Instant(), nullable=True),
        sa.Column("inquiry_at", persistence.columns.Instant(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("since", persistence.columns.Instant(), nullable=False),
        sa.Column("until", persistence.columns.Instant(), nullable=False),
        sa.Column("reported_by", sa.BigInteger(), nullable=False),
        sa.Column("affected", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "incident_person",
        sa.Column("incident_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("incident_id", "patient_id"),
    )
    op.create_index("incident_person_patient", "incident_person", ["patient_id"], unique=False)
    op.create_table(
        "security_alert",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", persistence.columns.Instant(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", persistence.columns.Instant(), nullable=True),
        sa.Column("closed_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("security_alert_organization", "security_alert", ["organization_id", "id"], unique=False)
    op.create_table(
        "task",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_at", persistence.columns.Instant(), nullable=False),
        sa.Column("due_at", persistence.columns.Instant(), nullable=False),
        sa.Column("leased_until", persistence.columns.Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("done_at", persistence.columns.Instant(), nullable=True),
        sa.Column("error", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("task_due", "task", ["state", "due_at", "id"], unique=False)
    op.create_index("task_patient", "task", ["patient_id", "kind", "id"], unique=False)
    op.create_table(
        "erasure",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("at", persistence.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_erasure_patient_id", "erasure", ["patient_id"])


def downgrade() -> None:
    for table in (
        "erasure",
        "account_lock",
        "appeal",
        "export_part",
        "incident",
        "incident_person",
        "security_alert",
        "task",
    ):
        op.drop_table(table)
    op.execute("delete from counter where name in ('audit_leaves', 'audit_published', 'audit_mark')")
    op.drop_table("audit_checkpoint")
    op.drop_table("audit_tile")
    op.drop_table("audit_leaf")
    op.drop_index("ix_audit_entry_xact", "audit_entry")
    op.drop_column("audit_entry", "xact")
