"""What is held, seen and decided by whoever reviews: at the door and on the command line."""

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from api.cli import command_line
from api.cli.form import let_in_what_came_before
from api.cli.office import Office
from sync.permission import Role
from tests.api.device import FAMILY, record_id
from tests.api.office import DESA, OTHER_DESA, OTHER_RT, RT
from tests.api.village import audited, desk
from tests.api.world import area, refused
from tests.openrosa.field import Field
from tests.openrosa.forms import Entity, Form, instance, publish

REASON = {"reason": "diperiksa di lapangan"}


def _let_in(field: Field, form: Form) -> int:
    """What follows the publication of a form."""
    world = field.world
    office = Office(world.settings, world.database, world.clock, world.randomness)
    return let_in_what_came_before(office, form.mapping.form_id, form.mapping.version)


def _too_early(field: Field) -> None:
    trunk = field.key.version()
    field.key.post(field.visited({"luas": "36"}, base=trunk + 1, trunk=trunk))


def test_a_list_shows_no_answers_and_one_form_shows_all_and_is_on_record(field: Field) -> None:
    _too_early(field)
    supervisor = desk(field.world)
    told = supervisor.read("/v1/held")
    assert told["total"] == 1
    (line,) = told["held"]
    assert (line["account_name"], line["rt"], line["form"]) == ("ani", "003/001", "verifikasi")
    assert "36" not in json.dumps({k: v for k, v in line.items() if k in {"record", "form"}})
    page = supervisor.read(f"/v1/held/{line['id']}")
    assert "<luas>36</luas>" in page["xml"]
    assert audited(field.world, "held-read") == [{"submission": line["id"]}]


def test_what_lies_elsewhere_is_not_there(field: Field) -> None:
    _too_early(field)
    (line,) = desk(field.world).read("/v1/held")["held"]
    stranger = desk(field.world, "jauh", code=OTHER_DESA)
    assert stranger.read("/v1/held")["held"] == []
    refused(stranger.get(f"/v1/held/{line['id']}"), 404, "not-found")
    refused(stranger.post(f"/v1/held/{line['id']}/release", {}), 404, "not-found")


def test_what_was_decided_is_decided(field: Field) -> None:
    _too_early(field)
    supervisor = desk(field.world)
    (line,) = supervisor.read("/v1/held")["held"]
    assert supervisor.post(f"/v1/held/{line['id']}/reject", REASON).status == 200
    refused(supervisor.post(f"/v1/held/{line['id']}/release", {}), 409, "already-decided")
    (rejected,) = supervisor.read("/v1/held?state=rejected")["held"]
    assert rejected["words"] == REASON["reason"]
    assert field.states() == ["rejected"]


def test_a_rejected_form_that_comes_again_is_answered_and_changes_nothing(field: Field) -> None:
    trunk = field.key.version()
    form = field.visited({"luas": "36"}, base=trunk + 1, trunk=trunk)
    field.key.post(form)
    supervisor = desk(field.world)
    (line,) = supervisor.read("/v1/held")["held"]
    supervisor.post(f"/v1/held/{line['id']}/reject", REASON)
    assert field.key.post(form).status == 202
    assert field.document()["luas_lantai"] == 24


def test_nobody_decides_about_a_form_of_their_own(field: Field) -> None:
    operator = field.world.account("kades", Role.SUPERVISOR, [area(DESA)])
    own = field.phone_of(operator)
    own.post(b"<data id='x'/>")
    other = desk(field.world)
    (line,) = other.read("/v1/held")["held"]
    device = field.world.phone_of(operator)
    answer = device.post(f"/v1/held/{line['id']}/reject", REASON)
    refused(answer, 403, "not-permitted")


def test_what_cannot_be_read_can_only_be_rejected(field: Field) -> None:
    field.key.post(b"<data id='verifikasi'><half")
    supervisor = desk(field.world)
    (line,) = supervisor.read("/v1/held")["held"]
    assert line["reason"] == "unreadable"
    refused(supervisor.post(f"/v1/held/{line['id']}/release", {}), 422, "value-refused")
    assert supervisor.post(f"/v1/held/{line['id']}/reject", REASON).status == 200


