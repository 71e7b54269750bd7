"""Names of people who do not exist, made of parts that are common in Lampung.

Lampung was settled by families from Java and Bali, so villages mix four ways of naming. Names are
in capitals, as the lists of the government print them.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final


class Naming(StrEnum):
    """Whose custom a family follows when it names a child."""

    LAMPUNG = "lampung"
    JAVANESE = "javanese"
    SUNDANESE = "sundanese"
    BALINESE = "balinese"


@dataclass(frozen=True, slots=True)
class Parts:
    """First and second parts for men and women."""

    men: tuple[str, ...]
    men_second: tuple[str, ...]
    women: tuple[str, ...]
    women_second: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_PARTS: Final = {
    Naming.LAMPUNG: Parts(
        men=_words(
            "AHMAD HASAN HERMAN EDI FAHRUL IRSAN RIDWAN ZULKIFLI AMRULLAH MURSALIN SAHRIL YUSRI"
            " KADIR RUSLAN ISMAIL HAIRUL MARWAN SYAMSUL DARWIN ANSORI"
        ),
        men_second=_words(
            "EFENDI JAYA RAMADHAN ISKANDAR HAKIM BASRI USMAN PUTRA SAPUTRA HIDAYAT YAKUB FIRDAUS"
        ),
        women=_words(
            "ROSMALA MASNAH YUNIAR FATIMAH ZUBAIDAH HALIMAH NURHAYATI ROHANA MARLINA DAHLIA"
            " MASITOH ROSIDA YULIANA SAUDAH HERAWATI LAILA NURAINI ZAHRA"
        ),
        women_second=_words(
            "AISYAH HASANAH WATI LESTARI APRIYANI SARI INDAH OKTAVIA RAHMA SAFITRI KHOLIFAH"
        ),
    ),
    Naming.JAVANESE: Parts(
        men=_words(
            "BUDI SLAMET SUGENG AGUS JOKO TRI EKO DWI WAHYU HERI SUTRISNO SUYONO PONIMAN NGADIMIN"
            " SUPARMAN MULYADI SARJONO WARSITO TUKIMIN PARYANTO RISWANTO GUNADI HARTONO MARYONO"
        ),
        men_second=_words(
            "SANTOSO PRASETYO NUGROHO SAPUTRO WIBOWO HARYANTO SUSANTO UTOMO RAHARJO SETIAWAN"
            " KURNIAWAN PURNOMO ARDIYANTO CAHYONO PAMUNGKAS"
        ),
        women=_words(
            "SITI SRI TRI ENDANG SUMARNI PARTINI WAGINI SUPARTI NGATINI DWI LESTARI RETNO WULAN"
            " SULASTRI KARTINI MURYATI TUMINAH YATMI RATNA EKA PUJI SUNARTI"
        ),
        women_second=_words(
            "AMINAH WAHYUNI LESTARI HANDAYANI RAHAYU WULANDARI NINGSIH PUSPITASARI UTAMI MARYATI"
            " ASTUTI KHOTIMAH SETYOWATI PURWANTI"
        ),
    ),
    Naming.SUNDANESE: Parts(
        men=_words(
            "ASEP UJANG DEDE CECEP ENDANG IWAN YAYAT ADE DADANG WAWAN TATANG NANA OTONG ENGKOS"
            " RUHIYAT AEP JAJANG"
        ),
        men_second=_words(
            "SURYANA HIDAYAT KOSASIH PERMANA SUHENDAR MULYANA SOPANDI SAEPUDIN ROHMAN SOBARI"
            " JUNAEDI MAULANA"
        ),
        women=_words(
            "EUIS NENG IIS LILIS ELIS YETI IMAS TETI ENTIN CUCU ROHAETI ENUNG NYAI ODAH DEWI"
        ),
        women_second=_words(
            "SUMIATI ROHAENI NURHAYATI KARTIKA MARYANI SUKAESIH KOMALASARI PATIMAH ROSTIKA JUBAEDAH"
        ),
    ),
    Naming.BALINESE: Parts(
        men=_words("WAYAN MADE NYOMAN KETUT"),
        men_second=_words(
            "ARTA SUDANA SUARDIKA WIRAWAN ADNYANA MERTA SUKARSA WIDIARTA PARTAMA SUWITRA DARMA"
        ),
        women=_words("WAYAN MADE NYOMAN KETUT"),
        women_second=_words(
            "SURIANI RATNADI ASTINI WIDIANI SUKERTI ARTINI PURNAMI SULASIH MURNIATI SUASTINI"
        ),
    ),
}


def person_name(random: Random, naming: Naming, *, is_woman: bool, birth_order: int = 0) -> str:
    """A name by the family's custom. Balinese first parts tell the order of birth, 0 the first."""
    parts = _PARTS[naming]
    firsts = parts.women if is_woman else parts.men
    seconds = parts.women_second if is_woman else parts.men_second
    if naming is Naming.BALINESE:
        return f"{'NI' if is_woman else 'I'} {firsts[birth_order % 4]} {random.choice(seconds)}"
    first = random.choice(firsts)
    # Javanese of the older generation often bear one name only.
    if naming is Naming.JAVANESE and len(first) > 6 and random.random() < 0.5:
        return first
    return f"{first} {random.choice([second for second in seconds if second != first])}"
