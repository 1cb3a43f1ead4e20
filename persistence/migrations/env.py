"""Alembic's environment: one set of migrations for the data, one for the keys, each for both databases."""

from alembic import context

config = context.config
context.configure(
    connection=config.attributes["connection"],
    target_metadata=config.attributes["metadata"],
    render_as_batch=True,
    compare_type=True,
    transactional_ddl=True,  # SQLite can, once BEGIN is issued explicitly: a migration that fails leaves nothing
)
with context.begin_transaction():
    context.run_migrations()
