"""What cannot be merged is refused before it is on any phone, by sheet, row and column."""

import pytest

from api.formats.xform.mapping import Feed, FormKind, FormMapping, Role
from tests.odk.workbooks import (
    XML,
    Cells,
    Sheets,
    a_block,
    an_update,
    calculation,
    checked,
    choices,
    faults,
    question,
)

FIRST = 4
"""The spreadsheet's number of the first row that a test adds."""


def the_fault(sheets: Sheets) -> tuple[str, int, str, str]:
    """The only fault: sheet, row, column, and what it says in English."""
    (one,) = faults(sheets)
    assert one.indonesian
    return one.sheet, one.row, one.column, one.english


def members(*rows: Cells) -> list[Cells]:
    ids = [
        calculation("id_anggota", "''", lokus="anggota.id"),
        calculation("id_baru", "once(uuid())", lokus="anggota.new_id"),
    ]
    return a_block("repeat", "daftar_anggota", *ids, *rows, lokus="anggota")


def test_a_form_that_says_whole_things_becomes_a_mapping() -> None:
    form = checked(an_update(*members(question("text", "nama", lokus="anggota.nama"))))
    mapping = form.mapping
    assert (mapping.form_id, mapping.version, mapping.kind) == ("coba", "1", FormKind.UPDATE)
    assert (mapping.entity_list, mapping.entities_version) == ("keluarga", "2024.1")
    floor = mapping.question("/data/luas")
    assert floor is not None
    assert floor.feeds == (Feed("keluarga", Role.FIELD, "luas_lantai"),)
    name = mapping.question("/data/daftar_anggota/nama")
    assert name is not None
    assert name.repeat == "/data/daftar_anggota"
    assert [one.entity for one in mapping.repeats] == ["anggota"]
    assert mapping.question("/data/nothing") is None
    assert [feed.name for _, feed in mapping.fed("anggota", Role.FIELD)] == ["nama"]
    assert len([*mapping.fed("anggota")]) == 3


def test_a_mapping_survives_its_storage() -> None:
    mapping = checked(an_update(*members())).mapping
    assert FormMapping.from_json(mapping.to_json()) == mapping


def test_lists_name_every_column_that_the_form_reads_or_keeps() -> None:
    lookup = "instance('keluarga')/root/item[name = ${keluarga} and rt = '003']/alamat"
    mapping = checked(an_update(calculation("alamat_lama", lookup))).mapping
    (listed,) = mapping.lists
    assert (listed.name, listed.properties) == ("keluarga", ("alamat", "luas_lantai", "rt"))


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("keluarga.luas_rumah", "no field luas_rumah of keluarga"),
        ("rumah.luas", "is no target"),
        ("luas_lantai", "is no target"),
        ("keluarga.desil_nasional", "belongs to lists and the office"),
        ("kunjungan.foto", "needs the kind of photograph"),
        ("kunjungan.foto:kucing", "needs the kind of photograph"),
        ("keluarga.telepon:shown", "has no part shown"),
    ],
)
def test_a_target_that_the_register_does_not_have_is_refused(target: str, words: str) -> None:
    sheet, row, column, english = the_fault(an_update(question("text", "apa", lokus=target)))
    assert (sheet, row, column) == ("survey", FIRST, "lokus")
    assert words in english


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("decimal", "keluarga.jumlah_ternak_sapi"),
        ("text", "keluarga.jenis_lantai_terluas"),
        ("text", "keluarga.aset_bergerak_ac"),
        ("select_one program", "keluarga.program"),
        ("text", "keluarga.lokasi"),
        ("text", "kunjungan.foto:rumah"),
        ("integer", "kunjungan.catatan"),
        ("text", "kunjungan.waktu"),
        ("text", "observed"),
        ("text", "keluarga.bangunan"),
    ],
)
def test_a_question_of_the_wrong_kind_is_refused(kind: str, target: str) -> None:
    sheets = an_update(question(kind, "apa", lokus=target))
    found = [one for one in faults(sheets) if one.column == "type"]
    assert [(one.sheet, one.row) for one in found] == [("survey", FIRST)]
    assert "use " in found[0].english


def test_choices_that_are_no_slugs_are_refused_by_name() -> None:
    rows = question("select_one atap", "atap", lokus="keluarga.jenis_atap_terluas")
    sheets = an_update(rows)
    sheets["choices"] += choices("atap", "seng", "rumbia")
    sheet, row, column, english = the_fault(sheets)
    assert (sheet, row, column) == ("survey", FIRST, "type")
    assert english.startswith("rumbia is not in the code list")


