"""Which villages the demonstration plays in, and their neighbourhoods.

Twenty kampung of five kecamatan of Lampung Tengah and six pekon of Lampung Barat, five of which
newspapers named for having no signal. Which kampung are really lokus is not published; these are
examples.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from api.demonstration.names import Naming
from api.demonstration.wilayah import Area, areas

LAMPUNG_TENGAH: Final = "1802"
LAMPUNG_BARAT: Final = "1804"

VILLAGE_RTS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "1802142001": 2,  # Suka Jawa, Bumi Ratu Nuban
        "1802142002": 2,  # Sidokerto
        "1802142008": 3,  # Bumi Rahayu
        "1802142010": 2,  # Tulung Kakan
        "1802192001": 2,  # Kota Batu, Pubian
        "1802192006": 2,  # Tanjung Kemala
        "1802192007": 3,  # Payung Rejo
        "1802192018": 2,  # Pekandangan
        "1802202001": 2,  # Nyukang Harjo, Selagai Lingga
        "1802202002": 3,  # Lingga Pura
        "1802202006": 2,  # Negeri Katon
        "1802202008": 2,  # Tanjung Ratu
        "1802212001": 2,  # Srikaton, Anak Tuha
        "1802212005": 2,  # Bumi Aji
        "1802212010": 3,  # Tanjung Harapan
        "1802212012": 2,  # Mulyo Haji
        "1802272001": 2,  # Gedung Sari, Anak Ratu Aji
        "1802272002": 2,  # Srimulyo
        "1802272003": 3,  # Gedung Ratu
        "1802272006": 2,  # Sukajaya
        "1804042002": 2,  # Kubu Perahu, Balik Bukit
        "1804092006": 2,  # Banding Agung, Suoh
        "1804102001": 3,  # Kembahang, Batu Brak
        "1804182003": 2,  # Tribudi Syukur, Kebun Tebu
        "1804202008": 2,  # Batu Api, Pagar Dewa
        "1804222001": 2,  # Lombok, Lumbok Seminung
    }
)
"""Village → number of its RTs that are on the list."""


@dataclass(frozen=True, slots=True)
class District:
    """What a kabupaten calls its villages, their heads and their quarters."""

    kode: str
    village: str
    village_head: str
    quarter: str
    has_rw: bool
    namings: tuple[tuple[Naming, int], ...]
    """Customs of naming and their shares."""


DISTRICTS: Final[Mapping[str, District]] = MappingProxyType(
    {
        LAMPUNG_TENGAH: District(
            kode=LAMPUNG_TENGAH,
            village="kampung",
            village_head="kepala kampung",
            quarter="DUSUN",
            has_rw=True,
            namings=(
                (Naming.JAVANESE, 58),
                (Naming.LAMPUNG, 24),
                (Naming.BALINESE, 10),
                (Naming.SUNDANESE, 8),
            ),
        ),
        LAMPUNG_BARAT: District(
            kode=LAMPUNG_BARAT,
            village="pekon",
            village_head="peratin",
            quarter="PEMANGKU",
            has_rw=False,
            namings=(
                (Naming.LAMPUNG, 40),
                (Naming.SUNDANESE, 30),
                (Naming.JAVANESE, 27),
                (Naming.BALINESE, 3),
            ),
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """One RT. `rw` is empty where the village has none; `text` is the RT as scopes write it."""

    rt: str
    rw: str
    dusun: str

    @property
    def text(self) -> str:
        return f"{self.rt}/{self.rw}"


@dataclass(frozen=True, slots=True)
class Village:
    """One village of the demonstration."""

    kode: str
    nama: str
    district: District
    neighbourhoods: tuple[Neighbourhood, ...]

    @property
    def kecamatan(self) -> str:
        """Six digits: also the first six of every NIK and No KK made here."""
        return self.kode[:6]


def villages() -> tuple[Village, ...]:
    """The 26 villages, by code."""
    named = {area.kode: area for area in areas()}
    return tuple(_village(named[kode], rts) for kode, rts in VILLAGE_RTS.items())


def _village(area: Area, rts: int) -> Village:
    district = DISTRICTS[area.kode[:4]]
    return Village(
        kode=area.kode,
        nama=area.nama,
        district=district,
        neighbourhoods=tuple(
            Neighbourhood(
                rt=f"{number:03}",
                rw="001" if district.has_rw else "",
                dusun=f"{district.quarter} {'I' * number}",
            )
            for number in range(1, rts + 1)
        ),
    )
