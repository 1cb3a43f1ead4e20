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
        "wrapped_key",
        sa.Column("owner_kind", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("retention", sa.String(length=16), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("master", sa.String(length=64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("owner_kind", "owner_id", "retention", "number"),
    )
    with op.batch_alter_table("wrapped_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_wrapped_key_master"), ["master"], unique=False)


def downgrade() -> None:

    with op.batch_alter_table("wrapped_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_wrapped_key_master"))

    op.drop_table("wrapped_key")
