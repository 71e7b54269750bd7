"""What tables are asked: filters, orders, pages, and what cannot be answered."""

import pytest

from api.services import filled_tables
from tests.central.village import FORM, TABLE, Village, refusal_of


def test_filters_are_answered_by_the_database(village: Village) -> None:
    first, second, third = (village.visit() for _ in range(3))
    reader = village.reader()
    rows = {row["__id"]: row["__system"] for row in reader.rows()}
    middle = rows[second]["submissionDate"]
    reader.call("PATCH", f"{FORM}/submissions/{first}", {"reviewState": "approved"})
    reader.call("PATCH", f"{FORM}/submissions/{second}", {"reviewState": "rejected"})
    date, state, updated = (
        "__system/submissionDate", "__system/reviewState", "__system/updatedAt",
    )  # fmt: skip
    submitter = rows[first]["submitterId"]
    for asked, expected in {
        f"{date} ge {middle}": [third, second],
        f"{date} gt {middle}": [third],
        f"{date} lt {middle}": [first],
        f"{middle} gt {date}": [first],
        f"{date} le '{middle}'": [second, first],
        f"{date} eq {middle}": [second],
        f"{date} ne {middle}": [third, first],
        f"{date} ge 2026-11-03": [third, second, first],
        f"{date} lt 2026-11-03T12:03:00.000+07:00": [first],
        f"{date} le now()": [third, second, first],
        f"{state} eq 'approved'": [first],
        f"{state} ne 'approved'": [third, second],
        f"{state} eq null": [third],
        f"{state} eq 'received'": [third],
        f"not ({state} eq null)": [second, first],
        f"not {state} eq null": [second, first],
        f"{state} eq 'approved' or {state} eq 'rejected' and {date} gt {middle}": [first],
        f"({state} eq 'approved' or {state} eq 'rejected') and {date} ge {middle}": [second],
        f"{updated} ne null": [second, first],
        f"{updated} ge {middle}": [second, first],
        f"year({date}) eq 2026 and month({date}) eq 11": [third, second, first],
        f"minute({date}) lt 3 and second({date}) ge 0 and hour({date}) eq 5": [first],
        f"day({date}) ne 3": [],
        f"year(now()) eq year({date})": [third, second, first],
        f"2026 le year({date})": [third, second, first],
        f"__id eq '{second}'": [second],
        f"$root/Submissions/__id eq '{second}'": [second],
        f"__system/submitterId eq {submitter}": [third, second, first],
        f"__system/submitterId ne '{submitter}'": [],
        "__system/deletedAt eq null": [third, second, first],
        "__system/deletedAt ne null": [],
    }.items():
        assert reader.ids(_filter=asked) == expected, asked
        count = reader.get(TABLE, _filter=asked, _count="true", _top=0)
        assert count["value"] == []
        assert count["@odata.count"] == len(expected), asked
    assert reader.ids(_filter=f"{date} lt 2026-11-03T05:03:02Z") == [first]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"_filter": "luas eq 3"}, 501.5),
        ({"_filter": "length(__id) eq 3"}, 501.4),
        ({"_filter": "__id gt 'a'"}, 501.4),
        ({"_filter": "__system/updatedAt gt null"}, 501.4),
        ({"_filter": "__system/reviewState eq __id"}, 501.4),
        ({"_filter": "1 eq 1"}, 501.4),
        ({"_filter": ""}, 400.18),
        ({"_filter": "__id"}, 400.18),
        ({"_filter": "__id eq"}, 400.18),
        ({"_filter": "__id eq 3"}, 400.18),
        ({"_filter": "__id eq 'a' 'b'"}, 400.18),
        ({"_filter": "(__id eq 'a'"}, 400.18),
        ({"_filter": "__id eq 'a"}, 400.18),
        ({"_filter": "__system/submissionDate ge 2026-13-01"}, 400.18),
        ({"_filter": "__system/submissionDate ge 3"}, 400.18),
        ({"_filter": "__system/submissionDate ge 0001-01-01T00:00:00+14:00"}, 400.18),
        ({"_filter": "__system/submissionDate le 9999-12-31T23:59:59-12:00"}, 400.18),
        ({"_filter": "year(__system/submissionDate) eq 'x'"}, 400.18),
        ({"_filter": "(" * 40 + "__id eq 'a'" + ")" * 40}, 400.18),
        ({"_filter": "not " * 40 + "__id eq 'a'"}, 400.18),
        ({"_filter": "__id eq '" + "a" * 2000 + "'"}, 400.18),
        ({"_expand": "anggota"}, 501.6),
        ({"_expand": "*", "_select": "luas"}, 501.11),
        ({"_select": "nik"}, 400.23),
        ({"_select": "__secret"}, 400.23),
        ({"_select": "anggota"}, 400.24),
        ({"_select": "anggota/nama"}, 400.23),
        ({"_orderby": "luas"}, 501.5),
        ({"_orderby": "__id sideways"}, 501.5),
        ({"_top": "-1"}, 400.11),
        ({"_top": "ten"}, 400.11),
        ({"_skip": "9" * 12}, 400.11),
        ({"_skiptoken": "01e30"}, 400.35),
        ({"_skiptoken": "nonsense"}, 400.35),
        ({"_skiptoken": "01" + "A" * 500}, 400.35),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(
    sqlite_village: Village, options: dict[str, str], code: float
) -> None:
    reader = sqlite_village.reader()
    answer = reader.call("GET", TABLE, **options)
    assert refusal_of(answer) == code
    assert "aaaa" not in answer.json()["message"]