def test_a_yes_or_no_has_the_two_words() -> None:
    sheets = an_update(question("select_one yn", "ac", lokus="keluarga.aset_bergerak_ac"))
    sheets["choices"] += choices("yn", "yes", "no")
    assert "no, yes is not in the code list" in the_fault(sheets)[3]
    good = question("select_one ya_tidak", "ac", lokus="keluarga.aset_bergerak_ac")
    assert faults(an_update(good)) == []


@pytest.mark.parametrize(
    "says",
    [
        "if(${luas} > 20, 'seng', 'genteng')",
        "once(coalesce(${pilihan}, 'seng'))",
        "if(true(), if(false(), 'bambu', ''), string('beton'))",
        "${lewat}",
    ],
)
def test_a_calculation_that_can_only_say_slugs_may_feed_a_code(says: str) -> None:
    rows = [
        question("select_one atap", "pilihan"),
        calculation("lewat", "if(${luas} > 9, ${pilihan}, '')"),
        calculation("hasil_akhir", says, lokus="keluarga.jenis_atap_terluas"),
    ]
    sheets = an_update(*rows)
    sheets["choices"] += choices("atap", "bambu", "beton")
    assert faults(sheets) == []


def test_a_calculation_that_can_say_something_else_is_refused() -> None:
    says = "if(${luas} > 20, 'seng', 'rumbia')"
    row = calculation("hasil_akhir", says, lokus="keluarga.jenis_atap_terluas")
    sheet, line, column, english = the_fault(an_update(row))
    assert (sheet, line, column) == ("survey", FIRST, "calculation")
    assert english.startswith("rumbia is not in the code list")


@pytest.mark.parametrize(
    ("says", "target"),
    [
        ("concat(${luas}, 'x')", "keluarga.jenis_lantai_terluas"),
        ("${nama_bebas}", "keluarga.jenis_lantai_terluas"),
        ("${luas} + 1", "keluarga.jenis_lantai_terluas"),
        ("'banyak'", "keluarga.jumlah_ternak_sapi"),
        ("instance('keluarga')/root/item[name = ${keluarga}]/rt", "keluarga.jumlah_ternak_sapi"),
        ("${berputar}", "keluarga.jenis_lantai_terluas"),
    ],
)
def test_a_calculation_of_which_nobody_can_tell_is_refused(says: str, target: str) -> None:
    rows = [
        question("text", "nama_bebas"),
        calculation("berputar", "${berputar}"),
        calculation("hasil_akhir", says, lokus=target),
    ]
    sheet, row, column, english = the_fault(an_update(*rows))
    assert (sheet, row, column) == ("survey", FIRST + 2, "calculation")
    assert "nobody can tell whether" in english


def test_a_calculated_number_may_feed_a_number() -> None:
    says = "if(${luas} > 3, ${luas} * 2, -1)"
    row = calculation("sapi", says, lokus="keluarga.jumlah_ternak_sapi")
    assert faults(an_update(row)) == []


def test_half_a_group_is_refused_and_told_what_is_missing() -> None:
    row = question("select_one bab", "bab", lokus="keluarga.fasilitas_bab")
    sheets = an_update(row)
    sheets["choices"] += choices("bab", "tidak_ada_fasilitas")
    sheet, line, column, english = the_fault(sheets)
    assert (sheet, line, column) == ("survey", FIRST, "lokus")
    assert "jenis_kloset, pembuangan_akhir_tinja" in english


def test_a_place_is_a_whole_group() -> None:
    assert (
        faults(an_update(question("geopoint", "di", lokus="keluarga.lokasi kunjungan.lokasi")))
        == []
    )


def test_of_a_set_has_to_be_known_what_was_shown() -> None:
    chosen = question("select_multiple program", "bantuan", lokus="keluarga.program")
    assert "what the phone showed" in the_fault(an_update(chosen))[3]
    shown = calculation(
        "bantuan_lama",
        "instance('keluarga')/root/item[name = ${keluarga}]/program",
        lokus="keluarga.program:shown",
    )
    assert faults(an_update(shown, chosen)) == []


def test_two_questions_cannot_feed_one_field() -> None:
    row = question("integer", "luas_lagi", lokus="keluarga.luas_lantai")
    assert "another question feeds" in the_fault(an_update(row))[3]


