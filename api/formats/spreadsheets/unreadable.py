"""Why a whole file is refused. Each reason has a stable code and teaches in two languages."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from api.errors import AppError


class Sentences(NamedTuple):
    """What happened and what to do next."""

    indonesian: str
    english: str


UNREADABLE: Final[Mapping[str, Sentences]] = MappingProxyType(
    {
        "empty": Sentences(
            "Berkas kosong. Ekspor ulang dari aplikasi asalnya.",
            "The file is empty: export it again from where it came.",
        ),
        "header-only": Sentences(
            "Berkas hanya berisi judul kolom, tanpa satu baris pun.",
            "The file has a header and no row below it.",
        ),
        "old-xls": Sentences(
            "Berkas .xls lama tidak dibaca. Buka di Excel atau LibreOffice, simpan sebagai .xlsx.",
            "The old .xls format is not read: open it and save it as .xlsx.",
        ),
        "html": Sentences(
            "Berkas ini halaman web yang diberi nama Excel. Buka di Excel, simpan sebagai .xlsx.",
            "This is a web page under the name of a spreadsheet: open it in one and save as .xlsx.",
        ),
        "encrypted": Sentences(
            "Berkas dikunci kata sandi. Simpan salinannya tanpa kata sandi.",
            "The workbook is locked by a password: save a copy without one.",
        ),
        "not-a-workbook": Sentences(
            "Berkas ini bukan buku kerja Excel yang utuh. Simpan ulang sebagai .xlsx.",
            "This archive is no intact workbook: save it again as .xlsx.",
        ),
        "too-large": Sentences(
            "Berkas terlalu besar. Bagi per kecamatan, lalu impor satu per satu.",
            "The file is too large: split it by kecamatan and import the parts.",
        ),
        "unpacks-too-large": Sentences(
            "Isi buku kerja terlalu besar setelah dibuka. Simpan sebagai CSV UTF-8.",
            "The workbook unpacks to too much: save it as CSV (UTF-8).",
        ),
        "ratio": Sentences(
            "Buku kerja dimampatkan tidak wajar dan tidak dibuka. Simpan sebagai CSV UTF-8.",
            "The workbook is compressed beyond what tables allow and was not opened: save it as "
            "CSV (UTF-8).",
        ),
        "entries": Sentences(
            "Buku kerja berisi terlalu banyak bagian. Simpan lembar datanya saja sebagai .xlsx.",
            "The workbook has too many parts: save its data sheet alone.",
        ),
        "overlapping": Sentences(
            "Buku kerja rusak: bagiannya saling menimpa. Simpan ulang sebagai .xlsx.",
            "Parts of the archive overlap, which no spreadsheet program writes: save it again.",
        ),
        "compression": Sentences(
            "Buku kerja dimampatkan dengan cara yang tidak dikenal. Simpan ulang sebagai .xlsx.",
            "Parts of the workbook are compressed in a way that spreadsheets do not use.",
        ),
        "child-failed": Sentences(
            "Buku kerja tidak dapat dibaca. Simpan ulang sebagai .xlsx atau CSV UTF-8.",
            "The workbook could not be read: save it again, or as CSV (UTF-8).",
        ),
        "child-limit": Sentences(
            "Membaca buku kerja melampaui batas waktu atau memori. Simpan sebagai CSV UTF-8.",
            "Reading the workbook went beyond its limits of time or memory: save it as CSV.",
        ),
        "no-such-sheet": Sentences(
            "Lembar yang disebut di peta kolom tidak ada di buku kerja ini.",
            "The workbook has no sheet of the name that the map gives.",
        ),
        "too-many-rows": Sentences(
            "Terlalu banyak baris. Bagi berkas per kecamatan.",
            "Too many rows: split the file by kecamatan.",
        ),
        "too-many-columns": Sentences(
            "Terlalu banyak kolom. Hapus kolom yang tidak dipakai.",
            "Too many columns: delete those that are not needed.",
        ),
        "cell-too-long": Sentences(
            "Ada sel yang terlalu panjang, biasanya karena tanda kutip tidak ditutup.",
            "A cell is too long, most often because a quote was never closed.",
        ),
        "nul": Sentences(
            "Berkas berisi byte kosong (NUL). Simpan ulang sebagai CSV UTF-8.",
            "The file holds NUL bytes (UTF-16, or damaged): save it again as CSV (UTF-8).",
        ),
        "encoding": Sentences(
            "Huruf dalam berkas tidak terbaca. Simpan ulang sebagai CSV UTF-8.",
            "The text is neither UTF-8 nor Windows-1252: save it again as CSV (UTF-8).",
        ),
        "duplicate-columns": Sentences(
            "Satu kolom muncul dua kali. Hapus salah satunya.",
            "A column appears twice: delete one of the two.",
        ),
        "format-unknown": Sentences(
            "Daftar tidak dikenali dari judul kolomnya. Sebutkan formatnya atau beri peta kolom.",
            "The header is of no list that is known here: name the format, or give a map.",
        ),
        "format-ambiguous": Sentences(
            "Judul kolom cocok dengan beberapa format. Sebutkan formatnya.",
            "The header fits several formats: name one of them.",
        ),
        "format-mixed": Sentences(
            "Berkas-berkas ini bukan dari satu daftar. Impor satu per satu.",
            "These files are not of one list: import them one after the other.",
        ),
        "pair-incomplete": Sentences(
            "Daftar ini terdiri atas dua berkas, keluarga dan anggota. Sertakan keduanya.",
            "This list comes as two files, families and members: give both.",
        ),
        "columns-missing": Sentences(
            "Kolom wajib tidak ada.",
            "The file lacks columns that its format cannot do without.",
        ),
        "map-unreadable": Sentences(
            "Peta kolom tidak dapat dibaca.",
            "The map of columns cannot be read.",
        ),
        "codes-unreadable": Sentences(
            "Berkas kode tidak terbaca: harus ada kolom kolom, kode, dan keterangan.",
            "The file of codes needs the columns kolom, kode and keterangan.",
        ),
        "area-needed": Sentences(
            "Daftar ini tidak menyebut desa. Sebutkan kode desanya (10 angka).",
            "This list names no village: give the village's code (ten digits) as the area.",
        ),
    }
)


class ListUnreadable(AppError):
    """A file that is no list that can be read; `reason` is a key of `UNREADABLE`.

    `particulars` names columns, formats or limits, never what stands in a row.
    """

    def __init__(self, reason: str, particulars: str = "", *, file: str = "") -> None:
        sentences = UNREADABLE[reason]
        more = f" ({particulars})" if particulars else ""
        super().__init__("list-unreadable", sentences.english + more, reason=reason)
        if file:
            self.extra["file"] = file
        self.reason = reason
        self.title = sentences.indonesian + more
