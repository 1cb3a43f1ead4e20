"""Streams: each owner's part of the log by an index, what was forgotten of it, and what has ended lately."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

OWNERS = ("patient_id", "practitioner_id", "organization_id", "account_id")


def upgrade() -> None:

    op.create_table(
        "forgotten_event",
        sa.Column("owner", sa.String(length=16), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=48), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "owner_id", "kind"),
    )
    counter = sa.table("counter", sa.column("name", sa.String), sa.column("value", sa.BigInteger))
    op.bulk_insert(counter, [{"name": "forgotten", "value": 0}])
    with op.batch_alter_table("event", schema=None) as batch_op:
        for owner in OWNERS:
            there = sa.text(f"{owner} IS NOT NULL")
            columns = [owner, "kind", "position"]
            batch_op.create_index(f"event_{owner}", columns, unique=False, postgresql_where=there, sqlite_where=there)
    with op.batch_alter_table("relation", schema=None) as batch_op:
        batch_op.create_index("relation_until", ["until"], unique=False)
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index("consent_until", ["until"], unique=False)
        batch_op.create_index("consent_withdrawn", ["withdrawn_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.drop_index("consent_withdrawn")
        batch_op.drop_index("consent_until")
    with op.batch_alter_table("relation", schema=None) as batch_op:
        batch_op.drop_index("relation_until")
    with op.batch_alter_table("event", schema=None) as batch_op:
        for owner in reversed(OWNERS):
            batch_op.drop_index(f"event_{owner}")
    op.execute("delete from counter where name = 'forgotten'")
    op.drop_table("forgotten_event")
