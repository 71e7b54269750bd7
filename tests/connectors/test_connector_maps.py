"""Maps of forms that are not ours, and the credentials beside them."""

from pathlib import Path

import pytest

from api.connectors.credentials import read_credentials
from api.connectors.filled import Filled, flat_json
from api.connectors.mapping import read_map
from api.errors import AppError
from api.formats.xform.connected import CREATING, Told, connected_mapping, instance_of
from api.formats.xform.submission import read_instance
from sync.types import Json
from tests.connectors.bench import MAP

CARD = '"kk/nomor" = "keluarga.no_kk"\n'
GOLD = 'l = {field = "keluarga.jenis_lantai_terluas", codes = {1 = "emas"}}'
HEAD = 'desa = "1802212001"\n'


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("desa = [", "TOML"),
        (HEAD, "[questions]"),
        (f"[questions]\n{CARD}", "desa"),
        (f'desa = "18"\n[questions]\n{CARD}', "10 digits"),
        (f"{HEAD}x = 1\n[questions]\n{CARD}", "nobody knows x"),
        (f'{HEAD}[questions]\n{CARD}"a" = "keluarga.tidak_ada"', "keluarga.tidak_ada"),
        (f'{HEAD}[questions]\n{CARD}"a" = "kunjungan.waktu"', "kunjungan.waktu"),
        (f'{HEAD}[questions]\n"a" = "keluarga.luas_lantai"', "which family"),
        (f'{HEAD}[questions]\n{CARD}"b" = "keluarga.no_kk"', "two questions"),
        (f'{HEAD}[questions]\n{CARD}"b/nik" = "anggota.nik"', "members"),
        (f'{HEAD}members = "m"\n[questions]\n{CARD}"b/nik" = "anggota.nik"', "b/nik"),
        (f'{HEAD}unknown = "x"\n[questions]\n{CARD}', "unknown"),
        (f"{HEAD}identity = 3\n[questions]\n{CARD}", "another form"),
        (
            f"{HEAD}[questions]\n{CARD}{GOLD}",
            "no choice emas",
        ),
    ],
)  # fmt: skip
def test_a_map_that_cannot_be_used_says_why(text: str, word: str) -> None:
    with pytest.raises(AppError) as refused:
        read_map(text)
    assert "map cannot be used" in refused.value.detail
    assert word in refused.value.detail


def test_a_group_that_is_fed_in_part_is_warned_of() -> None:
    warned = read_map(MAP).warnings
    assert any(one.startswith("keluarga.alamat is stated without") for one in warned)
    assert not any("no_kk" in one for one in warned)


def test_answers_become_the_register_s_words() -> None:
    mapped = read_map(MAP)
    document: dict[str, Json] = {
        "_id": 1, "kk/nomor": " 180221 ", "rumah/lantai": "2", "rumah/luas": 30,
        "anggota": [{"anggota/nama": "SITI"}, {"anggota/nama": ""}], "_attachments": [{"id": 1}],
    }  # fmt: skip
    answers, rows = flat_json(document)
    filled = Filled("1", "v", b"", answers, rows)
    assert mapped.family(filled) == {
        "no_kk": "180221", "jenis_lantai_terluas": "keramik", "luas_lantai": "30",
    }  # fmt: skip
    assert mapped.persons(filled) == [{"nama": "SITI"}]


def test_choices_of_a_set_are_read_one_by_one() -> None:
    text = (
        f'{HEAD}[questions]\n{CARD}'
        'p = {field = "keluarga.program", codes = {a = "pkh", b = "bpnt"}}'
    )  # fmt: skip
    filled = Filled("1", "v", b"", {"p": "b a"})
    assert read_map(text).family(filled) == {"program": "bpnt pkh"}


def test_a_village_is_read_from_an_answer() -> None:
    text = f'desa = {{question = "d", codes = {{br = "18.02.21.2001"}}}}\n[questions]\n{CARD}'
    mapped = read_map(text)
    assert mapped.village(Filled("1", "v", b"", {"d": "br"})) == "1802212001"
    assert mapped.village(Filled("1", "v", b"", {})) == ""


def test_hostile_text_is_text_in_the_instance() -> None:
    nasty = '</data><x id="1"/>&amp;\x00\x1b\ud800]]>'
    told = Told("i", None, "r", True, {"alamat": nasty}, [{"nama": nasty}])
    instance = read_instance(instance_of(told))
    assert instance.form_id == CREATING
    assert connected_mapping(instance.form_id, instance.version) is not None
    family = instance.root.child("keluarga")
    assert family is not None
    assert family.said("alamat") == '</data><x id="1"/>&amp;]]>'


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    secrets = tmp_path / "token"
    secrets.write_text("rahasia\n")
    secrets.chmod(0o640)
    with pytest.raises(AppError) as refused:
        read_credentials(f"file:{secrets}")
    assert "chmod 600" in refused.value.detail
    secrets.chmod(0o600)
    assert read_credentials(f"file:{secrets}") == ("rahasia",)


def test_credentials_come_from_a_variable_too() -> None:
    assert read_credentials("env:KOBO", {"KOBO": "rahasia"}) == ("rahasia",)
    for broken in ({}, {"KOBO": " "}, {"KOBO": "a\x07"}):
        with pytest.raises(AppError) as refused:
            read_credentials("env:KOBO", broken)
        assert "no credentials" in refused.value.detail
