"""First tables."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

import persistence.columns

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table(
        "account",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=True),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", persistence.columns.Instant(), nullable=False),
        sa.Column("disabled_at", persistence.columns.Instant(), nullable=True),
        sa.Column("last_totp_step", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_patient_id"), ["patient_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_account_practitioner_id"), ["practitioner_id"], unique=False)

    op.create_table(
        "appointment",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("slot_id", sa.BigInteger(), nullable=False),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", persistence.columns.Instant(), nullable=False),
        sa.Column("ends_at", persistence.columns.Instant(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("service_type", sa.String(length=16), nullable=False),
        sa.Column("created_at", persistence.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("patient_id", "id"),
    )
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.create_index("appointment_starts", ["patient_id", "starts_at", "id"], unique=False)

    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", persistence.columns.Instant(), nullable=False),
        sa.Column("action", sa.String(length=48), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("patient_id", sa.BigInteger(), nullable=True),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("operation_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index("audit_entry_organization", ["organization_id", "id"], unique=False)
        batch_op.create_index("audit_entry_patient", ["patient_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_entry_at"), ["at"], unique=False)

    op.create_table(
        "consent",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=True),
        sa.Column("organization_id", sa.BigInteger(), nullable=True),
        sa.Column("categories", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=24), nullable=False),
        sa.Column("text_version", sa.String(length=24), nullable=False),
        sa.Column("text_hash", sa.LargeBinary(), nullable=False),
        sa.Column("since", persistence.columns.Instant(), nullable=False),
        sa.Column("until", persistence.columns.Instant(), nullable=True),
        sa.Column("withdrawn_at", persistence.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("patient_id", "id"),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index("consent_since", ["patient_id", "since", "id"], unique=False)

    op.create_table(
        "counter",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "diagnostic_report",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("study_hash", sa.LargeBinary(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("issued_at", persistence.columns.Instant(), nullable=False),
        sa.Column("received_at", persistence.columns.Instant(), nullable=False),
        sa.Column("replaced_at", persistence.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("patient_id", "id"),
    )
    with op.batch_alter_table("diagnostic_report", schema=None) as batch_op:
        batch_op.create_index("diagnostic_report_issued", ["patient_id", "issued_at", "id"], unique=False)
        batch_op.create_index("diagnostic_report_study", ["patient_id", "study_hash", "edition"], unique=True)

    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("at", persistence.columns.Instant(), nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=True),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=True),
        sa.Column("organization_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("event_position", ["position"], unique=True)
        batch_op.create_index(
            "event_unnumbered",
            ["id"],
            unique=False,
            postgresql_where=sa.text("position IS NULL"),
            sqlite_where=sa.text("position IS NULL"),
        )

    op.create_table(
        "insurance_policy",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("insurer_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", persistence.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("patient_id", "id"),
    )
    with op.batch_alter_table("insurance_policy", schema=None) as batch_op:
        batch_op.create_index("insurance_policy_since", ["patient_id", "created_at", "id"], unique=False)

    op.create_table(
        "observation",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=True),
        sa.Column("taken_at", persistence.columns.Instant(), nullable=False),
        sa.Column("analyte", sa.LargeBinary(), nullable=False),
        sa.Column("replaced_at", persistence.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("patient_id", "id"),
    )
    with op.batch_alter_table("observation", schema=None) as batch_op:
        batch_op.create_index("observation_analyte", ["patient_id", "analyte", "taken_at", "id"], unique=False)
        batch_op.create_index("observation_report", ["patient_id", "report_id", "id"], unique=False)
        batch_op.create_index("observation_taken", ["patient_id", "taken_at", "id"], unique=False)

    op.create_table(
        "organization",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("city", sa.String(length=100), nullable=True),
        sa.Column("address", sa.String(length=300), nullable=True),
        sa.Column("phone", sa.String(length=32), nullable=True),
        sa.Column("source_hash", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source_hash"),
    )
    op.create_table(
        "outcome",
        sa.Column("actor_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_hash", sa.LargeBinary(), nullable=False),
        sa.Column("input_hash", sa.LargeBinary(), nullable=False),
        sa.Column("outcome", sa.LargeBinary(), nullable=False),
        sa.Column("at", persistence.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("actor_id", "key_hash"),
    )
    with op.batch_alter_table("outcome", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outcome_at"), ["at"], unique=False)

    op.create_table(
        "patient",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", persistence.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("patient_id", "id"),
    )
    op.create_table(
        "patient_identifier",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("system", sa.String(length=200), nullable=False),
        sa.Column("value_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("patient_id", "id"),
    )
    with op.batch_alter_table("patient_identifier", schema=None) as batch_op:
        batch_op.create_index("patient_identifier_value", ["value_hash"], unique=False)

    op.create_table(
        "patient_request",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("submitted_at", persistence.columns.Instant(), nullable=False),
        sa.Column("changed_at", persistence.columns.Instant(), nullable=False),
        sa.Column("due_at", persistence.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("patient_id", "id"),
    )
    with op.batch_alter_table("patient_request", schema=None) as batch_op:
        batch_op.create_index("patient_request_number", ["number"], unique=True)
        batch_op.create_index("patient_request_submitted", ["patient_id", "submitted_at", "id"], unique=False)

    op.create_table(
        "practitioner",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("specialty_id", sa.BigInteger(), nullable=True),
        sa.Column("organization_id", sa.BigInteger(), nullable=True),
        sa.Column("source_hash", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source_hash"),
    )
    with op.batch_alter_table("practitioner", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_practitioner_organization_id"), ["organization_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_practitioner_specialty_id"), ["specialty_id"], unique=False)

    op.create_table(
        "practitioner_appointment",
        sa.Column("practitioner_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", persistence.columns.Instant(), nullable=False),
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("practitioner_id", "starts_at", "id"),
    )
    op.create_table(
        "queued_request",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("due_at", persistence.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id"),
    )
    with op.batch_alter_table("queued_request", schema=None) as batch_op:
        batch_op.create_index("queued_request_due", ["organization_id", "due_at", "id"], unique=False)
        batch_op.create_index("queued_request_patient", ["patient_id", "organization_id"], unique=False)

    op.create_table(
        "relation",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("organization_id", sa.BigInteger(), nullable=True),
        sa.Column("categories", sa.String(length=200), nullable=False),
        sa.Column("since", persistence.columns.Instant(), nullable=False),
        sa.Column("until", persistence.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("patient_id", "id"),
    )
    with op.batch_alter_table("relation", schema=None) as batch_op:
        batch_op.create_index("relation_account", ["account_id", "patient_id"], unique=False)
        batch_op.create_index("relation_practitioner", ["practitioner_id", "patient_id"], unique=False)

    op.create_table(
        "request_step",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("request_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("at", persistence.columns.Instant(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("patient_id", "id"),
    )
    with op.batch_alter_table("request_step", schema=None) as batch_op:
        batch_op.create_index("request_step_request", ["patient_id", "request_id", "id"], unique=False)

    op.create_table(
        "role_grant",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("since", persistence.columns.Instant(), nullable=False),
        sa.Column("until", persistence.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.create_index("role_grant_account", ["account_id"], unique=False)

    op.create_table(
        "session",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", persistence.columns.Instant(), nullable=False),
        sa.Column("seen_at", persistence.columns.Instant(), nullable=False),
        sa.Column("expires_at", persistence.columns.Instant(), nullable=False),
        sa.Column("ended_at", persistence.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token_hash"),
    )
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_session_account_id"), ["account_id"], unique=False)

    op.create_table(
        "sign_in_name",
        sa.Column("name_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name_hash"),
    )
    with op.batch_alter_table("sign_in_name", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_name_account_id"), ["account_id"], unique=False)

    op.create_table(
        "slot",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", persistence.columns.Instant(), nullable=False),
        sa.Column("ends_at", persistence.columns.Instant(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("slot", schema=None) as batch_op:
        batch_op.create_index("slot_practitioner", ["practitioner_id", "starts_at", "id"], unique=False)
        batch_op.create_index("slot_unique", ["practitioner_id", "starts_at"], unique=True)

    op.create_table(
        "specialty",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("title_en", sa.String(length=120), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    counter = sa.table("counter", sa.column("name", sa.String), sa.column("value", sa.BigInteger))
    op.bulk_insert(counter, [{"name": "ids", "value": 1000}, {"name": "positions", "value": 0}])


def downgrade() -> None:

    op.drop_table("specialty")
    with op.batch_alter_table("slot", schema=None) as batch_op:
        batch_op.drop_index("slot_unique")
        batch_op.drop_index("slot_practitioner")

    op.drop_table("slot")
    with op.batch_alter_table("sign_in_name", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sign_in_name_account_id"))

    op.drop_table("sign_in_name")
    with op.batch_alter_table("session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_session_account_id"))

    op.drop_table("session")
    with op.batch_alter_table("role_grant", schema=None) as batch_op:
        batch_op.drop_index("role_grant_account")

    op.drop_table("role_grant")
    with op.batch_alter_table("request_step", schema=None) as batch_op:
        batch_op.drop_index("request_step_request")

    op.drop_table("request_step")
    with op.batch_alter_table("relation", schema=None) as batch_op:
        batch_op.drop_index("relation_practitioner")
        batch_op.drop_index("relation_account")

    op.drop_table("relation")
    with op.batch_alter_table("queued_request", schema=None) as batch_op:
        batch_op.drop_index("queued_request_patient")
        batch_op.drop_index("queued_request_due")

    op.drop_table("queued_request")
    op.drop_table("practitioner_appointment")
    with op.batch_alter_table("practitioner", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_practitioner_specialty_id"))
        batch_op.drop_index(batch_op.f("ix_practitioner_organization_id"))

    op.drop_table("practitioner")
    with op.batch_alter_table("patient_request", schema=None) as batch_op:
        batch_op.drop_index("patient_request_submitted")
        batch_op.drop_index("patient_request_number")

    op.drop_table("patient_request")
    with op.batch_alter_table("patient_identifier", schema=None) as batch_op:
        batch_op.drop_index("patient_identifier_value")

    op.drop_table("patient_identifier")
    op.drop_table("patient")
    with op.batch_alter_table("outcome", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outcome_at"))

    op.drop_table("outcome")
    op.drop_table("organization")
    with op.batch_alter_table("observation", schema=None) as batch_op:
        batch_op.drop_index("observation_taken")
        batch_op.drop_index("observation_report")
        batch_op.drop_index("observation_analyte")

    op.drop_table("observation")
    with op.batch_alter_table("insurance_policy", schema=None) as batch_op:
        batch_op.drop_index("insurance_policy_since")

    op.drop_table("insurance_policy")
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index(
            "event_unnumbered", postgresql_where=sa.text("position IS NULL"), sqlite_where=sa.text("position IS NULL")
        )
        batch_op.drop_index("event_position")

    op.drop_table("event")
    with op.batch_alter_table("diagnostic_report", schema=None) as batch_op:
        batch_op.drop_index("diagnostic_report_study")
        batch_op.drop_index("diagnostic_report_issued")

    op.drop_table("diagnostic_report")
    op.drop_table("counter")
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index("consent_since")

    op.drop_table("consent")
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_entry_at"))
        batch_op.drop_index("audit_entry_patient")
        batch_op.drop_index("audit_entry_organization")

    op.drop_table("audit_entry")
    with op.batch_alter_table("appointment", schema=None) as batch_op:
        batch_op.drop_index("appointment_starts")

    op.drop_table("appointment")
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_practitioner_id"))
        batch_op.drop_index(batch_op.f("ix_account_patient_id"))

    op.drop_table("account")
