"""Notifications, their deliveries, what people have chosen."""

import sqlalchemy as sa
from alembic import op

import persistence.columns

revision = "0016"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notification",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=96), nullable=False),
        sa.Column("topic", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("patient_id", sa.BigInteger(), nullable=True),
        sa.Column("at", persistence.columns.Instant(), nullable=False),
        sa.Column("read_at", persistence.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("notification_account", "notification", ["account_id", "id"], unique=False)
    op.create_index("notification_source", "notification", ["account_id", "source"], unique=True)
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("notification_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due_at", persistence.columns.Instant(), nullable=False),
        sa.Column("late_at", persistence.columns.Instant(), nullable=True),
        sa.Column("sent_at", persistence.columns.Instant(), nullable=True),
        sa.Column("receipt", sa.String(length=128), nullable=True),
        sa.Column("skipped", sa.String(length=16), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("delivery_notification", "delivery", ["notification_id", "id"], unique=False)
    op.create_index("delivery_account", "delivery", ["account_id", "id"], unique=False)
    op.create_table(
        "delivery_attempt",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=False),
        sa.Column("at", persistence.columns.Instant(), nullable=False),
        sa.Column("receipt", sa.String(length=128), nullable=True),
        sa.Column("error", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("delivery_attempt_of", "delivery_attempt", ["delivery_id", "id"], unique=False)
    op.create_table(
        "notification_settings",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", persistence.columns.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    for table in ("notification_settings", "delivery_attempt", "delivery", "notification"):
        op.drop_table(table)
    op.execute("delete from counter where name = 'notified'")
