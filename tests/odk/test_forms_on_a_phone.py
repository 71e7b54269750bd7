"""The forms as somebody fills them in Collect: what is asked, what is shown, what stops them."""

from collections.abc import Callable
from datetime import date

import pytest

from api.formats.xform.mapping import Role
from tests.odk.conftest import Examined
from tests.odk.javarosa import Answer, Filled, Refused
from tests.odk.phones import AnyPhone
from tests.odk.village import CHILD, FAMILY, HEAD, NOTHING_WRONG, OTHER

Fill = Callable[..., Filled]
VISIT = dict(NOTHING_WRONG)
GONE = "daftar_anggota[1]/keberadaan_sekarang"
NEW: dict[str, Answer] = {
    "anggota_tambahan": 1,
    "daftar_anggota[3]/nama": "ADI CONTOH",
    "daftar_anggota[3]/nik_alasan": "bayi, belum punya KK",
    "daftar_anggota[3]/tanggal_lahir": date(2026, 10, 1),
    "daftar_anggota[3]/jenis_kelamin": "laki_laki",
    "daftar_anggota[3]/hubungan_keluarga": "anak",
    "daftar_anggota[3]/disabilitas": ["tidak_ada"],
    "daftar_anggota[3]/penyakit_kronis": ["tidak_ada"],
    "daftar_anggota[3]/kondisi_gizi": "tidak_tahu",
    "daftar_anggota[3]/program_anggota": ["tidak_ada"],
}


@pytest.fixture
def phone(phone_for: Callable[[str], AnyPhone]) -> AnyPhone:
    return phone_for("verifikasi_keluarga")


@pytest.fixture
def verify(phone: AnyPhone, examined: Examined) -> Fill:
    def fill(answers: dict[str, Answer], **more: Answer) -> Filled:
        return phone.fill(examined("verifikasi_keluarga").xml, {**answers, **more})

    return fill


def without(answers: dict[str, Answer], beginning: str) -> dict[str, Answer]:
    return {name: answer for name, answer in answers.items() if not name.startswith(beginning)}


def test_what_the_list_says_stands_there_and_one_tap_confirms_it(verify: Fill) -> None:
    filled = verify(VISIT)
    assert filled.shown("jenis_lantai_terluas").value == "tanah"
    assert filled.shown("aset").value.split() == [
        "aset_bergerak_sepeda_motor",
        "aset_bergerak_smartphone",
    ]
    assert filled.shown("jumlah_ternak_kambing_domba_isi").value == "2"
    assert filled.shown("daftar_anggota[1]/pekerjaan").value == "petani_pekebun"
    assert not filled.was_asked("nama_kepala_keluarga")
    values = filled.values()
    assert "nama_kepala_keluarga" not in values
    assert values["aset_bergerak_ac"] == "tidak"
    assert values["jumlah_ternak_kuda"] == "0"
    assert values["daftar_anggota[1]/pendengaran"] == "tidak_mengalami_kesulitan"
    assert values["hasil"] == "ditemukan"


def test_the_phone_keeps_what_was_answered_for_its_next_visit(verify: Fill) -> None:
    first = verify(VISIT, jenis_lantai_terluas="keramik", aset=["tidak_ada"])
    second = verify(VISIT)
    assert second.shown("jenis_lantai_terluas").value == "keramik"
    assert second.shown("aset").value == "tidak_ada"
    (one,), (two,) = first.entities, second.entities
    assert (one.base_version, one.trunk_version) == ("3", "3")
    assert (two.base_version, two.trunk_version) == ("4", "3")
    assert one.branch_id == two.branch_id
    assert one.id == FAMILY


def test_another_family_needs_another_form_and_a_mistake_is_corrected_in_this_one(
    phone: AnyPhone, examined: Examined
) -> None:
    xml = examined("verifikasi_keluarga").xml
    with pytest.raises(Refused, match="Buka formulir baru"):
        phone.fill(xml, VISIT, again={"keluarga": OTHER})
    filled = phone.fill(xml, VISIT, again={"hasil_kunjungan": "menolak"})
    assert "luas_lantai" not in filled.values()
    assert "daftar_anggota[1]/id_anggota" not in filled.values()


