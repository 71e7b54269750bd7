"""Chains of offline updates, in whatever order they arrive, through the whole server."""

from itertools import permutations

import pytest

from tests.api.device import FAMILY
from tests.api.village import assert_sound, desk
from tests.openrosa.field import Field

OTHER_BRANCH = "b1a9c0de-0000-4000-8000-000000000002"


def three_updates(field: Field) -> list[bytes]:
    """What one phone did without a signal, one after the other."""
    trunk = field.key.version()
    return [
        field.visited({"luas": "30", "telepon": "0811"}, base=trunk, trunk=trunk),
        field.visited({"luas": "36"}, base=trunk + 1, trunk=trunk),
        field.visited({"luas": "42", "lantai": "keramik"}, base=trunk + 2, trunk=trunk),
    ]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_three_offline_updates_end_alike_in_every_order(
    sqlite_field: Field, order: tuple[int, ...]
) -> None:
    field = sqlite_field
    updates = three_updates(field)
    for place in order:
        assert field.key.post(updates[place]).status in {201, 202}
    told = field.document()
    assert (told["luas_lantai"], told["telepon"]) == (42, "0811")
    assert told["jenis_lantai_terluas"] == "keramik"
    assert field.states() == ["merged"] * 3
    assert field.world.count("conflict") == 0
    assert len(field.documents("kunjungan")) == 3
    assert_sound(field.world)


def test_an_update_that_came_too_early_waits_visibly(field: Field) -> None:
    _, second, _ = three_updates(field)
    answer = field.key.post(second)
    assert answer.status == 202
    assert "1 data menunggu pemeriksaan" in answer.body.decode()
    assert field.document()["luas_lantai"] == 24
    ((state, reason),) = field.world.ask("SELECT state, reason FROM held")
    assert (state, reason) == ("waiting", "predecessor")


def test_its_predecessor_lets_it_in_and_whatever_waited_behind_it(field: Field) -> None:
    first, second, third = three_updates(field)
    field.key.post(third)
    field.key.post(second)
    assert field.states() == ["held", "held"]
    assert field.key.post(first).status == 201
    assert field.states() == ["merged"] * 3
    assert {s for (s,) in field.world.ask("SELECT state FROM held")} == {"released"}
    assert field.document()["luas_lantai"] == 42


def test_one_that_waits_is_answered_alike_when_it_comes_again(field: Field) -> None:
    _, second, _ = three_updates(field)
    field.key.post(second)
    assert field.key.post(second).status == 202
    assert field.states() == ["held"]


def test_a_reviewer_lets_it_in_and_the_predecessor_then_argues_with_nobody(field: Field) -> None:
    first, second, _ = three_updates(field)
    field.key.post(second)
    supervisor = desk(field.world)
    (line,) = supervisor.read("/v1/held")["held"]
    assert (line["reason"], line["record"]) == ("predecessor", FAMILY)
    told = supervisor.post(f"/v1/held/{line['id']}/release", {}).json()
    assert told["state"] == "released"
    assert field.document()["luas_lantai"] == 36
    # Captured earlier, come later: it does not replace what its own phone said afterwards.
    assert field.key.post(first).status == 201
    assert field.document()["luas_lantai"] == 36
    assert field.document()["telepon"] == "0811"
    assert_sound(field.world)


def test_what_a_reviewer_sends_back_is_read_in_the_list(field: Field) -> None:
    _, second, _ = three_updates(field)
    before = field.key.version()
    field.key.post(second)
    supervisor = desk(field.world)
    (line,) = supervisor.read("/v1/held")["held"]
    reason = {"reason": "Luas lantai diukur ulang, ya"}
    supervisor.post(f"/v1/held/{line['id']}/reject", reason)
    row = field.key.entity_list("keluarga")[FAMILY]
    assert row["perlu_perbaikan"] == "Luas lantai diukur ulang, ya"
    # The phone stands at one update more than it was shown: equal, so it takes the server's row.
    assert int(row["__version"]) == before + 1
    # Once somebody has been there again, the words have done their duty.
    field.key.post(field.visited({"luas": "40"}, base=before + 1, trunk=before + 1, branch="b2"))
    assert field.key.entity_list("keluarga")[FAMILY]["perlu_perbaikan"] == ""


