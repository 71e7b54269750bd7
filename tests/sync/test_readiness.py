"""Checks before the signature: each names the families, and says nothing where all is well."""

from dataclasses import replace
from datetime import date

import pytest

from sync.evidence import BadProfile, Evidence, Profile, missing, read_profile
from sync.readiness import (
    TEXTS,
    Check,
    Circumstances,
    Dispute,
    Waiting,
    agenda,
    lacking_outcome,
    rts_of,
    unmet,
)
from sync.types import Json, Record
from sync.village_round import VillageRound
from tests.builders import FAMILY, OTHER_FAMILY, OTHER_PERSON, PERSON, STRANGER, VISIT
from tests.sync.rounds import BEFORE, SINCE, a_head, a_record, a_round, a_row, on_list

PLAIN = Profile("polos", 1)
READY = Circumstances(
    day=date(2026, 11, 20),
    profile=PLAIN,
    rts_done=frozenset({"003/001"}),
    meeting_recorded=True,
)


def found(village: VillageRound, around: Circumstances = READY) -> dict[Check, list[str]]:
    """Check → what it says, of families and of their people."""
    return {one.check: [c.what for c in one.culprits] for one in unmet(village, around)}


def checks(*records: Record, around: Circumstances = READY) -> set[Check]:
    return set(found(a_round(*records), around))


def test_a_village_in_which_everything_was_done_is_ready() -> None:
    assert checks(a_row(), a_head()) == set()


def test_every_check_has_its_texts() -> None:
    assert set(TEXTS) == set(Check)


def test_a_row_without_an_outcome_is_named() -> None:
    (one,) = unmet(a_round(a_record(FAMILY)), READY)
    assert (one.check, one.families) == (Check.OUTCOME_MISSING, 1)
    assert (one.culprits[0].family, one.culprits[0].rt) == (FAMILY, "003/001")


def test_a_person_nobody_asked_for_is_named_where_the_family_was_met() -> None:
    old = a_head(stated=BEFORE)
    assert checks(a_row(), old) == {Check.PERSON_OUTCOME_MISSING}
    # Whoever was not met can tell nothing about its members.
    met = a_row(hasil="tidak_ditemukan", hasil_alasan="pindah")
    decided = replace(READY, decided=frozenset({FAMILY}))
    assert checks(met, old, around=decided) == set()
    lenient = replace(READY, profile=replace(PLAIN, people_asked=False))
    assert checks(a_row(), old, around=lenient) == set()


def test_an_rt_that_nobody_stated_as_done_is_named() -> None:
    (one,) = unmet(a_round(a_row(), a_head()), replace(READY, rts_done=frozenset()))
    assert (one.check, one.culprits[0].rt, one.families) == (Check.RT_NOT_DONE, "003/001", 1)


def test_open_conflicts_and_what_waits_in_quarantine_name_their_families() -> None:
    around = replace(
        READY,
        conflicts=(Waiting(PERSON, "nama"),),
        quarantine=(Waiting(STRANGER, "record-unknown"), Waiting(None, "malformed")),
    )
    village = a_round(a_row(), a_head())
    by_check = {one.check: one for one in unmet(village, around)}
    assert by_check[Check.CONFLICT_OPEN].culprits[0].family == FAMILY
    assert by_check[Check.QUARANTINE_WAITING].families == 2
    assert {c.family for c in by_check[Check.QUARANTINE_WAITING].culprits} == {None}


# Numbers --------------------------------------------------------------------------------------


def test_a_wrong_number_blocks_until_it_is_explained_in_the_record_or_in_the_round() -> None:
    wrong = a_head(nik="123")
    assert found(a_round(a_row(), wrong)) == {Check.FINDING_OPEN: ["nik-length"]}
    assert checks(a_row(), a_head(nik="123", nik_alasan="KTP rusak")) == set()
    reasoned = replace(READY, reasons=frozenset({(PERSON, "nik-length")}))
    assert checks(a_row(), wrong, around=reasoned) == set()
    other = replace(READY, reasons=frozenset({(PERSON, "head-twice")}))
    assert checks(a_row(), wrong, around=other) == {Check.FINDING_OPEN}


