"""What can go wrong between a caller and us: a published table of stable codes.

Every error is an RFC 9457 problem whose `type` is the bare code. `retry` tells a program what to
do: `same` repeats the same bytes later, `after-change` needs something else done first, `never`
will not work however often it is tried. `title` is for people in the field, in Indonesian;
`detail` is for whoever writes or runs a client, in English. Neither repeats what was sent: a NIK
in an error text would end up in logs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from models.queries.auditing import AuditEntry
from sync.types import Json

Retry: TypeAlias = Literal["same", "after-change", "never"]

PROBLEM_MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """One row of the table."""

    status: int
    retry: Retry
    title: str
    detail: str


def _row(status: int, retry: Retry, title: str, detail: str) -> ErrorCode:
    return ErrorCode(status, retry, title, detail)


ERROR_CODES: Final[Mapping[str, ErrorCode]] = MappingProxyType(
    {
        "malformed-request": _row(
            400,
            "never",
            "Permintaan tidak terbaca.",
            "The request could not be read. `errors`, where present, names the places.",
        ),
        "not-a-form": _row(
            400,
            "never",
            "Isi kiriman bukan formulir.",
            "What was sent can be no filled form: it has a document type, or more than 1 MiB, "
            "64 levels or 20,000 elements of XML, or its parts cannot be told apart.",
        ),
        "unauthorised": _row(
            401,
            "after-change",
            "Silakan masuk kembali.",
            "No valid token or session came with the request: enrol the device or sign in.",
        ),
        "login-refused": _row(
            401,
            "after-change",
            "Nama atau kata sandi salah.",
            "The name or the password is wrong, or the account is disabled.",
        ),
        "not-permitted": _row(
            403,
            "never",
            "Peran Anda tidak mengizinkan hal ini.",
            "The role of this account may not do this.",
        ),
        "device-revoked": _row(
            403,
            "never",
            "Perangkat ini sudah dinonaktifkan. Hubungi operator.",
            "The device was revoked or its account disabled. It may still push its unsent "
            "operations; they go to quarantine.",
        ),
        "csrf-missing": _row(
            403,
            "after-change",
            "Muat ulang halaman, lalu coba lagi.",
            "A session needs the header X-CSRF-Token for everything but reading; "
            "GET /v1/me tells it.",
        ),
        "pin-refused": _row(
            403,
            "after-change",
            "PIN salah.",
            "The PIN is wrong, or the account has none: it is set with the password.",
        ),
        "enrolment-refused": _row(
            403,
            "never",
            "Kode tidak berlaku. Mintalah kode baru.",
            "The code is unknown, used, expired, or was tried too often: ask for a new one.",
        ),
        "odk-key-unknown": _row(
            403,
            "never",
            "Kode QR ini tidak berlaku. Mintalah kode baru kepada operator.",
            "No phone has a key like this one: make a new code with `lokus enrol NAME --odk`.",
        ),
        "not-found": _row(
            404,
            "never",
            "Tidak ditemukan.",
            "There is no such thing, or it lies outside of the area of this account.",
        ),
        "method-not-allowed": _row(
            405,
            "never",
            "Permintaan tidak dikenal.",
            "This address does not know this method; the header Allow lists those it knows.",
        ),
        "request-timeout": _row(
            408,
            "same",
            "Sambungan terputus. Coba lagi.",
            "The body of the request stopped arriving.",
        ),
        "epoch-changed": _row(
            409,
            "after-change",
            "Data server dipulihkan. Aplikasi menyelaraskan ulang.",
            "The server was restored: drop the server copy, pull from 0, and offer again every "
            "operation that is still held.",
        ),
        "lane-forked": _row(
            409,
            "after-change",
            "Data ponsel ini pernah disalin. Aplikasi menyelaraskan ulang.",
            "Another incarnation of this device wrote other operations under these numbers: "
            "open a new lane whose parent is the last operation seen acknowledged.",
        ),
        "lane-hole": _row(
            409,
            "after-change",
            "Ada catatan yang belum terkirim. Aplikasi mengulang pengiriman.",
            "Operations before these are missing: send from `last` + 1 on.",
        ),
        "scope-changed": _row(
            409,
            "after-change",
            "Wilayah tugas Anda berubah. Aplikasi menyelaraskan ulang.",
            "The areas of this account changed: fetch the manifest, then pull again.",
        ),
        "cursor-ahead": _row(
            409,
            "after-change",
            "Data server lebih lama. Aplikasi menyelaraskan ulang.",
            "The cursor lies beyond the feed: the server was restored without saying so. "
            "Pull from 0.",
        ),
        "schema-unknown": _row(
            409,
            "after-change",
            "Perbarui aplikasi.",
            "The batch speaks a table of fields that this server does not know.",
        ),
        "form-version-taken": _row(
            409,
            "after-change",
            "Versi formulir itu sudah terbit.",
            "This version of the form was published with other contents, and phones may hold it: "
            "give the form a new version in its settings sheet.",
        ),
        "name-taken": _row(
            409,
            "after-change",
            "Nama itu sudah dipakai.",
            "An account of that name exists or existed; names are never given twice.",
        ),
        "not-signed": _row(
            409,
            "after-change",
            "Desa ini belum disahkan pada periode itu.",
            "Final files are made of what a village signed: sign it first, or ask for a draft.",
        ),
        "already-decided": _row(
            409,
            "never",
            "Sudah diputuskan sebelumnya.",
            "Somebody has decided this already; read it again.",
        ),
        "import-running": _row(
            409,
            "after-change",
            "Impor lain untuk wilayah ini sedang berjalan. Tunggu sampai selesai.",
            "Another import works on this area or on a part of it (`other`): wait until it has "
            "ended, then start this one.",
        ),
        "import-not-ready": _row(
            409,
            "after-change",
            "Lihat dulu pratinjaunya, lalu setujui.",
            "An import is confirmed after its preview: POST its /preview first.",
        ),
        "rts-not-done": _row(
            409,
            "after-change",
            "Masih ada RT yang belum menyatakan selesai.",
            "Some RTs have not been stated as done; `rts` names them. A supervisor can open the "
            "musyawarah without them, with a reason.",
        ),
        "round-elsewhere": _row(
            409,
            "after-change",
            "Langkah ini tidak sesuai dengan tahap desa sekarang. Muat ulang.",
            "The step does not lead on from where the village's round stands; `state` says where "
            "that is and `steps` what is possible.",
        ),
        "village-moved": _row(
            409,
            "after-change",
            "Data desa berubah sejak daftar dicetak. Bekukan dan cetak lagi.",
            "The register changed what was frozen; `families` names where. Freeze the village "
            "again, print that, and sign its hash.",
        ),
        "checks-unmet": _row(
            409,
            "after-change",
            "Masih ada yang harus dilengkapi sebelum pengesahan.",
            "Checks are not met: `checks` counts the families of each, and "
            "GET /v1/rounds/{desa}/{period}/checks names them.",
        ),
        "approval-missing": _row(
            409,
            "after-change",
            "Perlu persetujuan orang lain: penanda tangan ikut mengisi data keluarga.",
            "Who edited a family cannot be the only one to approve it; `families` names those. "
            "Somebody else, a supervisor or the operator, approves that hash first.",
        ),
        "version-changed": _row(
            412,
            "after-change",
            "Data berubah sejak dibuka. Muat ulang, pilihan Anda tetap ada.",
            "The version in If-Match is no longer the present one: read again and decide anew.",
        ),
        "payload-too-large": _row(
            413,
            "after-change",
            "Kiriman terlalu besar. Aplikasi membaginya.",
            "The body exceeds `limits`: send less at once.",
        ),
        "encoding-unknown": _row(
            415,
            "after-change",
            "Permintaan tidak terbaca.",
            "Bodies may be plain or Content-Encoding gzip, nothing else.",
        ),
        "media-type-refused": _row(
            415,
            "after-change",
            "Berkas harus PDF, JPEG, atau PNG.",
            "The first bytes are those of no PDF, JPEG or PNG; send one of these.",
        ),
        "range-unsatisfiable": _row(
            416,
            "after-change",
            "Unduhan diulang dari awal.",
            "The range lies outside of the file: fetch it from the start.",
        ),
        "area-unknown": _row(
            422,
            "after-change",
            "Kode wilayah tidak dikenal.",
            "The area is not in the table of areas: load it, or correct the code.",
        ),
        "form-refused": _row(
            422,
            "after-change",
            "Formulir belum dapat diterbitkan.",
            "The form cannot be published; `faults` names sheet, row and column of each reason.",
        ),
        "value-refused": _row(
            422,
            "after-change",
            "Isian tidak dapat diterima.",
            "A value has the right form but cannot be accepted.",
        ),
        "list-unreadable": _row(
            422,
            "after-change",
            "Berkas tidak dapat dibaca sebagai daftar.",
            "The file is no list that can be read; `reason` says why and what to do.",
        ),
        "profile-refused": _row(
            422,
            "after-change",
            "Profil ekspor tidak dikenal atau salah.",
            "There is no such profile, or it cannot be used.",
        ),
        "protocol-too-old": _row(
            426,
            "after-change",
            "Perbarui aplikasi.",
            "This server no longer speaks that version of the protocol; update the client.",
        ),
        "village-locked": _row(
            423,
            "after-change",
            "Di luar jadwal periode ini. Minta supervisor membuka kunci.",
            "It is outside of this role's window; what phones send is kept all the same. A "
            "supervisor extends the period or unlocks the village, with a reason.",
        ),
        "precondition-required": _row(
            428,
            "after-change",
            "Muat ulang, lalu coba lagi.",
            "Say in If-Match which version was decided on.",
        ),
        "too-many-requests": _row(
            429,
            "same",
            "Terlalu sering mencoba. Tunggu sebentar.",
            "Wait as long as Retry-After says, then repeat.",
        ),
        "internal": _row(
            500,
            "same",
            "Ada kesalahan pada server. Data Anda aman, coba lagi nanti.",
            "A mistake of the server; nothing of the request was kept. `reference` finds it in "
            "the log.",
        ),
        "frozen-damaged": _row(
            500,
            "never",
            "Daftar yang dibekukan rusak. Hubungi pengelola server.",
            "The stored bytes are not those that their hash names; `lokus verify` says more.",
        ),
        "busy": _row(
            503,
            "same",
            "Server sedang sibuk. Aplikasi mencoba lagi.",
            "More requests than can be served: wait as long as Retry-After says, then repeat.",
        ),
        "not-ready": _row(
            503,
            "same",
            "Server belum siap.",
            "The server cannot serve now; `checks` says why.",
        ),
        "storage-full": _row(
            507,
            "same",
            "Penyimpanan server penuh. Data Anda aman di ponsel.",
            "The server's disk is full; nothing of the request was kept. Repeat later.",
        ),
    }
)


class AppError(Exception):
    """A refusal with a code of the table, for services and doors to raise.

    `detail` replaces the table's text where more can be said without repeating what was sent;
    `extra` becomes further members of the problem. `audit`, if given, is written to the server's
    audit chain in a transaction of its own: the refused one was rolled back.
    """

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        retry_after_seconds: float | None = None,
        headers: Mapping[str, str] | None = None,
        audit: AuditEntry | None = None,
        **extra: Json,
    ) -> None:
        row = ERROR_CODES[code]
        super().__init__(code)
        self.code = code
        self.status = row.status
        self.retry = row.retry
        self.title = row.title
        self.detail = detail or row.detail
        self.retry_after_seconds = retry_after_seconds
        self.headers = dict(headers or {})
        self.audit = audit
        self.extra = extra

    def body(self) -> dict[str, Json]:
        """The problem as it goes over the wire."""
        return {
            **self.extra,
            "type": self.code,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "retry": self.retry,
        }
