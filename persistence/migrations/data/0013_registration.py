"""Registrations and scans of documents."""

import sqlalchemy as sa
from alembic import op

import persistence.columns

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def _sealed() -> list["sa.Column[object]"]:
    return [
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    ]


def upgrade() -> None:
    op.create_table(
        "registration",
        *_sealed(),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("began_at", persistence.columns.Instant(), nullable=False),
        sa.Column("changed_at", persistence.columns.Instant(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("decided_by", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("registration_state", "registration", ["state", "changed_at", "id"], unique=False)
    op.create_table(
        "scan",
        *_sealed(),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("at", persistence.columns.Instant(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("media_type", sa.String(length=32), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sharpness", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("scan_account", "scan", ["account_id", "id"], unique=False)
    op.create_table(
        "scan_part",
        *_sealed(),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("scan_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("scan_part_scan", "scan_part", ["scan_id", "number"], unique=True)


def downgrade() -> None:
    op.drop_table("scan_part")
    op.drop_table("scan")
    op.drop_table("registration")
