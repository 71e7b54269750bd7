"""The progress of villages on the wire."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict

from api.services.disclosing import ToldProgress
from sync.lokus import Programme


class ProgressView(BaseModel):
    """One village. `null` is a number below `cells_min`, which is not told."""

    model_config = ConfigDict(frozen=True)

    desa: str
    name: str | None
    families: int | None
    """On the list, closed ones included; of the RTs that the account covers."""
    done: int | None
    """With an outcome, or closed."""
    conflicts: int | None
    """Open ones."""
    designations: list[Programme]
    """Programmes that the village is designated for in the present year."""

    @classmethod
    def of(cls, told: ToldProgress, programmes: frozenset[Programme]) -> Self:
        return cls(
            desa=told.desa,
            name=told.nama,
            families=told.families,
            done=told.done,
            conflicts=told.conflicts,
            designations=sorted(programmes),
        )


class ProgressList(BaseModel):
    """A page of villages by code."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    villages: list[ProgressView]
    next: str | None
    """Send it as `after` for the next page."""
    cells_min: int | None
    """Numbers below this are withheld from the account's role; null: all are told."""
