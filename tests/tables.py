"""Every table there is: known to the metadata once its module has been imported."""

import importlib
import pkgutil

from sqlalchemy import Table
from sqlmodel import SQLModel

import models.tables


def every_table() -> dict[str, Table]:
    """Name → table, of all modules in `models/tables`."""
    for module in pkgutil.iter_modules(models.tables.__path__, "models.tables."):
        importlib.import_module(module.name)
    return dict(SQLModel.metadata.tables)
