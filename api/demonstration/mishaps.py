"""What phones send that cannot be merged: kept in quarantine, explained, and left to a person."""

from datetime import datetime
from typing import Final

from api.demonstration.phones import FieldPhone, Row
from sync.types import ANGGOTA, KELUARGA, Json

NOT_A_FLOOR: Final = "vinil"


def field_of_another_version(phone: FieldPhone, family: Row, moment: datetime) -> None:
    """An app that was never updated still asks for a second roof."""
    stated: dict[str, Json] = {"jenis_atap_terluas": "seng", "atap2": "ijuk"}
    phone.capture(moment, "set", KELUARGA, family.id, set=stated)


def answer_of_no_list(phone: FieldPhone, family: Row, moment: datetime) -> None:
    """Somebody typed an answer that the list does not have."""
    phone.capture(moment, "set", KELUARGA, family.id, set={"jenis_lantai_terluas": NOT_A_FLOOR})


def house_beyond_the_field(phone: FieldPhone, rt: str, moment: datetime) -> None:
    """A new family on the far side of the boundary: another collector's RT, and so its members."""
    place = phone.families()[0].doc
    family: dict[str, Json] = {
        "nama_kepala_keluarga": "TUKIJAN CONTOH",
        "alamat": "JALAN KOPI NO 7",
        "dusun": place.get("dusun"),
        "rt": rt,
        "rw": place.get("rw"),
        "hasil": "usulan_baru",
    }
    added = phone.capture(moment, "create", KELUARGA, set=family)
    head: dict[str, Json] = {
        "nama": "TUKIJAN CONTOH",
        "tanggal_lahir": "1971-04-09",
        "jenis_kelamin": "laki_laki",
        "hubungan_keluarga": "kepala_keluarga",
        "status_kawin": "cerai_mati",
        "nik_alasan": "dokumen hilang",
    }
    phone.capture(moment, "create", ANGGOTA, parent=added, set=head)


def house_by_the_midwife(phone: FieldPhone, family: Row, moment: datetime) -> None:
    """The midwife saw a new well, but housing is not hers to write."""
    stated: dict[str, Json] = {"sumber_air_minum_utama": "sumur_terlindung"}
    phone.capture(moment, "set", KELUARGA, family.id, set=stated)