def test_a_form_whose_version_was_published_late_is_let_in(field: Field) -> None:
    later = field.visit.of_version("2027010101")
    form = field.visited({"luas": "54"}, base=field.key.version(), form=later)
    assert field.key.post(form).status == 202
    supervisor = desk(field.world)
    (line,) = supervisor.read("/v1/held")["held"]
    refused(supervisor.post(f"/v1/held/{line['id']}/release", {}), 422, "value-refused")
    publish(field.world.database, later, field.world.clock.now())
    assert supervisor.post(f"/v1/held/{line['id']}/release", {}).status == 200
    assert field.document()["luas_lantai"] == 54


def test_what_waited_for_a_version_comes_in_with_its_publication_and_leaves_the_list(
    field: Field,
) -> None:
    later = field.visit.of_version("2027010101")
    trunk = field.key.version()
    updates = [
        field.visited({"luas": str(30 + place)}, base=trunk + place, trunk=trunk, form=later)
        for place in range(3)
    ]
    other = field.visited({"luas": "1"}, base=trunk, form=field.visit.of_version("2027010102"))
    for form in (*reversed(updates), other):
        assert field.key.post(form).status == 202
    publish(field.world.database, later, field.world.clock.now())
    assert _let_in(field, later) == 3
    assert field.document()["luas_lantai"] == 32
    (line,) = desk(field.world).read("/v1/held")["held"]
    assert line["awaits"] == "form:verifikasi:2027010102"
    assert _let_in(field, later) == 0


def test_a_chain_whose_beginning_is_missing_goes_on_waiting_for_that(field: Field) -> None:
    later = field.visit.of_version("2027010101")
    trunk = field.key.version()
    field.key.post(field.visited({"luas": "36"}, base=trunk + 1, trunk=trunk, form=later))
    publish(field.world.database, later, field.world.clock.now())
    assert _let_in(field, later) == 0
    (line,) = desk(field.world).read("/v1/held")["held"]
    assert line["reason"] == "predecessor"
    assert field.states() == ["held"]
    field.key.post(field.visited({"luas": "30"}, base=trunk, trunk=trunk))
    assert field.states() == ["merged", "merged"]


def test_a_late_form_finds_its_village_once_it_can_be_read(field: Field) -> None:
    both = field.phone("wiwi", areas=[area(DESA, RT), area(OTHER_DESA, OTHER_RT)])
    later = field.new_family.of_version("2027010101")
    told = {"nama": "WATI", "rt": "003", "rw": "001", "lantai": "tanah"}
    raw = instance(later, field.instance_id(), told, entity=Entity(record_id(90), create=True))
    nowhere = instance(
        later, field.instance_id(), {"nama": "ANI"}, entity=Entity(record_id(91), create=True)
    )
    for form in (raw, nowhere):
        assert both.post(form).status == 202
    assert {d for (d,) in field.world.ask("SELECT desa FROM submission")} == {""}
    publish(field.world.database, later, field.world.clock.now())
    assert _let_in(field, later) == 1
    ((place,),) = field.world.ask(f"SELECT desa FROM record WHERE id = '{record_id(90)}'")
    assert place == DESA
    assert field.world.ask("SELECT desa, reason FROM held WHERE state = 'waiting'") == [
        ("", "village-unknown")
    ]


def _of_no_village(field: Field) -> tuple[bytes, str]:
    """A new family of a collector of two villages who does not say in which one it lives."""
    both = field.phone("wiwi", areas=[area(DESA), area(OTHER_DESA)])
    raw = field.proposed(record_id(90), {"nama": "WATI", "rt": "009", "lantai": "tanah"})
    answer = both.post(raw)
    assert answer.status == 202
    ((held,),) = field.world.ask("SELECT submission FROM held")
    return raw, str(held)