def test_only_what_was_wrong_is_asked_again_and_said(verify: Fill) -> None:
    filled = verify({**VISIT, "perbaikan_keluarga": ["no_kk"]}, no_kk="1802212101100004")
    values = filled.values()
    assert values["no_kk"] == "1802212101100004"
    assert not filled.was_asked("no_kk_alasan")
    assert not {"alamat", "rt", "nama_kepala_keluarga"} & values.keys()


@pytest.mark.parametrize("number", ["12", "18022121011O0004", ""])
def test_a_strange_number_warns_asks_why_and_is_kept(verify: Fill, number: str) -> None:
    filled = verify(
        {**VISIT, "perbaikan_keluarga": ["no_kk"]},
        no_kk=number,
        no_kk_alasan="tertulis begitu di KK",
    )
    assert filled.was_asked("no_kk_periksa") is (number != "")
    assert filled.values()["no_kk"] == number


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        ("menolak", {"hasil": "ditemukan", "hasil_alasan": ""}),
        ("pindah", {"hasil": "tidak_ditemukan", "hasil_alasan": "pindah"}),
        ("data_ganda", {"hasil": "data_ganda", "hasil_alasan": ""}),
    ],
)
def test_a_visit_that_met_nobody_ends_after_its_outcome(
    verify: Fill, outcome: str, said: dict[str, str]
) -> None:
    filled = verify({"keluarga": FAMILY, "hasil_kunjungan": outcome})
    assert not any(one.question.startswith("daftar_anggota") for one in filled.asked)
    assert not filled.was_asked("luas_lantai")
    assert said.items() <= filled.values().items()
    assert "luas_lantai" not in filled.values()


def test_a_double_names_its_twin_of_the_same_list(verify: Fill) -> None:
    answers: dict[str, Answer] = {"keluarga": FAMILY, "hasil_kunjungan": "data_ganda"}
    assert verify(answers, hasil_kembaran=OTHER).values()["hasil_kembaran"] == OTHER
    with pytest.raises(Refused, match="not-offered"):
        verify(answers, hasil_kembaran=FAMILY)


def test_without_an_outcome_nothing_can_be_sent(verify: Fill) -> None:
    with pytest.raises(Refused, match="hasil_kunjungan: required"):
        verify({"keluarga": FAMILY})


def test_a_death_has_a_day_and_ends_the_questions_about_a_person(verify: Fill) -> None:
    answers = without(VISIT, "daftar_anggota[1]")
    with pytest.raises(Refused, match="tanggal_meninggal: required"):
        verify({**answers, GONE: "meninggal", "daftar_anggota[1]/perbaikan_anggota": ["tidak_ada"]})
    filled = verify(
        {
            **answers,
            GONE: "meninggal",
            "daftar_anggota[1]/perbaikan_anggota": ["tidak_ada"],
            "daftar_anggota[1]/tanggal_meninggal": date(2026, 11, 1),
        }
    )
    values = filled.values()
    assert values["daftar_anggota[1]/alasan_akhir"] == "meninggal"
    assert values["daftar_anggota[1]/tanggal_meninggal"] == "2026-11-01"
    assert "daftar_anggota[1]/keberadaan" not in values
    assert not filled.was_asked("daftar_anggota[1]/pekerjaan")
    assert filled.was_asked("daftar_anggota[2]/kondisi_gizi")


def test_somebody_who_was_missing_gets_an_id_of_their_own(verify: Fill) -> None:
    values = verify({**VISIT, **NEW}).values()
    assert values["daftar_anggota[1]/id_anggota"] == HEAD
    assert values["daftar_anggota[1]/id_baru"] == ""
    assert values["daftar_anggota[2]/id_anggota"] == CHILD
    assert values["daftar_anggota[3]/id_anggota"] == ""
    assert len(values["daftar_anggota[3]/id_baru"]) == 36
    assert values["daftar_anggota[3]/nama"] == "ADI CONTOH"


def test_a_listed_birth_date_can_be_confirmed_and_corrected(verify: Fill) -> None:
    wrong = {**VISIT, "daftar_anggota[1]/perbaikan_anggota": ["lahir"]}
    confirmed = verify(wrong)
    assert confirmed.shown("daftar_anggota[1]/tanggal_lahir").value == "1990-05-25"
    assert confirmed.values()["daftar_anggota[1]/tanggal_lahir"] == "1990-05-25"
    corrected = verify(wrong | {"daftar_anggota[1]/tanggal_lahir": date(1991, 5, 25)})
    assert corrected.values()["daftar_anggota[1]/umur"] == "35"


