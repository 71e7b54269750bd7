"""Keying in: the operator types, the RT head is the one who said it, and nothing is typed twice."""

import html
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from urllib.parse import urlencode

import pytest

from api.services.entry_form import FORM, Section
from api.services.family_form import (
    FAMILY as PART,
)
from api.services.family_form import (
    LAST_FIELD,
    Circumstance,
    Filled,
    Household,
    ShownRecord,
    filled,
)
from api.services.typed_values import Mistake, read_day, read_value
from sync.permission import Role
from sync.types import Json
from tests.api.calling import Answer
from tests.api.rounds import FAMILY, MEMBER, SECOND, Village, village_in_a_period
from tests.api.village import assert_sound, audited, desk
from tests.api.world import DESA, OTHER_DESA, RT, area, record_id

TODAY = "2026-11-03"
PAGE = f"/kantor/isi/{DESA}/{RT}"
FORM_TYPE = "application/x-www-form-urlencoded"
COMPLETE = {LAST_FIELD: "1"}


# What a form says ----------------------------------------------------------------------------


def a_form(**fields: str) -> dict[str, str]:
    """Names with `__` for the dot: `f__hasil`."""
    return COMPLETE | {name.replace("__", "."): value for name, value in fields.items()}


def read(
    form: Mapping[str, str],
    shown: Mapping[str, Json] | None = None,
    current: Mapping[str, Json] | None = None,
    **around: object,
) -> Filled:
    records = {PART: ShownRecord(FAMILY, 7, shown or {})}
    household = Household(FAMILY, current if current is not None else (shown or {}), {})
    known: dict[str, object] = {"today": date(2026, 11, 3), "offset": "+07:00", "rt": RT, **around}
    return filled(form, household, Circumstance(**known), records)  # type: ignore[arg-type]


def test_a_form_as_it_was_shown_says_nothing() -> None:
    shown: dict[str, Json] = {
        "no_kk": "12",  # malformed, from a list: not judged again
        "nama_kepala_keluarga": "CONTOH",
        "rt": "003",
        "luas_lantai": 36,
        "aset_bergerak_ac": False,
        "hasil": "ditemukan",
        "program": ["pkh"],
    }
    form = a_form(
        f__no_kk="12", f__nama_kepala_keluarga="CONTOH", f__rt="003", f__luas_lantai="36",
        f__aset_bergerak_ac="tidak", f__program__pkh="1", f__hasil="", f__telepon="",
    )  # fmt: skip
    found = read(form, shown)
    assert (found.operations, found.mistakes) == ([], {})


def test_a_field_that_was_left_alone_is_not_compared_with_the_present() -> None:
    found = read(
        a_form(f__nama_kepala_keluarga="LAMA"),
        shown={"nama_kepala_keluarga": "LAMA"},
        current={"nama_kepala_keluarga": "BARU"},
    )
    assert found.operations == []


def test_a_group_is_stated_whole_with_what_the_form_does_not_have() -> None:
    current: dict[str, Json] = {
        "sumber_penerangan_utama": "listrik_pln_dengan_meteran",
        "daya_terpasang": "450_watt",
        "id_pelanggan_pln": "5123",
    }
    (operation,) = read(a_form(f__daya_terpasang="900_watt"), current, current).operations
    assert operation == {
        "kind": "set", "entity": "keluarga", "id": FAMILY, "base": 7,
        "set": current | {"daya_terpasang": "900_watt"},
    }  # fmt: skip


def test_an_answer_that_is_asked_anew_is_stated_even_if_it_stands() -> None:
    shown: dict[str, Json] = {"hasil": "ditemukan", "kemampuan": "tidak_mampu"}
    (operation,) = read(a_form(f__hasil="ditemukan", f__kemampuan="tidak_mampu"), shown).operations
    assert operation["set"] == {
        "hasil": "ditemukan", "hasil_alasan": None, "hasil_kembaran": None,
        "kemampuan": "tidak_mampu", "alasan_tidak_layak": None,
    }  # fmt: skip


def test_an_outcome_that_needs_more_asks_for_it_beside_the_field() -> None:
    assert read(a_form(f__hasil="tidak_ditemukan", f__hasil_alasan="")).mistakes == {
        "f.hasil_alasan": "reason-missing"
    }
    assert read(a_form(f__hasil="data_ganda")).mistakes == {"f.hasil_kembaran": "twin-missing"}
    found = read(a_form(f__hasil="data_ganda"), twin=SECOND)
    assert found.mistakes == {}
    (operation,) = found.operations
    assert isinstance(operation["set"], dict)
    assert operation["set"]["hasil_kembaran"] == SECOND


