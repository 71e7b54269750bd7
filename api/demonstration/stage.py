"""How far a database has been filled with the demonstration, written down as it happens.

A first start may be interrupted at any moment. The next one reads here where it was, so that a
half-filled district is completed and a register that is no demonstration is left alone.
"""

from enum import StrEnum
from typing import Final

from sqlmodel import Session

from models.queries.server_state import set_state, state

SEED_KEY: Final = "demonstration-seed"
STAGE_KEY: Final = "demonstration-stage"


class Stage(StrEnum):
    """What was reached. Each begins where the one before it ended."""

    LOADING = "loading"
    LOADED = "loaded"
    PLAYING = "playing"
    PLAYED = "played"


def stage_of(session: Session) -> Stage | None:
    """The stage of this database; None for one that is no demonstration."""
    value = state(session, STAGE_KEY)
    return None if value is None else Stage(value)


def seed_of(session: Session) -> int | None:
    """The seed that this database's district was generated from."""
    value = state(session, SEED_KEY)
    return None if value is None else int(value)


def reach(session: Session, stage: Stage) -> None:
    """Write down that a stage was reached."""
    set_state(session, STAGE_KEY, stage.value)
