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
    "rt-done-saved": (
        (
            "RT {rt} dinyatakan selesai untuk periode {period}; tersimpan di ponsel ini."
            " Dikirim saat sync, setelah semua isian terkirim (menunggu: {unsent})."
        ),
        (
            "RT {rt} is stated as done for period {period}; saved on this phone."
            " Sent with a sync, behind everything captured (waiting: {unsent})."
        ),
    ),
    "rt-undone-saved": (
        "Pernyataan selesai RT {rt} untuk periode {period} akan ditarik saat sync.",
        "The statement that RT {rt} is done for period {period} is taken back with a sync.",
    ),
    "rt-undone-here": (
        "Pernyataan itu belum pernah terkirim dan sudah dihapus dari ponsel ini.",
        "That statement was never sent and is gone from this phone.",
    ),
    "rt-malformed": (
        "nomor RT ditulis 003/001, atau 003/ tanpa RW.",
        "an RT is written 003/001, or 003/ without RW.",
    ),
    "rt-not-own": (
        "RT itu bukan tugas ponsel ini ({own}). Jika baru berubah: lokus-client sync",
        "that RT is not one of this phone's ({own}). If that has changed: lokus-client sync",
    ),
    "rt-several": (
        "ponsel ini memegang beberapa RT ({own}); tulis --rt, dan --desa bila perlu.",
        "several RTs are this phone's ({own}): say --rt, and --desa where needed.",
    ),
    "period-several": (
        "beberapa periode sedang terbuka ({known}); tulis --periode.",
        "several periods are open ({known}): say --periode.",
    ),
    "period-unknown": (
        (
            "ponsel ini tidak mengetahui periode yang sedang terbuka (tercatat: {known})."
            " Jalankan lokus-client sync, atau tulis --periode."
        ),
        (
            "this phone knows of no period that is open (known: {known})."
            " Run lokus-client sync, or say --periode."
        ),
    ),
    "rt-statements": ("Pernyataan RT selesai", "RTs stated as done"),
    "rt-line": ("{desa} RT {rt}, {period}: {told}", "{desa} RT {rt}, {period}: {told}"),
    "rt-waiting": ("menunggu dikirim", "waiting to be sent"),
    "rt-waiting-back": ("menunggu ditarik", "waiting to be taken back"),
    "rt-accepted": (
        "diterima; {families} keluarga, {lacking} belum ada hasil",
        "taken; {families} families, {lacking} without an outcome",
    ),
    "rt-accepted-back": ("ditarik kembali", "taken back"),
    "rt-refused": ("DITOLAK – {reason}", "REFUSED – {reason}"),
    "statement-not-permitted": (
        "peran Anda tidak boleh menyatakannya. Hubungi operator.",
        "your role may not state it. Speak to the operator.",
    ),
    "statement-not-found": (
        "RT itu bukan wilayah tugas Anda. Hubungi operator.",
        "that RT is not one of yours. Speak to the operator.",
    ),
    "statement-not-found-rt": (
        "tidak ada keluarga pada daftar RT itu. Periksa nomor RT.",
        "no family of the list lies in that RT. Check its number.",
    ),
    "statement-not-found-period": (
        "periode itu tidak ada untuk desa ini. Tanyakan kepada operator.",
        "there is no such period for this village. Ask the operator.",
    ),
    "statement-round-elsewhere": (
        "tahapnya sudah lewat: musyawarah sudah dibuka. Hubungi operator.",
        "that step is over: the musyawarah has opened. Speak to the operator.",
    ),
    "statement-village-locked": (
        "periode belum dibuka atau sudah ditutup. Hubungi operator.",
        "the period has not opened or is over. Speak to the operator.",
    ),
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


def refusal(language: str, code: str, told: str) -> str:
    """Why a statement was refused; ``told`` are the server's own words for codes of later ones."""
    known = f"statement-{code}"
    return f"{say(language, known)} ({code})" if knows(known) else f"{told} ({code})".strip()


def problem(language: str, code: str) -> str:
    """Why an operation is held back, with its stable code for whoever is asked for help."""
    known = f"problem-{code}"
    return f"{say(language, known)} ({code})" if knows(known) else code