def test_a_refusal_is_told_by_the_visit_alone() -> None:
    found = read(a_form(f__hasil="menolak", visit=record_id(9), hari="2-11-2026", catatan=" a  b "))
    assert found.mistakes == {}
    (visit,) = found.operations
    assert (visit["entity"], visit["id"], visit["parent"]) == ("kunjungan", record_id(9), FAMILY)
    assert visit["set"] == {
        "waktu": "2026-11-02T12:00:00+07:00", "hasil": "menolak", "formulir": "lembar-kerja",
        "catatan": "a b",
    }  # fmt: skip


def test_ticks_that_came_and_went_are_additions_and_removals() -> None:
    (operation,) = read(a_form(f__program__bpnt="1"), {"program": ["pkh"]}).operations
    assert operation["add"] == {"program": ["bpnt"]}
    assert operation["remove"] == {"program": ["pkh"]}


def test_a_form_that_was_cut_off_takes_no_tick_away() -> None:
    found = read({"f.nama_kepala_keluarga": "X"}, {"program": ["pkh"]})
    assert (found.operations, found.mistakes) == ([], {"f": "cut-off"})


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("no_kk", "123", "not-sixteen"),
        ("rt", "x", "not-three"),
        ("luas_lantai", "36,5", "no-number"),
        ("luas_lantai", "9" * 9, "no-number"),
        ("jenis_lantai_terluas", "emas", "unknown-answer"),
        ("aset_bergerak_ac", "mungkin", "unknown-answer"),
        ("nama_kepala_keluarga", "x" * 201, "too-long"),
        ("alamat", "a\x00b", "unprintable"),
    ],
)
def test_what_cannot_be_a_value_is_named_beside_its_field(name: str, text: str, code: str) -> None:
    found = read(COMPLETE | {f"f.{name}": text})
    assert found.mistakes == {f"f.{name}": code}
    assert found.operations == []


def test_numbers_and_days_may_be_written_as_people_write_them() -> None:
    card = next(q for q in FORM[Section.FAMILY] if q.name == "no_kk")
    rt = next(q for q in FORM[Section.FAMILY] if q.name == "rt")
    assert read_value(card, " 1802.2121-0110 0001 ") == "1802212101100001"
    assert read_value(rt, "3") == "003"
    assert read_day("3/11/2026") == read_day("2026-11-03") == TODAY
    assert read_day(" ") is None
    for wrong in ("31-02-2026", "besok", "3-11-26"):
        with pytest.raises(Mistake, match="no-day"):
            read_day(wrong)


def test_a_visit_does_not_lie_ahead() -> None:
    assert read(a_form(hari="4-11-2026")).mistakes == {"hari": "day-ahead"}
    assert read(a_form(hari="besok")).mistakes == {"hari": "no-day"}


# In the RT head's name -----------------------------------------------------------------------


@pytest.fixture
def village(database_url: str, tmp_path: Path) -> Iterator[Village]:
    with village_in_a_period(database_url, tmp_path / "data") as found:
        found.ani.sync()
        yield found


def keyed(village: Village, *operations: object, **rest: object) -> Answer:
    body = {"form": "f" * 16, "observed": TODAY, "operations": list(operations)} | rest
    return village.operator.post(f"/v1/keying-in/{DESA}/{RT}", body)


def an_edit(**values: object) -> dict[str, object]:
    return {"kind": "set", "entity": "keluarga", "id": FAMILY, "base": 4, "set": values}


def test_what_is_keyed_in_is_the_rt_heads_word_through_the_operators_hands(
    village: Village,
) -> None:
    told = keyed(village, an_edit(telepon="0812"))
    assert (told.status, told.json()["outcomes"]) == (200, ["applied"])
    assert village.operator.fields(FAMILY)["telepon"] == "0812"
    history = village.operator.read(f"/v1/records/{FAMILY}/history")["entries"]
    said = history[-1]
    assert (said["voice"]["source"], said["voice"]["account_name"]) == ("paper", "ani")
    assert said["sent"]["source"] == {
        "form": "f" * 16, "for": village.ani.account, "n": 1,
        "by": village.operator.account, "worksheet": f"RT {RT}",
    }  # fmt: skip
    (entry,) = audited(village.world, "keyed-in")
    assert (entry["account"], entry["rt"]) == (village.ani.account, RT)
    assert_sound(village.world)


