"""Keys of phones with Collect: one scan, nothing stored that opens a door, ended with the phone."""

import base64
import json
import zlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.cli import command_line
from api.openrosa.digest import NONCE_LASTS
from models.queries import accounts
from sync.permission import Role
from tests.api.office import DESA, OTHER_DESA
from tests.api.village import audited, desk
from tests.api.world import area, refused
from tests.openrosa.collect import NeedsPassword
from tests.openrosa.field import Field

UNKNOWN = ("lko_" + "A" * 43, "lkd_" + "A" * 43, "x", "..", "%00", "lko_" + "A" * 400)


def test_the_code_holds_the_whole_setup_in_indonesian(sqlite_field: Field) -> None:
    office = desk(sqlite_field.world, "operator", Role.OPERATOR_DESA, code=DESA)
    account = _account(sqlite_field, "ani")
    made = office.post("/v1/odk-keys", {"account": account}).json()
    told = json.loads(zlib.decompress(base64.b64decode(made["code"])))
    assert told.keys() == {"general", "admin", "project"}
    assert told["general"]["server_url"] == made["server_url"]
    assert told["general"]["app_language"] == "in"
    assert told["general"]["form_update_mode"] == "match_exactly"
    assert told["general"]["autosend"] == "wifi_and_cellular"
    assert "password" not in told["general"]


def test_the_code_is_shown_again_for_a_phone_that_was_reset(sqlite_field: Field) -> None:
    office = desk(sqlite_field.world, "operator", Role.OPERATOR_DESA, code=DESA)
    made = office.post("/v1/odk-keys", {"account": _account(sqlite_field, "ani")}).json()
    again = office.read(f"/v1/odk-keys/{made['device']}")
    assert again == made
    svg = office.get(f"/v1/odk-keys/{made['device']}/code")
    png = office.get(f"/v1/odk-keys/{made['device']}/code?form=png")
    assert svg.headers["content-type"] == "image/svg+xml"
    assert svg.body.startswith(b"<?xml")
    assert png.body.startswith(b"\x89PNG")
    assert len(audited(sqlite_field.world, "odk-key-shown")) == 3


def test_who_looks_after_another_village_makes_no_key_here(sqlite_field: Field) -> None:
    stranger = desk(sqlite_field.world, "operator2", Role.OPERATOR_DESA, code=OTHER_DESA)
    account = _account(sqlite_field, "ani")
    refused(stranger.post("/v1/odk-keys", {"account": account}), 404, "not-found")
    device = sqlite_field.key.credentials.device_id
    refused(stranger.get(f"/v1/odk-keys/{device}"), 404, "not-found")


def test_a_phone_of_our_own_app_has_no_such_key(sqlite_field: Field) -> None:
    office = desk(sqlite_field.world, "operator", Role.OPERATOR_DESA, code=DESA)
    refused(office.get(f"/v1/odk-keys/{sqlite_field.budi.id}"), 404, "not-found")


def test_nothing_in_the_database_opens_the_door(sqlite_field: Field) -> None:
    told = sqlite_field.key.credentials
    for table in ("odk_key", "device", "audit"):
        held = str(sqlite_field.world.ask(f"SELECT * FROM {table}"))
        assert told.token not in held
        assert told.password not in held


@pytest.mark.parametrize("token", UNKNOWN)
def test_an_unknown_key_is_403_and_asks_nobody_for_a_password(
    sqlite_field: Field, token: str
) -> None:
    stranger = replace(
        sqlite_field.key, credentials=replace(sqlite_field.key.credentials, token=token)
    )
    for answer in (stranger.get("/formList"), stranger.post(b"<data/>")):
        assert answer.status in {403, 404}
        assert "www-authenticate" not in answer.headers


def test_a_key_opens_this_door_alone(sqlite_field: Field) -> None:
    headers = {"authorization": f"Bearer {sqlite_field.key.credentials.token}"}
    answer = sqlite_field.world.call("GET", "/v1/manifest", b"", headers)
    refused(answer, 401, "unauthorised")


def test_a_revoked_phone_hands_over_its_work_and_reads_nothing(field: Field) -> None:
    form = field.visited({"luas": "54"}, base=field.key.version())
    field.world.revoke_device(field.key.credentials.device_id)
    for target in ("/formList", "/forms/verifikasi/manifest", "/datasets/keluarga.csv"):
        assert field.key.get(target).status == 403
    answer = field.key.post(form)
    assert answer.status == 202
    assert field.document()["luas_lantai"] == 24
    problems = {problem for (problem,) in field.world.ask("SELECT problem FROM quarantine")}
    assert problems == {"device-revoked"}


