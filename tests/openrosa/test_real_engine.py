"""Forms filled by the two real engines, and what the register makes of them.

JavaRosa is inside ODK Collect and KoboCollect, xforms-engine inside ODK Web Forms. Several stores
are several phones. Whatever they do without a signal, and in whatever order and pieces it arrives,
the register is what the merge makes of the log, nothing is lost, and nothing is doubled.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path

import pytest

from sync.permission import Role
from tests.api.office import DESA, RT
from tests.api.village import desk
from tests.odk.javarosa import Answer
from tests.odk.test_forms_on_a_phone import a_proposal
from tests.odk.village import CHILD, FAMILY, HEAD
from tests.openrosa.field import Field
from tests.openrosa.handsets import (
    MEASURING_FORM,
    NEW_FAMILY_FORM,
    NEWBORN,
    VISIT,
    VISIT_FORM,
    Handset,
    assert_nothing_lost,
    examined,
    handset,
    of_version,
    publish_form,
    real_field,
)

WRONG_HEAD: Mapping[str, Answer] = {**VISIT, "perbaikan_keluarga": ["nama_kepala_keluarga"]}
SAID_OF_WATI = {"jenis_lantai_terluas": "tanah", "luas_lantai": 20, "hasil": "usulan_baru"}

ORDERS = [(0, 1, 2), (2, 1, 0), (1, 2, 0)]
"""Each place of a chain comes too early once; `test_chain_order.py` tries all of them."""

PhoneFor = Callable[..., Handset]


@pytest.fixture
def real(sqlite_url: str, tmp_path: Path) -> Iterator[Field]:
    with real_field(sqlite_url, tmp_path / "data") as field:
        yield field


@pytest.fixture
def phone_for(real: Field, engine: str, tmp_path: Path) -> PhoneFor:
    """Another phone in the field: of the RT's own collector, or of somebody named."""

    def made(name: str = "", role: Role = Role.PETUGAS) -> Handset:
        key = real.phone(name, role) if name else real.key
        return handset(real, key, engine, tmp_path / (name or "ani"))

    return made


@pytest.fixture
def phone(phone_for: PhoneFor) -> Handset:
    return phone_for()


# One phone -----------------------------------------------------------------------------------


def test_a_visit_reaches_the_register_and_the_phone_takes_over_what_it_said(
    real: Field, phone: Handset
) -> None:
    record = phone.fill(VISIT_FORM, VISIT, jenis_lantai_terluas="keramik", luas_lantai=54)
    mine = phone.collect.store.lists["keluarga"][FAMILY].version
    assert phone.send(record) == "submitted"
    told = real.document(FAMILY)
    assert (told["jenis_lantai_terluas"], told["luas_lantai"]) == ("keramik", 54)
    assert told["hasil"] == "ditemukan"
    assert [one["formulir"] for one in real.documents("kunjungan")] == [VISIT_FORM]
    phone.sync()
    assert phone.collect.store.lists["keluarga"][FAMILY].version >= mine
    assert phone.row("keluarga", FAMILY)["jenis_lantai_terluas"] == "keramik"
    assert_nothing_lost(real, phone, visits=1)


def test_members_are_matched_and_a_newborn_is_added_once(real: Field, phone: Handset) -> None:
    phone.fill(VISIT_FORM, {**VISIT, **NEWBORN})
    phone.line.loses_next_answer = True
    phone.send_all()
    phone.send_all()
    names = sorted(one["nama"] for one in real.documents("anggota"))
    assert names == ["ADI CONTOH", "RANI CONTOH", "SITI CONTOH", "SUPARMAN"]
    phone.sync()
    assert len(phone.collect.store.lists["anggota"]) == 4
    assert_nothing_lost(real, phone, visits=1)


def test_a_death_closes_a_member_and_leaves_the_list(real: Field, phone: Handset) -> None:
    dead: dict[str, Answer] = {
        "daftar_anggota[1]/keberadaan_sekarang": "meninggal",
        "daftar_anggota[1]/tanggal_meninggal": date(2026, 10, 3),
    }
    answers = {**VISIT, **dead}
    assert phone.send(phone.fill(VISIT_FORM, answers)) == "submitted"
    ((reason,),) = real.world.ask(f"SELECT end_reason FROM record WHERE id = '{HEAD}'")
    assert reason == "meninggal"
    phone.sync()
    assert HEAD not in phone.collect.store.lists["anggota"]


