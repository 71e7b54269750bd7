"""What the command line says, in Indonesian and in English.

Field staff read Indonesian; codes, logs and ``--json`` stay English and stable.
"""

from typing import Final

LANGUAGES: Final = ("id", "en")

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "enrolled": ("Ponsel ini terdaftar di {server}.", "This phone is enrolled at {server}."),
    "sync-next": ("Berikutnya: lokus-client sync", "Next: lokus-client sync"),
    "not-enrolled": (
        "Ponsel ini belum terdaftar. Jalankan: lokus-client enrol KODE --server ALAMAT",
        "This phone is not enrolled. Run: lokus-client enrol CODE --server ADDRESS",
    ),
    "no-server": (
        "Alamat server belum diketahui. Tambahkan --server ALAMAT atau pakai tautan lengkap.",
        "The server's address is not known. Add --server ADDRESS or use the whole link.",
    ),
    "saved": (
        "Tersimpan di ponsel ini ({record}). Menunggu dikirim: {unsent}.",
        "Saved on this phone ({record}). Waiting to be sent: {unsent}.",
    ),
    "sync-ok": (
        "Sinkron selesai: {acked} diterima server, {rows} pembaruan diunduh.",
        "Sync complete: {acked} taken by the server, {rows} changes fetched.",
    ),
    "sync-failed": ("Sinkron belum selesai: {reason}", "Sync not complete: {reason}"),
    "still-held": (
        "Masih tersimpan di ponsel ini dan belum terkirim: {unsent}.",
        "Still held on this phone and not yet sent: {unsent}.",
    ),
    "unsent": ("Belum terkirim", "Not yet sent"),
    "acked": ("Diterima server", "Taken by the server"),
    "durable": ("Sudah masuk cadangan", "Covered by a backup"),
    "records": ("Data di ponsel ini", "Records on this phone"),
    "server": ("Server", "Server"),
    "villages": ("Wilayah", "Villages"),
    "last-sync": ("Sinkron selesai terakhir", "Last complete sync"),
    "receipt": ("Bukti terima terakhir", "Last receipt"),
    "never": ("belum pernah", "never"),
    "revoked": (
        "Akses ponsel ini dicabut. Pekerjaan Anda tetap tersimpan; hubungi operator.",
        "This phone's access was revoked. Your work is kept; speak to the operator.",
    ),
    "under-review": ("Sedang ditinjau", "Under review"),
    "own-value": ("isian Anda: {value}", "your value: {value}"),
    "quarantined": ("Ditahan untuk diperiksa", "Held back for checking"),
    "lost-values": ("Kalah oleh isian lain", "Set aside for another value"),
    "agreement": ("Kecocokan dengan server", "Agreement with the server"),
    "agrees": ("cocok", "agrees"),
    "differs": ("BERBEDA", "DIFFERS"),
    "not-comparable": ("belum dapat dibandingkan", "not comparable yet"),
    "nothing-found": ("Tidak ada data yang cocok.", "No record fits."),
    "pending-mark": ("● belum terkirim seluruhnya", "● not fully sent"),
    "review-mark": ("! sedang ditinjau", "! under review"),
    "ambiguous": (
        "{fragment} cocok dengan beberapa data; tulis lebih lengkap.",
        "{fragment} fits several records; write more of the id.",
    ),
    "unknown-record": (
        "Tidak ada data dengan id {fragment}. Lihat: lokus-client list",
        "No record with id {fragment}. See: lokus-client list",
    ),
    "members": ("Anggota dan kunjungan", "Members and visits"),
    "exported": (
        "{count} isian ditulis ke {path}. Berkas ini berisi data pribadi: jaga baik-baik.",
        "{count} operations written to {path}. The file holds personal data: keep it safe.",
    ),
    "imported": ("{count} isian diambil dari berkas.", "{count} operations taken in."),
    "refused": ("Tidak dapat: {reason}", "Cannot do that: {reason}"),
    "rule-passed": ("lulus", "pass"),
    "rule-failed": ("GAGAL", "FAIL"),
    "rules-told": ("{passed} dari {all} aturan lulus.", "{passed} of {all} rules pass."),
    "why-offline": (
        "tidak ada jaringan atau server tidak menjawab. Coba lagi nanti.",
        "no link, or the server does not answer. Try again later.",
    ),
    "why-busy": ("server sedang sibuk. Coba lagi nanti.", "the server is busy. Try again later."),
    "why-unauthorised": (
        "server tidak mengenal ponsel ini lagi. Minta kode baru, lalu enrol; isian Anda ikut.",
        "the server no longer knows this phone. Get a new code and enrol; your work comes along.",
    ),
    "why-device-revoked": (
        "akses ponsel ini dicabut. Isian Anda sudah diserahkan untuk diperiksa.",
        "this phone's access was revoked. Your work was handed over for checking.",
    ),
    "why-cursor-ahead": (
        "server dipulihkan dari cadangan dan belum diumumkan. Isian aman; hubungi operator.",
        "the server was restored without being declared. Your work is safe; tell the operator.",
    ),
    "why-protocol-too-old": (
        "aplikasi ini terlalu lama untuk server. Perbarui aplikasi; isian Anda tetap tersimpan.",
        "this client is too old for the server. Update it; your work is kept.",
    ),
    "why-enrolment-refused": (
        "kode tidak berlaku. Minta kode baru.",
        "the code is not valid. Ask for a new one.",
    ),
    "why-code-unknown": (
        "kode tidak dikenal atau sudah lewat waktu. Minta kode baru.",
        "the code is unknown or has expired. Ask for a new one.",
    ),
    "problem-unknown-field": ("kolom tidak dikenal", "unknown field"),
    "problem-unknown-key": ("bagian tidak dikenal", "unknown key"),
    "problem-unknown-kind": ("jenis isian tidak dikenal", "unknown kind of operation"),
    "problem-unknown-code": ("pilihan tidak ada dalam daftar", "the code is not in the list"),
    "problem-bad-value": ("nilai tidak sah", "the value is not valid"),
    "problem-malformed": ("isian rusak", "malformed"),
    "problem-server-owned": ("kolom milik server", "the field belongs to the server"),
    "problem-not-permitted": ("peran Anda tidak boleh mengisinya", "your role may not write it"),
    "problem-record-unknown": ("data tidak dikenal", "the record is unknown"),
    "problem-parent-unknown": ("keluarganya tidak dikenal", "its family is unknown"),
    "problem-id-taken": ("id sudah dipakai", "the id is taken"),
    "problem-kind-mismatch": ("tidak cocok untuk data ini", "does not fit this record"),
    "problem-depends-on-quarantined": (
        "menunggu isian lain yang ditahan",
        "waits for another operation that is held back",
    ),
    "problem-scope-stale": (
        "wilayahnya bukan tugas Anda lagi",
        "the area is no longer yours",
    ),
    "problem-device-revoked": ("akses ponsel dicabut", "the phone's access was revoked"),
    "problem-internal": ("kesalahan server", "an error of the server"),
    "problem-policy-lost": ("ada pengamatan yang lebih baru", "a later observation stands"),
    "problem-already-judged": ("sudah diputuskan peninjau", "a reviewer has decided before"),
}


def say(language: str, key: str, **values: object) -> str:
    """The text of that key; an unknown key is said as it is (codes of later servers)."""
    indonesian, english = _TEXTS.get(key, (key, key))
    return (english if language == "en" else indonesian).format(**values)


def knows(key: str) -> bool:
    """Is there a text of its own for this key?"""
    return key in _TEXTS


def why(language: str, code: str, detail: str) -> str:
    """Why a session ended, by its stable code."""
    known = f"why-{code}"
    return say(language, known) if knows(known) else f"{code} {detail}".strip()


def problem(language: str, code: str) -> str:
    """Why an operation is held back, with its stable code for whoever is asked for help."""
    known = f"problem-{code}"
    return f"{say(language, known)} ({code})" if knows(known) else code
