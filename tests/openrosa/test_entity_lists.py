"""Entity lists: the collector's own families, their last verified values, and a true hash."""

from models.queries.entity_lists import spans
from sync.chains import SPAN_VERSIONS
from tests.api.device import FAMILY, MEMBER
from tests.api.office import DESA, OTHER_RT
from tests.api.village import audited, desk
from tests.api.world import area
from tests.openrosa.field import Field, record_id


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
