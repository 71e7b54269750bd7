"""What a map says beyond a family and its members: visits, measured children, photographs."""

import orjson
import pytest

from api.connectors.mapping import read_map
from api.errors import AppError
from api.formats.xform.connected import UPDATING, VERSION, Told, connected_mapping, instance_of
from tests.api.office import DESA
from tests.api.village import desk
from tests.connectors.bench import FAMILY, MAP, MEMBER, NIK, NO_KK, OTHER_NO_KK, Bench

HEAD = f'desa = "{DESA}"\n'
VISITING = MAP.replace(
    "[questions]\n",
    "[questions]\n"
    '"hasil" = { field = "kunjungan.hasil", codes = { 1 = "selesai", 2 = "menolak" } }\n'
    '"catatan" = "kunjungan.catatan"\n'
    '"titik" = "kunjungan.lokasi"\n',
)
MEASURING = f"""{HEAD}measured = "balita"
identity = {{ question = "kk", by = "no_kk" }}

[questions]
"balita/nik" = "pengukuran.anak"
"balita/hari" = "pengukuran.tanggal"
"balita/berat" = "pengukuran.berat_kg"
"""
DAY = "2026-11-01"
LEAVING = MAP.replace(
    "[questions]\n",
    "[questions]\n"
    '"anggota/ke" = { field = "anggota.end:reason", codes = { 2 = "meninggal" } }\n'
    '"anggota/kapan" = "anggota.end:date"\n',
)
CHILD = f"""{HEAD}measured = "."
identity = {{ question = "nik_anak", by = "nik" }}

[questions]
"nik_anak" = "pengukuran.anak"
"hari" = "pengukuran.tanggal"
"berat" = "pengukuran.berat_kg"
"""
ABOUT_ONE = f"""{HEAD}members = "."

[questions]
"kk" = "keluarga.no_kk"
"nik" = "anggota.nik"
"nama" = "anggota.nama"
"""


def records(bench: Bench, entity: str) -> list[dict[str, object]]:
    rows = bench.world.ask(f"SELECT doc FROM record WHERE entity = '{entity}'")
    return [orjson.loads(text) for (text,) in rows]


def test_how_a_visit_ended_and_where_it_was_is_the_visit_s(bench: Bench) -> None:
    answers = {"hasil": "2", "catatan": "sibuk", "titik": "-5.3971 105.2668 12 4.5"}
    bench.kobo.add(1, kk__nomor=NO_KK, **answers)
    bench.connect(text=VISITING)
    assert dict(bench.run().states) == {"merged": 1}
    (visit,) = records(bench, "kunjungan")
    assert (visit["hasil"], visit["catatan"]) == ("menolak", "sibuk")
    assert (visit["lintang"], visit["bujur"]) == (-5.3971, 105.2668)


def test_a_measurement_is_of_the_child_whose_nik_it_names(bench: Bench) -> None:
    weighed = {"balita/nik": NIK, "balita/hari": "2026-11-02", "balita/berat": "9.4"}
    bench.kobo.add(1, kk=NO_KK, balita=[weighed])
    bench.connect(text=MEASURING, account="bidan")
    report = bench.run()
    assert (report.problem, dict(report.states)) == (None, {"merged": 1})
    (measured,) = records(bench, "pengukuran")
    assert (measured["berat_kg"], measured["tanggal"]) == (9.4, "2026-11-02")
    ((parent,),) = bench.world.ask("SELECT parent FROM record WHERE entity = 'pengukuran'")
    assert str(parent) == MEMBER


def test_a_measurement_that_is_corrected_over_there_is_corrected_here(
    sqlite_bench: Bench,
) -> None:
    bench = sqlite_bench
    weighed = {"balita/nik": NIK, "balita/hari": "2026-11-02", "balita/berat": "94"}
    bench.kobo.add(1, kk=NO_KK, balita=[weighed])
    bench.connect(text=MEASURING, account="bidan")
    bench.run()
    bench.kobo.edit(1, 1, balita=[{**weighed, "balita/berat": "9.4"}])
    assert dict(bench.run().states) == {"merged": 1}
    rows = bench.world.ask("SELECT doc, end_reason FROM record WHERE entity = 'pengukuran'")
    assert sorted((orjson.loads(text)["berat_kg"], end) for text, end in rows) == [
        (9.4, None),
        (94, "salah"),
    ]


def test_a_form_about_a_child_alone_finds_the_child_s_family(bench: Bench) -> None:
    bench.kobo.add(1, nik_anak=NIK, hari="2026-11-02", berat="9.4")
    bench.connect(text=CHILD, account="bidan")
    report = bench.run(dry_run=True)
    assert [(one.record, one.creates, one.measured) for one in report.landings] == [
        (FAMILY, False, 1)
    ]
    assert dict(bench.run().states) == {"merged": 1}
    assert len(records(bench, "pengukuran")) == 1


