"""Make a database into the demonstration, from wherever an earlier start has left it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session

from api.demonstration import field_day
from api.demonstration.families import FAMILIES_PER_RT, SEED, generate
from api.demonstration.loading import Loading, Progress, load, operation_count
from api.demonstration.stage import Stage, seed_of, stage_of
from api.errors import AppError
from api.services.reviewers import ground_of
from api.settings import Settings
from models.database import Database
from models.queries.accounts import accounts_within
from models.queries.areas import area_count

Meter = Callable[[int], AbstractContextManager[Progress]]
"""Given the number of operations to load, shows how many are loaded."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which demonstration is wanted. Without a seed: the one that is there, or the usual one."""

    seed: int | None = None
    families_per_rt: int = FAMILIES_PER_RT
    with_field_day: bool = True


def prepare(
    settings: Settings,
    database: Database,
    start: datetime,
    wish: Wish,
    meter: Meter = lambda _: nullcontext(_nobody_looks),
) -> Stage:
    """Load and play what is missing, and tell how far it is now.

    A field day that was interrupted stays as it is. Raises `AppError` `value-refused` for a
    database that holds something else; nothing is written then.
    """
    with database.reading() as session:
        stage, seed = stage_of(session), seed_of(session)
        _refuse_others(session, stage, seed, wish)
    if stage in (None, Stage.LOADING):
        generated = generate(seed or wish.seed or SEED, families_per_rt=wish.families_per_rt)
        listed_at = start - field_day.LIST_AGE
        loading = Loading(database, generated, ground_of(settings), listed_at)
        with meter(operation_count(generated)) as progress:
            load(loading, progress)
        stage = Stage.LOADED
    if stage is Stage.LOADED and wish.with_field_day:
        field_day.play(settings, database, start)
        stage = Stage.PLAYED
    assert stage is not None, "it was loaded"
    return stage


def _refuse_others(session: Session, stage: Stage | None, seed: int | None, wish: Wish) -> None:
    if stage is None and (area_count(session) or accounts_within(session, None, after="", limit=1)):
        raise AppError("value-refused", _NOT_OURS)
    if stage is not None and wish.seed is not None and wish.seed != seed:
        raise AppError(
            "value-refused", f"This database holds the demonstration of seed {seed}. {_ELSEWHERE}"
        )


def _nobody_looks(_: int) -> None:
    return None


_ELSEWHERE: Final = "Set LOKUS_DATA_DIR to another folder for another one."
_NOT_OURS: Final = (
    "This database holds a register that is no demonstration, and it stays as it is: use "
    f"`lokus serve`. {_ELSEWHERE}"
)
