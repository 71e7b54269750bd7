"""What a list says about a person: schooling, work, health, presence, programmes."""

from datetime import date, timedelta
from random import Random
from typing import Final

from api.demonstration.household import CHILD, HEAD, MARRIED, Resident, pick
from sync.types import Json

PRESENCE: Final = (
    ("tinggal_bersama_keluarga", 925),
    ("belum_ditentukan", 40),
    ("pindah_wilayah", 25),
    # Lampung Tengah sends many people to work in Taiwan, Hong Kong and Malaysia.
    ("pindah_luar_negeri", 10),
)
SCHOOL: Final = (
    # first and last age, levels, age at which the first class begins, share still at school
    (7, 12, (("sd", 82), ("mi", 18)), 6, 0.99),
    (13, 15, (("smp", 76), ("mts", 24)), 12, 0.94),
    (16, 18, (("sma", 40), ("smk", 42), ("ma", 18)), 15, 0.76),
    (19, 22, (("d4_s1", 85), ("d1_d2_d3", 15)), 18, 0.12),
)
CERTIFICATES: Final = (
    ("tidak_punya_ijazah_sd", 18, 1),
    ("sd", 42, 10),
    ("smp", 24, 22),
    ("sma", 9, 25),
    ("smk", 6, 18),
    ("d4_s1", 1, 24),
)
JOBS: Final = (
    # occupation, industry, position, weight for men, for women, least wealth
    ("petani_pekebun", "perkebunan", "berusaha_dibantu_buruh_tidak_tetap", 30, 10, 0.0),
    ("petani_pekebun", "pertanian_tanaman_pangan", "berusaha_sendiri", 14, 5, 0.0),
    ("buruh_tani_perkebunan", "perkebunan", "pekerja_bebas_pertanian", 18, 8, 0.0),
    ("buruh_harian_lepas", "konstruksi", "pekerja_bebas_non_pertanian", 12, 1, 0.0),
    ("tukang_batu", "konstruksi", "pekerja_bebas_non_pertanian", 4, 0, 0.0),
    ("peternak", "peternakan", "berusaha_sendiri", 3, 1, 0.0),
    ("pedagang", "perdagangan", "berusaha_sendiri", 6, 8, 0.15),
    ("wiraswasta", "jasa_lainnya", "berusaha_sendiri", 6, 3, 0.2),
    ("sopir", "pengangkutan", "buruh_karyawan_pegawai_swasta", 4, 0, 0.1),
    ("karyawan_swasta", "industri_pengolahan", "buruh_karyawan_pegawai_swasta", 8, 4, 0.2),
    ("guru", "pendidikan", "buruh_karyawan_pegawai_swasta", 1, 3, 0.4),
    (
        "pegawai_negeri_sipil",
        "administrasi_pemerintahan",
        "pns_tni_polri_bumn_bumd_pejabat_negara",
        2,
        2,
        0.6,
    ),
)
FAMILY_HELP: Final = ("perkebunan", "pekerja_keluarga_tidak_dibayar")
DIFFICULTIES: Final = (
    ("penglihatan", "sensorik"),
    ("pendengaran", "sensorik"),
    ("berjalan_atau_naik_tangga", "fisik"),
    ("menggunakan_tangan_jari", "fisik"),
    ("belajar_kemampuan_intelektual", "intelektual"),
    ("mengurus_diri", "fisik"),
)
ILLNESSES: Final = (
    ("hipertensi", 40),
    ("rematik", 22),
    ("kolesterol", 10),
    ("diabetes", 9),
    ("asma", 8),
    ("jantung", 5),
    ("stroke", 4),
    ("tbc", 2),
)
NUTRITION: Final = (
    ("tidak_ada_catatan", 76),
    ("tidak_tahu", 8),
    ("kerdil", 12),
    ("kurang_gizi", 4),
)
PREGNANT_SHARE: Final = 0.05
UNDER_FIVE_YEARS: Final = 5


def answers(random: Random, resident: Resident, wealth: float, day: date) -> dict[str, Json]:
    """All fields of one member but the identity numbers."""
    fields: dict[str, Json] = {
        "nama": resident.name,
        "tanggal_lahir": resident.born.isoformat(),
        "jenis_kelamin": "perempuan" if resident.is_woman else "laki_laki",
        "hubungan_keluarga": resident.relation,
        "status_kawin": resident.marital,
        "keberadaan": pick(random, PRESENCE),
    }
    if resident.relation == HEAD:
        # A family whose head is away or unknown to the list is another story than a demonstration.
        fields["keberadaan"] = "tinggal_bersama_keluarga"
    schooling = _schooling(random, resident, wealth)
    fields |= schooling
    if schooling.get("partisipasi_sekolah") == "masih_sekolah":
        fields["pekerjaan"] = "pelajar_mahasiswa"
    else:
        fields |= _work(random, resident, wealth)
    return fields | _health(random, resident, day)