def test_the_same_form_twice_enters_nothing_twice(village: Village) -> None:
    person = {"kind": "create", "entity": "anggota", "id": record_id(40), "parent": FAMILY,
              "set": {"nama": "BARU"}}  # fmt: skip
    first = keyed(village, an_edit(telepon="0812"), person)
    again = keyed(village, an_edit(telepon="0812"), person)
    assert first.json()["outcomes"] == ["applied", "applied"]
    assert again.json()["outcomes"] == ["duplicate", "duplicate"]
    assert village.world.ask("SELECT count(*) FROM record WHERE entity = 'anggota'") == [(3,)]
    assert_sound(village.world)


def test_paper_and_phone_that_differ_are_put_to_a_person(village: Village) -> None:
    village.ani.push([village.ani.edit(FAMILY, village.ani.since, nama_kepala_keluarga="PONSEL")])
    told = keyed(village, an_edit(nama_kepala_keluarga="KERTAS"))
    assert told.json()["outcomes"] == ["conflict"]
    assert village.operator.fields(FAMILY)["nama_kepala_keluarga"] == "PONSEL"


def test_a_later_form_knows_what_the_earlier_one_said(village: Village) -> None:
    assert keyed(village, an_edit(nama_kepala_keluarga="SATU")).json()["outcomes"] == ["applied"]
    later = keyed(village, an_edit(nama_kepala_keluarga="DUA"), form="g" * 16)
    assert later.json()["outcomes"] == ["applied"]


def test_one_operation_that_is_refused_keeps_the_whole_form_out(village: Village) -> None:
    before = village.world.count("operation")
    wrong = an_edit(jenis_lantai_terluas="emas")
    told = keyed(village, an_edit(telepon="0812"), wrong).json()
    assert [(one["place"], one["problem"]) for one in told["refused"]] == [(1, "unknown-code")]
    assert village.world.count("operation") == before
    assert "telepon" not in village.operator.fields(FAMILY)


def test_paper_reaches_no_further_than_its_rt(village: Village) -> None:
    elsewhere = {"kind": "create", "entity": "keluarga", "id": record_id(41),
                 "set": {"rt": "009", "rw": "001"}}  # fmt: skip
    told = keyed(village, elsewhere).json()
    assert told["refused"][0]["problem"] == "not-permitted"


def test_who_may_key_in_and_for_whom(village: Village) -> None:
    world = village.world
    other = desk(world, "lain", Role.OPERATOR_DESA, code=OTHER_DESA)
    body = {"form": "f" * 16, "operations": [an_edit(telepon="1")]}
    path = f"/v1/keying-in/{DESA}/{RT}"
    assert other.post(path, body).problem == "not-found"
    assert village.sari.post(path, body).problem == "not-permitted"
    assert village.operator.post(f"/v1/keying-in/{DESA}/004/001", body).problem == "value-refused"
    world.device("budi")
    assert village.operator.post(path, body).problem == "value-refused"
    assert village.operator.post(path, body | {"account": village.ani.account}).status == 200
    assert village.operator.post(path, body | {"account": other.account}).problem == "value-refused"
    world.account("kepala", Role.PETUGAS, [area(DESA)])
    assert village.operator.post(path, body | {"form": "x"}).problem == "malformed-request"


# The form page -------------------------------------------------------------------------------


def page(village: Village, query: str = "") -> str:
    answer = village.operator.device.get(PAGE + query, accept="text/html")
    assert answer.status == 200, answer
    return answer.body.decode()


def controls(text: str) -> dict[str, str]:
    """What a browser would send if somebody pressed the button."""
    found: dict[str, str] = {}
    main = text.partition('class="entry"')[2]
    for tag in re.findall(r"<input ([^>]*)>", main):
        held = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if "name" in held and (held.get("type") != "checkbox" or " checked" in tag):
            found[html.unescape(held["name"])] = html.unescape(held.get("value", ""))
    selects = re.findall(r'<select id="[^"]+" name="([^"]+)"[^>]*>(.*?)</select>', main, re.DOTALL)
    for name, inside in selects:
        chosen = re.search(r'value="([^"]*)" selected', inside)
        found[name] = chosen[1] if chosen else ""
    return found


def send(village: Village, fields: Mapping[str, str]) -> Answer:
    headers = village.operator.device.headers(accept="text/html") | {"content-type": FORM_TYPE}
    return village.world.call("POST", PAGE, urlencode(fields).encode(), headers)


def test_the_list_of_an_rt_leads_to_the_form_of_each_family(village: Village) -> None:
    text = page(village)
    assert f"keluarga={FAMILY}" in text
    assert f"keluarga={SECOND}" in text
    assert "atas nama ketua RT: ani" in text


