"""One-time codes, sign-ins, when a session was last proved."""

import sqlalchemy as sa
from alembic import op

import persistence.columns

revision = "0012"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("session", sa.Column("proved_at", persistence.columns.Instant(), nullable=True))
    op.create_table(
        "sent_code",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("ticket_hash", sa.LargeBinary(), nullable=False),
        sa.Column("to_hash", sa.LargeBinary(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False),
        sa.Column("sent_at", persistence.columns.Instant(), nullable=False),
        sa.Column("expires_at", persistence.columns.Instant(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("used_at", persistence.columns.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("sent_code_ticket", "sent_code", ["ticket_hash", "channel"], unique=True)
    op.create_index("sent_code_to", "sent_code", ["to_hash", "sent_at"], unique=False)
    op.create_table(
        "sign_in",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("at", persistence.columns.Instant(), nullable=False),
        sa.Column("method", sa.String(length=24), nullable=True),
        sa.Column("refused", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("sign_in_account", "sign_in", ["account_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_table("sign_in")
    op.drop_table("sent_code")
    op.drop_column("session", "proved_at")
