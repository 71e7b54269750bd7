"""The head of an RT states on his phone that his list is done; the server is the real one."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from lokus_client import Environment, Phone, RtStatement
from lokus_client.rt_done import RtUnclear
from lokus_client.store import Store
from lokus_client.tables import STEPS
from typing_extensions import override

from api.services.epochs import new_epoch
from sync.permission import Role
from tests.api.rounds import DESA, FAMILY, PERIOD, RT, SECOND, Village, village_in_a_period
from tests.api.world import OTHER_RT, area
from tests.clients.doubled_routes import raw
from tests.clients.test_cli import Terminal

STATING = f"/v1/rounds/{DESA}/{PERIOD}/rt"


class Line(httpx.BaseTransport):
    """From a phone to the real application; a path may be cut before or behind it."""

    def __init__(self, village: Village) -> None:
        self.world = village.world
        self.paths: list[str] = []
        self.before: set[str] = set()
        self.behind: set[str] = set()

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.paths.append(path)
        if path in self.before:
            raise httpx.ConnectError("no signal")
        target = request.url.raw_path.decode()
        answer = self.world.call(request.method, target, request.read(), dict(request.headers))
        if path in self.behind:
            raise httpx.ReadError("cut")
        return raw(answer.status, answer.wire, answer.headers)


@pytest.fixture
def village(database_url: str, tmp_path: Path) -> Iterator[Village]:
    with village_in_a_period(database_url, tmp_path / "data") as found:
        yield found


@pytest.fixture
def line(village: Village) -> Line:
    return Line(village)


Opened = Callable[..., Phone]


@pytest.fixture
def open_phone(village: Village, line: Line, tmp_path: Path) -> Iterator[Opened]:
    """Ani's phone, enrolled and synced once; or another one of hers, or somebody else's."""
    held: list[Phone] = []

    def opened(name: str = "ani", account: str | None = None) -> Phone:
        phone = Phone(
            tmp_path / f"{name}.db",
            server="https://lokus.test",
            environment=Environment(
                wall=village.world.clock.now,
                mono_ms=lambda: int(village.world.clock.now().timestamp() * 1000),
                boot="b1",
                random=village.world.randomness,
                sleep=lambda _seconds: None,
                checkpoint=lambda _point: None,
            ),
            transport=line,
            survives_power_loss=False,
        )
        held.append(phone)
        phone.enrol(village.world.code(account or village.ani.account), name)
        assert phone.sync(check=True).code == "ok"
        line.paths.clear()
        return phone

    yield opened
    for phone in held:
        phone.close()


def visit_all(phone: Phone) -> None:
    for family in (FAMILY, SECOND):
        phone.edit("keluarga", family, {"hasil": "ditemukan", "kemampuan": "tidak_mampu"})


def told(village: Village) -> dict[str, Any]:
    """What the office sees of the RT."""
    (rt,) = village.get(village.operator)["rts"]
    assert isinstance(rt, dict)
    return rt


def only(phone: Phone) -> RtStatement:
    (statement,) = phone.rt_statements()
    return statement


def times_stated(village: Village) -> int:
    events = village.get(village.operator)["events"]
    return sum(one["event"] == "rt_selesai" for one in events)


def test_what_is_stated_without_a_link_goes_up_behind_the_answers(
    village: Village, open_phone: Opened, line: Line
) -> None:
    phone = open_phone()
    visit_all(phone)
    stated = phone.state_rt_done()
    assert stated is not None
    assert (stated.desa, stated.rt, stated.period) == (DESA, RT, PERIOD), "nobody typed them"
    assert line.paths == []
    assert told(village)["done"] is False
    assert phone.sync().code == "ok"
    assert line.paths == ["/v1/sync", STATING]
    seen = told(village)
    assert (seen["done"], seen["lacking_then"], seen["on_behalf"]) == (True, 0, False)
    assert seen["stated_by"] == "ani"
    assert (only(phone).state, only(phone).answer["lacking"]) == ("accepted", 0)


def test_a_statement_never_comes_before_the_answers_that_it_vouches_for(
    village: Village, open_phone: Opened, line: Line
) -> None:
    phone = open_phone()
    visit_all(phone)
    phone.state_rt_done()
    line.before.add("/v1/sync")
    assert phone.sync().code == "offline"
    assert STATING not in line.paths
    line.before.clear()
    line.behind.add("/v1/sync")
    assert phone.sync().code == "offline"
    assert STATING not in line.paths
    line.behind.clear()
    assert phone.sync().code == "ok"
    assert told(village)["lacking_then"] == 0


def test_a_lost_answer_is_asked_for_again_and_stated_once(
    village: Village, open_phone: Opened, line: Line
) -> None:
    phone = open_phone()
    phone.state_rt_done()
    line.behind.add(STATING)
    assert phone.sync().code == "offline"
    assert only(phone).state == "waiting"
    assert told(village)["done"] is True
    line.behind.clear()
    assert phone.sync().code == "ok"
    assert (only(phone).state, only(phone).answer["lacking"]) == ("accepted", 2)
    line.paths.clear()
    phone.sync()
    assert STATING not in line.paths, "what was answered is not offered again"
    assert times_stated(village) == 1


def test_it_survives_the_phone_being_switched_off(
    village: Village, open_phone: Opened, line: Line, tmp_path: Path
) -> None:
    phone = open_phone()
    phone.state_rt_done()
    phone.close()
    with Phone(tmp_path / "ani.db", transport=line) as again:
        assert again.sync().code == "ok"
        assert only(again).state == "accepted"
    assert told(village)["done"] is True


def test_two_phones_of_one_head_state_it_once(village: Village, open_phone: Opened) -> None:
    for name in ("ani", "ani-dua"):
        phone = open_phone(name)
        phone.state_rt_done()
        assert phone.sync().code == "ok"
        assert only(phone).state == "accepted"
    assert times_stated(village) == 1


def test_it_is_taken_back_with_a_reason_and_stated_again(
    village: Village, open_phone: Opened
) -> None:
    phone = open_phone()
    for done in (True, False, True):
        phone.state_rt_done(done=done, reason="" if done else "satu keluarga terlewat")
        phone.sync()
        assert (only(phone).state, only(phone).done) == ("accepted", done)
        assert told(village)["done"] is done
    reasons = [one["reason"] for one in village.get(village.operator)["events"]]
    assert "satu keluarga terlewat" in reasons


def test_what_is_taken_back_before_it_left_is_never_sent(open_phone: Opened, line: Line) -> None:
    phone = open_phone()
    phone.state_rt_done()
    assert phone.state_rt_done(done=False) is None
    assert phone.rt_statements() == []
    phone.sync()
    assert STATING not in line.paths
    phone.state_rt_done()
    line.before.add(STATING)
    phone.sync()
    assert phone.state_rt_done(done=False) is not None, "it may have come through"
    line.before.clear()
    assert phone.sync().code == "ok"
    assert (only(phone).state, only(phone).done) == ("accepted", False), "as nobody states it"


def test_a_refusal_is_kept_with_its_reason_and_stops_no_sync(
    village: Village, open_phone: Opened
) -> None:
    phone = open_phone()
    village.step(village.operator, "mulai_verifikasi")
    village.rt_done(village.operator)
    village.step(village.operator, "buka_musyawarah")
    visit_all(phone)
    phone.state_rt_done()
    report = phone.sync()
    assert (report.code, report.unsent) == ("ok", 0)
    assert (only(phone).state, only(phone).code) == ("refused", "round-elsewhere")


@pytest.mark.parametrize(
    ("period", "code"), [("2026-12", "not-found-period"), (PERIOD, "village-locked")]
)
def test_a_period_that_is_not_there_or_over_is_refused_by_the_server(
    village: Village, open_phone: Opened, period: str, code: str
) -> None:
    phone = open_phone()
    village.world.clock.advance(timedelta(days=40))
    phone.state_rt_done(period=period)
    assert phone.sync().code == "ok"
    assert (only(phone).state, only(phone).code) == ("refused", code)


def test_an_rt_that_is_not_his_is_refused_at_once_and_an_empty_one_by_the_server(
    village: Village, open_phone: Opened
) -> None:
    phone = open_phone()
    with pytest.raises(RtUnclear, match="not one of this phone's"):
        phone.state_rt_done(OTHER_RT)
    assert phone.rt_statements() == []
    world = village.world
    world.assign(village.ani.account, [area(DESA, RT, OTHER_RT)])
    phone.sync()
    with pytest.raises(RtUnclear, match="several RTs"):
        phone.state_rt_done()
    phone.state_rt_done("4/1" if OTHER_RT == "004/001" else OTHER_RT)
    phone.sync()
    assert (only(phone).state, only(phone).code) == ("refused", "not-found-rt")


def test_who_lost_the_rt_meanwhile_hears_so(village: Village, open_phone: Opened) -> None:
    phone = open_phone()
    phone.state_rt_done()
    village.world.assign(village.ani.account, [area(DESA, OTHER_RT)])
    assert phone.sync().code == "ok"
    assert (only(phone).state, only(phone).code) == ("refused", "not-found")
    assert told(village)["done"] is False


def test_a_revoked_phone_keeps_its_statement(village: Village, open_phone: Opened) -> None:
    phone = open_phone()
    phone.state_rt_done()
    device = phone.status().device
    assert device is not None
    village.world.revoke_device(device)
    assert phone.sync().code == "device-revoked"
    assert only(phone).state == "waiting"


def test_a_restored_server_is_told_again_what_it_had_accepted(
    village: Village, open_phone: Opened, line: Line
) -> None:
    phone = open_phone()
    phone.state_rt_done()
    phone.sync()
    before = only(phone)
    with village.world.database.writing() as session:
        new_epoch(session, village.world.act())
    line.paths.clear()
    assert phone.sync().code == "ok"
    assert line.paths.count(STATING) == 1
    assert only(phone) == before, "an old answer is no news"


def test_a_phone_hears_of_a_new_period_within_a_day(village: Village, open_phone: Opened) -> None:
    phone = open_phone()
    window = {"opens": "2026-12-01", "closes": "2026-12-15"}
    own = {"petugas": {"opens": "2026-12-01", "closes": "2026-12-31"}}
    body = {"period": "2026-12", "area": "180221", **window, "roles": own}
    assert village.sari.post("/v1/periods", body).status == 201
    village.world.clock.advance(timedelta(days=45))
    with pytest.raises(RtUnclear, match="known: 2026-11"):
        phone.state_rt_done()
    phone.sync(check=True)
    stated = phone.state_rt_done()
    assert stated is not None
    assert stated.period == "2026-12", "by the window of the phone's own role"
    other = {"period": "2026-12b", "area": DESA, "opens": "2026-12-01", "closes": "2026-12-31"}
    assert village.sari.post("/v1/periods", other).status == 201
    village.world.clock.advance(timedelta(hours=21))
    phone.sync(check=True)
    with pytest.raises(RtUnclear, match="several periods are open"):
        phone.state_rt_done()


def test_a_head_of_a_whole_village_says_which_rt(village: Village, open_phone: Opened) -> None:
    account = village.world.account("kampung", Role.PETUGAS, [area(DESA)])
    phone = open_phone("kampung", account)
    with pytest.raises(RtUnclear, match="several RTs"):
        phone.state_rt_done()
    with pytest.raises(RtUnclear, match="written 003/001"):
        phone.state_rt_done("tiga")
    stated = phone.state_rt_done("3/1")
    assert stated is not None
    phone.sync()
    assert only(phone).state == "accepted"


def test_an_older_store_gets_the_table_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    store = Store.open(path)
    with store.writing("age"):
        store.run("DROP TABLE rt_statements")
        store.run("PRAGMA user_version = 1")
        store.remember(server="https://lokus.test")
    store.close()
    again = Store.open(path)
    assert again.number("PRAGMA user_version") == len(STEPS)
    assert again.number("SELECT count(*) FROM rt_statements") == 0
    assert again.fact_text("server") == "https://lokus.test"


# On the command line -----------------------------------------------------------------------------


def lines(terminal: Terminal) -> Callable[..., str]:
    """What a command prints, however wide the terminal is."""
    return lambda *words, **rest: " ".join(terminal.run(*words, **rest).split())


def test_the_head_reads_in_indonesian_what_became_of_it_until_he_has_seen_it(
    village: Village, open_phone: Opened, tmp_path: Path
) -> None:
    phone = open_phone()
    visit_all(phone)
    run = lines(Terminal(tmp_path / "ani.db"))
    said = run("selesai", "--periode", PERIOD)
    assert f"RT {RT} dinyatakan selesai untuk periode {PERIOD}" in said
    assert "menunggu: 2" in said
    assert "menunggu dikirim" in run("status")
    phone.sync()
    assert run("status", "--json").count('"is_seen": false') == 1
    accepted = "diterima; 2 keluarga, 0 belum ada hasil"
    assert accepted in run("status")
    assert accepted in run("status"), "what holds stays in sight"
    assert "akan ditarik saat sync" in run("selesai", "--tarik", "--periode", PERIOD)
    village.step(village.operator, "mulai_verifikasi")
    village.step(village.operator, "buka_musyawarah")
    phone.sync()
    refused = "DITOLAK – tahapnya sudah lewat"
    assert refused in run("status")
    assert refused not in run("status"), "he has read it"


def test_what_is_unclear_is_said_in_indonesian_and_nothing_is_kept(
    open_phone: Opened, tmp_path: Path
) -> None:
    phone = open_phone()
    run = lines(Terminal(tmp_path / "ani.db"))
    assert "bukan tugas ponsel ini" in run("selesai", "--rt", "9/9", exit_code=1)
    assert "ditulis 003/001" in run("selesai", "--rt", "x", exit_code=1)
    assert "not one of this" in run("selesai", "--rt", "9/9", "--lang", "en", exit_code=1)
    assert phone.rt_statements() == []
    run("selesai", "--periode", PERIOD)
    withdrawn = run("selesai", "--tarik", "--periode", PERIOD)
    assert "belum pernah terkirim" in withdrawn
