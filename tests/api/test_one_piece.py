"""A small answer leaves in one piece; whatever is written arrives in its order, and all of it."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from api.one_piece import HELD_BYTES_MAX, Data, Gathering

HEAD, BODY = b"HTTP/1.1 201 Created\r\n\r\n", b"<message>Diterima.</message>"


class Wire(asyncio.Transport):
    """The outer end: what left, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.closed = False

    @override
    def write(self, data: Data) -> None:
        assert not self.closed, "nothing leaves after the end"
        self.pieces.append(bytes(data))

    @override
    def close(self) -> None:
        self.closed = True

    @override
    def abort(self) -> None:
        self.closed = True


def written(act: Callable[[Gathering, Wire], None], turns: int = 0) -> Wire:
    """What has left once somebody has written, and the loop has gone round so many times."""

    async def run() -> Wire:
        wire = Wire()
        act(Gathering(wire, asyncio.get_running_loop()), wire)
        for _ in range(turns):
            await asyncio.sleep(0)
        return wire

    return asyncio.run(run())


def test_a_head_waits_for_its_body() -> None:
    def answer(transport: Gathering, wire: Wire) -> None:
        transport.write(HEAD)
        assert wire.pieces == []
        transport.write(BODY)

    assert written(answer).pieces == [HEAD + BODY]


def test_what_nobody_adds_to_leaves_when_the_loop_comes_round() -> None:
    assert written(lambda transport, _: transport.write(HEAD), turns=1).pieces == [HEAD]


def test_a_large_body_goes_behind_its_head_without_being_copied() -> None:
    body = bytes(HELD_BYTES_MAX + 1)

    def answer(transport: Gathering, _: Wire) -> None:
        transport.write(HEAD)
        transport.write(body)

    assert written(answer).pieces == [HEAD, body]


def test_whoever_closes_has_said_everything_before() -> None:
    def hang_up(transport: Gathering, _: Wire) -> None:
        transport.write(HEAD)
        transport.close()

    wire = written(hang_up, turns=1)
    assert wire.pieces == [HEAD]
    assert wire.closed


def test_a_connection_that_is_given_up_says_nothing_more() -> None:
    def give_up(transport: Gathering, _: Wire) -> None:
        transport.write(HEAD)
        transport.abort()

    assert written(give_up, turns=1).pieces == []


@pytest.mark.parametrize("several", [(), (BODY,), (BODY, BODY)])
def test_lines_that_are_written_together_stay_behind_what_was_before(
    several: tuple[bytes, ...],
) -> None:
    def answer(transport: Gathering, _: Wire) -> None:
        transport.write(HEAD)
        transport.writelines(several)

    assert b"".join(written(answer, turns=1).pieces) == HEAD + b"".join(several)


@given(st.lists(st.one_of(st.integers(0, 9000), st.none()), max_size=12))
def test_every_byte_arrives_once_and_in_order(steps: list[int | None]) -> None:
    """A number is a write of so many bytes; nothing is a pause in which the loop goes round."""
    told = [bytes([n % 251 + 1]) * size for n, size in enumerate(steps) if size is not None]

    async def run() -> Wire:
        wire = Wire()
        transport = Gathering(wire, asyncio.get_running_loop())
        for n, size in enumerate(steps):
            if size is None:
                await asyncio.sleep(0)
            else:
                transport.write(bytes([n % 251 + 1]) * size)
        transport.close()
        await asyncio.sleep(0)
        return wire

    assert b"".join(asyncio.run(run()).pieces) == b"".join(told)