def test_a_new_family_is_in_the_register_with_its_people_and_comes_back_on_the_list(
    real: Field, phone: Handset
) -> None:
    phone.fill(NEW_FAMILY_FORM, a_proposal())
    (born,) = phone.last.entities
    assert born.create
    phone.line.loses_next_answer = True
    phone.send_all()
    phone.send_all()
    told = real.document(born.id)
    assert {name: told[name] for name in SAID_OF_WATI} == SAID_OF_WATI
    ((desa, rt, status),) = real.world.ask(
        f"SELECT desa, rt, end_reason FROM record WHERE id = '{born.id}'"
    )
    # The collector typed no RW; all families of her list have the same one.
    assert (desa, rt, status) == (DESA, RT, None)
    people = real.world.ask(
        f"SELECT id FROM record WHERE entity = 'anggota' AND keluarga = '{born.id}'"
    )
    assert len(people) == 1
    assert real.document(people[0][0])["nik"] == "1802216505800001"
    phone.sync()
    served = phone.collect.store.lists["keluarga"][born.id]
    assert served.online
    assert served.properties["jenis_lantai_terluas"] == "tanah"
    assert_nothing_lost(real, phone, visits=1)


@pytest.mark.parametrize("order", ORDERS)
def test_a_family_that_was_born_on_the_phone_is_visited_before_anybody_has_heard_of_it(
    real: Field, phone: Handset, order: tuple[int, ...]
) -> None:
    phone.fill(NEW_FAMILY_FORM, a_proposal())
    (born,) = phone.last.entities
    for outcome in ("menolak", "pindah"):
        phone.fill(VISIT_FORM, {"keluarga": born.id, "hasil_kunjungan": outcome})
    first, second = (filled.entities[0] for filled in phone.filled[1:])
    assert [(one.base_version, one.trunk_version) for one in (first, second)] == [
        ("1", ""),
        ("2", ""),
    ]
    for place in order:
        phone.send(phone.collect.records[place])
    told = real.document(born.id)
    assert (told["hasil"], told["hasil_alasan"]) == ("tidak_ditemukan", "pindah")
    assert real.world.count("conflict") == 0
    assert_nothing_lost(real, phone, visits=3)


def test_a_child_is_measured_once_and_its_growth_is_judged(
    real: Field, phone_for: PhoneFor
) -> None:
    midwife = phone_for("bidan", Role.BIDAN)
    answers: dict[str, Answer] = {
        "anak": CHILD,
        "berat_kg": 9.4,
        "cara_ukur": "terlentang",
        "tinggi_cm": 74.5,
    }
    midwife.fill(MEASURING_FORM, answers)
    midwife.line.loses_next_answer = True
    midwife.send_all()
    midwife.send_all()
    ((parent, text),) = real.world.ask("SELECT parent, doc FROM record WHERE entity='pengukuran'")
    assert parent == CHILD
    (measured,) = real.documents("pengukuran")
    assert (measured["berat_kg"], measured["tinggi_cm"]) == (9.4, 74.5), text
    assert_nothing_lost(real, midwife, visits=0)


# Chains --------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ORDERS)
def test_three_offline_visits_end_alike_in_every_order(
    real: Field, phone: Handset, order: tuple[int, ...]
) -> None:
    phone.fill(VISIT_FORM, VISIT, luas_lantai=30)
    phone.fill(VISIT_FORM, VISIT, luas_lantai=36, jenis_lantai_terluas="keramik")
    phone.fill(VISIT_FORM, VISIT, luas_lantai=42)
    assert len({filled.entities[0].branch_id for filled in phone.filled}) == 1
    for place in order:
        assert phone.send(phone.collect.records[place]) == "submitted"
    told = real.document(FAMILY)
    assert (told["luas_lantai"], told["jenis_lantai_terluas"]) == (42, "keramik")
    assert real.world.count("conflict") == 0
    assert_nothing_lost(real, phone, visits=3)


