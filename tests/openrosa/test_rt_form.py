"""The head of an RT states in the form that his list is done: filled by JavaRosa, sent by Collect.

It is the same statement as from the app: once, in his name, in the transaction that keeps the form.
What the round does not take is kept, held, told to him, and decided by a reviewer.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from api.services.odk_keys import issue_key
from api.services.publishing import ExaminedForm, examine, publish
from clients.odk.build import PLACE
from tests.api.rounds import (
    DESA,
    FAMILY,
    PERIOD,
    RT,
    Role,
    Village,
    desk,
    village_in_a_period,
)
from tests.api.village import assert_sound
from tests.api.world import OTHER_DESA, OTHER_RT, area, refused
from tests.odk.javarosa import Answer, Filled, Phone, Refused
from tests.openrosa.collect import KOBO, Collect, Profile
from tests.openrosa.field import Key

MINE = f"{DESA}:{RT}"
YES: Mapping[str, Answer] = {"rt": MINE, "selesai": "ya"}
NO: Mapping[str, Answer] = {"rt": MINE, "selesai": "tidak"}
WHY = {"reason": "periodenya 2026-11"}


@cache
def examined() -> ExaminedForm:
    return examine((PLACE / "rt_selesai.xlsx").read_bytes(), {}, java=None)


@pytest.fixture
def village(database_url: str, tmp_path: Path) -> Iterator[Village]:
    with village_in_a_period(database_url, tmp_path / "data") as found:
        with found.world.database.writing() as session:
            assert publish(session, examined(), {}, found.world.act()).outcome == "published"
        yield found


def phone_of(village: Village, account: str) -> Key:
    world = village.world
    with world.database.writing() as session:
        issued = issue_key(session, account, world.act(), world.settings.secret, "ODK Collect")
    return Key(world, issued)


@pytest.fixture
def key(village: Village) -> Key:
    """The phone with Collect of the head of the RT."""
    return phone_of(village, village.ani.account)


def fetched(key: Key, profile: Profile = KOBO) -> bytes:
    """The list of own RTs as an application fetches it with the form."""
    collect = Collect(key.world.call, key.url, profile)
    assert collect.synchronise() == []
    (form,) = collect.forms.values()
    assert form.xml == examined().xml
    return form.media["rt_saya.csv"]


def fill(key: Key, folder: Path, answers: Mapping[str, Answer], **more: Answer) -> Filled:
    phone = Phone(folder, files={"rt_saya.csv": fetched(key)})
    return phone.fill(examined().xml, {**answers, **more})


def told(village: Village) -> dict[str, Any]:
    (rt,) = village.get(village.operator)["rts"]
    assert isinstance(rt, dict)
    return rt


def events(village: Village) -> list[tuple[str, str]]:
    found = village.get(village.operator)["events"]
    return [(one["event"], one["reason"]) for one in found if one["event"].startswith("rt_")]


def held(village: Village, state: str = "waiting") -> dict[str, Any]:
    (line,) = village.sari.read(f"/v1/held?state={state}")["held"]
    assert isinstance(line, dict)
    return line


def test_the_list_tells_of_his_own_rts_what_the_office_sees(village: Village, key: Key) -> None:
    (row,) = csv.DictReader(io.StringIO(fetched(key).decode()))
    assert row == {
        "name": MINE,
        "label": f"RT {RT}: 2 keluarga, 2 belum ada hasil",
        "desa": DESA,
        "rt": RT,
        "periode": PERIOD,
        "keluarga": "2",
        "belum": "2",
        "dinyatakan": "",
    }
    village.verify_all()
    (row,) = csv.DictReader(io.StringIO(fetched(key).decode()))
    assert (row["belum"], told(village)["lacking"]) == ("0", 0)
    stranger = phone_of(village, village.world.account("jauh", areas=[area(DESA, OTHER_RT)]))
    assert list(csv.DictReader(io.StringIO(fetched(stranger).decode()))) == []


def test_a_list_that_is_held_is_not_fetched_again(key: Key) -> None:
    etag = key.get("/datasets/rt_saya.csv").headers["etag"]
    assert key.get("/datasets/rt_saya.csv", if_none_match=etag).status == 304
    assert key.get("/forms/rt_selesai/attachments/rt_saya.csv").headers["etag"] == etag
    assert key.get("/datasets/rt_saya/integrity?id=x").status == 404


def test_the_form_shows_how_far_the_list_is_and_states_it_in_his_name(
    village: Village, key: Key, tmp_path: Path
) -> None:
    filled = fill(key, tmp_path / "hp", YES, catatan="dua keluarga di luar kota")
    assert filled.shown("periode").value == PERIOD
    assert "Dari 2 keluarga, 2 belum ada hasilnya" in filled.shown("belum_semua").label
    answer = key.post(filled.xml)
    assert answer.status == 201
    said = f"RT {RT} dinyatakan selesai untuk periode {PERIOD}: 2 keluarga, 2 belum ada hasil."
    assert said in answer.body.decode()
    now = told(village)
    assert (now["done"], now["stated_by"], now["on_behalf"]) == (True, "ani", False)
    assert events(village) == [("rt_selesai", "dua keluarga di luar kota")]
    again = fill(key, tmp_path / "hp", YES)
    assert again.was_asked("sudah_dinyatakan")
    assert_sound(village.world)


def test_the_same_form_again_and_another_one_state_it_once(
    village: Village, key: Key, tmp_path: Path
) -> None:
    first, second = (fill(key, tmp_path / name, YES) for name in ("a", "b"))
    for filled in (first, first, second, first):
        assert key.post(filled.xml).status == 201
    assert "Sudah diterima sebelumnya" in key.post(first.xml).body.decode()
    assert len(events(village)) == 1
    assert village.world.count("submission") == 2


def test_app_and_form_say_one_thing_once(village: Village, key: Key, tmp_path: Path) -> None:
    filled = fill(key, tmp_path / "hp", YES)
    assert village.rt_done(village.ani).status == 200
    assert key.post(filled.xml).status == 201
    assert len(events(village)) == 1


def test_no_takes_it_back_and_taking_back_nothing_is_no_trouble(
    village: Village, key: Key, tmp_path: Path
) -> None:
    assert key.post(fill(key, tmp_path / "a", NO).xml).status == 201
    assert key.post(fill(key, tmp_path / "b", YES).xml).status == 201
    answer = key.post(fill(key, tmp_path / "c", NO, catatan="satu terlewat").xml)
    assert answer.status == 201
    assert "tidak dinyatakan selesai" in answer.body.decode()
    assert events(village) == [("rt_selesai", ""), ("rt_ditarik", "satu terlewat")]
    assert told(village)["done"] is False


def test_a_period_is_typed_where_another_one_is_meant_and_only_as_one(
    key: Key, tmp_path: Path
) -> None:
    with pytest.raises(Refused, match="constraint"):
        fill(key, tmp_path / "hp", YES, periode="bulan ini")
    answer = key.post(fill(key, tmp_path / "hp", YES, periode="2026-12").xml)
    assert answer.status == 202
    assert "periode itu tidak ada untuk desa ini" in answer.body.decode()


def test_what_the_round_refuses_is_kept_held_and_told_and_never_sent_for_ever(
    village: Village, key: Key, tmp_path: Path
) -> None:
    filled = fill(key, tmp_path / "hp", YES)
    village.world.clock.advance(timedelta(days=40))
    answer = key.post(filled.xml)
    assert answer.status == 202
    assert "belum berlaku: periode belum dibuka atau sudah ditutup" in answer.body.decode()
    assert told(village)["done"] is False
    assert held(village)["reason"] == "rt-not-stated"
    again = key.post(filled.xml)
    assert again.status == 202
    assert "menunggu operator" in again.body.decode()
    assert village.world.count("submission") == 1
    assert_sound(village.world)


def test_a_reviewer_lets_it_in_once_the_round_takes_it(
    village: Village, key: Key, tmp_path: Path
) -> None:
    filled = fill(key, tmp_path / "hp", YES)
    village.world.clock.advance(timedelta(days=40))
    key.post(filled.xml)
    path = f"/v1/held/{held(village)['id']}/release"
    assert (
        "does not take it" in refused(village.sari.post(path, {}), 422, "value-refused")["detail"]
    )
    assert held(village)["reason"] == "rt-not-stated", "it goes on waiting"
    extended = {"closes": "2027-01-31"}
    assert village.sari.post(f"/v1/periods/180221/{PERIOD}/extension", extended).status == 200
    assert village.sari.post(path, {}).status == 200
    now = told(village)
    assert (now["done"], now["stated_by"], now["on_behalf"]) == (True, "ani", False)
    assert held(village, "released")["reason"] == "rt-not-stated"
    assert key.post(filled.xml).status == 201
    assert_sound(village.world)


def test_a_reviewer_sends_it_back_with_words(village: Village, key: Key, tmp_path: Path) -> None:
    filled = fill(key, tmp_path / "hp", YES, periode="2026-12")
    key.post(filled.xml)
    path = f"/v1/held/{held(village)['id']}/reject"
    assert village.sari.post(path, WHY).status == 200
    assert held(village, "rejected")["words"] == WHY["reason"]
    assert key.post(filled.xml).status == 202
    assert events(village) == []


def test_when_the_musyawarah_has_opened_it_is_too_late(
    village: Village, key: Key, tmp_path: Path
) -> None:
    filled = fill(key, tmp_path / "hp", YES)
    village.step(village.operator, "mulai_verifikasi")
    village.rt_done(village.operator)
    village.step(village.operator, "buka_musyawarah")
    answer = key.post(filled.xml)
    assert answer.status == 202
    assert "musyawarah sudah dibuka" in answer.body.decode()


def test_an_rt_that_is_not_his_is_held_wherever_it_lies(
    village: Village, key: Key, tmp_path: Path
) -> None:
    filled = fill(key, tmp_path / "hp", YES)
    world = village.world
    elsewhere = phone_of(village, world.account("jauh", areas=[area(OTHER_DESA)]))
    other_rt = phone_of(village, world.account("lain", areas=[area(DESA, OTHER_RT)]))
    for stranger in (elsewhere, other_rt):
        answer = stranger.post(filled.xml.replace(b"uuid:", b"uuid:" + stranger.path[-8:].encode()))
        assert answer.status == 202
        assert "RT itu bukan wilayah tugas Anda" in answer.body.decode()
    assert told(village)["done"] is False


def test_what_is_no_statement_is_held_too(village: Village, key: Key, tmp_path: Path) -> None:
    filled = fill(key, tmp_path / "hp", YES)
    for n, (old, new) in enumerate(
        (
            (MINE.encode(), b"kosong"),
            (MINE.encode(), f"{DESA}:009/009".encode()),
            (PERIOD.encode(), b"x" * 400),
        )
    ):
        broken = filled.xml.replace(old, new).replace(b"uuid:", f"uuid:{n}".encode())
        assert key.post(broken).status == 202
    assert told(village)["done"] is False
    assert_sound(village.world)


def test_a_revoked_phone_states_nothing_and_is_not_asked_again(
    village: Village, key: Key, tmp_path: Path
) -> None:
    filled = fill(key, tmp_path / "hp", YES)
    with village.world.database.writing() as session:
        session.connection().execute(
            text("UPDATE device SET revoked_at = :now WHERE id = :id"),
            {"now": "2026-11-03T05:00:00.000000+00:00", "id": key.credentials.device_id},
        )
    answer = key.post(filled.xml)
    assert answer.status == 202
    assert "sudah dicabut" in answer.body.decode()
    assert told(village)["done"] is False


def test_families_sent_before_it_count(village: Village, key: Key, tmp_path: Path) -> None:
    village.ani.sync()
    village.ani.push(village.visit(FAMILY, 21))
    answer = key.post(fill(key, tmp_path / "hp", YES).xml)
    assert "2 keluarga, 1 belum ada hasil" in answer.body.decode()
    assert told(village)["lacking_then"] == 1


def test_a_whole_villages_collector_gets_every_rt_and_chooses(
    village: Village, tmp_path: Path
) -> None:
    person = desk(village.world, "kampung", Role.OPERATOR_DESA, code=DESA)
    key = phone_of(village, person.account)
    assert key.post(fill(key, tmp_path / "hp", YES).xml).status == 201
    assert told(village)["on_behalf"] is True
