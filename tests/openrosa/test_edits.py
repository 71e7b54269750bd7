"""Edits of forms that were sent before: what they change is said, by the same author, once."""

from api.services.odk_keys import Credentials
from sync.permission import Role
from tests.api.device import FAMILY
from tests.api.village import assert_sound
from tests.openrosa.field import DESA_AREA, Field, child_of


def test_an_edit_says_what_it_changes_and_nothing_else(field: Field) -> None:
    first = field.instance_id()
    base = field.key.version()
    told = {"luas": "54", "lantai": "keramik", "telepon": "0811"}
    field.key.post(field.visited(told, base=base, instance_id=first))
    # Somebody else corrects what the edit will only repeat.
    field.budi.sync()
    field.budi.sync([field.budi.edit(FAMILY, field.budi.at, jenis_lantai_terluas="tanah")])
    edit = field.visited({"luas": "45", "lantai": "keramik"}, base=base, replaces=first)
    answer = field.key.post(edit)
    assert answer.status == 201, answer
    register = field.document()
    assert (register["luas_lantai"], register["jenis_lantai_terluas"]) == (45, "tanah")
    # The telephone number was taken out again.
    assert "telepon" not in register
    assert field.world.count("conflict") == 0
    assert_sound(field.world)


def test_an_edit_before_its_original_waits_for_it(field: Field) -> None:
    first, base = field.instance_id(), field.key.version()
    edit = field.visited({"luas": "45"}, base=base, replaces=first)
    assert field.key.post(edit).status == 202
    original = field.visited({"luas": "54"}, base=base, instance_id=first)
    assert field.key.post(original).status == 201
    assert field.document()["luas_lantai"] == 45
    assert field.states() == ["merged", "merged"]


def test_edits_of_edits_follow_each_other(field: Field) -> None:
    names = [field.instance_id() for _ in range(3)]
    base = field.key.version()
    field.key.post(field.visited({"luas": "1"}, base=base, instance_id=names[0]))
    second = field.visited({"luas": "2"}, base=base, instance_id=names[1], replaces=names[0])
    third = field.visited({"luas": "3"}, base=base, instance_id=names[2], replaces=names[1])
    assert field.key.post(third).status == 202
    assert field.key.post(second).status == 201
    assert field.document()["luas_lantai"] == 3
    assert field.world.count("conflict") == 0


def test_two_edits_of_one_instance_do_not_know_of_each_other(field: Field) -> None:
    first, base = field.instance_id(), field.key.version()
    told = {"nama_kepala_keluarga": "SUPARNO"}
    field.key.post(field.visited(told, base=base, instance_id=first))
    one = field.visited({"nama_kepala_keluarga": "SUPARDI"}, base=base, replaces=first)
    other = field.visited({"nama_kepala_keluarga": "SUPARJO"}, base=base, replaces=first)
    assert field.key.post(one).status == 201
    assert field.key.post(other).status == 201
    assert field.document()["nama_kepala_keluarga"] == "SUPARDI"
    assert field.world.count("conflict") == 1
    assert_sound(field.world)


def test_a_member_who_was_added_by_mistake_and_left_out_is_closed(field: Field) -> None:
    family, first = "0c5c0f5e-6a55-4f0b-9f6a-3d6c1b8e0a03", field.instance_id()
    people = [{"nama": "AHMAD", "nik": "1802210101800003"}, {"nama": "SALAH KETIK"}]
    told = {"nama_kepala_keluarga": "AHMAD", "luas": "30"}
    field.key.post(field.proposed(family, told, members=people, instance_id=first))
    corrected = [{"nama": "AHMAD SALIM", "nik": "1802210101800003"}]
    edit = field.proposed(family, {**told, "luas": "31"}, members=corrected, replaces=first)
    assert field.key.post(edit).status == 201
    assert field.document(family)["luas_lantai"] == 31
    rows = field.world.ask("SELECT end_reason FROM record WHERE entity = 'anggota' ORDER BY seq")
    assert sorted(str(reason) for (reason,) in rows) == ["None", "None", "salah"]
    names = {one["nama"] for one in field.documents("anggota")}
    assert names == {"SUPARMAN", "AHMAD SALIM", "SALAH KETIK"}
    assert_sound(field.world)


def test_a_corrected_measurement_replaces_the_wrong_one(field: Field) -> None:
    child = child_of(field)
    bidan = field.phone("bidan", Role.BIDAN, DESA_AREA)
    first = field.instance_id()
    assert bidan.post(field.measured(child, "9.4", instance_id=first)).status == 201
    assert bidan.post(field.measured(child, "8.4", replaces=first)).status == 201
    rows = field.world.ask(
        "SELECT end_reason FROM record WHERE entity = 'pengukuran' ORDER BY created_seq"
    )
    assert [reason for (reason,) in rows] == ["salah", None]
    assert [one["berat_kg"] for one in field.documents("pengukuran")][-1] in {8.4, 9.4}
    assert_sound(field.world)


def test_an_edit_that_changes_nothing_leaves_no_trace_in_the_register(field: Field) -> None:
    first, base = field.instance_id(), field.key.version()
    told = {"luas": "54", "catatan": "ramai"}
    field.key.post(field.visited(told, base=base, instance_id=first))
    operations = field.world.count("operation")
    assert field.key.post(field.visited(told, base=base, replaces=first)).status == 201
    assert field.world.count("operation") == operations
    assert field.states() == ["merged", "merged"]


def test_credentials_are_not_shown_by_accident() -> None:
    told = Credentials("d", "ani", "Ani", "ani-x", "rahasia", "lko_rahasia")
    assert "rahasia" not in repr(told)
