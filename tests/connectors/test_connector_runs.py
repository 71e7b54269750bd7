"""Runs that meet, die, or are watched."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from api.errors import AppError
from api.services.connector_runs import RUN_LEASE
from tests.connectors.bench import NO_KK, Bench
from tests.connectors.test_connector_files import HOUSE, JPEG, WITH_PHOTOS


class Killed(BaseException):
    """The machine was switched off."""


def many(bench: Bench, number: int) -> None:
    for each in range(1, number + 1):
        bench.kobo.add(each, kk__nomor=NO_KK, rumah__lantai="2")


def test_a_second_run_that_comes_while_one_goes_on_is_turned_away(bench: Bench) -> None:
    many(bench, 3)
    bench.connect()
    refusals: list[str] = []

    def meanwhile(_request: httpx.Request) -> None:
        if not refusals:
            with pytest.raises(AppError) as refused:
                bench.run()
            refusals.append(refused.value.detail)

    bench.kobo.fails = meanwhile
    report = bench.run()
    assert "being run by somebody else" in refusals[0]
    assert (report.problem, dict(report.states)) == (None, {"merged": 3})
    assert bench.world.count("submission") == 3


def test_a_run_that_slept_too_long_leaves_its_connector_to_the_one_that_took_it(
    bench: Bench,
) -> None:
    many(bench, 3)
    bench.connect()
    others: list[dict[str, int]] = []

    def asleep(request: httpx.Request) -> None:
        if b"query=" in request.url.query and not others:
            others.append({})
            bench.world.clock.advance(RUN_LEASE * 2)
            others.append(dict(bench.run().states))

    bench.kobo.fails = asleep
    report = bench.run()
    assert others[1] == {"merged": 3}
    assert report.problem is not None
    assert "taken this connector over" in report.problem
    assert bench.world.count("submission") == 3
    ((held, kept),) = bench.world.ask("SELECT running_until, problem FROM connector")
    assert (held, kept) == (None, None)


def test_a_run_that_died_lets_go_after_its_time_and_the_next_one_goes_on(
    sqlite_bench: Bench,
) -> None:
    bench = sqlite_bench
    many(bench, 2)
    bench.connect()
    bench.run()
    many(bench, 4)
    held = bench.world.clock.now() + RUN_LEASE
    with bench.world.database.writing() as session:
        session.connection().exec_driver_sql(
            "UPDATE connector SET running_until = ?", (held.isoformat(timespec="microseconds"),)
        )
    with pytest.raises(AppError):
        bench.run()
    bench.world.clock.advance(timedelta(minutes=15))
    assert dict(bench.run().states) == {"merged": 2}


def test_a_run_that_is_killed_in_the_middle_of_a_file_has_lost_nothing(
    sqlite_bench: Bench,
) -> None:
    bench = sqlite_bench
    for number in (1, 2, 3):
        bench.kobo.add(number, **HOUSE)
        bench.kobo.attach(number, "rumah/foto", JPEG + bytes([number]))
    asked = 0

    def die(request: httpx.Request) -> None:
        nonlocal asked
        asked += "/attachments/" in request.url.path
        if asked == 2:
            raise Killed

    bench.kobo.fails = die
    bench.connect(text=WITH_PHOTOS)
    with pytest.raises(Killed):
        bench.run()
    assert bench.world.count("submission") == 1
    bench.kobo.fails = lambda _request: None
    report = bench.run()
    assert (dict(report.states), report.files) == ({"merged": 2}, 2)
    assert bench.files() == {"kept": 3}
    assert bench.photographed() == [["rumah"]] * 3


@pytest.mark.parametrize(
    ("failure", "word"),
    [
        (httpx.ReadTimeout("slow"), "did not answer in time"),
        (httpx.ConnectTimeout("far"), "did not answer in time"),
        (httpx.ConnectError("refused"), "could not be asked (ConnectError)"),
        (httpx.RemoteProtocolError("broken"), "could not be asked (RemoteProtocolError)"),
    ],
)
def test_a_server_that_does_not_answer_is_named_and_the_next_run_goes_on(
    sqlite_bench: Bench, failure: httpx.TransportError, word: str
) -> None:
    bench = sqlite_bench
    many(bench, 2)
    bench.connect()

    def fail(request: httpx.Request) -> None:
        if b"query=" in request.url.query:
            raise failure

    bench.kobo.fails = fail
    report = bench.run()
    assert report.problem is not None
    assert word in report.problem
    bench.kobo.fails = lambda _request: None
    assert dict(bench.run().states) == {"merged": 2}


def test_a_file_that_breaks_off_in_the_middle_is_no_file_and_comes_whole_next_time(
    sqlite_bench: Bench,
) -> None:
    bench = sqlite_bench
    bench.kobo.add(1, **HOUSE)
    bench.kobo.attach(1, "rumah/foto", JPEG)

    def half() -> Iterator[bytes]:
        yield JPEG[:6]
        raise httpx.ReadError("the line is cut")

    broken = iter((httpx.Response(200, content=half()),))
    bench.kobo.fails = lambda request: (
        next(broken, None) if "/attachments/" in request.url.path else None
    )
    bench.connect(text=WITH_PHOTOS)
    report = bench.run()
    assert report.problem is not None
    assert "broke off" in report.problem
    assert (bench.kept(), list(bench.store.names()), bench.files()) == ({}, [], {"interrupted": 1})
    assert bench.run().files == 1
    assert bench.kept() == {"depan.jpg": JPEG}


def test_a_run_that_a_slow_server_draws_out_ends_and_the_next_one_goes_on(
    sqlite_bench: Bench,
) -> None:
    bench = sqlite_bench
    for number in range(1, 61):
        bench.kobo.add(number, **HOUSE)
        bench.kobo.attach(number, "rumah/foto", JPEG)

    def slowly(request: httpx.Request) -> None:
        if "/attachments/" in request.url.path:
            bench.world.clock.advance(timedelta(minutes=9))

    bench.kobo.fails = slowly
    bench.connect(text=WITH_PHOTOS)
    report = bench.run()
    assert report.problem is not None
    assert "six hours" in report.problem
    taken = sum(report.states.values())
    assert 0 < taken < 60
    assert bench.run().states["merged"] == 60 - taken


def test_whoever_watches_a_run_sees_how_far_it_is(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    for number in (1, 2):
        bench.kobo.add(number, **HOUSE)
    bench.kobo.attach(1, "rumah/foto", JPEG)
    bench.connect(text=WITH_PHOTOS)
    bench.run()
    assert bench.progress == {"listed": 2, "taken": 2, "files": 1}