def test_a_family_that_was_not_met_cannot_correct_its_numbers() -> None:
    gone = a_row(hasil="tidak_ditemukan", hasil_alasan="pindah", no_kk="1")
    assert checks(gone, around=replace(READY, decided=frozenset({FAMILY}))) == set()


def test_a_warning_blocks_nothing() -> None:
    assert checks(a_row(nama_kepala_keluarga="LAIN"), a_head()) == set()


# Deaths and twins -----------------------------------------------------------------------------


def test_a_death_needs_its_day() -> None:
    undated = a_record(OTHER_PERSON, "anggota", FAMILY, end={"end": "meninggal"})
    assert checks(a_row(), a_head(), undated) == {Check.DEATH_UNDATED}
    said = a_head(OTHER_PERSON, keberadaan="meninggal", hubungan_keluarga="anak", nik=None,
                  nik_alasan="belum ada")  # fmt: skip
    assert checks(a_row(), a_head(), said) == {Check.DEATH_UNDATED}
    dated = undated._replace(end={"end": "meninggal", "date": "2026-11-01"})
    assert checks(a_row(), a_head(), dated) == set()
    assert checks(a_record(FAMILY, end={"end": "meninggal"})) == {Check.DEATH_UNDATED}


def test_a_twin_has_to_be_a_family_that_is_there() -> None:
    around = replace(READY, decided=frozenset({FAMILY}))

    def twin_of(twin: Json) -> set[Check]:
        doubled = a_row(hasil="data_ganda", hasil_kembaran=twin)
        other = a_record(OTHER_FAMILY, end={"end": "pindah"})
        return checks(doubled, other, around=around)

    assert twin_of(OTHER_FAMILY) == set()
    assert twin_of(None) == {Check.TWIN_UNRESOLVED}
    assert twin_of(FAMILY) == {Check.TWIN_UNRESOLVED}
    assert twin_of(STRANGER) == {Check.TWIN_UNRESOLVED}


def test_a_person_who_is_listed_twice_points_to_somebody_who_is_there() -> None:
    def twin_of(twin: Json) -> set[Check]:
        ended = {"end": "ganda", "date": "2026-11-01", "twin": twin}
        return checks(a_row(), a_head(), a_record(OTHER_PERSON, "anggota", FAMILY, end=ended))

    assert twin_of(PERSON) == set()
    for nobody in (None, STRANGER, OTHER_PERSON):
        assert twin_of(nobody) == {Check.TWIN_UNRESOLVED}


# Evidence -------------------------------------------------------------------------------------


def with_photo(kind: str) -> Record:
    photo: Json = {"jenis": kind, "sha256": "ab", "size": 1, "waktu": "x"}
    return a_record(VISIT, "kunjungan", FAMILY, at=SINCE, hasil="selesai", foto=[photo])


def test_photos_and_fields_that_the_profile_wants_are_looked_for() -> None:
    wanted = Profile("foto", 1, {"ditemukan": Evidence(("alamat",), ("rumah",))})
    around = replace(READY, profile=wanted)
    assert found(a_round(a_row(), a_head()), around) == {
        Check.EVIDENCE_MISSING: ["alamat", "foto.rumah"]
    }
    full = (a_row(alamat="JL. CONTOH"), a_head(), with_photo("rumah"))
    assert checks(*full, around=around) == set()
    other_photo = (a_row(alamat="JL. CONTOH"), a_head(), with_photo("ktp"))
    assert checks(*other_photo, around=around) == {Check.EVIDENCE_MISSING}


def test_evidence_about_a_person_may_stand_in_the_closing_statement() -> None:
    wanted = Profile("surat", 1, people={"meninggal": Evidence(("end.number",))})
    dead = {"end": "meninggal", "date": "2026-11-01"}
    gone = a_record(OTHER_PERSON, "anggota", FAMILY, end=dead)
    around = replace(READY, profile=wanted)
    assert checks(a_row(), a_head(), gone, around=around) == {Check.EVIDENCE_MISSING}
    numbered = gone._replace(end={**dead, "number": "12"})
    assert checks(a_row(), a_head(), numbered, around=around) == set()


def test_a_visit_without_photos_brings_none() -> None:
    assert missing(Evidence((), ("ktp",)), {}, None, [{"foto": None}, {}]) == ("foto.ktp",)
    assert missing(Evidence(("end.date",)), {}, None, []) == ("end.date",)


