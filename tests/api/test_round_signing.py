"""From the list to the signature: a village's round through the real doors, on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from models.queries.frozen import frozen_by_code, frozen_village
from sync.frozen import hash_of
from tests.api.device import refused
from tests.api.rounds import (
    BASE,
    DESA,
    FAMILY,
    MEMBER,
    PERIOD,
    SCAN,
    SECOND,
    Role,
    Village,
    desk,
    import_list,
    set_pin,
    village_in_a_period,
)
from tests.api.village import assert_sound, audited

TICK = timedelta(seconds=1)


@pytest.fixture
def village(database_url: str, tmp_path: Path) -> Iterator[Village]:
    with village_in_a_period(database_url, tmp_path / "data") as found:
        yield found


def test_a_village_goes_all_the_way_from_its_list_to_its_signature(village: Village) -> None:
    assert village.state() == "daftar_terbuka"
    assert village.unmet() == {"rt-not-done": 1, "outcome-missing": 2, "meeting-unrecorded": 1}
    note = village.signed()
    assert village.state() == "disahkan"
    assert (note["method"], note["is_current"], note["unmet"]) == ("pin", True, {})
    with village.world.database.reading() as session:
        signed = frozen_village(session, DESA, PERIOD)
        by_code = frozen_by_code(session, note["code"])
    assert signed is not None
    assert (signed.hash, signed.state, signed.code) == (note["hash"], "disahkan", note["code"])
    assert by_code is not None
    assert (by_code.hash, by_code.is_current) == (note["hash"], True)
    assert hash_of(signed.village.body()) == note["hash"]
    assert [family.id for family in signed.village.families] == [FAMILY, SECOND]
    family = signed.village.families[0]
    assert (family.listed, family.rt, family.doc["hasil"]) == (True, "003/001", "ditemukan")
    assert [member.id for member in family.members] == [MEMBER]
    assert len(family.visits) == 1
    assert_sound(village.world)


def test_the_log_tells_every_step_and_who_took_it(village: Village) -> None:
    village.signed()
    events = village.get(village.operator)["events"]
    assert [(one["event"], one["by"]) for one in events] == [
        ("mulai_verifikasi", "operator"),
        ("rt_selesai", "ani"),
        ("buka_musyawarah", "operator"),
        ("musyawarah_dicatat", "operator"),
        ("dibekukan", "operator"),
        ("disahkan", "kades"),
    ]
    assert [one["n"] for one in events] == [1, 2, 3, 4, 5, 6]
    assert len(audited(village.world, "round-disahkan")) == 1


# What signing refuses -------------------------------------------------------------------------


def test_a_village_is_not_signed_while_a_check_is_unmet(village: Village) -> None:
    village.ani.sync()
    village.ani.push(village.visit(FAMILY, 21))
    village.step(village.operator, "mulai_verifikasi")
    village.rt_done(village.ani)
    village.step(village.operator, "buka_musyawarah")
    note = village.freeze()
    assert note["unmet"] == {"outcome-missing": 1, "meeting-unrecorded": 1}
    problem = refused(village.sign(note["hash"]), 409, "checks-unmet")
    assert problem["checks"] == note["unmet"]
    refused(village.on_paper(note["hash"]), 409, "checks-unmet")
    assert village.state() == "musyawarah"


def test_a_register_that_moved_is_not_signed_and_says_where(village: Village) -> None:
    village.to_musyawarah()
    note = village.freeze()
    village.ani.sync()
    edit = village.ani.op(
        "set", "keluarga", FAMILY, base=village.ani.since, set={"luas_lantai": 30}
    )
    village.ani.push([edit])
    problem = refused(village.sign(note["hash"]), 409, "village-moved")
    assert problem["families"] == [{"family": FAMILY, "rt": "003/001", "what": "changed"}]
    assert village.sign(village.freeze()["hash"]).status == 200


def test_a_decision_after_the_freeze_is_a_change_as_well(village: Village) -> None:
    village.to_musyawarah()
    note = village.freeze()
    assert village.decide(SECOND, "tidak_layak", reason="sudah mampu").status == 200
    refused(village.sign(note["hash"]), 409, "village-moved")


def test_what_changes_nothing_that_was_printed_does_not_hold_the_signature_up(
    village: Village,
) -> None:
    village.to_musyawarah()
    note = village.freeze()
    village.ani.sync()
    same = {"hasil": "ditemukan"}
    village.ani.push([village.ani.op("set", "keluarga", FAMILY, base=village.ani.since, set=same)])
    assert village.sign(note["hash"]).status == 200


def test_a_conflict_that_opens_after_the_freeze_blocks_although_no_value_changed(
    village: Village,
) -> None:
    village.to_musyawarah()
    budi = village.world.device("budi")
    base = village.ani.since
    village.ani.push(
        [village.ani.op("set", "keluarga", FAMILY, base=base, set={"nama_kepala_keluarga": "A"})]
    )
    note = village.freeze()
    told = budi.push(
        [budi.op("set", "keluarga", FAMILY, base=base, set={"nama_kepala_keluarga": "B"})]
    )
    assert told["results"][0]["outcome"] == "conflict"
    problem = refused(village.sign(note["hash"]), 409, "checks-unmet")
    assert problem["checks"] == {"conflict-open": 1}


def test_a_hash_that_nobody_froze_is_not_signed(village: Village) -> None:
    village.to_musyawarah()
    refused(village.sign("0" * 64), 404, "not-found")


def test_a_draft_of_before_the_round_was_opened_again_is_not_signed(village: Village) -> None:
    village.to_musyawarah()
    old = village.freeze()
    village.step(village.operator, "dibuka_kembali", reason="ada yang lupa")
    village.step(village.operator, "buka_musyawarah")
    refused(village.sign(old["hash"]), 409, "village-moved")


def test_nobody_signs_before_the_musyawarah_or_twice(village: Village) -> None:
    refused(village.operator.post(f"{BASE}/frozen", {}), 409, "round-elsewhere")
    note = village.signed()
    problem = refused(village.sign(note["hash"]), 409, "round-elsewhere")
    assert problem["state"] == "disahkan"


# Two persons ----------------------------------------------------------------------------------


def test_who_edited_a_family_needs_another_approver_before_their_paper_counts(
    village: Village,
) -> None:
    village.to_musyawarah()
    device = village.operator.device
    device.sync()
    device.push([device.op("set", "keluarga", FAMILY, base=device.since, set={"luas_lantai": 30})])
    note = village.freeze()
    problem = refused(village.on_paper(note["hash"]), 409, "approval-missing")
    assert (problem["families"], problem["total"]) == ([FAMILY], 1)
    # The operator's own approval is no second person's.
    assert village.approve(village.operator, note["hash"]).status == 200
    refused(village.on_paper(note["hash"]), 409, "approval-missing")
    assert village.approve(village.sari, note["hash"]).status == 200
    assert village.on_paper(note["hash"]).json()["method"] == "kertas"
    assert len(audited(village.world, "refused")) == 2
    assert_sound(village.world)


def test_an_approval_is_of_one_hash_and_no_other(village: Village) -> None:
    village.to_musyawarah()
    device = village.operator.device
    device.sync()
    device.push([device.op("set", "keluarga", FAMILY, base=device.since, set={"luas_lantai": 30})])
    first = village.freeze()
    village.approve(village.sari, first["hash"])
    village.decide(SECOND)
    second = village.freeze()
    refused(village.on_paper(second["hash"]), 409, "approval-missing")


def test_what_the_list_said_and_what_a_reviewer_chose_is_nobodys_edit(village: Village) -> None:
    village.to_musyawarah()
    # The village head edited nothing: one person is enough.
    assert village.sign(village.freeze()["hash"]).status == 200


def test_what_was_keyed_in_for_somebody_else_is_an_edit_of_both(village: Village) -> None:
    village.to_musyawarah()
    keyed = {"kind": "set", "entity": "keluarga", "id": FAMILY, "set": {"luas_lantai": 30},
             "source": {"by": village.operator.account}}  # fmt: skip
    import_list(village.world, [keyed], source="keying")
    note = village.freeze()
    problem = refused(village.on_paper(note["hash"]), 409, "approval-missing")
    assert problem["families"] == [FAMILY]


def test_a_village_head_does_not_approve(village: Village) -> None:
    village.to_musyawarah()
    note = village.freeze()
    refused(village.approve(village.kades, note["hash"]), 403, "not-permitted")


# Paper ----------------------------------------------------------------------------------------


def test_a_sheet_that_was_signed_days_ago_is_accepted_knowingly(village: Village) -> None:
    village.to_musyawarah()
    note = village.freeze()
    village.ani.sync()
    edit = village.ani.op("set", "keluarga", FAMILY, base=village.ani.since, set={"luas_lantai": 9})
    village.ani.push([edit])
    refused(village.on_paper(note["hash"]), 409, "village-moved")
    told = village.on_paper(note["hash"], accept_later=True).json()
    assert (told["hash"], told["is_current"]) == (note["hash"], True)
    with village.world.database.reading() as session:
        signed = frozen_village(session, DESA, PERIOD)
    assert signed is not None
    assert "luas_lantai" not in signed.village.families[0].doc
    assert village.get(village.operator, "/late")["total"] == 1
    assert village.get(village.operator)["events"][-1]["detail"]["later"] == 1
    ((scan,),) = village.world.ask("SELECT scan FROM signature")
    assert scan == SCAN
    assert_sound(village.world)


def test_a_scan_that_nobody_handed_in_signs_nothing(village: Village) -> None:
    village.to_musyawarah()
    note = village.freeze()
    refused(village.on_paper(note["hash"], scan="ab" * 32), 422, "value-refused")
    assert village.get(village.operator)["state"] == "musyawarah"


def test_a_pin_is_never_given_for_what_was_not_on_the_screen(village: Village) -> None:
    village.to_musyawarah()
    note = village.freeze()
    village.decide(SECOND)
    body = {"hash": note["hash"], "pin": "482915", "accept_later": True}
    assert village.kades.post(f"{BASE}/signature", body).status == 400


# After the signature --------------------------------------------------------------------------


def test_what_arrives_later_is_kept_listed_by_name_and_changes_nothing_signed(
    village: Village,
) -> None:
    note = village.signed()
    village.ani.sync()
    edit = village.ani.op("set", "keluarga", FAMILY, base=village.ani.since, set={"luas_lantai": 9})
    village.ani.push([edit])
    late = village.get(village.operator, "/late")
    assert (late["total"], late["hash"]) == (1, note["hash"])
    (one,) = late["operations"]
    assert (one["name"], one["by"]) == ("CONTOH", "ani")
    assert (one["operation"]["family"], one["operation"]["fields"]) == (FAMILY, ["luas_lantai"])
    assert village.operator.fields(FAMILY)["luas_lantai"] == 9
    with village.world.database.reading() as session:
        signed = frozen_village(session, DESA, PERIOD)
    assert signed is not None
    assert "luas_lantai" not in signed.village.families[0].doc
    assert_sound(village.world)


def test_there_is_nothing_late_before_a_signature(village: Village) -> None:
    refused(village.operator.get(f"{BASE}/late"), 409, "round-elsewhere")


def test_a_decision_of_a_conflict_stays_once_the_village_is_signed(village: Village) -> None:
    village.verify_all()
    budi = village.world.device("budi")
    base = village.ani.since
    for who, name in ((village.ani, "SATU"), (budi, "DUA")):
        who.push([who.op("set", "keluarga", FAMILY, base=base, set={"nama_kepala_keluarga": name})])
    page = village.sari.only_conflict()
    assert village.sari.resolve(page, "current").status == 200
    village.step(village.operator, "mulai_verifikasi")
    village.rt_done(village.ani)
    village.step(village.operator, "buka_musyawarah")
    village.meeting()
    note = village.freeze()
    assert village.sign(note["hash"]).status == 200, village.unmet()
    conflict = page["summary"]["id"]
    refused(village.sari.undo(conflict), 409, "already-decided")
    village.step(village.sari, "dibuka_kembali", reason="keberatan warga")
    assert village.sari.undo(conflict).status == 200
    why = {tuple(one["why"]) for one in village.get(village.operator, "/musyawarah")["agenda"]}
    assert why == {("keputusan_dibuka",)}
    assert_sound(village.world)


def test_a_round_that_is_opened_again_stands_by_nothing_until_it_is_signed_again(
    village: Village,
) -> None:
    first = village.signed()
    village.step(village.sari, "dibuka_kembali", reason="keberatan warga")
    with village.world.database.reading() as session:
        assert frozen_village(session, DESA, PERIOD) is None
        old = frozen_by_code(session, first["code"])
    assert old is not None
    assert (old.signed_at is not None, old.is_current) == (True, False)
    village.step(village.operator, "buka_musyawarah")
    village.world.clock.advance(TICK)
    second = village.freeze()
    assert village.sign(second["hash"]).status == 200
    assert_sound(village.world)


def test_the_same_village_frozen_in_the_same_moment_is_the_same_draft(village: Village) -> None:
    village.to_musyawarah()
    assert village.freeze()["hash"] == village.freeze()["hash"]
    assert len(village.get(village.operator)["frozen"]) == 1


# Races ----------------------------------------------------------------------------------------


def test_of_two_who_sign_at_once_one_signs(village: Village) -> None:
    village.to_musyawarah()
    note = village.freeze()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: village.on_paper(note["hash"]), range(4)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    assert village.world.count("signature") == 1
    assert_sound(village.world)


def test_a_push_that_races_the_signature_is_before_it_or_late_and_never_in_between(
    village: Village,
) -> None:
    village.to_musyawarah()
    note = village.freeze()
    village.ani.sync()
    base = village.ani.since
    edits = [
        village.ani.op("set", "keluarga", FAMILY, base=base, set={"luas_lantai": n})
        for n in range(1, 9)
    ]
    with ThreadPoolExecutor(2) as pool:
        pushing = pool.submit(lambda: [village.ani.push([one]) for one in edits])
        signing = pool.submit(lambda: village.sign(note["hash"]))
        signed, _ = signing.result(), pushing.result()
    with village.world.database.reading() as session:
        found = frozen_village(session, DESA, PERIOD)
    if signed.status == 200:
        assert found is not None
        assert "luas_lantai" not in found.village.families[0].doc
        assert village.get(village.operator, "/late")["total"] == len(edits)
    else:
        refused(signed, 409, "village-moved")
        assert found is None
    assert_sound(village.world)


# Who may --------------------------------------------------------------------------------------


def test_a_village_head_of_another_place_finds_nothing_here(village: Village) -> None:
    village.to_musyawarah()
    note = village.freeze()
    other = desk(village.world, "jauh", Role.KEPALA_DESA, code="1802212002")
    set_pin(village.world, other.account)
    refused(village.sign(note["hash"], who=other), 404, "not-found")
    refused(other.get(BASE), 404, "not-found")
