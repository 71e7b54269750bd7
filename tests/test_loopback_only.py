"""The guard that keeps tests on this machine."""

import socket

import pytest

# Reserved for documentation: nobody answers there.
ELSEWHERE = "192.0.2.1"


def test_a_connection_to_another_machine_is_refused() -> None:
    with (
        socket.socket() as client,
        pytest.raises(RuntimeError, match="this machine only"),
    ):
        client.connect((ELSEWHERE, 80))


def test_a_datagram_to_another_machine_is_refused() -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as client,
        pytest.raises(RuntimeError, match="this machine only"),
    ):
        client.sendto(b"", (ELSEWHERE, 9))


def test_another_machine_s_name_is_not_even_looked_up() -> None:
    with pytest.raises(RuntimeError, match="this machine only"):
        socket.getaddrinfo("lokus.example", 443)


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(("localhost", server.getsockname()[1])) as client:
            client.sendall(b"here")
        accepted, _ = server.accept()
        with accepted:
            assert accepted.recv(4) == b"here"
