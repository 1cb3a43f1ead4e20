"""Queues that can be counted: when requests came, when a reviewer first acted."""

import sqlalchemy as sa
from alembic import op

import persistence.columns

revision = "0019"
down_revision = "0016"
branch_labels = None
depends_on = None

COPY = """
update queued_request set submitted_at = asked.submitted_at,
  answered_at = (select min(step.at) from request_step step where step.patient_id = asked.patient_id
                 and step.request_id = asked.id and step.was = 'SUBMITTED' and step.status <> 'WITHDRAWN')
from patient_request asked where asked.patient_id = queued_request.patient_id and asked.id = queued_request.id
"""
COUNTED = ["organization_id", "status", "kind", "assignee_id", "submitted_at", "due_at"]


def upgrade() -> None:
    op.add_column("queued_request", sa.Column("submitted_at", persistence.columns.Instant()))
    op.add_column("queued_request", sa.Column("answered_at", persistence.columns.Instant()))
    op.execute(COPY)
    with op.batch_alter_table("queued_request") as batch:
        batch.alter_column("submitted_at", existing_type=persistence.columns.Instant(), nullable=False)
        batch.create_index("queued_request_counted", COUNTED)
        batch.create_index("queued_request_answered", ["organization_id", "answered_at", "submitted_at"])


def downgrade() -> None:
    with op.batch_alter_table("queued_request") as batch:
        batch.drop_index("queued_request_answered")
        batch.drop_index("queued_request_counted")
        batch.drop_column("answered_at")
        batch.drop_column("submitted_at")
