"""The double of ODK Central answers pyodk, the client that others wrote, as it answers us.

What both read from it is the same, and what one writes the other reads: so what our connector is
tried against is what Central's own clients expect.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyodk._endpoints.submission_attachments import SubmissionAttachmentService
from pyodk._utils.config import CentralConfig, Config
from pyodk.client import Client
from pyodk.errors import PyODKError

from api.connectors.addresses import AllowList
from api.connectors.central import APPROVED, Central
from api.connectors.central_entities import CentralEntities
from api.connectors.filled import Filled
from api.connectors.reaching import PinnedTransport, Reach
from models.queries.connectors import Sighting
from tests.connectors.bench import ENTITIES, NO_KK, PUBLIC, SOSIAL
from tests.connectors.central_double import (
    CENTRAL_HOST,
    DATASET,
    EMAIL,
    FORM,
    PASSWORD,
    PROJECT,
    CentralDouble,
)
from tests.connectors.listening import listening
from tests.connectors.test_central_entities import ONE, TWO
from tests.connectors.test_central_pull import EDITED, FIRST, SECOND, house

JPEG = b"\xff\xd8\xff\xe0 a house"


@pytest.fixture
def double() -> CentralDouble:
    """Two submissions, one of them edited and with a file, and two entities."""
    central = CentralDouble()
    central.add(FIRST, house(FIRST), depan__jpg=JPEG, suara__m4a=None)
    central.add(SECOND, house(SECOND, floor="1"))
    central.edit(FIRST, EDITED, house(EDITED, floor="1"))
    central.enter(ONE, "SUPARMAN", no_kk=NO_KK, luas="24")
    central.enter(TWO, "SITI AMINAH", no_kk="", luas="30")
    return central


@pytest.fixture
def pyodk(double: CentralDouble, tmp_path: Path) -> Iterator[Client]:
    """pyodk over a socket of this machine, with its cache of tokens in a folder of the test."""
    with listening(double.answer, CENTRAL_HOST) as url:
        config = Config(CentralConfig(url, EMAIL, PASSWORD, PROJECT))
        with Client(config=config, cache_path=tmp_path / "cache.toml") as client:
            yield client


@pytest.fixture
def reach(double: CentralDouble) -> Iterator[Reach]:
    allowed = AllowList.of([CENTRAL_HOST])
    transport = PinnedTransport(allowed, lambda _host, _port: [PUBLIC], double.transport)
    with Reach(f"https://{CENTRAL_HOST}", transport) as opened:
        yield opened


def of_forms(reach: Reach) -> Central:
    return Central(reach, SOSIAL, (EMAIL, PASSWORD), ("anggota",))


def listed(server: Central | CentralEntities) -> dict[str, Sighting]:
    return {one.item: one for page in server.pages(None) for one in page.seen}


def fetched(server: Central | CentralEntities, item: str) -> Filled:
    (filled,) = server.fetch([item])
    return filled


def test_pyodk_and_the_connector_see_the_same_submissions(pyodk: Client, reach: Reach) -> None:
    ours = listed(of_forms(reach))
    theirs = pyodk.submissions.list(form_id=FORM)
    assert [one.instanceId for one in theirs] == [SECOND, FIRST]
    assert {one.instanceId: one.reviewState for one in theirs} == {
        name: one.state for name, one in ours.items()
    }
    one = pyodk.submissions.get(FIRST, form_id=FORM)
    assert one.createdAt == datetime.fromisoformat(fetched(of_forms(reach), FIRST).submitted)


def test_pyodk_and_the_connector_read_the_same_feed_page_by_page(
    double: CentralDouble, pyodk: Client, reach: Reach
) -> None:
    double.page_max = 1
    ours = listed(of_forms(reach))
    rows, skip = [], 0
    while page := pyodk.submissions.get_table(form_id=FORM, skip=skip, top=1, count=True)["value"]:
        rows += page
        skip += 1
    assert {row["__id"]: f"#{row['__system']['edits']}" for row in rows} == {
        name: one.version for name, one in ours.items()
    }
    answers = fetched(of_forms(reach), FIRST).answers
    first = next(row for row in rows if row["__id"] == FIRST)
    assert first["rumah"]["lantai"] == answers["rumah/lantai"] == "1"
    assert first["kk"]["nomor"] == answers["kk/nomor"] == NO_KK


def test_a_filter_means_the_same_to_both(double: CentralDouble, pyodk: Client) -> None:
    since = "2026-11-03T05:30:00.000Z"
    asked = f"__system/submissionDate ge {since} or __system/updatedAt ge {since}"
    found = pyodk.submissions.get_table(form_id=FORM, filter=asked)["value"]
    assert [row["__id"] for row in found] == [FIRST]
    double.delete(SECOND)
    gone = pyodk.submissions.get_table(form_id=FORM, filter="__system/deletedAt ne null")["value"]
    assert [row["__id"] for row in gone] == [SECOND]
    assert [one.instanceId for one in pyodk.submissions.list(form_id=FORM)] == [FIRST]


def test_what_the_connector_writes_pyodk_reads(pyodk: Client, reach: Reach) -> None:
    of_forms(reach).tell(SECOND, APPROVED)
    one = pyodk.submissions.get(SECOND, form_id=FORM)
    assert one.reviewState == APPROVED
    (comment,) = pyodk.submissions.list_comments(SECOND, form_id=FORM)
    assert comment.body == "Diputuskan di Lokus oleh pemeriksa."
    assert comment.createdAt.tzinfo == UTC or comment.createdAt.utcoffset() is not None


def test_what_pyodk_writes_the_connector_reads(pyodk: Client, reach: Reach) -> None:
    pyodk.submissions.review(SECOND, "hasIssues", form_id=FORM, comment="foto kabur")
    added = pyodk.submissions.add_comment(SECOND, "ulangi", form_id=FORM)
    assert added.body == "ulangi"
    told = pyodk.submissions.list_comments(SECOND, form_id=FORM)
    assert [one.body for one in told] == ["ulangi", "foto kabur"]
    assert listed(of_forms(reach))[SECOND].state == "hasIssues"


def test_pyodk_and_the_connector_name_the_same_files(pyodk: Client, reach: Reach) -> None:
    theirs = SubmissionAttachmentService(session=pyodk.session, default_project_id=PROJECT)
    files = theirs.list(form_id=FORM, instance_id=FIRST)
    assert [one.name for one in files] == [w.name for w in fetched(of_forms(reach), FIRST).files]
    there = {one.name: one.exists for one in files}
    for name, exists in there.items():
        with of_forms(reach).file(FIRST, name) as found:
            assert (found is not None) is exists
    path = f"projects/{PROJECT}/forms/{FORM}/submissions/{FIRST}/attachments/depan.jpg"
    assert pyodk.get(path).content == JPEG


def test_pyodk_and_the_connector_see_the_same_entities(
    double: CentralDouble, pyodk: Client, reach: Reach
) -> None:
    double.change(ONE, luas="36")
    ours = CentralEntities(reach, ENTITIES, (EMAIL, PASSWORD))
    rows = pyodk.entities.get_table(entity_list_name=DATASET)["value"]
    assert {row["__id"]: f"#{row['__system']['version']}" for row in rows} == {
        name: one.version for name, one in listed(ours).items()
    }
    filled = fetched(ours, ONE)
    row = next(row for row in rows if row["__id"] == ONE)
    assert (row["luas"], row["label"]) == (filled.answers["luas"], filled.answers["label"])


def test_single_sign_on_refuses_pyodk_as_it_refuses_us(
    double: CentralDouble, tmp_path: Path
) -> None:
    double.single_sign_on = True
    with listening(double.answer, CENTRAL_HOST) as url:
        config = Config(CentralConfig(url, EMAIL, PASSWORD, PROJECT))
        client = Client(config=config, cache_path=tmp_path / "cache.toml")
        with pytest.raises(PyODKError, match="404"), client:
            pass
