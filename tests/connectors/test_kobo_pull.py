"""Forms of a KoboToolbox server, in the register."""

import httpx
import pytest

from models.queries.connectors import counts
from tests.api.village import desk
from tests.connectors.bench import FAMILY, NIK, NO_KK, OTHER_NO_KK, Bench
from tests.connectors.doubles import KOBO_HOST

HOUSE = {"kk__nomor": NO_KK, "rumah__lantai": "2"}
NEW = {
    "kk__nomor": OTHER_NO_KK,
    "kk__kepala": "SITI AMINAH",
    "kk__rt": "003",
    "kk__rw": "001",
    "rumah__luas": 30,
    "anggota": [
        {"anggota/nama": "SITI AMINAH", "anggota/nik": "1802216104880002"},
        {"anggota/nama": "DEWI"},
    ],
}


def test_a_form_about_a_known_family_states_its_fields(bench: Bench) -> None:
    bench.kobo.add(1, **HOUSE)
    bench.connect()
    report = bench.run()
    assert (report.problem, dict(report.states)) == (None, {"merged": 1})
    assert bench.document()["jenis_lantai_terluas"] == "keramik"
    assert bench.document()["luas_lantai"] == 24
    assert bench.families() == 1


def test_a_family_that_nobody_knows_comes_in_with_its_persons(bench: Bench) -> None:
    bench.kobo.add(1, **NEW)
    bench.connect()
    assert dict(bench.run().states) == {"merged": 1}
    assert (bench.families(), bench.persons()) == (2, 3)


def test_a_second_run_fetches_and_changes_nothing(
    sqlite_bench: Bench,
) -> None:
    bench = sqlite_bench
    bench.kobo.add(1, **NEW)
    bench.kobo.add(2, **HOUSE)
    bench.connect()
    bench.run()
    before = bench.world.count("operation")
    asked = len(bench.kobo.requests)
    report = bench.run()
    assert (report.listed, report.due, sum(report.states.values())) == (2, 0, 0)
    assert bench.world.count("operation") == before
    assert len(bench.kobo.requests) == asked + 1


def test_a_form_that_comes_again_after_the_note_of_it_was_lost_is_not_doubled(bench: Bench) -> None:
    bench.kobo.add(1, **NEW)
    bench.connect()
    bench.run()
    with bench.world.database.writing() as session:
        session.connection().exec_driver_sql("DELETE FROM connector_item")
    report = bench.run()
    assert (dict(report.states), report.repeated) == ({"merged": 1}, 1)
    assert (bench.families(), bench.persons()) == (2, 3)
    assert bench.world.count("submission") == 1


def test_an_edit_over_there_says_only_what_it_changes(bench: Bench) -> None:
    bench.kobo.add(1, **NEW)
    bench.connect()
    bench.run()
    bench.kobo.edit(1, 1, rumah__luas=36)
    assert bench.run().due == 1
    assert (bench.families(), bench.persons()) == (2, 3)
    assert sorted(bench.sizes()) == [24, 36]


def test_two_edits_between_two_runs_are_one_edit_of_what_was_taken(bench: Bench) -> None:
    bench.kobo.add(1, **HOUSE)
    bench.connect()
    bench.run()
    bench.kobo.edit(1, 1, rumah__lantai="99")
    bench.kobo.edit(1, 2, rumah__lantai="1")
    assert dict(bench.run().states) == {"merged": 1}
    assert bench.document()["jenis_lantai_terluas"] == "tanah"
    assert bench.world.count("held") == 0


def test_a_copy_with_the_same_root_under_another_number_is_not_doubled(
    sqlite_bench: Bench,
) -> None:
    bench = sqlite_bench
    first = bench.kobo.add(1, **NEW)
    bench.connect()
    bench.run()
    copy = bench.kobo.add(2, **NEW)
    copy |= {name: first[name] for name in ("_uuid", "meta/rootUuid", "meta/instanceID")}
    assert bench.run().repeated == 1
    assert (bench.families(), bench.world.count("submission")) == (2, 1)


def test_a_form_that_contradicts_a_phone_becomes_a_question(bench: Bench) -> None:
    bench.kobo.add(1, **{**HOUSE, "rumah__luas": 60})
    bench.connect()
    bench.run()
    assert desk(bench.world).conflicts() != []
    assert bench.document()["luas_lantai"] == 24


def test_what_a_reviewer_accepted_is_approved_over_there_once(bench: Bench) -> None:
    bench.kobo.add(1, **{**HOUSE, "rumah__luas": 60})
    bench.kobo.add(2, **NEW)
    bench.connect()
    assert bench.run().told == 0
    sari = desk(bench.world)
    for line in sari.conflicts():
        page = sari.read(f"/v1/conflicts/{line['id']}")
        assert sari.resolve(page, "current").status == 200
    assert bench.run().told == 1
    assert bench.kobo.validated(1) == "validation_status_approved"
    assert bench.kobo.validated(2) is None
    assert bench.run().told == 0


def test_an_answer_that_the_register_cannot_take_waits_and_its_rejection_is_told(
    bench: Bench,
) -> None:
    bench.kobo.add(1, **{**HOUSE, "rumah__lantai": "99"})
    bench.connect()
    bench.run()
    sari = desk(bench.world)
    (line,) = sari.read("/v1/quarantine")["entries"]
    assert sari.post(f"/v1/quarantine/{line['id']}/reject", {"reason": "tidak jelas"}).status == 200
    assert bench.run().told == 1
    assert bench.kobo.validated(1) == "validation_status_not_approved"