def test_a_disabled_account_is_a_revoked_phone(sqlite_field: Field) -> None:
    with sqlite_field.world.database.writing() as session:
        now = sqlite_field.world.clock.now()
        accounts.set_disabled(session, _account(sqlite_field, "ani"), now)
    assert sqlite_field.key.get("/formList").status == 403


def test_digest_ends_with_the_phone_as_well(sqlite_field: Field) -> None:
    typed = sqlite_field.typed_collect()
    assert len(typed.form_list()) == 3
    sqlite_field.world.revoke_device(sqlite_field.key.credentials.device_id)
    assert typed.ask("GET", typed.server_url + "/formList").status == 403


def test_an_old_nonce_is_renewed_without_asking_for_the_password(sqlite_field: Field) -> None:
    typed = sqlite_field.typed_collect()
    typed.form_list()
    sqlite_field.world.clock.advance(NONCE_LASTS + timedelta(seconds=1))
    answer = typed._once("GET", typed._target(typed.server_url + "/formList"), b"", None)  # noqa: SLF001
    assert answer.status == 401
    assert "stale=true" in answer.headers["www-authenticate"]
    assert len(typed.form_list()) == 3


def test_a_header_made_for_one_address_opens_no_other(sqlite_field: Field) -> None:
    typed = sqlite_field.typed_collect()
    typed.form_list()
    stolen = typed.requests[-1][2]["Authorization"]
    answer = sqlite_field.world.call(
        "GET", "/v1/odk/datasets/keluarga.csv", b"", {"authorization": stolen}
    )
    assert answer.status == 401


@pytest.mark.parametrize("said", ["Digest", "Digest x", 'Digest username="' + "a" * 9000, "Basic",
                                  "Basic !", "Bearer x", "Digest realm=,nonce=,uri="])  # fmt: skip
def test_garbage_in_the_header_is_asked_again(sqlite_field: Field, said: str) -> None:
    answer = sqlite_field.world.call("GET", "/v1/odk/formList", b"", {"authorization": said})
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Digest ")


def test_basic_is_taken_over_tls_and_nowhere_else(sqlite_field: Field) -> None:
    told = sqlite_field.key.credentials
    secure = TestClient(sqlite_field.world.app, base_url="https://lokus.example.id")
    plain = TestClient(sqlite_field.world.app, base_url="http://lokus.example.id")
    asked = secure.get("/v1/odk/formList")
    assert asked.status_code == 401
    assert "Basic" in asked.headers["www-authenticate"]
    auth = (told.username, told.password)
    assert secure.get("/v1/odk/formList", auth=auth).status_code == 200
    assert secure.get("/v1/odk/formList", auth=(told.username, "salah")).status_code == 401
    refusal = plain.get("/v1/odk/formList", auth=auth)
    assert refusal.status_code == 401
    assert "Basic" not in refusal.headers["www-authenticate"]


def test_the_accounts_own_password_opens_nothing(sqlite_field: Field) -> None:
    typed = sqlite_field.typed_collect()
    typed.username = "ani"
    with pytest.raises(NeedsPassword):
        typed.form_list()


def test_the_command_line_makes_the_code(
    sqlite_field: Field, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = sqlite_field.world.settings
    monkeypatch.setenv("LOKUS_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LOKUS_DATA_DIR", str(settings.data_dir))
    picture = tmp_path / "ani.png"
    ran = CliRunner().invoke(
        command_line(), ["enrol", "ani", "--odk", "--json", "--png", str(picture)]
    )
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.output)
    assert picture.read_bytes().startswith(b"\x89PNG")
    path = told["server_url"].removeprefix(settings.public_url)
    assert sqlite_field.world.call("GET", path + "/formList").status == 200
    shown = CliRunner().invoke(command_line(), ["enrol", "ani", "--odk"])
    assert "lokus device revoke" in shown.output


def test_a_midwife_with_two_villages_sends_for_both(field: Field) -> None:
    bidan = field.phone("bidan", Role.BIDAN, [area(DESA), area(OTHER_DESA)])
    assert bidan.get("/formList").status == 200
    assert len(bidan.entity_list("anggota")) == 1


def _account(field: Field, name: str) -> str:
    ((account,),) = field.world.ask(f"SELECT id FROM account WHERE name = '{name}'")
    return str(account)
