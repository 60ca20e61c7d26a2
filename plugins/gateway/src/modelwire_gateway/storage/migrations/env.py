"""Alembic's environment: runs migrations on the connection that it is given."""

from __future__ import annotations

from alembic import context

from modelwire_gateway.storage.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table="gateway_version",
)
with context.begin_transaction():
    context.run_migrations()
