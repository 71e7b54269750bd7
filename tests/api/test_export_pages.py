"""The office's pages of files out and tasks: what a person without JavaScript sees and does."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest

from api.services.accounts import NewAccount, add_account, hashed
from sync.permission import Role
from tests.api.calling import Answer
from tests.api.exporting import NIK, an_answer, signed_village
from tests.api.rounds import DESA, KECAMATAN, PERIOD, Village
from tests.api.village import OTHER_DESA
from tests.api.world import JSON, area

PASSWORD = "empat kata acak sekali"
HTML = {"accept": "text/html"}


@dataclass
class Browser:
    """Somebody signed in, who fills in forms."""

    village: Village
    cookie: str
    form: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def get(self, path: str) -> Answer:
        answer = self.village.world.call("GET", path, b"", {**HTML, "cookie": self.cookie})
        found = re.search(r'name="form" value="([^"]+)"', answer.body.decode("utf-8", "replace"))
        self.form = found[1] if found else self.form
        return answer

    def text(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status == 200, answer.body
        return answer.body.decode()

    def send(self, path: str, **fields: str) -> Answer:
        body = urlencode({"form": self.form, **fields}).encode()
        headers = {
            **HTML, "cookie": self.cookie, "content-type": "application/x-www-form-urlencoded",
        }  # fmt: skip
        return self.village.world.call("POST", path, body, headers)

    def upload(self, path: str, content: bytes) -> Answer:
        lines = [
            b"--b", b'Content-Disposition: form-data; name="form"', b"", self.form.encode(),
            b"--b", b'Content-Disposition: form-data; name="berkas"; filename="hasil.csv"',
            b"Content-Type: text/csv", b"", content, b"--b--", b"",
        ]  # fmt: skip
        headers = {**HTML, "cookie": self.cookie,
                   "content-type": "multipart/form-data; boundary=b"}  # fmt: skip
        return self.village.world.call("POST", path, b"\r\n".join(lines), headers)


def signed_in(village: Village, name: str, role: Role, *, code: str = DESA) -> Browser:
    world = village.world
    act = world.act()
    new = NewAccount(name, role, (area(code),), password_hash=hashed(PASSWORD, act))
    with world.database.writing() as session:
        add_account(session, new, act)
    body = json.dumps({"name": name, "password": PASSWORD}).encode()
    answer = world.call("POST", "/v1/sessions", body, JSON)
    assert answer.status == 201, answer.body
    return Browser(village, answer.headers["set-cookie"].split(";")[0])


@pytest.fixture
def village(sqlite_url: str, tmp_path: Path) -> Iterator[Village]:
    with signed_village(sqlite_url, tmp_path / "data") as found:
        yield found


@pytest.fixture
def operator(village: Village) -> Browser:
    return signed_in(village, "kantor", Role.OPERATOR_DESA)


ASKED = {"profil": "usulan-v4", "wilayah": DESA, "periode": PERIOD}


def made(browser: Browser, **fields: str) -> str:
    """Make files by the form; where their page is."""
    browser.get("/kantor/ekspor")
    answer = browser.send("/kantor/ekspor", **(ASKED | {"langkah": "buat"} | fields))
    assert answer.status == 303, answer.body.decode()
    return answer.headers["location"]


def test_the_story_of_a_file_in_a_browser(village: Village, operator: Browser) -> None:
    """Checked, made, downloaded, uploaded, answered, and a task done."""
    assert "/kantor/ekspor" in operator.text("/kantor")
    first = operator.text("/kantor/ekspor")
    assert f'value="{DESA}"' in first
    assert "Belum ada berkas." in first
    checked = operator.send("/kantor/ekspor", **ASKED, langkah="periksa").body.decode()
    assert "2 baris akan ditulis, 0 ditinggalkan." in checked
    assert village.world.count("export") == 0
    place = made(operator)
    shown = operator.text(place)
    (link,) = re.findall(r'href="(/v1/exports/[^"]+/files/0)"', shown)
    assert operator.get(link).body[:2] == b"PK"
    assert operator.send(f"{place}/status", status="diunggah", catatan="siang").status == 303
    assert "Diunggah" in operator.text(place)
    read = operator.upload(f"{place}/hasil", an_answer((NIK, "PBI", "Ditolak", "tidak padan")))
    assert "1 baris ditemukan, 1 jawaban baru, 1 tugas" in read.body.decode()
    todo = operator.text("/kantor/tugas")
    assert "tidak padan" in todo
    (action,) = re.findall(r'action="(/kantor/tugas/[^"]+/selesai)"', todo)
    assert operator.send(action, catatan="sudah dicek").status == 303
    assert operator.send(action, catatan="lagi").status == 303
    assert "Tidak ada tugas." in operator.text("/kantor/tugas")


def test_pages_speak_english_too_and_keep_it(operator: Browser) -> None:
    place = made(operator)
    for path in ("/kantor/ekspor", place, "/kantor/tugas"):
        assert '<html lang="en">' in operator.text(f"{path}?lang=en")
    assert 'href="/kantor/ekspor?lang=en"' in operator.text(f"{place}?lang=en")


def test_a_refusal_is_said_on_the_page_and_what_was_typed_stays(operator: Browser) -> None:
    operator.get("/kantor/ekspor")
    answer = operator.send("/kantor/ekspor", **(ASKED | {"periode": "2031-01"}), langkah="buat")
    assert answer.status == 409
    assert "Desa ini belum disahkan" in answer.body.decode()
    assert 'value="2031-01"' in answer.body.decode()


def test_a_file_that_is_no_answer_is_refused_on_the_page(operator: Browser) -> None:
    place = made(operator)
    operator.get(place)
    answer = operator.upload(f"{place}/hasil", b"a,b\n")
    assert answer.status == 422
    assert "8 columns" in answer.body.decode()
    refused = operator.send(f"{place}/status", status="diterima")
    assert (refused.status, 'role="alert"' in refused.body.decode()) == (422, True)


def test_a_form_from_elsewhere_changes_nothing(village: Village, operator: Browser) -> None:
    place = made(operator)
    operator.form = "falsch"
    for path, fields in (
        ("/kantor/ekspor", ASKED), (f"{place}/status", {"status": "diunggah"}),
    ):  # fmt: skip
        assert operator.send(path, **fields).problem == "csrf-missing"
    assert operator.upload(f"{place}/hasil", an_answer((NIK, "PBI", "x"))).problem == "csrf-missing"
    assert village.world.ask("SELECT state FROM export") == [("diunduh",)]


def test_a_stranger_is_asked_to_sign_in(village: Village) -> None:
    stranger = Browser(village, "")
    for path in ("/kantor/ekspor", "/kantor/tugas"):
        assert "sandi" in stranger.get(path).body.decode()


def test_another_village_sees_neither_files_nor_tasks(village: Village, operator: Browser) -> None:
    place = made(operator)
    operator.get(place)
    operator.upload(f"{place}/hasil", an_answer((NIK, "PBI", "Ditolak")))
    neighbour = signed_in(village, "tetangga", Role.OPERATOR_DESA, code=OTHER_DESA)
    assert "Belum ada berkas." in neighbour.text("/kantor/ekspor")
    assert "Tidak ada tugas." in neighbour.text("/kantor/tugas")
    assert neighbour.get(place).status == 404
    head = signed_in(village, "kepala", Role.KEPALA_DESA)
    assert head.get("/kantor/ekspor").status == 403
    assert "Ditolak" in head.text("/kantor/tugas")


def test_a_kecamatan_is_asked_for_by_its_code(village: Village) -> None:
    supervisor = signed_in(village, "camat", Role.SUPERVISOR, code=KECAMATAN)
    supervisor.get("/kantor/ekspor")
    answer = supervisor.send(
        "/kantor/ekspor", profil="rekap-bupati", wilayah="18.02.21", periode=PERIOD,
        langkah="periksa",
    )  # fmt: skip
    assert f"Belum disahkan, jadi tidak ikut: {OTHER_DESA}" in answer.body.decode()


def test_a_draft_is_marked_on_its_page(operator: Browser) -> None:
    place = made(operator, draf="1")
    shown = operator.text(place)
    assert "Ini draf dari data yang belum disahkan" in shown
    assert "status" not in re.findall(r'action="([^"]+)"', shown)
