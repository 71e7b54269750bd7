"""The command line: a day in the field, in two languages."""

import json
from pathlib import Path

import pytest
from lokus_client import InvalidEdit
from lokus_client.assignments import read_change
from lokus_client.cli import app
from lokus_client.enrolment import read_code
from lokus_client.fieldtable import FieldTable
from lokus_client.texts import problem, say, why
from typer.testing import CliRunner

from tests.clients.test_overlay import TABLE
from tests.clients.world import DESA, World, family


class Terminal:
    """Runs commands on the store of one phone."""

    def __init__(self, store: Path) -> None:
        self.store = store

    def run(self, *words: str, exit_code: int = 0) -> str:
        """What a command prints, errors included."""
        environment = {"LOKUS_CLIENT_STORE": str(self.store), "COLUMNS": "120"}
        result = CliRunner().invoke(app, list(words), env=environment)
        assert result.exit_code == exit_code, result.output
        return result.output


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    world = World(tmp_path)
    phone, _ = world.enrolled("ani")
    home = family(phone, "Siti Aminah", no_kk="1802210101010001")
    phone.create("anggota", {"nama": "Rani", "nik": "1802214101010002"}, parent=home)
    phone.offer(DESA, {"kind": "set", "entity": "keluarga", "id": home, "set": {"atap2": "x"}})
    phone.sync()
    phone.close()
    return Terminal(tmp_path / "ani.db")


def test_a_list_shows_families_with_members_and_cuts_the_numbers(terminal: Terminal) -> None:
    shown = terminal.run("list")
    assert "Siti Aminah" in shown
    assert "Rani" in shown
    assert "…0001" in shown
    assert "1802210101010001" not in shown
    assert "Wayan" not in terminal.run("list", "--search", "wayan")


def test_one_record_is_shown_whole(terminal: Terminal) -> None:
    home = json.loads(terminal.run("list", "--json", "--search", "siti"))[0]["id"]
    shown = terminal.run("show", home[-8:])
    assert "1802210101010001" in shown
    assert "Rani" in shown


def test_edits_are_saved_without_a_link(terminal: Terminal) -> None:
    home = json.loads(terminal.run("list", "--json", "--search", "siti"))[0]["id"]
    saved = terminal.run("edit", home, "luas_lantai=54", "program+=pkh,bpnt")
    assert "Menunggu dikirim: 1" in saved
    terminal.run("add-member", home, "nama=Budi")
    terminal.run("visit", home, "catatan=bertemu ibu")
    terminal.run("add-family", "nama_kepala_keluarga=Wayan", "rt=003", "rw=001")
    fields = json.loads(terminal.run("show", home, "--json"))["fields"]
    assert (fields["luas_lantai"], fields["program"]) == (54, ["bpnt", "pkh"])
    assert json.loads(terminal.run("status", "--json"))["unsent"] == 4
    assert "●" in terminal.run("list")


def test_members_move_are_measured_and_closed(terminal: Terminal) -> None:
    child = json.loads(terminal.run("list", "--json", "--search", "rani"))[0]["id"]
    terminal.run("add-family", "nama_kepala_keluarga=Wayan", "rt=003", "rw=001")
    other = json.loads(terminal.run("list", "--json", "--search", "wayan"))[0]["id"]
    terminal.run("measure", child, "berat_kg=11,5")
    terminal.run("move", child, other)
    terminal.run("end", child, "pindah", "--date", "2026-11-02", "--with", "target=Metro")
    shown = json.loads(terminal.run("show", child, "--json"))
    assert (shown["parent"], shown["ended"]) == (other, "pindah")


def test_status_tells_what_is_held_back_and_why(terminal: Terminal) -> None:
    assert "kolom tidak dikenal (unknown-field): atap2" in terminal.run("status")
    assert "unknown field (unknown-field): atap2" in terminal.run("status", "--lang", "en")
    assert "RT 003/001" in terminal.run("status")


def test_mistakes_are_one_sentence_and_exit_code_1(terminal: Terminal, tmp_path: Path) -> None:
    assert "Tidak ada data" in terminal.run("show", "zzzzzzzz", exit_code=1)
    home = json.loads(terminal.run("list", "--json", "--search", "siti"))[0]["id"]
    assert "atap2" in terminal.run("edit", home, "atap2=x", exit_code=1)
    assert "FIELD=VALUE" in terminal.run("edit", home, "atap2", exit_code=1)
    unknown = Terminal(tmp_path / "new.db")
    assert "belum terdaftar" in unknown.run("sync", exit_code=1)
    assert "--server" in unknown.run("enrol", "ABCDE12345", exit_code=1)


def test_the_outbox_goes_into_a_file_and_back(terminal: Terminal, tmp_path: Path) -> None:
    bundle = tmp_path / "outbox.jsonl"
    assert "3" in terminal.run("export-outbox", str(bundle))
    assert bundle.stat().st_mode & 0o077 == 0
    assert "0" in terminal.run("import-outbox", str(bundle))


@pytest.mark.parametrize(
    ("given", "server", "code"),
    [
        (" abcde-12345 ", None, "ABCDE12345"),
        ("https://lokus.example/enrol#ABCDE12345", "https://lokus.example", "ABCDE12345"),
        ("http://127.0.0.1:8000/enrol?code=abcde12345", "http://127.0.0.1:8000", "ABCDE12345"),
        ("https://kab.example/lokus/enrol#code=ABCDE", "https://kab.example/lokus", "ABCDE"),
    ],
)
def test_a_link_is_taken_where_a_code_is(given: str, server: str | None, code: str) -> None:
    assert read_code(given) == (server, code)


def test_typed_values_become_what_their_field_holds() -> None:
    change = read_change(TABLE, "anggota", ["hamil=ya", "nama=Rani = Contoh", "nik=", "x-=a, b"])
    assert change.assigned == {"hamil": True, "nama": "Rani = Contoh", "nik": None}
    assert change.removed == {"x": ["a", "b"]}
    assert read_change(TABLE, "keluarga", ["luas_lantai=54", "program=pkh"]).assigned == {
        "luas_lantai": 54,
        "program": ["pkh"],
    }
    for typed in ("hamil=mungkin", "nama"):
        with pytest.raises(InvalidEdit):
            read_change(TABLE, "anggota", [typed])
    with pytest.raises(InvalidEdit):
        read_change(TABLE, "keluarga", ["luas_lantai=besar"])
    assert read_change(FieldTable(), "keluarga", ["apa=saja"]).assigned == {"apa": "saja"}


def test_codes_of_later_servers_are_said_as_they_are() -> None:
    assert problem("id", "kode-baru") == "kode-baru"
    assert why("en", "kode-baru", "detail") == "kode-baru detail"
    assert say("en", "agrees") == "agrees"
