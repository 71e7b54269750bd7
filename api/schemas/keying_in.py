"""Wire models of keying in: what a worksheet says, as the operator enters it."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sync.batch import OPERATIONS_PER_PUSH_MAX


class KeyIn(BaseModel):
    """`POST /v1/keying-in/{desa}/{rt}`.

    `operations` are as phones send them, without `seq`, `mono`, `boot`; `form` is the same every
    time that the same form is sent, so that nothing is entered twice.
    """

    model_config = ConfigDict(extra="forbid")

    form: Annotated[str, Field(min_length=16, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
    account: Annotated[str, Field(max_length=36)] | None = None
    """The RT head's account; may be left out where the RT has one."""
    worksheet: Annotated[str, Field(max_length=32, pattern=r"^[ -~]*$")] = ""
    observed: date | None = None
    """The day on the paper; else today."""
    operations: Annotated[
        list[dict[str, object]], Field(min_length=1, max_length=OPERATIONS_PER_PUSH_MAX)
    ]


class RefusedOperation(BaseModel):
    """Why an operation was refused; `place` counts from 0."""

    model_config = ConfigDict(from_attributes=True)

    place: int
    problem: str
    detail: str


class KeyedInView(BaseModel):
    """What became of the operations, in order. With anything in `refused`, nothing was kept."""

    model_config = ConfigDict(from_attributes=True)

    at: int
    outcomes: list[str]
    refused: list[RefusedOperation]