def test_two_phones_on_one_family_are_two_chains(field: Field) -> None:
    second_phone = field.phone("cici")
    trunk = field.key.version()
    assert second_phone.version() == trunk
    field.key.post(field.visited({"nama_kepala_keluarga": "SUPARNO"}, base=trunk))
    answer = second_phone.post(
        field.visited({"nama_kepala_keluarga": "SUPARDI"}, base=trunk, branch=OTHER_BRANCH)
    )
    assert answer.status == 201
    assert field.document()["nama_kepala_keluarga"] == "SUPARNO"
    assert field.world.count("conflict") == 1
    assert_sound(field.world)


def test_an_older_chain_of_the_same_phone_does_not_overrule_the_newer_one(field: Field) -> None:
    old = field.key.version()
    late = field.visited({"nama_kepala_keluarga": "SUPARNO", "telepon": "0811"}, base=old)
    # Meanwhile the phone was shown a newer row, and went on from there.
    field.budi.sync([field.budi.edit(FAMILY, field.budi.at, luas_lantai=60)])
    new = field.key.version()
    assert new > old
    field.key.post(
        field.visited({"nama_kepala_keluarga": "SUPARDI"}, base=new, branch=OTHER_BRANCH)
    )
    assert field.key.post(late).status == 201
    told = field.document()
    assert (told["nama_kepala_keluarga"], told["telepon"]) == ("SUPARDI", "0811")
    assert field.world.count("conflict") == 1
    assert_sound(field.world)


def test_a_family_born_on_the_phone_and_its_first_update_come_in_any_order(field: Field) -> None:
    family = "0c5c0f5e-6a55-4f0b-9f6a-3d6c1b8e0a02"
    birth = field.proposed(family, {"nama_kepala_keluarga": "AHMAD", "luas": "30"})
    update = field.visited({"luas": "33"}, base=1, trunk=None, record=family, branch="b3")
    update = update.replace(b'trunkVersion="1"', b'trunkVersion=""')
    assert field.key.post(update).status == 202
    assert field.key.post(birth).status == 201
    assert field.document(family)["luas_lantai"] == 33
    assert field.states() == ["merged", "merged"]
    assert field.world.count("conflict") == 0


def test_a_phone_that_was_enrolled_anew_goes_on_with_its_chain(field: Field) -> None:
    first, second, _ = three_updates(field)
    field.key.post(first)
    ((account,),) = field.world.ask("SELECT id FROM account WHERE name = 'ani'")
    again = field.phone_of(account)
    assert again.post(second).status == 201
    assert field.document()["luas_lantai"] == 36
    assert field.world.count("conflict") == 0
    assert_sound(field.world)


def test_a_phone_keeps_its_own_value_until_the_question_is_decided(field: Field) -> None:
    collect = field.collect()
    collect.synchronise()
    row = collect.store.lists["keluarga"][FAMILY]
    field.budi.sync([field.budi.edit(FAMILY, field.budi.at, nama_kepala_keluarga="SUPARNO")])
    field.key.post(field.visited({"nama_kepala_keluarga": "SUPARDI"}, base=row.version))
    served = field.key.version()
    # Opening the question is no change of the row: only what budi stated counts.
    field.key.post(field.visited({"telepon": ""}, base=row.version, branch=OTHER_BRANCH))
    assert field.key.version() == served
    supervisor = desk(field.world)
    assert supervisor.resolve(supervisor.only_conflict(), "candidate").status == 200
    assert field.document()["nama_kepala_keluarga"] == "SUPARDI"
    assert field.key.version() > served
