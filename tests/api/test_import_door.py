"""Lists over the wire: upload, preview, confirm; nothing of a client's becomes a path."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from api.routes import imports as door
from api.services.import_jobs import ALIVE_WITHIN
from api.services.import_shelf import KEPT_FOR
from models.queries import imports
from sync.permission import Role
from tests.api.calling import Answer
from tests.api.office import DESA, OTHER_DESA
from tests.api.small_lists import Household, write_pair
from tests.api.village import Desk, assert_sound, audited, desk
from tests.api.world import World, serving

KECAMATAN = "180221"


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with serving(database_url, tmp_path / "data") as opened:
        yield opened


@dataclass
class Uploader:
    """Somebody who brings lists in."""

    desk: Desk

    def send(self, target: str, body: bytes = b"", **headers: str) -> Answer:
        device = self.desk.device
        return device.world.call("POST", target, body, device.headers(**headers))

    def upload(self, file: Path, area: str = KECAMATAN, name: str = "") -> dict[str, Any]:
        shown = quote(name or file.name)
        answer = self.send(f"/v1/imports?area={area}&name={shown}", file.read_bytes())
        assert answer.status == 201, answer
        return answer.json()

    def add(self, import_id: str, file: Path) -> Answer:
        return self.send(f"/v1/imports/{import_id}/files?name={file.name}", file.read_bytes())

    def pair(self, folder: Path, *households: Household, area: str = KECAMATAN) -> str:
        """Both halves of a list; the import's id."""
        families, members = write_pair(folder, *households)
        import_id: str = self.upload(families, area)["id"]
        assert self.add(import_id, members).status == 201
        return import_id

    def steps(self, import_id: str, step: str) -> list[dict[str, Any]]:
        answer = self.send(f"/v1/imports/{import_id}/{step}")
        assert answer.status == 200, answer
        assert answer.headers["content-type"] == "application/x-ndjson"
        return [json.loads(line) for line in answer.wire.splitlines()]

    def read(self, import_id: str) -> dict[str, Any]:
        return self.desk.read(f"/v1/imports/{import_id}")


@pytest.fixture
def sari(world: World) -> Uploader:
    return Uploader(desk(world))


def test_a_list_is_uploaded_previewed_and_confirmed(
    world: World, sari: Uploader, tmp_path: Path
) -> None:
    import_id = sari.pair(tmp_path, Household(1), Household(2, OTHER_DESA))
    assert sari.read(import_id)["state"] == "uploaded"
    *steps, last = sari.steps(import_id, "preview")
    assert last["report"]["keluarga"]["new"] == 2
    assert [step["families_done"] for step in steps] == [0, 1, 2]
    assert steps[0]["list"] == "dtsen_2026"
    assert world.count("record") == 0
    assert sari.read(import_id)["preview"] == last["report"]
    *_, last = sari.steps(import_id, "confirm")
    assert last["report"]["keluarga"]["new"] == 2
    told = sari.read(import_id)
    assert (told["state"], told["families_done"], told["families_all"]) == ("done", 2, 2)
    assert told["report"] == last["report"]
    assert world.count("record") == 4
    assert [line["id"] for line in sari.desk.read("/v1/imports")["imports"]] == [import_id]
    assert [entry["area"] for entry in audited(world, "list-confirmed")] == [KECAMATAN]
    assert_sound(world)


def test_uploads_lie_under_names_of_our_own_and_go_when_the_import_is_done(
    world: World, sari: Uploader, tmp_path: Path
) -> None:
    families, members = write_pair(tmp_path, Household(1))
    nasty = "../../etc/pa\u202esswd\x00/.. .csv"
    import_id = sari.upload(families, name=nasty)["id"]
    sari.add(import_id, members)
    folder = world.settings.data_dir / "imports" / import_id
    stored = sorted(path.name for path in folder.iterdir())
    assert len(stored) == 2
    assert all(name.isalnum() for name in stored)
    shown = sari.read(import_id)["files"][0]["name"]
    assert "/" not in shown
    assert ".." not in shown
    sari.steps(import_id, "preview")
    sari.steps(import_id, "confirm")
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert list((world.settings.data_dir / "uploads").iterdir()) == []


def test_a_list_is_confirmed_after_its_preview_and_once(sari: Uploader, tmp_path: Path) -> None:
    import_id = sari.pair(tmp_path, Household(1))
    assert sari.send(f"/v1/imports/{import_id}/confirm").problem == "import-not-ready"
    sari.steps(import_id, "preview")
    sari.steps(import_id, "confirm")
    assert sari.send(f"/v1/imports/{import_id}/confirm").problem == "already-decided"
    assert sari.add(import_id, tmp_path / "anggota.csv").problem == "already-decided"


