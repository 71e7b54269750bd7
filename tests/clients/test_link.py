"""What a link and a server may answer that is no answer, and what a phone makes of it."""

from pathlib import Path

import httpx
import pytest
from lokus_client import InvalidEdit, Phone, StoreFailed
from lokus_client.agreement import DIGESTS_PER_SYNC_MAX
from typing_extensions import override

from tests.clients.doubled_routes import body_of
from tests.clients.world import DESA, Link, World, family


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


class Portal(Link):
    """Somebody else's page in place of the server's answer."""

    status = 200
    headers: dict[str, str] = {}  # noqa: RUF012  # replaced, never written to
    content = b"<html>Selamat datang di WiFi gratis</html>"
    is_in_the_way = False

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_in_the_way:
            return httpx.Response(self.status, content=self.content, headers=self.headers)
        return super().handle_request(request)


@pytest.mark.parametrize(
    ("status", "content", "code"),
    [
        (200, b"<html>Selamat datang</html>", "offline"),
        (200, b"[]", "offline"),
        (200, b'{"acked":1', "offline"),
        (500, b"", "offline"),
        (408, b"", "offline"),
        (302, b"", "http-302"),
        (418, b"", "http-418"),
        (426, b'{"type":"protocol-too-old","status":426}', "protocol-too-old"),
        (409, b'{"type":"https://lokus.test/problems/cursor-ahead"}', "cursor-ahead"),
    ],
)
def test_what_is_no_answer_acknowledges_nothing(
    world: World, status: int, content: bytes, code: str
) -> None:
    phone, _ = world.enrolled("ani")
    phone.close()
    link = Portal(world.routes, world.clock)
    phone = world.open("ani", link)
    family(phone)
    link.is_in_the_way, link.status, link.content = True, status, content
    assert phone.sync().code == code
    assert phone.status().unsent == 1
    link.is_in_the_way = False
    assert phone.sync().code == "ok"
    assert phone.status().unsent == 0


def test_a_server_that_asks_for_an_hour_is_left_alone(world: World) -> None:
    phone, _ = world.enrolled("ani")
    phone.close()
    link = Portal(world.routes, world.clock)
    phone = world.open("ani", link)
    link.is_in_the_way, link.status, link.headers = True, 503, {"Retry-After": "3600"}
    report = phone.sync()
    assert (report.code, report.requests) == ("busy", 1)


def test_an_answer_that_acknowledges_nothing_ends_the_session(world: World) -> None:
    phone, link = world.enrolled("ani")
    family(phone)
    world.routes.boasts_of = -5
    assert phone.sync().code == "no-progress"
    assert len(link.sent) == 1


def test_a_full_storage_is_said_and_nothing_is_half_stored(world: World) -> None:
    phone, _ = world.enrolled("ani")
    phone.close()
    phone = world.open("ani", world.link())
    phone.limit_storage(pages=1)
    with pytest.raises(StoreFailed):
        fill(phone)
    assert len(phone.operations()) == phone.status().unsent
    phone.limit_storage(pages=2**30)
    assert phone.sync().code == "ok"


def test_receipts_are_kept(world: World) -> None:
    phone, _ = world.enrolled("ani")
    for _ in range(2):
        family(phone)
        phone.sync()
    newest, oldest = phone.receipts()
    assert (newest.acked, oldest.acked) == (2, 1)
    assert newest.code in world.routes.receipts
    assert phone.status().last_receipt == newest


def test_days_are_checked_before_they_are_frozen(world: World) -> None:
    phone, _ = world.enrolled("ani")
    home = family(phone)
    for observed in ("3 November", "2026-11-31", "20261103"):
        with pytest.raises(InvalidEdit):
            phone.edit("keluarga", home, {"luas_lantai": 3}, observed=observed)
    with pytest.raises(InvalidEdit):
        phone.end("keluarga", home, "salah", "kemarin")
    with pytest.raises(InvalidEdit):
        phone.end("keluarga", home, "hilang", "2026-11-03")
    assert phone.status().unsent == 1


def test_a_village_of_many_rts_takes_turns_with_its_digests(world: World) -> None:
    phone, link = world.enrolled("bidan", {DESA: None})
    for number in range(DIGESTS_PER_SYNC_MAX + 10):
        family(phone, rt=f"{number:03}/001")
    phone.sync()
    sent: set[str] = set()
    for _ in range(2):
        link.start_afresh()
        phone.sync()
        told = body_of(link.sent[0])["digest"]
        assert len(told) <= DIGESTS_PER_SYNC_MAX
        sent |= told.keys()
    assert len(sent) == DIGESTS_PER_SYNC_MAX + 10
    assert {each.verdict for each in phone.status().agreements} == {"agrees"}


def test_labels_and_limits_can_be_asked_for_anew(world: World) -> None:
    phone, link = world.enrolled("ani")
    assert phone.refresh_manifest()
    assert not phone.refresh_manifest()
    assert link.paths == ["/v1/manifest"] * 2


def fill(phone: Phone) -> None:
    """Capture families until the storage refuses."""
    for number in range(10_000):
        family(phone, f"Keluarga {number}")
