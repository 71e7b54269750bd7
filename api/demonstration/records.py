"""The shape of the demonstration's data: plain values that a service turns into operations."""

from collections.abc import Mapping
from dataclasses import dataclass

from sync.types import Json


@dataclass(frozen=True, slots=True)
class Member:
    """One anggota. `set` is what its `create` states: fields of `sync.policy`, never null."""

    id: str
    set: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Family:
    """One keluarga of village `desa`, with its members, the head first. `rt` is `003/001`."""

    id: str
    desa: str
    rt: str
    set: Mapping[str, Json]
    members: tuple[Member, ...]
