"""The ministry answers: each row back onto what was sent, and a task for whoever was refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.formats.exports.results import UnreadableAnswer, Words, read_answers, shipped_words
from tests.api.exporting import (
    HEADER,
    NIK,
    SECOND_NIK,
    an_answer,
    answer,
    exported,
    signed_village,
    taken,
)
from tests.api.importing import bring
from tests.api.rounds import DESA, RT, SECOND, Desk, Role, Village, desk
from tests.api.village import OTHER_DESA, OTHER_RT, assert_sound, audited
from tests.api.world import area, refused

NO = "NIK tidak ditemukan di Dukcapil"


@pytest.fixture
def village(database_url: str, tmp_path: Path) -> Iterator[Village]:
    with signed_village(database_url, tmp_path / "data") as found:
        yield found


@pytest.fixture
def sqlite_village(sqlite_url: str, tmp_path: Path) -> Iterator[Village]:
    with signed_village(sqlite_url, tmp_path / "data") as found:
        yield found


def tasks(who: Desk, **query: str) -> list[dict[str, object]]:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    found: list[dict[str, object]] = who.read(f"/v1/tasks?{asked}")["tasks"]
    return found


def test_a_refused_row_becomes_a_task_of_its_rt_with_the_ministrys_words(
    village: Village,
) -> None:
    export = exported(village.operator)["export"]["id"]
    told = taken(
        village.operator,
        export,
        an_answer((NIK, "PBI", "DITERIMA"), (SECOND_NIK, "PBI", "Gagal", NO)),
    )
    assert (told["rows"], told["matched"], told["changed"], told["unmatched"]) == (2, 2, 2, [])
    assert told["outcomes"] == {"diterima": 1, "ditolak": 1}
    assert told["tasks_opened"] == 1
    (task,) = tasks(Desk(village.ani))
    assert (task["desa"], task["rt"], task["keluarga"]) == (DESA, RT, SECOND)
    assert task["words"] == {"hasil": "Gagal", "padan": "PADAN", "keterangan": NO}
    assert SECOND_NIK not in str(task)
    outcomes = village.operator.read(f"/v1/exports/{export}")["outcomes"]
    assert outcomes == {"diterima": 1, "ditolak": 1}
    assert_sound(village.world)


def test_the_same_file_again_changes_nothing(village: Village) -> None:
    export = exported(village.operator)["export"]["id"]
    content = an_answer((SECOND_NIK, "PBI", "ditolak", NO))
    first = taken(village.operator, export, content)
    before = village.world.ask("SELECT * FROM export_result ORDER BY n")
    village.operator.post(f"/v1/tasks/{tasks(village.operator)[0]['id']}/close", {"note": "beres"})
    again = taken(village.operator, export, content)
    assert first["file"] == again["file"]
    assert (again["matched"], again["changed"], again["same"]) == (1, 0, 1)
    assert village.world.ask("SELECT * FROM export_result ORDER BY n") == before
    assert tasks(village.operator) == []
    assert len(audited(village.world, "export-answered")) == 1


def test_an_answer_that_comes_as_a_list_is_the_same_answer(
    village: Village, tmp_path: Path
) -> None:
    exported(village.operator)
    file = tmp_path / "hasil.csv"
    file.write_bytes(an_answer((NIK, "PBI", "DITERIMA"), (SECOND_NIK, "PBI", "Gagal", NO)))
    before = village.world.ask("SELECT count(*) FROM operation")
    assert bring(village.world, [file], where=DESA, dry_run=True).results == [{"rows": 2}]
    (told,) = bring(village.world, [file], where=DESA).results or []
    assert isinstance(told, dict)
    assert (told["matched"], told["changed"], told["tasks_opened"]) == (2, 2, 1)
    assert [task["words"] for task in tasks(Desk(village.ani))]
    (again,) = bring(village.world, [file], where=DESA).results or []
    assert isinstance(again, dict)
    assert again["changed"] == 0
    assert village.world.ask("SELECT count(*) FROM operation") == before
    assert_sound(village.world)


def test_a_later_yes_closes_the_task(village: Village) -> None:
    export = exported(village.operator)["export"]["id"]
    taken(village.operator, export, an_answer((NIK, "PBI", "Ditolak", NO)))
    told = taken(village.operator, export, an_answer((NIK, "PBI", "Berhasil")))
    assert told["tasks_closed"] == 1
    assert tasks(village.operator) == []
    (closed,) = tasks(village.operator, state="selesai")
    assert closed["note"] == "diterima kemudian"


def test_a_row_that_nobody_sent_is_told_by_its_line(sqlite_village: Village) -> None:
    export = exported(sqlite_village.operator)["export"]["id"]
    told = taken(
        sqlite_village.operator,
        export,
        an_answer(
            ("1802210101900099", "PBI", "Ditolak"),
            (NIK, "PKH", "Ditolak"),
            ("1,80221E+15", "PBI", "Ditolak"),
            (NIK, "PBI", "Ditolak"),
        ),
    )
    assert told["unmatched"] == [2, 3, 4]
    assert told["matched"] == 1


def test_a_word_that_is_neither_yes_nor_no_makes_no_task_and_is_told(
    sqlite_village: Village,
) -> None:
    export = exported(sqlite_village.operator)["export"]["id"]
    told = taken(sqlite_village.operator, export, an_answer((NIK, "PBI", "Dalam proses")))
    assert told["unclear"] == {"Dalam proses": 1}
    assert told["outcomes"] == {"tidak_jelas": 1}
    assert tasks(sqlite_village.operator) == []


def test_an_answer_is_kept_word_for_word_and_its_number_only_sealed(
    sqlite_village: Village,
) -> None:
    export = exported(sqlite_village.operator)["export"]["id"]
    taken(sqlite_village.operator, export, an_answer((NIK, "PBI", " DiToLaK ", "a; b")))
    (body,) = sqlite_village.world.ask("SELECT body FROM export_result WHERE body IS NOT NULL")[0]
    assert '"hasil":" DiToLaK "' in body
    assert '"nik"' in body
    assert NIK not in str(sqlite_village.world.ask("SELECT words FROM task"))


def test_tasks_are_seen_by_their_rt_and_by_whoever_has_the_village(
    sqlite_village: Village,
) -> None:
    village = sqlite_village
    export = exported(village.operator)["export"]["id"]
    taken(village.operator, export, an_answer((NIK, "PBI", "Ditolak", NO)))
    neighbour = Desk(village.world.device("tono", Role.PETUGAS, [area(DESA, OTHER_RT)]))
    stranger = desk(village.world, "jauh", Role.OPERATOR_DESA, code=OTHER_DESA)
    (task,) = tasks(village.operator)
    for outsider in (neighbour, stranger):
        assert tasks(outsider) == []
        refused(outsider.post(f"/v1/tasks/{task['id']}/close", {"note": "x"}), 404, "not-found")
    assert tasks(village.sari, area=DESA) == [task]
    assert tasks(village.sari, area=OTHER_DESA) == []
    assert len(tasks(Desk(village.ani))) == 1


def test_the_rt_head_says_what_was_done_and_only_once(village: Village) -> None:
    export = exported(village.operator)["export"]["id"]
    taken(village.operator, export, an_answer((NIK, "PBI", "Ditolak", NO)))
    ani = Desk(village.ani)
    (task,) = tasks(ani)
    closed = ani.post(f"/v1/tasks/{task['id']}/close", {"note": "KTP baru sudah difoto"})
    assert (closed.status, closed.json()["state"]) == (200, "selesai")
    refused(ani.post(f"/v1/tasks/{task['id']}/close", {"note": "lagi"}), 409, "already-decided")
    (entry,) = audited(village.world, "task-closed")
    assert entry == {"task": task["id"]}


def test_a_draft_is_answered_by_nobody(sqlite_village: Village) -> None:
    draft = exported(sqlite_village.operator, draft=True)["export"]["id"]
    refused(answer(sqlite_village.operator, draft, an_answer((NIK, "PBI", "x"))), 404, "not-found")


def test_who_may_not_record_results_cannot(sqlite_village: Village) -> None:
    export = exported(sqlite_village.operator)["export"]["id"]
    refused(answer(sqlite_village.kades, export, an_answer()), 403, "not-permitted")


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        (b"", "expected a header and 8 columns"),
        (b"a,b,c\n", "expected a header and 8 columns"),
        (f"a,b,{NIK},PBI,x,x,x,x\n".encode(), "no header"),
        (b"1,2,3,4,5,6,7,8\n1,2,3\n", "line 2 has 3 columns"),
    ],
)
def test_what_is_no_answer_is_refused_and_changes_nothing(
    sqlite_village: Village, content: bytes, hint: str
) -> None:
    export = exported(sqlite_village.operator)["export"]["id"]
    problem = refused(answer(sqlite_village.operator, export, content), 422, "value-refused")
    assert hint in problem["detail"]
    assert NIK not in str(problem)


# The reader ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written", [NIK, f"'{NIK}", f"{NIK}.0", f"{NIK},00", f'="{NIK}"', f" {NIK} "]
)
def test_a_number_is_read_as_spreadsheets_leave_it_behind(written: str) -> None:
    quoted = '"' + written.replace('"', '""') + '"'
    text = f"{','.join(HEADER)}\na,b,{quoted},pbi,x,y,z,w\n"
    (line,) = read_answers(text.encode("utf-8-sig"))
    assert (line.nik, line.program, line.line) == (NIK, "PBI", 2)
    assert line.values["nik"] == written


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_any_delimiter_and_encoding_is_read(delimiter: str, encoding: str) -> None:
    rows = [HEADER, ["A", "B", NIK, "PBI", "Ditolak", "", "Siti Ñ", "x"]]
    text = "\r\n".join(delimiter.join(row) for row in rows)
    (line,) = read_answers(text.encode(encoding))
    assert line.values["nama"] == "Siti Ñ"


def test_empty_lines_are_no_rows() -> None:
    assert list(read_answers(f"{','.join(HEADER)}\n\n,,,,,,,\n".encode())) == []


def test_a_file_that_is_no_text_is_refused() -> None:
    with pytest.raises(UnreadableAnswer):
        list(read_answers(b"\x81\x8d\x00\x00"))


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ("DITERIMA", "diterima"),
        ("Layak", "diterima"),
        ("TIDAK LAYAK", "ditolak"),
        ("tidak  padan", "ditolak"),
        ("Gagal validasi", "ditolak"),
        ("", "tidak_jelas"),
        ("menunggu", "tidak_jelas"),
    ],
)
def test_a_no_stands_above_a_yes(said: str, outcome: str) -> None:
    assert shipped_words().outcome(said) == outcome


def test_words_can_be_other_words() -> None:
    assert Words(("oke",), ("nope",)).outcome("OKE") == "diterima"