def test_an_interrupted_chain_waits_until_the_missing_visit_comes(
    real: Field, phone: Handset
) -> None:
    first = phone.fill(VISIT_FORM, VISIT, luas_lantai=30)
    second = phone.fill(VISIT_FORM, VISIT, luas_lantai=36)
    assert phone.send(second) == "submitted"
    assert real.document(FAMILY)["luas_lantai"] == 36  # as the list had it before
    (line,) = desk(real.world).read("/v1/held")["held"]
    assert (line["reason"], line["record"]) == ("predecessor", FAMILY)
    assert phone.send(first) == "submitted"
    assert_nothing_lost(real, phone, visits=2)


def test_a_chain_that_somebody_else_interrupts_goes_on_and_the_dispute_is_seen(
    real: Field, phone: Handset, phone_for: PhoneFor
) -> None:
    other = phone_for("cici")
    first = phone.fill(VISIT_FORM, VISIT, luas_lantai=30)
    second = phone.fill(VISIT_FORM, VISIT, jenis_lantai_terluas="keramik")
    between = other.fill(VISIT_FORM, VISIT, jenis_lantai_terluas="semen_bata_merah")
    for sender, record in ((phone, first), (other, between), (phone, second)):
        assert sender.send(record) == "submitted"
    assert real.document(FAMILY)["luas_lantai"] == 30
    assert disputed(real) == {"jenis_lantai_terluas"}
    assert_nothing_lost(real, phone, other, visits=3)


# Two phones ----------------------------------------------------------------------------------


def test_two_phones_on_one_family_are_asked_about_where_they_differ(
    real: Field, phone: Handset, phone_for: PhoneFor
) -> None:
    other = phone_for("cici")
    phone.fill(VISIT_FORM, WRONG_HEAD, nama_kepala_keluarga="SITI AMINAH", luas_lantai=40)
    other.fill(VISIT_FORM, WRONG_HEAD, nama_kepala_keluarga="SITI ROHANI")
    phone.send_all()
    other.send_all()
    told = real.document(FAMILY)
    # What the second phone only repeated of the list contradicts nobody.
    assert (told["nama_kepala_keluarga"], told["luas_lantai"]) == ("SITI AMINAH", 40)
    assert disputed(real) == {"nama_kepala_keluarga"}
    assert_nothing_lost(real, phone, other, visits=2)


@pytest.mark.parametrize(
    ("order", "backwards"), [("abab", False), ("bbaa", False), ("aabb", True), ("baab", True)]
)
def test_the_chains_of_two_phones_ask_the_same_question_however_they_arrive(
    real: Field, phone: Handset, phone_for: PhoneFor, order: str, backwards: bool
) -> None:
    other = phone_for("cici")
    for one, floor, roof in ((phone, "keramik", "genteng"), (other, "semen_bata_merah", "seng")):
        one.fill(VISIT_FORM, VISIT, jenis_lantai_terluas=floor)
        one.fill(VISIT_FORM, VISIT, jenis_atap_terluas=roof)
    waiting = {"a": [*phone.collect.records], "b": [*other.collect.records]}
    for whose in order:
        sender = phone if whose == "a" else other
        assert sender.send(waiting[whose].pop(-1 if backwards else 0)) == "submitted"
    assert said_anywhere(real, "jenis_lantai_terluas") == {"keramik", "semen_bata_merah"}
    # Who leaves an answer as the list had it contradicts nobody who came before. Who came first and
    # confirmed it is asked about.
    assert "genteng" in said_anywhere(real, "jenis_atap_terluas")
    assert "jenis_lantai_terluas" in disputed(real)
    assert_nothing_lost(real, phone, other, visits=4)


# A bad line and a killed app -----------------------------------------------------------------


def test_a_form_whose_answer_was_lost_is_sent_again_and_merged_once(
    real: Field, phone: Handset
) -> None:
    record = phone.fill(VISIT_FORM, VISIT, luas_lantai=63)
    phone.line.loses_next_answer = True
    assert phone.send(record) == "failed"
    assert real.document(FAMILY)["luas_lantai"] == 63
    seen = real.key.version()
    assert phone.send(record) == "submitted"
    assert record.said == "Sudah diterima sebelumnya."
    assert real.key.version() == seen
    assert_nothing_lost(real, phone, visits=1)