def test_members_stand_in_their_repeat_and_the_family_does_not() -> None:
    outside = question("text", "nama", lokus="anggota.nama")
    assert "members stand in a repeat" in the_fault(an_update(outside))[3]
    inside = question("text", "jalan", lokus="keluarga.telepon")
    assert "cannot feed keluarga" in the_fault(an_update(*members(inside)))[3]
    nowhere = a_block("repeat", "lain", question("text", "t", lokus="keluarga.telepon"))
    assert "a repeat of nothing" in the_fault(an_update(*nowhere))[3]
    assert (
        "may be the members"
        in the_fault(an_update(*a_block("repeat", "rumah", lokus="kunjungan")))[3]
    )


def test_a_group_feeds_nothing() -> None:
    rows = a_block("group", "halaman", question("text", "t"), lokus="keluarga.telepon")
    assert "a group feeds nothing" in the_fault(an_update(*rows))[3]


def test_a_form_names_the_record_that_it_is_about() -> None:
    sheets = an_update()
    sheets["survey"][0].pop("lokus")
    assert "no question feeds keluarga.id" in the_fault(sheets)[3]
    rows = a_block("repeat", "daftar_anggota", question("text", "x"), lokus="anggota")
    told = [one.english.partition(":")[0] for one in faults(an_update(*rows))]
    assert told == ["no question feeds anggota.new_id", "no question feeds anggota.id"]


def test_the_end_of_a_record_has_a_reason_and_a_day_and_a_double_its_twin() -> None:
    day = question("date", "tanggal", lokus="anggota.end:date")
    assert "missing: anggota.end:reason" in the_fault(an_update(*members(day)))[3]
    dead = calculation("alasan", "'meninggal'", lokus="anggota.end:reason")
    assert faults(an_update(*members(day, dead))) == []
    double = calculation("alasan", "'ganda'", lokus="anggota.end:reason")
    assert "missing: anggota.end:twin" in the_fault(an_update(*members(day, double)))[3]
    lost = calculation("alasan", "'hilang'", lokus="anggota.end:reason")
    assert the_fault(an_update(*members(day, lost)))[3].startswith("hilang is not in the code list")


def test_a_column_that_no_list_has_is_refused() -> None:
    lookup = "instance('keluarga')/root/item[name = ${keluarga}]/nama_kepla"
    sheet, row, column, english = the_fault(an_update(calculation("nama", lookup)))
    assert (sheet, row, column) == ("survey", FIRST, "calculation")
    assert english == "the list keluarga has no column nama_kepla"
    kept = question("text", "hp", save_to="no_hp")
    assert the_fault(an_update(kept))[2] == "save_to"


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("relevant", "pulldata('a', 'b', 'c', ${luas}) = 1", "the function pulldata()"),
        ("constraint", "regex(., '[0-9]+')", "begins with ^ and ends with $"),
        ("constraint", ". > ", "breaks off"),
        ("default", "indexed-repeat(${luas}, ${luas}, 1)", "the function indexed-repeat()"),
        ("required", "${luas} >", "breaks off"),
    ],
)
def test_an_expression_outside_of_the_language_is_refused_by_its_cell(
    column: str, cell: str, words: str
) -> None:
    row = question("text", "apa")
    row[column] = cell
    sheet, line, where, english = the_fault(an_update(row))
    assert (sheet, line, where) == ("survey", FIRST, column)
    assert words in english


def test_expressions_of_the_other_sheets_are_looked_at_too() -> None:
    sheets = an_update()
    sheets["entities"][0]["update_if"] = "pulldata('a')"
    sheets["settings"][0]["instance_name"] = "digest('a', 'MD5')"
    assert [one.sheet for one in faults(sheets)] == ["entities", "settings"]


@pytest.mark.parametrize(
    ("column", "cell", "words"),
    [
        ("form_id", "dua kata", "without spaces"),
        ("version", "", "version is needed"),
        ("lokus", "sensus", "what the form is for"),
        ("public_key", "MIIB", "encrypted"),
        ("submission_url", "https://example.org", "the server's to say"),
    ],
)
def test_settings_that_would_break_the_way_home_are_refused(
    column: str, cell: str, words: str
) -> None:
    sheets = an_update()
    sheets["settings"][0][column] = cell
    sheet, row, where, english = the_fault(sheets)
    assert (sheet, row, where) == ("settings", 2, column)
    assert words in english