def test_a_family_is_saved_and_the_next_one_opens(village: Village) -> None:
    fields = controls(page(village, f"?keluarga={FAMILY}")) | {
        "f.hasil": "ditemukan", "f.kemampuan": "tidak_mampu", "f.telepon": "0812",
        "f.program.pkh": "1", "sisanya": "1", "hari": "3-11-2026",
        "n0.nama": "BAYI", "n0.tanggal_lahir": "1-10-2026",
    }  # fmt: skip
    answer = send(village, fields)
    assert answer.status == 303, answer.body.decode()
    assert answer.headers["location"] == f"{PAGE}?tersimpan=ya&keluarga={SECOND}"
    held = village.operator.fields(FAMILY)
    assert (held["hasil"], held["telepon"], held["program"]) == ("ditemukan", "0812", ["pkh"])
    assert village.operator.fields(MEMBER)["keberadaan"] == "tinggal_bersama_keluarga"
    baby = village.world.ask("SELECT count(*) FROM record WHERE entity = 'anggota'")
    assert baby == [(3,)]
    again = send(village, fields)
    assert again.headers["location"].startswith(f"{PAGE}?tersimpan=ulang")
    assert village.world.ask("SELECT count(*) FROM record WHERE entity = 'anggota'") == [(3,)]
    assert "Tersimpan." in page(village, f"?tersimpan=ya&keluarga={SECOND}")
    assert_sound(village.world)


def test_a_mistake_is_told_beside_its_field_and_nothing_that_was_typed_is_lost(
    village: Village,
) -> None:
    before = village.world.count("operation")
    typed = {"f.no_kk": "123", "f.alamat": "GANG <BARU>", "f.hasil": "tidak_ditemukan",
             "m0.keberadaan": "meninggal", "n1.pekerjaan": "wiraswasta", "hari": "besok",
             "f.program.bpnt": "1", "catatan": "tetangga bilang pindah"}  # fmt: skip
    answer = send(village, controls(page(village, f"?keluarga={FAMILY}")) | typed)
    text = answer.body.decode()
    assert answer.status == 422
    told = ["Harus 16 angka", "Pilih alasannya", "Isi tanggal meninggal", "Tulis tanggal seperti"]
    for sentence in (*told, "Isi namanya", "5 isian perlu diperbaiki"):
        assert sentence in text, sentence
    assert {name: controls(text)[name] for name in typed} == typed
    assert village.world.count("operation") == before


def test_a_death_on_paper_closes_the_person_with_its_day_and_number(village: Village) -> None:
    fields = controls(page(village, f"?keluarga={FAMILY}")) | {
        "m0.keberadaan": "meninggal", "m0.tanggal": "20-10-2026", "m0.nomor": "474/12/2026"
    }  # fmt: skip
    assert send(village, fields).status == 303
    ended = village.operator.read(f"/v1/records/{MEMBER}")["end"]
    assert ended == {"end": "meninggal", "date": "2026-10-20", "number": "474/12/2026"}


def test_a_family_that_is_missing_from_the_list_is_proposed(village: Village) -> None:
    fields = controls(page(village, "?keluarga=baru")) | {
        "f.nama_kepala_keluarga": "BARU", "f.alamat": "GANG LADA 1", "f.no_kk": "1802212101100009",
        "n0.nama": "BARU", "n0.hubungan_keluarga": "kepala_keluarga", "hari": "3-11-2026",
    }  # fmt: skip
    assert send(village, fields).status == 303
    held = village.operator.fields(fields["f.id"])
    assert (held["hasil"], held["rt"], held["rw"]) == ("usulan_baru", "003", "001")
    assert "BARU" in page(village)
    assert send(village, fields).headers["location"].startswith(f"{PAGE}?tersimpan=ulang")


def test_the_twin_in_another_rt_is_found_by_its_card(village: Village) -> None:
    fields = controls(page(village, f"?keluarga={FAMILY}"))
    wanted = {"f.hasil": "data_ganda", "f.kembaran_kk": "1802 2121 0110 0002"}
    assert send(village, fields | wanted).status == 303
    assert village.operator.fields(FAMILY)["hasil_kembaran"] == SECOND
    unknown = fields | {"f.hasil": "data_ganda", "f.kembaran_kk": "1802212101100777"}
    assert "Pilih kembarannya" in send(village, unknown).body.decode()


def test_a_form_without_its_page_or_about_nobody_is_refused(village: Village) -> None:
    fields = controls(page(village, f"?keluarga={FAMILY}"))
    assert send(village, {}).status == 400
    assert send(village, fields | {"f.id": record_id(77)}).status == 404
    assert send(village, {n: v for n, v in fields.items() if n != LAST_FIELD}).status == 422
    assert "Belum ada yang diisi" in send(village, fields).body.decode()