def test_pages_of_any_order_meet_without_gap_or_double(village: Village) -> None:
    names = [village.visit() for _ in range(7)]
    reader = village.reader()
    reader.call("PATCH", f"{FORM}/submissions/{names[3]}", {"reviewState": "approved"})
    found: list[str] = []
    for order, expected in (
        (None, names[::-1]),
        ("__system/submissionDate asc", names),
        ("__system/submissionDate desc", names[::-1]),
        ("__system/reviewState desc, __id", None),
    ):
        options: dict[str, object] = {"_top": 3, "_count": "true"}
        if order is not None:
            options["_orderby"] = order
        page = reader.get(TABLE, **options)
        found = [row["__id"] for row in page["value"]]
        while "@odata.nextLink" in page:
            assert page["@odata.count"] == 7
            page = reader.get(page["@odata.nextLink"].removeprefix(village.url))
            found += [row["__id"] for row in page["value"]]
        assert sorted(found) == sorted(names)
        assert expected is None or found == expected
    assert found[0] == names[3]


def test_what_comes_in_between_two_pages_moves_none_of_them(sqlite_village: Village) -> None:
    village = sqlite_village
    names = [village.visit() for _ in range(4)]
    reader = village.reader()
    page = reader.get(TABLE, _top=2)
    village.visit()
    rest = reader.get(page["@odata.nextLink"].removeprefix(village.url))
    assert [row["__id"] for row in [*page["value"], *rest["value"]]] == names[::-1]


def test_more_rows_than_one_step_reads_come_whole(
    sqlite_village: Village, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [sqlite_village.visit() for _ in range(7)]
    for module in (
        "models.queries.filled",
        "api.services.filled_tables",
        "api.central.submissions",
    ):
        monkeypatch.setattr(f"{module}.ROWS_PER_STEP_MAX", 3)
    reader = sqlite_village.reader()
    assert reader.ids() == names[::-1]
    assert reader.ids(_orderby="__id asc") == sorted(names)
    listed = reader.get(f"{FORM}/submissions")
    assert [one["instanceId"] for one in listed] == names[::-1]
    some = reader.get(f"{FORM}/submissions?limit=4&offset=1")
    assert [one["instanceId"] for one in some] == names[-2::-1][:4]
    monkeypatch.setattr(filled_tables, "ROWS_PER_ANSWER_MAX", 5)
    page = reader.get(TABLE)
    assert len(page["value"]) == 5
    rest = reader.get(page["@odata.nextLink"].removeprefix(sqlite_village.url))
    assert len(rest["value"]) == 2


def test_what_no_database_can_hold_is_refused_before_it_gets_there(village: Village) -> None:
    instance = village.visit()
    reader = village.reader()
    path = f"{FORM}/submissions/{instance}"
    assert reader.code(f"{FORM}/submissions/uuid%00") == 404.1
    assert reader.code(f"{FORM}/submissions/{'x' * 5000}") == 404.1
    assert reader.code(f"{path}/attachments/%00.jpg") == 404.1
    assert reader.code(f"{TABLE}('uuid%00')") == 404.1
    assert reader.code("/central/v1/projects/1/forms/%00.svc/Submissions") == 404.1
    assert reader.code(TABLE, _filter="__id eq 'a\0b'") == 400.18
    assert refusal_of(reader.call("POST", f"{path}/comments", {"body": "a\0b"})) == 400.3
    assert refusal_of(reader.call("POST", f"{path}/comments", {"body": "x" * 4001})) == 400.3
    assert refusal_of(reader.call("POST", f"{path}/comments", {"body": ""})) == 400.3
    assert refusal_of(reader.call("POST", f"{path}/comments", {"body": "x" * 70_000})) == 400.36
    assert refusal_of(village.sign_in("sari\0")) == 400.3
    assert reader.call("POST", f"{path}/comments", {"body": "Dua\nbaris."}).status == 200


def test_nobodys_number_stands_in_a_refusal_or_a_log(
    sqlite_village: Village, capsys: pytest.CaptureFixture[str]
) -> None:
    reader = sqlite_village.reader()
    number = "1802215203910001"
    for options in ({"_filter": f"nik eq '{number}'"}, {"_filter": number}, {"_select": number}):
        assert number.encode() not in reader.call("GET", TABLE, **options).body
    assert number.encode() not in reader.call("GET", f"{FORM}/submissions/{number}").body
    assert number not in "".join(capsys.readouterr())