def test_a_dry_run_shows_what_would_merge_and_merges_nothing(bench: Bench) -> None:
    bench.kobo.add(1, **NEW)
    bench.kobo.add(2, **HOUSE)
    bench.connect()
    report = bench.run(dry_run=True)
    assert [(one.item, one.creates, one.persons) for one in report.landings] == [
        ("1", True, 2),
        ("2", False, 0),
    ]
    assert report.landings[1].record == FAMILY
    assert (bench.families(), bench.world.count("submission")) == (1, 0)
    assert dict(bench.run().states) == {"merged": 2}


def test_a_run_that_was_cut_off_goes_on_where_it_was(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    for number in range(1, 151):
        bench.kobo.add(number, **{**HOUSE, "rumah__luas": 24})
    fetches = 0

    def fail(request: httpx.Request) -> httpx.Response | None:
        nonlocal fetches
        fetches += b"query=" in request.url.query
        return httpx.Response(502) if fetches > 1 else None

    bench.kobo.fails = fail
    bench.connect()
    report = bench.run()
    assert report.problem is not None
    assert sum(report.states.values()) == 100
    bench.kobo.fails = lambda _request: None
    report = bench.run()
    assert (report.problem, sum(report.states.values())) == (None, 50)
    assert bench.world.count("submission") == 150


def test_the_list_is_read_page_by_page_to_its_end(sqlite_bench: Bench) -> None:
    sqlite_bench.kobo.page_max = 2
    for number in range(1, 6):
        sqlite_bench.kobo.add(number, **HOUSE)
    sqlite_bench.connect()
    report = sqlite_bench.run()
    assert (report.listed, report.gone, dict(report.states)) == (5, 0, {"merged": 5})


def test_an_answer_that_is_too_large_is_asked_for_in_halves(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    for number in range(1, 5):
        bench.kobo.add(number, **HOUSE, catatan="x" * 2_000_000)
    bench.connect()
    report = bench.run()
    assert (report.problem, dict(report.states)) == (None, {"merged": 4})


def test_a_form_that_vanished_over_there_stays_here(
    sqlite_bench: Bench,
) -> None:
    bench = sqlite_bench
    bench.kobo.add(1, **HOUSE)
    bench.connect()
    bench.run()
    bench.kobo.edit(1, 1, rumah__luas=36)
    gone = bench.kobo.documents

    def vanish(request: httpx.Request) -> httpx.Response | None:
        if b"query=" in request.url.query:
            gone.clear()
        return None

    bench.kobo.fails = vanish
    assert bench.run().gone == 1
    assert bench.gone() == [("1", FAMILY)]
    with bench.world.database.reading() as session:
        assert counts(session, "kobo") == {"gone": 1}
    assert bench.document()["jenis_lantai_terluas"] == "keramik"


def test_a_village_outside_of_the_account_s_areas_is_set_aside(
    sqlite_bench: Bench,
) -> None:
    bench = sqlite_bench
    bench.kobo.add(1, **HOUSE)
    text = 'desa = "1804052001"\n[questions]\n"kk/nomor" = "keluarga.no_kk"\n'
    bench.connect(text=text)
    assert dict(bench.run().states) == {"quarantined": 1}
    assert bench.world.ask("SELECT desa, problem FROM submission") == [("", "village-unknown")]


def test_an_unknown_family_waits_where_the_map_says_so(
    sqlite_bench: Bench,
) -> None:
    bench = sqlite_bench
    bench.kobo.add(1, **NEW)
    text = f'unknown = "hold"\ndesa = "{bench.world.ask("SELECT desa FROM feed")[0][0]}"\n'
    bench.connect(text=text + '[questions]\n"kk/nomor" = "keluarga.no_kk"\n')
    assert dict(bench.run().states) == {"held": 1}
    assert bench.families() == 1
    ((held,),) = bench.world.ask("SELECT submission FROM held")
    assert desk(bench.world).post(f"/v1/held/{held}/release", {}).status == 200
    with bench.world.database.reading() as session:
        assert counts(session, "kobo") == {"merged": 1}


@pytest.mark.parametrize(
    ("status", "word"), [(401, "token"), (404, "asset"), (302, "elsewhere"), (429, "busy")]
)
def test_a_refusal_ends_the_run_with_what_to_do(
    sqlite_bench: Bench, status: int, word: str
) -> None:
    sqlite_bench.kobo.fails = lambda _request: httpx.Response(
        status, headers={"location": "http://169.254.169.254/"}
    )
    sqlite_bench.connect()
    report = sqlite_bench.run()
    assert report.problem is not None
    assert word in report.problem
    assert len(sqlite_bench.kobo.requests) == 1
    ((kept, held),) = sqlite_bench.world.ask("SELECT problem, running_until FROM connector")
    assert (kept, held) == (report.problem, None)


def test_no_numbers_of_people_and_no_token_stand_in_plain_sight(bench: Bench) -> None:
    bench.kobo.add(1, **NEW)
    bench.connect()
    bench.run()
    told = str(bench.world.ask("SELECT detail FROM audit"))
    assert OTHER_NO_KK not in told
    assert NIK not in told
    assert KOBO_HOST in str(bench.world.ask("SELECT url FROM connector"))
    for table in ("connector", "connector_item"):
        rows = str(bench.world.ask(f"SELECT * FROM {table}"))
        assert "0123456789abcdef" not in rows
    (lane,) = bench.world.ask("SELECT lineage, source FROM lane WHERE source = 'kobo'")
    assert lane == ("connector:kobo", "kobo")