def test_a_profile_is_read_from_its_tables() -> None:
    tables = {"ditemukan": {"fields": ["kemampuan"], "photos": ["rumah"]}}
    profile = read_profile({"name": "a", "version": 2, "people_asked": False, "families": tables})
    assert profile.families["ditemukan"] == Evidence(("kemampuan",), ("rumah",))
    assert (profile.version, profile.people_asked, dict(profile.people)) == (2, False, {})


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ({"name": "a"}, "name, a version"),
        ({"name": "a", "version": 1, "colour": 1}, "colour"),
        ({"name": "a", "version": 1, "families": 3}, "one table for each"),
        ({"name": "a", "version": 1, "families": {"hilang": {}}}, "no outcome hilang"),
        ({"name": "a", "version": 1, "people": {"meninggal": {"atap": []}}}, "only `fields`"),
        ({"name": "a", "version": 1, "people": {"meninggal": {"fields": ["x"]}}}, "no field x"),
        ({"name": "a", "version": 1, "families": {"pindah": {"photos": ["x"]}}}, "no photo x"),
    ],
)
def test_a_profile_that_nobody_can_fulfil_says_where(raw: dict[str, object], said: str) -> None:
    with pytest.raises(BadProfile, match=said):
        read_profile(raw)


# The agenda -----------------------------------------------------------------------------------


def why(*records: Record, around: Circumstances = READY) -> dict[str, set[Dispute]]:
    return {family.id: set(reasons) for family, reasons in agenda(a_round(*records), around)}


@pytest.mark.parametrize(
    ("fields", "dispute"),
    [
        ({"kemampuan": "mampu"}, Dispute.MAMPU),
        ({"hasil": "tidak_ditemukan"}, Dispute.TIDAK_DITEMUKAN),
        ({"hasil": "data_ganda"}, Dispute.DATA_GANDA),
        ({"hasil": "usulan_baru"}, Dispute.USULAN_BARU),
    ],
)
def test_what_a_meeting_has_to_decide_is_on_its_agenda(
    fields: dict[str, Json], dispute: Dispute
) -> None:
    row = a_row(**fields)  # type: ignore[arg-type]  # fields and keywords alike
    assert why(row, a_head()) == {FAMILY: {dispute}}
    assert Check.DISPUTE_UNDECIDED in checks(row, a_head())
    around = replace(READY, decided=frozenset({FAMILY}))
    assert Check.DISPUTE_UNDECIDED not in checks(row, a_head(), around=around)


def test_who_refused_is_on_the_agenda() -> None:
    refused = a_record(VISIT, "kunjungan", FAMILY, at=SINCE, hasil="menolak")
    assert why(a_record(FAMILY), refused) == {FAMILY: {Dispute.MENOLAK}}


def test_a_family_that_nobody_disputes_is_not() -> None:
    assert why(a_row(), a_head()) == {}


def test_a_decision_asked_again_is_decided_by_the_meeting_a_conflict_is_only_told() -> None:
    settled = replace(READY, settled=frozenset({PERSON}))
    assert why(a_row(), a_head(), around=settled) == {FAMILY: {Dispute.KONFLIK}}
    assert checks(a_row(), a_head(), around=settled) == set()
    again = replace(READY, settled=frozenset({PERSON}), reopened=frozenset({PERSON}))
    assert why(a_row(), a_head(), around=again) == {FAMILY: {Dispute.KEPUTUSAN_DIBUKA}}
    assert checks(a_row(), a_head(), around=again) == {Check.DISPUTE_UNDECIDED}


def test_a_meeting_that_was_not_written_down_is_missed() -> None:
    (one,) = unmet(a_round(a_row(), a_head()), replace(READY, meeting_recorded=False))
    assert (one.check, one.families) == (Check.MEETING_UNRECORDED, 1)


# RTs ------------------------------------------------------------------------------------------


def test_an_rt_knows_how_many_of_its_families_lack_an_outcome() -> None:
    elsewhere = a_row(OTHER_FAMILY)._replace(rt="004/001")
    village = a_round(a_record(FAMILY), elsewhere, lists=(on_list(FAMILY),))
    assert rts_of(village) == ("003/001", "004/001")
    assert lacking_outcome(village, "003/001") == 1
    assert lacking_outcome(village, "004/001") == 0
