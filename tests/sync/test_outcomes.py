"""What became of a family and of a person, and whether that was said in this round."""

import pytest

from sync.codes import CODELISTS
from sync.outcomes import (
    FamilyFound,
    FamilyOutcome,
    PersonOutcome,
    family_found,
    person_found,
    stated_since,
)
from sync.types import Stamp
from tests.builders import FAMILY, OTHER_FAMILY
from tests.sync.rounds import BEFORE, OPENED, SINCE, a_record


@pytest.mark.parametrize("code", ["ditemukan", "tidak_ditemukan", "data_ganda", "usulan_baru"])
def test_the_four_answers_of_the_prelist_are_outcomes(code: str) -> None:
    assert family_found({"hasil": code}).outcome == code


def test_every_code_of_the_register_is_an_outcome_or_says_that_there_is_none() -> None:
    prelist = {code.slug for code in CODELISTS["prelist_status_rumahtangga"].codes}
    assert {family_found({"hasil": slug}).outcome for slug in prelist} == prelist
    form = {code.slug for code in CODELISTS["dtsen_form_keberadaan"].codes}
    said = {slug: person_found({"keberadaan": slug}).outcome for slug in form}
    assert {slug for slug, outcome in said.items() if outcome is None} == {"belum_ditentukan"}
    assert {o for o in said.values() if o} == set(PersonOutcome) - {PersonOutcome.GANDA}


@pytest.mark.parametrize(
    ("end", "outcome"),
    [("pindah", "pindah"), ("meninggal", "meninggal"), ("ganda", "data_ganda")],
)
def test_a_closed_family_is_what_it_was_closed_as(end: str, outcome: str) -> None:
    assert family_found({"hasil": "ditemukan"}, {"end": end}).outcome == outcome


def test_a_twin_is_named_by_the_closing_statement_or_by_the_answer() -> None:
    assert family_found({}, {"end": "ganda", "twin": OTHER_FAMILY}).twin == OTHER_FAMILY
    doc = {"hasil": "data_ganda", "hasil_kembaran": OTHER_FAMILY}
    assert family_found(doc).twin == OTHER_FAMILY
    assert family_found(doc, {"end": "ganda"}).twin == OTHER_FAMILY


def test_who_refused_at_the_last_visit_refused() -> None:
    refused = {"hasil": "menolak", "waktu": "2026-11-02T10:00:00+07:00"}
    later = {"hasil": "selesai", "waktu": "2026-11-03T10:00:00+07:00"}
    assert family_found({}, None, [refused]).outcome is FamilyOutcome.MENOLAK
    assert family_found({"hasil": "ditemukan"}, None, [refused]).outcome is FamilyOutcome.MENOLAK
    found = family_found({"hasil": "ditemukan"}, None, [later, refused, {}])
    assert found.outcome is FamilyOutcome.DITEMUKAN


def test_whoever_was_not_found_cannot_have_refused() -> None:
    refused = {"hasil": "menolak", "waktu": "2026-11-02T10:00:00+07:00"}
    found = family_found({"hasil": "tidak_ditemukan", "hasil_alasan": "pindah"}, None, [refused])
    assert found == FamilyFound(FamilyOutcome.TIDAK_DITEMUKAN, "pindah")


def test_a_family_of_no_list_is_a_new_proposal() -> None:
    assert family_found({}, listed=False).outcome is FamilyOutcome.USULAN_BARU
    assert family_found({}).outcome is None
    assert family_found({"hasil": "ditemukan"}, listed=False).outcome is FamilyOutcome.DITEMUKAN


def test_means_are_yes_no_or_not_said() -> None:
    assert family_found({"kemampuan": "mampu"}).able is True
    assert family_found({"kemampuan": "tidak_mampu"}).able is False
    assert family_found({}).able is None
    assert family_found({"alasan_tidak_layak": "asn_tni_polri"}).ineligible == "asn_tni_polri"


def test_a_death_has_its_day_and_number() -> None:
    end = {"end": "meninggal", "date": "2026-11-01", "number": "474.3/12"}
    found = person_found({"keberadaan": "meninggal"}, end)
    assert found.outcome is PersonOutcome.MENINGGAL
    assert (found.day, found.number) == ("2026-11-01", "474.3/12")


def test_a_person_closed_by_mistake_is_what_was_said_before() -> None:
    assert person_found({}, {"end": "salah"}).outcome is None


# Since the round opened -----------------------------------------------------------------------


def test_an_answer_of_the_last_round_is_none_of_this_one() -> None:
    old = a_record(FAMILY, stated=BEFORE, hasil="ditemukan")
    assert not stated_since(old, "hasil", OPENED)
    assert stated_since(
        old._replace(stamps={"hasil": (Stamp(SINCE, "l", 2, None),)}), "hasil", OPENED
    )


def test_saying_the_same_again_counts() -> None:
    old = a_record(FAMILY, stated=BEFORE, hasil="ditemukan")
    (first,) = old.stamps["hasil"]
    repeated = old._replace(stamps={"hasil": (first, Stamp(SINCE, "other", 1, None))})
    assert stated_since(repeated, "hasil", OPENED)


def test_what_came_with_the_creation_bears_its_number() -> None:
    created = a_record(FAMILY, at=SINCE, hasil="ditemukan")._replace(stamps={})
    assert stated_since(created, "hasil", OPENED)
    assert not stated_since(created, "kemampuan", OPENED)
    assert not stated_since(created, "hasil", SINCE)


def test_an_open_record_was_not_closed() -> None:
    assert not stated_since(a_record(FAMILY), "end", OPENED)
    closed = a_record(FAMILY, end={"end": "pindah"})
    assert stated_since(closed, "end", OPENED)
    assert stated_since(
        closed._replace(created=Stamp(SINCE, "l", 1, None), stamps={}), "end", OPENED
    )
