"""What is said about a list: warnings that keep no row out, and why a row is refused.

Everything here is read by whoever brings a list, in Indonesian; a sentence names the column and
says what to do, and never repeats what stood in the cell.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from sync.listed import ListWarning

ROWS_NAMED_MAX: Final = 5
"""Of each warning."""

PROBLEMS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unknown-code": "Kode atau jawaban tidak ada dalam daftar kode; isian dikosongkan, kode"
        " asli disimpan. Sertakan berkas kode bila kodenya milik kantor sendiri.",
        "no-equivalent": "Jawaban daftar ini tidak punya padanan yang sama persis; isian"
        " dikosongkan, kode asli disimpan.",
        "assumed-order": "Angka dibaca menurut urutan katalog karena kode resminya belum"
        " diterbitkan. Sertakan berkas kode (kolom, kode, keterangan) agar pasti.",
        "bad-day": "Tanggal tidak terbaca dan dikosongkan; tulis seperti 31/01/2000 atau"
        " 2000-01-31.",
        "bad-number": "Angka tidak terbaca dan dikosongkan.",
        "rounded": "Pecahan dibulatkan ke bilangan bulat.",
        "bad-rt": "RT/RW bukan angka sampai tiga digit dan dikosongkan.",
        "too-long": "Isian terlalu panjang dan dikosongkan.",
        "formula": "Nama diawali tanda rumus (= + - @) dan dikosongkan.",
        "scientific": "Nomor sudah dibulatkan lembar sebar (misal 1,80221E+15); disimpan sebagai"
        " temuan. Perbaiki dari KTP atau KK.",
        "extra-column": "Kolom tidak dikenal dan diabaikan.",
        "missing-file": "Daftar ini biasanya terdiri atas dua berkas; hanya satu yang disertakan.",
        "no-members": "Keluarga tanpa satu anggota pun di berkas anggota.",
        "doubled-nik": "NIK yang sama dipakai lebih dari satu orang dalam daftar ini.",
        "end-without-day": "Status meninggal atau pindah tanpa tanggal; petugas perlu memastikan.",
    }
)
"""Code of a warning → its sentence."""

NO_KEY: Final = (
    "{column} kosong, sehingga baris tidak dapat digabung. Isi nomornya, lalu impor lagi."
)
BROKEN_KEY: Final = (
    "{column} sudah dibulatkan lembar sebar (bentuk 1,80221E+15), sehingga baris tidak dapat"
    " digabung. Ketik ulang nomornya sebagai teks, lalu impor lagi."
)
UNKNOWN_AREA: Final = (
    "Desa tidak dikenal: {column} tidak ada dalam tabel wilayah. Perbaiki kode atau nama desa dan"
    " kecamatannya, lalu impor lagi."
)
OUTSIDE: Final = "Desa di luar wilayah impor ini. Impor dengan wilayah yang mencakup desa itu."
TWICE: Final = (
    "{column} ini sudah ada di baris {row} berkas {file}. Hapus salah satu baris, lalu impor lagi."
)
NO_FAMILY: Final = (
    "Tidak ada keluarga dengan {column} ini di berkas keluarga. Perbaiki nomornya atau tambahkan"
    " keluarganya, lalu impor lagi."
)
WITH_FAMILY: Final = "Keluarganya (baris {row} berkas {file}) ditolak: {reason}"
RAGGED: Final = (
    "Jumlah kolom baris ini tidak sama dengan judul ({row} kolom, seharusnya {width}). Periksa"
    " pemisah dan tanda kutip, lalu impor lagi."
)
NO_NIK: Final = "NIK kosong, sehingga baris tidak dapat dicocokkan. Isi NIK-nya, lalu impor lagi."
NOTHING_MEASURED: Final = (
    "Tanggal pengukuran tidak terbaca, atau berat dan tinggi kosong. Lengkapi, lalu impor lagi."
)
NOBODY: Final = "Baris tidak memuat nama maupun NIK. Lengkapi, lalu impor lagi."


class Remarks:
    """Warnings as they add up while a list is read."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, str], tuple[list[int], list[int]]] = {}

    def note(self, code: str, row: int = 0, *, file: str = "", column: str = "") -> None:
        """One more occurrence."""
        counter, rows = self._seen.setdefault((code, file, column), ([0], []))
        counter[0] += 1
        if row and len(rows) < ROWS_NAMED_MAX:
            rows.append(row)

    def forget(self, codes: frozenset[str]) -> None:
        """Start counting these anew: the list is read once more from its beginning."""
        self._seen = {key: said for key, said in self._seen.items() if key[0] not in codes}

    def __iter__(self) -> Iterator[ListWarning]:
        for (code, file, column), (counter, rows) in sorted(self._seen.items()):
            yield ListWarning(code, PROBLEMS[code], column, file, counter[0], tuple(rows))
