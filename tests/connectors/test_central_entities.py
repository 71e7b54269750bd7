"""An entity list of an ODK Central server, in the register; and what was deleted over there."""

from datetime import timedelta

import pytest

from tests.api.office import DESA
from tests.connectors.bench import CENTRAL, ENTITIES, FAMILY, KOBO, NO_KK, OTHER_NO_KK, Bench
from tests.connectors.central_double import SESSION
from tests.connectors.test_central_pull import FIRST, SECOND, house

ONE = "7a0a0000-0000-4000-8000-000000000001"
TWO = "7a0a0000-0000-4000-8000-000000000002"
LIST = f"""
desa = "{DESA}"

[questions]
"no_kk" = "keluarga.no_kk"
"rt" = "keluarga.rt"
"rw" = "keluarga.rw"
"luas" = "keluarga.luas_lantai"
"label" = "keluarga.nama_kepala_keluarga"
"lantai" = {{ field = "keluarga.jenis_lantai_terluas", codes = {{ 1 = "tanah", 2 = "keramik" }} }}
"""
HERE = {"rt": "003", "rw": "001"}
TRAIL = "SELECT chain, detail FROM audit WHERE action = 'connector-gone'"


def connect(bench: Bench) -> None:
    bench.connect(CENTRAL, text=LIST, form=ENTITIES)


def test_an_entity_states_what_its_map_feeds(bench: Bench) -> None:
    bench.central.enter(ONE, "SUPARMAN", no_kk=NO_KK, lantai="2", luas="24", **HERE)
    bench.central.enter(TWO, "SITI AMINAH", no_kk=OTHER_NO_KK, lantai="1", luas="30", **HERE)
    connect(bench)
    report = bench.run(CENTRAL)
    assert (report.problem, dict(report.states)) == (None, {"merged": 2})
    assert bench.document()["jenis_lantai_terluas"] == "keramik"
    assert bench.families() == 2


