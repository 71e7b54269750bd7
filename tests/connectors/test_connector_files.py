"""Files of forms of other servers: fetched with them, kept under their hash, asked for again."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from api.connectors import reaching
from api.connectors.addresses import AllowList, Unreachable
from api.connectors.reaching import PinnedTransport, Reach, SlowDown, TooLarge
from tests.api.village import desk
from tests.connectors.bench import CENTRAL, MAP, NO_KK, OTHER_NO_KK, PUBLIC, Bench
from tests.connectors.central_double import CENTRAL_HOST, STORAGE_HOST
from tests.connectors.doubles import KOBO_HOST
from tests.connectors.test_central_pull import EDITED, FIRST, house

JPEG = b"\xff\xd8\xff\xe0 a house"
OTHER_JPEG = b"\xff\xd8\xff\xe0 a floor"
WITH_PHOTOS = MAP.replace("[questions]\n", '[questions]\n"rumah/foto" = "kunjungan.foto:rumah"\n')
HOUSE = {"kk__nomor": NO_KK, "rumah__lantai": "2", "rumah__foto": "depan.jpg"}


def photographed_house(instance: str, name: str = "depan.jpg") -> str:
    return house(instance).replace("</rumah>", f"<foto>{name}</foto></rumah>")


def test_a_photograph_of_kobo_is_kept_and_is_evidence_of_the_visit(bench: Bench) -> None:
    bench.kobo.add(1, **HOUSE)
    bench.kobo.attach(1, "rumah/foto", JPEG)
    bench.connect(text=WITH_PHOTOS)
    report = bench.run()
    assert (report.problem, report.files, dict(report.states)) == (None, 1, {"merged": 1})
    assert bench.kept() == {"depan.jpg": JPEG}
    assert bench.photographed() == [["rumah"]]
    assert bench.files() == {"kept": 1}
    ((purpose, kind),) = bench.world.ask("SELECT purpose, media_type FROM blob")
    assert (purpose, kind) == ("foto", "image/jpeg")


def test_a_file_is_called_what_its_answer_calls_it_whatever_the_storage_does(
    sqlite_bench: Bench,
) -> None:
    sqlite_bench.kobo.add(1, **HOUSE)
    sqlite_bench.kobo.attach(1, "rumah/foto", JPEG, stored="depan_MtYT6pg.jpg")
    sqlite_bench.connect(text=WITH_PHOTOS)
    sqlite_bench.run()
    assert list(sqlite_bench.kept()) == ["depan.jpg"]
    assert sqlite_bench.photographed() == [["rumah"]]


def test_addresses_in_kobo_s_answers_are_not_followed(sqlite_bench: Bench) -> None:
    sqlite_bench.kobo.add(1, **HOUSE)
    sqlite_bench.kobo.attach(1, "rumah/foto", JPEG)
    for one in sqlite_bench.kobo.documents[1]["_attachments"]:
        one["download_url"] = "http://169.254.169.254/latest"
    sqlite_bench.connect(text=WITH_PHOTOS)
    assert sqlite_bench.run().files == 1
    assert {one.headers["host"] for one in sqlite_bench.kobo.requests} == {KOBO_HOST}


def test_a_photograph_that_comes_late_is_fetched_by_a_later_run(bench: Bench) -> None:
    bench.kobo.add(1, **HOUSE)
    bench.connect(text=WITH_PHOTOS)
    assert dict(bench.run().states) == {"merged": 1}
    assert bench.files() == {"absent": 1}
    bench.kobo.attach(1, "rumah/foto", JPEG)
    report = bench.run()
    # The list of Kobo shows no difference, and the form itself is not taken in again.
    assert (report.due, report.files, sum(report.states.values())) == (0, 1, 0)
    assert bench.kept() == {"depan.jpg": JPEG}
    assert bench.photographed() == [[], ["rumah"]]
    asked = len(bench.kobo.requests)
    assert bench.run().files == 0
    assert len(bench.kobo.requests) == asked + 1


def test_files_of_central_are_fetched_and_those_that_have_not_come_are_awaited(
    bench: Bench,
) -> None:
    bench.central.add(
        FIRST, photographed_house(FIRST), depan__jpg=JPEG, audit__csv=b"event", suara__m4a=None
    )
    bench.connect(CENTRAL, text=WITH_PHOTOS)
    report = bench.run(CENTRAL)
    assert (report.problem, report.files) == (None, 2)
    assert bench.kept() == {"audit.csv": b"event", "depan.jpg": JPEG}
    assert bench.files(CENTRAL) == {"kept": 2, "absent": 1}
    assert bench.photographed() == [["rumah"]]
    bench.central.rows[FIRST]["files"]["suara.m4a"] = b"sound"
    assert bench.run(CENTRAL).files == 1
    assert bench.files(CENTRAL) == {"kept": 3}


def test_a_storage_that_the_operator_named_is_asked_without_the_credentials(
    sqlite_bench: Bench,
) -> None:
    bench = sqlite_bench
    bench.central.stores_elsewhere = True
    bench.central.add(FIRST, photographed_house(FIRST), depan__jpg=JPEG)
    bench.hosts = AllowList.of([CENTRAL_HOST, STORAGE_HOST])
    bench.connect(CENTRAL, text=WITH_PHOTOS)
    report = bench.run(CENTRAL)
    assert (report.problem, report.files) == (None, 1)
    (asked,) = (r for r in bench.central.requests if r.headers["host"] == STORAGE_HOST)
    assert "authorization" not in asked.headers
    assert asked.url.host == PUBLIC


def test_a_storage_on_no_list_is_not_asked_and_the_form_comes_in_without_its_file(
    sqlite_bench: Bench,
) -> None:
    bench = sqlite_bench
    bench.central.stores_elsewhere = True
    bench.central.add(FIRST, photographed_house(FIRST), depan__jpg=JPEG)
    bench.connect(CENTRAL, text=WITH_PHOTOS)
    report = bench.run(CENTRAL)
    assert dict(report.states) == {"merged": 1}
    assert report.problem is not None
    assert f"another host: {STORAGE_HOST} is on no list" in report.problem
    assert "Signature" not in report.problem
    assert all(r.headers["host"] == CENTRAL_HOST for r in bench.central.requests)
    assert bench.files(CENTRAL) == {"interrupted": 1}
    # Its visit waits for the photograph that it names; once the host is allowed, both are there.
    assert bench.photographed() == []
    bench.hosts = AllowList.of([CENTRAL_HOST, STORAGE_HOST])
    assert bench.run(CENTRAL).files == 1
    assert bench.photographed() == [["rumah"]]


def test_a_run_that_breaks_off_among_files_keeps_what_came_and_goes_on_there(
    sqlite_bench: Bench,
) -> None:
    bench = sqlite_bench
    for number in (1, 2):
        bench.kobo.add(number, **HOUSE)
        bench.kobo.attach(number, "rumah/foto", JPEG + bytes([number]))
    fails = iter((None, httpx.Response(503)))

    def fail(request: httpx.Request) -> httpx.Response | None:
        return next(fails, None) if "/attachments/" in request.url.path else None

    bench.kobo.fails = fail
    bench.connect(text=WITH_PHOTOS)
    report = bench.run()
    assert (report.files, dict(report.states)) == (1, {"merged": 2})
    assert report.problem is not None
    assert "busy" in report.problem
    assert bench.files() == {"kept": 1, "interrupted": 1}
    report = bench.run()
    assert (report.problem, report.files, bench.files()) == (None, 1, {"kept": 2})
    assert bench.world.count("submission") == 2


def test_a_file_without_an_end_is_named_and_the_others_are_fetched(
    sqlite_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaching, "FILE_BYTES_MAX", 1024)
    bench = sqlite_bench
    bench.central.add(FIRST, photographed_house(FIRST), besar__bin=b"x" * 2000, depan__jpg=JPEG)
    bench.connect(CENTRAL, text=WITH_PHOTOS)
    report = bench.run(CENTRAL)
    assert (report.problem, report.files) == (None, 1)
    assert bench.files(CENTRAL) == {"kept": 1, "too-large": 1}
    assert bench.kept() == {"depan.jpg": JPEG}


def test_an_edit_brings_its_own_photograph(bench: Bench) -> None:
    bench.central.add(FIRST, photographed_house(FIRST), depan__jpg=JPEG)
    bench.connect(CENTRAL, text=WITH_PHOTOS)
    bench.run(CENTRAL)
    bench.central.edit(FIRST, EDITED, photographed_house(EDITED, "lain.jpg"))
    bench.central.rows[FIRST]["files"] = {"lain.jpg": OTHER_JPEG}
    assert bench.run(CENTRAL).files == 1
    assert bench.kept() == {"depan.jpg": JPEG, "lain.jpg": OTHER_JPEG}
    assert bench.files(CENTRAL) == {"kept": 1}


def test_a_form_that_waited_is_let_in_with_its_photograph(bench: Bench) -> None:
    new = {"kk__nomor": OTHER_NO_KK, "kk__kepala": "SITI", "kk__rt": "003", "kk__rw": "001"}
    bench.kobo.add(1, **new, rumah__foto="depan.jpg")
    bench.kobo.attach(1, "rumah/foto", JPEG)
    bench.connect(text=f'unknown = "hold"\n{WITH_PHOTOS}')
    report = bench.run()
    assert (report.files, dict(report.states)) == (1, {"held": 1})
    ((held,),) = bench.world.ask("SELECT submission FROM held")
    assert desk(bench.world).post(f"/v1/held/{held}/release", {}).status == 200
    assert bench.kept() == {"depan.jpg": JPEG}


def test_a_dry_run_fetches_no_file(sqlite_bench: Bench) -> None:
    sqlite_bench.kobo.add(1, **HOUSE)
    sqlite_bench.kobo.attach(1, "rumah/foto", JPEG)
    sqlite_bench.connect(text=WITH_PHOTOS)
    report = sqlite_bench.run(dry_run=True)
    assert (report.files, [one.files for one in report.landings]) == (0, [1])
    assert not any("/attachments/" in r.url.path for r in sqlite_bench.kobo.requests)


def test_what_is_no_picture_is_kept_and_never_shown_as_one(sqlite_bench: Bench) -> None:
    sqlite_bench.kobo.add(1, **HOUSE)
    sqlite_bench.kobo.attach(1, "rumah/foto", b"<html><script>alert(1)</script>")
    sqlite_bench.connect(text=WITH_PHOTOS)
    assert sqlite_bench.run().files == 1
    assert sqlite_bench.world.count("blob") == 0


def test_a_hint_about_a_form_whose_files_are_here_doubles_nothing(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.kobo.add(1, **HOUSE)
    bench.kobo.attach(1, "rumah/foto", JPEG)
    bench.connect(text=WITH_PHOTOS)
    bench.run()
    with bench.world.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE connector_item SET due = 1")
    assert bench.run().repeated == 1
    assert (bench.files(), bench.photographed()) == ({"kept": 1}, [["rumah"]])


# Reaching a file -----------------------------------------------------------------------------


def reach_of(*answers: httpx.Response) -> tuple[Reach, list[httpx.Request]]:
    asked: list[httpx.Request] = []
    coming = iter(answers)

    def server(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return next(coming)

    allowed = AllowList.of([KOBO_HOST, STORAGE_HOST], ["dalam.lan"])
    addresses = {"dalam.lan": "10.0.0.9"}
    transport = PinnedTransport(
        allowed, lambda host, _p: [addresses.get(host, "8.8.8.8")], httpx.MockTransport(server)
    )
    return Reach(f"https://{KOBO_HOST}", transport), asked


def sent_to(location: str) -> httpx.Response:
    return httpx.Response(302, headers={"location": location})


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest", "https://evil.example/", f"http://{STORAGE_HOST}/x",
        "file:///etc/passwd", "https://u:p@berkas.penyimpanan.example/", "https://[::1]/x",
        "https://localhost/", "//evil.example/x", "https://berkas.penyimpanan.example\\@evil.example/",
    ],
)  # fmt: skip
def test_a_file_that_is_said_to_lie_where_nobody_may_go_is_not_fetched(location: str) -> None:
    reach, asked = reach_of(sent_to(location), httpx.Response(200, content=b"secret"))
    with reach, pytest.raises(Unreachable), reach.file("a") as found:
        assert found is None
    assert len(asked) == 1


def test_a_server_outside_sends_nobody_into_the_own_network() -> None:
    reach, asked = reach_of(sent_to("http://dalam.lan/v1/projects"), httpx.Response(200))
    with reach, pytest.raises(Unreachable, match="into the own network"), reach.file("a"):
        pass
    assert len(asked) == 1
    within = reach_of(sent_to("http://dalam.lan/b"), httpx.Response(200, content=b"x"))[0]
    within.base = "http://dalam.lan"
    with within, within.file("a") as found:
        assert found is not None


def test_a_storage_that_sends_on_and_on_is_given_up() -> None:
    reach, asked = reach_of(*(sent_to(f"https://{STORAGE_HOST}/{n}") for n in range(9)))
    with reach, pytest.raises(Unreachable, match="on and on"), reach.file("a"):
        pass
    assert len(asked) == reaching.REDIRECTS_MAX + 1


def test_a_redirect_within_the_server_keeps_the_credentials() -> None:
    reach, asked = reach_of(sent_to("/b"), httpx.Response(200, content=b"x"))
    reach.headers["Authorization"] = "Token rahasia"
    with reach, reach.file("a") as found:
        assert found is not None
        assert b"".join(found.chunks) == b"x"
    assert [one.headers.get("authorization") for one in asked] == ["Token rahasia"] * 2


def test_a_redirect_back_from_elsewhere_brings_no_credentials() -> None:
    back = f"https://{KOBO_HOST}/c"
    answers = (sent_to(f"https://{STORAGE_HOST}/b"), sent_to(back), httpx.Response(200))
    reach, asked = reach_of(*answers)
    reach.headers["Authorization"] = "Token rahasia"
    with reach, reach.file("a"):
        pass
    said = [one.headers.get("authorization") for one in asked]
    assert said == ["Token rahasia", None, None]


def test_a_file_that_trickles_is_given_up() -> None:
    def trickle() -> Iterator[bytes]:
        while True:
            yield b"x" * 65536

    reach, _ = reach_of(httpx.Response(200, content=trickle()))
    seconds = iter(range(0, 900, 100))
    reach.clock = lambda: float(next(seconds))
    with reach, reach.file("a") as found:
        chunks = found.chunks if found is not None else iter(())
        with pytest.raises(SlowDown):
            list(chunks)


def test_a_file_that_announces_too_much_is_not_read() -> None:
    announced = {"content-length": str(reaching.FILE_BYTES_MAX + 1)}
    reach, _ = reach_of(httpx.Response(200, headers=announced, content=b"x"))
    with reach, reach.file("a") as found:
        chunks = found.chunks if found is not None else iter(())
        with pytest.raises(TooLarge):
            list(chunks)


def test_an_answer_that_is_no_file_says_so() -> None:
    reach, _ = reach_of(httpx.Response(403, content=b"denied"))
    with reach, pytest.raises(Unreachable, match="403"), reach.file("a"):
        pass


def test_a_long_run_goes_on_holding_its_connector(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    for number in range(1, 4):
        bench.kobo.add(number, **HOUSE)
        bench.kobo.attach(number, "rumah/foto", JPEG)
    held: list[str] = []

    def slowly(request: httpx.Request) -> httpx.Response | None:
        if "/attachments/" in request.url.path:
            ((until,),) = bench.world.ask("SELECT running_until FROM connector")
            held.append(str(until))
            bench.world.clock.advance(timedelta(minutes=12))
        return None

    bench.kobo.fails = slowly
    bench.connect(text=WITH_PHOTOS)
    assert bench.run().problem is None
    assert len(set(held)) == 3
    assert bench.world.ask("SELECT running_until FROM connector") == [(None,)]