def test_refused_rows_come_back_as_a_file_with_reasons(
    world: World, sari: Uploader, tmp_path: Path
) -> None:
    import_id = sari.pair(tmp_path, Household(1), Household(2, "1871012001"))
    *_, last = sari.steps(import_id, "preview")
    assert last["report"]["keluarga"]["refused"] == 1
    files = last["report"]["refused_files"]
    assert len(files) == 2
    answer = sari.desk.get(f"/v1/imports/{import_id}/refused/0")
    assert answer.status == 200
    assert "alasan_ditolak" in answer.body.decode("utf-8-sig").splitlines()[0]
    assert answer.headers["content-disposition"].startswith("attachment")
    assert sari.desk.get(f"/v1/imports/{import_id}/refused/2").problem == "not-found"
    assert len(audited(world, "refused-rows-read")) == 1


def test_what_is_no_list_is_told_in_the_last_line(sari: Uploader, tmp_path: Path) -> None:
    picture = tmp_path / "foto.csv"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    import_id = sari.upload(picture)["id"]
    (last,) = sari.steps(import_id, "preview")
    assert last["problem"]["type"] == "list-unreadable"
    assert sari.read(import_id)["state"] == "uploaded"


def test_one_import_works_on_an_area_at_a_time_until_it_shows_no_more_life(
    world: World, sari: Uploader, tmp_path: Path
) -> None:
    first = sari.pair(tmp_path, Household(1))
    second = sari.pair(tmp_path, Household(1), area=DESA)
    for import_id in (first, second):
        sari.steps(import_id, "preview")
    with world.database.writing() as session:
        imports.change_import(session, first, world.clock.now(), state=imports.RUNNING)
    refused = sari.send(f"/v1/imports/{second}/confirm")
    assert refused.problem == "import-running"
    assert refused.json()["other"] == first
    assert sari.send(f"/v1/imports/{first}/confirm").problem == "import-running"
    world.clock.advance(ALIVE_WITHIN + timedelta(seconds=1))
    *_, last = sari.steps(first, "confirm")
    assert last["report"]["keluarga"]["new"] == 1
    *_, last = sari.steps(second, "confirm")
    assert last["report"]["keluarga"]["same"] == 1


def test_an_import_goes_on_when_nobody_listens(
    world: World, sari: Uploader, tmp_path: Path
) -> None:
    import_id = sari.pair(tmp_path, *(Household(n) for n in range(1, 5)))
    sari.steps(import_id, "preview")
    world.caller.hangs_up = True
    sari.send(f"/v1/imports/{import_id}/confirm")
    world.caller.hangs_up = False
    for thread in threading.enumerate():
        if thread.name == "import":
            thread.join()
    assert sari.read(import_id)["state"] == "done"
    assert world.count("record") == 8


def test_lists_of_another_area_are_not_there(world: World, sari: Uploader, tmp_path: Path) -> None:
    import_id = sari.pair(tmp_path, Household(1))
    village = Uploader(desk(world, "dewi", code=DESA))
    for answer in (
        village.desk.get(f"/v1/imports/{import_id}"),
        village.send(f"/v1/imports/{import_id}/preview"),
        village.send(f"/v1/imports/{import_id}/files?name=x", b"x"),
        village.send(f"/v1/imports?area={KECAMATAN}", b"x"),
        village.send("/v1/imports?area=99", b"x"),
    ):
        assert answer.problem == "not-found"
    assert village.desk.read("/v1/imports")["imports"] == []


def test_whoever_may_not_import_uploads_nothing(world: World) -> None:
    ani = Uploader(desk(world, "ani", Role.OPERATOR_DESA))
    assert ani.send(f"/v1/imports?area={KECAMATAN}", b"x" * 1000).problem == "not-permitted"
    stranger = world.call("POST", f"/v1/imports?area={KECAMATAN}", b"x", {})
    assert stranger.problem == "unauthorised"
    assert not (world.settings.data_dir / "uploads").exists()


def test_a_body_beyond_the_limit_leaves_nothing_behind(world: World, sari: Uploader) -> None:
    huge = {"content-length": str(door.FILE_BYTES_MAX + 1)}
    device = sari.desk.device
    target = f"/v1/imports?area={KECAMATAN}"
    answer = world.call("POST", target, b"x", {**device.headers(), **huge})
    assert answer.problem == "payload-too-large"
    packed = world.call("POST", target, b"x", device.headers(content_encoding="gzip"))
    assert packed.problem == "encoding-unknown"
    uploads = world.settings.data_dir / "uploads"
    assert not uploads.exists() or list(uploads.iterdir()) == []


def test_an_import_that_was_given_up_leaves_no_file(
    world: World, sari: Uploader, tmp_path: Path
) -> None:
    import_id = sari.pair(tmp_path, Household(1))
    device = sari.desk.device
    gone = world.call("DELETE", f"/v1/imports/{import_id}", b"", device.headers())
    assert gone.status == 204
    assert not (world.settings.data_dir / "imports" / import_id).exists()
    assert sari.send(f"/v1/imports/{import_id}/preview").problem == "import-not-ready"


def test_what_nobody_asked_for_in_a_fortnight_is_swept_away(
    world: World, sari: Uploader, tmp_path: Path
) -> None:
    import_id = sari.pair(tmp_path, Household(1))
    world.clock.advance(KEPT_FOR + timedelta(hours=1))
    sari.pair(tmp_path, Household(2))
    assert not (world.settings.data_dir / "imports" / import_id).exists()
    assert sari.read(import_id)["files"] == []
