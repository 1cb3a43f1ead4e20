"""Who an account's owner is at a national identity service."""

import sqlalchemy as sa
from alembic import op

import persistence.columns

revision = "0013d"
down_revision = "0013c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identity_link",
        sa.Column("subject_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("linked_at", persistence.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("subject_hash"),
    )
    op.create_index("ix_identity_link_account_id", "identity_link", ["account_id"])


def downgrade() -> None:
    op.drop_table("identity_link")