def test_questions_fit_the_person(verify: Fill) -> None:
    filled = verify({**VISIT, **NEW})
    assert filled.was_asked("daftar_anggota[1]/hamil")
    assert not filled.was_asked("daftar_anggota[2]/hamil")
    assert not filled.was_asked("daftar_anggota[3]/status_kawin")
    assert filled.was_asked("daftar_anggota[3]/kondisi_gizi")
    assert not filled.was_asked("daftar_anggota[1]/kondisi_gizi")


def test_none_stands_alone(verify: Fill) -> None:
    with pytest.raises(Refused, match="Pilih 'Tidak ada' sendirian"):
        verify(VISIT, program=["tidak_ada", "pkh"])


def test_a_set_that_nobody_ever_looked_at_has_to_be_answered(phone: AnyPhone, verify: Fill) -> None:
    phone.store.lists["keluarga"][FAMILY].properties |= {"hasil": "", "program": ""}
    with pytest.raises(Refused, match="program: required"):
        verify(VISIT)
    answers = {**VISIT, "program_diusulkan": ["tidak_ada"]}
    assert verify(answers, program=["bst"]).values()["program"] == "bst"


def test_the_reviewers_words_are_read_before_the_visit(phone: AnyPhone, verify: Fill) -> None:
    phone.store.lists["keluarga"][FAMILY].properties["perlu_perbaikan"] = "foto rumah buram"
    filled = verify(VISIT)
    assert filled.shown("catatan_pemeriksa").label == (
        "Perlu diperbaiki, kata pemeriksa: foto rumah buram"
    )


def test_a_photograph_and_a_place_go_along(verify: Fill) -> None:
    values = verify(VISIT, foto_rumah="rumah.jpg", lokasi=(-5.1, 105.2, 40.0, 4.5)).values()
    assert values["foto_rumah"] == "rumah.jpg"
    assert values["lokasi"] == "-5.1 105.2 40.0 4.5"


def test_a_new_family_is_an_entity_that_the_phone_knows_at_once(
    phone_for: Callable[[str], AnyPhone], examined: Examined
) -> None:
    phone = phone_for("usulan_keluarga_baru")
    filled = phone.fill(examined("usulan_keluarga_baru").xml, a_proposal())
    (born,) = filled.entities
    assert (born.create, born.update, born.dataset) == (True, False, "keluarga")
    assert born.label == "WATI CONTOH - RT 003"
    assert phone.store.lists["keluarga"][born.id].properties["jenis_lantai_terluas"] == "tanah"
    visited = phone.fill(
        examined("verifikasi_keluarga").xml, {"keluarga": born.id, "hasil_kunjungan": "menolak"}
    )
    (update,) = visited.entities
    assert (update.base_version, update.trunk_version) == ("1", "")


def test_a_no_kk_that_is_on_the_list_already_is_pointed_out(
    phone_for: Callable[[str], AnyPhone], examined: Examined
) -> None:
    answers = {**a_proposal(), "no_kk": "1802212101100003"}
    answers.pop("no_kk_alasan")
    phone = phone_for("usulan_keluarga_baru")
    filled = phone.fill(examined("usulan_keluarga_baru").xml, answers)
    assert filled.was_asked("no_kk_terdaftar")


def test_the_midwife_is_offered_children_under_five_alone(
    phone_for: Callable[[str], AnyPhone], examined: Examined
) -> None:
    phone = phone_for("pengukuran_balita")
    answers: dict[str, Answer] = {
        "anak": CHILD,
        "berat_kg": 9.4,
        "cara_ukur": "terlentang",
        "tinggi_cm": 74.5,
    }
    filled = phone.fill(examined("pengukuran_balita").xml, answers)
    assert filled.shown("anak").choices == (CHILD,)
    assert filled.was_asked("cara_ukur_tidak_biasa")
    assert filled.entities == ()
    values = filled.values()
    assert (values["berat_kg"], values["tinggi_cm"]) == ("9.4", "74.5")
    with pytest.raises(Refused, match="Periksa komanya"):
        phone.fill(examined("pengukuran_balita").xml, {**answers, "berat_kg": 94.0})


