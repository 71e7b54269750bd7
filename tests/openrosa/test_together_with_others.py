"""What a crowd finds when it comes: forms that wait, forms that are here already, and parts."""

import pytest

from models.queries.feeds import take_turn
from tests.api.recording import recorded
from tests.openrosa.evenings import (
    Again,
    Edit,
    Letter,
    NewFamily,
    Other,
    Told,
    Unreadable,
    Visit,
)
from tests.openrosa.field import FAMILY, Field
from tests.openrosa.forms import visit_form
from tests.openrosa.gatherings import Gathering, gather
from tests.openrosa.test_together import a_family, assert_whole, phones, send, statuses, turns


def test_what_waited_for_a_form_is_let_in_when_that_comes_with_others(plain_field: Field) -> None:
    field, crowd = plain_field, phones(plain_field, 3)
    trunk = crowd[0].version()
    updates = [
        field.visited({"luas": str(31 + step)}, base=trunk + step, trunk=trunk) for step in range(3)
    ]
    assert [crowd[0].post(form).status for form in reversed(updates[1:])] == [202, 202]
    sent = [
        (crowd[1], a_family(field, 801)),
        (crowd[0], updates[0]),
        (crowd[2], a_family(field, 802)),
    ]
    with recorded() as seen:
        assert statuses(send(field, sent)) == [201] * 3
    # What is let in comes before the form behind it, which has a turn of its own. Where forms are
    # decided ahead, it is seen there first that something waits in the village.
    assert turns(seen) == {"sqlite": 2, "postgresql": 3}[field.world.database.dialect]
    assert field.document()["luas_lantai"] == 33
    assert field.states() == ["merged"] * 8
    assert field.world.count("conflict") == 0
    assert_whole(field)


def test_a_form_that_has_to_wait_waits_while_the_others_are_merged(plain_field: Field) -> None:
    field, crowd = plain_field, phones(plain_field, 3)
    trunk = crowd[0].version()
    early = field.visited({"luas": "32"}, base=trunk + 1, trunk=trunk)
    sent = [
        (crowd[0], early),
        (crowd[1], a_family(field, 801)),
        (crowd[2], a_family(field, 802)),
    ]
    assert statuses(send(field, sent)) == [202, 201, 201]
    assert field.world.ask("SELECT state, reason FROM held") == [("waiting", "predecessor")]
    assert crowd[0].post(field.visited({"luas": "31"}, base=trunk, trunk=trunk)).status == 201
    assert field.document()["luas_lantai"] == 32
    assert_whole(field)


# Here already -------------------------------------------------------------------------------


def test_forms_that_are_here_and_whole_cost_no_write_when_they_come_again(
    plain_field: Field,
) -> None:
    field, crowd = plain_field, phones(plain_field, 4)
    sent = [(phone, a_family(field, 800 + number)) for number, phone in enumerate(crowd)]
    assert statuses(send(field, sent)) == [201] * 4
    with recorded() as seen:
        answers = send(field, sent)
    assert statuses(answers) == [201] * 4
    assert all("sebelumnya" in answer.body.decode() for answer in answers)
    assert {one.verb for one in seen} == {"select"}
    assert turns(seen) == 1
    assert field.states() == ["merged"] * 8


def test_a_form_that_is_here_comes_again_among_new_ones(plain_field: Field) -> None:
    field, crowd = plain_field, phones(plain_field, 3)
    known = a_family(field, 800)
    assert crowd[0].post(known).status == 201
    sent = [
        (crowd[0], known),
        (crowd[1], a_family(field, 801)),
        (crowd[2], a_family(field, 802)),
    ]
    answers = send(field, sent)
    assert statuses(answers) == [201] * 3
    assert ["sebelumnya" in one.body.decode() for one in answers] == [True, False, False]
    assert field.states() == ["merged"] * 6
    assert_whole(field)


def test_a_form_that_waits_is_answered_as_before_among_new_ones(plain_field: Field) -> None:
    field, crowd = plain_field, phones(plain_field, 2)
    unpublished = field.visit.of_version("2031010101")
    waiting = field.visited({"luas": "54"}, base=1, form=unpublished)
    assert crowd[0].post(waiting).status == 202
    answers = send(field, [(crowd[0], waiting), (crowd[1], a_family(field, 801))])
    assert statuses(answers) == [202, 201]
    assert field.world.count("held") == 1


# In parts -----------------------------------------------------------------------------------


def test_a_form_that_asks_for_photographs_still_completes_its_visit_in_a_crowd(
    plain_field: Field,
) -> None:
    field, crowd = plain_field, phones(plain_field, 3)
    visits = len(field.documents("kunjungan"))
    told = {"luas": "54", "foto_rumah": "rumah.jpg", "catatan": "ramai"}
    form = field.visited(told, base=crowd[0].version(), form=visit_form())
    assert crowd[0].post(form, is_last=False).status == 201
    assert len(field.documents("kunjungan")) == visits
    others = [crowd[n].sending(a_family(field, 800 + n)) for n in (1, 2)]
    picture = {"rumah.jpg": b"\xff\xd8\xff rumah"}
    assert statuses(field.at_once(others[0], crowd[0].sending(form, picture), others[1])) == [
        201, 201, 201,
    ]  # fmt: skip
    written = [one for one in field.documents("kunjungan") if one.get("catatan") == "ramai"]
    assert [len(one["foto"]) for one in written] == [1]
    assert field.world.ask("SELECT name, named FROM submission_file") == [("rumah.jpg", True)]
    assert_whole(field)


