"""A filled form on its way into the register: once, whole, and as its collector's own words."""

from tests.api.office import DESA, OTHER_RT
from tests.api.village import assert_sound
from tests.api.world import area
from tests.openrosa.field import FAMILY, MEMBER, NIK, Field, record_id


def test_an_update_reaches_the_register_with_its_answer(field: Field) -> None:
    base = field.key.version()
    answer = field.key.post(field.visited({"lantai": "keramik", "luas": "54"}, base=base))
    assert answer.status == 201, answer
    assert b"<message>Diterima.</message>" in answer.body
    told = field.document()
    assert (told["jenis_lantai_terluas"], told["luas_lantai"]) == ("keramik", 54)
    assert told["nama_kepala_keluarga"] == "SUPARMAN"
    assert_sound(field.world)


def test_what_others_did_meanwhile_to_other_groups_stands_beside_it(field: Field) -> None:
    base = field.key.version()
    field.budi.sync([field.budi.edit(FAMILY, field.budi.at, luas_lantai=60)])
    assert field.key.post(field.visited({"lantai": "keramik"}, base=base)).status == 201
    told = field.document()
    assert (told["jenis_lantai_terluas"], told["luas_lantai"]) == ("keramik", 60)
    assert field.world.count("conflict") == 0


def test_a_value_that_the_form_only_repeats_contradicts_nobody(field: Field) -> None:
    base = field.key.version()
    field.budi.sync([field.budi.edit(FAMILY, field.budi.at, nama_kepala_keluarga="SUPARNO")])
    form = field.visited({"nama_kepala_keluarga": "SUPARMAN", "luas": "54"}, base=base)
    assert field.key.post(form).status == 201
    assert field.document()["nama_kepala_keluarga"] == "SUPARNO"
    assert field.world.count("conflict") == 0


def test_a_contradiction_becomes_a_proposal_and_the_phone_is_told(field: Field) -> None:
    base = field.key.version()
    field.budi.sync([field.budi.edit(FAMILY, field.budi.at, nama_kepala_keluarga="SUPARNO")])
    answer = field.key.post(field.visited({"nama_kepala_keluarga": "SUPARDI"}, base=base))
    assert answer.status == 201
    assert "1 data menunggu pemeriksaan" in answer.body.decode()
    assert field.document()["nama_kepala_keluarga"] == "SUPARNO"
    assert field.world.count("conflict") == 1
    assert_sound(field.world)


def test_the_same_instance_again_changes_nothing(field: Field) -> None:
    form = field.visited(
        {"luas": "54", "catatan": "ramai"},
        base=field.key.version(),
        members=[{"nama": "SITI", "nik": "1802214107950002"}],
    )
    assert field.key.post(form).status == 201
    before = [field.world.count(t) for t in ("record", "operation", "submission", "feed")]
    answer = field.key.post(form)
    assert answer.status == 201
    assert "sebelumnya" in answer.body.decode()
    assert [field.world.count(t) for t in ("record", "operation", "submission", "feed")] == before
    assert len(field.documents("anggota")) == 2


def test_the_bytes_are_kept_as_they_came(field: Field) -> None:
    form = field.visited({"catatan": "rumah — di tepi sungai"}, base=field.key.version())
    field.key.post(form)
    ((kept,),) = field.world.ask("SELECT xml FROM submission")
    assert bytes(kept) == form


def test_other_content_under_the_same_id_is_kept_and_set_aside(field: Field) -> None:
    name, base = field.instance_id(), field.key.version()
    field.key.post(field.visited({"luas": "54"}, base=base, instance_id=name))
    other = field.visited({"luas": "99"}, base=base, instance_id=name)
    answer = field.key.post(other)
    assert answer.status == 202
    assert field.document()["luas_lantai"] == 54
    assert field.states() == ["merged", "quarantined"]
    # Its sender asks again, because the answer was lost: still one.
    assert field.key.post(other).status == 202
    assert field.states() == ["merged", "quarantined"]


def test_a_form_that_nobody_published_waits(field: Field) -> None:
    unknown = field.visit.of_version("2031010101")
    answer = field.key.post(field.visited({"luas": "54"}, base=1, form=unknown))
    assert answer.status == 202
    ((state, reason),) = field.world.ask("SELECT state, reason FROM held")
    assert (state, reason) == ("waiting", "form-unknown")


def test_xml_that_cannot_be_read_is_kept_all_the_same(field: Field) -> None:
    raw = b"<data id='verifikasi'><luas>54</lu"
    assert field.key.post(raw).status == 202
    assert field.key.post(raw).status == 202
    ((kept,),) = field.world.ask("SELECT xml FROM submission")
    assert bytes(kept) == raw


def test_an_encrypted_form_is_kept_and_named_so(field: Field) -> None:
    raw = (
        b'<data xmlns="http://opendatakit.org/submissions" encrypted="yes" id="verifikasi" '
        b'version="2026110101"><base64EncryptedKey>x</base64EncryptedKey>'
        b"<meta><instanceID>uuid:e</instanceID></meta>"
        b"<encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"
    )
    assert field.key.post(raw, {"submission.xml.enc": b"\x00\x01"}).status == 202
    ((reason,),) = field.world.ask("SELECT reason FROM held")
    assert reason == "encrypted"
    assert field.world.count("submission_file") == 1


