"""What Alembic runs for every command: it works on the connection that the runner hands over.

The runner owns the connection and its transaction, so a migration that fails leaves nothing
behind, on SQLite as on PostgreSQL.
"""

import importlib
import pkgutil
from typing import Literal

from alembic import context
from sqlalchemy import TypeDecorator, make_url
from sqlmodel import SQLModel

import models.tables

# A table is known to the metadata once its module has been imported.
for table_module in pkgutil.iter_modules(models.tables.__path__, "models.tables."):
    importlib.import_module(table_module.name)


def render_item(kind: str, item: object, _autogenerate: object) -> str | Literal[False]:
    """Write our own types as the plain ones beneath, so that a revision never changes its mind."""
    if kind != "type" or not isinstance(item, TypeDecorator):
        return False
    on_sqlite, on_postgresql = (
        repr(item.load_dialect_impl(make_url(url).get_dialect()()).as_generic())
        for url in ("sqlite://", "postgresql+psycopg://")
    )
    if on_sqlite == on_postgresql:
        return f"sa.{on_sqlite}"
    return f"sa.{on_sqlite}.with_variant(sa.{on_postgresql}, 'postgresql')"


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=SQLModel.metadata,
    # SQLite alters little in place: a batch copies the table there and is plain ALTER elsewhere.
    render_as_batch=True,
    compare_type=True,
    compare_server_default=True,
    transactional_ddl=True,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