def test_a_child_that_nobody_knows_makes_no_family(sqlite_bench: Bench) -> None:
    sqlite_bench.kobo.add(1, nik_anak="1802215203910009", hari="2026-11-02", berat="9.4")
    sqlite_bench.connect(text=CHILD, account="bidan")
    assert dict(sqlite_bench.run().states) == {"held": 1}
    assert (sqlite_bench.families(), records(sqlite_bench, "pengukuran")) == (1, [])


def test_a_measurement_of_an_unknown_child_waits_for_a_reviewer(bench: Bench) -> None:
    weighed = {"balita/nik": "1802215203910009", "balita/berat": "9.4"}
    bench.kobo.add(1, kk=NO_KK, balita=[weighed])
    bench.connect(text=MEASURING, account="bidan")
    assert dict(bench.run().states) == {"merged": 1}
    (waiting,) = desk(bench.world).read("/v1/quarantine")["entries"]
    assert (waiting["creates"], records(bench, "pengukuran")) == (True, [])


def test_who_may_not_measure_is_heard_and_a_reviewer_decides(sqlite_bench: Bench) -> None:
    weighed = {"balita/nik": NIK, "balita/berat": "9.4"}
    sqlite_bench.kobo.add(1, kk=NO_KK, balita=[weighed])
    sqlite_bench.connect(text=MEASURING)
    sqlite_bench.run()
    (waiting,) = desk(sqlite_bench.world).read("/v1/quarantine")["entries"]
    assert waiting["problem"] == "not-permitted"


def test_a_form_may_be_about_one_person(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.kobo.add(1, kk=NO_KK, nik="1802216104880002", nama="SITI AMINAH")
    bench.connect(text=ABOUT_ONE)
    assert dict(bench.run().states) == {"merged": 1}
    assert (bench.families(), bench.persons()) == (1, 2)


def test_who_died_or_moved_away_is_closed_by_the_form_that_says_so(bench: Bench) -> None:
    row = {"anggota/nama": "SUPARMAN", "anggota/nik": NIK, "anggota/ke": "2", "anggota/kapan": DAY}
    bench.kobo.add(1, kk__nomor=NO_KK, anggota=[row])
    bench.connect(text=LEAVING)
    assert dict(bench.run().states) == {"merged": 1}
    ends = bench.world.ask("SELECT end_reason FROM record WHERE entity = 'anggota'")
    assert ends == [("meninggal",)]


def test_a_proposed_family_brings_its_visit(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    bench.kobo.add(
        1,
        kk__nomor=OTHER_NO_KK,
        kk__kepala="SITI",
        kk__rt="003",
        kk__rw="001",
        hasil="1",
        rumah__luas=30,
    )
    bench.connect(text=VISITING)
    assert dict(bench.run().states) == {"merged": 1}
    assert bench.families() == 2
    assert [one.get("hasil") for one in records(bench, "kunjungan")] == ["selesai"]


def test_a_form_that_says_nothing_of_a_visit_is_written_as_it_always_was() -> None:
    plain = Told(
        "i", "h", "r", False, {"alamat": "A & B", "rt": "003"}, [{"nama": "SITI"}], "", "2"
    )
    assert instance_of(plain).decode() == (
        f'<data id="{UPDATING}" version="{VERSION}"><start>2</start>'
        "<kunjungan><waktu>2</waktu></kunjungan>"
        "<keluarga><alamat>A &amp; B</alamat><rt>003</rt></keluarga>"
        "<anggota><nama>SITI</nama></anggota>"
        "<meta><instanceID>i</instanceID><deprecatedID>h</deprecatedID>"
        '<entity dataset="keluarga" id="r" update="1"/></meta></data>'
    )
    with_visit = Told("i", None, "r", False, {}, [], visit={"hasil": "selesai"})
    assert b'version="2"' in instance_of(with_visit)
    assert connected_mapping(UPDATING, "2") is not None
    assert connected_mapping(UPDATING, "3") is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ('[questions]\n"b/w" = "pengukuran.berat_kg"', "measured"),
        ('measured = "b"\n[questions]\n"w" = "pengukuran.berat_kg"', "w: what is asked in b"),
        ('members = "a"\nmeasured = "a/b"\n[questions]\n"x" = "keluarga.alamat"', "beside"),
        ('[questions]\n"f" = "kunjungan.foto:selfie"', "kunjungan.foto:selfie"),
        ('[questions]\n"f" = "kunjungan.formulir"', "kunjungan.formulir"),
        ('identity = { question = "a", by = "nama" }\n[questions]\n"f" = "keluarga.alamat"', "nik"),
        (
            'members = "a"\n[questions]\n"a/e" = {field = "anggota.end:reason", codes = {1 = "x"}}',
            "choice x",
        ),
        ('[questions]\n"h" = { field = "kunjungan.hasil", codes = { 1 = "emas" } }', "emas"),
    ],
)
def test_a_map_that_misplaces_a_visit_or_a_child_says_why(text: str, word: str) -> None:
    with_card = text.replace("[questions]\n", '[questions]\n"kk" = "keluarga.no_kk"\n')
    with pytest.raises(AppError) as refused:
        read_map(HEAD + with_card)
    assert word in refused.value.detail