def test_an_app_that_is_killed_between_two_parts_sends_all_of_them_again(
    real: Field, phone: Handset
) -> None:
    record = phone.fill(VISIT_FORM, VISIT, luas_lantai=30, foto_rumah="zz_rumah.jpg")
    # More files than fit into one request; the photograph is in the second one.
    record.files |= {f"rekaman_{place:03}.amr": b"suara" for place in range(100)}
    record.files["zz_rumah.jpg"] = b"gambar"
    phone.line.posts_until_cut = 1
    assert phone.send(record) == "failed"
    assert real.world.count("submission_file") == 100
    assert real.documents("kunjungan") == []
    phone.line.posts_until_cut = None
    assert phone.send(record) == "submitted"
    assert real.world.count("submission_file") == 101
    (visit,) = real.documents("kunjungan")
    assert [photo["size"] for photo in visit["foto"]] == [len(b"gambar")]
    assert_nothing_lost(real, phone, visits=1)


# Edits ---------------------------------------------------------------------------------------


def test_an_edited_visit_corrects_its_own(real: Field, phone: Handset) -> None:
    record = phone.fill(VISIT_FORM, VISIT, luas_lantai=63)
    assert phone.send(record) == "submitted"
    edited = phone.edit(record, {"luas_lantai": 36})
    assert edited.xml.count(b"deprecatedID>") == 2
    assert phone.send(edited) == "submitted"
    assert real.document(FAMILY)["luas_lantai"] == 36
    assert real.world.count("conflict") == 0
    assert_nothing_lost(real, phone, visits=1)


def test_an_edit_that_comes_before_what_it_edits_waits_for_it(real: Field, phone: Handset) -> None:
    record = phone.fill(VISIT_FORM, {**VISIT, **NEWBORN}, luas_lantai=63)
    edited = phone.edit(record, {"luas_lantai": 36, "daftar_anggota[3]/nama": "ADE CONTOH"})
    assert phone.send(edited) == "submitted"
    assert real.states() == ["held"]
    assert phone.send(record) == "submitted"
    assert real.document(FAMILY)["luas_lantai"] == 36
    names = sorted(one["nama"] for one in real.documents("anggota"))
    assert names == ["ADE CONTOH", "RANI CONTOH", "SITI CONTOH", "SUPARMAN"]
    assert_nothing_lost(real, phone, visits=1)


# Versions of forms ---------------------------------------------------------------------------


def test_forms_of_an_unknown_version_come_in_by_themselves_once_it_is_published(
    real: Field, phone: Handset, phone_for: PhoneFor
) -> None:
    other = phone_for("cici")
    unknown = of_version(examined(VISIT_FORM), "2027010101")
    phone.carry(unknown)
    other.carry(unknown)
    for area in (30, 36, 42):
        phone.fill(VISIT_FORM, VISIT, luas_lantai=area)
    other.fill(VISIT_FORM, VISIT, jenis_lantai_terluas="keramik")
    for record in reversed(phone.collect.records):
        assert phone.send(record) == "submitted"
    other.send_all()
    assert real.states() == ["quarantined"] * 4
    assert publish_form(real, unknown) == 4
    assert real.document(FAMILY)["luas_lantai"] == 42
    assert "keramik" in said_anywhere(real, "jenis_lantai_terluas")
    assert desk(real.world).read("/v1/held")["held"] == []
    assert publish_form(real, unknown) == 0
    assert_nothing_lost(real, phone, other, visits=4)


def said_anywhere(real: Field, name: str) -> set[str]:
    """What stands in the register, and what waits beside it for a person to decide."""
    told = {real.document(FAMILY)[name]}
    for (body,) in real.world.ask(f"SELECT body FROM conflict WHERE group_name = '{name}'"):
        told |= {candidate["value"][name] for candidate in json.loads(body)["candidates"]}
    return told


def disputed(real: Field) -> set[str]:
    """The groups about which a person is asked."""
    return {group for (group,) in real.world.ask("SELECT group_name FROM conflict")}
