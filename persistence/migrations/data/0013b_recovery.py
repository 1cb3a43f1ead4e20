"""Recoveries of access."""

import sqlalchemy as sa
from alembic import op

import persistence.columns

revision = "0013b"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recovery",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("begun_at", persistence.columns.Instant(), nullable=False),
        sa.Column("effective_at", persistence.columns.Instant(), nullable=False),
        sa.Column("ended_at", persistence.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("recovery_account", "recovery", ["account_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("recovery")
