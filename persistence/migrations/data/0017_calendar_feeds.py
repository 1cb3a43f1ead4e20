"""Calendar feeds."""

import sqlalchemy as sa
from alembic import op

import persistence.columns

revision = "0017"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calendar_feed",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("detail", sa.String(length=16), nullable=False),
        sa.Column("created_at", persistence.columns.Instant(), nullable=False),
        sa.Column("revoked_at", persistence.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("calendar_feed_account", "calendar_feed", ["account_id", "id"], unique=False)
    op.create_index("calendar_feed_secret", "calendar_feed", ["secret_hash"], unique=True)


def downgrade() -> None:
    op.drop_table("calendar_feed")
