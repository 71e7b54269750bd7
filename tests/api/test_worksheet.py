"""The worksheet of an RT: what is on it, in which order, on which paper, for whom."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.cli import main
from api.services.entry_form import FORM, Section, label_of, number_of
from api.services.localities import Locality, locality, words
from api.services.masking import Mask
from api.services.reviewers import EVERYWHERE
from api.services.worksheets import Worksheet, in_walking_order, known_rt, rt_of_text
from api.settings import SettingsError
from api.web.printing.worksheet_page import Look, worksheet_html
from models.queries.areas import load_areas
from models.queries.rt_lists import rt_counts
from models.queries.scoping import Sight
from sync.permission import Role
from sync.policy import FIELDS
from sync.types import ANGGOTA, KELUARGA, Json, Record, Stamp
from tests.api.rounds import Village, village_in_a_period
from tests.api.village import audited, desk
from tests.api.world import DESA, OTHER_DESA, RT, World, record_id

CREATED = Stamp(1, "lane", 1, None)
PLACE = Locality(
    DESA, "Contoh Satu", words()["pekon"], "Anak Tuha", "Lampung Tengah", "kabupaten", "Lampung"
)
PATH = f"/kantor/cetak/lembar-kerja/{DESA}/{RT}"


def a_house(number: int, **fields: Json) -> Record:
    house = record_id(number)
    return Record(DESA, house, KELUARGA, None, house, RT, 1, CREATED, fields)


def a_person(number: int, house: int, **fields: Json) -> Record:
    parent = record_id(house)
    return Record(DESA, record_id(number), ANGGOTA, parent, parent, RT, 1, CREATED, fields)


def a_sheet(*records: Record, role: Role = Role.OPERATOR_DESA) -> Worksheet:
    families = in_walking_order(records, Mask(role))
    made_at = datetime(2026, 11, 3, 5, tzinfo=UTC)
    return Worksheet(PLACE, RT, "2026-11", ("Ani Contoh",), families, made_at)


def sheets(html: str) -> list[str]:
    """The pages of a print-out."""
    return re.split(r'<section class="sheet">', html)[1:]


def text_of(html: str) -> str:
    body = html.partition("</style>")[2]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


# The walk ------------------------------------------------------------------------------------


def test_families_stand_in_the_order_of_a_walk_with_house_numbers_as_numbers() -> None:
    sheet = a_sheet(
        a_house(1, alamat="Jl. Kopi No 10", nama_kepala_keluarga="A"),
        a_house(2, alamat="JL. KOPI NO 9", nama_kepala_keluarga="B"),
        a_house(3, alamat="Jl. Kopi No 9", nama_kepala_keluarga="A"),
        a_house(4, nama_kepala_keluarga="Tanpa Alamat"),
        a_house(5, alamat="Gang Lada", nama_kepala_keluarga="Z"),
    )
    numbers = [(one.number, int(one.id[-2:])) for one in sheet.families]
    assert numbers == [(1, 5), (2, 3), (3, 2), (4, 1), (5, 4)]


def test_the_head_of_a_family_comes_first_then_the_oldest() -> None:
    sheet = a_sheet(
        a_house(1),
        a_person(11, 1, nama="Anak", tanggal_lahir="2010-01-01"),
        a_person(12, 1, nama="Nenek", tanggal_lahir="1950-01-01"),
        a_person(13, 1, nama="Kepala", hubungan_keluarga="kepala_keluarga"),
        a_person(14, 1, nama="Tanpa Tanggal"),
    )
    names = [one.fields["nama"] for one in sheet.families[0].members]
    assert names == ["Kepala", "Nenek", "Anak", "Tanpa Tanggal"]


def test_who_is_gone_is_not_visited_but_keeps_a_number_behind_the_others() -> None:
    gone = a_house(1, alamat="A 1")._replace(end={"end": "pindah", "date": "2026-11-01"})
    sheet = a_sheet(gone, a_house(2, alamat="B 1", nama_kepala_keluarga="ADA"))
    assert [one.id for one in sheet.open_families] == [record_id(2)]
    assert [one.number for one in sheet.families] == [1, 2]
    assert "ADA" in worksheet_html(sheet, Look())


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("003/001", "003/001"), ("3/1", "003/001"), ("3", "003/"), (" 3/ ", "003/")],
)
def test_an_rt_may_be_typed_as_people_write_it(typed: str, meant: str) -> None:
    assert rt_of_text(typed) == meant


def test_an_rt_without_its_rw_means_the_only_one_of_that_number() -> None:
    assert known_rt("003/", ["003/001", "004/001"]) == "003/001"
    assert known_rt("003/", ["003/"]) == "003/"
    assert known_rt("009/001", ["003/001"]) == "009/001"
    assert known_rt("009/", ["003/001"]) == "009/"
    with pytest.raises(Exception, match="value-refused"):
        known_rt("003/", ["003/001", "003/002"])
    with pytest.raises(Exception, match="value-refused"):
        rt_of_text("RT 3")


# The form ------------------------------------------------------------------------------------


def test_every_question_of_the_form_is_a_field_that_people_may_write() -> None:
    for section, questions in FORM.items():
        for question in questions:
            entity = ANGGOTA if section is Section.MEMBER else KELUARGA
            assert question.entity == entity
            assert question.name in FIELDS[entity]
            assert question.field.field_class != "server"
            assert question.label_id
            assert question.label_en


def test_an_answer_is_told_in_words_and_by_its_place_in_the_list() -> None:
    floor = next(q for q in FORM[Section.HOUSE] if q.name == "jenis_lantai_terluas")
    assert (label_of(floor, "keramik"), number_of(floor, "keramik")) == ("Keramik", "2")
    assert (label_of(floor, None), number_of(floor, None)) == ("", "")
    assert label_of(floor, ["keramik", "tanah"]) == "Keramik, Tanah"
    assert label_of(FORM[Section.ASSETS][0], value=False) == "Tidak"


# The pages -----------------------------------------------------------------------------------


def a_family(number: int, people: int = 4) -> list[Record]:
    return [
        a_house(
            number,
            nama_kepala_keluarga=f"KEPALA {number}",
            alamat=f"JALAN KOPI NO {number}",
            no_kk=f"18022121011{number:05}",
            program=["pkh"],
            jenis_lantai_terluas="keramik",
            aset_bergerak_sepeda_motor=True,
            kriteria=["lantai_tanah_plesteran"],
            desil_nasional=1,
        ),
        *(
            a_person(
                1000 * number + place,
                number,
                nama=f"ANGGOTA {number} {place}",
                nik=f"18022101018{number:03}{place:02}",
                hamil=True,
                disabilitas=["fisik"],
                hubungan_keluarga="anak",
            )
            for place in range(people)
        ),
    ]


def test_a_family_is_never_broken_and_every_page_says_where_it_belongs() -> None:
    listed = [record for number in range(1, 61) for record in a_family(number)]
    html = worksheet_html(a_sheet(*listed), Look(printed_at="3 November 2026"))
    found = sheets(html)
    assert len(found) > 20
    for number, page in enumerate(found, 1):
        assert f"Halaman {number} dari {len(found)}" in page
        assert "LEMBAR KERJA RT 003/001" in page
        assert "Pekon Contoh Satu" in page
        assert "November 2026" in page
        assert "Dicetak 3 November 2026" in page
    for number in range(1, 61):
        (page,) = (one for one in found if f"<b>KEPALA {number}</b>" in one)
        assert all(f"ANGGOTA {number} {place}" in page for place in range(4))
    assert "lanjutan" not in html


def test_a_family_of_forty_goes_on_under_its_name() -> None:
    html = worksheet_html(a_sheet(*a_family(1, people=40)), Look())
    assert html.count("(lanjutan)") >= 1
    assert all(f"ANGGOTA 1 {place}" in html for place in range(40))


def test_the_sheet_has_last_values_boxes_numbers_and_lines_to_sign() -> None:
    text = text_of(worksheet_html(a_sheet(*a_family(7)), Look(full=True)))
    for expected in (
        "1 Ditemukan", "2 Tidak ditemukan", "3 Data ganda", "4 Usulan baru", "5 Menolak",
        "2 Meninggal", "menerima PKH", "desil 1", "Lantai 2 Keramik", "Motor Y", "hamil: ya",
        "Fisik", "Usulan baru", "Ketua RT 003/001", "Ani Contoh", "Diterima operator pekon",
        "1802210101800700", "1802212101100007",
    ):  # fmt: skip
        assert expected in text, expected


def test_house_and_assets_are_on_the_full_sheet_only() -> None:
    short, full = (worksheet_html(a_sheet(*a_family(7)), Look(full=f)) for f in (False, True))
    assert "Lantai" not in short
    assert len(sheets(full)) >= len(sheets(short))


def test_an_rt_without_families_still_has_room_for_proposals() -> None:
    html = worksheet_html(a_sheet(), Look())
    assert "Belum ada keluarga" in html
    assert html.count("Paraf keluarga") == 2


def test_a_print_out_is_one_file_without_scripts_and_escapes_what_people_wrote() -> None:
    nasty = '<script>alert("x")</script>'
    house = a_house(1, nama_kepala_keluarga=nasty, alamat="</div><img src=x onerror=1>")
    html = worksheet_html(a_sheet(house, a_person(2, 1, nama=nasty)), Look(full=True))
    assert "<script" not in html
    assert "<img" not in html
    assert not re.search(r"<[^>]*\b(?:src|href)=", html)
    assert " style=" not in html


def test_health_is_not_printed_for_who_may_not_read_it() -> None:
    text = text_of(worksheet_html(a_sheet(*a_family(1), role=Role.KEPALA_DESA), Look()))
    assert "hamil: ya" not in text
    assert "Fisik" not in text.split("Nomor jawaban", maxsplit=1)[0]


# Places --------------------------------------------------------------------------------------


def test_each_district_has_its_own_words(world: World, tmp_path: Path) -> None:
    row = {"kode": "1804092006", "nama": "Banding Agung", "tingkat": "pekon", "induk": None,
           "kode_bps": None, "nama_lain": None}  # fmt: skip
    regency = {**row, "kode": "1804", "nama": "Kabupaten Lampung Barat", "tingkat": "kabupaten"}
    with world.database.writing() as session:
        load_areas(session, [row, regency])
    with world.database.reading() as session:
        found = locality(session, world.settings, "1804092006")
        plain = locality(session, world.settings, DESA)
    assert (found.title, found.words.head) == ("Pekon Banding Agung", "peratin")
    assert (found.kabupaten, found.kecamatan) == ("Lampung Barat", "")
    assert (plain.title, plain.words.head) == ("Desa Contoh Satu", "kepala desa")
    extra = tmp_path / "words.toml"
    extra.write_text('[pekon]\nvillage = "pekon"\nhead = "kepala pekon"\nmeeting = "rembuk"\n')
    assert words(extra)["pekon"].head == "kepala pekon"
    assert words(extra)["kampung"].head == "kepala kampung"
    broken = tmp_path / "broken.toml"
    broken.write_text('[pekon]\nvillage = "pekon"\n')
    with pytest.raises(SettingsError, match="LOKUS_LOCALITIES_FILE"):
        words(broken)


# The doors -----------------------------------------------------------------------------------


@pytest.fixture
def village(database_url: str, tmp_path: Path) -> Iterator[Village]:
    with village_in_a_period(database_url, tmp_path / "data") as found:
        yield found


def test_an_operator_prints_the_worksheet_of_an_rt(village: Village) -> None:
    answer = village.operator.get(f"{PATH}?kertas=f4&periode=2026-11&lengkap=1")
    html = answer.body.decode()
    assert answer.status == 200
    assert "size: 215mm 330mm" in html
    assert html.count("CONTOH</b>") == 2
    assert "1802210101900001" in html
    assert "default-src 'none'; style-src 'sha256-" in answer.headers["content-security-policy"]
    (read,) = audited(village.world, "worksheet-read")
    assert (read["rt"], len(read["records"])) == (RT, 2)


def test_a_worksheet_of_another_village_or_for_another_role_is_not_printed(
    village: Village,
) -> None:
    elsewhere = desk(village.world, "lain", Role.OPERATOR_DESA, code=OTHER_DESA)
    assert elsewhere.get(PATH).problem == "not-found"
    assert village.ani.get(PATH).problem == "not-permitted"
    assert village.operator.get(PATH + "?kertas=a3").problem == "malformed-request"
    assert village.operator.get(f"/kantor/cetak/lembar-kerja/{DESA}/x").problem == "value-refused"


def test_the_command_writes_a_file_that_nobody_else_reads(
    village: Village,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = village.world.settings
    monkeypatch.setenv("LOKUS_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LOKUS_DATA_DIR", str(settings.data_dir))
    out = tmp_path / "lembar.html"
    arguments = ["worksheet", "--desa", DESA, "--rt", "3", "--paper", "f4", "--out", str(out)]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    assert "LEMBAR KERJA RT 003/001" in out.read_text(encoding="utf-8")
    assert out.stat().st_mode & 0o077 == 0
    assert "2 families" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["worksheet", "--desa", DESA, "--rt", "3", "--out", "-"])
    assert "<!doctype html>" in capsys.readouterr().out
    assert len(audited(village.world, "worksheet-read")) == 2


def test_open_families_are_counted_by_rt(village: Village) -> None:
    with village.world.database.reading() as session:
        sight = Sight(EVERYWHERE, village.world.clock.now())
        assert rt_counts(session, sight, DESA) == {RT: 2}