def is_at_school(fields: dict[str, Json]) -> bool:
    """Is this member counted for a family's school aid?"""
    return fields.get("partisipasi_sekolah") == "masih_sekolah"


def _schooling(random: Random, resident: Resident, wealth: float) -> dict[str, Json]:
    if resident.age < UNDER_FIVE_YEARS:
        return {}
    for first, last, levels, begins, share in SCHOOL:
        attends = first <= resident.age <= last and resident.marital != MARRIED
        if attends and random.random() < share + (0.3 * wealth if first > 15 else 0):
            return {
                "partisipasi_sekolah": "masih_sekolah",
                "jenjang_tertinggi_yang_diduduki": pick(random, levels),
                "kelas_tertinggi_yang_diduduki": resident.age - begins,
                "ijazah_tertinggi_yang_dimiliki": _certificate_at(resident.age),
            }
    if resident.age < 7:
        return {"partisipasi_sekolah": "tidak_belum_pernah_sekolah"}
    return _schooling_of_the_past(random, resident, wealth)


def _certificate_at(age: int) -> str:
    """What a pupil of this age has already finished."""
    return next(
        certificate
        for first, certificate in (
            (19, "sma"),
            (16, "smp"),
            (13, "sd"),
            (0, "tidak_punya_ijazah_sd"),
        )
        if age >= first
    )


def _schooling_of_the_past(random: Random, resident: Resident, wealth: float) -> dict[str, Json]:
    if resident.age > 60 and random.random() < 0.25 * (1 - wealth):
        return {"partisipasi_sekolah": "tidak_belum_pernah_sekolah"}
    if resident.age < 22:
        certificate = _certificate_at(resident.age)
    else:
        weights = [(name, a + (b - a) * wealth) for name, a, b in CERTIFICATES]
        certificate = pick(random, weights)
    level = "sd" if certificate == "tidak_punya_ijazah_sd" else certificate
    return {
        "partisipasi_sekolah": "tidak_bersekolah_lagi",
        "jenjang_tertinggi_yang_diduduki": level,
        "ijazah_tertinggi_yang_dimiliki": certificate,
    }


def _work(random: Random, resident: Resident, wealth: float) -> dict[str, Json]:
    idle: dict[str, Json] = {"pekerjaan": "belum_tidak_bekerja"}
    if resident.age < 15:
        return idle
    idle["status_bekerja"] = False
    share = 0.4 if resident.is_woman else 0.93
    is_pupil_age = resident.relation == CHILD and resident.age < 18
    if resident.age > 70 or is_pupil_age:
        share *= 0.3
    if random.random() >= share:
        if resident.is_woman and resident.marital == MARRIED:
            idle["pekerjaan"] = "mengurus_rumah_tangga"
        return idle
    if resident.is_woman and resident.marital == MARRIED and random.random() < 0.35:
        industry, position = FAMILY_HELP
        return _job("petani_pekebun", industry, position)
    occupation, industry, position = pick(
        random,
        [
            ((occupation, industry, position), women if resident.is_woman else men)
            for occupation, industry, position, men, women, least in JOBS
            if wealth >= least
        ],
    )
    job = _job(occupation, industry, position)
    if occupation in ("pedagang", "wiraswasta"):
        job |= {
            "kepemilikan_usaha": True,
            "jumlah_usaha": 1,
            "lapangan_usaha_dari_usaha_utama": industry,
            "jumlah_pekerja_yang_dibayar_dari_usaha_utama": random.choice((0, 0, 0, 1, 2)),
            "jumlah_pekerja_yang_tidak_dibayar_dari_usaha_utama": random.choice((0, 0, 1)),
            "omzet_usaha_utama": "5_sampai_15_juta" if wealth > 0.5 else "kurang_5_juta",
        }
    return job


def _job(occupation: str, industry: str, position: str) -> dict[str, Json]:
    return {
        "pekerjaan": occupation,
        "status_bekerja": True,
        "lapangan_usaha_dari_pekerjaan_utama": industry,
        "status_dalam_pekerjaan_utama": position,
    }


def _health(random: Random, resident: Resident, day: date) -> dict[str, Json]:
    fields: dict[str, Json] = {}
    if resident.age < UNDER_FIVE_YEARS:
        fields["kondisi_gizi"] = pick(random, NUTRITION)
    if resident.is_woman and resident.marital == MARRIED and 17 <= resident.age <= 43:
        fields["hamil"] = random.random() < PREGNANT_SHARE
        if fields["hamil"]:
            start = day - timedelta(days=random.randint(30, 250))
            fields["tanggal_mulai_hamil"] = start.isoformat()
    if resident.age >= 45 and random.random() < 0.28:
        fields["penyakit_kronis"] = [pick(random, ILLNESSES)]
    if random.random() < (0.09 if resident.age > 65 else 0.012):
        question, kind = random.choice(DIFFICULTIES)
        fields[question] = random.choice(("sedikit_kesulitan", "banyak_kesulitan"))
        fields["disabilitas"] = [kind]
    return fields
