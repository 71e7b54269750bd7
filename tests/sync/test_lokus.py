from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.lokus import (
    RULE,
    CellRule,
    Decree,
    DesignatedAs,
    Designation,
    Programme,
    Standing,
    day_in_year,
    disclosed,
    outcome_of,
    ranked,
    totals,
)

TODAY = date(2026, 11, 3)
NOW = datetime(2026, 11, 3, 5, tzinfo=UTC)
DECREE = Decree(Programme.STUNTING, 2026, "SK Bupati 1/2026", date(2026, 1, 15))
STUNTING = frozenset({Programme.STUNTING})
ALL_CELLS = CellRule(5, families=True, children=True)
CHILDREN_ALONE = CellRule(5, families=False, children=True)
NO_CELLS = CellRule(5, families=False, children=False)


def designated(**changes: object) -> Designation:
    return replace(Designation("1802212001", "id", DECREE, NOW), **changes)  # type: ignore[arg-type]  # a test's own fields


# Designations ---------------------------------------------------------------------------------


def test_the_same_decree_again_changes_nothing_and_another_one_replaces() -> None:
    other = replace(DECREE, decree="SK Bupati 2/2026")
    assert outcome_of(None, DECREE) is DesignatedAs.NEW
    assert outcome_of(designated(), DECREE) is DesignatedAs.SAME
    assert outcome_of(designated(), other) is DesignatedAs.REPLACED


@pytest.mark.parametrize(
    ("until", "today", "in_force"),
    [
        (None, "2026-11-03", True),
        ("2026-11-03", "2026-11-03", True),
        ("2026-11-02", "2026-11-03", False),
        # Another year is looked at on its day that is nearest to today.
        ("2026-12-31", "2027-05-01", True),
        ("2026-11-02", "2027-05-01", False),
        ("2026-06-30", "2025-05-01", True),
    ],
)
def test_a_designation_holds_until_its_last_day(
    until: str | None, today: str, in_force: bool
) -> None:
    last = None if until is None else date.fromisoformat(until)
    one = designated(decree=replace(DECREE, until=last))
    assert one.is_in_force(date.fromisoformat(today)) is in_force


def test_a_closed_designation_holds_no_longer() -> None:
    assert not designated(closed_at=NOW).is_in_force(TODAY)


def test_a_year_is_looked_at_from_inside() -> None:
    assert day_in_year(2026, TODAY) == TODAY
    assert day_in_year(2025, TODAY) == date(2025, 12, 31)
    assert day_in_year(2027, TODAY) == date(2027, 1, 1)


# The ranking ----------------------------------------------------------------------------------


def test_stunting_locations_come_first_then_most_people_in_decile_one_then_the_code() -> None:
    order = ranked(
        [
            Standing("3", people_poor=50),
            Standing("2", people_poor=50),
            Standing("5", people_poor=900, programmes=frozenset({Programme.EXTREME_POVERTY})),
            Standing("4", people_poor=10, programmes=STUNTING),
            Standing("1", people_poor=40, programmes=STUNTING),
        ]
    )
    assert [one.desa for one in order] == ["1", "4", "5", "2", "3"]


def test_a_place_tells_nothing_that_the_count_does_not() -> None:
    many = [Standing("1", people_poor=None), Standing("2", people_poor=None)]
    assert ranked(reversed(many)) == many


def test_the_rule_is_told_in_both_languages_with_a_version() -> None:
    assert (RULE.id, RULE.version) == ("desil1-stunting", 1)
    assert RULE.text_id
    assert RULE.text_en


# What may be told -----------------------------------------------------------------------------


def standing(**counts: int) -> Standing:
    told = {"families": 100, "families_poor": 20, "people_poor": 70, "families_unranked": 10}
    told |= {"families_left_out": 6, "children": 40, "children_judged": 30, "children_at_risk": 9}
    return Standing("1", **(told | counts), programmes=STUNTING)


