"""Whatever is asked, the answer is a question that was understood or a refusal that says why."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from api.formats.odata.fields import fields_of, identifier, tables_of
from api.formats.odata.filters import parse_filter
from api.formats.odata.questions import Resume, read_question, token_of
from api.formats.odata.refusals import BadQuestion
from models.queries.filled import Place
from tests.central.village import readable_form

NOW = datetime(2026, 11, 3, 5, tzinfo=UTC)
ROOT = fields_of(readable_form().xml)
OPTIONS = ("$filter", "$select", "$expand", "$orderby", "$top", "$skip", "$skiptoken", "$count")
WORDS = st.sampled_from(
    [
        "__id", "__system/submissionDate", "__system/reviewState", "__system/submitterId",
        "year", "now", "(", ")", ",", "and", "or", "not", "eq", "ne", "lt", "ge", "null",
        "'approved'", "'", "2026", "2026-11-03", "2026-11-03T05:00:00Z", "$root/Submissions/__id",
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00",
    ]
)  # fmt: skip


def refusal_of(ask: Callable[[], object]) -> str:
    """The number of the refusal; empty where there is none."""
    try:
        ask()
    except BadQuestion as refused:
        return refused.code
    return ""


@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=60))
def test_any_filter_is_read_or_refused(text: str) -> None:
    for subtable in (False, True):
        code = refusal_of(partial(parse_filter, text, NOW, subtable=subtable))
        assert code in {"", "400.18", "501.4", "501.5"}


@given(
    st.sampled_from([*tables_of(ROOT), "Submissions.blok", "", "."]),
    st.dictionaries(st.sampled_from(OPTIONS), WORDS | st.text(max_size=30), max_size=3),
)
def test_any_options_are_read_or_refused(table: str, options: dict[str, str]) -> None:
    code = refusal_of(partial(read_question, ROOT, table, options, NOW))
    assert code == "" or code.startswith(("400.", "501."))


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.uuids().map(str),
    st.none() | st.integers(0, 10**6),
    st.integers(0, 10**8),
)
def test_a_token_leads_back_to_where_it_was_made(
    at: datetime, row_id: str, row: int | None, skip: int
) -> None:
    resume = Resume(Place(at, row_id), row, skip)
    question = read_question(ROOT, "Submissions", {"$skiptoken": token_of(resume)}, NOW)
    assert question is not None
    assert question.resume == resume


@given(st.text(min_size=1, max_size=20))
def test_any_name_becomes_an_identifier(name: str) -> None:
    told = identifier(name)
    assert told.isascii()
    assert told.isidentifier()