def test_who_looks_after_all_of_the_senders_villages_gives_a_form_its_village(
    field: Field,
) -> None:
    _, held = _of_no_village(field)
    supervisor = desk(field.world, "camat", code=DESA[:6])
    (line,) = supervisor.read("/v1/held")["held"]
    assert (line["id"], line["desa"], line["reason"]) == (held, "", "village-unknown")
    assert "WATI" in supervisor.read(f"/v1/held/{held}")["xml"]
    release = f"/v1/held/{held}/release"
    refused(supervisor.post(release, {}), 422, "value-refused")
    refused(supervisor.post(release, {"desa": "9999999999"}), 403, "not-permitted")
    assert supervisor.post(release, {"desa": OTHER_DESA}).status == 200
    ((place,),) = field.world.ask(f"SELECT desa FROM record WHERE id = '{record_id(90)}'")
    assert place == OTHER_DESA
    assert field.states() == ["merged"]
    assert supervisor.read("/v1/held")["held"] == []


def test_a_form_of_no_village_can_be_rejected_and_comes_again_without_effect(
    field: Field,
) -> None:
    raw, held = _of_no_village(field)
    supervisor = desk(field.world, "camat", code=DESA[:6])
    assert supervisor.post(f"/v1/held/{held}/reject", REASON).status == 200
    ((account,),) = field.world.ask("SELECT id FROM account WHERE name = 'wiwi'")
    assert field.phone_of(account).post(raw).status == 202
    assert field.states() == ["rejected"]


def test_a_form_of_no_village_is_not_there_for_who_sees_only_some_of_them(field: Field) -> None:
    _, held = _of_no_village(field)
    for code in (DESA, OTHER_DESA):
        stranger = desk(field.world, f"hanya{code}", code=code)
        assert stranger.read("/v1/held")["total"] == 0
        refused(stranger.get(f"/v1/held/{held}"), 404, "not-found")
        refused(stranger.post(f"/v1/held/{held}/release", {"desa": code}), 404, "not-found")
        refused(stranger.post(f"/v1/held/{held}/reject", REASON), 404, "not-found")


def test_a_village_that_its_sender_has_lost_still_counts_among_the_senders(field: Field) -> None:
    _of_no_village(field)
    ((account,),) = field.world.ask("SELECT id FROM account WHERE name = 'wiwi'")
    field.world.clock.advance(timedelta(days=1))
    field.world.assign(account, [area(DESA)])
    assert desk(field.world, "desa", code=DESA).read("/v1/held")["total"] == 0
    assert desk(field.world, "camat", code=DESA[:6]).read("/v1/held")["total"] == 1


def test_the_other_content_of_an_id_is_let_in_as_a_form_of_its_own(field: Field) -> None:
    name, base = field.instance_id(), field.key.version()
    field.key.post(field.visited({"luas": "54", "catatan": "a"}, base=base, instance_id=name))
    field.key.post(field.visited({"luas": "45", "catatan": "b"}, base=base, instance_id=name))
    supervisor = desk(field.world)
    (line,) = supervisor.read("/v1/held")["held"]
    assert line["reason"] == "different"
    assert supervisor.post(f"/v1/held/{line['id']}/release", {}).status == 200
    assert len(field.documents("kunjungan")) == 2
    assert field.states() == ["merged", "merged"]


def test_the_command_line_lists_and_decides(
    sqlite_field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = sqlite_field
    _too_early(field)
    desk(field.world)
    monkeypatch.setenv("LOKUS_DATABASE_URL", field.world.settings.database_url)
    monkeypatch.setenv("LOKUS_DATA_DIR", str(field.world.settings.data_dir))
    run = CliRunner().invoke
    listed = run(command_line(), ["held", "list", "--json"])
    (line,) = json.loads(listed.output)
    assert (line["reason"], line["record"]) == ("predecessor", FAMILY)
    assert "predecessor" in run(command_line(), ["held", "list"]).output
    released = run(command_line(), ["held", "release", line["id"], "--by", "sari"])
    assert released.exit_code == 0, released.output
    assert "is released" in released.output
    assert field.document()["luas_lantai"] == 36
    assert json.loads(run(command_line(), ["held", "list", "--json"]).output) == []
    (decided,) = json.loads(run(command_line(), ["held", "list", "--all", "--json"]).output)
    assert decided["state"] == "released"