def test_large_counts_are_told_to_everybody() -> None:
    assert disclosed(standing(), ALL_CELLS) == standing()


@pytest.mark.parametrize(
    ("counts", "withheld"),
    [
        ({"families_poor": 4}, {"families_poor", "people_poor"}),
        # Fourteen people of three families are three families.
        ({"families_poor": 3, "people_poor": 14}, {"families_poor", "people_poor"}),
        ({"people_poor": 4}, {"people_poor"}),
        ({"families_poor": 97, "families_unranked": 0, "families_left_out": 0},
         {"families_poor", "people_poor", "families_unranked", "families_left_out"}),
        ({"families_poor": 80, "families_unranked": 18, "families_left_out": 0},
         {"families_unranked", "families_left_out"}),
        ({"families_poor": 80, "families_left_out": 8}, {"families_left_out"}),
        ({"families_unranked": 4}, {"families_unranked"}),
        ({"families_left_out": 1}, {"families_left_out"}),
        ({"children": 4, "children_judged": 4, "children_at_risk": 4},
         {"children", "children_judged", "children_at_risk"}),
        ({"children_judged": 37}, {"children_judged"}),
        ({"children_at_risk": 2}, {"children_at_risk"}),
        ({"children_at_risk": 28}, {"children_at_risk"}),
        ({"children_judged": 37, "children_at_risk": 37}, {"children_judged", "children_at_risk"}),
    ],
)  # fmt: skip
def test_no_small_cell_is_told_or_follows_from_the_others(
    counts: dict[str, int], withheld: set[str]
) -> None:
    one = standing(**counts)
    told = disclosed(one, ALL_CELLS)
    assert {name for name in NUMBERS if getattr(told, name) is None} == withheld
    assert all(
        getattr(told, name) == getattr(one, name) for name in NUMBERS if name not in withheld
    )
    assert told.programmes == STUNTING


NUMBERS = (
    "families", "families_poor", "people_poor", "families_unranked", "families_left_out",
    "children", "children_judged", "children_at_risk",
)  # fmt: skip
cells = st.integers(0, 12)


@given(parts=st.tuples(cells, cells, cells, cells), judged=cells, unjudged=cells, data=st.data())
def test_whatever_the_counts_no_cell_of_one_to_four_can_be_computed(
    parts: tuple[int, int, int, int], judged: int, unjudged: int, data: st.DataObject
) -> None:
    short = data.draw(st.integers(0, judged))
    poor, unranked, left_out, _ = parts
    one = Standing(
        "1", sum(parts), poor, 3 * poor, unranked, left_out, judged + unjudged, judged, short
    )
    told = disclosed(one, ALL_CELLS)
    seen = [getattr(told, name) for name in NUMBERS if getattr(told, name) is not None]
    known = [told.families_poor, told.families_unranked, told.families_left_out]
    listed = [part for part in known if part is not None]
    # The number of families on a list is also told by the progress, where it is not small.
    if sum(parts) >= 5:
        choices = (c for size in range(1, 4) for c in combinations(listed, size))
        seen += [sum(parts) - sum(chosen) for chosen in choices]
    children = [told.children, told.children_judged, told.children_at_risk]
    for whole, part in combinations(children, 2):
        if whole is not None and part is not None:
            seen.append(whole - part)
    assert not [count for count in seen if 0 < count < 5]


def test_who_may_not_know_of_health_is_still_told_of_families() -> None:
    one = standing(families_poor=2, people_poor=5, children_at_risk=2)
    told = disclosed(one, CHILDREN_ALONE)
    assert (told.families_poor, told.people_poor, told.children_at_risk) == (2, 5, None)
    assert disclosed(one, NO_CELLS) == one


def test_the_sums_are_of_what_is_told_so_that_none_gives_a_withheld_number_away() -> None:
    villages = [standing(), replace(standing(), people_poor=None)]
    assert totals(villages).people_poor == 70
    assert totals(villages).families == 200
