"""Paper: texts are measured, blocks put onto pages, numbers and days written out."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from api.web.printing.measuring import lines_of, width_mm
from api.web.printing.paginating import Block, Frame, Group, paginate
from api.web.printing.papers import Paper, content_security, grouped_in_fours, style
from api.web.printing.spelling import (
    local_moment,
    period_name,
    short_date,
    spelt,
    spelt_day,
)
from api.web.printing.tables import Column, PrintedTable

ROOM = 100.0


def a_block(name: str, height: float = 30.0, frame: Frame | None = None) -> Block:
    return Block(Markup("<p>{}</p>").format(name), height, frame)


def pages(*groups: Group, room: float = ROOM) -> list[str]:
    """Pages as text, tags as brackets."""
    return [page.replace("<p>", "").replace("</p>", " ").strip() for page in paginate(groups, room)]


# Pages ---------------------------------------------------------------------------------------


def test_blocks_fill_a_page_and_go_on_with_the_next() -> None:
    assert pages(*(Group((a_block(str(n)),)) for n in range(5))) == ["0 1 2", "3 4"]


def test_a_group_that_does_not_fit_any_more_begins_a_page_of_its_own() -> None:
    family = Group((a_block("a"), a_block("b"), a_block("c")))
    assert pages(Group((a_block("x"),)), family) == ["x", "a b c"]


def test_a_group_higher_than_a_page_goes_on_under_its_head() -> None:
    large = Group(tuple(a_block(str(n)) for n in range(7)), again=a_block("again", 10.0))
    assert pages(large) == ["0 1 2", "again 3 4 5", "again 6"]


def test_a_large_group_does_not_begin_with_a_single_block_at_the_foot() -> None:
    large = Group(tuple(a_block(str(n)) for n in range(5)))
    assert pages(Group((a_block("x", 50.0),)), large) == ["x", "0 1 2", "3 4"]


def test_a_table_is_closed_and_opened_again_on_every_page() -> None:
    frame = Frame(Markup("[head "), Markup("]"), 20.0)
    rows = [Group((a_block(str(n), 30.0, frame),)) for n in range(4)]
    assert pages(*rows) == ["[head 0 1 ]", "[head 2 3 ]"]


def test_a_group_can_ask_for_a_page_of_its_own_and_leaves_no_empty_one() -> None:
    apart = Group((a_block("a"),), breaks_before=True)
    assert pages(apart, apart) == ["a", "a"]


def test_a_block_higher_than_the_paper_is_not_lost() -> None:
    assert pages(Group((a_block("x"),)), Group((a_block("huge", 500.0),))) == ["x", "huge"]


heights = st.floats(min_value=1, max_value=60)


@given(st.lists(st.lists(heights, min_size=1, max_size=6), max_size=12))
def test_every_block_stands_once_in_order_and_no_page_is_overfull(
    families: list[list[float]],
) -> None:
    numbered = iter(range(1000))
    listed = {next(numbered): height for family in families for height in family}
    left = iter(listed)
    groups = [
        Group(tuple(a_block(str(next(left)), height) for height in family)) for family in families
    ]
    found = [[int(name) for name in page.split()] for page in pages(*groups)]
    assert [number for page in found for number in page] == list(listed)
    for page in found:
        assert page
        assert sum(listed[number] for number in page) <= ROOM + 1e-6


@given(st.lists(st.lists(heights, min_size=1, max_size=6), max_size=12))
def test_a_group_that_fits_on_a_page_is_never_broken(families: list[list[float]]) -> None:
    groups = [
        Group(tuple(a_block(f"{number}", height) for height in family))
        for number, family in enumerate(families)
    ]
    found = [set(page.split()) for page in pages(*groups)]
    for number, family in enumerate(families):
        if sum(family) <= ROOM:
            assert sum(str(number) in page for page in found) == 1


# Texts ---------------------------------------------------------------------------------------


def test_a_text_wraps_at_words_and_a_word_that_is_too_long_is_broken() -> None:
    assert lines_of("", 40, 8.5) == 1
    assert lines_of("SITI AMINAH", 40, 8.5) == 1
    assert lines_of("SITI AMINAH NURHASANAH PUTRI", 40, 8.5) == 2
    assert lines_of("A" * 100, 40, 8.5) == 6


def test_sixteen_digits_fit_into_their_column() -> None:
    assert lines_of("1802210101900001", 30 - 1.7, 8.5) == 1


@given(st.text(max_size=300), st.floats(min_value=8, max_value=188))
def test_lines_are_enough_for_the_text(text: str, room: float) -> None:
    # What was measured together never takes more room than its lines have.
    assert lines_of(text, room, 8.5) * room >= width_mm(" ".join(text.split()), 8.5) * 0.49


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "nol"),
        (11, "sebelas"),
        (12, "dua belas"),
        (20, "dua puluh"),
        (21, "dua puluh satu"),
        (100, "seratus"),
        (111, "seratus sebelas"),
        (1000, "seribu"),
        (1999, "seribu sembilan ratus sembilan puluh sembilan"),
        (2026, "dua ribu dua puluh enam"),
        (11_000, "sebelas ribu"),
        (100_100, "seratus ribu seratus"),
        (1_000_000, "1000000"),
        (-1, "-1"),
    ],
)
def test_numbers_are_written_out_in_indonesian(number: int, words: str) -> None:
    assert spelt(number) == words


def test_a_day_is_written_out_as_a_berita_acara_does() -> None:
    assert spelt_day(date(2026, 11, 28)) == (
        "Sabtu, tanggal dua puluh delapan, bulan November, tahun dua ribu dua puluh enam"
    )


def test_periods_days_and_moments_are_written_as_people_read_them() -> None:
    assert period_name("2026-11") == "November 2026"
    assert period_name("2026-13") == "2026-13"
    assert period_name("gelombang-2") == "gelombang-2"
    assert short_date("2026-11-03") == "03-11-2026"
    assert short_date(None) == ""
    assert short_date("dahulu") == "dahulu"
    moment = datetime(2026, 11, 28, 9, 5, tzinfo=UTC)
    assert local_moment(moment, ZoneInfo("Asia/Jakarta")) == "28 November 2026 pukul 16.05 WIB"
    assert grouped_in_fours("0123456789abcd") == "0123 4567 89ab cd"


# Paper ---------------------------------------------------------------------------------------


def test_both_papers_have_their_size_in_the_style_and_fetch_nothing() -> None:
    assert "size: 210mm 297mm" in style(Paper.A4)
    assert "size: 215mm 330mm" in style(Paper.F4)
    assert Paper.F4.room_mm > Paper.A4.room_mm
    for paper in Paper:
        assert "$" not in style(paper)
        assert "url(" not in style(paper)
        assert "@import" not in style(paper)
        assert "'unsafe-inline'" not in content_security(paper)


def test_a_first_row_keeps_with_its_heading_and_a_sum_with_the_row_before_it() -> None:
    table = PrintedTable((Column("RT", 94), Column("Keluarga", 94, figure=True)))
    heading = Block(Markup("heading"), 5.0)
    groups = table.groups([(str(n), n) for n in range(6)], heading, last_strong=True)
    assert [len(group.blocks) for group in groups] == [3, 1, 1, 2]
    assert "<b>5</b>" in groups[-1].blocks[-1].content
