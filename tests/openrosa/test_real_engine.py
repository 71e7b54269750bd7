"""Forms filled by JavaRosa, the engine inside ODK Collect, and what the register makes of them.

Several stores are several phones. Whatever they do without a signal, and in whatever order it
arrives, the register is what the merge makes of the log, nothing is lost, and nothing is doubled.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

import pytest

from api.formats.xform.answers import value_of
from api.services.publishing import ExaminedForm, examine, publish
from clients.odk.build import PLACE
from sync.policy import FIELDS, FieldClass
from sync.types import Json
from tests.api.village import assert_sound, desk
from tests.odk.javarosa import Answer, Filled, Phone
from tests.odk.village import CHILD, FAMILY, HEAD, HOUSE, NOTHING_WRONG, TODDLER, WOMAN
from tests.openrosa.field import Field, Key, the_field

VISIT: Mapping[str, Answer] = dict(NOTHING_WRONG)
NEWBORN: Mapping[str, Answer] = {
    "anggota_tambahan": 1,
    "daftar_anggota[3]/nama": "ADI CONTOH",
    "daftar_anggota[3]/nik_alasan": "bayi, belum punya KK",
    "daftar_anggota[3]/tanggal_lahir": date(2026, 10, 1),
    "daftar_anggota[3]/jenis_kelamin": "laki_laki",
    "daftar_anggota[3]/hubungan_keluarga": "anak",
    "daftar_anggota[3]/disabilitas": ["tidak_ada"],
    "daftar_anggota[3]/penyakit_kronis": ["tidak_ada"],
    "daftar_anggota[3]/kondisi_gizi": "tidak_tahu",
    "daftar_anggota[3]/program_anggota": ["tidak_ada"],
}


@cache
def _examined(name: str) -> ExaminedForm:
    return examine((PLACE / f"{name}.xlsx").read_bytes(), {}, java=None)


@pytest.fixture(scope="module")
def real_forms() -> Mapping[str, ExaminedForm]:
    """The forms of this repository, converted once."""
    return {name: _examined(name) for name in ("verifikasi_keluarga", "usulan_keluarga_baru")}


@pytest.fixture
def real(
    sqlite_url: str, tmp_path: Path, real_forms: Mapping[str, ExaminedForm]
) -> Iterator[Field]:
    """A field with the real forms and a family whose every question has been answered before."""
    with the_field(sqlite_url, tmp_path / "data") as field:
        field.world.clock.set(datetime.now(UTC))
        with field.world.database.writing() as session:
            for form in real_forms.values():
                publish(session, form, {}, field.world.act())
        budi = field.budi
        budi.sync(
            [
                budi.create(FAMILY, **_known("keluarga", HOUSE)),
                budi.add_member(HEAD, FAMILY, **_known("anggota", WOMAN)),
                budi.add_member(CHILD, FAMILY, **_known("anggota", TODDLER)),
            ]
        )
        ((account,),) = field.world.ask("SELECT id FROM account WHERE name = 'ani'")
        field.key = field.phone_of(account)
        yield field


def _known(entity: str, told: Mapping[str, str]) -> dict[str, Json]:
    fields = FIELDS[entity]
    values = {
        name: value_of(fields[name], text)
        for name, text in told.items()
        if name in fields and fields[name].field_class is not FieldClass.SERVER and text
    }
    return {name: value for name, value in values.items() if value is not None}


Fill = Callable[..., Filled]


class Handset:
    """A phone with Collect: JavaRosa fills, the double of Collect sends."""

    def __init__(self, field: Field, key: Key, folder: Path) -> None:
        self.field, self.key = field, key
        self.engine = Phone(folder)
        self.sync()

    def sync(self) -> None:
        """Fetch both lists as Collect does."""
        for name in ("keluarga", "anggota"):
            answer = self.key.get(f"/datasets/{name}.csv")
            self.engine.sync(name, answer.body.decode())

    def visit(self, answers: Mapping[str, Answer], **more: Answer) -> Filled:
        form = _examined("verifikasi_keluarga").xml
        return self.engine.fill(form, {**answers, **more})

    def propose(self, answers: Mapping[str, Answer]) -> Filled:
        return self.engine.fill(_examined("usulan_keluarga_baru").xml, answers)

    def send(self, filled: Filled, files: Mapping[str, bytes] | None = None) -> int:
        return self.key.post(filled.xml, files).status


@pytest.fixture
def handset(real: Field, tmp_path: Path) -> Handset:
    return Handset(real, real.key, tmp_path / "satu")


def test_a_visit_reaches_the_register_and_the_phone_takes_over_what_it_said(
    real: Field, handset: Handset
) -> None:
    filled = handset.visit(VISIT, jenis_lantai_terluas="keramik", luas_lantai=54)
    assert handset.send(filled) == 201
    assert handset.send(filled) == 201
    told = real.document(FAMILY)
    assert (told["jenis_lantai_terluas"], told["luas_lantai"]) == ("keramik", 54)
    assert told["hasil"] == "ditemukan"
    assert real.world.count("quarantine") == 0
    visits = real.documents("kunjungan")
    assert [one["formulir"] for one in visits] == ["verifikasi_keluarga"]
    mine = handset.engine.store.lists["keluarga"][FAMILY]
    handset.sync()
    served = handset.engine.store.lists["keluarga"][FAMILY]
    assert served.version > mine.version - 1
    assert served.properties["jenis_lantai_terluas"] == "keramik"
    assert_sound(real.world)


def test_members_are_matched_and_a_newborn_is_added_once(real: Field, handset: Handset) -> None:
    filled = handset.visit({**VISIT, **NEWBORN})
    assert handset.send(filled) == 201
    assert handset.send(filled) == 201
    names = sorted(one["nama"] for one in real.documents("anggota"))
    assert names == ["ADI CONTOH", "RANI CONTOH", "SITI CONTOH", "SUPARMAN"]
    handset.sync()
    assert len(handset.engine.store.lists["anggota"]) == 4
    assert_sound(real.world)


def test_a_death_closes_a_member_and_leaves_the_list(real: Field, handset: Handset) -> None:
    dead: dict[str, Answer] = {
        "daftar_anggota[1]/keberadaan_sekarang": "meninggal",
        "daftar_anggota[1]/tanggal_meninggal": date(2026, 10, 3),
    }
    assert handset.send(handset.visit({**VISIT, **dead})) == 201
    ((reason,),) = real.world.ask(f"SELECT end_reason FROM record WHERE id = '{HEAD}'")
    assert reason == "meninggal"
    handset.sync()
    assert HEAD not in handset.engine.store.lists["anggota"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_three_offline_visits_end_alike_in_every_order(
    real: Field, handset: Handset, order: tuple[int, ...]
) -> None:
    filled = [
        handset.visit(VISIT, luas_lantai=30),
        handset.visit(VISIT, luas_lantai=36, jenis_lantai_terluas="keramik"),
        handset.visit(VISIT, luas_lantai=42),
    ]
    branches = {one.entities[0].branch_id for one in filled}
    assert len(branches) == 1
    for place in order:
        assert handset.send(filled[place]) in {201, 202}
    told = real.document(FAMILY)
    assert (told["luas_lantai"], told["jenis_lantai_terluas"]) == (42, "keramik")
    assert real.states() == ["merged"] * 3
    assert (real.world.count("conflict"), real.world.count("quarantine")) == (0, 0)
    assert_sound(real.world)


def test_two_phones_on_one_family_are_asked_about_where_they_differ(
    real: Field, handset: Handset, tmp_path: Path
) -> None:
    other = Handset(real, real.phone("cici"), tmp_path / "dua")
    wrong = {"perbaikan_keluarga": ["nama_kepala_keluarga"]}
    one = handset.visit({**VISIT, **wrong}, nama_kepala_keluarga="SITI AMINAH", luas_lantai=40)
    two = other.visit({**VISIT, **wrong}, nama_kepala_keluarga="SITI ROHANI")
    assert handset.send(one) == 201
    assert other.send(two) == 201
    told = real.document(FAMILY)
    # What the second phone only repeated of the list contradicts nobody.
    assert (told["nama_kepala_keluarga"], told["luas_lantai"]) == ("SITI AMINAH", 40)
    groups = {group for (group,) in real.world.ask("SELECT group_name FROM conflict")}
    assert groups == {"nama_kepala_keluarga"}
    assert_sound(real.world)


def test_an_interrupted_chain_waits_until_the_missing_visit_comes(
    real: Field, handset: Handset
) -> None:
    first, second = handset.visit(VISIT, luas_lantai=30), handset.visit(VISIT, luas_lantai=36)
    assert handset.send(second) == 202
    assert real.document(FAMILY)["luas_lantai"] == 36  # as the list had it before
    (line,) = desk(real.world).read("/v1/held")["held"]
    assert (line["reason"], line["record"]) == ("predecessor", FAMILY)
    assert handset.send(first) == 201
    assert real.states() == ["merged", "merged"]


def test_an_edited_visit_corrects_its_own(real: Field, handset: Handset) -> None:
    filled = handset.visit(VISIT, luas_lantai=63)
    assert handset.send(filled) == 201
    ((name,),) = real.world.ask("SELECT instance FROM submission")
    edited = filled.xml.replace(b">63<", b">36<").replace(
        f"<instanceID>{name}</instanceID>".encode(),
        f"<instanceID>{real.instance_id()}</instanceID>"
        f"<deprecatedID>{name}</deprecatedID>".encode(),
    )
    assert edited != filled.xml
    assert real.key.post(edited).status == 201
    assert real.document(FAMILY)["luas_lantai"] == 36
    assert_sound(real.world)


def test_a_form_of_an_unknown_version_is_kept_until_it_is_published(
    real: Field, handset: Handset
) -> None:
    filled = handset.visit(VISIT, luas_lantai=30)
    version = _examined("verifikasi_keluarga").checked.mapping.version.encode()
    unknown = filled.xml.replace(b'version="' + version, b'version="9' + version[1:], 1)
    assert unknown != filled.xml
    assert real.key.post(unknown).status == 202
    assert real.states() == ["quarantined"]
    ((reason,),) = real.world.ask("SELECT reason FROM held")
    assert reason == "form-unknown"


def test_a_photograph_comes_in_a_later_part_after_the_app_was_killed(
    real: Field, handset: Handset
) -> None:
    filled = handset.visit(VISIT, luas_lantai=30)
    assert real.key.post(filled.xml, {"a.txt": b"x"}, is_last=False).status == 201
    assert real.documents("kunjungan") == []
    assert real.key.post(filled.xml, {"a.txt": b"x"}, is_last=False).status == 201
    assert real.key.post(filled.xml, {"b.txt": b"y"}).status == 201
    assert len(real.documents("kunjungan")) == 1
    assert real.world.count("submission_file") == 2
