"""From the government's list to the workbook that the operator uploads, through the real doors.

A DTSEN pair of 62 kampung comes in by the command line; phones of the real client go from house to
house against a server process; a conflict is settled; one village meets, freezes, signs; files come
out. What the README tells is what happens here.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from tests.api.commanding import Ran, Run, command_line
from tests.end_to_end.nursery import nursery
from tests.lists.dtsen_pair import Pair, write_pair
from tests.lists.field_work import Done, play

ROOT = Path(__file__).parents[2]
DESA, PERIOD = "1802212010", "2026-11"
AT = ("--desa", DESA, "--period", PERIOD)
PIN = "482913"
FAMILIES = 1_240
"""Twenty a kampung: enough that the village has two RTs, few enough to be quick."""


@dataclass
class Story:
    """An installation, its command line and its list."""

    run: Run
    folder: Path
    url: str
    pair: Pair

    def done(self, *arguments: str, typed: str = "") -> Ran:
        """A command that has to succeed."""
        ran = self.run(*arguments, typed=typed)
        assert ran.code == 0, ran.err
        return ran

    def bring_in(self, *options: str) -> dict[str, dict[str, int]]:
        """Import the list; what became of its rows."""
        files = (str(self.pair.families), str(self.pair.members))
        where = ("--codes", str(self.pair.codes), "--area", "1802", "--out", str(self.folder))
        told = self.done("import", *files, *where, *options, "--json").json
        return {entity: told[entity] for entity in ("keluarga", "anggota")}


@pytest.fixture
def story(
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Story:
    run = command_line(tmp_path / "data", database_url, monkeypatch, capsys)
    made = Story(run, tmp_path, database_url, write_pair(tmp_path / "lists", families=FAMILIES))
    made.done("migrate")
    made.done("wilayah", "load", str(ROOT / "api/demonstration/wilayah.csv"))
    return made


@contextmanager
def served(story: Story, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server process, at the address that enrolment links name."""
    with nursery(story.url, story.folder / "data") as servers:
        monkeypatch.setenv("LOKUS_PUBLIC_URL", f"http://127.0.0.1:{servers.port}")
        servers.bear()
        yield


def staff(story: Story) -> None:
    for name, role, *rts in (
        ("operator", "operator_desa"),
        ("kepala", "kepala_desa"),
        ("ketua.001", "petugas", "--rt", "001/001"),
        ("ketua.002", "petugas", "--rt", "002/001"),
        ("pendata.002", "petugas", "--rt", "002/001"),
    ):
        story.done("account", "add", name, "--role", role, "--area", DESA, *rts)
    story.done("account", "add", "supervisor", "--role", "supervisor", "--area", "180221")
    story.done("account", "pin", "kepala", typed=f"{PIN}\n")


def field_work(story: Story) -> Done:
    issued = [
        story.done("enrol", name, "--json").json
        for name in ("ketua.001", "ketua.002", "pendata.002")
    ]
    return play([(one["account"], one["link"]) for one in issued], story.folder / "phones")


def settle_conflicts(story: Story) -> int:
    """The first collector's word stands, each time."""
    asked = story.done("conflict", "list", "--desa", DESA, "--json").json
    for page in asked:
        answer = ("--choose", "current", "--reason", "ditemui sendiri")
        story.done("conflict", "resolve", page["summary"]["id"], *answer)
    return len(asked)


def meet_and_sign(story: Story) -> str:
    for rt in ("001/001", "002/001"):
        story.done("round", "rt", *AT, "--rt", rt)
    story.done("round", "step", *AT, "buka_musyawarah")
    who = ("--signed", "Contoh Kepala:kepala kampung", "--signed", "Contoh Satu:ketua RT 001")
    story.done("round", "attend", *AT, "--place", "Balai", "--date", "2026-11-28", *who)
    agenda = story.done("round", "agenda", *AT, "--json").json["agenda"]
    for why in {reason for one in agenda for reason in one["why"] if not one["decision"]}:
        decision = "layak" if why in {"usulan_baru", "menolak"} else "tidak_layak"
        story.done(
            "round", "decide", *AT, "--decision", decision, "--all-of", why,
            "--reason", "disepakati",
        )  # fmt: skip
    assert "Every check is met." in story.done("round", "check", *AT).out
    frozen = story.done("round", "freeze", *AT, "--json").json
    story.done("round", "sign", *AT, "--hash", frozen["hash"], typed=f"{PIN}\n")
    return str(frozen["hash"])


def exported(story: Story, profile: str, folder: str) -> dict[str, bytes]:
    place = story.folder / folder
    story.done("export", profile, *AT, "--out", str(place))
    return {path.name: path.read_bytes() for path in sorted(place.glob("*.xlsx"))}


def test_a_list_becomes_the_workbook_that_the_operator_uploads(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    preview = story.bring_in("--dry-run")
    first = story.bring_in()
    assert first == preview
    assert first["keluarga"]["new"] == FAMILIES - first["keluarga"]["refused"]
    again = story.bring_in()
    for entity, counts in again.items():
        assert (counts["new"], counts["changed"], counts["proposed"]) == (0, 0, 0), entity
        assert counts["same"] == first[entity]["new"]

    staff(story)
    story.done("rt", "assign", "--desa", DESA, "--rt", "001/001", "--address", "dusun")
    opens = (datetime.now(UTC) - timedelta(days=20)).date().isoformat()
    closes = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    window = ("--opens", opens, "--closes", closes, "--profile", "tanpa-foto")
    story.done("period", "add", PERIOD, "--area", "1802", *window)
    story.done("round", "step", *AT, "mulai_verifikasi")
    with served(story, monkeypatch):
        done = field_work(story)
    assert done.disagreed == 1
    assert story.done("quarantine", "list", "--json").json == []
    assert settle_conflicts(story) >= done.disagreed
    signed = meet_and_sign(story)

    usulan = exported(story, "usulan-v4", "usulan")
    assert usulan
    for name in usulan:
        sheet = openpyxl.load_workbook(story.folder / "usulan" / name)["DATA"]
        header, *rows = sheet.iter_rows(values_only=True)
        assert header[0] == "NIK"
        assert "\n" in str(header[5])
        assert rows
        assert all(isinstance(row[0], str) and len(row[0]) == 16 for row in rows)
        assert {row[14] for row in rows} == {"LAMPUNG TENGAH"}
    (receipt,) = [
        one
        for one in map(_read_json, sorted((story.folder / "usulan").glob("resi-*.json")))
        if signed in json.dumps(one)
    ]
    assert receipt

    # What the village signed stays, whatever a newer list says about the present.
    story.pair = write_pair(story.folder / "newer", families=FAMILIES, seed=2027)
    story.bring_in()
    assert exported(story, "usulan-v4", "once-more") == usulan
    printed = story.done("minutes", *AT, "--hash", signed, "--out", "-").out
    assert signed[:4] in printed
    assert "BERITA ACARA" in printed
    assert "Everything fits" in story.done("verify").out


def _read_json(path: Path) -> object:
    return json.loads(path.read_text("utf-8"))
