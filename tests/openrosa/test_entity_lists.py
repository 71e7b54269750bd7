"""Entity lists: the collector's own families, their last verified values, and a true hash."""

from dataclasses import replace

import pytest

from api.services.entity_lists import LINES_PER_CHUNK
from models.queries.entity_lists import spans
from sync.chains import SPAN_VERSIONS
from tests.api.device import FAMILY, MEMBER
from tests.api.office import DESA, OTHER_DESA, OTHER_RT, RT
from tests.api.village import audited, desk
from tests.api.world import area
from tests.openrosa.collect import Collect
from tests.openrosa.field import Field, record_id
from tests.openrosa.forms import publish


def _hash(field: Field) -> str:
    return field.key.get("/datasets/keluarga.csv").headers["etag"]


def test_a_row_has_the_last_verified_values(field: Field) -> None:
    row = field.key.entity_list("keluarga")[FAMILY]
    assert (row["label"], row["jenis_lantai_terluas"], row["luas_lantai"]) == (
        "SUPARMAN",
        "tanah",
        "24",
    )
    assert field.key.entity_list("anggota")[MEMBER]["keluarga"] == FAMILY


def test_only_what_a_form_reads_leaves_the_server(field: Field) -> None:
    row = field.key.entity_list("keluarga")[FAMILY]
    assert set(row) == {
        "name", "label", "__version", "nama_kepala_keluarga", "jenis_lantai_terluas",
        "luas_lantai", "perlu_perbaikan", "rt",
    }  # fmt: skip


def test_every_kind_of_value_stands_in_a_row_of_one_line(field: Field) -> None:
    _with_properties(
        field, "alamat", "aset_bergerak_ac", "bujur", "dusun", "lintang", "telepon", "program"
    )
    row = record_id(53)
    told = {
        "nama_kepala_keluarga": "  SITI  AMINAH ",
        "alamat": 'Jl. "Melati",\n No. 3 ',
        "dusun": "Ujung  \u00c9",
        "aset_bergerak_ac": False,
        "lintang": -0.00001,
        "bujur": 104.5,
        "luas_lantai": 24,
        "program": ["bpnt", "pkh"],
    }
    field.budi.sync([field.budi.create(row, **told)])
    lines = field.key.get("/datasets/keluarga.csv").body.decode().split("\n")
    number = RT.split("/")[0]
    version = field.key.entity_list("keluarga")[row]["__version"]
    assert lines[0] == (
        "name,label,__version,alamat,aset_bergerak_ac,bujur,dusun,jenis_lantai_terluas,lintang,"
        "luas_lantai,nama_kepala_keluarga,perlu_perbaikan,program,rt,telepon"
    )
    assert (
        f'{row},SITI AMINAH,{version},"Jl. ""Melati"", No. 3",tidak,104.5,Ujung \u00c9,,-1e-05,24,'
        f"  SITI  AMINAH ,,bpnt pkh,{number},"
    ) in lines


def test_a_list_of_many_families_has_each_of_them_once(field: Field) -> None:
    made = {record_id(100 + n) for n in range(2 * LINES_PER_CHUNK)}
    field.budi.sync([field.budi.create(one) for one in sorted(made)])
    names = [
        line.split(",")[0]
        for line in field.key.get("/datasets/keluarga.csv").body.decode().splitlines()
    ]
    assert sorted(names) == sorted({"name", FAMILY, *made})


def test_the_hash_stays_while_nothing_changes_and_follows_every_change(field: Field) -> None:
    first = _hash(field)
    assert _hash(field) == first
    field.budi.sync([field.budi.edit(FAMILY, field.budi.at, luas_lantai=30)])
    second = _hash(field)
    field.budi.sync([field.budi.create(record_id(50))])
    third = _hash(field)
    field.budi.sync(
        [field.budi.op("end", "keluarga", record_id(50), base=field.budi.at, end="salah",
                       date="2026-11-02")]
    )  # fmt: skip
    assert len({first, second, third, _hash(field)}) == 4


def test_what_changes_in_another_rt_changes_no_hash(field: Field) -> None:
    first = _hash(field)
    other = field.world.device("eko", areas=[area(DESA, OTHER_RT)])
    rt, rw = OTHER_RT.split("/")
    other.sync([other.create(record_id(60), rt=rt, rw=rw)])
    assert _hash(field) == first


def test_losing_an_area_changes_the_hash_and_empties_the_list(field: Field) -> None:
    first = _hash(field)
    ((account,),) = field.world.ask("SELECT id FROM account WHERE name = 'ani'")
    field.world.assign(account, [area(DESA, OTHER_RT)])
    assert _hash(field) != first
    assert field.key.entity_list("keluarga") == {}


def test_a_closed_family_and_one_that_was_merged_leave_the_list(field: Field) -> None:
    double = record_id(51)
    field.budi.sync([field.budi.create(double, nama_kepala_keluarga="SUPARMAN")])
    assert set(field.key.entity_list("keluarga")) == {FAMILY, double}
    assert desk(field.world).merge(double, FAMILY).status == 200
    assert set(field.key.entity_list("keluarga")) == {FAMILY}