def test_a_form_without_an_instance_id_is_known_by_its_content(field: Field) -> None:
    form = field.visited({"luas": "54"}, base=field.key.version(), instance_id=" ")
    assert field.key.post(form).status == 201
    assert field.key.post(form).status == 201
    assert field.states() == ["merged"]


def test_a_new_family_comes_with_its_people(field: Field) -> None:
    family = "0c5c0f5e-6a55-4f0b-9f6a-3d6c1b8e0a01"
    form = field.proposed(
        family,
        {"nama_kepala_keluarga": "AHMAD", "luas": "30", "program": "pkh"},
        members=[{"nama": "AHMAD", "nik": "1802210101800003"}, {"nama": "SRI"}],
    )
    answer = field.key.post(form)
    assert answer.status == 201, answer
    told = field.document(family)
    assert (told["nama_kepala_keluarga"], told["rt"], told["program"]) == ("AHMAD", "003", ["pkh"])
    assert [one["nama"] for one in field.documents("anggota")] == ["SUPARMAN", "AHMAD", "SRI"]
    assert_sound(field.world)


def test_members_are_matched_by_id_and_then_by_nik(field: Field) -> None:
    form = field.visited(
        {},
        base=field.key.version(),
        members=[
            {"id": MEMBER, "nama": "SUPARMAN BIN ALI"},
            {"id": "", "nama": "SUPARMAN", "nik": NIK},
            {"id": "", "nama": "SITI"},
        ],
    )
    assert field.key.post(form).status == 201
    names = [one["nama"] for one in field.documents("anggota")]
    assert sorted(names) == ["SITI", "SUPARMAN"]


def test_a_member_who_died_is_closed_after_everything_else(field: Field) -> None:
    member = {
        "id": MEMBER,
        "tanggal_lahir": "1991-03-12",
        "akhir": "meninggal",
        "akhir_tanggal": "2026-10-30",
    }
    form = field.visited({}, base=field.key.version(), members=[member])
    assert field.key.post(form).status == 201
    ((reason,),) = field.world.ask(f"SELECT end_reason FROM record WHERE id = '{MEMBER}'")
    assert reason == "meninggal"
    assert field.document(MEMBER)["tanggal_lahir"] == "1991-03-12"
    assert_sound(field.world)


def test_one_answer_that_cannot_be_read_takes_no_other_with_it(field: Field) -> None:
    form = field.visited({"lantai": "marmer_kuno", "luas": "54"}, base=field.key.version())
    answer = field.key.post(form)
    assert answer.status == 201
    assert "1 data menunggu" in answer.body.decode()
    assert field.document()["luas_lantai"] == 54
    ((problem,),) = field.world.ask("SELECT problem FROM quarantine")
    assert problem == "unknown-code"


def test_a_group_is_stated_whole(field: Field) -> None:
    base = field.key.version()
    told = {"hasil": "tidak_ditemukan", "hasil_alasan": "pindah"}
    field.key.post(field.visited(told, base=base))
    assert field.document()["hasil_alasan"] == "pindah"
    field.key.post(field.visited({"hasil": "ditemukan"}, base=base + 1, trunk=base))
    assert "hasil_alasan" not in field.document()


def test_a_set_is_changed_by_what_was_chosen_and_shown(field: Field) -> None:
    base = field.key.version()
    field.key.post(field.visited({"program": "pkh bst", "program_tampil": ""}, base=base))
    assert field.document()["program"] == ["bst", "pkh"]
    told = {"program": "bst bpnt", "program_tampil": "pkh bst"}
    field.key.post(field.visited(told, base=base + 1, trunk=base))
    assert field.document()["program"] == ["bpnt", "bst"]


def test_a_place_is_stated_with_its_accuracy(field: Field) -> None:
    field.key.post(field.visited({"lokasi": "-5.1 105.2 0.0 4.5"}, base=field.key.version()))
    told = field.document()
    assert (told["lintang"], told["bujur"], told["akurasi_m"]) == (-5.1, 105.2, 4.5)


def test_the_visit_is_written_with_its_length(field: Field) -> None:
    told = {"catatan": "ramai", "selesai": "2026-11-03T11:55:00.000+07:00"}
    field.key.post(field.visited(told, base=field.key.version()))
    (visit,) = field.documents("kunjungan")
    assert (visit["durasi_s"], visit["catatan"]) == (900, "ramai")
    assert (visit["formulir"], visit["versi"]) == ("verifikasi", "2026110101")


def test_a_family_of_another_rt_is_out_of_reach_and_looks_as_if_it_were_not_there(
    field: Field,
) -> None:
    stranger = field.phone("cici", areas=[area(DESA, OTHER_RT)])
    there = stranger.post(field.visited({"luas": "54"}, base=1, record=FAMILY))
    absent = stranger.post(field.visited({"luas": "54"}, base=1, record=record_id(99)))
    assert (there.status, there.body) == (absent.status, absent.body) == (202, absent.body)
    assert field.document()["luas_lantai"] == 24
    assert stranger.entity_list("keluarga") == {}