def test_a_list_of_persons_brings_them_into_their_families(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.central.enter(ONE, "SITI AMINAH", no_kk=NO_KK, nik="1802216104880002")
    text = f"""
desa = "{DESA}"
members = "."

[questions]
"no_kk" = "keluarga.no_kk"
"nik" = "anggota.nik"
"label" = "anggota.nama"
"""
    bench.connect(CENTRAL, text=text, form=ENTITIES)
    assert dict(bench.run(CENTRAL).states) == {"merged": 1}
    assert (bench.families(), bench.persons()) == (1, 2)


def test_an_entity_that_names_the_register_s_record_is_about_it(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.central.enter(ONE, "rumah biru", lokus=FAMILY, luas="24", lantai="2")
    text = f"""
desa = "{DESA}"
identity = {{ question = "lokus", by = "id" }}

[questions]
"lantai" = {{ field = "keluarga.jenis_lantai_terluas", codes = {{ 2 = "keramik" }} }}
"""
    bench.connect(CENTRAL, text=text, form=ENTITIES)
    assert dict(bench.run(CENTRAL).states) == {"merged": 1}
    assert bench.document()["jenis_lantai_terluas"] == "keramik"


def test_a_change_of_an_entity_is_an_edit_here(bench: Bench) -> None:
    bench.central.enter(ONE, "SUPARMAN", no_kk=NO_KK, lantai="2", luas="24", **HERE)
    connect(bench)
    bench.run(CENTRAL)
    bench.central.change(ONE, lantai="1")
    report = bench.run(CENTRAL)
    assert (report.due, dict(report.states)) == (1, {"merged": 1})
    assert bench.document()["jenis_lantai_terluas"] == "tanah"
    assert bench.run(CENTRAL).due == 0


def test_only_entities_that_changed_since_are_listed(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.central.enter(ONE, "SUPARMAN", no_kk=NO_KK, luas="24", **HERE)
    connect(bench)
    bench.run(CENTRAL)
    bench.central.enter(TWO, "SITI", no_kk=OTHER_NO_KK, luas="30", **HERE)
    bench.central.now += timedelta(hours=1)
    bench.run(CENTRAL)
    filters = [r.url.params.get("$filter", "") for r in bench.central.requests]
    assert any("createdAt ge" in one and "updatedAt ge" in one for one in filters)
    assert bench.run(CENTRAL).listed == 1


def test_entities_are_read_through_their_next_links(sqlite_bench: Bench) -> None:
    sqlite_bench.central.page_max = 1
    for number in range(1, 4):
        uuid = f"7a0a0000-0000-4000-8000-{number:012d}"
        sqlite_bench.central.enter(uuid, "X", no_kk=f"180221010120000{number}", luas="9", **HERE)
    connect(sqlite_bench)
    report = sqlite_bench.run(CENTRAL)
    assert (report.problem, report.listed, dict(report.states)) == (None, 3, {"merged": 3})


def test_an_entity_that_is_deleted_over_there_stays_here_and_is_noted(bench: Bench) -> None:
    bench.central.enter(ONE, "SUPARMAN", no_kk=NO_KK, lantai="2", luas="24", **HERE)
    connect(bench)
    bench.run(CENTRAL)
    bench.central.delete(ONE)
    report = bench.run(CENTRAL)
    assert (report.problem, report.gone) == (None, 1)
    assert bench.gone(CENTRAL) == [(ONE, FAMILY)]
    assert bench.document()["jenis_lantai_terluas"] == "keramik"
    ((chain, detail),) = bench.world.ask(TRAIL)
    assert chain == DESA
    assert ONE in str(detail)
    assert bench.run(CENTRAL).gone == 0


def test_a_submission_that_is_deleted_over_there_stays_here_and_is_noted(bench: Bench) -> None:
    for instance in (FIRST, SECOND):
        bench.central.add(instance, house(instance))
    bench.connect(CENTRAL)
    bench.run(CENTRAL)
    bench.central.delete(FIRST)
    assert bench.run(CENTRAL).gone == 1
    assert bench.gone(CENTRAL) == [(FIRST, FAMILY)]
    assert bench.persons() == 2


def test_what_was_taken_out_of_the_trash_is_there_again(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    for instance in (FIRST, SECOND):
        bench.central.add(instance, house(instance))
    bench.connect(CENTRAL)
    bench.run(CENTRAL)
    bench.central.delete(FIRST)
    bench.run(CENTRAL)
    bench.central.rows[FIRST]["deleted"] = None
    report = bench.run(CENTRAL)
    assert (report.due, bench.gone(CENTRAL)) == (0, [])


def test_what_central_forgot_to_have_deleted_is_found_missing_from_the_whole_list(
    sqlite_bench: Bench,
) -> None:
    bench = sqlite_bench
    for instance in (FIRST, SECOND):
        bench.central.add(instance, house(instance))
    bench.connect(CENTRAL)
    bench.run(CENTRAL)
    del bench.central.rows[FIRST]
    assert bench.run(CENTRAL).gone == 0
    # After 30 days the trash is emptied: a connector that slept so long reads everything.
    bench.world.clock.advance(timedelta(days=31))
    report = bench.run(CENTRAL)
    assert (report.listed, report.gone, bench.gone(CENTRAL)) == (1, 1, [(FIRST, FAMILY)])


def test_a_submission_that_kobo_lists_no_more_is_noted_and_one_that_comes_back_is_there(
    bench: Bench,
) -> None:
    bench.kobo.add(1, kk__nomor=NO_KK, rumah__lantai="2")
    kept = bench.kobo.add(2, kk__nomor=NO_KK)
    bench.connect(KOBO)
    bench.run()
    del bench.kobo.documents[2]
    assert bench.run().gone == 1
    assert bench.gone() == [("2", FAMILY)]
    assert bench.run().gone == 0
    bench.kobo.documents[2] = kept
    assert bench.run().due == 0
    assert bench.gone() == []


def test_a_list_that_moves_while_it_is_read_calls_nothing_gone(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.kobo.page_max = 2
    for number in range(1, 6):
        bench.kobo.add(number, kk__nomor=NO_KK)
    bench.connect()
    bench.run()
    kobo, pages = bench.kobo, 0

    def deleting(_request: object) -> None:
        nonlocal pages
        pages += 1
        if pages == 2:
            # Before the second page somebody deletes the first: the third one is skipped.
            kobo.documents.pop(1)

    kobo.fails = deleting
    # The first one was seen a moment before, the third one is there when it is asked for.
    assert bench.run().gone == 0
    assert bench.run().gone == 1
    assert [item for item, _ in bench.gone()] == ["1"]


def test_nobody_reviews_entities_so_nothing_is_written_there(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.central.enter(ONE, "SUPARMAN", no_kk=NO_KK, luas="60", **HERE)
    connect(bench)
    assert bench.run(CENTRAL).told == 0
    assert {r.method for r in bench.central.requests} == {"POST", "GET"}


@pytest.mark.parametrize("status", [404, 403])
def test_a_list_that_is_not_there_or_not_ours_is_named(sqlite_bench: Bench, status: int) -> None:
    form = ENTITIES.replace("keluarga", "lain")
    sqlite_bench.connect(CENTRAL, text=LIST, form=form)
    if status == 403:
        secrets = sqlite_bench.world.settings.data_dir / "central.txt"
        secrets.write_text(f"{SESSION}-old\n")
    report = sqlite_bench.run(CENTRAL)
    assert report.problem is not None
    assert ("project and name" if status == 404 else "token") in report.problem
