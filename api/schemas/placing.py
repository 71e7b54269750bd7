"""RTs and their families on the wire."""

from typing import Annotated

from pydantic import Field, StringConstraints

from api.schemas.accounts import Wire
from api.schemas.reviewing import RecordId, Shown
from api.services.placing import FAMILIES_PER_REQUEST_MAX

Rt = Annotated[str, StringConstraints(pattern=r"^[0-9]{3}/([0-9]{3})?$")]


class RtView(Shown):
    """An RT, `"003/001"`; empty: families that no RT is known of."""

    rt: str
    families: int


class RtList(Shown):
    """The RTs of a village."""

    rts: list[RtView]


class FamilyLineView(Shown):
    """A family as somebody looks for it in a street."""

    id: str
    nama_kepala_keluarga: str
    alamat: str
    dusun: str


class FamilyLineList(Shown):
    """A page of families by dusun, address and name."""

    families: list[FamilyLineView]
    total: int


class PlaceFamilies(Wire):
    """`POST /v1/rts/{desa}`."""

    rt: Rt
    families: Annotated[list[RecordId], Field(min_length=1, max_length=FAMILIES_PER_REQUEST_MAX)]


class PlacedView(Shown):
    """What became of the families that were named."""

    placed: int
    same: int
    unknown: list[str]
    disputed: list[str]
    at: int
