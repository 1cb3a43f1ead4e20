"""The medical record: encounters, conditions, allergies, immunizations, medications, documents; names of sources."""

import sqlalchemy as sa
from alembic import op

import persistence.columns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "allergy",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("source_hash", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", persistence.columns.Instant(), nullable=False),
        sa.Column("clinical_status", sa.String(length=24), nullable=False),
        sa.Column("verification_status", sa.String(length=24), nullable=False),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("patient_id", "id"),
    )
    with op.batch_alter_table("allergy", schema=None) as batch_op:
        batch_op.create_index("allergy_recorded", ["patient_id", "recorded_at", "id"], unique=False)
        batch_op.create_index("allergy_source", ["patient_id", "source_hash"], unique=True)

    op.create_table(
        "condition",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("source_hash", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", persistence.columns.Instant(), nullable=False),
        sa.Column("clinical_status", sa.String(length=24), nullable=False),
        sa.Column("verification_status", sa.String(length=24), nullable=False),
        sa.Column("encounter_id", sa.BigInteger(), nullable=True),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("patient_id", "id"),
    )
    with op.batch_alter_table("condition", schema=None) as batch_op:
        batch_op.create_index("condition_recorded", ["patient_id", "recorded_at", "id"], unique=False)
        batch_op.create_index("condition_source", ["patient_id", "source_hash"], unique=True)

    op.create_table(
        "document_reference",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("source_hash", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", persistence.columns.Instant(), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("encounter_id", sa.BigInteger(), nullable=True),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("patient_id", "id"),
    )
    with op.batch_alter_table("document_reference", schema=None) as batch_op:
        batch_op.create_index("document_reference_recorded", ["patient_id", "recorded_at", "id"], unique=False)
        batch_op.create_index("document_reference_source", ["patient_id", "source_hash"], unique=True)

    op.create_table(
        "encounter",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("source_hash", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", persistence.columns.Instant(), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("ended_at", persistence.columns.Instant(), nullable=True),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=True),
        sa.Column("organization_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("patient_id", "id"),
    )
    with op.batch_alter_table("encounter", schema=None) as batch_op:
        batch_op.create_index("encounter_recorded", ["patient_id", "recorded_at", "id"], unique=False)
        batch_op.create_index("encounter_source", ["patient_id", "source_hash"], unique=True)

    op.create_table(
        "immunization",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("source_hash", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", persistence.columns.Instant(), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("encounter_id", sa.BigInteger(), nullable=True),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("patient_id", "id"),
    )
    with op.batch_alter_table("immunization", schema=None) as batch_op:
        batch_op.create_index("immunization_recorded", ["patient_id", "recorded_at", "id"], unique=False)
        batch_op.create_index("immunization_source", ["patient_id", "source_hash"], unique=True)

    op.create_table(
        "medication_request",
        sa.Column("patient_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("partner_id", sa.BigInteger(), nullable=False),
        sa.Column("source_hash", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", persistence.columns.Instant(), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("intent", sa.String(length=24), nullable=False),
        sa.Column("encounter_id", sa.BigInteger(), nullable=True),
        sa.Column("practitioner_id", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("patient_id", "id"),
    )
    with op.batch_alter_table("medication_request", schema=None) as batch_op:
        batch_op.create_index("medication_request_recorded", ["patient_id", "recorded_at", "id"], unique=False)
        batch_op.create_index("medication_request_source", ["patient_id", "source_hash"], unique=True)

    op.create_table(
        "source",
        sa.Column("source_hash", sa.LargeBinary(), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("registered", sa.Boolean(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("source_hash"),
    )
    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_source_row_id"), ["row_id"], unique=False)

    with op.batch_alter_table("observation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("source_hash", sa.LargeBinary(), nullable=True))
        batch_op.create_index(
            "observation_source",
            ["patient_id", "source_hash"],
            unique=True,
            postgresql_where=sa.text("replaced_at IS NULL"),
            sqlite_where=sa.text("replaced_at IS NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("observation", schema=None) as batch_op:
        batch_op.drop_index(
            "observation_source",
            postgresql_where=sa.text("replaced_at IS NULL"),
            sqlite_where=sa.text("replaced_at IS NULL"),
        )
        batch_op.drop_column("source_hash")

    with op.batch_alter_table("source", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_source_row_id"))

    op.drop_table("source")
    with op.batch_alter_table("medication_request", schema=None) as batch_op:
        batch_op.drop_index("medication_request_source")
        batch_op.drop_index("medication_request_recorded")

    op.drop_table("medication_request")
    with op.batch_alter_table("immunization", schema=None) as batch_op:
        batch_op.drop_index("immunization_source")
        batch_op.drop_index("immunization_recorded")

    op.drop_table("immunization")
    with op.batch_alter_table("encounter", schema=None) as batch_op:
        batch_op.drop_index("encounter_source")
        batch_op.drop_index("encounter_recorded")

    op.drop_table("encounter")
    with op.batch_alter_table("document_reference", schema=None) as batch_op:
        batch_op.drop_index("document_reference_source")
        batch_op.drop_index("document_reference_recorded")

    op.drop_table("document_reference")
    with op.batch_alter_table("condition", schema=None) as batch_op:
        batch_op.drop_index("condition_source")
        batch_op.drop_index("condition_recorded")

    op.drop_table("condition")
    with op.batch_alter_table("allergy", schema=None) as batch_op:
        batch_op.drop_index("allergy_source")
        batch_op.drop_index("allergy_recorded")

    op.drop_table("allergy")