def test_with_the_newer_specification_members_are_kept_on_the_phone_too(
    phone_for: Callable[[str], AnyPhone], examined: Examined
) -> None:
    phone = phone_for("verifikasi_keluarga_2025")
    xml = examined("verifikasi_keluarga_2025").xml
    answers = {**VISIT, **NEW, "daftar_anggota[1]/pekerjaan": "pedagang"}
    filled = phone.fill(xml, answers)
    family, head, child, newborn = filled.entities
    assert (family.dataset, family.update) == ("keluarga", True)
    assert [one.id for one in (head, child)] == [HEAD, CHILD]
    assert (newborn.create, newborn.update, newborn.label) == (True, False, "ADI CONTOH")
    again: dict[str, Answer] = {
        **VISIT,
        "daftar_anggota[3]/disabilitas": ["tidak_ada"],
        "daftar_anggota[3]/program_anggota": ["tidak_ada"],
        "daftar_anggota[3]/keberadaan_sekarang": "tinggal_bersama_keluarga",
        "daftar_anggota[3]/perbaikan_anggota": ["tidak_ada"],
    }
    second = phone.fill(xml, again)
    assert second.shown("daftar_anggota[1]/pekerjaan").value == "pedagang"
    assert "ADI CONTOH" in second.shown("daftar_anggota[3]/keberadaan_sekarang").label


def test_every_mapped_question_is_in_what_javarosa_writes(verify: Fill, examined: Examined) -> None:
    mapping = examined("verifikasi_keluarga").checked.mapping
    values = verify({**VISIT, **NEW}).values()
    names = {name.rsplit("/", 1)[-1] for name in values}
    asked = {
        one.path.rsplit("/", 1)[-1]
        for one, _ in mapping.fed("anggota", Role.FIELD)
        if one.path.rsplit("/", 2)[-2] == "keseharian"
    }
    assert asked <= names


def a_proposal() -> dict[str, Answer]:
    return {
        "nama_kepala_keluarga": "WATI CONTOH",
        "no_kk_alasan": "KK hilang",
        "alamat": "Jalan Contoh 9",
        "rt": "003",
        "kemampuan": "tidak_mampu",
        "status_kepemilikan_rumah": "kontrak_sewa",
        "luas_lantai": 20,
        "jenis_lantai_terluas": "tanah",
        "jenis_dinding_terluas": "bambu",
        "jenis_atap_terluas": "seng",
        "sumber_air_minum_utama": "sumur_bor",
        "bahan_bakar_utama_memasak": "kayu_bakar",
        "sumber_penerangan_utama": "bukan_listrik",
        "fasilitas_bab": "tidak_ada_fasilitas",
        "aset": ["tidak_ada"],
        "ternak": ["tidak_ada"],
        "program": ["tidak_ada"],
        "program_diusulkan": ["bst"],
        "kriteria": ["lantai_tanah_plesteran"],
        "jumlah_isian": 1,
        "daftar_anggota[1]/nama": "WATI CONTOH",
        "daftar_anggota[1]/nik": "1802216505800001",
        "daftar_anggota[1]/tanggal_lahir": date(1980, 5, 25),
        "daftar_anggota[1]/jenis_kelamin": "perempuan",
        "daftar_anggota[1]/hubungan_keluarga": "kepala_keluarga",
        "daftar_anggota[1]/status_kawin": "cerai_mati",
        "daftar_anggota[1]/partisipasi_sekolah": "tidak_belum_pernah_sekolah",
        "daftar_anggota[1]/status_bekerja": "tidak",
        "daftar_anggota[1]/pekerjaan": "mengurus_rumah_tangga",
        "daftar_anggota[1]/kepemilikan_usaha": "tidak",
        "daftar_anggota[1]/hamil": "tidak",
        "daftar_anggota[1]/disabilitas": ["tidak_ada"],
        "daftar_anggota[1]/kesulitan": ["tidak_ada"],
        "daftar_anggota[1]/kesedihan_depresi": "jarang",
        "daftar_anggota[1]/penyakit_kronis": ["tidak_ada"],
        "daftar_anggota[1]/program_anggota": ["tidak_ada"],
    }
