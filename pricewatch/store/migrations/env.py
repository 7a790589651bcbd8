"""Run by Alembic: migrate over the connection that `pricewatch.store.migrate` hands in."""

from alembic import context

from pricewatch.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
