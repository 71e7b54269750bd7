"""What is remembered: one module per subject, and nothing but columns."""

from sqlmodel import SQLModel

# Every constraint has a name from the beginning: one without a name cannot be altered later.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
