"""One row of a file before it is written: the records it is about, and where they are."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from sync.frozen import FrozenFamily, FrozenMember, FrozenVillage
from sync.types import NO_FIELDS, Json

NOTHING: Final[Mapping[str, Json]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Place:
    """A village with the names and codes of all that it lies in."""

    desa: str
    names: Mapping[str, Json]
    """`wilayah.…` of a profile: `provinsi`, `kabupaten`, `kecamatan`, `desa`, `kode_…`,
    `kode_bps_…`."""
    facts: Mapping[str, Json] = field(default_factory=lambda: NOTHING)
    """`ekspor.…` of a profile: what is true of every row of the village."""

    @property
    def kecamatan(self) -> str:
        """Kemendagri's code, six digits."""
        return self.desa[:6]

    def name(self, level: str) -> str:
        return str(self.names.get(level) or "")


@dataclass(frozen=True, slots=True)
class ExportVillage:
    """A village that is exported: what was signed, its hash, and where it lies."""

    village: FrozenVillage
    hash: str
    place: Place

    @property
    def desa(self) -> str:
        return self.village.desa

    @property
    def day(self) -> str:
        """The local day on which the village was frozen, `YYYY-MM-DD`: ages are of that day."""
        return str(self.place.facts.get("ditetapkan") or self.village.frozen_at[:10])


@dataclass(slots=True)
class Row:
    """One row. Mappings that do not apply are empty, so that a path always finds something."""

    place: Place
    family: FrozenFamily
    member: FrozenMember | None = None
    program: str = ""
    """The programme that the row is about; files are split by it."""
    ukur: Mapping[str, Json] = field(default_factory=lambda: NO_FIELDS)
    baris: Mapping[str, Json] = field(default_factory=lambda: NOTHING)
    """What the row source adds."""

    @property
    def keluarga(self) -> Mapping[str, Json]:
        return self.family.doc

    @property
    def anggota(self) -> Mapping[str, Json]:
        return NOTHING if self.member is None else self.member.doc

    @property
    def wilayah(self) -> Mapping[str, Json]:
        return self.place.names

    @property
    def record(self) -> str:
        """Id of the record that the row is about."""
        return self.family.id if self.member is None else self.member.id

    @property
    def who(self) -> str:
        """Name of whoever the row is about, for a report; never a number."""
        doc = self.keluarga if self.member is None else self.anggota
        name = doc.get("nama") or doc.get("nama_kepala_keluarga")
        return str(name or "")
