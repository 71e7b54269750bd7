"""Forms of an ODK Central server, in the register."""

from pathlib import Path

import httpx

from tests.api.village import desk
from tests.connectors.bench import CENTRAL, NO_KK, OTHER_NO_KK, Bench

FIRST = "uuid:0c0a0000-0000-4000-8000-000000000001"
SECOND = "uuid:0c0a0000-0000-4000-8000-000000000002"
EDITED = "uuid:0c0a0000-0000-4000-8000-0000000000e1"


def house(instance: str, floor: str = "2", size: str = "", card: str = NO_KK) -> str:
    return (
        '<data id="sosial" version="7" xmlns:orx="http://openrosa.org/xforms">'
        "<start>2026-11-03T09:30:00.000+07:00</start>"
        f"<kk><nomor>{card}</nomor><kepala/><rt>003</rt><rw>001</rw></kk>"
        f"<rumah><lantai>{floor}</lantai><luas>{size}</luas></rumah>"
        "<anggota><nama>SITI AMINAH</nama><nik>1802216104880002</nik></anggota>"
        f"<orx:meta><orx:instanceID>{instance}</orx:instanceID></orx:meta></data>"
    )


def test_the_exact_xml_is_read_into_the_register_and_kept(bench: Bench) -> None:
    bench.central.add(FIRST, house(FIRST))
    bench.connect(CENTRAL)
    report = bench.run(CENTRAL)
    assert (report.problem, dict(report.states)) == (None, {"merged": 1})
    assert bench.document()["jenis_lantai_terluas"] == "keramik"
    assert bench.persons() == 2
    captured = bench.world.ask(
        "SELECT o.captured_at FROM operation o JOIN lane l ON l.lane = o.lane "
        "WHERE l.source = 'central'"
    )
    assert all("02:30:00" in str(moment) for (moment,) in captured)


def test_the_next_run_asks_only_for_what_changed_since(bench: Bench) -> None:
    bench.central.add(FIRST, house(FIRST))
    bench.connect(CENTRAL)
    bench.run(CENTRAL)
    bench.central.add(SECOND, house(SECOND, card=OTHER_NO_KK))
    report = bench.run(CENTRAL)
    # The first one lies within the overlap of an instant, the second one is new.
    assert (report.listed, report.due, dict(report.states)) == (2, 1, {"merged": 1})
    report = bench.run(CENTRAL)
    assert (report.listed, report.due) == (1, 0)


def test_an_edit_over_there_is_an_edit_here(bench: Bench) -> None:
    bench.central.add(FIRST, house(FIRST))
    bench.connect(CENTRAL)
    bench.run(CENTRAL)
    bench.central.edit(FIRST, EDITED, house(EDITED, floor="1"))
    assert dict(bench.run(CENTRAL).states) == {"merged": 1}
    assert bench.document()["jenis_lantai_terluas"] == "tanah"
    assert (bench.persons(), bench.world.count("held")) == (2, 0)


def test_the_feed_is_read_through_its_next_links(bench: Bench) -> None:
    bench.central.page_max = 1
    for instance in (FIRST, SECOND):
        bench.central.add(instance, house(instance))
    bench.connect(CENTRAL)
    assert bench.run(CENTRAL).listed == 2


def test_a_next_link_to_another_server_is_not_followed(sqlite_bench: Bench) -> None:
    central = sqlite_bench.central
    central.add(FIRST, house(FIRST))
    sqlite_bench.connect(CENTRAL)
    answer = central.answer

    def elsewhere(request: httpx.Request) -> httpx.Response:
        told = answer(request)
        if ".svc" in request.url.path:
            body = told.json() | {"@odata.nextLink": "https://evil.example/v1/more"}
            return httpx.Response(200, json=body)
        return told

    central.answer = elsewhere  # type: ignore[method-assign]  # the server was taken over
    report = sqlite_bench.run(CENTRAL)
    assert report.problem is not None
    assert "not followed" in report.problem
    assert sqlite_bench.world.ask("SELECT cursor FROM connector") == [(None,)]


def test_a_verdict_is_written_back_with_a_comment(bench: Bench) -> None:
    bench.central.add(FIRST, house(FIRST, size="60"))
    bench.connect(CENTRAL)
    assert bench.run(CENTRAL).told == 0
    sari = desk(bench.world)
    for line in sari.conflicts():
        sari.resolve(sari.read(f"/v1/conflicts/{line['id']}"), "current")
    assert bench.run(CENTRAL).told == 1
    assert bench.central.rows[FIRST]["state"] == "approved"
    assert [instance for instance, _ in bench.central.comments] == [FIRST]
    # Telling it changed its time over there, and that alone is nothing to fetch.
    report = bench.run(CENTRAL)
    assert (report.due, report.told) == (0, 0)


def test_single_sign_on_is_named_as_the_reason_and_what_to_do_as_the_next_step(
    sqlite_bench: Bench,
) -> None:
    sqlite_bench.central.single_sign_on = True
    sqlite_bench.connect(CENTRAL)
    report = sqlite_bench.run(CENTRAL)
    assert report.problem is not None
    assert "single sign-on" in report.problem
    assert "__Host-session" in report.problem
    assert len(sqlite_bench.central.requests) == 1


def test_a_404_that_is_not_central_s_own_is_no_single_sign_on(sqlite_bench: Bench) -> None:
    central = sqlite_bench.central
    pages = (
        httpx.Response(404, content=b"<html>nginx</html>"),
        httpx.Response(404, json={"detail": "Not Found"}),
    )
    sqlite_bench.connect(CENTRAL)
    for page in pages:
        central.answer = lambda _request, page=page: page  # type: ignore[method-assign, misc]  # it is another server
        report = sqlite_bench.run(CENTRAL)
        assert report.problem is not None
        assert "is its address right?" in report.problem


def test_a_session_that_is_over_is_told_as_that(sqlite_bench: Bench) -> None:
    sqlite_bench.connect(CENTRAL)
    secrets: Path = sqlite_bench.world.settings.data_dir / "central.txt"
    secrets.write_text("session-of-yesterday\n")
    report = sqlite_bench.run(CENTRAL)
    assert report.problem is not None
    assert "ends after a day" in report.problem
    assert "yesterday" not in report.problem


def test_the_token_of_a_session_does_instead_of_a_password(sqlite_bench: Bench) -> None:
    sqlite_bench.central.single_sign_on = True
    sqlite_bench.central.add(FIRST, house(FIRST))
    sqlite_bench.connect(CENTRAL)
    secrets: Path = sqlite_bench.world.settings.data_dir / "central.txt"
    secrets.write_text("session-token\n")
    assert dict(sqlite_bench.run(CENTRAL).states) == {"merged": 1}


def test_a_wrong_password_is_told_without_repeating_it(sqlite_bench: Bench) -> None:
    sqlite_bench.connect(CENTRAL)
    secrets: Path = sqlite_bench.world.settings.data_dir / "central.txt"
    secrets.write_text("siapa@lampung.example\nbukan ini\n")
    report = sqlite_bench.run(CENTRAL)
    assert report.problem is not None
    assert "password" in report.problem
    assert "bukan ini" not in report.problem


def test_xml_that_is_none_is_kept_and_merges_nothing(bench: Bench) -> None:
    bench.central.add(FIRST, '<!DOCTYPE data [<!ENTITY a "b">]><data>&a;</data>')
    bench.connect(CENTRAL)
    report = bench.run(CENTRAL)
    assert report.problem is None
    assert sum(report.states.values()) == 1
    assert bench.families() == 1