def test_a_members_change_is_a_change_of_the_family(field: Field) -> None:
    before = field.key.version()
    edit = field.budi.op("set", "anggota", MEMBER, base=field.budi.at, set={"nama": "SUPARNO"})
    field.budi.sync([edit])
    assert field.key.version() > before


def _moved(field: Field, member: str, family: str) -> None:
    field.budi.sync([field.budi.op("move", "anggota", member, base=field.budi.at, parent=family)])


def _row(collect: Collect) -> dict[str, str]:
    """The family as the phone has it."""
    return collect.store.lists["keluarga"][FAMILY].properties


def _with_members_named(field: Field) -> None:
    """A form on offer that reads who belongs to a family."""
    _with_properties(field, "nama_anggota", "jumlah_tercatat")


def _with_properties(field: Field, *properties: str) -> None:
    """A form on offer that reads more of a family."""
    form = field.visit
    lists = tuple(
        replace(one, properties=(*one.properties, *properties)) if one.name == "keluarga" else one
        for one in form.mapping.lists
    )
    newer = replace(form, mapping=replace(form.mapping, version="2027010101", lists=lists))
    publish(field.world.database, newer, field.world.clock.now())


@pytest.mark.parametrize("rt", [RT, OTHER_RT])
def test_whoever_moves_away_is_gone_from_the_old_familys_row_at_once(field: Field, rt: str) -> None:
    _with_members_named(field)
    other = record_id(52)
    there = field.world.device("eko", areas=[area(DESA)])
    number, rw = rt.split("/")
    there.sync([there.create(other, rt=number, rw=rw)])
    collect = field.collect()
    assert collect.synchronise() == []
    assert _row(collect)["nama_anggota"] == "SUPARMAN"
    known = field.key.version()
    there.sync([there.op("move", "anggota", MEMBER, base=there.at, parent=other)])
    assert field.document(MEMBER)["nama"] == "SUPARMAN"
    assert collect.synchronise() == []
    assert (_row(collect)["nama_anggota"], _row(collect)["jumlah_tercatat"]) == ("", "0")
    assert field.key.version() > known
    assert (MEMBER in collect.store.lists["anggota"]) is (rt == RT)


def test_who_comes_back_is_there_at_once(field: Field) -> None:
    _with_members_named(field)
    other = record_id(52)
    field.budi.sync([field.budi.create(other)])
    collect = field.collect()
    for family in (other, FAMILY, other):
        _moved(field, MEMBER, family)
        assert collect.synchronise() == []
        assert _row(collect)["jumlah_tercatat"] == ("1" if family == FAMILY else "0")


def test_a_change_in_the_smaller_of_two_villages_changes_the_hash(field: Field) -> None:
    small = field.world.device("eko", areas=[area(OTHER_DESA, OTHER_RT)])
    family = record_id(61)
    small.sync([small.create(family, rt="004", rw="001")])
    both = field.phone("wiwi", areas=[area(DESA), area(OTHER_DESA)])
    before = both.get("/datasets/keluarga.csv").headers["etag"]
    small.sync([small.edit(family, small.at, luas_lantai=30)])
    assert both.get("/datasets/keluarga.csv").headers["etag"] != before


def test_an_open_question_is_named_in_the_list(field: Field) -> None:
    base = field.key.version()
    field.budi.sync([field.budi.edit(FAMILY, field.budi.at, nama_kepala_keluarga="SUPARNO")])
    field.key.post(field.visited({"nama_kepala_keluarga": "SUPARDI"}, base=base))
    row = field.key.entity_list("keluarga")[FAMILY]
    assert row["perlu_perbaikan"] == "Sedang diperiksa: nama_kepala_keluarga"


def test_every_reading_of_a_list_is_on_record_and_an_unchanged_one_reads_nothing(
    field: Field,
) -> None:
    etag = _hash(field)
    field.key.get("/datasets/keluarga.csv", If_None_Match=etag)
    (entry,) = audited(field.world, "entity-list")
    assert entry["list"] == "keluarga"
    assert entry["hash"] == etag.strip('"')


def test_versions_stay_small_after_a_restore(field: Field) -> None:
    before = field.key.version()
    # A new epoch numbers on from the moment in microseconds.
    with field.world.database.writing() as session:
        session.connection().exec_driver_sql(
            "UPDATE feed SET head = 1795000000000000, previous = 1795000000000000"
        )
    field.budi.sync([field.budi.edit(FAMILY, field.budi.at, luas_lantai=31)])
    after = field.key.version()
    assert before < SPAN_VERSIONS < after < 2**31
    with field.world.database.reading() as session:
        assert len(spans(session, DESA).spans) == 1
    answer = field.key.post(field.visited({"lantai": "keramik"}, base=after))
    assert answer.status == 201
    assert field.document()["jenis_lantai_terluas"] == "keramik"
    assert field.world.count("conflict") == 0
