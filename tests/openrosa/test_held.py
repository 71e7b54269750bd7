"""What is held, seen and decided by whoever reviews: at the door and on the command line."""

import json

import pytest
from typer.testing import CliRunner

from api.cli import command_line
from sync.permission import Role
from tests.api.device import FAMILY
from tests.api.office import DESA, OTHER_DESA
from tests.api.village import audited, desk
from tests.api.world import area, refused
from tests.openrosa.field import Field
from tests.openrosa.forms import publish

REASON = {"reason": "diperiksa di lapangan"}


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
