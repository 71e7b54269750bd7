"""A village in which people disagree about the name of the head of a family."""

from dataclasses import dataclass

from tests.builders import Raw, a_family, an_edit
from tests.village import Phone, Village

GROUP = "nama_kepala_keluarga"


def named(name: str) -> Raw:
    return an_edit(nama_kepala_keluarga=name)


def floor(kind: str) -> Raw:
    return an_edit(jenis_lantai_terluas=kind)


@dataclass
class Scene:
    """One family, and four phones that have pulled it."""

    village: Village
    phones: list[Phone]

    def quarrel(self) -> Village:
        """A's name becomes current, B's is proposed; nobody has pulled since."""
        self.phones[0].push(named("Bodi"))
        self.phones[1].push(named("Budhi"))
        return self.village


def a_scene() -> Scene:
    village = Village()
    village.office("import").push(
        a_family(nama_kepala_keluarga="Budi", jenis_lantai_terluas="tanah")
    )
    return Scene(village, [village.phone(name).pull() for name in "ABCD"])
