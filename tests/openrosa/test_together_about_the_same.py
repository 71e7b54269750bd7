"""Forms of one crowd that speak of the same people, or of what waits for one of them.

Each village hears them at once, and a second one hears them one by one in the order in which the
first one served them. What is left has to be the same.
"""

from collections.abc import Sequence

from tests.openrosa.evenings import Letter, NewFamily, Person, Told, Visit
from tests.openrosa.field import Field
from tests.openrosa.gatherings import gather


def written(field: Field, told: Sequence[Told]) -> list[Letter]:
    letters: list[Letter] = []
    for one in told:
        letters.append(one.written(field, letters))
    return letters


def assert_same(field: Field, crowd: Sequence[Told], *, before: Sequence[Told] = ()) -> None:
    """What the crowd leaves, after others came before it, is what its forms leave one by one."""
    together, alone = gather(field), gather(field)
    letters = written(field, [*before, *crowd])
    for letter in letters[: len(before)]:
        first = together.alone(letter)
        assert alone.alone(letter, first.now).said == first.said
    served = together.at_once(letters[len(before) :])
    one_by_one = [alone.alone(one.letter, one.now) for one in served]
    assert [one.said for one in served] == [one.said for one in one_by_one]
    assert together.left() == alone.left()
    assert together.damage() == alone.damage() == []


def test_a_newcomer_with_the_nik_of_somebody_in_another_forms_family_stays_a_newcomer(
    plain_field: Field,
) -> None:
    """Alone, the new family's form looks at nobody; both bearers of the NIK are flagged."""
    assert_same(
        plain_field,
        [
            NewFamily(0, 0, (Person(nik=0, name="ANI"),)),
            Visit(1, 0, 0, ("luas", "31")),
        ],
    )


def test_a_nik_that_one_form_gives_to_somebody_is_known_to_the_next_form(
    plain_field: Field,
) -> None:
    assert_same(
        plain_field,
        [
            Visit(0, 2, 0, ("luas", "31"), (Person(nik=2, name="ANI"),)),
            Visit(1, 3, 0, ("luas", "32"), (Person(nik=2, name="BUDI"),)),
        ],
    )


def test_a_nik_that_one_form_makes_ambiguous_matches_nobody_in_the_next_form(
    plain_field: Field,
) -> None:
    assert_same(
        plain_field,
        [
            NewFamily(0, 0, (Person(nik=1, name="ANI"),)),
            Visit(1, 0, 0, ("luas", "31"), (Person(nik=1, name="ANI"),)),
        ],
    )


def test_a_nik_that_one_form_takes_from_somebody_is_free_for_the_next_form(
    plain_field: Field,
) -> None:
    assert_same(
        plain_field,
        [
            Visit(0, 0, 0, ("luas", "31"), (Person(member=0, nik=2, name="SUPARMAN"),)),
            Visit(1, 3, 0, ("luas", "32"), (Person(nik=0, name="ANI"),)),
        ],
    )


def test_what_one_form_says_of_a_person_is_known_to_the_next_form_that_names_the_person(
    plain_field: Field,
) -> None:
    assert_same(
        plain_field,
        [
            Visit(0, 0, 0, ("luas", "31"), (Person(member=0, name="ANI"),)),
            Visit(1, 3, 0, ("luas", "32"), (Person(member=0, name="SUPARMAN"),)),
        ],
    )


def test_what_waited_for_a_form_comes_in_before_the_forms_that_came_after_it(
    plain_field: Field,
) -> None:
    assert_same(
        plain_field,
        [
            Visit(0, 0, 0, ("luas", "31")),
            NewFamily(1, 0, (Person(nik=2, name="BUDI"),)),
        ],
        before=[Visit(0, 0, 1, ("luas", "32"), (Person(nik=2, name="ANI"),))],
    )


def test_the_first_form_of_a_phone_that_has_to_wait_leaves_nothing_behind_in_a_crowd(
    plain_field: Field,
) -> None:
    village = gather(plain_field)
    (letter,) = written(plain_field, [Visit(2, 0, 1, ("luas", "31"))])
    before = village.left()
    assert village.together([letter]) == [None]
    assert village.left() == before
