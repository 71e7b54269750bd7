"""The workbooks in the repository: what they are made of, and that they ask for everything."""

import json

import pytest

from clients.odk.build import FORMS, PLACE, main, workbook
from sync.codes import CODELISTS
from sync.expressions import FUNCTIONS
from sync.policy import FIELDS, FieldClass
from tests.odk.conftest import Examined
from tests.odk.trees import read_tree

# A family's house and origin are other records' ids; nobody can know them at the door.
NOT_ASKED = {"keluarga": {"bangunan", "asal"}, "anggota": set[str]()}


@pytest.mark.parametrize("name", FORMS)
def test_a_workbook_is_its_source_byte_for_byte(name: str) -> None:
    assert (PLACE / f"{name}.xlsx").read_bytes() == workbook(name)


def test_one_command_builds_them_all(tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("forms")
    assert main([str(place)]) == 0
    assert sorted(path.stem for path in place.iterdir()) == sorted(FORMS)


def test_verification_asks_for_every_field_that_a_collector_can_see(examined: Examined) -> None:
    mapping = examined("verifikasi_keluarga").checked.mapping
    for entity, left_out in NOT_ASKED.items():
        fed = {feed.name for _, feed in mapping.fed(entity)} | {"lintang", "bujur", "akurasi_m"}
        open_ = {
            name
            for name, field in FIELDS[entity].items()
            if field.field_class is not FieldClass.SERVER
        }
        assert open_ - left_out <= fed


@pytest.mark.parametrize("name", FORMS)
def test_everything_is_said_in_both_languages(name: str, examined: Examined) -> None:
    form = json.loads(examined(name).compact)
    assert form["languages"] == ["id", "en"]
    said = [question["label"] for question in questions(form["pages"])]
    said += [choice["label"] for listed in form["choices"].values() for choice in listed]
    said += [node["constraint_message"] for node in form["nodes"] if "constraint_message" in node]
    assert said
    for label in said:
        # Pyxform writes a dash where a translation is missing.
        assert label["id"] not in ([], ["-"])
        assert label["en"] not in ([], ["-"])


@pytest.mark.parametrize("name", FORMS)
def test_choices_are_the_registers_own_in_its_order(name: str, examined: Examined) -> None:
    choices = json.loads(examined(name).compact)["choices"]
    for listed, codelist in CODELISTS.items():
        if listed in choices:
            told = [(one["name"], *one["label"]["id"]) for one in choices[listed]]
            codes = [(code.slug, code.label_id) for code in codelist.codes]
            assert told[: len(codes)] == codes
            assert [one[0] for one in told[len(codes) :]] in ([], ["tidak_ada"])


@pytest.mark.parametrize("name", FORMS)
def test_whoever_breaks_a_constraint_is_told_what_is_right(name: str, examined: Examined) -> None:
    form = json.loads(examined(name).compact)
    asked = {question["path"] for question in questions(form["pages"])}
    for node in form["nodes"]:
        if node["path"] in asked and "constraint" in node:
            assert "constraint_message" in node, node["path"]


@pytest.mark.parametrize("name", FORMS)
def test_a_form_names_the_functions_that_it_calls(name: str, examined: Examined) -> None:
    functions = json.loads(examined(name).compact)["functions"]
    assert set(functions) <= set(FUNCTIONS)
    assert {"concat", "regex"} <= set(functions) or {"if", "today"} <= set(functions)


@pytest.mark.parametrize("name", FORMS)
def test_every_expression_of_the_compact_form_reads_back(name: str, examined: Examined) -> None:
    form = json.loads(examined(name).compact)
    for node in form["nodes"]:
        for key in ("relevant", "required", "constraint", "calculate"):
            if key in node and node[key] is not True:
                read_tree(node[key])


def test_only_the_newer_variant_needs_the_newer_specification(examined: Examined) -> None:
    told = {name: examined(name).checked.mapping.entities_version for name in FORMS}
    assert told == {
        "verifikasi_keluarga": "2024.1",
        "verifikasi_keluarga_2025": "2025.1",
        "usulan_keluarga_baru": "2024.1",
        "pengukuran_balita": None,
        "rt_selesai": None,
    }
    assert any("KoboCollect" in one for one in examined("verifikasi_keluarga_2025").warnings)


def test_a_new_family_can_be_followed_up_offline(examined: Examined) -> None:
    (listed,) = examined("usulan_keluarga_baru").checked.mapping.lists
    assert listed.name == "keluarga"
    assert b'src="jr://file-csv/keluarga.csv"' in examined("usulan_keluarga_baru").xml


def questions(pages: list[dict[str, object]]) -> list[dict[str, dict[str, list[object]]]]:
    found: list[dict[str, dict[str, list[object]]]] = []
    for page in pages:
        found += questions(page.get("pages", []))  # type: ignore[arg-type]  # JSON
        found += page.get("questions", [])  # type: ignore[arg-type]  # JSON
    return found
