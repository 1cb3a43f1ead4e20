"""Roles: who gave and who ended each; found by their organization."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("role_grant", sa.Column("granted_by", sa.BigInteger(), nullable=True))
    op.add_column("role_grant", sa.Column("ended_by", sa.BigInteger(), nullable=True))
    op.create_index("role_grant_organization", "role_grant", ["organization_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("role_grant_organization", "role_grant")
    with op.batch_alter_table("role_grant") as batch:
        batch.drop_column("ended_by")
        batch.drop_column("granted_by")
