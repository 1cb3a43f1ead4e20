"""Requests whose moves the database checks: the table of moves, numbered steps, reviewers."""

from itertools import product

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0013d"
branch_labels = None
depends_on = None

KINDS = ("DATA_CHANGE", "POLICY_EXTENSION", "POLICY_QUESTION", "REFERRAL", "FEEDBACK", "TICKET")
MOVES = (
    ("NEW", "SUBMITTED"),
    ("SUBMITTED", "IN_WORK"),
    ("SUBMITTED", "WITHDRAWN"),
    ("IN_WORK", "APPROVED"),
    ("IN_WORK", "REJECTED"),
    ("IN_WORK", "NEEDS_INFO"),
    ("IN_WORK", "WITHDRAWN"),
    ("NEEDS_INFO", "IN_WORK"),
    ("NEEDS_INFO", "WITHDRAWN"),
)
APPLYING = (("APPROVED", "APPLIED"), ("APPROVED", "REJECTED"))
MOVE = ["kind", "was", "status"]
NUMBER_STEPS = """
update request_step set number = told.number, was = coalesce(told.was, 'NEW'), kind = told.kind
from (select step.patient_id, step.id, asked.kind,
        row_number() over (partition by step.patient_id, step.request_id order by step.id) as number,
        lag(step.status) over (partition by step.patient_id, step.request_id order by step.id) as was
      from request_step step
      join patient_request asked on asked.patient_id = step.patient_id and asked.id = step.request_id) as told
where request_step.patient_id = told.patient_id and request_step.id = told.id
"""
COUNT_STEPS = """
update patient_request set steps = last.number, was = last.was from request_step last
where last.patient_id = patient_request.patient_id and last.request_id = patient_request.id
  and last.number = (select max(number) from request_step step
                     where step.patient_id = patient_request.patient_id and step.request_id = patient_request.id)
"""


def upgrade() -> None:
    moves = op.create_table(
        "request_move",
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("was", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("kind", "was", "status"),
    )
    legal = [(kind, *move) for kind, move in product(KINDS, MOVES)] + [("DATA_CHANGE", *move) for move in APPLYING]
    op.bulk_insert(moves, [dict(zip(MOVE, move, strict=True)) for move in legal])
    op.add_column("request_step", sa.Column("number", sa.Integer()))
    op.add_column("request_step", sa.Column("kind", sa.String(length=24)))
    op.add_column("request_step", sa.Column("was", sa.String(length=16)))
    op.add_column("patient_request", sa.Column("was", sa.String(length=16)))
    op.add_column("patient_request", sa.Column("steps", sa.Integer()))
    op.add_column("patient_request", sa.Column("assignee_id", sa.BigInteger()))
    op.add_column("queued_request", sa.Column("assignee_id", sa.BigInteger()))
    op.execute(NUMBER_STEPS)
    op.execute(COUNT_STEPS)
    with op.batch_alter_table("request_step") as batch:
        batch.alter_column("number", existing_type=sa.Integer(), nullable=False)
        batch.alter_column("kind", existing_type=sa.String(length=24), nullable=False)
        batch.alter_column("was", existing_type=sa.String(length=16), nullable=False)
        batch.create_foreign_key("request_step_move", "request_move", MOVE, MOVE)
        batch.create_index("request_step_number", ["patient_id", "request_id", "number"], unique=True)
    with op.batch_alter_table("patient_request") as batch:
        batch.alter_column("was", existing_type=sa.String(length=16), nullable=False)
        batch.alter_column("steps", existing_type=sa.Integer(), nullable=False)
        batch.create_foreign_key("patient_request_move", "request_move", MOVE, MOVE)
    op.create_index("queued_request_status", "queued_request", ["organization_id", "status", "due_at", "id"])
    op.create_index("queued_request_kind", "queued_request", ["organization_id", "kind", "status", "due_at", "id"])


def downgrade() -> None:
    op.drop_index("queued_request_kind", "queued_request")
    op.drop_index("queued_request_status", "queued_request")
    with op.batch_alter_table("patient_request") as batch:
        batch.drop_constraint("patient_request_move", type_="foreignkey")
        for column in ("assignee_id", "steps", "was"):
            batch.drop_column(column)
    with op.batch_alter_table("request_step") as batch:
        batch.drop_index("request_step_number")
        batch.drop_constraint("request_step_move", type_="foreignkey")
        for column in ("was", "kind", "number"):
            batch.drop_column(column)
    with op.batch_alter_table("queued_request") as batch:
        batch.drop_column("assignee_id")
    op.drop_table("request_move")
