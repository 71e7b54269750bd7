"""Suggestions of who might be whom: names as they are heard, dates as they are mistaken."""

import pytest

from sync.similarity import SCORE_MIN, Traits, compare, suggestions


def somebody(record: str = "a", **rest: str | None) -> Traits:
    told = {"name": "Siti Nurhaliza", "birth": "1990-04-03", "sex": "perempuan"} | rest
    return Traits(record, **told)


@pytest.mark.parametrize(
    "name",
    ["Siti Nurhalisa", "siti nurhaliza", "Nurhaliza Siti", "Sitti Nurhaliza", "Siti Nur-Haliza"],
)
def test_a_name_that_is_heard_alike_is_suggested(name: str) -> None:
    (found,) = suggestions(somebody(), [somebody("b", name=name)])
    assert found.id == "b"
    assert "name" in found.alike


@pytest.mark.parametrize("name", ["Bambang Wijaya", "Siti Aminah", None])
def test_a_different_name_is_not(name: str | None) -> None:
    assert suggestions(somebody(), [somebody("b", name=name)]) == ()


@pytest.mark.parametrize(
    ("birth", "rank"),
    [("1990-04-03", 1), ("1990-03-04", 2), ("1991-04-03", 3), ("1961-11-20", 4)],
)
def test_the_nearer_the_birth_date_the_better(birth: str, rank: int) -> None:
    dates = ("1961-11-20", "1991-04-03", "1990-03-04", "1990-04-03")
    others = [somebody(date, birth=date) for date in dates]
    found = [one.id for one in suggestions(somebody(), others)]
    assert found.index(birth) + 1 == rank if birth in found else rank == 4


def test_the_mother_decides_between_two_of_one_name() -> None:
    mine = somebody(mother="Aminah")
    found = suggestions(mine, [somebody("b", mother="Wati"), somebody("c", mother="Aminah")])
    assert [one.id for one in found] == ["c", "b"]
    assert found[0].alike == ("name", "mother", "birth", "sex")


def test_what_is_not_recorded_says_nothing_either_way() -> None:
    bare = Traits("b", name="Siti Nurhaliza")
    assert compare(somebody(), bare).score == 1.0
    assert compare(Traits("a"), Traits("b")).score == 0.0


def test_another_sex_counts_against_it() -> None:
    assert compare(somebody(), somebody("b", sex="laki_laki")).score < 1.0


def test_a_record_without_a_name_is_compared_with_nobody() -> None:
    assert suggestions(Traits("a"), [somebody("b")]) == ()


def test_nobody_resembles_themselves() -> None:
    assert suggestions(somebody(), [somebody()]) == ()


def test_suggestions_are_few_and_the_best_come_first() -> None:
    others = [somebody(f"{n:02}") for n in range(20)]
    found = suggestions(somebody("x"), others, limit=3)
    assert [one.id for one in found] == ["00", "01", "02"]
    assert all(one.score >= SCORE_MIN for one in found)