def test_an_update_declares_its_family_and_a_new_one_does_not() -> None:
    sheets = an_update()
    sheets["entities"] = []
    assert "declares the list keluarga" in the_fault(sheets)[3]
    sheets["entities"] = [{"list_name": "keluarga"}]
    assert the_fault(sheets)[:3] == ("entities", 2, "entity_id")
    sheets["entities"] = [
        {"list_name": "keluarga", "entity_id": "${keluarga}"},
        {"list_name": "rw"},
    ]
    assert the_fault(sheets)[:3] == ("entities", 3, "list_name")


def test_blocks_that_do_not_close_are_refused() -> None:
    assert "is never closed" in the_fault(an_update(question("begin_group", "g")))[3]
    assert "closes nothing" in the_fault(an_update({"type": "end repeat"}))[3]


def test_a_form_that_kobocollect_cannot_open_warns() -> None:
    assert checked(an_update()).warnings == ()
    (warning,) = checked(an_update(), XML.replace(b"2024.1.0", b"2025.1.0")).warnings
    assert "KoboCollect" in warning


def test_a_midwifes_form_is_about_a_child() -> None:
    sheets = an_update()
    sheets["settings"][0]["lokus"] = "measure"
    sheets["entities"] = []
    sheets["survey"] = [
        question("select_one_from_file anggota.csv", "anak", lokus="anggota.id"),
        question("decimal", "berat", lokus="pengukuran.berat_kg"),
    ]
    assert checked(sheets).mapping.kind is FormKind.MEASURE
    sheets["survey"].append(question("text", "telepon", lokus="keluarga.telepon"))
    assert "states nothing about keluarga" in the_fault(sheets)[3]


def a_statement(*rows: Cells) -> Sheets:
    """A form that states that an RT is done, and whatever else these rows ask."""
    sheets = an_update()
    sheets["settings"][0]["lokus"] = "state-rt"
    sheets["entities"] = []
    sheets["survey"] = [
        question("select_one_from_file rt_saya.csv", "rt", lokus="rt.id"),
        calculation("periode", "instance('rt_saya')/root/item[name = ${rt}]/periode"),
        *rows,
    ]
    return sheets


PERIOD = question("text", "masa", lokus="rt.period")
DONE = question("select_one ya_tidak", "selesai", lokus="rt.done")


def test_a_statement_about_an_rt_feeds_its_round_and_no_record() -> None:
    mapping = checked(a_statement(PERIOD, DONE, question("text", "c", lokus="rt.note"))).mapping
    assert mapping.kind is FormKind.STATE_RT
    assert {feed.name for _, feed in mapping.fed("rt")} == {"id", "period", "done", "note"}
    (listed,) = mapping.lists
    assert (listed.name, listed.properties) == ("rt_saya", ("periode",))
    assert FormMapping.from_json(mapping.to_json()) == mapping


def test_a_statement_says_which_rt_which_period_and_whether_it_is_done() -> None:
    assert "no question feeds rt.done" in the_fault(a_statement(PERIOD))[3]
    assert "no question feeds rt.period" in the_fault(a_statement(DONE))[3]
    wrong = question("integer", "masa", lokus="rt.period")
    assert "cannot feed rt.period" in the_fault(a_statement(wrong, DONE))[3]
    words = question("select_one lantai", "selesai", lokus="rt.done")
    assert "not in the code list of rt.done" in the_fault(a_statement(PERIOD, words))[3]
    column = calculation("x", "instance('rt_saya')/root/item[name = ${rt}]/nik")
    assert "rt_saya has no column nik" in the_fault(a_statement(PERIOD, DONE, column))[3]


def test_a_statement_and_what_was_found_at_a_family_are_two_forms() -> None:
    both = question("text", "telepon", lokus="keluarga.telepon")
    told = the_fault(a_statement(PERIOD, DONE, both))[3]
    assert told == "a form of kind state-rt states nothing about keluarga"
    assert "kind update states nothing about rt" in the_fault(an_update(PERIOD))[3]
    sheets = a_statement(PERIOD, DONE)
    sheets["entities"] = [{"list_name": "keluarga"}]
    assert "is about no record" in the_fault(sheets)[3]


def test_old_spellings_of_xlsform_are_understood() -> None:
    rows = [
        {"type": "begin group", "name": "rumah"},
        {"type": "int", "name": "sapi", "lokus": "keluarga.jumlah_ternak_sapi"},
        {"type": "end group"},
        {"type": "photo", "name": "f", "lokus": "kunjungan.foto:rumah"},
    ]
    mapping = checked(an_update(*rows)).mapping
    assert mapping.question("/data/rumah/sapi") is not None
    assert mapping.question("/data/f") is not None