def test_the_last_part_without_a_file_completes_the_visit_in_a_crowd(plain_field: Field) -> None:
    field, crowd = plain_field, phones(plain_field, 3)
    told = {"luas": "54", "catatan": "ramai"}
    form = field.visited(told, base=crowd[0].version(), form=visit_form())
    assert crowd[0].post(form, is_last=False).status == 201
    sent = [
        (crowd[1], a_family(field, 801)),
        (crowd[0], form),
        (crowd[2], a_family(field, 802)),
    ]
    assert statuses(send(field, sent)) == [201] * 3
    assert sum(one.get("catatan") == "ramai" for one in field.documents("kunjungan")) == 1
    assert statuses(send(field, sent)) == [201] * 3
    assert sum(one.get("catatan") == "ramai" for one in field.documents("kunjungan")) == 1
    assert_whole(field)


def test_a_first_part_in_a_crowd_writes_no_visit_before_the_last_one(plain_field: Field) -> None:
    field, crowd = plain_field, phones(plain_field, 2)
    form = field.visited({"luas": "54", "catatan": "ramai"}, base=crowd[0].version())
    first = crowd[0].sending(form, is_last=False)
    other = crowd[1].sending(a_family(field, 801))
    assert statuses(field.at_once(other, first)) == [201, 201]
    assert field.document(FAMILY)["luas_lantai"] == 54
    assert not any(one.get("catatan") for one in field.documents("kunjungan"))
    assert crowd[0].post(form).status == 201
    assert sum(one.get("catatan") == "ramai" for one in field.documents("kunjungan")) == 1
    assert_whole(field)


# What has to come alone ---------------------------------------------------------------------


ALONE: dict[str, Told] = {
    "half a form": Unreadable(1),
    "of an unknown version": Visit(1, 0, 0, ("luas", "31"), form="unpublished"),
    "with a photograph": Visit(1, 0, 0, ("luas", "31"), form="photograph"),
    "an edit of a form that is here": Edit(0, ("luas", "31")),
    "other content under a known id": Other(1, 0),
    "a second part": Again(1, 1, with_photograph=True),
    "an update that has to wait": Visit(1, 0, 1, ("luas", "31")),
    "an update of a family that nobody knows": Visit(1, 8, 0, ("luas", "31")),
}
"""All of them from a phone that has sent forms before."""


def in_a_village(field: Field) -> tuple[Gathering, list[Letter]]:
    """A village in which two forms came before, the second one asking for a photograph."""
    village = gather(field)
    came: list[Letter] = []
    for told in (NewFamily(1, 0, ()), Visit(1, 2, 0, ("luas", "31"), form="photograph")):
        letter = told.written(field, came)
        assert village.alone(letter).taken.state == "merged"
        came.append(letter)
    return village, came


@pytest.mark.parametrize("name", ALONE)
def test_a_form_that_has_to_come_alone_leaves_nothing_behind(plain_field: Field, name: str) -> None:
    village, came = in_a_village(plain_field)
    before = village.left()
    assert village.together([ALONE[name].written(plain_field, came)]) == [None]
    assert village.left() == before


@pytest.mark.parametrize("name", ALONE)
def test_among_others_a_form_that_has_to_come_alone_is_as_if_it_had_not_come(
    plain_field: Field, name: str
) -> None:
    (village, came), (without, _) = in_a_village(plain_field), in_a_village(plain_field)
    alone = ALONE[name].written(plain_field, came)
    other = NewFamily(2, 1, ()).written(plain_field, [*came, alone])
    (_, taken), (same,) = village.together([alone, other]), without.together([other])
    assert taken == same
    assert taken is not None
    assert village.left() == without.left()


def test_who_is_no_longer_who_it_was_leaves_nothing_behind(plain_field: Field) -> None:
    village = gather(plain_field)
    letter = NewFamily(1, 0, ()).written(plain_field, [])
    plain_field.world.revoke_device(village.phones[1].credentials.device_id)
    before = village.left()
    assert village.together([letter]) == [None]
    assert village.left() == before


def test_a_village_where_nobody_has_written_yet_has_to_be_opened_alone(plain_field: Field) -> None:
    field = plain_field
    village = gather(field)
    unopened = Gathering(field, "1802219999", village.phones, village.known)
    field.world.add_village(unopened.desa)
    letter = NewFamily(1, 0, ()).written(field, [])
    assert unopened.together([letter]) == [None]
    with field.world.database.writing() as session:
        take_turn(session, unopened.desa)
    assert unopened.together([letter]) != [None]
