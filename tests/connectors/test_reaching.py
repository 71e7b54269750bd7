"""A connector goes where it may, and nowhere else."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from api.connectors import reaching
from api.connectors.addresses import AllowList, Unreachable, address_of, place_of
from api.connectors.reaching import PinnedTransport, Reach, SlowDown, TooLarge

HOST = "kf.kobo.example"
ALLOWED = AllowList.of([HOST], ["kobo.lan"])

# Every way to write an address that is not the open network's: what a resolver gives back.
INSIDE = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.0.0.1", "10.255.255.255", "172.16.0.1",
    "172.31.255.255", "192.168.0.1", "192.168.255.255", "100.64.0.1", "100.127.255.255",
    "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
    "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::10.0.0.1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1", "::ffff:c0a8:1", "64:ff9b::7f00:1",
    "64:ff9b::a00:1", "64:ff9b::192.168.0.1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::",
    "2002:c0a8:1::1", "2001:0:4136:e378:8000:63bf:80ff:fffe", "2001:db8::1", "100::1", "fc00::1",
    "fd00::1", "fdff:ffff::1", "fec0::1", "ff02::1", "ff0e::1",
]  # fmt: skip
METADATA = [
    "169.254.169.254", "169.254.0.1", "169.254.170.2", "100.100.100.200", "fe80::1",
    "fe80::1%eth0", "febf::1", "fd00:ec2::254", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "::169.254.169.254",
]  # fmt: skip
# Spellings of 127.0.0.1 and 169.254.169.254 that a C library reads as addresses.
SPELLED = [
    "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001",
    "0x7f.1", "2852039166", "0xa9fea9fe", "169.16689662", "0251.0376.0251.0376",
]  # fmt: skip
ODD = [
    "ftp://kf.kobo.example/", "file:///etc/passwd", "gopher://kf.kobo.example/", "kf.kobo.example",
    "https://", "https:///data", "https://kf.kobo.example@127.0.0.1/", "https://u:p@kf.kobo.example/",
    "https://kf.kobo.example:99999/", "https://kf.kobo.example:x/", "https://evil.example/",
    "https://kf.kobo.example.evil.example/", "https://evilkf.kobo.example/", "https://kf.kobo.example%00/",
    "https://kf.kobo.example%2eevil.example/", "https://evil.example\\@kf.kobo.example/",
    "https://kf。kobo。example/", "https://[::1]/", "https://127.0.0.1/", "https://localhost/",
    "http://kf.kobo.example/", "https://kf.kobo.exampIe/",
]  # fmt: skip


def resolved(*addresses: str) -> str:
    return address_of(place_of(f"https://{HOST}/", ALLOWED), ALLOWED, lambda _h, _p: [*addresses])


@pytest.mark.parametrize("address", [*INSIDE, *METADATA])
def test_a_host_that_lies_inside_is_refused(address: str) -> None:
    with pytest.raises(Unreachable):
        resolved(address)


@pytest.mark.parametrize("spelled", SPELLED)
def test_an_address_in_another_spelling_is_what_it_means(spelled: str) -> None:
    allowed = AllowList.of([spelled])
    place = place_of(f"https://{spelled}/", allowed)
    with pytest.raises(Unreachable):
        address_of(place, allowed, lambda host, _p: [socket.inet_ntoa(socket.inet_aton(host))])


@pytest.mark.parametrize("address", METADATA)
def test_where_clouds_answer_their_machines_is_refused_even_inside(address: str) -> None:
    place = place_of("http://kobo.lan/", ALLOWED)
    with pytest.raises(Unreachable):
        address_of(place, ALLOWED, lambda _h, _p: [address])


@pytest.mark.parametrize("url", ODD)
def test_an_address_that_is_not_plainly_the_host_is_refused(url: str) -> None:
    with pytest.raises(Unreachable):
        place_of(url, ALLOWED)


def test_one_inner_address_among_good_ones_is_enough_to_refuse() -> None:
    with pytest.raises(Unreachable):
        resolved("8.8.8.8", "10.0.0.1")


@pytest.mark.parametrize("address", ["8.8.8.8", "2a00:1450:4001::1", "::ffff:8.8.8.8"])
def test_an_address_of_the_open_network_is_taken(address: str) -> None:
    assert resolved(address)


def test_a_host_of_the_own_network_is_reached_where_the_operator_said_so() -> None:
    place = place_of("http://Kobo.LAN.:8080/x", ALLOWED)
    assert (place.host, place.port) == ("kobo.lan", 8080)
    assert address_of(place, ALLOWED, lambda _h, _p: ["10.0.0.7"]) == "10.0.0.7"


def test_a_name_is_resolved_once_and_its_address_kept() -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    asked: list[httpx.Request] = []

    def server(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={})

    pinned = PinnedTransport(ALLOWED, lambda _h, _p: next(answers), httpx.MockTransport(server))
    with Reach(f"https://{HOST}", pinned) as reach:
        reach.get("a")
        reach.get("b")
    assert [one.url.host for one in asked] == ["8.8.8.8", "8.8.8.8"]
    assert {one.headers["host"] for one in asked} == {HOST}
    assert {one.extensions["sni_hostname"] for one in asked} == {HOST}


def reach_of(answer: httpx.Response) -> Reach:
    server = httpx.MockTransport(lambda _request: answer)
    return Reach(f"https://{HOST}", PinnedTransport(ALLOWED, lambda _h, _p: ["8.8.8.8"], server))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    answer = httpx.Response(status, headers={"location": "http://169.254.169.254/latest"})
    with reach_of(answer) as reach, pytest.raises(Unreachable, match="elsewhere"):
        reach.get("a")


def test_an_answer_is_given_up_at_its_limit_whatever_it_announces() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 2**20

    with reach_of(httpx.Response(200, content=endless())) as reach, pytest.raises(TooLarge):
        reach.get("a")


def test_an_answer_that_announces_too_much_is_not_read() -> None:
    announced = {"content-length": str(reaching.ANSWER_BYTES_MAX + 1)}
    with (
        reach_of(httpx.Response(200, headers=announced, content=b"x")) as reach,
        pytest.raises(TooLarge),
    ):
        reach.get("a")


def test_an_answer_that_trickles_is_given_up() -> None:
    seconds = iter((0, 20, 40, 61))

    def trickle() -> Iterator[bytes]:
        while True:
            yield b"x" * 65536

    reach = reach_of(httpx.Response(200, content=trickle()))
    reach.clock = lambda: float(next(seconds))
    with reach, pytest.raises(SlowDown):
        reach.get("a")


def test_a_page_of_another_origin_is_not_asked_for() -> None:
    with reach_of(httpx.Response(200, json={})) as reach, pytest.raises(Unreachable):
        reach.get("https://evil.example/next")
    with reach_of(httpx.Response(200, json={})) as reach, pytest.raises(Unreachable):
        reach.get(f"http://{HOST}/next")


def test_credentials_are_not_in_what_a_client_shows_of_itself() -> None:
    with reach_of(httpx.Response(200)) as reach:
        reach.headers["Authorization"] = "Token rahasia"
        assert "rahasia" not in repr(reach)
